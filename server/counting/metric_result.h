// What the engine computes: values of points, before they are written to any wire.
#ifndef EMPTYCHAIR_SERVER_COUNTING_METRIC_RESULT_H_
#define EMPTYCHAIR_SERVER_COUNTING_METRIC_RESULT_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "server/counting/estimated_points.h"
#include "server/statistics/calendar.h"
#include "server/statistics/effective_sample.h"
#include "server/statistics/group_part.h"
#include "server/statistics/metric_value.h"
#include "storage/cube/cube_reader.h"

namespace emptychair {

// The metric of one group over time.
struct MetricSeries {
  std::vector<statistics::GroupPart> group;     // One for each key of the query.
  std::vector<statistics::MetricValue> points;  // One for each bucket.
  // Of the group among those of the query's answers.
  uint32_t number = 0;
  // By customer, aligned with `points`. Empty where intervals are not by customer, or a respondent
  // rule of no verdict leaves one answer of each.
  std::vector<statistics::CustomerSums> by_customer;
};

// Holds the values that a query computes, as v1::QueryMetricResponse describes them.
struct MetricResult {
  // As they are shown: without the lookback, clipped to the interval. An open edge is infinite.
  std::vector<statistics::Bucket> buckets;
  std::vector<MetricSeries> series;
  MetricSeries total;  // Without a group.
  storage::ReadCost cost;
  // That the intervals follow.
  v1::IntervalRule interval_rule = v1::INTERVAL_RULE_ANSWERS;
  // Where TakesEffects: of the buckets that were read, those of the lookback included. Must not
  // outlive the view.
  std::optional<EstimatedPoints> estimated;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_COUNTING_METRIC_RESULT_H_
