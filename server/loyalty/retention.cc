#include "server/loyalty/retention.h"

#include <algorithm>
#include <utility>

#include "absl/types/span.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "server/loyalty/attribute_filter.h"
#include "server/loyalty/subscribers.h"
#include "server/request/validation.h"
#include "server/statistics/comparison.h"
#include "storage/format/customer_set.h"

namespace emptychair {
namespace {

using storage::CustomerSetRow;

// The days with activities, where the query needs them.
absl::StatusOr<std::optional<storage::UnitSpan>> ExtentOf(const storage::CustomerSetReader& reader,
                                                          const KindQuery& query) {
  if (query.interval.start.has_value() && query.interval.end.has_value()) {
    return std::nullopt;
  }
  return query.kind->is_subscription()
             ? SubscriptionExtent(reader, query)
             : reader.Extent(*query.view, *query.kind, query.active_set());
}

// The customers of one chunk who matter for one period.
struct PeriodCustomers {
  CustomerSetRow before;      // Those at its start.
  CustomerSetRow now;         // Those at its end.
  CustomerSetRow first_ever;  // Of them, those who are new.
};

// Counts customers chunk by chunk.
class RetentionCounter {
 public:
  // `filter` may be null.
  RetentionCounter(const LoyaltySources& sources, const RetentionQuery& query,
                   const Periods& periods, const AttributeFilter* filter, RetentionResult& result)
      : sources_(sources),
        query_(query),
        periods_(periods),
        filter_(filter),
        result_(result),
        rows_(sources.sets.Open(*query.view, *query.kind)) {
    if (query.start_kind != nullptr) {
      subscribers_.emplace(sources.sets, *query.view, *query.kind, *query.start_kind);
    }
  }

  absl::Status Count() {
    ASSIGN_OR_RETURN(const std::vector<uint16_t> chunks,
                     subscribers_.has_value()
                         ? subscribers_->Chunks(periods_.all.back().days.end)
                         : rows_->Chunks(query_.active_set(), periods_.Months()));
    if (query_.class_survey != nullptr) {
      RETURN_IF_ERROR(ReadClasses());
    }
    if (query_.with_amounts) {
      amounts_.emplace(sources_.sets, *query_.view, AskForAmounts());
    }
    for (const uint16_t chunk : chunks) {
      RETURN_IF_ERROR(CountChunk(chunk));
    }
    result_.rows_read +=
        rows_->rows_read() + (subscribers_.has_value() ? subscribers_->rows_read() : 0);
    if (amounts_.has_value()) {
      result_.activities_scanned = amounts_->activities_scanned();
      RETURN_IF_ERROR(result_.all.amounts.Check());
      // Those of two classes can have more than both together: one of them refunds.
      for (const RetentionGroup& group : result_.classes) {
        RETURN_IF_ERROR(group.amounts.Check());
      }
    }
    return absl::OkStatus();
  }

 private:
  absl::Status ReadClasses() {
    std::vector<int64_t> starts_ms;
    for (const Period& period : periods_.all) {
      starts_ms.push_back(absl::ToUnixMillis(period.start));
    }
    ASSIGN_OR_RETURN(classes_, NpsClasses::Read(sources_, *query_.view, *query_.class_survey,
                                                std::move(starts_ms)));
    result_.rows_read += classes_->answers_read();
    return absl::OkStatus();
  }

  AmountsAsked AskForAmounts() const {
    AmountsAsked asked{.kind = query_.kind,
                       .positive_amounts_only = query_.positive_amounts_only,
                       .periods = {periods_.before->days},
                       .at_once = query_.amounts_at_once};
    for (const Period& period : periods_.all) {
      asked.periods.push_back(period.days);
    }
    return asked;
  }

  absl::Status CountChunk(uint16_t chunk) {
    std::optional<NpsClasses::OfChunk> classes;
    if (classes_.has_value()) {
      classes.emplace(*classes_, chunk);
    }
    std::array<CustomerSetRow, kNpsClasses> ever;
    PeriodCustomers customers;
    RETURN_IF_ERROR(Begin(chunk, customers));
    for (size_t i = 0; i < periods_.all.size(); ++i) {
      RETURN_IF_ERROR(GoOn(periods_.all[i], chunk, customers));
      AddTo(customers, result_.all.counts[i]);
      if (classes.has_value()) {
        classes->MoveTo(i);
        AddToClasses(customers, *classes, i, ever);
      }
    }
    for (size_t i = 0; i < kNpsClasses; ++i) {
      result_.class_customers[i] += ever[i].size();
    }
    return amounts_.has_value() ? AddAmounts(chunk, classes) : absl::OkStatus();
  }

  // Reads who is there when the first period starts, as `now`.
  absl::Status Begin(uint16_t chunk, PeriodCustomers& customers) {
    if (subscribers_.has_value()) {
      subscribers_->Begin(chunk);
      return ReadSubscribers(periods_.all.front().days.first, chunk, customers.now);
    }
    return ReadFiltered(query_.active_set(), *periods_.before, chunk, customers.now);
  }

  // Goes on to the period behind the one at hand.
  absl::Status GoOn(const Period& period, uint16_t chunk, PeriodCustomers& customers) {
    customers.before = std::move(customers.now);
    if (subscribers_.has_value()) {
      RETURN_IF_ERROR(ReadSubscribers(period.days.end, chunk, customers.now));
      ASSIGN_OR_RETURN(customers.first_ever, subscribers_->FirstEver(period));
      customers.first_ever.Keep(customers.now);
      customers.first_ever.Remove(customers.before);
      return absl::OkStatus();
    }
    RETURN_IF_ERROR(ReadFiltered(query_.active_set(), period, chunk, customers.now));
    ASSIGN_OR_RETURN(customers.first_ever, ReadSet(*rows_, query_.first_ever_set(), period, chunk));
    customers.first_ever.Keep(customers.now);
    return absl::OkStatus();
  }

  absl::Status ReadFiltered(storage::CustomerSet set, const Period& period, uint16_t chunk,
                            CustomerSetRow& row) {
    ASSIGN_OR_RETURN(row, ReadSet(*rows_, set, period, chunk));
    if (filter_ != nullptr) {
      row.Keep(filter_->Of(chunk));
    }
    return absl::OkStatus();
  }

  absl::Status ReadSubscribers(int32_t local_day, uint16_t chunk, CustomerSetRow& row) {
    ASSIGN_OR_RETURN(row, subscribers_->At(local_day));
    if (filter_ != nullptr) {
      row.Keep(filter_->Of(chunk));
    }
    return absl::OkStatus();
  }

  static void AddTo(const PeriodCustomers& customers, RetentionCounts& counts) {
    counts.at_start += customers.before.size();
    counts.at_end += customers.now.size();
    counts.first_ever += customers.first_ever.size();
    counts.returning += CountOfBoth(customers.before, customers.now);
  }

  // Adds those of each class to the counts of a period, and to those who ever were in it.
  void AddToClasses(const PeriodCustomers& customers, const NpsClasses::OfChunk& classes,
                    size_t period, std::array<CustomerSetRow, kNpsClasses>& ever) {
    PeriodCustomers rest = customers;
    for (size_t i = 0; i < kNoClass; ++i) {
      const CustomerSetRow& in_class = classes.In(i);
      PeriodCustomers part = customers;
      for (CustomerSetRow* const row : {&part.before, &part.now, &part.first_ever}) {
        row->Keep(in_class);
      }
      for (CustomerSetRow* const row : {&rest.before, &rest.now, &rest.first_ever}) {
        row->Remove(in_class);
      }
      AddTo(part, result_.classes[i].counts[period]);
      ever[i].Add(part.before);
    }
    AddTo(rest, result_.classes[kNoClass].counts[period]);
    ever[kNoClass].Add(rest.before);
  }

  absl::Status AddAmounts(uint16_t chunk, std::optional<NpsClasses::OfChunk>& classes) {
    return amounts_->ForEachCustomer(
        chunk, [&](absl::Span<const CustomerAmount> sums) -> absl::Status {
          const uint32_t customer = sums.front().customer;
          if (filter_ != nullptr && !filter_->Of(chunk).Has(static_cast<uint16_t>(
                                        customer % storage::kCustomersPerChunk))) {
            return absl::OkStatus();
          }
          RETURN_IF_ERROR(AddAmountsTo(sums, [&](size_t) { return &result_.all.amounts; }));
          if (!classes.has_value()) {
            return absl::OkStatus();
          }
          const NpsClasses::OfChunk::History history = classes->HistoryOf(customer);
          return AddAmountsTo(sums, [&](size_t period) {
            return &result_.classes[history.ClassIn(period)].amounts;
          });
        });
  }

  // Adds a customer's sums to those of the group that the customer is in, by period.
  template <typename GroupOf>
  static absl::Status AddAmountsTo(absl::Span<const CustomerAmount> sums, GroupOf group_of) {
    for (size_t i = 0; i < sums.size(); ++i) {
      // What is of the period before the first is only what others are compared with.
      if (sums[i].period > 0) {
        RETURN_IF_ERROR(group_of(sums[i].period - size_t{1})->AddTotal(sums[i]));
      }
      RETURN_IF_ERROR(group_of(sums[i].period)->AddKept(sums[i], NextOf(sums, i)));
    }
    return absl::OkStatus();
  }

  const LoyaltySources& sources_;
  const RetentionQuery& query_;
  const Periods& periods_;
  const AttributeFilter* const filter_;
  RetentionResult& result_;
  const std::unique_ptr<storage::CustomerSetCursor> rows_;
  std::optional<Subscribers> subscribers_;  // Of a subscription.
  std::optional<NpsClasses> classes_;
  std::optional<CustomerAmounts> amounts_;
};

void WritePoint(const RetentionQuery& query, const Period& period, const RetentionGroup& group,
                size_t place, v1::RetentionPoint& point) {
  const RetentionCounts& counts = group.counts[place];
  *point.mutable_interval() = period.ToApi();
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
  group.amounts.Write(place, query.confidence, *point.mutable_amounts());
}

// Over all periods.
statistics::ShareCounts SumOf(const RetentionGroup& group) {
  statistics::ShareCounts sum;
  for (const RetentionCounts& counts : group.counts) {
    sum.successes += counts.returning;
    sum.answers += counts.at_start;
  }
  return sum;
}

void WriteDifference(const RetentionQuery& query, const RetentionResult& result,
                     v1::ClassDifference& difference) {
  const statistics::ShareCounts promoters = SumOf(result.classes[kPromoters]);
  const statistics::ShareCounts detractors = SumOf(result.classes[kDetractors]);
  difference.set_promoters_at_start(promoters.answers);
  difference.set_promoters_returning(promoters.successes);
  difference.set_detractors_at_start(detractors.answers);
  difference.set_detractors_returning(detractors.successes);
  const statistics::Comparison comparison =
      statistics::CompareShares(detractors, promoters, query.confidence);
  if (comparison.delta.has_value()) {
    difference.set_delta(*comparison.delta);
  }
  difference.set_verdict(v1::VERDICT_TOO_FEW);
  // One customer's periods say nothing of others.
  if (std::min(result.class_customers[kPromoters], result.class_customers[kDetractors]) > 1 &&
      comparison.interval.has_value()) {
    difference.set_delta_low(comparison.interval->low);
    difference.set_delta_high(comparison.interval->high);
    difference.set_z(*comparison.z);
    difference.set_p_value(*comparison.p_value);
    difference.set_verdict(comparison.verdict);
  }
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
  if (query.kind->is_subscription()) {
    ASSIGN_OR_RETURN(query.start_kind, CheckSubscription(query, request));
  }
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
  RETURN_IF_ERROR(CheckAttributeFilters(request.filters()));
  query.filters.assign(request.filters().begin(), request.filters().end());
  if (!request.group_by_class_of().empty()) {
    ASSIGN_OR_RETURN(query.class_survey,
                     FindNpsSurvey(*query.view, "group_by_class_of", request.group_by_class_of()));
  }
  query.with_amounts = request.with_amounts();
  return query;
}

absl::StatusOr<RetentionResult> RunRetention(const LoyaltySources& sources,
                                             const RetentionQuery& query) {
  ASSIGN_OR_RETURN(const std::optional<storage::UnitSpan> extent, ExtentOf(sources.sets, query));
  ASSIGN_OR_RETURN(Periods periods, MakePeriods(query, query.length, extent));
  RetentionResult result(periods.all.size());
  if (query.class_survey != nullptr) {
    result.classes.assign(kNpsClasses, RetentionGroup(periods.all.size()));
  }
  std::optional<AttributeFilter> filter;
  if (!query.filters.empty()) {
    ASSIGN_OR_RETURN(filter, AttributeFilter::Read(sources.sets, *query.view, query.filters));
    result.unmatched = filter->unmatched();
    result.rows_read = filter->customers_read();
  }
  if (!periods.empty()) {
    RETURN_IF_ERROR(
        RetentionCounter(sources, query, periods, filter.has_value() ? &*filter : nullptr, result)
            .Count());
  }
  result.periods = std::move(periods.all);
  return result;
}

void WriteResponse(const RetentionQuery& query, const RetentionResult& result,
                   v1::QueryRetentionResponse& response) {
  for (size_t i = 0; i < result.periods.size(); ++i) {
    WritePoint(query, result.periods[i], result.all, i, *response.add_points());
  }
  for (size_t i = 0; i < result.classes.size(); ++i) {
    v1::RetentionOfClass& of_class = *response.add_classes();
    of_class.set_nps_class(static_cast<v1::NpsClass>(v1::NPS_CLASS_PROMOTER + i));
    for (size_t j = 0; j < result.periods.size(); ++j) {
      WritePoint(query, result.periods[j], result.classes[i], j, *of_class.add_points());
    }
  }
  if (!result.classes.empty()) {
    WriteDifference(query, result, *response.mutable_class_difference());
  }
  response.set_method(query.method);
  *response.mutable_method_info() = MethodInfoOf(query);
  query.length.WriteTo(*response.mutable_method_info());
  response.set_sequence(static_cast<int64_t>(query.view->counters.sequence()));
  response.set_rows_read(result.rows_read);
  response.set_activities_scanned(result.activities_scanned);
  response.mutable_unmatched()->Assign(result.unmatched.begin(), result.unmatched.end());
}

}  // namespace emptychair
