// Chooses what intervals take of customers who answered more than once.
#ifndef EMPTYCHAIR_SERVER_COUNTING_INTERVAL_RULE_H_
#define EMPTYCHAIR_SERVER_COUNTING_INTERVAL_RULE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "server/counting/answer_source.h"
#include "server/counting/metric_query.h"

namespace emptychair {

// The rules below are chosen by the query and by how many answers it counts, never by load, time or
// what is in memory, so that the same question at the same sequence has one answer.

// So many answers of all points together are counted by customer where nobody asked for a rule.
inline constexpr int64_t kChartByCustomerMax = 20'000;
// The same where a verdict depends on it.
inline constexpr int64_t kVerdictByCustomerMax = 2'000'000;

// What is asked: values to look at, or whether something is real.
enum class Purpose : uint8_t { kChart, kVerdict };

// The rule of a query whatever it counts: the one that it asks for, ANSWERS for COUNT, CUSTOMERS
// where answers are read one by one anyway (of a verdict: where a respondent rule chooses one of
// each customer), of a chart ESTIMATED where HasEffects. Else UNSPECIFIED: RuleByCount tells. Pure.
v1::IntervalRule RuleBeforeCounting(const MetricQuery& query, Purpose purpose);

// The rule for so many scored answers, of queries that all have effects or do not. Pure.
v1::IntervalRule RuleByCount(int64_t answers, Purpose purpose, bool have_effects);

// The source of a query's answers under a rule that is known. Pure.
AnswerSource PlanSource(const MetricQuery& query, v1::IntervalRule rule);

// Errors on `field`: FIELD_INVALID for a value that there is not, and for a rule that answers of
// COUNT have not; EFFECTS_UNKNOWN for ESTIMATED unless HasEffects.
absl::Status CheckIntervalRule(absl::string_view field, v1::IntervalRule rule,
                               const MetricQuery& query);

// FIELD_INVALID on "interval_rule" unless the query, of a call without intervals, asks for ANSWERS
// or for none, and on "population".
absl::Status CheckNoIntervalRule(const v1::QueryMetricRequest& request);

// FIELD_INVALID on "population" unless the query, which is not QueryMetric's, has none.
absl::Status CheckNoPopulation(const v1::QueryMetricRequest& request);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_COUNTING_INTERVAL_RULE_H_
