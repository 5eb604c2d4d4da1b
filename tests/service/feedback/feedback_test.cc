// Single records: identity, time, retries, reading back, counts.
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/uuid.h"
#include "emptychair/client/feedback_id.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/feedback_fields.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::IsEmpty;
using ::testing::Le;

class FeedbackTest : public ServiceTest {
 protected:
  FeedbackTest() { Create(client(), NpsSurvey("nps", {"region"})); }
};

EMPTYCHAIR_ON_BOTH_BACKENDS(FeedbackTest);

// An answer in which every field that a caller can set is set.
v1::Feedback FullAnswer() {
  v1::Feedback feedback = FromText<v1::Feedback>(R"(survey_id: 'nps' external_id: 'Order 17/ä'
                                customer_id: 'Ada@Example' score: 9
                                comment: 'Tüchtig!\nUnd schnell.'
                                labels { key: 'region' value: 'north east' }
                                labels { key: 'agent' value: '42' }
                                exclusion { reason: EXCLUSION_REASON_STAFF note: 'one of ours' })");
  *feedback.mutable_exclusion()->mutable_time() = Timestamp(At("2024-04-01T10:00:00.5Z"));
  *feedback.mutable_occur_time() = Timestamp(At("2024-03-31T00:59:59.123Z"));
  feedback.set_feedback_id(NewFeedbackId(At("2024-03-31T00:59:59.123Z")));
  return feedback;
}

TEST_P(FeedbackTest, IsStoredAsSent) {
  const v1::Feedback sent = FullAnswer();
  EXPECT_THAT(MissingFields(sent), IsEmpty());
  const v1::SubmitFeedbackResponse response = Submit(client(), sent);
  EXPECT_FALSE(response.already_existed());
  EXPECT_TRUE(response.feedback().has_receive_time());
  EXPECT_GT(response.feedback().sequence(), 0);
  EXPECT_EQ(response.sequence(), response.feedback().sequence());
  EXPECT_FALSE(response.feedback().etag().empty());

  v1::Feedback expected = sent;
  *expected.mutable_receive_time() = response.feedback().receive_time();
  expected.set_sequence(response.feedback().sequence());
  expected.set_etag(response.feedback().etag());
  EXPECT_THAT(response.feedback(), EqualsMessage(expected));
}

TEST_P(FeedbackTest, IsReadBackByBothIdsFieldForField) {
  const v1::Feedback stored = Submit(client(), FullAnswer()).feedback();
  EXPECT_THAT(Value(GetById(client(), "nps", stored.feedback_id())).feedback(),
              EqualsMessage(stored));
  EXPECT_THAT(
      Value(GetById(client(), "nps", absl::AsciiStrToUpper(stored.feedback_id()))).feedback(),
      EqualsMessage(stored));
  EXPECT_THAT(Value(GetByExternalId(client(), "nps", stored.external_id())).feedback(),
              EqualsMessage(stored));
}

TEST_P(FeedbackTest, WithAnExternalIdAloneGetsAnIdOfItsTime) {
  const absl::Time time = At("2024-02-29T23:59:59.999Z");
  const v1::Feedback stored = Submit(client(), Answer("nps", "row 1", time, 7)).feedback();
  const std::optional<Uuid> id = Uuid::Parse(stored.feedback_id());
  ASSERT_TRUE(id.has_value()) << stored.feedback_id();
  EXPECT_TRUE(id->IsV7());
  EXPECT_EQ(id->UnixMs(), absl::ToUnixMillis(time));
  EXPECT_EQ(stored.feedback_id(), id->ToString());
  EXPECT_EQ(FromTimestamp(stored.occur_time()), time);
}

TEST_P(FeedbackTest, WithAnIdAloneHasTheTimeOfTheId) {
  const absl::Time time = At("1999-12-31T23:59:59.500Z");
  v1::Feedback sent;
  sent.set_survey_id("nps");
  sent.set_feedback_id(NewFeedbackId(time));
  const v1::Feedback stored = Submit(client(), sent).feedback();
  EXPECT_EQ(FromTimestamp(stored.occur_time()), time);
  EXPECT_EQ(stored.feedback_id(), sent.feedback_id());
  EXPECT_TRUE(stored.external_id().empty());
}

TEST_P(FeedbackTest, AnIdInUpperCaseIsTheSameId) {
  v1::Feedback sent;
  sent.set_survey_id("nps");
  sent.set_feedback_id(NewFeedbackId(At("2024-01-01T00:00:00Z")));
  const std::string lower = sent.feedback_id();
  sent.set_feedback_id(absl::AsciiStrToUpper(lower));
  EXPECT_EQ(Submit(client(), sent).feedback().feedback_id(), lower);
  sent.set_feedback_id(lower);
  EXPECT_TRUE(Submit(client(), sent).already_existed());
}

TEST_P(FeedbackTest, TimesAreCutToMilliseconds) {
  const absl::Time time = At("2024-01-01T00:00:00.987Z");
  v1::Feedback sent = Answer("nps", "cut", time + absl::Nanoseconds(654'321), 9);
  const v1::SubmitFeedbackResponse first = Submit(client(), sent);
  EXPECT_EQ(FromTimestamp(first.feedback().occur_time()), time);
  // What is cut off does not tell two submissions apart.
  *sent.mutable_occur_time() = Timestamp(time);
  EXPECT_TRUE(Submit(client(), sent).already_existed());
  // And an id's time agrees with a finer one.
  sent.set_external_id("");
  sent.set_feedback_id(NewFeedbackId(time));
  *sent.mutable_occur_time() = Timestamp(time + absl::Nanoseconds(999'999));
  EXPECT_OK(TrySubmit(client(), sent));
}

TEST_P(FeedbackTest, TheSameAgainChangesNothing) {
  const v1::Feedback sent = FullAnswer();
  const v1::SubmitFeedbackResponse first = Submit(client(), sent);
  const v1::GetStatusResponse before = Status(client());
  const v1::SubmitFeedbackResponse again = Submit(client(), sent);
  EXPECT_TRUE(again.already_existed());
  EXPECT_THAT(again.feedback(), EqualsMessage(first.feedback()));
  // What the server sets is ignored.
  EXPECT_TRUE(Submit(client(), first.feedback()).already_existed());
  const v1::GetStatusResponse after = Status(client());
  EXPECT_EQ(after.sequence(), before.sequence());
  EXPECT_EQ(after.feedback_count(), 1);
  EXPECT_EQ(after.since_start().already_existed(), 2);
}

TEST_P(FeedbackTest, OtherContentUnderTheSameIdIsRefused) {
  const v1::Feedback stored = Submit(client(), FullAnswer()).feedback();
  std::vector<std::function<void(v1::Feedback&)>> changes = {
      [](v1::Feedback& f) { f.set_score(8); },
      [](v1::Feedback& f) { f.set_comment("other"); },
      [](v1::Feedback& f) { f.set_customer_id("ada@example"); },
      [](v1::Feedback& f) { (*f.mutable_labels())["agent"] = "43"; },
      [](v1::Feedback& f) { (*f.mutable_labels())["more"] = "x"; },
      [](v1::Feedback& f) { f.mutable_labels()->erase("agent"); },
      [](v1::Feedback& f) { f.set_external_id("another order"); },
      [](v1::Feedback& f) { f.set_feedback_id(NewFeedbackId(At("2024-03-31T00:59:59.123Z"))); },
  };
  for (const auto* field : FieldsOfCallers()) {
    // Without its survey it is no record; which of ids and time is sent is form, and an exclusion
    // is no content.
    static const std::set<std::string> kForm = {"survey_id", "feedback_id", "external_id",
                                                "occur_time", "exclusion"};
    if (kForm.count(field->name()) == 0) {
      changes.emplace_back([=](v1::Feedback& f) { f.GetReflection()->ClearField(&f, field); });
    }
  }
  const v1::GetStatusResponse before = Status(client());
  for (size_t i = 0; i < changes.size(); ++i) {
    v1::Feedback sent = FullAnswer();
    sent.set_feedback_id(stored.feedback_id());
    changes[i](sent);
    const absl::Status status = TrySubmit(client(), sent).status();
    EXPECT_THAT(status, HasReason(v1::ERROR_REASON_CONTENT_DIFFERS)) << sent.DebugString();
    EXPECT_EQ(MetadataOf(status)["feedback_id"], stored.feedback_id());
    EXPECT_EQ(MetadataOf(status)["survey_id"], "nps");
  }
  EXPECT_EQ(Status(client()).sequence(), before.sequence());
  EXPECT_THAT(Value(GetById(client(), "nps", stored.feedback_id())).feedback(),
              EqualsMessage(stored));
}

TEST_P(FeedbackTest, ARetryShowsNothingOfWhatStaffChanged) {
  const v1::Feedback sent = FullAnswer();
  const v1::Feedback stored = Submit(client(), sent).feedback();
  v1::AmendFeedbackRequest amend;
  *amend.mutable_feedback() = stored;
  amend.mutable_feedback()->set_comment("what staff wrote");
  amend.mutable_update_mask()->add_paths("comment");
  ASSERT_OK(client().AmendFeedback(amend));
  v1::SubmitFeedbackRequest request;
  *request.mutable_feedback() = sent;
  const v1::SubmitFeedbackResponse again = Value(client().connection().SubmitFeedback(request));
  EXPECT_TRUE(again.already_existed());
  v1::Feedback receipt;
  receipt.set_survey_id("nps");
  receipt.set_feedback_id(stored.feedback_id());
  receipt.set_external_id(sent.external_id());
  *receipt.mutable_occur_time() = stored.occur_time();
  *receipt.mutable_receive_time() = stored.receive_time();
  EXPECT_THAT(again.feedback(), EqualsMessage(receipt));
  // The first try is answered alike.
  request.mutable_feedback()->set_external_id("another");
  request.mutable_feedback()->set_feedback_id(NewFeedbackId(At("2024-03-31T00:59:59.123Z")));
  const v1::SubmitFeedbackResponse first = Value(client().connection().SubmitFeedback(request));
  EXPECT_FALSE(first.already_existed());
  EXPECT_EQ(first.feedback().feedback_id(), request.feedback().feedback_id());
  EXPECT_TRUE(first.feedback().comment().empty());
  EXPECT_TRUE(first.feedback().etag().empty());
}

TEST_P(FeedbackTest, ComesExcludedWhenItIsSentSo) {
  v1::Feedback sent = Answer("nps", "row", At("2024-01-01T00:00:00Z"), 9);
  sent.mutable_exclusion()->set_reason(v1::EXCLUSION_REASON_BOT);
  const v1::Feedback stored = Submit(client(), sent).feedback();
  EXPECT_EQ(stored.exclusion().reason(), v1::EXCLUSION_REASON_BOT);
  EXPECT_EQ(FromTimestamp(stored.exclusion().time()), FromTimestamp(stored.receive_time()));
  const v1::MetricValue total = Total(client(), "nps");
  EXPECT_EQ(total.answers(), 0);
  ASSERT_EQ(total.excluded_size(), 1);
  EXPECT_EQ(total.excluded(0).reason(), v1::EXCLUSION_REASON_BOT);
}

TEST_P(FeedbackTest, IdsBelongToTheirSurvey) {
  Create(client(), NpsSurvey("other"));
  v1::Feedback sent = FullAnswer();
  Submit(client(), sent);
  sent.set_survey_id("other");
  sent.set_score(0);
  EXPECT_FALSE(Submit(client(), sent).already_existed());
  EXPECT_EQ(Value(GetByExternalId(client(), "nps", sent.external_id())).feedback().score(), 9);
  EXPECT_EQ(Value(GetByExternalId(client(), "other", sent.external_id())).feedback().score(), 0);
}

TEST_P(FeedbackTest, IdsAreCaseSensitive) {
  const absl::Time time = At("2024-01-01T00:00:00Z");
  EXPECT_FALSE(Submit(client(), Answer("nps", "a1", time, 9)).already_existed());
  EXPECT_FALSE(Submit(client(), Answer("nps", "A1", time, 3)).already_existed());
  EXPECT_EQ(Value(GetByExternalId(client(), "nps", "A1")).feedback().score(), 3);
}

TEST_P(FeedbackTest, ZeroIsAScoreAndNoneIsNot) {
  const absl::Time time = At("2024-01-01T00:00:00Z");
  const v1::Feedback zero = Submit(client(), Answer("nps", "zero", time, 0)).feedback();
  const v1::Feedback none = Submit(client(), Answer("nps", "none", time)).feedback();
  EXPECT_TRUE(zero.has_score());
  EXPECT_FALSE(none.has_score());
  EXPECT_TRUE(Value(GetByExternalId(client(), "nps", "zero")).feedback().has_score());
  EXPECT_FALSE(Value(GetByExternalId(client(), "nps", "none")).feedback().has_score());
  const v1::MetricValue total = Total(client(), "nps");
  EXPECT_THAT(total, IsNps(0, 0, 1));
  EXPECT_EQ(total.unscored(), 1);
}

TEST_P(FeedbackTest, EveryAcceptedRecordTakesTheNextSequence) {
  const int64_t start = Status(client()).sequence();
  for (int i = 1; i <= 3; ++i) {
    const v1::SubmitFeedbackResponse response =
        Submit(client(), Answer("nps", absl::StrCat("row ", i), At("2024-01-01T00:00:00Z"), 9));
    EXPECT_EQ(response.sequence(), start + i);
    EXPECT_EQ(response.feedback().sequence(), start + i);
  }
  // Neither a duplicate nor a refusal takes one.
  EXPECT_EQ(Submit(client(), Answer("nps", "row 1", At("2024-01-01T00:00:00Z"), 9)).sequence(),
            start + 3);
  EXPECT_FALSE(TrySubmit(client(), Answer("nps", "bad", At("2024-01-01T00:00:00Z"), 11)).ok());
  EXPECT_EQ(Status(client()).sequence(), start + 3);
}

TEST_P(FeedbackTest, WhatWasAcknowledgedCanBeReadAtOnce) {
  for (int i = 1; i <= 50; ++i) {
    const v1::SubmitFeedbackResponse response =
        Submit(client(), Answer("nps", absl::StrCat("row ", i), At("2024-01-01T00:00:00Z"), 10));
    const v1::QueryMetricResponse answer = Query(client(), "survey_ids: 'nps'");
    ASSERT_GE(answer.sequence(), response.sequence());
    ASSERT_EQ(answer.total().points(0).answers(), i);
  }
}

TEST_P(FeedbackTest, StatusCountsWhatHappened) {
  const absl::Time time = At("2024-01-01T00:00:00Z");
  for (int i = 0; i < 4; ++i) {
    v1::Feedback sent = Answer("nps", absl::StrCat("row ", i), time, 9);
    sent.set_customer_id(absl::StrCat("customer ", i % 2));
    Submit(client(), sent);
  }
  Submit(client(), Answer("nps", "anonymous", time, 9));
  Submit(client(), Answer("nps", "anonymous", time, 9));
  EXPECT_FALSE(TrySubmit(client(), Answer("nps", "anonymous", time, 8)).ok());
  const v1::GetStatusResponse status = Status(client());
  EXPECT_EQ(status.feedback_count(), 5);
  EXPECT_EQ(status.customer_count(), 2);
  EXPECT_EQ(status.survey_count(), 1);
  EXPECT_EQ(status.sequence(), 6);
  EXPECT_EQ(status.since_start().accepted(), 5);
  EXPECT_EQ(status.since_start().already_existed(), 1);
  EXPECT_EQ(status.since_start().refused(), 1);
  EXPECT_THAT(status.since_start().groups(), AllOf(Ge(1), Le(8)));
  EXPECT_EQ(status.undecodable_values(), 0);
  EXPECT_EQ(status.queue().bytes(), 0);
  EXPECT_GT(status.queue().bytes_max(), 0);
  EXPECT_TRUE(Uuid::Parse(status.store_id()).has_value());
  EXPECT_FALSE(status.version().empty());
}

TEST_P(FeedbackTest, WhatIsNotThereIsNotFound) {
  Submit(client(), FullAnswer());
  const absl::Status survey = GetByExternalId(client(), "other", "x").status();
  EXPECT_THAT(survey, HasReason(v1::ERROR_REASON_SURVEY_NOT_FOUND));
  EXPECT_EQ(MetadataOf(survey)["survey_id"], "other");
  for (const absl::Status& status :
       {GetByExternalId(client(), "nps", "x").status(),
        GetById(client(), "nps", NewFeedbackId(At("2024-01-01T00:00:00Z"))).status()}) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound));
    EXPECT_THAT(status, HasReason(v1::ERROR_REASON_FEEDBACK_NOT_FOUND));
    EXPECT_EQ(MetadataOf(status)["survey_id"], "nps");
  }
}

class ClockedFeedbackTest : public ClockedServiceTest {
 protected:
  ClockedFeedbackTest() { Create(client(), NpsSurvey("nps")); }

  v1::Feedback Timeless(const std::string& external_id) {
    v1::Feedback feedback;
    feedback.set_survey_id("nps");
    feedback.set_external_id(external_id);
    feedback.set_score(9);
    return feedback;
  }
};

TEST_F(ClockedFeedbackTest, WithoutATimeTakesTheServersClock) {
  clock().Advance(absl::Microseconds(1'999));
  const v1::Feedback stored = Submit(client(), Timeless("row")).feedback();
  EXPECT_EQ(FromTimestamp(stored.occur_time()), kFakeNow + absl::Milliseconds(1));
  EXPECT_EQ(FromTimestamp(stored.receive_time()), kFakeNow + absl::Milliseconds(1));
}

TEST_F(ClockedFeedbackTest, ARetryIsTheSameAlthoughTheClockWentOn) {
  const v1::Feedback first = Submit(client(), Timeless("row")).feedback();
  clock().Advance(absl::Hours(24 * 400));
  const v1::SubmitFeedbackResponse again = Submit(client(), Timeless("row"));
  EXPECT_TRUE(again.already_existed());
  EXPECT_THAT(again.feedback(), EqualsMessage(first));
  // As the service answered it, which is how a mirror sends it.
  v1::Feedback with_time = Timeless("row");
  *with_time.mutable_occur_time() = first.occur_time();
  EXPECT_TRUE(Submit(client(), with_time).already_existed());
  with_time.mutable_occur_time()->set_seconds(first.occur_time().seconds() - 1);
  EXPECT_THAT(TrySubmit(client(), with_time), HasReason(v1::ERROR_REASON_CONTENT_DIFFERS));
  EXPECT_EQ(Status(client()).feedback_count(), 1);
}

TEST_F(ClockedFeedbackTest, AnAnswerCanBeFiveMinutesAhead) {
  const absl::Time limit = kFakeNow + absl::Minutes(5);
  EXPECT_OK(TrySubmit(client(), Answer("nps", "at the limit", limit, 9)));
  EXPECT_THAT(TrySubmit(client(), Answer("nps", "past", limit + absl::Milliseconds(1), 9)),
              HasReason(v1::ERROR_REASON_TIME_OUT_OF_RANGE));
  v1::Feedback by_id;
  by_id.set_survey_id("nps");
  by_id.set_feedback_id(NewFeedbackId(limit));
  EXPECT_OK(TrySubmit(client(), by_id));
  by_id.set_feedback_id(NewFeedbackId(limit + absl::Milliseconds(1)));
  const absl::Status status = TrySubmit(client(), by_id).status();
  EXPECT_THAT(status, HasReason(v1::ERROR_REASON_TIME_OUT_OF_RANGE));
  EXPECT_THAT(status, HasField("feedback.feedback_id"));
  // It counts at once, although it has not happened yet.
  EXPECT_EQ(Total(client(), "nps").answers(), 1);
}

TEST_F(ClockedFeedbackTest, UptimeIsCountedOnTheServersClock) {
  clock().Advance(absl::Milliseconds(90'250));
  EXPECT_EQ(Status(client()).uptime().seconds(), 90);
  EXPECT_EQ(Status(client()).uptime().nanos(), 250'000'000);
}

}  // namespace
}  // namespace emptychair::testing
