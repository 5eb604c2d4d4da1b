#include "server/analytics/metric_engine.h"

#include <algorithm>
#include <utility>

#include "absl/types/span.h"
#include "common/base/local_day.h"
#include "common/base/status_macros.h"
#include "server/analytics/answer_source.h"
#include "server/analytics/metric_scan.h"
#include "server/request/validation.h"
#include "server/statistics/calendar.h"
#include "storage/cube/cube_plan.h"
#include "storage/cube/tally_grid.h"

namespace emptychair {
namespace {

using statistics::Bucket;
using storage::MsSpan;
using storage::TallyGrid;

// No record is outside of these: times begin in 1970, and none was in the future when it came.
constexpr int64_t kEarliestMs = 0;
constexpr int64_t kLatestMs = 7'258'118'400'000;  // 2200-01-01T00:00:00Z

// Buckets before the first that is shown.
size_t LookbackOf(const MetricQuery& query) {
  return static_cast<size_t>(query.trailing_buckets - 1);
}

// From the start of the first to the end of the last unit that has answers of any of the surveys;
// nothing without answers.
absl::StatusOr<std::optional<Bucket>> FindExtent(const storage::Store& store,
                                                 const MetricQuery& query) {
  const bool by_hour = query.granularity == v1::GRANULARITY_HOUR;
  const auto start_of = [&](int64_t bucket) {
    return by_hour ? absl::UnixEpoch() + absl::Hours(bucket)
                   : FirstInstantOf(query.zone, absl::CivilDay(1970, 1, 1) + bucket);
  };
  absl::Time first = absl::InfiniteFuture();
  absl::Time last = absl::InfinitePast();
  for (const storage::SurveyView* survey : query.surveys) {
    ASSIGN_OR_RETURN(
        const std::optional<storage::BucketRange> range,
        store.cube().Extent(*query.view, *survey,
                            by_hour ? storage::CubeUnit::kHour : storage::CubeUnit::kDay));
    if (range.has_value()) {
      first = std::min(first, start_of(range->first));
      last = std::max(last, start_of(range->last));
    }
  }
  if (first > last) {
    return std::nullopt;
  }
  ASSIGN_OR_RETURN(
      const Bucket first_unit,
      statistics::UnitContaining(query.zone, query.granularity, query.week_start, first));
  ASSIGN_OR_RETURN(const Bucket last_unit, statistics::UnitContaining(query.zone, query.granularity,
                                                                      query.week_start, last));
  return Bucket{first_unit.start, last_unit.end};
}

// The buckets to add up, those of the lookback included. None when an edge is open and there is
// nothing to show.
absl::StatusOr<std::vector<Bucket>> FindBuckets(const storage::Store& store,
                                                const MetricQuery& query) {
  Bucket interval{query.interval.start.value_or(absl::InfinitePast()),
                  query.interval.end.value_or(absl::InfiniteFuture())};
  if (query.granularity == v1::GRANULARITY_NONE) {
    return std::vector<Bucket>{interval};
  }
  if (!query.interval.start.has_value() || !query.interval.end.has_value()) {
    ASSIGN_OR_RETURN(const std::optional<Bucket> extent, FindExtent(store, query));
    if (!extent.has_value()) {
      return std::vector<Bucket>();
    }
    interval.start = query.interval.start.value_or(extent->start);
    interval.end = query.interval.end.value_or(extent->end);
    if (interval.start >= interval.end) {
      return std::vector<Bucket>();
    }
  }
  return statistics::MakeBuckets(query.zone, query.granularity, query.week_start, interval.start,
                                 interval.end, query.trailing_buckets - 1, kPointsMax);
}

std::vector<MsSpan> ToSpans(const std::vector<Bucket>& buckets) {
  std::vector<MsSpan> spans;
  spans.reserve(buckets.size());
  for (const Bucket& bucket : buckets) {
    spans.push_back({std::clamp(absl::ToUnixMillis(bucket.start), kEarliestMs, kLatestMs),
                     std::clamp(absl::ToUnixMillis(bucket.end), kEarliestMs, kLatestMs)});
  }
  return spans;
}

// Of the groups found so far and the one that has no room.
absl::Status NoRoomForGroups(const TallyGrid& grid) {
  return TooManyPoints((grid.touched_group_count() + 1) * grid.bucket_count());
}

TallyGrid MakeGrid(const MetricQuery& query, size_t buckets, size_t groups) {
  TallyGrid::Options options;
  options.buckets = buckets;
  options.score_count = query.method->scale_size();
  // Buckets of the lookback count: they take as much memory as those that are shown.
  options.groups_max = std::max<size_t>(kPointsMax / std::max<size_t>(buckets, 1), 1);
  options.include_excluded = query.include_excluded;
  return TallyGrid(options, groups);
}

// Adds up rows of the cube until the grid is full.
absl::Status ReadCube(const storage::Store& store, const MetricQuery& query,
                      const SeriesMap& series, const std::vector<MsSpan>& spans, bool exact_groups,
                      TallyGrid& grid, storage::ReadCost& cost) {
  const storage::CubePlan plan = storage::PlanCube(query.zone, spans, exact_groups);
  for (size_t i = 0; i < query.surveys.size() && !spans.empty() && !grid.is_full(); ++i) {
    RETURN_IF_ERROR(store.cube().Read(*query.view, *query.surveys[i], plan,
                                      series.group_of_series[i], grid, cost));
  }
  grid.TrailingSum(static_cast<size_t>(query.trailing_buckets));
  return absl::OkStatus();
}

// Fills the grid, until it is full, from the source that is planned for the query.
absl::Status Fill(const storage::Store& store, const MetricQuery& query, const SeriesMap& series,
                  const std::vector<MsSpan>& spans, bool exact_groups, TallyGrid& grid,
                  storage::ReadCost& cost) {
  switch (PlanSource(query)) {
    case AnswerSource::kCube:
      return ReadCube(store, query, series, spans, exact_groups, grid, cost);
    case AnswerSource::kRecords:
      break;
  }
  return ScanAnswers(store, query, series, spans, exact_groups, grid, cost);
}

// Appends the value of a bucket's tally to `points`, unless the bucket is one of the lookback.
void AddPoint(const MetricQuery& query, const TallyGrid& grid, size_t bucket,
              absl::Span<const int64_t> tally, std::vector<statistics::MetricValue>& points) {
  if (bucket >= LookbackOf(query)) {
    EvaluateTally(query, grid, tally, query.include_histogram, points.emplace_back());
  }
}

void ComputeSeries(const MetricQuery& query, const SeriesGroups& groups, const TallyGrid& grid,
                   MetricResult& result) {
  const size_t buckets = grid.bucket_count();
  std::vector<int64_t> totals(buckets * grid.stride());
  const auto total_of = [&](size_t bucket) {
    return absl::MakeSpan(totals).subspan(bucket * grid.stride(), grid.stride());
  };
  for (const auto& [parts, group] : groups.groups()) {
    if (!grid.IsUsed(group)) {
      continue;
    }
    MetricSeries& series = result.series.emplace_back();
    series.group = parts;
    series.points.reserve(buckets);
    for (size_t bucket = 0; bucket < buckets; ++bucket) {
      const absl::Span<const int64_t> tally = grid.At(group, static_cast<uint32_t>(bucket));
      storage::AddTally(tally, total_of(bucket));
      AddPoint(query, grid, bucket, tally, series.points);
    }
  }
  result.total.reserve(buckets);
  for (size_t bucket = 0; bucket < buckets; ++bucket) {
    AddPoint(query, grid, bucket, total_of(bucket), result.total);
  }
  if (query.group_by.empty() && result.series.empty()) {
    result.series.push_back({{}, result.total});
  }
}

// The buckets of points. One that trails is whole in what it counts, but is shown as it lies in the
// interval.
std::vector<Bucket> ShownBuckets(const MetricQuery& query, const std::vector<Bucket>& buckets) {
  const absl::Time start = query.interval.start.value_or(absl::InfinitePast());
  std::vector<Bucket> shown;
  for (size_t i = LookbackOf(query); i < buckets.size(); ++i) {
    shown.push_back({std::max(buckets[i].start, start), buckets[i].end});
  }
  return shown;
}

}  // namespace

absl::StatusOr<PointTallies> ReadTallies(const storage::Store& store, const MetricQuery& query,
                                         const SeriesMap& series) {
  ASSIGN_OR_RETURN(std::vector<Bucket> buckets, FindBuckets(store, query));
  const std::vector<MsSpan> spans = ToSpans(buckets);
  storage::ReadCost cost;
  TallyGrid grid = MakeGrid(query, buckets.size(), series.group_count);
  RETURN_IF_ERROR(Fill(store, query, series, spans, /*exact_groups=*/false, grid, cost));
  if (grid.is_full()) {
    // Groups whose counts cancel may have taken the room.
    grid = MakeGrid(query, buckets.size(), series.group_count);
    RETURN_IF_ERROR(Fill(store, query, series, spans, /*exact_groups=*/true, grid, cost));
  }
  return PointTallies{std::move(buckets), std::move(grid), cost};
}

void EvaluateTally(const MetricQuery& query, const TallyGrid& grid, absl::Span<const int64_t> tally,
                   bool include_histogram, statistics::MetricValue& value) {
  const storage::TallyView counts = grid.View(tally);
  statistics::Tally answers{
      .histogram = counts.histogram, .unscored = counts.unscored, .excluded = counts.excluded};
  if (query.respondent_rule != v1::RESPONDENT_RULE_ALL) {
    answers.customers = counts.customers;
  }
  statistics::EvaluateMetric(*query.method, answers,
                             {query.confidence, query.min_sample, include_histogram}, value);
}

absl::StatusOr<MetricResult> RunMetricQuery(const storage::Store& store, const MetricQuery& query) {
  SeriesGroups groups(query);
  ASSIGN_OR_RETURN(const PointTallies tallies, ReadTallies(store, query, groups.series()));
  if (tallies.grid.is_full()) {
    return NoRoomForGroups(tallies.grid);
  }
  MetricResult result;
  result.buckets = ShownBuckets(query, tallies.buckets);
  ComputeSeries(query, groups, tallies.grid, result);
  result.cost = tallies.cost;
  return result;
}

}  // namespace emptychair
