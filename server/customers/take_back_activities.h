// Takes imports of activities back.
#ifndef EMPTYCHAIR_SERVER_CUSTOMERS_TAKE_BACK_ACTIVITIES_H_
#define EMPTYCHAIR_SERVER_CUSTOMERS_TAKE_BACK_ACTIVITIES_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/request/many_progress.h"
#include "storage/store.h"

namespace emptychair {

// Removes the activities of a kind that an import stored, a thousand at a time; their ids are free
// again. Blocks until all is durable, so it must not run on a thread of the committer's. The last
// progress is the result. Errors: FIELD_REQUIRED, FIELD_INVALID, KIND_NOT_FOUND, SHUTTING_DOWN,
// STORE_DAMAGED, those of `on_progress`.
absl::Status TakeBackActivities(storage::Store& store, absl::string_view kind,
                                absl::string_view import_id, BeforeWork before_work,
                                OnManyProgress on_progress);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_CUSTOMERS_TAKE_BACK_ACTIVITIES_H_
