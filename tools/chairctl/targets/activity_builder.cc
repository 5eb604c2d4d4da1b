#include "tools/chairctl/targets/activity_builder.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "common/base/timestamp.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/import/field_texts.h"
#include "tools/chairctl/rows/text_values.h"

namespace emptychair {
namespace {

v1::Activity& ActivityOf(ImportRecord& record) { return std::get<v1::Activity>(record); }
const v1::Activity& ActivityOf(const ImportRecord& record) {
  return std::get<v1::Activity>(record);
}

absl::Status Required(absl::string_view field, absl::string_view description) {
  return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, field, description);
}

absl::Status Invalid(absl::string_view field, absl::string_view description) {
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, field, description);
}

}  // namespace

ActivityBuilder::ActivityBuilder(const ImportRules& rules, KindZones kinds, RecordLayout layout)
    : RecordBuilder(rules, RecordField::kKind, rules.kind, std::move(layout)),
      kinds_(std::move(kinds)) {}

absl::StatusOr<std::unique_ptr<RecordBuilder>> ActivityBuilder::Create(const ImportRules& rules,
                                                                       KindZones kinds,
                                                                       RecordLayout layout) {
  std::unique_ptr<ActivityBuilder> builder(
      new ActivityBuilder(rules, std::move(kinds), std::move(layout)));
  RETURN_IF_ERROR(builder->TakeColumns());
  // Without a kind of its own the file's flags are looked at all the same.
  RETURN_IF_ERROR(builder->TimesOfKind(rules.kind).status());
  return builder;
}

std::unique_ptr<RecordBuilder> ActivityBuilder::Clone() const {
  return std::unique_ptr<RecordBuilder>(new ActivityBuilder(*this));
}

absl::StatusOr<const RecordTimes*> ActivityBuilder::TimesOfKind(const std::string& kind) {
  const std::string& said = rules().time_zone;
  const auto found = times_.find(said.empty() ? kind : "");
  if (found != times_.end()) {
    return found->second.get();
  }
  const auto declared = kinds_.find(kind);
  const std::string zone_name = !said.empty()              ? said
                                : declared == kinds_.end() ? "UTC"
                                                           : declared->second;
  ASSIGN_OR_RETURN(const absl::TimeZone zone, FindZone(zone_name));
  ASSIGN_OR_RETURN(RecordTimes times, RecordTimes::Create(rules(), zone));
  return times_
      .emplace(said.empty() ? kind : "", std::make_shared<const RecordTimes>(std::move(times)))
      .first->second.get();
}

absl::StatusOr<const RecordTimes*> ActivityBuilder::TimesOf(const ImportRecord& record) {
  return TimesOfKind(ActivityOf(record).kind());
}

void ActivityBuilder::Begin(ImportRecord& record) {
  Emptied<v1::Activity>(record).set_kind(owner());
  texts_ = {};
}

absl::Status ActivityBuilder::SetField(const TargetField& field, absl::string_view text,
                                       ImportRecord& record) {
  v1::Activity& activity = ActivityOf(record);
  switch (field.field) {
    case RecordField::kKind:
      if (owner().empty()) {
        activity.set_kind(text.data(), text.size());
      }
      break;
    case RecordField::kActivityId:
      activity.set_activity_id(text.data(), text.size());
      break;
    case RecordField::kCustomerId:
      activity.set_customer_id(text.data(), text.size());
      break;
    case RecordField::kLabels:
      return SetLabels(field.label, text, *activity.mutable_labels());
    case RecordField::kAmount:
      texts_.amount = WithoutBlanks(text);
      break;
    case RecordField::kCurrency:
      texts_.currency = WithoutBlanks(text);
      break;
    case RecordField::kAmountUnits:
      texts_.units = WithoutBlanks(text);
      break;
    case RecordField::kAmountNanos:
      texts_.nanos = WithoutBlanks(text);
      break;
    default:
      break;
  }
  return absl::OkStatus();
}

absl::Status ActivityBuilder::Complete(ImportRecord& record) {
  return SetAmount(ActivityOf(record));
}

// A currency without an amount says nothing.
absl::Status ActivityBuilder::SetAmount(v1::Activity& activity) const {
  const bool has_parts = !texts_.units.empty() || !texts_.nanos.empty();
  if (texts_.amount.empty() && !has_parts) {
    return absl::OkStatus();
  }
  if (!texts_.amount.empty() && has_parts) {
    return Invalid("amount", absl::StrCat("is ", Quoted(texts_.amount),
                                          " and amount_units or amount_nanos is there too"));
  }
  ASSIGN_OR_RETURN(v1::Amount amount, has_parts ? ParseAmountParts(texts_.units, texts_.nanos)
                                                : ParseAmount(texts_.amount));
  RETURN_IF_ERROR(SetCurrency(amount));
  *activity.mutable_amount() = std::move(amount);
  return absl::OkStatus();
}

absl::Status ActivityBuilder::SetCurrency(v1::Amount& amount) const {
  if (!texts_.currency.empty()) {
    ASSIGN_OR_RETURN(const std::string currency, ParseCurrency(texts_.currency));
    if (!amount.currency_code().empty() && amount.currency_code() != currency) {
      return Invalid("currency", absl::StrCat("is ", Quoted(texts_.currency),
                                              ", and the amount is ", Quoted(texts_.amount)));
    }
    amount.set_currency_code(currency);
  } else if (amount.currency_code().empty()) {
    amount.set_currency_code(rules().currency);
  }
  return amount.currency_code().empty()
             ? Required("currency",
                        "is not said of the amount; wanted a column of it (--map "
                        "currency=COLUMN), --currency EUR, or amounts such as 20 EUR")
             : absl::OkStatus();
}

bool ActivityBuilder::SetConstant(const TargetField& field, const std::string& value,
                                  ImportRecord& record) const {
  v1::Activity& activity = ActivityOf(record);
  if (field.field == RecordField::kLabels) {
    return activity.mutable_labels()->insert({field.label, value}).second;
  }
  if (field.field == RecordField::kCustomerId && activity.customer_id().empty()) {
    activity.set_customer_id(value);
    return true;
  }
  return false;
}

absl::Status ActivityBuilder::Check(const ImportRecord& record) const {
  const v1::Activity& activity = ActivityOf(record);
  if (activity.customer_id().empty()) {
    return Required("customer_id", "is empty; wanted who did it");
  }
  if (activity.kind().empty()) {
    return Required("kind", "is empty; wanted what was done, or --kind KIND for all rows");
  }
  if (!IsLabelKey(activity.kind())) {
    return Invalid("kind", absl::StrCat("is ", Quoted(activity.kind()),
                                        "; wanted a-z, 0-9, _ and -, a letter first"));
  }
  return absl::OkStatus();
}

void ActivityBuilder::SetTime(absl::Time time, ImportRecord& record) const {
  *ActivityOf(record).mutable_occur_time() = ToTimestamp(time);
}

bool ActivityBuilder::HasId(const ImportRecord& record) const {
  return !ActivityOf(record).activity_id().empty();
}

void ActivityBuilder::SetIdOfContent(ImportRecord& record) {
  v1::Activity& activity = ActivityOf(record);
  activity.set_activity_id(ids().OfActivity(activity));
}

// Kinds keep equal keys apart by themselves.
void ActivityBuilder::SetIdOfKeys(const std::vector<std::string>& keys,
                                  ImportRecord& record) const {
  ActivityOf(record).set_activity_id(ids().OfKeys(keys));
}

}  // namespace emptychair
