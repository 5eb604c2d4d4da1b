#include "server/counting/answer_source.h"

#include <memory>
#include <string>

#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "server/analytics/explain.h"
#include "server/analytics/metric_sides.h"
#include "server/counting/interval_rule.h"
#include "tests/server/analytics/surveys.h"

namespace emptychair {
namespace {

// Two surveys, of which only one has the dimension "region".
std::shared_ptr<const storage::View> TwoSurveys() {
  return MakeView({MakeSurvey("one", {"channel", "region"}), MakeSurvey("two", {"channel"})});
}

v1::QueryMetricRequest RequestOf(const std::string& text) {
  v1::QueryMetricRequest request;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &request)) << text;
  return request;
}

MetricQuery QueryOf(const std::string& text) {
  absl::StatusOr<MetricQuery> query = PrepareMetricQuery(TwoSurveys(), RequestOf(text));
  EXPECT_TRUE(query.ok()) << query.status();
  return *std::move(query);
}

TEST(PlanSource, TakesTheCubeUnlessOnlyRecordsCanTell) {
  const struct {
    const char* request;
    AnswerSource source;
  } rows[] = {
      {"survey_ids: 'one'", AnswerSource::kCube},
      {"survey_ids: ['one', 'two'] group_by: 'channel' include_excluded: true granularity: "
       "GRANULARITY_DAY trailing_buckets: 7",
       AnswerSource::kCube},
      {"survey_ids: 'one' filters { key: 'region' values: 'north' }", AnswerSource::kCube},
      {"survey_ids: ['one', 'two'] filters { key: 'survey_id' values: 'one' }",
       AnswerSource::kCube},
      {"survey_ids: 'one' respondent_rule: RESPONDENT_RULE_ALL", AnswerSource::kCube},
      {"survey_ids: 'one' filters { key: 'agent' values: 'ann' }", AnswerSource::kRecords},
      {"survey_ids: 'one' filters { key: 'channel' values: 'web' } filters { key: 'agent' values: "
       "'ann' }",
       AnswerSource::kRecords},
      // No dimension of the second.
      {"survey_ids: ['one', 'two'] filters { key: 'region' values: 'north' }",
       AnswerSource::kRecords},
      {"survey_ids: 'one' respondent_rule: RESPONDENT_RULE_LATEST_PER_CUSTOMER",
       AnswerSource::kRecords},
      {"survey_ids: 'one' respondent_rule: RESPONDENT_RULE_FIRST_PER_CUSTOMER",
       AnswerSource::kRecords},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(PlanSource(QueryOf(row.request)), row.source) << row.request;
  }
}

// The survey "one" as `change` leaves its definition, of which two series are known.
AnswerSource SourceIn(void (*change)(store::v1::StoredSurvey&), const std::string& text) {
  const auto survey = MakeSurvey("one", {"channel", "region"}, {{"web", ""}, {"app", "north"}});
  auto definition = std::make_shared<store::v1::StoredSurvey>(*survey->definition);
  change(*definition);
  auto changed = std::make_shared<storage::SurveyView>(*survey);
  changed->definition = std::move(definition);
  absl::StatusOr<MetricQuery> query =
      PrepareMetricQuery(MakeView({std::move(changed)}), RequestOf("survey_ids: 'one' " + text));
  EXPECT_TRUE(query.ok()) << query.status();
  return PlanSource(*query);
}

TEST(PlanSource, TakesRecordsWhereSeriesDoNotTell) {
  const auto retire = [](store::v1::StoredSurvey& survey) {
    survey.add_retired_dimensions("region");
  };
  const auto reslice = [](store::v1::StoredSurvey& survey) {
    survey.mutable_reslice()->add_dimensions("region");
  };
  const auto fill = [](store::v1::StoredSurvey& survey) { survey.set_max_series(2); };
  const std::string region = "filters { key: 'region' values: 'north' }";
  const std::string channel = "filters { key: 'channel' values: 'web' }";
  const std::string other = "filters { key: 'region' values: '(other)' }";
  for (const auto change : {+retire, +reslice}) {
    EXPECT_EQ(SourceIn(change, region), AnswerSource::kRecords);
    EXPECT_EQ(SourceIn(change, other), AnswerSource::kRecords);
    EXPECT_EQ(SourceIn(change, "group_by: ['channel', 'region']"), AnswerSource::kRecords);
    EXPECT_EQ(SourceIn(change, channel + "group_by: 'channel'"), AnswerSource::kCube);
  }
  EXPECT_EQ(SourceIn(fill, region), AnswerSource::kRecords);
  EXPECT_EQ(SourceIn(fill, channel), AnswerSource::kRecords);
  EXPECT_EQ(SourceIn(fill, "filters { key: 'region' values: ['(other)', 'north'] negate: true }"),
            AnswerSource::kRecords);
  EXPECT_EQ(SourceIn(fill, other + "group_by: 'region'"), AnswerSource::kCube);
  EXPECT_EQ(SourceIn(fill, "filters { key: 'survey_id' values: 'one' }"), AnswerSource::kCube);
}

TEST(PlanSource, OfIntervalsByCustomerIsTheRecords) {
  const MetricQuery cube = QueryOf("survey_ids: 'one'");
  EXPECT_EQ(PlanSource(cube, v1::INTERVAL_RULE_ANSWERS), AnswerSource::kCube);
  EXPECT_EQ(PlanSource(cube, v1::INTERVAL_RULE_UNSPECIFIED), AnswerSource::kCube);
  EXPECT_EQ(PlanSource(cube, v1::INTERVAL_RULE_CUSTOMERS), AnswerSource::kRecords);
}

TEST(PlanSource, OfAPageIsTheRecordsWhenManyOfThemMayBeNoneOfThePoints) {
  MetricExplanation explanation;
  explanation.query = QueryOf("survey_ids: 'one'");
  EXPECT_EQ(PlanSource(explanation), AnswerSource::kCube);
  explanation.group.emplace();
  EXPECT_EQ(PlanSource(explanation), AnswerSource::kRecords);
  explanation.group.reset();
  explanation.query = QueryOf("survey_ids: 'one' filters { key: 'region' values: 'north' }");
  EXPECT_EQ(PlanSource(explanation), AnswerSource::kRecords);
  explanation.query =
      QueryOf("survey_ids: 'one' respondent_rule: RESPONDENT_RULE_FIRST_PER_CUSTOMER");
  EXPECT_EQ(PlanSource(explanation), AnswerSource::kRecords);
}

}  // namespace
}  // namespace emptychair
