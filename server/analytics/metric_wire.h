// Writes what the engine computes into messages: the one place where values take their wire form.
#ifndef EMPTYCHAIR_SERVER_ANALYTICS_METRIC_WIRE_H_
#define EMPTYCHAIR_SERVER_ANALYTICS_METRIC_WIRE_H_

#include <vector>

#include "absl/time/time.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "server/analytics/compare.h"
#include "server/analytics/decompose.h"
#include "server/analytics/metric_sides.h"
#include "server/analytics/scorecard.h"
#include "server/counting/metric_query.h"
#include "server/counting/metric_result.h"
#include "server/statistics/group_part.h"
#include "server/statistics/metric_value.h"

namespace emptychair {

// Write a result of what was prepared into an empty response. Buckets that end after `now` are
// open.
void WriteResponse(const MetricQuery& query, const MetricResult& result, absl::Time now,
                   v1::QueryMetricResponse& response);
void WriteResponse(const MetricSides& sides, const ComparisonResult& result,
                   v1::CompareMetricResponse& response);
void WriteResponse(const MetricDecomposition& decomposition, const DecompositionResult& result,
                   v1::DecomposeChangeResponse& response);
void WriteResponse(const Scorecard& scorecard, const ScorecardResult& result,
                   v1::GetScorecardResponse& response);

// Writes a value into an empty message, with its histogram where `show_histogram`.
void WriteValue(const statistics::MetricValue& value, bool show_histogram,
                v1::MetricValue& message);

// Writes a group's value for one key into an empty message.
void WriteGroup(const statistics::GroupPart& part, v1::GroupValue& message);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ANALYTICS_METRIC_WIRE_H_
