// One meaning of a slice: what the labels say, however the survey changed and whatever tells it.
#include <algorithm>
#include <string>
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

class MetricSliceTest : public ServiceTest {
 protected:
  // Answers with the scores 0 to 10 in turn, of two channels and three plans, one of them none.
  void Load(const std::string& survey_id, int count, int first = 0) {
    std::vector<v1::Feedback> answers;
    for (int i = first; i < first + count; ++i) {
      v1::Feedback feedback =
          Answer(survey_id, absl::StrCat("row ", i), kTime + absl::Minutes(i), i % 11);
      (*feedback.mutable_labels())["channel"] = i % 2 == 0 ? "web" : "app";
      if (i % 3 != 0) {
        (*feedback.mutable_labels())["plan"] = i % 3 == 1 ? "pro" : "free";
      }
      answers.push_back(std::move(feedback));
    }
    SubmitAll(client(), answers);
  }

  void Redefine(const v1::Survey& survey, const std::vector<std::string>& paths) {
    v1::UpdateSurveyRequest request;
    *request.mutable_survey() = survey;
    for (const std::string& path : paths) {
      request.mutable_update_mask()->add_paths(path);
    }
    ASSERT_OK(client().UpdateSurvey(request).status());
  }
  void SetDimensions(const std::string& survey_id, const std::vector<std::string>& dimensions) {
    Redefine(NpsSurvey(survey_id, dimensions), {"dimensions"});
  }

  bool IsSlicedAnew() { return !Status(client()).reslices().empty(); }
  void WaitForReslice() {
    while (IsSlicedAnew()) {
    }
  }

  int64_t Listed(const std::string& survey_id, const std::string& filters) {
    auto request = FromText<v1::ListFeedbackRequest>(
        absl::StrCat("survey_id: '", survey_id, "' page_size: 1000 ", filters));
    int64_t count = 0;
    for (const absl::StatusOr<v1::Feedback>& feedback : client().ListFeedback(request)) {
      EXPECT_OK(feedback.status());
      ++count;
    }
    return count;
  }

  int64_t Explained(const std::string& survey_id, const std::string& filters) {
    auto request = FromText<v1::ExplainMetricRequest>(
        absl::StrCat("query { survey_ids: '", survey_id, "' ", filters, " } page_size: 1000"));
    int64_t count = 0;
    for (const absl::StatusOr<v1::ExplainMetricRow>& row : client().ExplainMetric(request)) {
      EXPECT_OK(row.status());
      ++count;
    }
    return count;
  }

  // Answers that pass the filters, of which every method must find as many.
  int64_t Passing(const std::string& survey_id, const std::string& filters) {
    const int64_t counted = Query(client(), absl::StrCat("survey_ids: '", survey_id, "' ", filters))
                                .total()
                                .points(0)
                                .answers();
    EXPECT_EQ(Listed(survey_id, filters), counted) << filters;
    EXPECT_EQ(Explained(survey_id, filters), counted) << filters;
    return counted;
  }

  std::vector<std::string> Groups(const std::string& survey_id, const std::string& rest) {
    const v1::QueryMetricResponse response =
        Query(client(), absl::StrCat("survey_ids: '", survey_id, "' ", rest));
    std::vector<std::string> groups;
    for (const v1::MetricSeries& series : response.series()) {
      std::string name;
      for (const std::string& value : GroupTexts(series)) {
        absl::StrAppend(&name, value, " ");
      }
      groups.push_back(absl::StrCat(name, series.points(0).answers()));
    }
    return groups;
  }
};

EMPTYCHAIR_ON_BOTH_BACKENDS(MetricSliceTest);

TEST_P(MetricSliceTest, OlderAnswersAreSlicedByANewDimensionAtOnce) {
  constexpr int kAnswers = 6'000;
  Create(client(), NpsSurvey("nps", {"channel"}));
  Load("nps", kAnswers);
  const std::string pro = "filters { key: 'plan' values: 'pro' }";
  const std::string days =
      "granularity: GRANULARITY_DAY trailing_buckets: 2 respondent_rule: RESPONDENT_RULE_ALL ";
  const v1::QueryMetricResponse before =
      Query(client(), absl::StrCat("survey_ids: 'nps' ", days, pro));
  const v1::QueryMetricResponse whole = Query(client(), "survey_ids: 'nps'");
  SetDimensions("nps", {"channel", "plan"});
  int rounds = 0;
  for (bool is_last = false; !is_last; ++rounds) {
    is_last = !IsSlicedAnew();
    const v1::QueryMetricResponse after =
        Query(client(), absl::StrCat("survey_ids: 'nps' ", days, pro));
    EXPECT_THAT(after.total(), EqualsMessage(before.total()));
    EXPECT_THAT(Groups("nps", "group_by: 'plan'"),
                ElementsAre("free 2000", "pro 2000", "(none) 2000"));
    EXPECT_THAT(Groups("nps",
                       "group_by: ['plan', 'survey_id', 'channel'] filters { key: 'plan' "
                       "values: ['pro', '(none)'] negate: true }"),
                ElementsAre("free nps app 1000", "free nps web 1000"));
    EXPECT_THAT(Query(client(), "survey_ids: 'nps'").total(), EqualsMessage(whole.total()));
    const v1::DecomposeChangeResponse change =
        Decompose(client(), "survey_ids: 'nps' interval { end_time { seconds: 1704200000 } }",
                  "survey_ids: 'nps' interval { start_time { seconds: 1704200000 } }");
    ASSERT_THAT(change.dimensions(), SizeIs(2));
    EXPECT_THAT(change.dimensions(1).contributions(), SizeIs(3));
  }
  EXPECT_EQ(
      Query(client(), absl::StrCat("survey_ids: 'nps' interval_rule: INTERVAL_RULE_ANSWERS ", pro))
          .records_scanned(),
      0);
  EXPECT_EQ(Passing("nps", pro), 2'000);
  EXPECT_EQ(Passing("nps", "filters { key: 'plan' values: '(none)' }"), 2'000);
}

TEST_P(MetricSliceTest, AGroupOfADimensionThatIsNotDoneCanBeExplained) {
  Create(client(), NpsSurvey("nps", {"channel", "plan"}));
  Load("nps", 30);
  SetDimensions("nps", {"channel"});
  const auto request = FromText<v1::ExplainMetricRequest>(
      "query { survey_ids: 'nps' group_by: 'plan' } group_values { value: 'pro' }");
  int rows = 0;
  for (const absl::StatusOr<v1::ExplainMetricRow>& row : client().ExplainMetric(request)) {
    ASSERT_OK(row.status());
    EXPECT_EQ(row->feedback().labels().at("plan"), "pro");
    ++rows;
  }
  EXPECT_EQ(rows, 10);
}

TEST_P(MetricSliceTest, PastMaxSeriesAFilterFindsWhatTheListDoes) {
  v1::Survey survey = NpsSurvey("full", {"channel", "agent"});
  survey.set_max_series(3);
  Create(client(), survey);
  std::vector<v1::Feedback> answers;
  for (int i = 0; i < 20; ++i) {
    answers.push_back(Answer("full", absl::StrCat("row ", i), kTime, i % 11));
    (*answers.back().mutable_labels())["agent"] = absl::StrCat("agent", i % 10);
    (*answers.back().mutable_labels())["channel"] = i < 10 ? "web" : "app";
  }
  SubmitAll(client(), answers);
  const std::pair<const char*, int> rows[] = {
      {"filters { key: 'agent' values: 'agent7' }", 2},
      {"filters { key: 'agent' values: 'agent1' }", 2},
      {"filters { key: 'agent' values: ['agent1', 'agent7'] }", 4},
      {"filters { key: 'agent' values: 'agent7' negate: true }", 18},
      {"filters { key: 'channel' values: 'web' }", 10},
      {"filters { key: 'channel' values: '(none)' }", 0},
      {"filters { key: 'agent' values: '(other)' }", 17},
      {"filters { key: 'agent' values: '(other)' negate: true }", 3},
      {"filters { key: 'agent' values: ['(other)', 'agent1'] }", 18},
      {"filters { key: 'agent' values: ['(other)', 'agent1'] negate: true }", 2},
      {"filters { key: 'agent' values: 'agent7' } filters { key: 'channel' values: 'web' }", 1},
      {"filters { key: 'agent' values: 'nobody' }", 0},
  };
  for (const auto& [filters, expected] : rows) {
    EXPECT_EQ(Passing("full", filters), expected) << filters;
  }
  // Sides that share answers past it are no two slices.
  EXPECT_THAT(
      client()
          .CompareMetric(Sides("survey_ids: 'full' filters { key: 'agent' values: 'agent7' }",
                               "survey_ids: 'full' filters { key: 'agent' values: '(other)' }"))
          .status(),
      HasReason(v1::ERROR_REASON_FIELD_INVALID));
  survey.set_max_series(30);
  Redefine(survey, {"max_series"});
  do {
    for (const auto& [filters, expected] : rows) {
      if (absl::string_view(filters).find("(other)") == absl::string_view::npos) {
        EXPECT_EQ(Passing("full", filters), expected) << filters;
      }
    }
    EXPECT_THAT(Groups("full", "group_by: 'channel'"), ElementsAre("app 10", "web 10"));
  } while (IsSlicedAnew());
  EXPECT_THAT(Groups("full", "group_by: 'agent'"), SizeIs(10));
  EXPECT_EQ(Passing("full", "filters { key: 'agent' values: '(other)' }"), 0);
  EXPECT_THAT(Status(client()).series_overflows(), IsEmpty());
}

TEST_P(MetricSliceTest, ARetiredDimensionIsStillWhatTheLabelsSay) {
  Create(client(), NpsSurvey("nps", {"channel", "plan"}));
  Load("nps", 30);
  const std::string pro = "filters { key: 'plan' values: 'pro' }";
  SetDimensions("nps", {"channel"});
  EXPECT_EQ(Passing("nps", pro), 10);
  // Those that come later have the label, too.
  Load("nps", 30, 30);
  EXPECT_EQ(Passing("nps", pro), 20);
  EXPECT_EQ(Passing("nps", "filters { key: 'plan' values: '(none)' }"), 20);
  EXPECT_THAT(Groups("nps", "group_by: 'plan'"), ElementsAre("free 20", "pro 20", "(none) 20"));
  v1::AmendFeedbackRequest amend;
  *amend.mutable_feedback() = Value(GetByExternalId(client(), "nps", "row 1")).feedback();
  (*amend.mutable_feedback()->mutable_labels())["shop"] = "7";
  amend.mutable_update_mask()->add_paths("labels");
  ASSERT_OK(client().AmendFeedback(amend).status());
  EXPECT_EQ(Passing("nps", pro), 20);
  SetDimensions("nps", {"channel", "plan"});
  do {
    EXPECT_EQ(Passing("nps", pro), 20);
    EXPECT_THAT(Groups("nps", "group_by: 'plan'"), ElementsAre("free 20", "pro 20", "(none) 20"));
  } while (IsSlicedAnew());
}

TEST_P(MetricSliceTest, TheStatusTellsHowFarASurveyIs) {
  Create(client(), NpsSurvey("nps", {"channel"}));
  Load("nps", 6'000);
  EXPECT_FALSE(IsSlicedAnew());
  SetDimensions("nps", {"channel", "plan"});
  for (v1::GetStatusResponse status = Status(client()); !status.reslices().empty();
       status = Status(client())) {
    ASSERT_THAT(status.reslices(), SizeIs(1));
    EXPECT_EQ(status.reslices(0).survey_id(), "nps");
    EXPECT_THAT(status.reslices(0).dimensions(), ElementsAre("plan"));
    EXPECT_EQ(status.reslices(0).records_done() % 500, 0);
    EXPECT_EQ(status.reslices(0).records_total(), 6'000);
  }
}

}  // namespace
}  // namespace emptychair::testing
