// Decompositions of a change through the whole service.
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr double kPrinted = 5e-5;  // What a value printed with four digits may be off by.

std::string GroupText(const v1::Contribution& contribution) {
  v1::MetricSeries series;
  *series.add_group_values() = contribution.group_value();
  return GroupTexts(series).front();
}

std::vector<std::string> GroupsOf(const v1::DimensionContributions& dimension) {
  std::vector<std::string> groups;
  for (const v1::Contribution& contribution : dimension.contributions()) {
    groups.push_back(GroupText(contribution));
  }
  return groups;
}

std::vector<std::string> KeysOf(const v1::DecomposeChangeResponse& response) {
  std::vector<std::string> keys;
  for (const v1::DimensionContributions& dimension : response.dimensions()) {
    keys.push_back(dimension.key());
  }
  return keys;
}

double SumOf(const v1::DimensionContributions& dimension) {
  double sum = 0;
  for (const v1::Contribution& contribution : dimension.contributions()) {
    sum += contribution.total();
  }
  return sum;
}

class MetricChangeTest : public ServiceTest {
 protected:
  // As many answers of an NPS as the counts say, with the labels, on the first day (0) or second
  // (1). Those of no score are counted by none of them.
  void Load(const std::string& survey_id, int day,
            const std::vector<std::pair<std::string, std::string>>& labels, int promoters,
            int passives, int detractors, int unscored = 0) {
    const std::pair<int, int> scores[] = {{promoters, 9}, {passives, 8}, {detractors, 0}};
    std::vector<v1::Feedback> answers;
    const auto add = [&]() -> v1::Feedback& {
      v1::Feedback& answer = answers.emplace_back(
          Answer(survey_id, absl::StrCat("row ", rows_++), kTime + day * absl::Hours(24)));
      answer.mutable_labels()->insert(labels.begin(), labels.end());
      return answer;
    };
    for (const auto& [count, score] : scores) {
      for (int i = 0; i < count; ++i) {
        add().set_score(score);
      }
    }
    for (int i = 0; i < unscored; ++i) {
      add();
    }
    SubmitAll(client(), answers);
  }

  // The question of a day.
  static std::string Day(const std::string& survey_ids, int number, const std::string& more = "") {
    const int64_t start = absl::ToUnixSeconds(kTime) + number * 86'400;
    return absl::StrCat("survey_ids: [", survey_ids, "] interval { start_time { seconds: ", start,
                        " } end_time { seconds: ", start + 86'400, " } } ", more);
  }

  v1::DecomposeChangeResponse DecomposeDays(const std::string& survey_ids,
                                            const std::vector<std::string>& keys = {},
                                            const std::string& more = "") {
    return Decompose(client(), Day(survey_ids, 0, more), Day(survey_ids, 1, more), keys);
  }

  // A change in segments and regions; `agent` is the same as `segment`, but no dimension.
  void LoadSegments() {
    Create(client(), NpsSurvey("nps", {"segment", "region"}));
    const auto labels = [](const std::string& segment, const std::string& region) {
      return std::vector<std::pair<std::string, std::string>>{
          {"segment", segment}, {"agent", segment}, {"region", region}};
    };
    Load("nps", 0, labels("A", "north"), 50, 30, 20);
    Load("nps", 0, labels("B", "south"), 20, 20, 60);
    Load("nps", 1, labels("A", "north"), 60, 25, 0);
    Load("nps", 1, labels("A", "south"), 0, 0, 15);
    Load("nps", 1, labels("B", "south"), 60, 60, 180);
  }

  int rows_ = 0;
};

EMPTYCHAIR_ON_BOTH_BACKENDS(MetricChangeTest);

TEST_P(MetricChangeTest, ADecompositionIsAsItsTableSays) {
  LoadSegments();
  const v1::DecomposeChangeResponse response = DecomposeDays("'nps'", {"segment"});
  EXPECT_EQ(response.base().value(), -5);
  EXPECT_EQ(response.candidate().value(), -18.75);
  EXPECT_EQ(response.delta(), -13.75);
  ASSERT_THAT(response.dimensions(), SizeIs(1));
  EXPECT_THAT(GroupsOf(response.dimensions(0)), ElementsAre("B", "A"));
  const struct {
    double mix, score, total, low, high;
  } rows[] = {{-7.0313, 0, -7.0313, -19.1762, 5.1137},
              {-12.3438, 5.6250, -6.7188, -17.3223, 3.8848}};
  for (int i = 0; i < 2; ++i) {
    const v1::Contribution& contribution = response.dimensions(0).contributions(i);
    SCOPED_TRACE(contribution.ShortDebugString());
    EXPECT_NEAR(contribution.mix(), rows[i].mix, kPrinted);
    EXPECT_NEAR(contribution.score(), rows[i].score, kPrinted);
    EXPECT_NEAR(contribution.total(), rows[i].total, kPrinted);
    EXPECT_NEAR(contribution.low(), rows[i].low, kPrinted);
    EXPECT_NEAR(contribution.high(), rows[i].high, kPrinted);
  }
}

TEST_P(MetricChangeTest, ValuesAreWhatQueriesAnswer) {
  LoadSegments();
  const std::string more = "confidence: 0.9 min_sample: 2";
  const v1::DecomposeChangeResponse response = DecomposeDays("'nps'", {"region"}, more);
  const v1::QueryMetricResponse before =
      Query(client(), Day("'nps'", 0, more + " group_by: 'region'"));
  const v1::QueryMetricResponse after =
      Query(client(), Day("'nps'", 1, more + " group_by: 'region'"));
  EXPECT_THAT(response.base(), EqualsMessage(before.total().points(0)));
  EXPECT_THAT(response.candidate(), EqualsMessage(after.total().points(0)));
  v1::MethodInfo info = before.method_info();
  info.set_tests(2);
  info.set_interval_confidence(response.method_info().interval_confidence());
  EXPECT_THAT(response.method_info(), EqualsMessage(info));
  EXPECT_NEAR(info.interval_confidence(), 1 - 0.1 / 2, 1e-12);
  EXPECT_EQ(response.sequence(), Status(client()).sequence());
  ASSERT_THAT(response.dimensions(), SizeIs(1));
  ASSERT_THAT(response.dimensions(0).contributions(), SizeIs(2));
  for (const v1::Contribution& contribution : response.dimensions(0).contributions()) {
    const int series = GroupText(contribution) == "north" ? 0 : 1;
    EXPECT_THAT(contribution.base(), EqualsMessage(before.series(series).points(0)));
    EXPECT_THAT(contribution.candidate(), EqualsMessage(after.series(series).points(0)));
  }
}

TEST_P(MetricChangeTest, WithoutKeysEveryDimensionInUseExplainsTheWholeChange) {
  LoadSegments();
  const v1::DecomposeChangeResponse response = DecomposeDays("'nps'");
  EXPECT_THAT(KeysOf(response), ElementsAre("segment", "region"));
  for (const v1::DimensionContributions& dimension : response.dimensions()) {
    EXPECT_NEAR(SumOf(dimension), response.delta(), 1e-9) << dimension.key();
  }
  v1::UpdateSurveyRequest request;
  *request.mutable_survey() = SurveyOf("nps", "dimensions: ['segment', 'channel']");
  request.mutable_update_mask()->add_paths("dimensions");
  ASSERT_OK(client().UpdateSurvey(request));
  // One is retired, and can still be asked for; one is new, and nothing has it yet.
  const v1::DecomposeChangeResponse retired = DecomposeDays("'nps'");
  EXPECT_THAT(KeysOf(retired), ElementsAre("segment", "channel"));
  EXPECT_THAT(GroupsOf(retired.dimensions(1)), ElementsAre("(none)"));
  EXPECT_NEAR(retired.dimensions(1).contributions(0).score(), response.delta(), 1e-9);
  const v1::DecomposeChangeResponse asked = DecomposeDays("'nps'", {"region", "segment"});
  EXPECT_THAT(asked.dimensions(0), EqualsMessage(response.dimensions(1)));
  EXPECT_THAT(asked.dimensions(1), EqualsMessage(response.dimensions(0)));
}

TEST_P(MetricChangeTest, PooledSurveysAreSlicesToo) {
  Create(client(), NpsSurvey("one", {"channel", "region"}));
  Create(client(), NpsSurvey("two", {"region", "channel", "plan"}));
  Load("one", 0, {}, 5, 0, 5);
  Load("one", 1, {}, 10, 0, 0);
  Load("two", 0, {}, 5, 0, 5);
  Load("two", 1, {}, 0, 0, 10);
  const v1::DecomposeChangeResponse pooled = DecomposeDays("'one', 'two'");
  EXPECT_THAT(KeysOf(pooled), ElementsAre("channel", "region", "survey_id"));
  EXPECT_EQ(pooled.delta(), 0);
  const v1::DimensionContributions& by_survey = pooled.dimensions(2);
  EXPECT_THAT(GroupsOf(by_survey), ElementsAre("one", "two"));
  EXPECT_EQ(by_survey.contributions(0).total(), 50);
  EXPECT_EQ(by_survey.contributions(1).total(), -50);
  EXPECT_THAT(KeysOf(DecomposeDays("'two'")), ElementsAre("region", "channel", "plan"));
  const v1::DecomposeChangeResponse single = DecomposeDays("'one'", {"survey_id"});
  EXPECT_THAT(GroupsOf(single.dimensions(0)), ElementsAre("one"));
  EXPECT_EQ(single.dimensions(0).contributions(0).total(), 100);
  // From one survey to another, in one window, the keys are those that both have.
  const v1::DecomposeChangeResponse across = Decompose(client(), Day("'two'", 0), Day("'one'", 0));
  EXPECT_THAT(KeysOf(across), ElementsAre("region", "channel"));
}

TEST_P(MetricChangeTest, AGroupOfOneSideOnlyHasNoAnswersOnTheOther) {
  Create(client(), NpsSurvey("nps", {"channel"}));
  Load("nps", 0, {{"channel", "web"}}, 10, 0, 0);
  Load("nps", 0, {{"channel", "fax"}}, 0, 10, 0);
  Load("nps", 1, {{"channel", "web"}}, 10, 0, 0);
  Load("nps", 1, {{"channel", "app"}}, 0, 0, 10);
  for (const char* more : {"", "min_sample: 5"}) {
    SCOPED_TRACE(more);
    const v1::DecomposeChangeResponse response = DecomposeDays("'nps'", {}, more);
    EXPECT_EQ(response.delta(), -50);
    ASSERT_THAT(response.dimensions(), SizeIs(1));
    ASSERT_THAT(GroupsOf(response.dimensions(0)), ElementsAre("app", "fax", "web"));
    const v1::Contribution& app = response.dimensions(0).contributions(0);
    EXPECT_FALSE(app.suppressed());
    EXPECT_FALSE(app.base().has_value());
    EXPECT_EQ(app.base().answers(), 0);
    EXPECT_EQ(app.score(), 0);
    EXPECT_EQ(app.total(), 0.5 * (-100 - 25));
    const v1::Contribution& fax = response.dimensions(0).contributions(1);
    EXPECT_EQ(fax.candidate().answers(), 0);
    EXPECT_EQ(fax.total(), -0.5 * (0 - 25));
    EXPECT_EQ(SumOf(response.dimensions(0)), -50);
  }
}

TEST_P(MetricChangeTest, NothingIsExplainedOfWhatIsNotThere) {
  Create(client(), NpsSurvey("nps", {"channel"}));
  Load("nps", 0, {}, 0, 0, 0, 3);
  Load("nps", 1, {}, 3, 3, 3);
  Load("nps", 2, {}, 9, 9, 9);
  for (const auto& [base, candidate] :
       {std::pair(Day("'nps'", 0), Day("'nps'", 1)), std::pair(Day("'nps'", 1), Day("'nps'", 0)),
        std::pair(Day("'nps'", 1, "min_sample: 10"), Day("'nps'", 2)),
        std::pair(Day("'nps'", 2), Day("'nps'", 1, "min_sample: 10"))}) {
    const v1::DecomposeChangeResponse response = Decompose(client(), base, candidate);
    EXPECT_FALSE(response.has_delta());
    EXPECT_THAT(response.dimensions(), IsEmpty());
    EXPECT_NE(response.base().has_value(), response.candidate().has_value());
    EXPECT_EQ(response.method_info().method(), v1::METRIC_METHOD_NET_PROMOTER);
  }
}

TEST_P(MetricChangeTest, SmallGroupsAreSuppressedAndOnlyUnscoredOnesAreLeftOut) {
  Create(client(), SurveyOf("nps", "kind: SURVEY_KIND_NPS dimensions: 'channel' min_sample: 5"));
  Load("nps", 0, {{"channel", "web"}}, 10, 10, 0);
  Load("nps", 0, {{"channel", "app"}}, 0, 0, 4);
  Load("nps", 0, {{"channel", "fax"}}, 0, 0, 0, 7);
  Load("nps", 1, {{"channel", "web"}}, 10, 10, 0);
  Load("nps", 1, {{"channel", "app"}}, 20, 0, 0);
  const v1::DecomposeChangeResponse response = DecomposeDays("'nps'");
  ASSERT_THAT(response.dimensions(), SizeIs(1));
  ASSERT_THAT(GroupsOf(response.dimensions(0)), ElementsAre("web", "app"));
  const v1::Contribution& app = response.dimensions(0).contributions(1);
  EXPECT_TRUE(app.suppressed());
  EXPECT_EQ(app.base().answers(), 4);
  EXPECT_TRUE(app.base().suppressed());
  EXPECT_EQ(app.candidate().value(), 100);
  EXPECT_FALSE(app.has_mix() || app.has_score() || app.has_total() || app.has_low() ||
               app.has_high());
  EXPECT_GT(std::abs(SumOf(response.dimensions(0)) - response.delta()), 1);
}

TEST_P(MetricChangeTest, NoneAndOtherAreGroups) {
  v1::Survey survey = NpsSurvey("nps", {"channel"});
  survey.set_max_series(2);
  Create(client(), survey);
  for (int day = 0; day < 2; ++day) {
    Load("nps", day, {{"channel", "web"}}, 10, 10, 10);
    Load("nps", day, {}, 10 + day, 0, 0);
    Load("nps", day, {{"channel", "fax"}}, 10, 0, 5 * day);
    Load("nps", day, {{"channel", "app"}}, 10, 0, 5 * day);
  }
  const v1::DecomposeChangeResponse response = DecomposeDays("'nps'");
  ASSERT_THAT(response.dimensions(), SizeIs(1));
  EXPECT_THAT(GroupsOf(response.dimensions(0)), ElementsAre("(other)", "web", "(none)"));
  EXPECT_NEAR(SumOf(response.dimensions(0)), response.delta(), 1e-9);
}

TEST_P(MetricChangeTest, FiltersOfAnyLabelNarrowWhatIsDecomposed) {
  LoadSegments();
  const v1::DecomposeChangeResponse scanned =
      DecomposeDays("'nps'", {"region"}, "filters { key: 'agent' values: 'A' }");
  const v1::DecomposeChangeResponse cube =
      DecomposeDays("'nps'", {"region"}, "filters { key: 'segment' values: 'A' }");
  EXPECT_EQ(cube.delta(), 15);
  EXPECT_THAT(scanned, EqualsMessage(cube));
  EXPECT_THAT(GroupsOf(cube.dimensions(0)), ElementsAre("north", "south"));
}

TEST_P(MetricChangeTest, MeansAreDecomposedInScorePoints) {
  Create(client(), SurveyOf("csat", "kind: SURVEY_KIND_CSAT dimensions: 'channel'"));
  std::vector<v1::Feedback> answers;
  for (int i = 0; i < 20; ++i) {
    const bool is_web = i % 2 == 0;
    v1::Feedback& answer = answers.emplace_back(Answer("csat", absl::StrCat("row ", i),
                                                       kTime + i / 10 * absl::Hours(24),
                                                       is_web   ? 4
                                                       : i < 10 ? 2
                                                                : 5));
    (*answer.mutable_labels())["channel"] = is_web ? "web" : "app";
  }
  SubmitAll(client(), answers);
  const v1::DecomposeChangeResponse response =
      DecomposeDays("'csat'", {}, "method: METRIC_METHOD_MEAN");
  EXPECT_EQ(response.delta(), 1.5);
  ASSERT_THAT(GroupsOf(response.dimensions(0)), ElementsAre("app", "web"));
  EXPECT_EQ(response.dimensions(0).contributions(0).score(), 1.5);
  EXPECT_EQ(response.dimensions(0).contributions(1).total(), 0);
}

TEST_P(MetricChangeTest, MoreContributionsThanAnAnswerHoldsAreRefused) {
  Create(client(), NpsSurvey("nps", {"region", "channel"}));
  std::vector<v1::Feedback> answers;
  for (int i = 0; i < 5'001; ++i) {
    v1::Feedback& answer =
        answers.emplace_back(Answer("nps", absl::StrCat("many ", i), kTime, i % 11));
    (*answer.mutable_labels())["region"] = absl::StrCat("r", i);
    (*answer.mutable_labels())["channel"] = absl::StrCat("c", std::min(i, 4'999));
  }
  SubmitAll(client(), answers);
  Load("nps", 1, {{"region", "r0"}, {"channel", "c0"}}, 1, 0, 0);
  const v1::DecomposeChangeRequest request =
      ChangeOf(Sides(Day("'nps'", 0), Day("'nps'", 1)), {"region", "channel"});
  const absl::Status status = client().DecomposeChange(request).status();
  EXPECT_THAT(status, HasReason(v1::ERROR_REASON_TOO_MANY_POINTS));
  EXPECT_EQ(MetadataOf(status)["points"], "10001");
  v1::DecomposeChangeRequest fewer = request;
  fewer.mutable_base()->mutable_filters()->Add()->set_key("region");
  fewer.mutable_base()->mutable_filters(0)->add_values("r5000");
  fewer.mutable_base()->mutable_filters(0)->set_negate(true);
  const v1::DecomposeChangeResponse response = Value(client().DecomposeChange(fewer));
  ASSERT_THAT(response.dimensions(), SizeIs(2));
  EXPECT_EQ(response.dimensions(0).contributions_size(), 5'000);
}

}  // namespace
}  // namespace emptychair::testing
