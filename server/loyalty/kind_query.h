// What all questions about an activity kind have in common: whose activities, in which days, looked
// back on from when.
#ifndef EMPTYCHAIR_SERVER_LOYALTY_KIND_QUERY_H_
#define EMPTYCHAIR_SERVER_LOYALTY_KIND_QUERY_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "emptychair/v1/loyalty_metrics.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "server/request/selection.h"
#include "server/statistics/estimate.h"
#include "storage/format/keys.h"
#include "storage/read/view.h"

namespace emptychair {

// Local days since 1970-01-01, `[first, end)`.
struct DaySpan {
  int32_t first = 0;
  int32_t end = 0;

  friend bool operator==(const DaySpan&, const DaySpan&) = default;
};

// A question about a kind that was found to be sound, at one view of the store.
struct KindQuery {
  std::shared_ptr<const storage::View> view;
  // Owned by `view`.
  const storage::ActivityKindView* kind = nullptr;
  absl::TimeZone zone;
  // As it was asked for.
  TimeSpan interval;
  absl::Time as_of;
  statistics::Confidence confidence;
  bool positive_amounts_only = false;

  storage::CustomerSet active_set() const {
    return positive_amounts_only ? storage::CustomerSet::kActivePositive
                                 : storage::CustomerSet::kActive;
  }
  storage::CustomerSet first_ever_set() const {
    return positive_amounts_only ? storage::CustomerSet::kFirstEverPositive
                                 : storage::CustomerSet::kFirstEver;
  }
};

// Checks the fields that all requests have: `kind`, `interval`, `as_of`, `confidence`. Reads
// nothing from disk. Errors: FIELD_REQUIRED, FIELD_INVALID, also where the interval starts after
// `as_of`; KIND_NOT_FOUND, ZONE_UNKNOWN.
template <typename Request>
absl::StatusOr<KindQuery> PrepareKindQuery(std::shared_ptr<const storage::View> view,
                                           const Request& request, absl::Time now);

// FIELD_INVALID on `field` for a subscription, which has no activities of its own.
absl::Status CheckIsPlain(absl::string_view field, const storage::ActivityKindView& kind);

// The local day that `time` counts in.
int32_t LocalDayOf(const absl::TimeZone& zone, absl::Time time);

// The first instant of a local day.
absl::Time StartOfDay(const absl::TimeZone& zone, int32_t local_day);

// FIELD_INVALID on the field of `as_of`, or, where the server's clock stands for it, on
// `edge_field`, unless `edge` is no later.
absl::Status CheckNotAfterAsOf(absl::string_view edge_field, absl::Time edge, bool has_as_of,
                               absl::Time as_of);

// What of the answer's method all have in common.
v1::LoyaltyMethodInfo MethodInfoOf(const KindQuery& query);

// Details only from here on.

namespace internal {

absl::StatusOr<KindQuery> PrepareKindQuery(std::shared_ptr<const storage::View> view,
                                           absl::string_view kind, const v1::TimeInterval& interval,
                                           const google::protobuf::Timestamp* as_of,
                                           double confidence, absl::Time now);

}  // namespace internal

template <typename Request>
absl::StatusOr<KindQuery> PrepareKindQuery(std::shared_ptr<const storage::View> view,
                                           const Request& request, absl::Time now) {
  return internal::PrepareKindQuery(std::move(view), request.kind(), request.interval(),
                                    request.has_as_of() ? &request.as_of() : nullptr,
                                    request.confidence(), now);
}

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_LOYALTY_KIND_QUERY_H_
