#include "server/analytics/metric_query.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "common/base/errors.h"
#include "common/base/local_day.h"
#include "common/base/status_macros.h"
#include "common/base/timestamp.h"
#include "server/analytics/metric_scan.h"
#include "server/analytics/series_groups.h"
#include "server/request/validation.h"
#include "server/statistics/calendar.h"
#include "server/statistics/metric_value.h"
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

TallyGrid MakeGrid(const MetricQuery& query, size_t buckets, const SeriesGroups& groups) {
  TallyGrid::Options options;
  options.buckets = buckets;
  options.score_count = query.method->scale_size();
  // Buckets of the lookback count: they take as much memory as those that are shown.
  options.groups_max = std::max<size_t>(kPointsMax / std::max<size_t>(buckets, 1), 1);
  // A scan counts excluded answers by itself.
  options.include_excluded = query.include_excluded && !query.needs_scan;
  return TallyGrid(options, groups.groups().size());
}

// Adds up the answers of all surveys until the grid is full. With `only_what_stays`, which can be
// slower, nothing is added that is taken away again.
absl::Status AddUp(const storage::Store& store, const MetricQuery& query,
                   const SeriesGroups& groups, const std::vector<MsSpan>& spans,
                   bool only_what_stays, TallyGrid& grid, storage::ReadCost& cost) {
  if (query.needs_scan) {
    return ScanAnswers(store, query, groups, spans, only_what_stays, grid, cost);
  }
  const storage::CubePlan plan =
      storage::PlanCube(query.zone, spans, /*may_subtract=*/!only_what_stays);
  for (size_t i = 0; i < query.surveys.size() && !spans.empty() && !grid.is_full(); ++i) {
    RETURN_IF_ERROR(store.cube().Read(*query.view, *query.surveys[i], plan, groups.GroupOfSeries(i),
                                      grid, cost));
  }
  return absl::OkStatus();
}

// Turns tallies into points: sums over trailing buckets, then the value of the method. Of a scan,
// whose tallies are changes from point to point, the sums run on.
class PointWriter {
 public:
  PointWriter(const MetricQuery& query, size_t stride)
      : query_(query),
        options_{query.confidence, query.min_sample, query.include_histogram},
        window_(stride) {}

  // `tally_of(bucket)` is the tally of each of the `bucket_count` buckets, lookback included.
  template <typename TallyOf>
  void Write(size_t bucket_count, TallyOf tally_of, v1::MetricSeries& series) {
    const auto trailing = static_cast<size_t>(query_.trailing_buckets);
    std::fill(window_.begin(), window_.end(), 0);
    for (size_t bucket = 0; bucket < bucket_count; ++bucket) {
      AddToWindow(tally_of(bucket), 1);
      if (bucket >= trailing && !query_.needs_scan) {
        AddToWindow(tally_of(bucket - trailing), -1);
      }
      if (bucket + 1 >= trailing) {
        statistics::EvaluateMetric(*query_.method, WindowTally(), options_, series.add_points());
      }
    }
  }

 private:
  void AddToWindow(absl::Span<const int64_t> tally, int64_t sign) {
    for (size_t i = 0; i < tally.size(); ++i) {
      window_[i] += sign * tally[i];
    }
  }

  statistics::Tally WindowTally() const {
    const absl::Span<const int64_t> window(window_);
    const size_t scores = query_.method->scale_size();
    statistics::Tally tally{window.subspan(1, scores), window[0], window.subspan(1 + scores)};
    if (query_.respondent_rule != v1::RESPONDENT_RULE_ALL) {
      tally.customers = tally.excluded.front();
    }
    return tally;
  }

  const MetricQuery& query_;
  const statistics::EvaluateOptions options_;
  std::vector<int64_t> window_;
};

v1::GroupValue ToApi(const GroupPart& part) {
  v1::GroupValue value;
  switch (part.kind) {
    case GroupPart::Kind::kValue:
      value.set_value(part.text);
      break;
    case GroupPart::Kind::kNone:
      value.set_none(true);
      break;
    case GroupPart::Kind::kOther:
      value.set_other(true);
      break;
  }
  return value;
}

void WriteSeries(const MetricQuery& query, const SeriesGroups& groups, const TallyGrid& grid,
                 v1::QueryMetricResponse& response) {
  const size_t buckets = grid.bucket_count();
  std::vector<int64_t> totals(buckets * grid.stride());
  const auto total_of = [&](size_t bucket) {
    return absl::MakeConstSpan(totals).subspan(bucket * grid.stride(), grid.stride());
  };
  PointWriter writer(query, grid.stride());
  for (const auto& [parts, group] : groups.groups()) {
    if (!grid.IsUsed(group)) {
      continue;
    }
    v1::MetricSeries& series = *response.add_series();
    for (const GroupPart& part : parts) {
      *series.add_group_values() = ToApi(part);
    }
    const auto tally_of = [&, group = group](size_t bucket) {
      return grid.At(group, static_cast<uint32_t>(bucket));
    };
    writer.Write(buckets, tally_of, series);
    for (size_t bucket = 0; bucket < buckets; ++bucket) {
      const absl::Span<const int64_t> tally = tally_of(bucket);
      for (size_t i = 0; i < tally.size(); ++i) {
        totals[bucket * grid.stride() + i] += tally[i];
      }
    }
  }
  writer.Write(buckets, total_of, *response.mutable_total());
  if (query.group_by.empty() && response.series().empty()) {
    *response.add_series() = response.total();
  }
}

void WriteBuckets(const MetricQuery& query, const std::vector<Bucket>& buckets,
                  v1::QueryMetricResponse& response) {
  for (size_t i = LookbackOf(query); i < buckets.size(); ++i) {
    v1::TimeInterval& interval = *response.add_buckets();
    // A bucket that trails is whole in what it counts, but is shown as it lies in the interval.
    const absl::Time start =
        std::max(buckets[i].start, query.interval.start.value_or(absl::InfinitePast()));
    if (start != absl::InfinitePast()) {
      *interval.mutable_start_time() = ToTimestamp(start);
    }
    if (buckets[i].end != absl::InfiniteFuture()) {
      *interval.mutable_end_time() = ToTimestamp(buckets[i].end);
    }
  }
}

void WriteMethod(const MetricQuery& query, v1::MethodInfo& info) {
  info.set_method(query.method->method());
  info.set_respondent_rule(query.respondent_rule);
  info.set_granularity(query.granularity);
  info.set_week_start(query.week_start);
  info.set_trailing_buckets(query.trailing_buckets);
  info.set_time_zone(query.surveys.front()->definition->time_zone());
  info.set_confidence(query.confidence.level());
  info.set_min_sample(query.min_sample);
  info.set_include_excluded(query.include_excluded);
  if (const std::optional<int32_t> top_box_min = query.method->top_box_min()) {
    info.set_top_box_min(*top_box_min);
  }
}

}  // namespace

absl::Status TooManyPoints(size_t points) {
  const std::string count = absl::StrCat(points);
  const std::string limit = absl::StrCat(kPointsMax);
  return Error(v1::ERROR_REASON_TOO_MANY_POINTS,
               absl::StrCat("the answer would have ", count, " points or more, wanted at most ",
                            limit, "; ask for longer buckets, a shorter interval or fewer groups"),
               {{"points", count}, {"limit", limit}});
}

absl::Status CheckShown(const MetricQuery& query, int64_t answers) {
  if (answers >= query.min_sample ||
      query.method->kind() == statistics::ScoreMethod::Kind::kCount) {
    return absl::OkStatus();
  }
  return Error(
      v1::ERROR_REASON_SUPPRESSED,
      absl::StrCat("the point rests on ", answers, " scored answers, wanted at least ",
                   query.min_sample, " to show what it is made of"),
      {{"answers", absl::StrCat(answers)}, {"min_sample", absl::StrCat(query.min_sample)}});
}

absl::Status RunMetricQuery(const storage::Store& store, const MetricQuery& query,
                            v1::QueryMetricResponse& response) {
  ASSIGN_OR_RETURN(const std::vector<Bucket> buckets, FindBuckets(store, query));
  const std::vector<MsSpan> spans = ToSpans(buckets);
  const SeriesGroups groups(query);
  storage::ReadCost cost;
  TallyGrid grid = MakeGrid(query, buckets.size(), groups);
  RETURN_IF_ERROR(AddUp(store, query, groups, spans, /*only_what_stays=*/false, grid, cost));
  if (grid.is_full()) {
    // Groups that no answer is left in may have taken the room.
    grid = MakeGrid(query, buckets.size(), groups);
    RETURN_IF_ERROR(AddUp(store, query, groups, spans, /*only_what_stays=*/true, grid, cost));
  }
  if (grid.is_full()) {
    return NoRoomForGroups(grid);
  }
  WriteBuckets(query, buckets, response);
  WriteSeries(query, groups, grid, response);
  WriteMethod(query, *response.mutable_method_info());
  response.set_sequence(static_cast<int64_t>(query.view->counters.sequence()));
  response.set_cells_read(cost.cells_read);
  response.set_records_scanned(cost.records_scanned);
  return absl::OkStatus();
}

}  // namespace emptychair
