#include "server/loyalty/kind_query.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "common/base/errors.h"
#include "common/base/local_day.h"
#include "common/base/status_macros.h"
#include "common/base/timestamp.h"
#include "server/customers/activity_kind.h"
#include "server/request/validation.h"

namespace emptychair {
namespace {

constexpr absl::CivilDay kDayZero(1970, 1, 1);

std::string UtcText(absl::Time time) { return absl::FormatTime(time, absl::UTCTimeZone()); }

}  // namespace

absl::Status CheckIsPlain(absl::string_view field, const storage::ActivityKindView& kind) {
  return kind.is_subscription()
             ? FieldError(v1::ERROR_REASON_FIELD_INVALID, field,
                          absl::StrCat("got ", kind.definition->kind(),
                                       ", which is a subscription, wanted a kind that has "
                                       "activities"))
             : absl::OkStatus();
}

int32_t LocalDayOf(const absl::TimeZone& zone, absl::Time time) {
  const absl::CivilSecond local =
      absl::ToCivilSecond(time + absl::Seconds(DayOffsetSeconds(zone, time)), absl::UTCTimeZone());
  return static_cast<int32_t>(absl::CivilDay(local) - kDayZero);
}

absl::Time StartOfDay(const absl::TimeZone& zone, int32_t local_day) {
  return FirstInstantOf(zone, kDayZero + local_day);
}

absl::Status CheckNotAfterAsOf(absl::string_view edge_field, absl::Time edge, bool has_as_of,
                               absl::Time as_of) {
  if (edge <= as_of) {
    return absl::OkStatus();
  }
  return has_as_of ? FieldError(v1::ERROR_REASON_FIELD_INVALID, "as_of",
                                absl::StrCat("got ", UtcText(as_of), ", wanted ", edge_field, ", ",
                                             UtcText(edge), ", or later"))
                   : FieldError(v1::ERROR_REASON_FIELD_INVALID, edge_field,
                                absl::StrCat("got ", UtcText(edge), ", wanted no later than now, ",
                                             UtcText(as_of)));
}

v1::LoyaltyMethodInfo MethodInfoOf(const KindQuery& query) {
  v1::LoyaltyMethodInfo info;
  info.set_time_zone(query.kind->definition->time_zone());
  *info.mutable_as_of() = ToTimestamp(query.as_of);
  info.set_confidence(query.confidence.level());
  info.set_positive_amounts_only(query.positive_amounts_only);
  return info;
}

namespace internal {

absl::StatusOr<KindQuery> PrepareKindQuery(std::shared_ptr<const storage::View> view,
                                           absl::string_view kind, const v1::TimeInterval& interval,
                                           const google::protobuf::Timestamp* as_of,
                                           double confidence, absl::Time now) {
  KindQuery query;
  query.view = std::move(view);
  ASSIGN_OR_RETURN(query.kind, FindKind(*query.view, "kind", kind));
  ASSIGN_OR_RETURN(query.zone, ZoneOf(*query.kind->definition));
  ASSIGN_OR_RETURN(query.interval, CheckInterval(interval));
  query.as_of = now;
  if (as_of != nullptr) {
    ASSIGN_OR_RETURN(query.as_of, CheckAsOf("as_of", *as_of));
  }
  if (query.interval.start.has_value()) {
    RETURN_IF_ERROR(CheckNotAfterAsOf("interval.start_time", *query.interval.start,
                                      as_of != nullptr, query.as_of));
  }
  ASSIGN_OR_RETURN(query.confidence, statistics::Confidence::Of(confidence));
  return query;
}

}  // namespace internal

}  // namespace emptychair
