// What the engine computes: values of points, before they are written to any wire.
#ifndef EMPTYCHAIR_SERVER_ANALYTICS_METRIC_RESULT_H_
#define EMPTYCHAIR_SERVER_ANALYTICS_METRIC_RESULT_H_

#include <vector>

#include "server/statistics/calendar.h"
#include "server/statistics/group_part.h"
#include "server/statistics/metric_value.h"
#include "storage/cube/cube_reader.h"

namespace emptychair {

// The metric of one group over time.
struct MetricSeries {
  std::vector<statistics::GroupPart> group;     // One for each key of the query.
  std::vector<statistics::MetricValue> points;  // One for each bucket.
};

// Holds the values that a query computes, as v1::QueryMetricResponse describes them.
struct MetricResult {
  // As they are shown: without the lookback, clipped to the interval. An open edge is infinite.
  std::vector<statistics::Bucket> buckets;
  std::vector<MetricSeries> series;
  std::vector<statistics::MetricValue> total;
  storage::ReadCost cost;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ANALYTICS_METRIC_RESULT_H_
