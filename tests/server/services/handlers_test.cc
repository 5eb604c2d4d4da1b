// Handlers over a store in memory: no gRPC, no socket, no disk.
#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "server/services/services.h"
#include "storage/format/keys.h"
#include "tests/helpers/status_matchers.h"
#include "tests/server/services/direct_call.h"
#include "tests/storage/harness/activity_harness.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair {
namespace {

using ::emptychair::testing::HasField;
using ::emptychair::testing::HasReason;
using ::emptychair::testing::IsOkAndHolds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::SizeIs;

using google::protobuf::Message;

template <typename T>
T Parse(const std::string& text) {
  T message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

class HandlersTest : public ::testing::Test {
 protected:
  HandlersTest() : harness_(storage::Place::kMemory) {}
  void SetUp() override {
    ASSERT_OK(harness_.Open());
    services_ = std::make_unique<Services>(&harness_.store(), &clock_, &stop_signal_);
    ASSERT_OK(CallDirectly<v1::CreateSurveyResponse>(
        table(),
        Parse<v1::CreateSurveyRequest>("survey { survey_id: 'nps' kind: SURVEY_KIND_NPS }")));
  }

  const MethodTable& table() const { return services_->methods(); }

  absl::StatusOr<v1::SubmitFeedbackResponse> Submit(const std::string& external_id, int score) {
    v1::SubmitFeedbackRequest request;
    request.mutable_feedback()->set_survey_id("nps");
    request.mutable_feedback()->set_external_id(external_id);
    request.mutable_feedback()->set_score(score);
    return CallDirectly<v1::SubmitFeedbackResponse>(table(), request);
  }

  FakeClock clock_{absl::FromUnixSeconds(1'709'294'400)};
  std::atomic<bool> stop_signal_ = false;
  storage::StoreHarness harness_;
  std::unique_ptr<Services> services_;
};

TEST_F(HandlersTest, WhatIsDueBehindTheWritesIsMeasured) {
  const auto profile = [&] {
    return CallDirectly<v1::GetRepeatProfileResponse>(
        table(), Parse<v1::GetRepeatProfileRequest>("survey_id: 'nps'"));
  };
  v1::BatchSubmitFeedbackRequest batch;
  for (int i = 0; i < 62; ++i) {
    v1::Feedback& answer = *batch.add_feedback();
    answer.set_survey_id("nps");
    answer.set_external_id(absl::StrCat(i));
    answer.set_customer_id(absl::StrCat(i % 31));
    answer.set_score(i % 11);
    answer.mutable_occur_time()->set_seconds(absl::ToUnixSeconds(clock_.Now()) -
                                             (1 + i) * int64_t{86'400});
  }
  ASSERT_OK(CallDirectly<v1::BatchSubmitFeedbackResponse>(table(), batch));
  EXPECT_THAT(profile(), HasReason(v1::ERROR_REASON_EFFECTS_UNKNOWN));
  ASSERT_OK(services_->Tend());
  ASSERT_OK_AND_ASSIGN(const v1::GetRepeatProfileResponse measured, profile());
  EXPECT_EQ(measured.answers(), 62);
  stop_signal_ = true;
  EXPECT_OK(services_->Tend());
}

TEST_F(HandlersTest, ASubmissionIsStoredAndCounts) {
  ASSERT_OK_AND_ASSIGN(const v1::SubmitFeedbackResponse stored, Submit("a", 9));
  EXPECT_FALSE(stored.already_existed());
  ASSERT_OK_AND_ASSIGN(const v1::SubmitFeedbackResponse again, Submit("a", 9));
  EXPECT_TRUE(again.already_existed());
  EXPECT_EQ(again.feedback().feedback_id(), stored.feedback().feedback_id());
  ASSERT_OK_AND_ASSIGN(
      const v1::GetFeedbackResponse found,
      CallDirectly<v1::GetFeedbackResponse>(
          table(), Parse<v1::GetFeedbackRequest>("survey_id: 'nps' external_id: 'a'")));
  EXPECT_EQ(found.feedback().score(), 9);
  ASSERT_OK_AND_ASSIGN(const v1::QueryMetricResponse metric,
                       CallDirectly<v1::QueryMetricResponse>(
                           table(), Parse<v1::QueryMetricRequest>("survey_ids: 'nps'")));
  EXPECT_EQ(metric.total().points(0).promoters(), 1);
}

TEST_F(HandlersTest, ActivitiesCountInMetricsOfLoyalty) {
  storage::Store& store = harness_.store();
  ASSERT_OK(storage::DefineKind(store, "visit", "UTC").error);
  // Twice on the day of the clock, and a month before.
  constexpr int64_t kMonthMs = int64_t{31} * 86'400'000;
  storage::Record(store, {{.id = "a"},
                          {.id = "b", .time_ms = storage::kNoonMs - 1},
                          {.id = "c", .time_ms = storage::kNoonMs - 2},
                          {.id = "d", .time_ms = storage::kNoonMs - kMonthMs}});
  const auto retention = CallDirectly<v1::QueryRetentionResponse>(
      table(), Parse<v1::QueryRetentionRequest>("kind: 'visit' as_of { seconds: 1711929600 }"));
  ASSERT_OK(retention);
  ASSERT_EQ(retention->points_size(), 3);
  EXPECT_EQ(retention->points(1).returning_customers(), 0);
  EXPECT_EQ(retention->sequence(), static_cast<int64_t>(store.view()->counters.sequence()));
  const auto cohorts = CallDirectly<v1::QueryCohortsResponse>(
      table(), Parse<v1::QueryCohortsRequest>("kind: 'visit' cohort_rule: COHORT_RULE_ACTIVE "
                                              "min_activities: 3 as_of { seconds: 1711929600 }"));
  ASSERT_OK(cohorts);
  EXPECT_EQ(cohorts->cohorts(2).size(), 1);
  // What is at the clock's own time is not before it.
  const auto repeat = CallDirectly<v1::QueryRepeatRateResponse>(
      table(), Parse<v1::QueryRepeatRateRequest>("kind: 'visit' method: "
                                                 "REPEAT_RATE_METHOD_BY_EVENT"));
  ASSERT_OK(repeat);
  EXPECT_EQ(repeat->repeat_customers(), 1);
  EXPECT_EQ(repeat->activities_scanned(), 2);
  EXPECT_THAT(CallDirectly<v1::QueryRetentionResponse>(
                  table(), Parse<v1::QueryRetentionRequest>("kind: 'nobody'")),
              HasReason(v1::ERROR_REASON_KIND_NOT_FOUND));
}

TEST_F(HandlersTest, ARefusalHasItsReasonAndField) {
  EXPECT_THAT(Submit("a", 11),
              AllOf(HasReason(v1::ERROR_REASON_SCORE_OUT_OF_RANGE), HasField("feedback.score")));
  EXPECT_THAT(CallDirectly<v1::QueryMetricResponse>(
                  table(), Parse<v1::QueryMetricRequest>("survey_ids: 'ces'")),
              HasReason(v1::ERROR_REASON_SURVEY_NOT_FOUND));
}

TEST_F(HandlersTest, ABatchAnswersForEachRecord) {
  ASSERT_OK(Submit("a", 9));
  ASSERT_OK_AND_ASSIGN(const v1::BatchSubmitFeedbackResponse batch,
                       CallDirectly<v1::BatchSubmitFeedbackResponse>(
                           table(), Parse<v1::BatchSubmitFeedbackRequest>(
                                        "feedback { survey_id: 'nps' external_id: 'a' score: 9 }"
                                        "feedback { survey_id: 'nps' external_id: 'b' score: 8 }"
                                        "feedback { survey_id: 'nps' external_id: 'c' score: 12 }"
                                        "feedback { survey_id: 'nps' score: 1 }")));
  EXPECT_EQ(batch.accepted_count(), 1);
  EXPECT_THAT(batch.already_existed_indexes(), ElementsAre(0));
  ASSERT_THAT(batch.failures(), SizeIs(2));
  EXPECT_EQ(batch.failures(0).index(), 2);
  EXPECT_EQ(batch.failures(1).index(), 3);
}

TEST_F(HandlersTest, AMessageOfAStreamIsAnsweredWithItsNumber) {
  ASSERT_OK_AND_ASSIGN(
      const v1::StreamFeedbackResponse answer,
      CallDirectly<v1::StreamFeedbackResponse>(
          table(), Parse<v1::StreamFeedbackRequest>("batch_number: 41 feedback { survey_id: 'nps' "
                                                    "external_id: 'a' score: 9 }")));
  EXPECT_EQ(answer.batch_number(), 41);
  EXPECT_EQ(answer.accepted_count(), 1);
}

TEST_F(HandlersTest, ListsLeaveOutRecordsWhoseCustomerIsLost) {
  for (const char* who : {"ann", "bob", ""}) {
    ASSERT_OK(CallDirectly<v1::SubmitFeedbackResponse>(
        table(), Parse<v1::SubmitFeedbackRequest>(
                     absl::StrCat("feedback { survey_id: 'nps' external_id: 'of ", who,
                                  "' score: 9 ", "customer_id: '", who, "' }"))));
  }
  services_.reset();
  harness_.Close();
  {
    storage::PlainDatabase database(harness_.env(), harness_.directory(),
                                    storage::PlainDatabase::Mode::kWrite);
    database.Delete("customer", storage::CustomerByOrdinalKey(1));
  }
  ASSERT_OK(harness_.Open());
  services_ = std::make_unique<Services>(&harness_.store(), &clock_, &stop_signal_);
  for (const int64_t damaged : {1, 2}) {  // The second time some customers are remembered.
    ASSERT_OK_AND_ASSIGN(const v1::ListFeedbackResponse list,
                         CallDirectly<v1::ListFeedbackResponse>(
                             table(), Parse<v1::ListFeedbackRequest>(
                                          "survey_id: 'nps' order: FEEDBACK_ORDER_OLDEST_FIRST")));
    std::vector<std::string> listed;
    for (const v1::Feedback& record : list.feedback()) {
      listed.push_back(absl::StrCat(record.external_id(), "/", record.customer_id()));
    }
    EXPECT_THAT(listed, ::testing::UnorderedElementsAre("of bob/bob", "of /"));
    EXPECT_EQ(harness_.store().Stats().undecodable_values, damaged);
  }
  ASSERT_OK_AND_ASSIGN(
      const v1::ExplainMetricResponse explained,
      CallDirectly<v1::ExplainMetricResponse>(
          table(), Parse<v1::ExplainMetricRequest>("query { survey_ids: 'nps' }")));
  EXPECT_THAT(explained.rows(), SizeIs(2));
}

TEST_F(HandlersTest, AListPagesThroughItsScheduledWork) {
  ASSERT_OK(Submit("a", 9));
  ASSERT_OK(Submit("b", 8));
  auto request = Parse<v1::ListFeedbackRequest>("survey_id: 'nps' page_size: 1");
  ASSERT_OK_AND_ASSIGN(const v1::ListFeedbackResponse first,
                       CallDirectly<v1::ListFeedbackResponse>(table(), request));
  ASSERT_THAT(first.feedback(), SizeIs(1));
  request.set_page_token(first.next_page_token());
  ASSERT_OK_AND_ASSIGN(const v1::ListFeedbackResponse second,
                       CallDirectly<v1::ListFeedbackResponse>(table(), request));
  ASSERT_THAT(second.feedback(), SizeIs(1));
  EXPECT_NE(first.feedback(0).external_id(), second.feedback(0).external_id());
}

// A survey's update is made on top of whatever came in between, as the caller set no condition.
TEST_F(HandlersTest, AnUpdateAnswersWithTheSurveyAsItIsThen) {
  ASSERT_OK_AND_ASSIGN(const v1::UpdateSurveyResponse updated,
                       CallDirectly<v1::UpdateSurveyResponse>(
                           table(), Parse<v1::UpdateSurveyRequest>(
                                        "survey { survey_id: 'nps' display_name: 'Shops' } "
                                        "update_mask { paths: 'display_name' }")));
  EXPECT_EQ(updated.survey().display_name(), "Shops");
}

class Collector final : public MessageWriter {
 public:
  absl::Status Write(const Message& message) override {
    messages.emplace_back(static_cast<const v1::VerifyStoreResponse&>(message));
    return absl::OkStatus();
  }
  absl::Status Check() const override { return absl::OkStatus(); }

  std::vector<v1::VerifyStoreResponse> messages;
};

TEST_F(HandlersTest, VerifyStoreWritesItsSummaryLast) {
  ASSERT_OK(Submit("a", 9));
  Collector collector;
  const auto& stream =
      std::get<MethodSpec::Stream>(MethodOf<v1::VerifyStoreRequest>(table()).handler);
  const RequestContext context = {.method = &MethodOf<v1::VerifyStoreRequest>(table()).method};
  ASSERT_OK(stream.run(context, v1::VerifyStoreRequest(), collector));
  ASSERT_FALSE(collector.messages.empty());
  EXPECT_EQ(collector.messages.back().summary().records(), 1);
  EXPECT_EQ(collector.messages.back().summary().difference_count(), 0);
}

TEST_F(HandlersTest, AFeedWaitsWithoutAThreadUntilSomethingHappens) {
  const auto& feed =
      std::get<MethodSpec::Feed>(MethodOf<v1::WatchFeedbackRequest>(table()).handler);
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<FeedSource> source,
                       feed.open({}, v1::WatchFeedbackRequest()));
  v1::WatchFeedbackResponse start;
  EXPECT_THAT(source->Next(start), IsOkAndHolds(true));
  v1::WatchFeedbackResponse message;
  EXPECT_THAT(source->Next(message), IsOkAndHolds(false));
  absl::Notification notified;
  const auto waiter = std::make_shared<Waiter>([&] { notified.Notify(); });
  ASSERT_TRUE(source->NotifyWhenMore(waiter));
  ASSERT_OK(Submit("a", 9));
  notified.WaitForNotification();
  ASSERT_THAT(source->Next(message), IsOkAndHolds(true));
  ASSERT_THAT(message.changes(), SizeIs(1));
  EXPECT_EQ(message.changes(0).feedback().external_id(), "a");
  source->Unsubscribe(waiter);
  waiter->Disconnect();
}

TEST_F(HandlersTest, LongTasksEndWhenTheServerStops) {
  ASSERT_OK(Submit("a", 9));
  stop_signal_ = true;
  EXPECT_THAT(CallDirectly<v1::RebuildCubeResponse>(table(), v1::RebuildCubeRequest()),
              HasReason(v1::ERROR_REASON_SHUTTING_DOWN));
}

}  // namespace
}  // namespace emptychair
