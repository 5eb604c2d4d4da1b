// Compares answers of QueryMetric, CompareMetric and DecomposeChange with the plain recount.
#ifndef EMPTYCHAIR_TESTS_SERVICE_MODEL_METRIC_CHECK_H_
#define EMPTYCHAIR_TESTS_SERVICE_MODEL_METRIC_CHECK_H_

#include <vector>

#include "absl/status/statusor.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "tests/service/model/metric_model.h"

namespace emptychair::testing {

// How a point's value follows from its counts: by default an NPS.
struct ModelMethod {
  enum class Value { kNet, kShare, kMean, kCount };

  Value value = Value::kNet;
  // The scale.
  int low = 0;
  int high = 10;
  // The scores that a net value or a share counts, and those that a net value takes away.
  int good_low = 9;
  int good_high = 10;
  int bad_low = 0;
  int bad_high = 6;
};

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

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_SERVICE_MODEL_METRIC_CHECK_H_
