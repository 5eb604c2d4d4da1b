#include "server/customers/activity_kind.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "common/base/timestamp.h"
#include "common/base/zone_rules.h"
#include "server/request/validation.h"
#include "storage/read/activities.h"

namespace emptychair {
namespace {

// Whether the days of a zone, which this machine knows, are those of the kind.
bool HasDaysOf(const store::v1::StoredActivityKind& kind, const std::string& time_zone) {
  const std::optional<absl::TimeZone> stored = LoadZone(kind.time_zone());
  const std::optional<absl::TimeZone> zone = LoadZone(time_zone);
  return stored.has_value() && zone.has_value() && HaveSameRules(*stored, *zone);
}

// A kind that a subscription is to be made of.
absl::StatusOr<const storage::ActivityKindView*> FindPart(const storage::View& view,
                                                          absl::string_view field,
                                                          const std::string& kind) {
  ASSIGN_OR_RETURN(const storage::ActivityKindView* part, FindKind(view, field, kind));
  if (part->is_subscription()) {
    return FieldError(
        v1::ERROR_REASON_FIELD_INVALID, field,
        absl::StrCat("got ", kind, ", which is a subscription, wanted a kind that has activities"));
  }
  return part;
}

// Two kinds that a subscription can be made of.
absl::Status TakeSubscription(const v1::DefineActivityKindRequest& request,
                              const storage::View& view,
                              store::v1::DefineActivityKindCommand& define) {
  ASSIGN_OR_RETURN(const storage::ActivityKindView* start,
                   FindPart(view, "start_kind", request.start_kind()));
  ASSIGN_OR_RETURN(const storage::ActivityKindView* end,
                   FindPart(view, "end_kind", request.end_kind()));
  if (start == end) {
    return FieldError(
        v1::ERROR_REASON_FIELD_INVALID, "end_kind",
        absl::StrCat("got ", request.end_kind(), ", which is start_kind, wanted another kind"));
  }
  const std::string& time_zone = start->definition->time_zone();
  if (end->definition->time_zone() != time_zone) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "end_kind",
                      absl::StrCat("got ", request.end_kind(), ", whose days are in the time zone ",
                                   end->definition->time_zone(), ", wanted a kind of ", time_zone,
                                   ", as start_kind is"));
  }
  if (!request.time_zone().empty() && request.time_zone() != time_zone) {
    RETURN_IF_ERROR(CheckZone("time_zone", request.time_zone()));
    if (!HasDaysOf(*start->definition, request.time_zone())) {
      return FieldError(v1::ERROR_REASON_FIELD_INVALID, "time_zone",
                        absl::StrCat("got ", Quoted(request.time_zone()), ", wanted ", time_zone,
                                     ", which start_kind and end_kind have, or none"));
    }
  }
  define.set_time_zone(time_zone);
  define.set_start_kind_number(start->number());
  define.set_end_kind_number(end->number());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<storage::CommandPtr> PrepareDefineKind(const v1::DefineActivityKindRequest& request,
                                                      absl::Time now, const storage::View& view) {
  RETURN_IF_ERROR(CheckName("kind", request.kind()));
  auto command = storage::NewCommand();
  store::v1::DefineActivityKindCommand& define = *command->mutable_define_activity_kind();
  define.set_kind(request.kind());
  define.set_time_zone(request.time_zone().empty() ? std::string(storage::kUndeclaredKindZone)
                                                   : request.time_zone());
  define.set_create_time_ms(absl::ToUnixMillis(now));
  if (!request.start_kind().empty() || !request.end_kind().empty()) {
    RETURN_IF_ERROR(TakeSubscription(request, view, define));
    return command;
  }
  const storage::ActivityKindView* stored = view.FindKind(request.kind());
  if (stored != nullptr && stored->definition->time_zone() == define.time_zone()) {
    return command;  // Whether this machine knows the zone or not.
  }
  RETURN_IF_ERROR(CheckZone("time_zone", define.time_zone()));
  // Applying a command knows no zones: the same kind comes under the name that is stored.
  if (stored != nullptr && HasDaysOf(*stored->definition, define.time_zone())) {
    define.set_time_zone(stored->definition->time_zone());
  }
  return command;
}

absl::StatusOr<storage::CommandPtr> PrepareDeleteKind(const v1::DeleteActivityKindRequest& request,
                                                      absl::Time now, const storage::View& view) {
  RETURN_IF_ERROR(CheckName("kind", request.kind()));
  RETURN_IF_ERROR(CheckName("confirm_kind", request.confirm_kind()));
  if (request.confirm_kind() != request.kind()) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "confirm_kind",
                      absl::StrCat("got ", Quoted(request.confirm_kind()),
                                   ", wanted the kind again, ", Quoted(request.kind())));
  }
  ASSIGN_OR_RETURN(const storage::ActivityKindView* kind, FindKind(view, "kind", request.kind()));
  auto command = storage::NewCommand();
  store::v1::DeleteActivityKindCommand& remove = *command->mutable_delete_activity_kind();
  remove.set_kind_number(kind->number());
  remove.set_delete_time_ms(absl::ToUnixMillis(now));
  return command;
}

absl::StatusOr<const storage::ActivityKindView*> FindKind(const storage::View& view,
                                                          absl::string_view field,
                                                          absl::string_view kind) {
  RETURN_IF_ERROR(CheckName(field, kind));
  const storage::ActivityKindView* found = view.FindKind(kind);
  if (found == nullptr) {
    return Error(v1::ERROR_REASON_KIND_NOT_FOUND,
                 absl::StrCat(field, ": there is no activity kind ", kind),
                 {{"kind", std::string(kind)}});
  }
  return found;
}

const storage::ActivityKindView* FindKind(const storage::View& view, uint32_t kind_number) {
  for (const auto& [name, kind] : *view.kinds) {
    if (kind->number() == kind_number) {
      return kind.get();
    }
  }
  return nullptr;
}

absl::StatusOr<absl::TimeZone> ZoneOf(const store::v1::StoredActivityKind& kind) {
  const std::optional<absl::TimeZone> zone = LoadZone(kind.time_zone());
  if (!zone.has_value()) {
    return Error(v1::ERROR_REASON_ZONE_UNKNOWN,
                 absl::StrCat("the activity kind ", kind.kind(),
                              " counts its days in the time zone ", Quoted(kind.time_zone()),
                              ", which this server's time-zone database does not have"),
                 {{"kind", kind.kind()}, {"time_zone", kind.time_zone()}});
  }
  return *zone;
}

v1::ActivityKind ToApi(const store::v1::StoredActivityKind& kind, const storage::View& view) {
  v1::ActivityKind api;
  api.set_kind(kind.kind());
  api.set_time_zone(kind.time_zone());
  *api.mutable_create_time() = ToTimestamp(absl::FromUnixMillis(kind.create_time_ms()));
  api.set_sequence(static_cast<int64_t>(kind.sequence()));
  if (const auto* start = FindKind(view, kind.start_kind_number())) {
    api.set_start_kind(start->definition->kind());
  }
  if (const auto* end = FindKind(view, kind.end_kind_number())) {
    api.set_end_kind(end->definition->kind());
  }
  return api;
}

}  // namespace emptychair
