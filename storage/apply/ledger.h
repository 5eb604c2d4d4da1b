// The ledger: what was erased or taken away for good, so that a restore of an older copy does it
// again.
#ifndef EMPTYCHAIR_STORAGE_APPLY_LEDGER_H_
#define EMPTYCHAIR_STORAGE_APPLY_LEDGER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/base/uuid.h"
#include "emptychair/store/v1/value.pb.h"
#include "emptychair/v1/types.pb.h"
#include "storage/read/activities.h"
#include "storage/read/ledger_reader.h"
#include "storage/read/records.h"
#include "storage/state/working_state.h"
#include "storage/state/write_group.h"

namespace emptychair::storage {

// Entries as their changes make them, without time and sequence.
store::v1::StoredLedgerEntry ErasedRecordEntry(const FeedbackRecord& record,
                                               const WorkingSurvey& survey, v1::EraseMode mode,
                                               const WorkingState& state);
store::v1::StoredLedgerEntry ErasedActivityEntry(const ActivityRecord& activity,
                                                 const WorkingKind& kind, v1::EraseMode mode,
                                                 const WorkingState& state);
store::v1::StoredLedgerEntry SurveyEntry(store::v1::LedgerKind kind, const WorkingSurvey& survey);
store::v1::StoredLedgerEntry ActivityKindEntry(store::v1::LedgerKind kind, const WorkingKind& of);
// `kind` is that of a key. The key as it was left is in the entry unless it was revoked.
store::v1::StoredLedgerEntry AccessEntry(store::v1::LedgerKind kind,
                                         const store::v1::StoredAccess& left);

// Enters what the command at work has just done, if it enters anything.
void EnterIntoLedger(store::v1::StoredLedgerEntry entry, WorkingState& state, WriteGroup& group);

// The entries that wait for the survey, or for the activity kind. Reads the whole ledger where any
// wait at all, which only a restored store has. Errors: STORE_DAMAGED.
absl::StatusOr<std::vector<LedgerItem>> WaitingForSurvey(absl::string_view survey_id,
                                                         WorkingState& state,
                                                         const WriteGroup& group);
absl::StatusOr<std::vector<LedgerItem>> WaitingForKind(absl::string_view activity_kind,
                                                       WorkingState& state,
                                                       const WriteGroup& group);

// Lets entries wait no more.
void EndWaiting(std::vector<LedgerItem> items, WorkingState& state, WriteGroup& group);

// Gives the survey, which was just made, the tombstones that waited for it.
void EraseWaiting(std::vector<LedgerItem> items, WorkingSurvey& survey, WorkingState& state,
                  WriteGroup& group);
// The same of an activity kind.
void EraseWaiting(std::vector<LedgerItem> items, WorkingKind& kind, WorkingState& state,
                  WriteGroup& group);

// Leaves the tombstone of a record, or an activity, that is not there.
void PutTombstone(const store::v1::StoredLedgerEntry& entry, WorkingSurvey& survey,
                  WorkingState& state, WriteGroup& group);
void PutTombstone(const store::v1::StoredLedgerEntry& entry, WorkingKind& kind, WorkingState& state,
                  WriteGroup& group);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_APPLY_LEDGER_H_
