// What the interval rule ESTIMATED takes of a query: how far customers repeat themselves in points
// of such length.
#ifndef EMPTYCHAIR_SERVER_COUNTING_ESTIMATED_POINTS_H_
#define EMPTYCHAIR_SERVER_COUNTING_ESTIMATED_POINTS_H_

#include <cstddef>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "server/counting/metric_query.h"
#include "server/repeats/repeat_curves.h"
#include "server/statistics/calendar.h"
#include "storage/store.h"

namespace emptychair {

// Whether the effects of the query are known: it is over one survey, and they were measured. Of
// customers who answer several surveys nothing is. Pure.
bool HasEffects(const MetricQuery& query);

// Whether values of the query take the effects under the rule: one answer of each customer repeats
// nothing. Pure.
bool TakesEffects(const MetricQuery& query, v1::IntervalRule rule);

// The points of a query that has effects; must not outlive its view. Thread-safe.
class EstimatedPoints {
 public:
  // Points end with `buckets` and have `query.trailing_buckets` of them. Where an interval is open,
  // its days are those that have answers. Errors: STORE_DAMAGED.
  static absl::StatusOr<EstimatedPoints> Of(const storage::Store& store, const MetricQuery& query,
                                            absl::Span<const statistics::Bucket> buckets);

  // Of all of the query's answers.
  const RepeatCurves& curves() const { return curves_; }

  // The length of the point that ends with a bucket, in days.
  double days(size_t bucket) const { return days_[bucket]; }

 private:
  EstimatedPoints(RepeatCurves curves, std::vector<double> days)
      : curves_(std::move(curves)), days_(std::move(days)) {}

  RepeatCurves curves_;
  std::vector<double> days_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_COUNTING_ESTIMATED_POINTS_H_
