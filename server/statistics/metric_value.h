// From counts of scores to the value that a query answers.
#ifndef EMPTYCHAIR_SERVER_STATISTICS_METRIC_VALUE_H_
#define EMPTYCHAIR_SERVER_STATISTICS_METRIC_VALUE_H_

#include <cstdint>
#include <optional>

#include "absl/types/span.h"
#include "emptychair/v1/metrics_service.pb.h"
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
  // Excluded answers, scored or not, indexed by v1::ExclusionReason; index 0 is not used. May be
  // empty.
  absl::Span<const int64_t> excluded;
  // Customers that the answers are of, when one of each counts.
  std::optional<int64_t> customers;
};

struct EvaluateOptions {
  Confidence confidence;
  // Points with fewer scored answers are suppressed. 0: none.
  int32_t min_sample = 0;
  bool include_histogram = false;
};

// Replaces `out` by the value of `method` over `tally`, as v1::MetricValue documents its fields.
//
// Without scored answers all that is computed from scores is absent; a histogram that was asked for
// is there, of zeros. A point of no answers is suppressed like any other below `min_sample`.
//
// COUNT is the number of answers, all of them unscored: 0 for none, since a count has no
// denominator that could be 0. It is exact, so it has no interval, and it is never suppressed.
//
// The interval of a mean, and its standard error, are absent for a single answer. The sum of scores
// is left out of `numerator` in the one case that it does not fit.
//
// Pure and thread-safe; allocates only what the message holds.
void EvaluateMetric(const ScoreMethod& method, const Tally& tally, const EvaluateOptions& options,
                    v1::MetricValue* out);

// The customary band of an NPS of `answers` > 0 answers, compared in integers: above 80 TOP, above
// 50 EXCELLENT, above 0 GOOD, else NEEDS_WORK.
v1::Grade GradeOf(int64_t promoters, int64_t detractors, int64_t answers);

// Whether all of `interval` lies in the band of `grade`. Bands exclude their lower edge and include
// their upper one.
bool GradeIsCertain(v1::Grade grade, Interval interval);

}  // namespace emptychair::statistics

#endif  // EMPTYCHAIR_SERVER_STATISTICS_METRIC_VALUE_H_
