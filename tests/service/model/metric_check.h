// Compares answers of QueryMetric, CompareMetric and DecomposeChange with the plain recount.
#ifndef EMPTYCHAIR_TESTS_SERVICE_MODEL_METRIC_CHECK_H_
#define EMPTYCHAIR_TESTS_SERVICE_MODEL_METRIC_CHECK_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "tests/service/model/method_model.h"
#include "tests/service/model/metric_model.h"

namespace emptychair::testing {

// Fails the test, fatally, unless `response` says what `model`, the recount of `query`, does.
void ExpectResponse(const v1::QueryMetricRequest& query, const ModelResult& model,
                    const absl::StatusOr<v1::QueryMetricResponse>& response,
                    const ModelMethod& method = ModelMethod());

// The same for CompareMetric, with the recount of either side; `can_share` says whether the sides
// can share an answer.
void ExpectComparison(const v1::CompareMetricRequest& request, bool can_share,
                      const ModelResult& base, const ModelResult& candidate,
                      const absl::StatusOr<v1::CompareMetricResponse>& response);

// The same for DecomposeChange, with the surveys of either side, which it recounts by each key.
void ExpectDecomposition(const v1::DecomposeChangeRequest& request, bool can_share,
                         const std::vector<const ModelSurvey*>& base,
                         const std::vector<const ModelSurvey*>& candidate, ModelCalendar& calendar,
                         const absl::StatusOr<v1::DecomposeChangeResponse>& response);

// Fails the test unless `point`, an NPS, says what `model` counted.
void ExpectPoint(const v1::QueryMetricRequest& query, int min_sample, const ModelPoint& model,
                 const v1::MetricValue& point);

// Orders groups as answers do: by bytes, none and other last.
std::vector<std::pair<int, std::string>> SortKey(const std::vector<std::string>& group);

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_SERVICE_MODEL_METRIC_CHECK_H_
