#include "server/counting/metric_engine.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "common/base/errors.h"
#include "common/base/local_day.h"
#include "common/base/status_macros.h"
#include "server/counting/answer_source.h"
#include "server/counting/estimated_points.h"
#include "server/counting/metric_scan.h"
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

// Fills the grid, until it is full, from the source that is planned for the query. `customers` may
// be null.
absl::Status Fill(const storage::Store& store, const MetricQuery& query, const SeriesMap& series,
                  const std::vector<MsSpan>& spans, bool exact_groups, TallyGrid& grid,
                  storage::ReadCost& cost, CustomerAnswers* customers) {
  if (customers == nullptr && PlanSource(query) == AnswerSource::kCube) {
    return ReadCube(store, query, series, spans, exact_groups, grid, cost);
  }
  RETURN_IF_ERROR(ScanAnswers(store, query, series, spans, exact_groups, grid, cost, customers));
  if (customers != nullptr) {
    customers->Sort();
  }
  return absl::OkStatus();
}

// Computes the series of a result, and their total.
class SeriesWriter {
 public:
  // Takes the customers of the answers, or with `estimated` what is known of such points, or
  // neither.
  SeriesWriter(const MetricQuery& query, const PointTallies& tallies, bool by_customer,
               const EstimatedPoints* estimated)
      : query_(query),
        grid_(tallies.grid),
        estimated_(estimated),
        customers_(by_customer ? tallies.customers.get() : nullptr),
        summer_(customers_ != nullptr ? CustomersOf(*query.view) : 0,
                customers_ != nullptr ? customers_->answer_count() : 0) {}

  absl::Status Write(const SeriesGroups& groups, MetricResult& result) {
    const size_t buckets = grid_.bucket_count();
    std::vector<uint32_t> used;
    std::vector<int64_t> totals(buckets * grid_.stride());
    const auto total_of = [&](size_t bucket) {
      return absl::MakeSpan(totals).subspan(bucket * grid_.stride(), grid_.stride());
    };
    for (const auto& [parts, group] : groups.groups()) {
      if (!grid_.IsUsed(group)) {
        continue;
      }
      used.push_back(group);
      MetricSeries& series = result.series.emplace_back();
      series.group = parts;
      series.number = group;
      RETURN_IF_ERROR(AddPoints(
          {group},
          [&, group = group](size_t bucket) {
            return grid_.At(group, static_cast<uint32_t>(bucket));
          },
          estimated_ != nullptr
              ? std::optional(estimated_->curves().OfGroup(query_.group_by, parts))
              : std::nullopt,
          series));
      for (size_t bucket = 0; bucket < buckets; ++bucket) {
        storage::AddTally(grid_.At(group, static_cast<uint32_t>(bucket)), total_of(bucket));
      }
    }
    // Of one group the total is that group's, but for what is known of the slice.
    if (used.size() == 1 && (estimated_ == nullptr || query_.group_by.empty())) {
      result.total = result.series.front();
      result.total.group.clear();
      return absl::OkStatus();
    }
    RETURN_IF_ERROR(AddPoints(
        used, total_of,
        estimated_ != nullptr ? std::optional(estimated_->curves().Whole()) : std::nullopt,
        result.total));
    if (query_.group_by.empty() && result.series.empty()) {
      result.series.push_back(result.total);
    }
    return absl::OkStatus();
  }

 private:
  // Adds a point for each bucket but those of the lookback, of the groups taken together.
  template <typename TallyOf>
  absl::Status AddPoints(const std::vector<uint32_t>& groups, TallyOf tally_of,
                         const std::optional<statistics::RepeatCurve>& curve,
                         MetricSeries& series) {
    const size_t lookback = LookbackOf(query_);
    // Without answers an open interval has no buckets.
    if (customers_ != nullptr && grid_.bucket_count() > lookback) {
      series.by_customer =
          summer_.Sum(*customers_, groups, static_cast<size_t>(query_.trailing_buckets));
      series.by_customer.erase(series.by_customer.begin(),
                               series.by_customer.begin() + static_cast<ptrdiff_t>(lookback));
    }
    series.points.reserve(grid_.bucket_count());
    for (size_t bucket = lookback; bucket < grid_.bucket_count(); ++bucket) {
      TallyRepeats repeats;
      if (!series.by_customer.empty()) {
        repeats.by_customer = &series.by_customer[bucket - lookback];
      } else if (curve.has_value()) {
        repeats.estimated = curve->At(estimated_->days(bucket));
      }
      RETURN_IF_ERROR(CheckPopulation(repeats.by_customer, tally_of(bucket)));
      EvaluateTally(query_, grid_, tally_of(bucket), repeats, query_.include_histogram,
                    series.points.emplace_back());
    }
    return absl::OkStatus();
  }

  // More customers than there are said to be did not answer.
  absl::Status CheckPopulation(const statistics::CustomerSums* by_customer,
                               absl::Span<const int64_t> tally) const {
    if (!query_.population.has_value()) {
      return absl::OkStatus();
    }
    const auto histogram = grid_.View(tally).histogram;
    const int64_t heard = by_customer != nullptr
                              ? by_customer->customers
                              : std::accumulate(histogram.begin(), histogram.end(), int64_t{0});
    if (heard <= *query_.population) {
      return absl::OkStatus();
    }
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "population",
                      absl::StrCat("got ", *query_.population,
                                   ", but the answers of a point are of ", heard, " customers"));
  }

  const MetricQuery& query_;
  const TallyGrid& grid_;
  const EstimatedPoints* const estimated_;
  const CustomerAnswers* const customers_;
  CustomerSummer summer_;
};

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
                                         const SeriesMap& series, Keep keep) {
  ASSIGN_OR_RETURN(std::vector<Bucket> buckets, FindBuckets(store, query));
  const std::vector<MsSpan> spans = ToSpans(buckets);
  storage::ReadCost cost;
  const auto make_customers = [&] {
    return keep == Keep::kCustomers ? std::make_shared<CustomerAnswers>(
                                          buckets.size(), statistics::PointsOfBins(*query.method))
                                    : nullptr;
  };
  TallyGrid grid = MakeGrid(query, buckets.size(), series.group_count);
  std::shared_ptr<CustomerAnswers> customers = make_customers();
  RETURN_IF_ERROR(
      Fill(store, query, series, spans, /*exact_groups=*/false, grid, cost, customers.get()));
  if (grid.is_full()) {
    // Groups whose counts cancel may have taken the room.
    grid = MakeGrid(query, buckets.size(), series.group_count);
    customers = make_customers();
    RETURN_IF_ERROR(
        Fill(store, query, series, spans, /*exact_groups=*/true, grid, cost, customers.get()));
  }
  return PointTallies{std::move(buckets), std::move(grid), cost, std::move(customers)};
}

void EvaluateTally(const MetricQuery& query, const TallyGrid& grid, absl::Span<const int64_t> tally,
                   const TallyRepeats& repeats, bool include_histogram,
                   statistics::MetricValue& value) {
  const storage::TallyView counts = grid.View(tally);
  statistics::Tally answers{.histogram = counts.histogram,
                            .unscored = counts.unscored,
                            .excluded = counts.excluded,
                            .by_customer = repeats.by_customer,
                            .repeats = repeats.estimated};
  if (query.respondent_rule != v1::RESPONDENT_RULE_ALL) {
    answers.customers = counts.customers;
  } else if (repeats.by_customer != nullptr) {
    answers.customers = repeats.by_customer->customers - repeats.by_customer->anonymous;
  }
  statistics::EvaluateMetric(*query.method, answers,
                             {.confidence = query.confidence,
                              .min_sample = query.min_sample,
                              .include_histogram = include_histogram,
                              .population = query.population},
                             value);
}

MetricRun::MetricRun(const storage::Store& store, MetricQuery query, Purpose purpose)
    : store_(store), query_(std::move(query)), purpose_(purpose), groups_(query_) {}

absl::Status MetricRun::Read(Keep keep) {
  tallies_.reset();
  ASSIGN_OR_RETURN(tallies_, ReadTallies(store_, query_, groups_.series(), keep));
  return absl::OkStatus();
}

absl::StatusOr<std::optional<MetricRun::Count>> MetricRun::CountAnswers() {
  // What is read one by one is read once.
  RETURN_IF_ERROR(Read(PlanSource(query_) == AnswerSource::kRecords &&
                               query_.respondent_rule == v1::RESPONDENT_RULE_ALL
                           ? Keep::kCustomers
                           : Keep::kNothing));
  const TallyGrid& grid = tallies_->grid;
  if (grid.is_full()) {
    return std::nullopt;
  }
  Count count;
  for (uint32_t group = 0; group < grid.group_count(); ++group) {
    for (size_t bucket = LookbackOf(query_); grid.IsUsed(group) && bucket < grid.bucket_count();
         ++bucket) {
      const storage::TallyView tally = grid.View(grid.At(group, static_cast<uint32_t>(bucket)));
      const int64_t scored =
          std::accumulate(tally.histogram.begin(), tally.histogram.end(), int64_t{0});
      count.scored += scored;
      count.all +=
          std::accumulate(tally.excluded.begin(), tally.excluded.end(), scored + tally.unscored);
    }
  }
  return count;
}

absl::StatusOr<MetricResult> MetricRun::Run(v1::IntervalRule rule) {
  const bool takes_customers =
      rule == v1::INTERVAL_RULE_CUSTOMERS &&
      (query_.respondent_rule == v1::RESPONDENT_RULE_ALL || purpose_ == Purpose::kVerdict);
  if (!tallies_.has_value() || (takes_customers && tallies_->customers == nullptr)) {
    RETURN_IF_ERROR(Read(takes_customers ? Keep::kCustomers : Keep::kNothing));
  }
  if (tallies_->grid.is_full()) {
    return NoRoomForGroups(tallies_->grid);
  }
  MetricResult result;
  result.interval_rule = rule;
  result.buckets = ShownBuckets(query_, tallies_->buckets);
  if (TakesEffects(query_, rule)) {
    ASSIGN_OR_RETURN(result.estimated, EstimatedPoints::Of(store_, query_, tallies_->buckets));
  }
  RETURN_IF_ERROR(SeriesWriter(query_, *tallies_, takes_customers,
                               result.estimated.has_value() ? &*result.estimated : nullptr)
                      .Write(groups_, result));
  result.cost = tallies_->cost;
  return result;
}

size_t CustomersOf(const storage::View& view) {
  return size_t{view.counters.last_customer_ordinal()} + 1;
}

}  // namespace emptychair
