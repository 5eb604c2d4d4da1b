// How much customers repeat themselves, measured and used through the whole service.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/timestamp.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/times.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

class RepeatProfileTest : public ClockedServiceTest {
 protected:
  void SetUp() override {
    Create(client(), SurveyOf("nps", "kind: SURVEY_KIND_NPS dimensions: 'channel'"));
  }

  // Forty customers, each with two answers that are alike, in June of 2024; one more long before.
  void AddTwice() {
    std::vector<v1::Feedback> answers;
    for (int i = 0; i < 81; ++i) {
      v1::Feedback& answer = answers.emplace_back();
      answer.set_survey_id("nps");
      answer.set_external_id(absl::StrCat("answer-", i));
      answer.set_customer_id(absl::StrCat("customer-", i % 40));
      answer.set_score(i % 40 < 30 ? 9 : 3);
      (*answer.mutable_labels())["channel"] = "web";
      *answer.mutable_occur_time() =
          ToTimestamp(i == 80 ? At("2024-04-01T10:00:00Z")
                              : At("2024-06-10T10:00:00Z") + (i % 7) * absl::Hours(24));
    }
    SubmitAll(client(), answers);
  }

  absl::StatusOr<v1::GetRepeatProfileResponse> Profile(const std::string& survey_id = "nps") {
    v1::GetRepeatProfileRequest request;
    request.set_survey_id(survey_id);
    return client().GetRepeatProfile(request);
  }

  absl::StatusOr<v1::MeasureRepeatsResponse> Measure(const std::string& request) {
    return client().MeasureRepeats(FromText<v1::MeasureRepeatsRequest>(request));
  }
};

TEST_F(RepeatProfileTest, SaysWhatWasMeasured) {
  EXPECT_THAT(Profile(), HasReason(v1::ERROR_REASON_EFFECTS_UNKNOWN));
  AddTwice();
  const int64_t sequence = Status(client()).sequence();
  const v1::MeasureRepeatsResponse measured = Value(Measure("survey_id: 'nps'"));
  EXPECT_EQ(measured.effects_sequence(), sequence);
  EXPECT_EQ(measured.sequence(), sequence + 1);
  const v1::GetRepeatProfileResponse profile = Value(Profile());
  EXPECT_EQ(profile.effects_sequence(), sequence);
  EXPECT_EQ(profile.sequence(), sequence + 1);
  EXPECT_EQ(profile.answers(), 81);
  EXPECT_EQ(profile.measured_days(), 91);
  EXPECT_EQ(profile.method(), v1::METRIC_METHOD_NET_PROMOTER);
  EXPECT_EQ(FromTimestamp(profile.measure_time()), kFakeNow);
  // Three months are whole; the oldest answer is in none of them.
  EXPECT_DOUBLE_EQ(profile.repeat_share(), 0.5);
  // Of all and of the channel, in windows of a day, a month and all days.
  ASSERT_EQ(profile.effects_size(), 6);
  EXPECT_EQ(profile.effects(1).key(), "");
  EXPECT_FALSE(profile.effects(1).has_group_value());
  EXPECT_EQ(profile.effects(1).days(), 30);
  EXPECT_EQ(profile.effects(1).customers(), 40);
  EXPECT_NEAR(profile.effects(1).design_effect(), 2, 0.02);
  EXPECT_EQ(profile.effects(4).key(), "channel");
  EXPECT_EQ(profile.effects(4).group_value().value(), "web");
}

TEST_F(RepeatProfileTest, ChartsFollowItUntilItIsMeasuredAgain) {
  AddTwice();
  const v1::QueryMetricRequest june = FromText<v1::QueryMetricRequest>(
      "survey_ids: 'nps' interval { start_time { seconds: 1717200000 } "
      "end_time { seconds: 1719792000 } }");
  EXPECT_EQ(Value(client().QueryMetric(june)).method_info().interval_rule(),
            v1::INTERVAL_RULE_CUSTOMERS);
  const int64_t effects = Value(Measure("survey_id: 'nps'")).effects_sequence();
  const v1::QueryMetricResponse charted = Value(client().QueryMetric(june));
  EXPECT_EQ(charted.method_info().interval_rule(), v1::INTERVAL_RULE_ESTIMATED);
  EXPECT_EQ(charted.method_info().effects_sequence(), effects);
  EXPECT_EQ(charted.records_scanned(), 0);
  EXPECT_LT(charted.total().points(0).effective_sample(), 45);
  EXPECT_NEAR(charted.total().points(0).design_effect(), 161.0 / 81, 0.02);
  // What comes after it changes neither effects nor rule.
  SubmitAll(client(), NpsAnswers("nps", 5, 0, 0, At("2024-06-20T00:00:00Z")));
  EXPECT_EQ(Value(client().QueryMetric(june)).method_info().effects_sequence(), effects);
  // From before there was anything nothing can be known.
  EXPECT_OK(Measure("survey_id: 'nps' as_of { seconds: 1711929600 }"));
  EXPECT_THAT(Profile(), HasReason(v1::ERROR_REASON_EFFECTS_UNKNOWN));
}

TEST_F(RepeatProfileTest, NamesWhatItCannotDo) {
  EXPECT_THAT(Profile(""), HasReason(v1::ERROR_REASON_FIELD_REQUIRED));
  EXPECT_THAT(Profile("none"), HasReason(v1::ERROR_REASON_SURVEY_NOT_FOUND));
  EXPECT_THAT(Measure(""), HasReason(v1::ERROR_REASON_FIELD_REQUIRED));
  EXPECT_THAT(Measure("survey_id: 'none'"), HasReason(v1::ERROR_REASON_SURVEY_NOT_FOUND));
  EXPECT_THAT(Measure("survey_id: 'nps' as_of { seconds: -1 }"),
              HasReason(v1::ERROR_REASON_FIELD_INVALID));
  EXPECT_THAT(Measure("survey_id: 'nps' as_of { nanos: -1 }"),
              HasReason(v1::ERROR_REASON_FIELD_INVALID));
  const int64_t sequence = Status(client()).sequence();
  // Nothing to know is nothing to store; what is still to come counts as now.
  EXPECT_EQ(Value(Measure("survey_id: 'nps' as_of { seconds: 4000000000 }")).sequence(), sequence);
  EXPECT_EQ(Status(client()).sequence(), sequence);
}

}  // namespace
}  // namespace emptychair::testing
