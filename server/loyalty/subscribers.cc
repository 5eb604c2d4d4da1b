#include "server/loyalty/subscribers.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "server/customers/activity_kind.h"

namespace emptychair {
namespace {

using storage::CubeUnit;
using storage::CustomerSet;
using storage::CustomerSetRow;
using storage::UnitSpan;

constexpr absl::CivilDay kDayZero(1970, 1, 1);
constexpr absl::CivilMonth kMonthZero(1970, 1);

// A build takes seconds for a million customers.
constexpr absl::Duration kUnbuiltDelay = absl::Seconds(1);

int32_t MonthOf(int32_t local_day) {
  return static_cast<int32_t>(absl::CivilMonth(kDayZero + local_day) - kMonthZero);
}

int32_t FirstDayOf(int32_t month) {
  return static_cast<int32_t>(absl::CivilDay(kMonthZero + month) - kDayZero);
}

absl::Status CheckNotAsked(absl::string_view field, bool is_asked, const std::string& kind) {
  return is_asked ? FieldError(v1::ERROR_REASON_FIELD_INVALID, field,
                               absl::StrCat("got true, wanted false: ", kind,
                                            " is a subscription, which has no amounts"))
                  : absl::OkStatus();
}

}  // namespace

absl::StatusOr<const storage::ActivityKindView*> CheckSubscription(
    const KindQuery& query, const v1::QueryRetentionRequest& request) {
  const store::v1::StoredActivityKind& subscription = *query.kind->definition;
  RETURN_IF_ERROR(
      CheckNotAsked("positive_amounts_only", request.positive_amounts_only(), subscription.kind()));
  RETURN_IF_ERROR(CheckNotAsked("with_amounts", request.with_amounts(), subscription.kind()));
  if (subscription.build_ordinal() != 0) {
    return RetryableError(v1::ERROR_REASON_KIND_CHANGED,
                          absl::StrCat("kind: the subscription ", subscription.kind(),
                                       " was declared and is still being built; ask again"),
                          kUnbuiltDelay, {{"kind", subscription.kind()}});
  }
  const storage::ActivityKindView* start_kind =
      FindKind(*query.view, subscription.start_kind_number());
  if (start_kind == nullptr) {
    return Error(v1::ERROR_REASON_STORE_DAMAGED,
                 absl::StrCat("kind: the kind that starts the subscription ", subscription.kind(),
                              " is not there"),
                 {{"kind", subscription.kind()}});
  }
  return start_kind;
}

absl::StatusOr<std::optional<UnitSpan>> SubscriptionExtent(const storage::CustomerSetReader& reader,
                                                           const KindQuery& query) {
  ASSIGN_OR_RETURN(std::optional<UnitSpan> days,
                   reader.Extent(*query.view, *query.kind, CustomerSet::kEntered));
  if (days.has_value()) {
    days->end = std::max(days->first, LocalDayOf(query.zone, query.as_of)) + 1;
  }
  return days;
}

Subscribers::Subscribers(const storage::CustomerSetReader& reader, const storage::View& view,
                         const storage::ActivityKindView& subscription,
                         const storage::ActivityKindView& start_kind)
    : rows_(reader.Open(view, subscription)), start_rows_(reader.Open(view, start_kind)) {}

absl::StatusOr<std::vector<uint16_t>> Subscribers::Chunks(int32_t local_day) {
  return rows_->Chunks(CustomerSet::kEntered,
                       {CubeUnit::kMonth, INT32_MIN, MonthOf(local_day) + 1});
}

void Subscribers::Begin(uint16_t chunk) {
  chunk_ = chunk;
  month_ = INT32_MIN;
  day_ = INT32_MIN;
  at_month_ = CustomerSetRow();
  now_ = CustomerSetRow();
}

absl::StatusOr<CustomerSetRow> Subscribers::At(int32_t local_day) {
  const int32_t month = MonthOf(local_day);
  if (month > month_) {
    RETURN_IF_ERROR(Follow({CubeUnit::kMonth, month_, month}, at_month_));
    month_ = month;
    now_ = at_month_;
    day_ = FirstDayOf(month);
  }
  RETURN_IF_ERROR(Follow({CubeUnit::kDay, day_, local_day}, now_));
  day_ = local_day;
  return now_;
}

absl::StatusOr<CustomerSetRow> Subscribers::FirstEver(const Period& period) {
  return ReadSet(*start_rows_, CustomerSet::kFirstEver, period, chunk_);
}

// Within a bucket nobody enters and leaves, so that only the order of buckets matters.
absl::Status Subscribers::Follow(const UnitSpan& span, CustomerSetRow& subscribed) {
  std::vector<std::pair<int32_t, CustomerSetRow>> entered;
  RETURN_IF_ERROR(rows_->ForEach(
      CustomerSet::kEntered, span, chunk_,
      [&](int32_t bucket, const CustomerSetRow& row) { entered.emplace_back(bucket, row); }));
  auto next = entered.begin();
  RETURN_IF_ERROR(rows_->ForEach(CustomerSet::kLeft, span, chunk_,
                                 [&](int32_t bucket, const CustomerSetRow& row) {
                                   for (; next != entered.end() && next->first <= bucket; ++next) {
                                     subscribed.Add(next->second);
                                   }
                                   subscribed.Remove(row);
                                 }));
  for (; next != entered.end(); ++next) {
    subscribed.Add(next->second);
  }
  return absl::OkStatus();
}

}  // namespace emptychair
