// Does again, on a restored store, what the ledger beside the backups says.
#ifndef EMPTYCHAIR_STORAGE_RESTORE_REPLAY_H_
#define EMPTYCHAIR_STORAGE_RESTORE_REPLAY_H_

#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/uuid.h"
#include "storage/backup/backup_directory.h"
#include "storage/read/ledger_reader.h"
#include "storage/restore/restore.h"
#include "storage/store.h"

namespace emptychair::storage {

// The entries of all ledgers in the directory, in order of time, each id once; those of one store
// stay in the order that its file has. Errors: FAILED_PRECONDITION when the ledger of `store_id` is
// not there, BACKUP_DAMAGED, both of which name `--without_ledger`.
absl::StatusOr<std::vector<LedgerItem>> ReadLedgers(const BackupDirectory& directory,
                                                    const Uuid& store_id);

// Carries the entries out, one after the other, and counts them in `report`. Errors: those of the
// commands and of `check`, which is asked before each.
absl::Status ReplayLedger(Store& store, const std::vector<LedgerItem>& items,
                          absl::FunctionRef<absl::Status()> check, RestoreReport& report);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_RESTORE_REPLAY_H_
