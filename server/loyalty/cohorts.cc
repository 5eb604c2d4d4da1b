#include "server/loyalty/cohorts.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "common/base/zone_rules.h"
#include "server/customers/activity_kind.h"
#include "server/loyalty/activity_counts.h"
#include "server/loyalty/once_or_more.h"
#include "server/request/validation.h"
#include "server/statistics/estimate.h"

namespace emptychair {
namespace {

using storage::CubeUnit;
using storage::CustomerSet;
using storage::UnitSpan;

absl::Status CheckReturnKind(const v1::QueryCohortsRequest& request, CohortsQuery& query) {
  query.return_kind = query.kind;
  if (request.return_kind().empty()) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(query.return_kind, FindKind(*query.view, "return_kind", request.return_kind()));
  RETURN_IF_ERROR(CheckIsPlain("return_kind", *query.return_kind));
  const std::string& time_zone = query.return_kind->definition->time_zone();
  if (time_zone == query.kind->definition->time_zone()) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const absl::TimeZone zone, ZoneOf(*query.return_kind->definition));
  if (!HaveSameRules(query.zone, zone)) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "return_kind",
                      absl::StrCat("got ", request.return_kind(),
                                   ", whose days are in the time "
                                   "zone ",
                                   time_zone, ", wanted a kind of the time zone ",
                                   query.kind->definition->time_zone()));
  }
  return absl::OkStatus();
}

absl::Status CheckRules(const v1::QueryCohortsRequest& request, CohortsQuery& query) {
  RETURN_IF_ERROR(CheckEnum("cohort_rule", request.cohort_rule(), v1::CohortRule_IsValid));
  if (request.cohort_rule() != v1::COHORT_RULE_UNSPECIFIED) {
    query.cohort_rule = request.cohort_rule();
  }
  RETURN_IF_ERROR(CheckEnum("return_rule", request.return_rule(), v1::ReturnRule_IsValid));
  if (request.return_rule() != v1::RETURN_RULE_UNSPECIFIED) {
    query.return_rule = request.return_rule();
  }
  RETURN_IF_ERROR(CheckRange("min_activities", request.min_activities(), 0, kMinActivitiesMax));
  query.min_activities = std::max(request.min_activities(), 1);
  if (query.min_activities > 1 && query.cohort_rule != v1::COHORT_RULE_ACTIVE) {
    return FieldError(
        v1::ERROR_REASON_FIELD_INVALID, "min_activities",
        absl::StrCat("got ", query.min_activities, ", which needs the cohort rule ACTIVE"));
  }
  return absl::OkStatus();
}

// The days that stand for open edges: from the first activity that makes a cohort to the last of
// either kind.
absl::StatusOr<std::optional<UnitSpan>> ExtentOf(const storage::CustomerSetReader& reader,
                                                 const CohortsQuery& query) {
  if (query.interval.start.has_value() && query.interval.end.has_value()) {
    return std::nullopt;
  }
  ASSIGN_OR_RETURN(std::optional<UnitSpan> extent,
                   reader.Extent(*query.view, *query.kind, query.active_set()));
  if (extent.has_value() && query.return_kind != query.kind) {
    ASSIGN_OR_RETURN(const std::optional<UnitSpan> returns,
                     reader.Extent(*query.view, *query.return_kind, query.active_set()));
    extent->end = std::max(extent->end, returns.has_value() ? returns->end : extent->end);
  }
  return extent;
}

// Counts customers chunk by chunk.
class CohortCounter {
 public:
  CohortCounter(const storage::CustomerSetReader& reader, const CohortsQuery& query,
                const Periods& periods, CohortsResult& result)
      : reader_(reader),
        query_(query),
        periods_(periods.all),
        has_cells_(query.return_rule == v1::RETURN_RULE_EXACT || !periods.is_cut_off),
        result_(result),
        rows_(reader.Open(*query.view, *query.kind)),
        return_rows_(reader.Open(*query.view, *query.return_kind)) {}

  absl::Status Count() {
    const size_t periods = periods_.size();
    result_.sizes.resize(periods);
    result_.cells.resize(periods);
    for (size_t i = 0; i < periods && has_cells_; ++i) {
      result_.cells[i].resize(periods - i);
    }
    ASSIGN_OR_RETURN(const std::vector<uint16_t> chunks,
                     rows_->Chunks(query_.active_set(), MonthsOf({periods_.front().days.first,
                                                                  periods_.back().days.end})));
    if (query_.with_amounts && has_cells_) {
      amounts_.emplace(reader_, *query_.view, AskForAmounts());
    }
    for (const uint16_t chunk : chunks) {
      RETURN_IF_ERROR(CountChunk(chunk));
    }
    result_.rows_read = rows_->rows_read() + return_rows_->rows_read();
    if (amounts_.has_value()) {
      result_.activities_scanned += amounts_->activities_scanned();
    }
    return result_.amounts.Check();
  }

 private:
  AmountsAsked AskForAmounts() const {
    AmountsAsked asked{.kind = query_.return_kind,
                       .positive_amounts_only = query_.positive_amounts_only,
                       .at_once = query_.amounts_at_once};
    for (const Period& period : periods_) {
      asked.periods.push_back(period.days);
    }
    return asked;
  }

  absl::Status CountChunk(uint16_t chunk) {
    std::vector<storage::CustomerSetRow> cohorts;  // With amounts.
    std::vector<storage::CustomerSetRow> returned;
    if (has_cells_) {
      ASSIGN_OR_RETURN(returned, ReadReturned(chunk));
    }
    for (size_t i = 0; i < periods_.size(); ++i) {
      ASSIGN_OR_RETURN(const storage::CustomerSetRow cohort, ReadCohort(i, chunk));
      const int64_t size = cohort.size();
      result_.sizes[i] += size;
      for (size_t k = 0; k < result_.cells[i].size() && size > 0; ++k) {
        result_.cells[i][k] += CountOfBoth(cohort, returned[i + k]);
      }
      if (amounts_.has_value()) {
        cohorts.push_back(cohort);
      }
    }
    return amounts_.has_value() ? AddAmounts(chunk, cohorts) : absl::OkStatus();
  }

  absl::Status AddAmounts(uint16_t chunk, const std::vector<storage::CustomerSetRow>& cohorts) {
    return amounts_->ForEachCustomer(
        chunk, [&](absl::Span<const CustomerAmount> sums) -> absl::Status {
          const auto member =
              static_cast<uint16_t>(sums.front().customer % storage::kCustomersPerChunk);
          for (size_t i = 0; i < cohorts.size(); ++i) {
            if (cohorts[i].Has(member)) {
              RETURN_IF_ERROR(result_.amounts.Add(i, result_.cells[i].size(), sums));
            }
          }
          return absl::OkStatus();
        });
  }

  // Who has come back in each period, or from it on.
  absl::StatusOr<std::vector<storage::CustomerSetRow>> ReadReturned(uint16_t chunk) {
    std::vector<storage::CustomerSetRow> returned;
    for (const Period& period : periods_) {
      ASSIGN_OR_RETURN(storage::CustomerSetRow active,
                       ReadSet(*return_rows_, query_.active_set(), period, chunk));
      returned.push_back(std::move(active));
    }
    if (query_.return_rule == v1::RETURN_RULE_OR_LATER) {
      for (size_t i = returned.size() - 1; i > 0; --i) {
        returned[i - 1].Add(returned[i]);
      }
    }
    return returned;
  }

  absl::StatusOr<storage::CustomerSetRow> ReadCohort(size_t period, uint16_t chunk) {
    if (query_.cohort_rule == v1::COHORT_RULE_FIRST_EVER) {
      return ReadSet(*rows_, query_.first_ever_set(), periods_[period], chunk);
    }
    if (query_.min_activities == 1) {
      return ReadSet(*rows_, query_.active_set(), periods_[period], chunk);
    }
    return query_.min_activities == 2 ? ReadActiveTwice(periods_[period], chunk)
                                      : ReadActiveOften(period, chunk);
  }

  // On two days, or twice on one.
  absl::StatusOr<storage::CustomerSetRow> ReadActiveTwice(const Period& period, uint16_t chunk) {
    const UnitSpan days{CubeUnit::kDay, period.days.first, period.days.end};
    OnceOrMore customers;
    RETURN_IF_ERROR(
        rows_->ForEach(query_.active_set(), days, chunk,
                       [&](int32_t, const storage::CustomerSetRow& row) { customers.Add(row); }));
    storage::CustomerSetRow twice;
    RETURN_IF_ERROR(rows_->Add(CustomerSet::kTwice, days, chunk, twice));
    customers.AddTwice(twice);
    return customers.twice();
  }

  absl::StatusOr<storage::CustomerSetRow> ReadActiveOften(size_t period, uint16_t chunk) {
    const auto first_chunk = static_cast<uint16_t>(chunk / kChunksPerPass * kChunksPerPass);
    if (often_first_chunk_ != first_chunk) {
      RETURN_IF_ERROR(CountActivities(first_chunk));
    }
    return often_[period][chunk - first_chunk];
  }

  // Fills `often_`, period by period.
  absl::Status CountActivities(uint16_t first_chunk) {
    often_.assign(periods_.size(), {});
    for (size_t i = 0; i < periods_.size(); ++i) {
      ASSIGN_OR_RETURN(
          const ActivityCounts counts,
          ActivityCounts::Read(reader_, query_, periods_[i].days, absl::InfiniteFuture(),
                               first_chunk, result_.activities_scanned));
      for (uint16_t chunk = 0; chunk < kChunksPerPass; ++chunk) {
        often_[i].push_back(counts.AtLeast(query_.min_activities, first_chunk + chunk));
      }
    }
    often_first_chunk_ = first_chunk;
    return absl::OkStatus();
  }

  const storage::CustomerSetReader& reader_;
  const CohortsQuery& query_;
  const std::vector<Period>& periods_;
  const bool has_cells_;
  CohortsResult& result_;
  const std::unique_ptr<storage::CustomerSetCursor> rows_;
  const std::unique_ptr<storage::CustomerSetCursor> return_rows_;
  // Of each period those with `min_activities`, of the chunks of one pass.
  std::vector<std::vector<storage::CustomerSetRow>> often_;
  std::optional<uint16_t> often_first_chunk_;
  std::optional<CustomerAmounts> amounts_;
};

}  // namespace

absl::StatusOr<CohortsQuery> PrepareCohorts(std::shared_ptr<const storage::View> view,
                                            const v1::QueryCohortsRequest& request,
                                            absl::Time now) {
  ASSIGN_OR_RETURN(KindQuery kind, PrepareKindQuery(std::move(view), request, now));
  RETURN_IF_ERROR(CheckIsPlain("kind", *kind.kind));
  CohortsQuery query{std::move(kind)};
  RETURN_IF_ERROR(CheckReturnKind(request, query));
  ASSIGN_OR_RETURN(query.length, CheckPeriodLength(request.granularity(), request.week_start(),
                                                   /*rolling_days=*/0));
  RETURN_IF_ERROR(CheckPeriodEdges(query, query.length));
  RETURN_IF_ERROR(CheckRules(request, query));
  query.with_amounts = request.with_amounts();
  return query;
}

absl::StatusOr<CohortsResult> RunCohorts(const storage::CustomerSetReader& reader,
                                         const CohortsQuery& query) {
  ASSIGN_OR_RETURN(const std::optional<UnitSpan> extent, ExtentOf(reader, query));
  ASSIGN_OR_RETURN(Periods periods, MakePeriods(query, query.length, extent));
  CohortsResult result;
  if (!periods.empty()) {
    const auto count = static_cast<int64_t>(periods.all.size());
    if (const int64_t cells = count * (count + 1) / 2; cells > kPointsMax) {
      return TooManyPeriods(cells);
    }
    RETURN_IF_ERROR(CohortCounter(reader, query, periods, result).Count());
  }
  result.periods = std::move(periods.all);
  return result;
}

void WriteResponse(const CohortsQuery& query, const CohortsResult& result,
                   v1::QueryCohortsResponse& response) {
  for (size_t i = 0; i < result.periods.size(); ++i) {
    const int64_t size = result.sizes[i];
    v1::Cohort& cohort = *response.add_cohorts();
    *cohort.mutable_interval() = result.periods[i].ToApi();
    cohort.set_size(size);
    for (size_t k = 0; k < result.cells[i].size(); ++k) {
      const int64_t customers = result.cells[i][k];
      v1::CohortCell& cell = *cohort.add_cells();
      cell.set_customers(customers);
      const auto share =
          statistics::EstimateShare(customers, size, static_cast<double>(size), query.confidence);
      if (share.has_value()) {
        cell.set_share(share->value);
        cell.set_share_low(share->interval->low);
        cell.set_share_high(share->interval->high);
      }
      result.amounts.Write(i, k, size, query.confidence, *cell.mutable_amounts());
    }
  }
  response.set_return_kind(query.return_kind->definition->kind());
  response.set_cohort_rule(query.cohort_rule);
  response.set_return_rule(query.return_rule);
  response.set_min_activities(query.min_activities);
  *response.mutable_method_info() = MethodInfoOf(query);
  query.length.WriteTo(*response.mutable_method_info());
  response.set_sequence(static_cast<int64_t>(query.view->counters.sequence()));
  response.set_rows_read(result.rows_read);
  response.set_activities_scanned(result.activities_scanned);
}

}  // namespace emptychair
