#include "server/loyalty/retention.h"

#include <utility>

#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "server/request/validation.h"

namespace emptychair {
namespace {

// The days with activities, where the query needs them.
absl::StatusOr<std::optional<storage::UnitSpan>> ExtentOf(const storage::CustomerSetReader& reader,
                                                          const KindQuery& query) {
  if (query.interval.start.has_value() && query.interval.end.has_value()) {
    return std::nullopt;
  }
  return reader.Extent(*query.view, *query.kind, query.active_set());
}

// Adds the customers of one chunk to the counts of each period.
absl::Status CountChunk(storage::CustomerSetCursor& rows, const RetentionQuery& query,
                        const Periods& periods, uint16_t chunk,
                        std::vector<RetentionCounts>& counts) {
  ASSIGN_OR_RETURN(storage::CustomerSetRow before,
                   ReadSet(rows, query.active_set(), *periods.before, chunk));
  int64_t before_size = before.size();
  for (size_t i = 0; i < periods.all.size(); ++i) {
    const Period& period = periods.all[i];
    ASSIGN_OR_RETURN(storage::CustomerSetRow active,
                     ReadSet(rows, query.active_set(), period, chunk));
    ASSIGN_OR_RETURN(const storage::CustomerSetRow first_ever,
                     ReadSet(rows, query.first_ever_set(), period, chunk));
    const int64_t active_size = active.size();
    counts[i].at_start += before_size;
    counts[i].at_end += active_size;
    counts[i].first_ever += CountOfBoth(active, first_ever);
    counts[i].returning += CountOfBoth(before, active);
    before = std::move(active);
    before_size = active_size;
  }
  return absl::OkStatus();
}

}  // namespace

std::optional<statistics::Estimate> RetentionCounts::Retention(
    v1::RetentionMethod method, statistics::Confidence confidence) const {
  if (method == v1::RETENTION_METHOD_FORMULA) {
    return at_start == 0 ? std::nullopt
                         : std::make_optional(statistics::Estimate{
                               100.0 * static_cast<double>(at_end - first_ever) /
                                   static_cast<double>(at_start),
                               std::nullopt, std::nullopt});
  }
  return statistics::EstimateShare(returning, at_start, static_cast<double>(at_start), confidence);
}

std::optional<statistics::Estimate> RetentionCounts::Churn(
    statistics::Confidence confidence) const {
  return statistics::EstimateShare(at_start - returning, at_start, static_cast<double>(at_start),
                                   confidence);
}

absl::StatusOr<RetentionQuery> PrepareRetention(std::shared_ptr<const storage::View> view,
                                                const v1::QueryRetentionRequest& request,
                                                absl::Time now) {
  ASSIGN_OR_RETURN(KindQuery kind, PrepareKindQuery(std::move(view), request, now));
  RetentionQuery query{std::move(kind)};
  query.positive_amounts_only = request.positive_amounts_only();
  ASSIGN_OR_RETURN(query.length, CheckPeriodLength(request.granularity(), request.week_start(),
                                                   request.rolling_days()));
  RETURN_IF_ERROR(CheckPeriodEdges(query, query.length));
  if (query.length.rolling_days > 0 && query.interval.end.has_value()) {
    RETURN_IF_ERROR(CheckNotAfterAsOf("interval.end_time", *query.interval.end, request.has_as_of(),
                                      query.as_of));
  }
  RETURN_IF_ERROR(CheckEnum("method", request.method(), v1::RetentionMethod_IsValid));
  if (request.method() != v1::RETENTION_METHOD_UNSPECIFIED) {
    query.method = request.method();
  }
  return query;
}

absl::StatusOr<RetentionResult> RunRetention(const storage::CustomerSetReader& reader,
                                             const RetentionQuery& query) {
  ASSIGN_OR_RETURN(const std::optional<storage::UnitSpan> extent, ExtentOf(reader, query));
  ASSIGN_OR_RETURN(Periods periods, MakePeriods(query, query.length, extent));
  RetentionResult result;
  result.counts.resize(periods.all.size());
  if (!periods.empty()) {
    const auto rows = reader.Open(*query.view, *query.kind);
    ASSIGN_OR_RETURN(const std::vector<uint16_t> chunks,
                     rows->Chunks(query.active_set(), periods.Months()));
    for (const uint16_t chunk : chunks) {
      RETURN_IF_ERROR(CountChunk(*rows, query, periods, chunk, result.counts));
    }
    result.rows_read = rows->rows_read();
  }
  result.periods = std::move(periods.all);
  return result;
}

void WriteResponse(const RetentionQuery& query, const RetentionResult& result,
                   v1::QueryRetentionResponse& response) {
  for (size_t i = 0; i < result.periods.size(); ++i) {
    const RetentionCounts& counts = result.counts[i];
    v1::RetentionPoint& point = *response.add_points();
    *point.mutable_interval() = result.periods[i].ToApi();
    point.set_customers_at_start(counts.at_start);
    point.set_customers_at_end(counts.at_end);
    point.set_new_customers(counts.first_ever);
    point.set_returning_customers(counts.returning);
    point.set_won_back_customers(counts.won_back());
    const auto retention = counts.Retention(query.method, query.confidence);
    if (retention.has_value()) {
      point.set_retention(retention->value);
    }
    if (retention.has_value() && retention->interval.has_value()) {
      point.set_retention_low(retention->interval->low);
      point.set_retention_high(retention->interval->high);
    }
    if (const auto churn = counts.Churn(query.confidence); churn.has_value()) {
      point.set_churn(churn->value);
      point.set_churn_low(churn->interval->low);
      point.set_churn_high(churn->interval->high);
    }
  }
  response.set_method(query.method);
  *response.mutable_method_info() = MethodInfoOf(query);
  query.length.WriteTo(*response.mutable_method_info());
  response.set_sequence(static_cast<int64_t>(query.view->counters.sequence()));
  response.set_rows_read(result.rows_read);
}

}  // namespace emptychair
