// All of a customer as a stream, through the whole service.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/timestamp.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class CustomerExportTest : public ServiceTest {
 protected:
  CustomerExportTest() {
    Create(client(), NpsSurvey("pulse"));
    Create(client(), NpsSurvey("alpha"));
  }

  v1::Feedback Say(const std::string& survey, const std::string& id, absl::Time time,
                   const std::string& comment = "") {
    v1::Feedback answer = Answer(survey, id, time, 9);
    answer.set_customer_id("ann");
    answer.set_comment(comment);
    return Submit(client(), answer).feedback();
  }
  static v1::Activity Deed(const std::string& kind, const std::string& id, absl::Time time) {
    v1::Activity activity;
    activity.set_kind(kind);
    activity.set_activity_id(id);
    activity.set_customer_id("ann");
    *activity.mutable_occur_time() = Timestamp(time);
    return activity;
  }
  void Do(const v1::Activity& activity) {
    v1::RecordActivityRequest request;
    *request.mutable_activity() = activity;
    EXPECT_OK(client().RecordActivity(request));
  }

  static v1::ExportCustomerRequest Of(const std::string& customer_id) {
    v1::ExportCustomerRequest request;
    request.set_customer_id(customer_id);
    return request;
  }
  std::vector<v1::ExportCustomerResponse> Export(const std::string& customer_id) {
    std::vector<v1::ExportCustomerResponse> messages;
    for (absl::StatusOr<v1::ExportCustomerResponse> message :
         client().ExportCustomer(Of(customer_id))) {
      EXPECT_OK(message);
      if (message.ok()) {
        messages.push_back(*std::move(message));
      }
    }
    return messages;
  }
  absl::Status ErrorOf(const std::string& customer_id) {
    for (const absl::StatusOr<v1::ExportCustomerResponse>& message :
         client().ExportCustomer(Of(customer_id))) {
      return message.status();
    }
    return absl::OkStatus();
  }
};

EMPTYCHAIR_ON_BOTH_BACKENDS(CustomerExportTest);

TEST_P(CustomerExportTest, HasTheCustomerThenAnswersThenActivitiesEachOldestFirst) {
  Say("pulse", "p2", kTime + absl::Hours(2));
  Say("pulse", "p1", kTime + absl::Hours(1), "fine");
  Say("alpha", "a9", kTime + absl::Hours(9));
  Do(Deed("visit", "v1", kTime));
  Do(Deed("buy", "b2", kTime + absl::Hours(2)));
  v1::Activity full = Deed("buy", "b1", kTime + absl::Hours(1));
  *full.mutable_amount() = FromText<v1::Amount>("units: 3 currency_code: 'EUR'");
  (*full.mutable_labels())["shop"] = "berlin";
  Do(full);
  v1::Activity of_bob = Deed("buy", "b3", kTime);
  of_bob.set_customer_id("bob");
  Do(of_bob);
  ASSERT_OK(client().UpsertCustomer(FromText<v1::UpsertCustomerRequest>(
      "customer { customer_id: 'ann' attributes { key: 'plan' value: 'gold' } }")));

  const std::vector<v1::ExportCustomerResponse> messages = Export("ann");
  ASSERT_THAT(messages, SizeIs(1));
  const v1::ExportCustomerResponse& all = messages[0];
  EXPECT_EQ(all.customer().customer_id(), "ann");
  EXPECT_THAT(all.customer().attributes(), UnorderedElementsAre(Pair("plan", "gold")));
  EXPECT_EQ(all.sequence(), Status(client()).sequence());
  ASSERT_THAT(all.feedback(), SizeIs(3));
  EXPECT_EQ(all.feedback(0).external_id(), "a9");
  EXPECT_THAT(all.feedback(1),
              EqualsMessage(Value(GetByExternalId(client(), "pulse", "p1")).feedback()));
  EXPECT_EQ(all.feedback(2).external_id(), "p2");
  ASSERT_THAT(all.activities(), SizeIs(3));
  full.set_sequence(all.activities(0).sequence());
  *full.mutable_receive_time() = all.activities(0).receive_time();
  EXPECT_THAT(all.activities(0), EqualsMessage(full));
  EXPECT_EQ(all.activities(1).activity_id(), "b2");
  EXPECT_EQ(all.activities(2).activity_id(), "v1");
}

TEST_P(CustomerExportTest, ComesInMessagesOfABoundedSize) {
  constexpr int kAnswers = 60;
  constexpr int kActivities = 2'500;
  for (int i = 0; i < kAnswers; ++i) {
    Say(i % 2 == 0 ? "pulse" : "alpha", absl::StrCat("a", i), kTime + absl::Seconds(i / 4),
        std::string(16 << 10, 'x'));
  }
  v1::BatchRecordActivitiesRequest batch;
  for (int i = 0; i < kActivities; ++i) {
    *batch.add_activities() =
        Deed(i % 2 == 0 ? "buy" : "visit", absl::StrCat(i), kTime + absl::Seconds(i / 8));
  }
  ASSERT_EQ(Value(client().BatchRecordActivities(batch)).accepted_count(), kActivities);

  std::vector<std::string> places;
  std::vector<std::string> names;
  const std::vector<v1::ExportCustomerResponse> messages = Export("ann");
  EXPECT_GT(messages.size(), 4u);
  for (size_t i = 0; i < messages.size(); ++i) {
    const v1::ExportCustomerResponse& message = messages[i];
    EXPECT_EQ(message.has_customer(), i == 0);
    EXPECT_EQ(message.sequence(), messages[0].sequence());
    EXPECT_LE(message.feedback_size() + message.activities_size(), 1'000);
    EXPECT_LT(message.ByteSizeLong(), size_t{300} << 10);
    EXPECT_GT(message.feedback_size() + message.activities_size(), 0);
    for (const v1::Feedback& answer : message.feedback()) {
      places.push_back(absl::StrCat("1 ", answer.survey_id(), " ", answer.feedback_id()));
      names.push_back(absl::StrCat(answer.survey_id(), " ", answer.feedback_id()));
    }
    for (const v1::Activity& activity : message.activities()) {
      places.push_back(absl::StrCat("2 ", activity.kind(), " ", activity.occur_time().seconds()));
      names.push_back(absl::StrCat(activity.kind(), " ", activity.activity_id()));
    }
  }
  EXPECT_TRUE(std::is_sorted(places.begin(), places.end()));
  std::sort(names.begin(), names.end());
  EXPECT_TRUE(std::adjacent_find(names.begin(), names.end()) == names.end()) << "one came twice";
  EXPECT_THAT(names, SizeIs(kAnswers + kActivities));
}

TEST_P(CustomerExportTest, ShowsOneStateWhateverIsWrittenMeanwhile) {
  for (int i = 0; i < 40; ++i) {
    Say("pulse", absl::StrCat("a", i), kTime + absl::Seconds(i), std::string(16 << 10, 'x'));
  }
  Do(Deed("buy", "before", kTime));
  ResultRange<v1::ExportCustomerResponse> range = client().ExportCustomer(Of("ann"));
  auto message = range.begin();
  ASSERT_OK(*message);
  const int64_t sequence = (*message)->sequence();
  Do(Deed("buy", "meanwhile", kTime));
  Do(Deed("visit", "meanwhile", kTime));
  std::vector<std::string> done;
  int said = 0;
  for (; message != range.end(); ++message) {
    ASSERT_OK(*message);
    EXPECT_EQ((*message)->sequence(), sequence);
    said += (*message)->feedback_size();
    for (const v1::Activity& activity : (*message)->activities()) {
      done.push_back(activity.activity_id());
    }
  }
  EXPECT_EQ(said, 40);
  EXPECT_THAT(done, ElementsAre("before"));
}

TEST_P(CustomerExportTest, CanBeLeftBeforeItsEnd) {
  for (int i = 0; i < 100; ++i) {
    Say("pulse", absl::StrCat("a", i), kTime + absl::Seconds(i), std::string(16 << 10, 'x'));
  }
  for (int i = 0; i < 3; ++i) {
    EXPECT_OK(ErrorOf("ann")) << "leaves behind the first message";
  }
  EXPECT_GT(Export("ann").size(), 4u);
}

TEST_P(CustomerExportTest, NamesWhatIsWrong) {
  Do(Deed("buy", "b", kTime));
  EXPECT_THAT(ErrorOf(""), HasReason(v1::ERROR_REASON_FIELD_REQUIRED));
  EXPECT_THAT(ErrorOf(""), HasField("customer_id"));
  EXPECT_THAT(ErrorOf(std::string(129, 'x')), HasReason(v1::ERROR_REASON_FIELD_INVALID));
  EXPECT_THAT(ErrorOf("nobody"), HasReason(v1::ERROR_REASON_CUSTOMER_NOT_FOUND));
  ASSERT_OK(client().UpsertCustomer(
      FromText<v1::UpsertCustomerRequest>("customer { customer_id: 'new' }")));
  const std::vector<v1::ExportCustomerResponse> messages = Export("new");
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_EQ(messages[0].customer().customer_id(), "new");
}

}  // namespace
}  // namespace emptychair::testing
