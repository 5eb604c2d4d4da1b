// Activity kinds as the API has them.
#ifndef EMPTYCHAIR_SERVER_CUSTOMERS_ACTIVITY_KIND_H_
#define EMPTYCHAIR_SERVER_CUSTOMERS_ACTIVITY_KIND_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "emptychair/v1/customer_service.pb.h"
#include "storage/read/activity_kinds.h"
#include "storage/read/view.h"
#include "storage/state/command.h"

namespace emptychair {

// Checks the request and makes its command. Errors: FIELD_REQUIRED, FIELD_INVALID; KIND_NOT_FOUND
// for a kind that a subscription is to be made of.
absl::StatusOr<storage::CommandPtr> PrepareDefineKind(const v1::DefineActivityKindRequest& request,
                                                      absl::Time now, const storage::View& view);

// The same. Errors: FIELD_REQUIRED, FIELD_INVALID, KIND_NOT_FOUND.
absl::StatusOr<storage::CommandPtr> PrepareDeleteKind(const v1::DeleteActivityKindRequest& request,
                                                      absl::Time now, const storage::View& view);

// The kind in `view`. Errors on `field`: FIELD_REQUIRED, FIELD_INVALID; KIND_NOT_FOUND.
absl::StatusOr<const storage::ActivityKindView*> FindKind(const storage::View& view,
                                                          absl::string_view field,
                                                          absl::string_view kind);

// The kind with a number; null when there is none.
const storage::ActivityKindView* FindKind(const storage::View& view, uint32_t kind_number);

// The zone of a stored kind. Errors: ZONE_UNKNOWN when this machine does not have it.
absl::StatusOr<absl::TimeZone> ZoneOf(const store::v1::StoredActivityKind& kind);

// `view` has the kinds that a subscription is made of.
v1::ActivityKind ToApi(const store::v1::StoredActivityKind& kind, const storage::View& view);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_CUSTOMERS_ACTIVITY_KIND_H_
