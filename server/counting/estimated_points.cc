#include "server/counting/estimated_points.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/time/time.h"
#include "common/base/status_macros.h"
#include "storage/cube/cube_reader.h"

namespace emptychair {
namespace {

using statistics::Bucket;

std::optional<RepeatCurves> CurvesOf(const MetricQuery& query) {
  return query.surveys.size() == 1
             ? RepeatCurves::Find(*query.surveys.front(), *query.method, query.filters)
             : std::nullopt;
}

// From the first to the last day of the survey that has answers, to within the zone's offset.
absl::StatusOr<Bucket> ExtentOf(const storage::Store& store, const MetricQuery& query) {
  ASSIGN_OR_RETURN(
      const std::optional<storage::BucketRange> range,
      store.cube().Extent(*query.view, *query.surveys.front(), storage::CubeUnit::kDay));
  const auto start_of = [](int64_t day) { return absl::UnixEpoch() + absl::Hours(24 * day); };
  return range.has_value() ? Bucket{start_of(range->first), start_of(int64_t{range->last} + 1)}
                           : Bucket{absl::UnixEpoch(), absl::UnixEpoch()};
}

}  // namespace

bool HasEffects(const MetricQuery& query) {
  return query.surveys.size() == 1 && HasRepeatEffects(*query.surveys.front());
}

bool TakesEffects(const MetricQuery& query, v1::IntervalRule rule) {
  return rule == v1::INTERVAL_RULE_ESTIMATED && query.respondent_rule == v1::RESPONDENT_RULE_ALL &&
         query.method->kind() != statistics::ScoreMethod::Kind::kCount;
}

absl::StatusOr<EstimatedPoints> EstimatedPoints::Of(const storage::Store& store,
                                                    const MetricQuery& query,
                                                    absl::Span<const Bucket> buckets) {
  std::optional<Bucket> extent;
  std::vector<double> days;
  days.reserve(buckets.size());
  const auto trailing = static_cast<size_t>(query.trailing_buckets);
  for (size_t i = 0; i < buckets.size(); ++i) {
    absl::Time start = buckets[i + 1 - std::min(trailing, i + 1)].start;
    absl::Time end = buckets[i].end;
    if (start == absl::InfinitePast() || end == absl::InfiniteFuture()) {
      if (!extent.has_value()) {
        ASSIGN_OR_RETURN(extent, ExtentOf(store, query));
      }
      start = start == absl::InfinitePast() ? extent->start : start;
      end = end == absl::InfiniteFuture() ? extent->end : end;
    }
    days.push_back(std::max(0.0, absl::FDivDuration(end - start, absl::Hours(24))));
  }
  return EstimatedPoints(*CurvesOf(query), std::move(days));
}

}  // namespace emptychair
