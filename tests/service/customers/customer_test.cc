// Customers and their attributes through the whole service.
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

class CustomerTest : public ServiceTest {
 protected:
  CustomerTest() { Create(client(), SurveyOf("nps", "kind: SURVEY_KIND_NPS dimensions: 'plan'")); }

  absl::StatusOr<v1::UpsertCustomerResponse> Upsert(const std::string& customer) {
    return client().UpsertCustomer(
        FromText<v1::UpsertCustomerRequest>(absl::StrCat("customer { ", customer, " }")));
  }
  absl::StatusOr<v1::GetCustomerResponse> Get(const std::string& id) {
    v1::GetCustomerRequest request;
    request.set_customer_id(id);
    return client().GetCustomer(request);
  }
};

EMPTYCHAIR_ON_BOTH_BACKENDS(CustomerTest);

TEST_P(CustomerTest, HasTheAttributesThatItWasGiven) {
  EXPECT_THAT(Get("ann"), HasReason(v1::ERROR_REASON_CUSTOMER_NOT_FOUND));
  const v1::UpsertCustomerResponse first =
      Value(Upsert("customer_id: 'ann' attributes { key: 'plan' value: 'gold' } "
                   "attributes { key: 'region' value: 'eu' }"));
  EXPECT_EQ(first.customer().sequence(), first.sequence());
  const v1::UpsertCustomerResponse second =
      Value(Upsert("customer_id: 'ann' attributes { key: 'plan' value: '' }"));
  EXPECT_EQ(second.sequence(), first.sequence() + 1);
  const v1::GetCustomerResponse found = Value(Get("ann"));
  EXPECT_EQ(found.customer().customer_id(), "ann");
  EXPECT_THAT(found.customer().attributes(), UnorderedElementsAre(Pair("region", "eu")));
  EXPECT_EQ(found.customer().sequence(), second.sequence());
  EXPECT_EQ(found.sequence(), second.sequence());
  EXPECT_EQ(Status(client()).customer_count(), 1);
}

TEST_P(CustomerTest, FillsTheLabelsOfAnswersAndTheirSlices) {
  ASSERT_OK(Upsert("customer_id: 'ann' attributes { key: 'plan' value: 'gold' }"));
  v1::Feedback answer = Answer("nps", "a", kTime, 9);
  answer.set_customer_id("ann");
  EXPECT_THAT(Submit(client(), answer).feedback().labels(),
              UnorderedElementsAre(Pair("plan", "gold")));
  const v1::QueryMetricResponse by_plan = Value(
      client().QueryMetric(FromText<v1::QueryMetricRequest>("survey_ids: 'nps' group_by: 'plan'")));
  ASSERT_EQ(by_plan.series_size(), 1);
  EXPECT_THAT(GroupTexts(by_plan.series(0)), ElementsAre("gold"));
  EXPECT_TRUE(Submit(client(), answer).already_existed());
}

TEST_P(CustomerTest, NamesWhatIsWrong) {
  ASSERT_OK(Upsert("customer_id: 'ann'"));
  const int64_t sequence = Status(client()).sequence();
  const struct {
    const char* customer;
    v1::ErrorReason reason;
    const char* field;
  } rows[] = {
      {"", v1::ERROR_REASON_FIELD_REQUIRED, "customer.customer_id"},
      {"customer_id: 'a\\nb'", v1::ERROR_REASON_FIELD_INVALID, "customer.customer_id"},
      {"customer_id: 'ann' attributes { key: 'Plan' value: 'x' }", v1::ERROR_REASON_FIELD_INVALID,
       "customer.attributes"},
      {"customer_id: 'ann' attributes { key: 'plan' value: '(none)' }",
       v1::ERROR_REASON_FIELD_INVALID, "customer.attributes[\"plan\"]"},
      {"customer_id: 'ann' attributes { key: 'plan' value: '\\t' }", v1::ERROR_REASON_FIELD_INVALID,
       "customer.attributes[\"plan\"]"},
  };
  for (const auto& row : rows) {
    const absl::Status refused = Upsert(row.customer).status();
    EXPECT_THAT(refused, HasReason(row.reason)) << row.customer;
    EXPECT_THAT(refused, HasField(row.field)) << row.customer;
  }
  EXPECT_THAT(client().UpsertCustomer({}), HasReason(v1::ERROR_REASON_FIELD_REQUIRED));
  std::string many = "customer_id: 'ann'";
  for (int i = 0; i < 65; ++i) {
    absl::StrAppend(&many, " attributes { key: 'a", i, "' value: 'x' }");
  }
  EXPECT_THAT(Upsert(many), HasReason(v1::ERROR_REASON_FIELD_INVALID));
  EXPECT_THAT(Upsert(many).status().message(), HasSubstr("got 65 attributes"));
  EXPECT_THAT(Get(""), HasReason(v1::ERROR_REASON_FIELD_REQUIRED));
  EXPECT_EQ(Status(client()).sequence(), sequence);
}

}  // namespace
}  // namespace emptychair::testing
