// Short ways to make methods, and values from histograms.
#ifndef EMPTYCHAIR_TESTS_SERVER_STATISTICS_VALUES_H_
#define EMPTYCHAIR_TESTS_SERVER_STATISTICS_VALUES_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "server/statistics/metric_value.h"

namespace emptychair::statistics {

inline ScoreMethod MakeMethod(v1::SurveyKind kind, int32_t min, int32_t max,
                              v1::MetricMethod method = v1::METRIC_METHOD_UNSPECIFIED,
                              v1::ScaleDirection direction = v1::SCALE_DIRECTION_UNSPECIFIED,
                              std::optional<int> top_box_min = std::nullopt) {
  v1::Scale scale;
  scale.set_min(min);
  scale.set_max(max);
  scale.set_direction(direction);
  return ScoreMethod::Resolve(kind, scale, method, top_box_min).value();
}

inline MetricValue Evaluate(const ScoreMethod& method, const std::vector<int64_t>& histogram,
                            const EvaluateOptions& options = {}, int64_t unscored = 0,
                            const std::vector<int64_t>& excluded = {}) {
  MetricValue value;
  EvaluateMetric(method, {histogram, unscored, excluded}, options, value);
  return value;
}

// An NPS histogram; each class is spread over its scores.
inline std::vector<int64_t> NpsHistogram(int64_t promoters, int64_t passives, int64_t detractors) {
  return {detractors - detractors / 3,
          0,
          0,
          0,
          0,
          0,
          detractors / 3,
          passives - passives / 3,
          passives / 3,
          promoters / 2,
          promoters - promoters / 2};
}

}  // namespace emptychair::statistics

#endif  // EMPTYCHAIR_TESTS_SERVER_STATISTICS_VALUES_H_
