// Customers who are erased, through the whole service.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/temp_dir.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

absl::StatusOr<v1::EraseCustomerResponse> Erase(Client& client, const std::string& id,
                                                v1::EraseMode mode) {
  v1::EraseCustomerRequest request;
  request.set_customer_id(id);
  request.set_mode(mode);
  return client.EraseCustomer(request);
}

v1::Activity Visit(const std::string& customer_id, const std::string& id, absl::Duration after) {
  v1::Activity activity;
  activity.set_kind("visit");
  activity.set_customer_id(customer_id);
  activity.set_activity_id(id);
  *activity.mutable_occur_time() = Timestamp(kTime + after);
  return activity;
}

absl::Status Record(Client& client, const v1::Activity& activity) {
  v1::RecordActivityRequest request;
  *request.mutable_activity() = activity;
  return client.RecordActivity(request).status();
}

void FinishErasures(Client& client) {
  while (Status(client).customers_erasing() != 0) {
  }
}

class EraseCustomerTest : public ServiceTest {
 protected:
  EraseCustomerTest() {
    Create(client(), SurveyOf("nps", "kind: SURVEY_KIND_NPS dimensions: 'plan'"));
  }

  // An answer and an activity of the customer, with attributes.
  void Know(const std::string& id) {
    v1::Feedback answer = Answer("nps", absl::StrCat(id, "-answer"), kTime, 9);
    answer.set_customer_id(id);
    answer.set_comment("my own words");
    Submit(client(), answer);
    EXPECT_OK(Record(client(), Visit(id, absl::StrCat(id, "-visit"), absl::ZeroDuration())));
    v1::UpsertCustomerRequest request;
    request.mutable_customer()->set_customer_id(id);
    (*request.mutable_customer()->mutable_attributes())["plan"] = "gold";
    EXPECT_OK(client().UpsertCustomer(request).status());
  }
};

EMPTYCHAIR_ON_BOTH_BACKENDS(EraseCustomerTest);

TEST_P(EraseCustomerTest, IsForgottenAndRefusedWhenSentAgain) {
  for (const v1::EraseMode mode : {v1::ERASE_MODE_DELETE, v1::ERASE_MODE_ANONYMIZE}) {
    const std::string id = mode == v1::ERASE_MODE_DELETE ? "ann" : "bea";
    Know(id);
    EXPECT_EQ(Status(client()).customer_count(), 1);
    const v1::EraseCustomerResponse erased = Value(Erase(client(), id, mode));
    EXPECT_TRUE(erased.was_known());
    v1::GetCustomerRequest get;
    get.set_customer_id(id);
    EXPECT_THAT(client().GetCustomer(get), HasReason(v1::ERROR_REASON_CUSTOMER_NOT_FOUND));
    EXPECT_EQ(Status(client()).customer_count(), 0);
    FinishErasures(client());
    v1::Feedback answer = Answer("nps", absl::StrCat(id, "-answer"), kTime, 9);
    answer.set_customer_id(id);
    answer.set_comment("my own words");
    EXPECT_THAT(TrySubmit(client(), answer), HasReason(v1::ERROR_REASON_ERASED));
    EXPECT_THAT(Record(client(), Visit(id, absl::StrCat(id, "-visit"), absl::ZeroDuration())),
                HasReason(v1::ERROR_REASON_ERASED));
    const v1::EraseCustomerResponse again = Value(Erase(client(), id, mode));
    EXPECT_FALSE(again.was_known());
    EXPECT_GE(again.sequence(), erased.sequence());
  }
  // The one who was anonymized still counts.
  EXPECT_EQ(Total(client(), "nps").answers(), 1);
  EXPECT_EQ(Status(client()).activity_count(), 1);
}

TEST_P(EraseCustomerTest, ListsAndTheFeedHaveNothingOfWhatWasAnonymized) {
  Know("bea");
  v1::WatchFeedbackRequest watch;
  watch.add_survey_ids("nps");
  v1::ListFeedbackRequest list;
  list.set_survey_id("nps");
  for (const absl::StatusOr<v1::Feedback>& feedback : client().ListFeedback(list)) {
    EXPECT_EQ(Value(feedback).customer_id(), "bea");  // Its name is remembered from here on.
  }
  EXPECT_OK(Erase(client(), "bea", v1::ERASE_MODE_ANONYMIZE).status());
  FinishErasures(client());
  int listed = 0;
  for (const absl::StatusOr<v1::Feedback>& found : client().ListFeedback(list)) {
    const v1::Feedback& feedback = Value(found);
    EXPECT_EQ(feedback.customer_id(), "");
    EXPECT_EQ(feedback.comment(), "");
    EXPECT_EQ(feedback.external_id(), "");
    EXPECT_EQ(feedback.score(), 9);
    ++listed;
  }
  EXPECT_EQ(listed, 1);
  v1::ListActivitiesRequest activities;
  activities.set_kind("visit");
  for (const absl::StatusOr<v1::Activity>& activity : client().ListActivities(activities)) {
    EXPECT_EQ(Value(activity).customer_id(), "");
    EXPECT_EQ(Value(activity).activity_id(), "");
    ++listed;
  }
  EXPECT_EQ(listed, 2);
}

TEST_P(EraseCustomerTest, NamesWhatIsWrong) {
  Know("ann");
  const int64_t sequence = Status(client()).sequence();
  const struct {
    const char* request;
    v1::ErrorReason reason;
    const char* field;
  } rows[] = {
      {"mode: ERASE_MODE_DELETE", v1::ERROR_REASON_FIELD_REQUIRED, "customer_id"},
      {"customer_id: 'a\\nb' mode: ERASE_MODE_DELETE", v1::ERROR_REASON_FIELD_INVALID,
       "customer_id"},
      {"customer_id: 'ann'", v1::ERROR_REASON_FIELD_REQUIRED, "mode"},
      {"customer_id: 'ann' mode: 7", v1::ERROR_REASON_FIELD_INVALID, "mode"},
  };
  for (const auto& row : rows) {
    const auto response = client().EraseCustomer(FromText<v1::EraseCustomerRequest>(row.request));
    EXPECT_THAT(response, HasReason(row.reason)) << row.request;
    EXPECT_THAT(response.status().message(), ::testing::HasSubstr(row.field)) << row.request;
  }
  EXPECT_EQ(Status(client()).sequence(), sequence);
}

}  // namespace
}  // namespace emptychair::testing
