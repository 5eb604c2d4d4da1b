// Records that are amended, excluded, included and erased, as callers see it.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

class FeedbackChangeTest : public ServiceTest {
 protected:
  FeedbackChangeTest() {
    Create(client(), NpsSurvey("pulse", {"region"}));
    v1::Feedback feedback = Answer("pulse", "order-1", kTime, 9);
    feedback.set_comment("fine");
    feedback.set_customer_id("ann");
    (*feedback.mutable_labels())["region"] = "north";
    sent_ = feedback;
    stored_ = Submit(client(), feedback).feedback();
  }

  absl::StatusOr<v1::AmendFeedbackResponse> Amend(v1::Feedback feedback,
                                                  const std::vector<std::string>& paths) {
    v1::AmendFeedbackRequest request;
    feedback.set_survey_id("pulse");
    feedback.set_feedback_id(stored_.feedback_id());
    *request.mutable_feedback() = std::move(feedback);
    for (const std::string& path : paths) {
      request.mutable_update_mask()->add_paths(path);
    }
    return client().AmendFeedback(request);
  }

  absl::StatusOr<v1::ExcludeFeedbackResponse> Exclude(v1::ExclusionReason reason,
                                                      const std::string& note = "",
                                                      const std::string& etag = "") {
    v1::ExcludeFeedbackRequest request;
    request.set_survey_id("pulse");
    request.set_feedback_id(stored_.feedback_id());
    request.set_reason(reason);
    request.set_note(note);
    request.set_etag(etag);
    return client().ExcludeFeedback(request);
  }

  absl::StatusOr<v1::IncludeFeedbackResponse> Include(const std::string& etag = "") {
    v1::IncludeFeedbackRequest request;
    request.set_survey_id("pulse");
    request.set_feedback_id(stored_.feedback_id());
    request.set_etag(etag);
    return client().IncludeFeedback(request);
  }

  absl::StatusOr<v1::EraseFeedbackResponse> Erase() {
    v1::EraseFeedbackRequest request;
    request.set_survey_id("pulse");
    request.set_feedback_id(stored_.feedback_id());
    return client().EraseFeedback(request);
  }

  v1::Feedback Now() { return Value(GetByExternalId(client(), "pulse", "order-1")).feedback(); }

  v1::Feedback sent_;
  v1::Feedback stored_;
};

EMPTYCHAIR_ON_BOTH_BACKENDS(FeedbackChangeTest);

TEST_P(FeedbackChangeTest, AnAmendmentSetsTheFieldsOfItsMaskAndEveryMetricFollows) {
  v1::Feedback wanted;
  wanted.set_score(2);
  wanted.set_comment("left out of the mask");
  (*wanted.mutable_labels())["region"] = "south";
  const v1::AmendFeedbackResponse response = Value(Amend(wanted, {"score", "labels"}));
  v1::Feedback expected = stored_;
  expected.set_score(2);
  expected.mutable_labels()->at("region") = "south";
  expected.set_sequence(response.sequence());
  expected.set_etag(response.feedback().etag());
  EXPECT_NE(expected.etag(), stored_.etag());
  EXPECT_THAT(response.feedback(), EqualsMessage(expected));
  EXPECT_THAT(Now(), EqualsMessage(expected));
  EXPECT_THAT(Total(client(), "pulse"), IsNps(0, 0, 1));
  const v1::QueryMetricResponse by_region =
      Query(client(), "survey_ids: 'pulse' group_by: 'region'");
  ASSERT_EQ(by_region.series_size(), 1);
  EXPECT_THAT(GroupTexts(by_region.series(0)), ::testing::ElementsAre("south"));
}

TEST_P(FeedbackChangeTest, AnAmendmentRemovesWhatItLeavesEmpty) {
  const v1::Feedback amended = Value(Amend({}, {"score", "comment", "labels"})).feedback();
  EXPECT_FALSE(amended.has_score());
  EXPECT_EQ(amended.comment(), "");
  EXPECT_EQ(amended.labels_size(), 0);
  EXPECT_EQ(amended.customer_id(), "ann");
  EXPECT_EQ(Total(client(), "pulse").unscored(), 1);
}

TEST_P(FeedbackChangeTest, AChangeFromAnOlderStateIsRefused) {
  v1::Feedback wanted;
  wanted.set_score(5);
  wanted.set_etag(stored_.etag());
  const v1::Feedback amended = Value(Amend(wanted, {"score"})).feedback();
  wanted.set_score(6);
  const absl::Status status = Amend(wanted, {"score"}).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(status, HasReason(v1::ERROR_REASON_ETAG_MISMATCH));
  EXPECT_EQ(MetadataOf(status)["etag"], amended.etag());
  EXPECT_THAT(Exclude(v1::EXCLUSION_REASON_TEST, "", stored_.etag()).status(),
              HasReason(v1::ERROR_REASON_ETAG_MISMATCH));
  EXPECT_THAT(Now(), EqualsMessage(amended));
  wanted.set_etag(amended.etag());
  EXPECT_OK(Amend(wanted, {"score"}).status());
}

TEST_P(FeedbackChangeTest, AScoreOffTheScaleIsNoAmendment) {
  v1::Feedback wanted;
  wanted.set_score(11);
  const absl::Status status = Amend(wanted, {"score"}).status();
  EXPECT_THAT(status, HasReason(v1::ERROR_REASON_SCORE_OUT_OF_RANGE));
  EXPECT_THAT(status, HasField("feedback.score"));
  EXPECT_THAT(Now(), EqualsMessage(stored_));
}

TEST_P(FeedbackChangeTest, AnExcludedAnswerIsShownByItsReasonAndComesBack) {
  const v1::ExcludeFeedbackResponse excluded =
      Value(Exclude(v1::EXCLUSION_REASON_STAFF, "one of ours"));
  EXPECT_EQ(excluded.feedback().exclusion().reason(), v1::EXCLUSION_REASON_STAFF);
  EXPECT_EQ(excluded.feedback().exclusion().note(), "one of ours");
  EXPECT_TRUE(excluded.feedback().exclusion().has_time());
  const v1::MetricValue total = Total(client(), "pulse");
  EXPECT_EQ(total.answers(), 0);
  ASSERT_EQ(total.excluded_size(), 1);
  EXPECT_EQ(total.excluded(0).reason(), v1::EXCLUSION_REASON_STAFF);
  EXPECT_EQ(total.excluded(0).count(), 1);
  const v1::QueryMetricResponse with_excluded =
      Query(client(), "survey_ids: 'pulse' include_excluded: true");
  EXPECT_THAT(with_excluded.series(0).points(0), IsNps(1, 0, 0));
  // Once more changes nothing.
  const v1::ExcludeFeedbackResponse again =
      Value(Exclude(v1::EXCLUSION_REASON_STAFF, "one of ours"));
  EXPECT_THAT(again, EqualsMessage(excluded));

  const v1::IncludeFeedbackResponse included = Value(Include(excluded.feedback().etag()));
  EXPECT_FALSE(included.feedback().has_exclusion());
  EXPECT_THAT(Total(client(), "pulse"), IsNps(1, 0, 0));
  EXPECT_EQ(Value(Include("of another state")).sequence(), included.sequence());
}

TEST_P(FeedbackChangeTest, AnErasedAnswerIsGoneForEveryCall) {
  Submit(client(), Answer("pulse", "order-2", kTime, 3));
  const v1::EraseFeedbackResponse erased = Value(Erase());
  EXPECT_THAT(GetByExternalId(client(), "pulse", "order-1").status(),
              HasReason(v1::ERROR_REASON_FEEDBACK_NOT_FOUND));
  EXPECT_THAT(GetById(client(), "pulse", stored_.feedback_id()).status(),
              HasReason(v1::ERROR_REASON_FEEDBACK_NOT_FOUND));
  EXPECT_THAT(Total(client(), "pulse"), IsNps(0, 0, 1));
  EXPECT_EQ(Status(client()).feedback_count(), 1);
  v1::ListFeedbackRequest list;
  list.set_survey_id("pulse");
  EXPECT_EQ(Value(client().connection().ListFeedback(list)).feedback_size(), 1);
  list.clear_survey_id();
  list.set_customer_id("ann");
  EXPECT_EQ(Value(client().connection().ListFeedback(list)).feedback_size(), 0);

  const absl::Status again = TrySubmit(client(), sent_).status();
  EXPECT_THAT(again, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(again, HasReason(v1::ERROR_REASON_ERASED));
  EXPECT_THAT(Exclude(v1::EXCLUSION_REASON_TEST).status(), HasReason(v1::ERROR_REASON_ERASED));
  EXPECT_THAT(Include().status(), HasReason(v1::ERROR_REASON_ERASED));
  EXPECT_THAT(Amend({}, {"score"}).status(), HasReason(v1::ERROR_REASON_ERASED));
  EXPECT_EQ(Value(Erase()).sequence(), erased.sequence());
}

TEST_P(FeedbackChangeTest, WindowsWithoutStartBeginWithWhatIsStillThere) {
  Submit(client(), Answer("pulse", "later", kTime + absl::Hours(24 * 40), 3));
  Value(Erase());
  const v1::QueryMetricResponse by_month =
      Query(client(), "survey_ids: 'pulse' granularity: GRANULARITY_MONTH");
  EXPECT_EQ(by_month.buckets_size(), 1);
}

TEST_P(FeedbackChangeTest, TheSameSubmissionIsStillTheSameAfterChanges) {
  v1::Feedback wanted;
  wanted.set_score(1);
  Value(Amend(wanted, {"score"}));
  Value(Exclude(v1::EXCLUSION_REASON_BOT));
  const v1::SubmitFeedbackResponse again = Submit(client(), sent_);
  EXPECT_TRUE(again.already_existed());
  EXPECT_THAT(again.feedback(), EqualsMessage(Now()));
  EXPECT_EQ(again.feedback().score(), 1);
}

}  // namespace
}  // namespace emptychair::testing
