#include "server/loyalty/repeat_rate.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "common/base/timestamp.h"
#include "server/loyalty/activity_counts.h"
#include "server/loyalty/once_or_more.h"
#include "server/loyalty/periods.h"
#include "server/loyalty/second_days.h"
#include "server/request/validation.h"

namespace emptychair {
namespace {

using storage::CubeUnit;
using storage::UnitSpan;

absl::Status CheckWithinDays(const v1::QueryRepeatRateRequest& request) {
  if (request.within_days_size() > kWithinDaysMax) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "within_days",
                      absl::StrCat("got ", request.within_days_size(), " numbers, wanted at most ",
                                   kWithinDaysMax));
  }
  for (int i = 0; i < request.within_days_size(); ++i) {
    const std::string field = absl::StrCat("within_days[", i, "]");
    const int32_t days = request.within_days(i);
    RETURN_IF_ERROR(CheckRange(field, days, 1, kWithinMax));
    if (std::find(request.within_days().begin(), request.within_days().begin() + i, days) !=
        request.within_days().begin() + i) {
      return FieldError(v1::ERROR_REASON_FIELD_INVALID, field,
                        absl::StrCat("got ", days, " twice"));
    }
  }
  return absl::OkStatus();
}

// The days of a query that has any.
struct QueryDays {
  // Those of the interval, and those of them that are over at `as_of`.
  DaySpan all;
  DaySpan whole;
  // The local day of `as_of`.
  int32_t as_of = 0;

  // The rest of the interval is a part of the day of `as_of`.
  bool has_part() const { return whole.end < all.end; }
};

// Fills in the edges that are open; nothing when nothing is stored.
absl::StatusOr<std::optional<QueryDays>> DaysOf(const storage::CustomerSetReader& reader,
                                                const RepeatRateQuery& query) {
  QueryDays days;
  days.as_of = LocalDayOf(query.zone, query.as_of);
  if (query.interval.start.has_value()) {
    days.all.first = LocalDayOf(query.zone, *query.interval.start);
  } else {
    ASSIGN_OR_RETURN(const std::optional<UnitSpan> extent,
                     reader.Extent(*query.view, *query.kind, query.active_set()));
    if (!extent.has_value() || StartOfDay(query.zone, extent->first) >= query.as_of) {
      return std::nullopt;
    }
    days.all.first = extent->first;
  }
  const bool is_midnight = StartOfDay(query.zone, days.as_of) == query.as_of;
  const int32_t last_end = days.as_of + (is_midnight ? 0 : 1);
  days.all.end = query.interval.end.has_value()
                     ? std::min(LocalDayOf(query.zone, *query.interval.end), last_end)
                     : last_end;
  days.all.end = std::max(days.all.end, days.all.first);
  days.whole = {days.all.first, std::min(days.all.end, days.as_of)};
  days.whole.end = std::max(days.whole.end, days.whole.first);
  return days;
}

// Counts customers chunk by chunk.
class RepeatCounter {
 public:
  RepeatCounter(const storage::CustomerSetReader& reader, const RepeatRateQuery& query,
                const QueryDays& days, RepeatRateResult& result)
      : reader_(reader),
        query_(query),
        days_(days),
        result_(result),
        rows_(reader.Open(*query.view, *query.kind)),
        seconds_(days.whole, days.as_of, query.within_days) {}

  absl::Status Count() {
    if (days_.all.first < days_.all.end) {
      ASSIGN_OR_RETURN(const std::vector<uint16_t> chunks,
                       rows_->Chunks(query_.active_set(), MonthsOf(days_.all)));
      for (const uint16_t chunk : chunks) {
        RETURN_IF_ERROR(CountInterval(chunk));
        RETURN_IF_ERROR(seconds_.AddChunk(*rows_, query_, chunk));
      }
    }
    for (const SecondDays::Within& within : seconds_.within()) {
      result_.within.push_back({within.customers, within.repeating});
    }
    result_.time_to_second = statistics::EstimateSurvival(seconds_.Durations(), query_.confidence);
    result_.rows_read = rows_->rows_read();
    return absl::OkStatus();
  }

 private:
  absl::Status CountInterval(uint16_t chunk) {
    const UnitSpan whole{CubeUnit::kDay, days_.whole.first, days_.whole.end};
    OnceOrMore customers;
    RETURN_IF_ERROR(
        rows_->ForEach(query_.active_set(), whole, chunk,
                       [&](int32_t, const storage::CustomerSetRow& row) { customers.Add(row); }));
    if (query_.method == v1::REPEAT_RATE_METHOD_BY_EVENT) {
      storage::CustomerSetRow twice;
      RETURN_IF_ERROR(rows_->Add(storage::CustomerSet::kTwice, whole, chunk, twice));
      customers.AddTwice(twice);
    }
    if (days_.has_part()) {
      RETURN_IF_ERROR(AddPart(chunk, customers));
    }
    result_.in_interval.customers += customers.once().size();
    result_.in_interval.repeating += customers.twice().size();
    return absl::OkStatus();
  }

  // Adds the activities of the day of `as_of` before it.
  absl::Status AddPart(uint16_t chunk, OnceOrMore& customers) {
    const auto first_chunk = static_cast<uint16_t>(chunk / kChunksPerPass * kChunksPerPass);
    if (!part_.has_value() || part_->first_chunk() != first_chunk) {
      ASSIGN_OR_RETURN(part_,
                       ActivityCounts::Read(reader_, query_, {days_.whole.end, days_.all.end},
                                            query_.as_of, first_chunk, result_.activities_scanned));
    }
    customers.Add(part_->AtLeast(1, chunk));
    if (query_.method == v1::REPEAT_RATE_METHOD_BY_EVENT) {
      customers.AddTwice(part_->AtLeast(2, chunk));
    }
    return absl::OkStatus();
  }

  const storage::CustomerSetReader& reader_;
  const RepeatRateQuery& query_;
  const QueryDays& days_;
  RepeatRateResult& result_;
  const std::unique_ptr<storage::CustomerSetCursor> rows_;
  SecondDays seconds_;
  std::optional<ActivityCounts> part_;
};

void WriteQuantile(const statistics::SurvivalCurve& curve, double q, v1::DaysQuantile& written) {
  const statistics::DurationQuantile quantile = statistics::QuantileOf(curve, q);
  if (quantile.value.has_value()) {
    written.set_days(*quantile.value);
  }
  if (quantile.low.has_value()) {
    written.set_days_low(*quantile.low);
  }
  if (quantile.high.has_value()) {
    written.set_days_high(*quantile.high);
  }
}

// Writes counts and rate into a message that has their fields.
template <typename Message>
void WriteRate(const RepeatCounts& counts, statistics::Confidence confidence, Message& written) {
  written.set_customers(counts.customers);
  written.set_repeat_customers(counts.repeating);
  const auto rate = statistics::EstimateShare(counts.repeating, counts.customers,
                                              static_cast<double>(counts.customers), confidence);
  if (rate.has_value()) {
    written.set_repeat_rate(rate->value);
    written.set_repeat_rate_low(rate->interval->low);
    written.set_repeat_rate_high(rate->interval->high);
  }
}

}  // namespace

bool RepeatRateQuery::ReadsActivities() const {
  return (!interval.end.has_value() || *interval.end > as_of) &&
         StartOfDay(zone, LocalDayOf(zone, as_of)) < as_of;
}

absl::StatusOr<RepeatRateQuery> PrepareRepeatRate(std::shared_ptr<const storage::View> view,
                                                  const v1::QueryRepeatRateRequest& request,
                                                  absl::Time now) {
  ASSIGN_OR_RETURN(KindQuery kind, PrepareKindQuery(std::move(view), request, now));
  RETURN_IF_ERROR(CheckIsPlain("kind", *kind.kind));
  RepeatRateQuery query{std::move(kind)};
  RETURN_IF_ERROR(CheckPeriodEdges(query, {.granularity = v1::GRANULARITY_DAY}));
  RETURN_IF_ERROR(CheckEnum("method", request.method(), v1::RepeatRateMethod_IsValid));
  if (request.method() != v1::REPEAT_RATE_METHOD_UNSPECIFIED) {
    query.method = request.method();
  }
  RETURN_IF_ERROR(CheckWithinDays(request));
  query.within_days.assign(request.within_days().begin(), request.within_days().end());
  return query;
}

absl::StatusOr<RepeatRateResult> RunRepeatRate(const storage::CustomerSetReader& reader,
                                               const RepeatRateQuery& query) {
  RepeatRateResult result;
  ASSIGN_OR_RETURN(const std::optional<QueryDays> days, DaysOf(reader, query));
  if (!days.has_value()) {
    result.within.resize(query.within_days.size());
    return result;
  }
  result.interval = TimeSpan{StartOfDay(query.zone, days->all.first),
                             std::min(query.as_of, StartOfDay(query.zone, days->all.end))};
  RETURN_IF_ERROR(RepeatCounter(reader, query, *days, result).Count());
  return result;
}

void WriteResponse(const RepeatRateQuery& query, const RepeatRateResult& result,
                   v1::QueryRepeatRateResponse& response) {
  if (result.interval.has_value()) {
    *response.mutable_interval()->mutable_start_time() = ToTimestamp(*result.interval->start);
    *response.mutable_interval()->mutable_end_time() = ToTimestamp(*result.interval->end);
  }
  WriteRate(result.in_interval, query.confidence, response);
  for (size_t i = 0; i < query.within_days.size(); ++i) {
    v1::RepeatWithinDays& within = *response.add_within_days();
    within.set_days(query.within_days[i]);
    WriteRate(result.within[i], query.confidence, within);
  }
  v1::TimeToSecond& time_to_second = *response.mutable_time_to_second();
  time_to_second.set_customers(result.time_to_second.subjects);
  time_to_second.set_repeat_customers(result.time_to_second.events);
  WriteQuantile(result.time_to_second, 0.25, *time_to_second.mutable_p25());
  WriteQuantile(result.time_to_second, 0.5, *time_to_second.mutable_median());
  WriteQuantile(result.time_to_second, 0.75, *time_to_second.mutable_p75());
  response.set_method(query.method);
  *response.mutable_method_info() = MethodInfoOf(query);
  response.set_sequence(static_cast<int64_t>(query.view->counters.sequence()));
  response.set_rows_read(result.rows_read);
  response.set_activities_scanned(result.activities_scanned);
}

}  // namespace emptychair
