// Computes the value of a metric from counts of scores.
#ifndef EMPTYCHAIR_SERVER_STATISTICS_METRIC_VALUE_H_
#define EMPTYCHAIR_SERVER_STATISTICS_METRIC_VALUE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "emptychair/v1/types.pb.h"
#include "server/statistics/effective_sample.h"
#include "server/statistics/estimate.h"
#include "server/statistics/score_method.h"

namespace emptychair::statistics {

// The answers of one point, counted: a view, which owns nothing. Counts are not negative, and those
// of the histogram add up to at most 2^56.
struct Tally {
  // Answers per score, aligned with the scale; excluded ones only if the query includes them. Not
  // read for TEXT.
  absl::Span<const int64_t> histogram;
  // Answers without a score; excluded ones only if the query includes them.
  int64_t unscored = 0;
  // Excluded answers, scored or not, by v1::ExclusionReason from reason 1 on. May be empty.
  absl::Span<const int64_t> excluded;
  // Known customers that the answers are of, when one of each counts.
  std::optional<int64_t> customers;
  // How far customers repeat themselves, by one of the two; neither: each answer is of another.
  const CustomerSums* by_customer = nullptr;
  std::optional<RepeatEffect> repeats;
};

// The reasons for which answers are excluded, UNSPECIFIED not among them.
inline constexpr size_t kExclusionReasons = v1::ExclusionReason_ARRAYSIZE - 1;

// The classes of a net's answers.
struct NetCounts {
  int64_t promoters = 0;
  int64_t passives = 0;
  int64_t detractors = 0;

  friend bool operator==(const NetCounts&, const NetCounts&) = default;
};

// The value of a metric over the answers of one point, with what it was computed from; fields mean
// what those of v1::MetricValue do.
struct MetricValue {
  int64_t answers = 0;
  int64_t unscored = 0;
  // By v1::ExclusionReason, from reason 1 on.
  std::array<int64_t, kExclusionReasons> excluded = {};
  // Fewer answers than `min_sample`. All below is then absent.
  bool suppressed = false;
  std::optional<int64_t> customers;
  // Answers of nobody known; with it.
  std::optional<int64_t> anonymous;
  // One for each score of the scale when it was asked for, else empty.
  std::vector<int64_t> histogram;
  // The value, its standard error and its interval. Absent without answers, but for COUNT.
  std::optional<Estimate> estimate;
  std::optional<int64_t> numerator;
  std::optional<int64_t> denominator;
  // Of NPS and NET alone.
  std::optional<NetCounts> classes;
  // What the interval rests on. Absent without answers, without an interval, and where everybody of
  // a population has answered, which leaves nothing to chance.
  std::optional<EffectiveSample> sample;
  // What tests take; absent with it.
  std::optional<AdjustedEstimate> adjusted;
  v1::Grade grade = v1::GRADE_UNSPECIFIED;
  bool grade_is_certain = false;

  friend bool operator==(const MetricValue&, const MetricValue&) = default;
};

struct EvaluateOptions {
  Confidence confidence;
  // Points with fewer scored answers are suppressed. 0: none.
  int32_t min_sample = 0;
  bool include_histogram = false;
  // The customers whom the value speaks of, at least as many as the answers are of: those of
  // `by_customer`, or as many as there are answers.
  std::optional<int64_t> population;
};

// Replaces `value` by that of `method` over `tally`.
//
// Without scored answers all that is computed from scores is absent; a histogram that was asked for
// is there, of zeros. A point of no answers is suppressed like any other below `min_sample`.
//
// COUNT is the number of answers, all of them unscored: 0 for none, since a count has no
// denominator that could be 0. It is exact, so it has no interval, and it is never suppressed.
//
// Several answers of one customer have neither interval nor standard error, and a mean of a single
// answer has no standard error. The sum of scores is left out of `numerator` in the one case that
// it does not fit.
//
// Pure and thread-safe; allocates only the histogram.
void EvaluateMetric(const ScoreMethod& method, const Tally& tally, const EvaluateOptions& options,
                    MetricValue& value);

// The customary band of an NPS of `answers` > 0 answers, compared in integers: above 80 TOP, above
// 50 EXCELLENT, above 0 GOOD, else NEEDS_WORK.
v1::Grade GradeOf(int64_t promoters, int64_t detractors, int64_t answers);

// Whether all of `interval` lies in the band of `grade`. Bands exclude their lower edge and include
// their upper one.
bool GradeIsCertain(v1::Grade grade, Interval interval);

}  // namespace emptychair::statistics

#endif  // EMPTYCHAIR_SERVER_STATISTICS_METRIC_VALUE_H_
