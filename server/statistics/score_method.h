// Maps kinds of survey to their scales, and a metric's method to the scores that it counts.
#ifndef EMPTYCHAIR_SERVER_STATISTICS_SCORE_METHOD_H_
#define EMPTYCHAIR_SERVER_STATISTICS_SCORE_METHOD_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "emptychair/v1/survey_service.pb.h"

namespace emptychair::statistics {

// The scale of a survey of `kind` whose creator sent `scale`, or none if null: NPS 0..10; CSAT 1..5
// (default) or 1..10; CES 1..7 (default) or 1..5, EASE by default; RATING any range of at most 101
// values; TEXT none. For NPS, CSAT and CES a range of 0..0 is one that was not given, so that a
// direction can be sent alone.
//
// FIELD_REQUIRED on `field` for RATING without a scale. FIELD_INVALID on `field` for any other
// scale or kind, and on "<field>.direction" for an unknown direction and for any that is not CES's.
absl::StatusOr<std::optional<v1::Scale>> ResolveScale(v1::SurveyKind kind, const v1::Scale* scale,
                                                      absl::string_view field);

// Scores from `low` to `high`, both inclusive. Empty when low > high.
struct ScoreRange {
  int32_t low = 1;
  int32_t high = 0;

  constexpr bool empty() const { return low > high; }
  constexpr bool contains(int32_t score) const { return low <= score && score <= high; }
};

// Method by which a metric is computed from scores. A value type.
class ScoreMethod {
 public:
  // What the value is, and so which interval it has.
  enum class Kind {
    kNet,    // percentage of positive less percentage of negative scores
    kShare,  // percentage of positive scores
    kMean,   // mean score
    kCount,  // number of answers, which have no scores
  };

  // The method `method` of surveys of `kind` with `scale`, which is ignored for TEXT. UNSPECIFIED
  // is the default of the kind. `top_box_min` is the lowest score that counts as satisfied.
  //
  // FIELD_INVALID on "method" when the kind and scale have no such method, and on "top_box_min"
  // when it is outside the scale or given for anything but TOP_BOX of RATING, where it is
  // FIELD_REQUIRED. FIELD_INVALID on "scale" when the kind does not have it.
  static absl::StatusOr<ScoreMethod> Resolve(v1::SurveyKind kind, const v1::Scale& scale,
                                             v1::MetricMethod method,
                                             std::optional<int> top_box_min);

  v1::MetricMethod method() const { return method_; }
  Kind kind() const { return kind_; }

  // Every score of the survey's scale. Empty for kCount.
  ScoreRange scale() const { return scale_; }
  // Number of scores of the scale, the length of its histograms. 0 for kCount.
  size_t scale_size() const;

  // Promoters, or the satisfied, or those that found it easy. Empty for kMean and kCount.
  ScoreRange positive() const { return positive_; }
  // Detractors, or those that found it hard. Empty for all but kNet.
  ScoreRange negative() const { return negative_; }

  // What an answer of a score of the scale adds to the sum whose mean is the value: 1 for positive
  // and -1 for negative ones, else 0; of means how far the score is from the scale's lowest.
  int32_t PointsOf(int32_t score) const;

  // Whether a lower value is the better one: for the mean of scores of effort. A share or net of
  // effort counts those that found it easy, so higher is better.
  bool lower_is_better() const { return lower_is_better_; }

  // For TOP_BOX and TOP_THREE: the lowest score that counts as satisfied.
  std::optional<int32_t> top_box_min() const;

 private:
  ScoreMethod(v1::MetricMethod method, Kind kind, ScoreRange scale, ScoreRange positive,
              ScoreRange negative, bool lower_is_better)
      : method_(method),
        kind_(kind),
        scale_(scale),
        positive_(positive),
        negative_(negative),
        lower_is_better_(lower_is_better) {}

  v1::MetricMethod method_;
  Kind kind_;
  ScoreRange scale_;
  ScoreRange positive_;
  ScoreRange negative_;
  bool lower_is_better_;
};

// The points of an answer by how far its score is from the scale's lowest, behind those of no
// score, which are 0.
std::vector<int32_t> PointsOfBins(const ScoreMethod& method);

}  // namespace emptychair::statistics

#endif  // EMPTYCHAIR_SERVER_STATISTICS_SCORE_METHOD_H_
