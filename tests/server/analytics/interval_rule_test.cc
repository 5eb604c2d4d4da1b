#include "server/counting/interval_rule.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/server/analytics/surveys.h"

namespace emptychair {
namespace {

using ::emptychair::testing::HasReason;

constexpr auto kUnknown = v1::INTERVAL_RULE_UNSPECIFIED;
constexpr auto kAnswers = v1::INTERVAL_RULE_ANSWERS;
constexpr auto kCustomers = v1::INTERVAL_RULE_CUSTOMERS;
constexpr auto kEstimated = v1::INTERVAL_RULE_ESTIMATED;

v1::QueryMetricRequest RequestOf(const std::string& text) {
  v1::QueryMetricRequest request;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString("survey_ids: 'one' " + text, &request))
      << text;
  return request;
}

absl::StatusOr<MetricQuery> Prepare(const std::string& text) {
  return PrepareMetricQuery(MakeView({MakeSurvey("one", {"channel"})}), RequestOf(text));
}

TEST(RuleBeforeCounting, IsTheOneThatIsAskedForOrWhatIsReadAnyway) {
  const struct {
    const char* request;
    v1::IntervalRule chart, verdict;
  } rows[] = {
      {"", kUnknown, kUnknown},
      {"interval_rule: INTERVAL_RULE_ANSWERS", kAnswers, kAnswers},
      {"interval_rule: INTERVAL_RULE_CUSTOMERS", kCustomers, kCustomers},
      {"filters { key: 'channel' values: 'web' }", kUnknown, kUnknown},
      {"filters { key: 'agent' values: 'ann' }", kCustomers, kUnknown},
      {"respondent_rule: RESPONDENT_RULE_LATEST_PER_CUSTOMER", kCustomers, kCustomers},
      {"respondent_rule: RESPONDENT_RULE_FIRST_PER_CUSTOMER", kCustomers, kCustomers},
      {"respondent_rule: RESPONDENT_RULE_LATEST_PER_CUSTOMER interval_rule: INTERVAL_RULE_ANSWERS",
       kAnswers, kAnswers},
      {"population: 500", kCustomers, kCustomers},
  };
  for (const auto& row : rows) {
    const absl::StatusOr<MetricQuery> query = Prepare(row.request);
    ASSERT_OK(query);
    EXPECT_EQ(RuleBeforeCounting(*query, Purpose::kChart), row.chart) << row.request;
    EXPECT_EQ(RuleBeforeCounting(*query, Purpose::kVerdict), row.verdict) << row.request;
  }
}

// Makes a query of a survey whose effects were measured.
absl::StatusOr<MetricQuery> PrepareWithEffects(const std::string& text) {
  auto survey = std::make_shared<storage::SurveyView>(*MakeSurvey("one", {"channel"}));
  store::v1::StoredRepeatEffects all;
  all.add_methods(v1::METRIC_METHOD_NET_PROMOTER);
  store::v1::StoredWindowEffects& windows = *all.add_groups()->add_windows();
  windows.set_days(1);
  windows.set_answers_per_customer(2);
  windows.add_design_effects(1.5);
  survey->effects = std::make_shared<const storage::RepeatEffects>(
      std::move(all), std::vector<store::v1::StoredRepeatEffects>());
  return PrepareMetricQuery(MakeView({std::move(survey), MakeSurvey("two", {"channel"})}),
                            RequestOf(text));
}

TEST(RuleBeforeCounting, IsEstimatedForAChartOfASurveyWhoseEffectsAreKnown) {
  const struct {
    const char* request;
    v1::IntervalRule chart, verdict;
  } rows[] = {
      {"", kEstimated, kUnknown},
      {"interval_rule: INTERVAL_RULE_ESTIMATED", kEstimated, kEstimated},
      {"interval_rule: INTERVAL_RULE_ANSWERS", kAnswers, kAnswers},
      {"filters { key: 'channel' values: 'web' }", kEstimated, kUnknown},
      {"filters { key: 'agent' values: 'ann' }", kCustomers, kUnknown},
      {"respondent_rule: RESPONDENT_RULE_LATEST_PER_CUSTOMER", kCustomers, kCustomers},
      {"population: 500", kCustomers, kCustomers},
      // Nothing is known of customers who answer both.
      {"survey_ids: 'two'", kUnknown, kUnknown},
  };
  for (const auto& row : rows) {
    const absl::StatusOr<MetricQuery> query = PrepareWithEffects(row.request);
    ASSERT_OK(query) << row.request;
    EXPECT_EQ(RuleBeforeCounting(*query, Purpose::kChart), row.chart) << row.request;
    EXPECT_EQ(RuleBeforeCounting(*query, Purpose::kVerdict), row.verdict) << row.request;
  }
  EXPECT_THAT(PrepareWithEffects("survey_ids: 'two' interval_rule: INTERVAL_RULE_ESTIMATED"),
              HasReason(v1::ERROR_REASON_EFFECTS_UNKNOWN));
}

TEST(RuleBeforeCounting, IsTheSameWhileAnswersAreSlicedAnew) {
  const auto rule_of = [](bool reslices, const std::string& key) {
    const auto survey = MakeSurvey("one", {"channel", "region"});
    auto definition = std::make_shared<store::v1::StoredSurvey>(*survey->definition);
    if (reslices) {
      definition->mutable_reslice()->add_dimensions("region");
    }
    auto changed = std::make_shared<storage::SurveyView>(*survey);
    changed->definition = std::move(definition);
    const absl::StatusOr<MetricQuery> query =
        PrepareMetricQuery(MakeView({std::move(changed)}),
                           RequestOf("filters { key: '" + key + "' values: 'north' }"));
    EXPECT_OK(query);
    return RuleBeforeCounting(*query, Purpose::kChart);
  };
  for (const bool reslices : {false, true}) {
    EXPECT_EQ(rule_of(reslices, "region"), kUnknown);
    EXPECT_EQ(rule_of(reslices, "agent"), kCustomers);
  }
}

TEST(RuleByCount, TakesCustomersOfAsManyAnswersAsTheyAreWorth) {
  EXPECT_EQ(RuleByCount(0, Purpose::kChart, false), kCustomers);
  EXPECT_EQ(RuleByCount(20'000, Purpose::kChart, false), kCustomers);
  EXPECT_EQ(RuleByCount(20'001, Purpose::kChart, false), kAnswers);
  for (const bool have_effects : {false, true}) {
    EXPECT_EQ(RuleByCount(2'000'000, Purpose::kVerdict, have_effects), kCustomers);
  }
  EXPECT_EQ(RuleByCount(2'000'001, Purpose::kVerdict, false), kAnswers);
  EXPECT_EQ(RuleByCount(2'000'001, Purpose::kVerdict, true), kEstimated);
}

TEST(PrepareMetricQuery, RefusesRulesAndPopulationsThatCannotBe) {
  const struct {
    const char* request;
    const char* field;
    v1::ErrorReason reason;
  } rows[] = {
      {"interval_rule: INTERVAL_RULE_ESTIMATED", "interval_rule", v1::ERROR_REASON_EFFECTS_UNKNOWN},
      {"population: -1", "population", v1::ERROR_REASON_FIELD_INVALID},
      {"population: 5 group_by: 'channel'", "population", v1::ERROR_REASON_FIELD_INVALID},
      {"population: 5 interval_rule: INTERVAL_RULE_ANSWERS", "population",
       v1::ERROR_REASON_FIELD_INVALID},
  };
  for (const auto& row : rows) {
    const absl::Status status = Prepare(row.request).status();
    EXPECT_THAT(status, HasReason(row.reason)) << row.request;
    EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr(row.field)) << row.request;
  }
  v1::QueryMetricRequest unknown = RequestOf("");
  unknown.set_interval_rule(static_cast<v1::IntervalRule>(9));
  EXPECT_THAT(PrepareMetricQuery(MakeView({MakeSurvey("one", {})}), unknown).status(),
              HasReason(v1::ERROR_REASON_FIELD_INVALID));
}

TEST(CheckNoIntervalRule, LetsOnlyAnswersThrough) {
  EXPECT_OK(CheckNoIntervalRule(RequestOf("")));
  EXPECT_OK(CheckNoIntervalRule(RequestOf("interval_rule: INTERVAL_RULE_ANSWERS")));
  EXPECT_THAT(CheckNoIntervalRule(RequestOf("interval_rule: INTERVAL_RULE_CUSTOMERS")),
              HasReason(v1::ERROR_REASON_FIELD_INVALID));
}

}  // namespace
}  // namespace emptychair
