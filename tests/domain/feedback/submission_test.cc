#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/uuid.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/feedback/feedback.h"
#include "server/request/validation.h"
#include "tests/domain/harness/hand_made_view.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;

constexpr auto kRequired = v1::ERROR_REASON_FIELD_REQUIRED;
constexpr auto kInvalid = v1::ERROR_REASON_FIELD_INVALID;

// 2024-03-31T00:30Z: half an hour before clocks in Berlin go forward.
constexpr int64_t kNow = 1'711'845'000;

class PrepareSubmissionTest : public ::testing::Test {
 protected:
  absl::StatusOr<store::v1::Submission> Prepare(const std::string& feedback) const {
    store::v1::Submission submission;
    const absl::Status status = PrepareSubmission(
        Parse<v1::Feedback>(feedback), absl::FromUnixSeconds(kNow), *view_, hash_, submission);
    return status.ok() ? absl::StatusOr<store::v1::Submission>(submission) : status;
  }
  static Uuid IdOf(const store::v1::Submission& submission) {
    return *Uuid::FromBytes(submission.feedback_id());
  }

  const storage::KeyedHash hash_{storage::KeyedHash::Secret{1, 2, 3}};
  const std::shared_ptr<const storage::View> view_ =
      ViewOf({{.definition = "survey_id: 'nps' kind: SURVEY_KIND_NPS"},
              {.definition = "survey_id: 'berlin' kind: SURVEY_KIND_NPS "
                             "time_zone: 'Europe/Berlin'"},
              {.definition = "survey_id: 'lost' kind: SURVEY_KIND_NPS "
                             "time_zone: 'Nowhere/Land'"}});
};

TEST_F(PrepareSubmissionTest, ASurveyWhoseZoneIsNotKnownTakesNothing) {
  const absl::Status status = Prepare("survey_id: 'lost' external_id: 'a'").status();
  EXPECT_THAT(status, HasReason(v1::ERROR_REASON_ZONE_UNKNOWN));
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("Nowhere/Land"));
  EXPECT_EQ(MetadataOf(status)["time_zone"], "Nowhere/Land");
  EXPECT_EQ(MetadataOf(status)["survey_id"], "lost");
}

TEST_F(PrepareSubmissionTest, AnExternalIdAloneGivesTheSameIdAtTheSameTime) {
  ASSERT_OK_AND_ASSIGN(const auto first, Prepare("survey_id: 'nps' external_id: 'a'"));
  ASSERT_OK_AND_ASSIGN(const auto again, Prepare("survey_id: 'nps' external_id: 'a'"));
  ASSERT_OK_AND_ASSIGN(const auto other, Prepare("survey_id: 'nps' external_id: 'b'"));
  ASSERT_OK_AND_ASSIGN(const auto elsewhere, Prepare("survey_id: 'berlin' external_id: 'a'"));
  EXPECT_EQ(IdOf(first).UnixMs(), kNow * 1'000);
  EXPECT_TRUE(IdOf(first).IsV7());
  EXPECT_EQ(first.SerializeAsString(), again.SerializeAsString());
  EXPECT_NE(first.feedback_id(), other.feedback_id());
  EXPECT_NE(first.feedback_id(), elsewhere.feedback_id());
}

TEST_F(PrepareSubmissionTest, TheIdGivesTheTimeAndMustAgreeWithIt) {
  const std::string id = Uuid::MakeV7(kNow * 1'000 - 5, {}).ToString();
  const std::string feedback = absl::StrCat("survey_id: 'nps' feedback_id: '", id, "' ");
  ASSERT_OK_AND_ASSIGN(const auto submission, Prepare(feedback));
  EXPECT_EQ(IdOf(submission).ToString(), id);
  EXPECT_THAT(Prepare(absl::StrCat(feedback, "occur_time { seconds: ", kNow, " }")),
              AllOf(HasReason(v1::ERROR_REASON_ID_TIME_MISMATCH), HasField("feedback.occur_time")));
}

TEST_F(PrepareSubmissionTest, SaysWhichOfIdAndTimeWereSent) {
  struct Case {
    std::string fields;
    bool id;
    bool time;
  };
  for (const Case& c :
       std::vector<Case>{{"external_id: 'a'", false, false},
                         {"external_id: 'a' occur_time { seconds: 1711845000 }", false, true},
                         {"feedback_id: '018e8a00-0000-7000-8000-000000000001'", true, true}}) {
    ASSERT_OK_AND_ASSIGN(const auto submission, Prepare("survey_id: 'nps' " + c.fields));
    EXPECT_EQ(submission.id_was_sent(), c.id) << c.fields;
    EXPECT_EQ(submission.time_was_sent(), c.time) << c.fields;
  }
}

TEST_F(PrepareSubmissionTest, TakesAnExclusionThatCameWithTheRecord) {
  const std::string plain = "survey_id: 'nps' external_id: 'a' ";
  ASSERT_OK_AND_ASSIGN(const auto counted, Prepare(plain));
  EXPECT_EQ(counted.exclusion_reason(), v1::EXCLUSION_REASON_UNSPECIFIED);
  ASSERT_OK_AND_ASSIGN(
      const auto excluded,
      Prepare(plain +
              "exclusion { reason: EXCLUSION_REASON_STAFF note: 'n' time { seconds: 9 } }"));
  EXPECT_EQ(excluded.exclusion_reason(), v1::EXCLUSION_REASON_STAFF);
  EXPECT_EQ(excluded.body().exclusion_note(), "n");
  EXPECT_EQ(excluded.body().exclusion_time_ms(), 9'000);
  ASSERT_OK_AND_ASSIGN(const auto now, Prepare(plain + "exclusion { reason: 1 }"));
  EXPECT_EQ(now.body().exclusion_time_ms(), now.body().receive_time_ms());
}

TEST_F(PrepareSubmissionTest, RefusesAnExclusionThatIsNone) {
  const std::string plain = "survey_id: 'nps' external_id: 'a' ";
  EXPECT_THAT(
      Prepare(plain + "exclusion { note: 'n' }"),
      AllOf(HasReason(v1::ERROR_REASON_FIELD_REQUIRED), HasField("feedback.exclusion.reason")));
  EXPECT_THAT(
      Prepare(plain + "exclusion { reason: 77 }"),
      AllOf(HasReason(v1::ERROR_REASON_FIELD_INVALID), HasField("feedback.exclusion.reason")));
  EXPECT_THAT(
      Prepare(plain + "exclusion { reason: 1 note: '" + std::string(1'025, 'n') + "' }"),
      AllOf(HasReason(v1::ERROR_REASON_FIELD_INVALID), HasField("feedback.exclusion.note")));
  EXPECT_THAT(
      Prepare(plain + "exclusion { reason: 1 time { seconds: 9000000000 } }"),
      AllOf(HasReason(v1::ERROR_REASON_TIME_OUT_OF_RANGE), HasField("feedback.exclusion.time")));
}

TEST_F(PrepareSubmissionTest, LabelsAreOrderedByKey) {
  ASSERT_OK_AND_ASSIGN(const auto submission,
                       Prepare("survey_id: 'nps' external_id: 'a' labels { key: 'z' value: '1' } "
                               "labels { key: 'a' value: '2' } labels { key: 'm' value: '3' }"));
  std::vector<std::string> keys;
  for (const store::v1::StoredLabel& label : submission.body().labels()) {
    keys.push_back(label.key());
  }
  EXPECT_THAT(keys, ElementsAre("a", "m", "z"));
}

TEST_F(PrepareSubmissionTest, KnowsTheOffsetOfTheSurveysZoneAtThatTime) {
  ASSERT_OK_AND_ASSIGN(const auto winter, Prepare("survey_id: 'berlin' external_id: 'a' occur_time "
                                                  "{ seconds: 1706702400 }"));
  EXPECT_EQ(winter.zone_offset_seconds(), 3'600);
  ASSERT_OK_AND_ASSIGN(const auto summer, Prepare("survey_id: 'berlin' external_id: 'a' occur_time "
                                                  "{ seconds: 1690000000 }"));
  EXPECT_EQ(summer.zone_offset_seconds(), 7'200);
  ASSERT_OK_AND_ASSIGN(const auto utc, Prepare("survey_id: 'nps' external_id: 'a'"));
  EXPECT_EQ(utc.zone_offset_seconds(), 0);
}

TEST_F(PrepareSubmissionTest, RefusesWhatIsNoRecord) {
  const std::string ahead = absl::StrCat("occur_time { seconds: ", kNow + 300, " nanos: 1000000 }");
  const std::string too_long(kCommentBytesMax + 1, 'x');
  const struct {
    std::string feedback;
    v1::ErrorReason reason;
    std::string field;
  } cases[] = {
      {"external_id: 'a'", kRequired, "feedback.survey_id"},
      {"survey_id: 'NPS' external_id: 'a'", kInvalid, "feedback.survey_id"},
      {"survey_id: 'nps'", v1::ERROR_REASON_ID_REQUIRED, "feedback.feedback_id"},
      {"survey_id: 'nps' feedback_id: 'x'", kInvalid, "feedback.feedback_id"},
      {"survey_id: 'nps' external_id: '\\001'", kInvalid, "feedback.external_id"},
      {"survey_id: 'nps' external_id: 'a' customer_id: '\\177'", kInvalid, "feedback.customer_id"},
      {"survey_id: 'nps' external_id: 'a' " + ahead, v1::ERROR_REASON_TIME_OUT_OF_RANGE,
       "feedback.occur_time"},
      {"survey_id: 'nps' external_id: 'a' occur_time { seconds: -1 }",
       v1::ERROR_REASON_TIME_OUT_OF_RANGE, "feedback.occur_time"},
      {absl::StrCat("survey_id: 'nps' external_id: 'a' comment: '", too_long, "'"), kInvalid,
       "feedback.comment"},
      {"survey_id: 'nps' external_id: 'a' labels { key: 'K' value: 'v' }", kInvalid,
       "feedback.labels"},
      {"survey_id: 'nps' external_id: 'a' labels { key: 'k' value: '(none)' }", kInvalid,
       "feedback.labels[\"k\"]"},
  };
  for (const auto& test : cases) {
    EXPECT_THAT(Prepare(test.feedback), AllOf(HasReason(test.reason), HasField(test.field)))
        << test.feedback.substr(0, 100);
  }
  EXPECT_THAT(Prepare("survey_id: 'none' external_id: 'a'"),
              HasReason(v1::ERROR_REASON_SURVEY_NOT_FOUND));
  EXPECT_OK(Prepare(
      absl::StrCat("survey_id: 'nps' external_id: 'a' occur_time { seconds: ", kNow + 300, " }")));
}

}  // namespace
}  // namespace emptychair::testing
