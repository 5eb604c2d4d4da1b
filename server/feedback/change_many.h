// Changes many records, selected by what they say or by the import that they came with.
#ifndef EMPTYCHAIR_SERVER_FEEDBACK_CHANGE_MANY_H_
#define EMPTYCHAIR_SERVER_FEEDBACK_CHANGE_MANY_H_

#include <cstdint>
#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "emptychair/v1/feedback_service.pb.h"
#include "server/request/many_progress.h"
#include "server/request/view_source.h"
#include "storage/store.h"

namespace emptychair {

// Counts the records of a survey at a view.
using CountRecords = absl::FunctionRef<absl::StatusOr<int64_t>(
    const std::shared_ptr<const storage::View>&, const storage::SurveyView&)>;

// Both block until all is durable, so they must not run on a thread of the committer's. Each step
// is of at most a thousand changes. The last progress is the result.

// Excludes or includes the records of the selection. `now` is the time of an exclusion. Errors:
// FIELD_REQUIRED, FIELD_INVALID, SURVEY_NOT_FOUND, QUEUE_FULL, DISK_FULL, SHUTTING_DOWN,
// STORE_DAMAGED, those of `on_progress`.
absl::Status ChangeMany(storage::Store& store, const ViewSource& views,
                        const v1::ChangeManyFeedbackRequest& request, absl::Time now,
                        CountRecords count_records, BeforeWork before_work,
                        OnManyProgress on_progress);

// Removes the records that an import stored first. Needs no space on disk; else errors as
// above.
absl::Status TakeBackImport(storage::Store& store, const ViewSource& views,
                            const v1::TakeBackImportRequest& request, CountRecords count_records,
                            BeforeWork before_work, OnManyProgress on_progress);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_FEEDBACK_CHANGE_MANY_H_
