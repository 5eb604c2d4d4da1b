// Keeps the store's ledger beside its backups.
#ifndef EMPTYCHAIR_SERVER_BACKUPS_LEDGER_FOLLOWER_H_
#define EMPTYCHAIR_SERVER_BACKUPS_LEDGER_FOLLOWER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "common/base/uuid.h"
#include "storage/backup/backup_directory.h"
#include "storage/backup/ledger_file.h"
#include "storage/store.h"

namespace emptychair {

// Appends what the store enters into its ledger to the file of the store in the backup directory,
// on a thread of its own: an erasure never waits for that disk. A file that cannot be written is
// tried again every second. Thread-safe.
class LedgerFollower {
 public:
  // Gets each error that is another one than before, and OK once the file is up to date again; on a
  // thread of the follower's or of CatchUp's caller. May be null.
  using OnChange = std::function<void(const absl::Status&)>;

  // Both must outlive the follower.
  LedgerFollower(storage::Store* store, const storage::BackupDirectory* directory,
                 OnChange on_change);
  ~LedgerFollower();
  LedgerFollower(const LedgerFollower&) = delete;
  LedgerFollower& operator=(const LedgerFollower&) = delete;

  // Appends now what the file lacks; blocks. Errors: those of LedgerFile, STORE_DAMAGED.
  absl::Status CatchUp() ABSL_LOCKS_EXCLUDED(file_mutex_);

  // Entries of the newest state that the file lacks.
  int64_t behind() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Run() ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status Append(const storage::View& view) ABSL_EXCLUSIVE_LOCKS_REQUIRED(file_mutex_);
  absl::Status AppendMissing(const storage::View& view) ABSL_EXCLUSIVE_LOCKS_REQUIRED(file_mutex_);
  absl::Status AppendNew(const storage::View& view) ABSL_EXCLUSIVE_LOCKS_REQUIRED(file_mutex_);
  void Tell(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(file_mutex_);

  storage::Store* const store_;
  const storage::BackupDirectory* const directory_;
  const OnChange on_change_;

  // Held while the file is written.
  absl::Mutex file_mutex_;
  // Null until it could be opened, and after an error.
  std::unique_ptr<storage::LedgerFile> file_ ABSL_GUARDED_BY(file_mutex_);
  // Entries of this process from here on are not in the file.
  Uuid next_ ABSL_GUARDED_BY(file_mutex_);
  absl::Status told_ ABSL_GUARDED_BY(file_mutex_);

  mutable absl::Mutex mutex_;
  uint64_t written_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stops_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_BACKUPS_LEDGER_FOLLOWER_H_
