#include "tools/chairctl/targets/activity_target.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "emptychair/error.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/targets/earlier_import.h"

namespace emptychair {
namespace {

constexpr size_t kKindsShownMax = 20;

absl::Status Lacks(absl::string_view field, const std::vector<std::string>& names,
                   absl::string_view wanted) {
  return FieldError(
      v1::ERROR_REASON_FIELD_REQUIRED, field,
      absl::StrCat("has no column; the columns are ", QuotedNames(names), "; wanted ", wanted));
}

bool Sets(const ImportRules& rules, RecordField field) {
  return std::any_of(rules.constants.begin(), rules.constants.end(),
                     [field](const auto& constant) { return constant.first.field == field; });
}

bool HasAmount(const Columns& columns) {
  return columns.Has(RecordField::kAmount) || columns.Has(RecordField::kAmountUnits) ||
         columns.Has(RecordField::kAmountNanos);
}

}  // namespace

std::optional<int> ActivityTarget::Ask(Session& session, const ImportRules& rules) {
  if (!rules.time_zone.empty()) {
    if (const auto zone = FindZone(rules.time_zone); !zone.ok()) {
      return UsageError(session.environment,
                        absl::StrCat("--time-zone: ", zone.status().message()));
    }
    new_zone_ = rules.time_zone;
  }
  const absl::StatusOr<v1::ListActivityKindsResponse> response = session.client.ListActivityKinds();
  if (!response.ok()) {
    return ServiceError(session.environment, response.status());
  }
  for (const v1::ActivityKind& kind : response->activity_kinds()) {
    if (kind.kind() == rules.kind && !kind.start_kind().empty()) {
      return UsageError(
          session.environment,
          absl::StrCat("--kind: ", kind.kind(), " is a subscription, on which ",
                       "nothing is recorded; wanted ", kind.start_kind(), " or ", kind.end_kind()));
    }
    kinds_[kind.kind()] = kind.time_zone();
  }
  const auto kind = kinds_.find(rules.kind);
  if (rules.time_zone.empty() && kind != kinds_.end()) {
    if (const auto zone = FindZone(kind->second); !zone.ok()) {
      return ToolError(session.environment, zone.status().message());
    }
  }
  return std::nullopt;
}

absl::Status ActivityTarget::CheckLayout(const ImportRules& rules, const RecordLayout& layout,
                                         const std::vector<std::string>& names) const {
  const Columns& columns = layout.columns;
  if (rules.kind.empty() && !columns.Has(RecordField::kKind)) {
    return Lacks("kind", names, "--kind KIND, or --map kind=COLUMN when each row says its own");
  }
  if (!columns.Has(RecordField::kCustomerId) && !Sets(rules, RecordField::kCustomerId)) {
    return Lacks("customer_id", names, "--map customer_id=COLUMN, which says who did it");
  }
  if (!rules.currency.empty() && !HasAmount(columns)) {
    return Lacks("amount", names, "--map amount=COLUMN beside --currency");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<RecordBuilder>> ActivityTarget::MakeBuilder(
    const ImportRules& rules, RecordLayout layout) const {
  return ActivityBuilder::Create(rules, kinds_, std::move(layout));
}

bool ActivityTarget::LacksValue(const RecordLayout& layout, const ImportRecord& record) const {
  return HasAmount(layout.columns) && !std::get<v1::Activity>(record).has_amount();
}

void ActivityTarget::Describe(const ImportRules& rules, const std::vector<std::string>& kinds,
                              ImportPlan& plan) const {
  // Without rows the flag alone says it.
  const bool is_one = !rules.kind.empty();
  const std::vector<std::string> named = is_one ? std::vector<std::string>{rules.kind} : kinds;
  const auto kind = kinds_.find(rules.kind);
  if (!rules.time_zone.empty()) {
    plan.zone = rules.time_zone;
    plan.zone_from = "--time-zone";
  } else if (!is_one) {
    plan.zone = "each kind's";
    plan.zone_from = "of new ones UTC";
  } else {
    plan.zone = kind == kinds_.end() ? "UTC" : kind->second;
    plan.zone_from = kind == kinds_.end() ? "the kind is new" : "of the kind";
  }
  for (const std::string& name : named) {
    if (plan.kinds.size() == kKindsShownMax) {
      plan.kinds.push_back(absl::StrCat("and ", named.size() - kKindsShownMax, " more"));
      return;
    }
    const auto known = kinds_.find(name);
    plan.kinds.push_back(
        known != kinds_.end()
            ? absl::StrCat(name, ", in ", known->second)
            : absl::StrCat(name, ", new: declared in ", new_zone_,
                           rules.time_zone.empty() ? " (--time-zone says another zone)" : ""));
  }
}

absl::StatusOr<bool> ActivityTarget::WasImportedOtherwise(
    const Client& client, const DerivedIds& ids, const std::vector<ImportRecord>& records) const {
  return WereActivitiesImportedOtherwise(client, ids, records);
}

std::unique_ptr<RecordSender> ActivityTarget::MakeSender(const Client& client,
                                                         SenderOptions options) {
  return MakeActivitySender(
      client, std::move(options),
      [this, &client](const v1::Activity& activity) { return Declare(client, activity.kind()); });
}

// Declares a kind that is new. When there are too many, its activities are refused one by one.
absl::Status ActivityTarget::Declare(const Client& client, const std::string& kind) {
  if (kinds_.contains(kind) || !declared_.insert(kind).second) {
    return absl::OkStatus();
  }
  v1::DefineActivityKindRequest request;
  request.set_kind(kind);
  request.set_time_zone(new_zone_);
  const absl::Status status = client.DefineActivityKind(request).status();
  return ReasonOf(status) == v1::ERROR_REASON_LIMIT_REACHED ? absl::OkStatus() : status;
}

}  // namespace emptychair
