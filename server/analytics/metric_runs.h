// Runs queries that are answered together, so that one interval rule holds for all of their values.
#ifndef EMPTYCHAIR_SERVER_ANALYTICS_METRIC_RUNS_H_
#define EMPTYCHAIR_SERVER_ANALYTICS_METRIC_RUNS_H_

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/counting/interval_rule.h"
#include "server/counting/metric_engine.h"
#include "server/counting/metric_query.h"
#include "server/counting/metric_result.h"
#include "storage/store.h"

namespace emptychair {

// Queries of one call, which wish for the same rule. Each is run once. Not thread-safe.
class MetricRuns {
 public:
  // `store` must outlive this.
  MetricRuns(const storage::Store& store, std::vector<MetricQuery> queries, Purpose purpose);

  // The dearest source that Plan reads.
  AnswerSource first_source() const;

  // Chooses the rule, for which it counts answers where their number decides, and says what the
  // dearest source costs that is then left to read: a few answers that are all there is to read
  // cost no more than the cube. To be called before Run. Errors: STORE_DAMAGED.
  absl::StatusOr<AnswerSource> Plan();

  // Computes the values of a query. COUNT follows ANSWERS whatever the others do. Errors: those of
  // MetricRun.
  absl::StatusOr<MetricResult> Run(size_t query);

  const MetricRun& operator[](size_t query) const { return *runs_[query]; }
  v1::IntervalRule rule() const { return rule_; }

 private:
  v1::IntervalRule RuleOf(const MetricQuery& query) const;
  absl::StatusOr<AnswerSource> PlanByCount();

  const Purpose purpose_;
  std::vector<std::unique_ptr<MetricRun>> runs_;
  v1::IntervalRule rule_ = v1::INTERVAL_RULE_UNSPECIFIED;
};

// A query of its own, as QueryMetric asks it. Not thread-safe.
class SingleRun {
 public:
  // `store` must outlive this.
  SingleRun(const storage::Store& store, MetricQuery query)
      : runs_(store, {std::move(query)}, Purpose::kChart) {}

  // As MetricRuns says.
  AnswerSource first_source() const { return runs_.first_source(); }
  absl::StatusOr<AnswerSource> Plan() { return runs_.Plan(); }
  absl::StatusOr<MetricResult> Run() { return runs_.Run(0); }

  const MetricQuery& query() const { return runs_[0].query(); }

 private:
  MetricRuns runs_;
};

// Computes the values of the query, as QueryMetric does. Errors: those of MetricRun.
absl::StatusOr<MetricResult> RunMetricQuery(const storage::Store& store, const MetricQuery& query);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ANALYTICS_METRIC_RUNS_H_
