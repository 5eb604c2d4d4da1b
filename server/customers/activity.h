// Validates activities, and converts them between wire and store.
#ifndef EMPTYCHAIR_SERVER_CUSTOMERS_ACTIVITY_H_
#define EMPTYCHAIR_SERVER_CUSTOMERS_ACTIVITY_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "emptychair/store/v1/command.pb.h"
#include "emptychair/v1/customer_service.pb.h"
#include "storage/format/keyed_hash.h"
#include "storage/read/activities.h"
#include "storage/read/view.h"
#include "storage/state/command.h"

namespace emptychair {

// Makes `recorded`, which must be empty, what `activity` asks for: its kind found, its time and the
// offset of its zone resolved. `receive_time` is when the server got it. What depends on what is
// stored is judged later, when it is applied. Errors are on fields below "activity":
// FIELD_REQUIRED, FIELD_INVALID, ID_REQUIRED, TIME_OUT_OF_RANGE; ZONE_UNKNOWN.
absl::Status PrepareActivity(const v1::Activity& activity, absl::Time receive_time,
                             const storage::View& view, const storage::KeyedHash& hash,
                             store::v1::RecordedActivity& recorded);

// Checks the request and makes its command. Errors: FIELD_REQUIRED, FIELD_INVALID, KIND_NOT_FOUND.
absl::StatusOr<storage::CommandPtr> PrepareEraseActivity(const v1::EraseActivityRequest& request,
                                                         const storage::View& view);

// Fills in `activity`, which is empty, but for its customer's id. `kind` is that of the record.
void FillActivity(const storage::ActivityRecord& record, const storage::ActivityKindView& kind,
                  v1::Activity& activity);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_CUSTOMERS_ACTIVITY_H_
