#include "server/customers/activity.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/local_day.h"
#include "common/base/status_macros.h"
#include "common/base/timestamp.h"
#include "server/customers/activity_kind.h"
#include "server/request/labels.h"
#include "server/request/validation.h"
#include "storage/format/external_ids.h"

namespace emptychair {
namespace {

constexpr int64_t kUnitsMax = 1'000'000'000'000;
constexpr int32_t kNanosMax = 999'999'999;
constexpr size_t kCurrencyCodeSize = 3;

absl::Status CheckCurrency(absl::string_view code) {
  constexpr absl::string_view kField = "activity.amount.currency_code";
  if (code.empty()) {
    return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, kField, "must be given with an amount");
  }
  if (code.size() != kCurrencyCodeSize ||
      !std::all_of(code.begin(), code.end(), [](char c) { return c >= 'A' && c <= 'Z'; })) {
    return FieldError(
        v1::ERROR_REASON_FIELD_INVALID, kField,
        absl::StrCat("got ", Quoted(code), ", wanted three upper-case letters such as \"EUR\""));
  }
  return absl::OkStatus();
}

absl::Status TakeAmount(const v1::Amount& amount, store::v1::StoredAmount& stored) {
  RETURN_IF_ERROR(CheckCurrency(amount.currency_code()));
  RETURN_IF_ERROR(CheckRange("activity.amount.units", amount.units(), -kUnitsMax, kUnitsMax));
  RETURN_IF_ERROR(CheckRange("activity.amount.nanos", amount.nanos(), -kNanosMax, kNanosMax));
  if ((amount.units() > 0 && amount.nanos() < 0) || (amount.units() < 0 && amount.nanos() > 0)) {
    return FieldError(
        v1::ERROR_REASON_FIELD_INVALID, "activity.amount.nanos",
        absl::StrCat("got ", amount.nanos(), ", wanted the sign of units, ", amount.units()));
  }
  stored.set_units(amount.units());
  stored.set_nanos(amount.nanos());
  stored.set_currency_code(amount.currency_code());
  return absl::OkStatus();
}

absl::Status CheckActivityId(absl::string_view field, absl::string_view activity_id) {
  if (activity_id.empty()) {
    return FieldError(v1::ERROR_REASON_ID_REQUIRED, field,
                      "must be given, so that the activity can be sent again safely");
  }
  return CheckId(field, activity_id);
}

}  // namespace

absl::Status PrepareActivity(const v1::Activity& activity, absl::Time receive_time,
                             const storage::View& view, const storage::KeyedHash& hash,
                             store::v1::RecordedActivity& recorded) {
  RETURN_IF_ERROR(CheckName("activity.kind", activity.kind()));
  RETURN_IF_ERROR(CheckActivityId("activity.activity_id", activity.activity_id()));
  RETURN_IF_ERROR(CheckId("activity.customer_id", activity.customer_id()));
  absl::Time occur_time = receive_time;
  if (activity.has_occur_time()) {
    ASSIGN_OR_RETURN(occur_time, CheckTimestamp("activity.occur_time", activity.occur_time()));
    RETURN_IF_ERROR(CheckOccurTime("activity.occur_time", occur_time, receive_time));
  }
  if (activity.has_amount()) {
    RETURN_IF_ERROR(TakeAmount(activity.amount(), *recorded.mutable_amount()));
  }
  store::v1::StoredActivity& body = *recorded.mutable_body();
  RETURN_IF_ERROR(TakeLabels("activity.labels", activity.labels(), {.max = kLabelsMax},
                             *body.mutable_labels()));
  body.set_activity_id(activity.activity_id());
  body.set_receive_time_ms(absl::ToUnixMillis(receive_time));

  const int64_t occur_ms = absl::ToUnixMillis(occur_time);
  const Uuid id =
      storage::DerivedActivityId(hash, activity.kind(), activity.activity_id(), occur_ms);
  recorded.set_id(id.AsBytes().data(), Uuid::kSize);
  recorded.set_time_was_sent(activity.has_occur_time());
  recorded.set_customer_id(activity.customer_id());
  if (const storage::ActivityKindView* kind = view.FindKind(activity.kind())) {
    if (kind->is_subscription()) {
      return FieldError(v1::ERROR_REASON_FIELD_INVALID, "activity.kind",
                        absl::StrCat("got ", activity.kind(),
                                     ", which is a subscription: record what starts and ends it"));
    }
    ASSIGN_OR_RETURN(const absl::TimeZone zone, ZoneOf(*kind->definition));
    recorded.set_kind_number(kind->number());
    recorded.set_zone_revision(kind->definition->zone_revision());
    recorded.set_zone_offset_seconds(DayOffsetSeconds(zone, absl::FromUnixMillis(occur_ms)));
  } else {
    recorded.set_kind(activity.kind());
  }
  return absl::OkStatus();
}

absl::StatusOr<storage::CommandPtr> PrepareEraseActivity(const v1::EraseActivityRequest& request,
                                                         const storage::View& view) {
  ASSIGN_OR_RETURN(const storage::ActivityKindView* kind, FindKind(view, "kind", request.kind()));
  RETURN_IF_ERROR(CheckId("activity_id", request.activity_id()));
  auto command = storage::NewCommand();
  store::v1::EraseActivityCommand& erase = *command->mutable_erase_activity();
  erase.set_kind_number(kind->number());
  erase.set_activity_id(request.activity_id());
  return command;
}

void FillActivity(const storage::ActivityRecord& record, const storage::ActivityKindView& kind,
                  v1::Activity& activity) {
  activity.set_kind(kind.definition->kind());
  activity.set_activity_id(record.body.activity_id());
  *activity.mutable_occur_time() = ToTimestamp(absl::FromUnixMillis(record.id.UnixMs()));
  *activity.mutable_receive_time() =
      ToTimestamp(absl::FromUnixMillis(record.body.receive_time_ms()));
  if (const std::optional<storage::Amount>& amount = record.header.amount) {
    activity.mutable_amount()->set_units(amount->units);
    activity.mutable_amount()->set_nanos(amount->nanos);
    activity.mutable_amount()->set_currency_code(
        std::string(amount->currency.begin(), amount->currency.end()));
  }
  for (const store::v1::StoredLabel& label : record.body.labels()) {
    (*activity.mutable_labels())[label.key()] = label.value();
  }
  activity.set_sequence(static_cast<int64_t>(record.header.sequence));
  activity.set_import_id(std::string(kind.imports->IdOf(record.body.import_number())));
}

}  // namespace emptychair
