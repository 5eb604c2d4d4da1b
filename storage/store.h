// The store: everything that is kept, and the only door to it.
#ifndef EMPTYCHAIR_STORAGE_STORE_H_
#define EMPTYCHAIR_STORAGE_STORE_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/uuid.h"
#include "common/base/waiter.h"
#include "storage/backup/backup.h"
#include "storage/check/cube_rebuild.h"
#include "storage/check/verify.h"
#include "storage/columns/column_cache.h"
#include "storage/cube/cube_reader.h"
#include "storage/format/key_text_hash.h"
#include "storage/format/keyed_hash.h"
#include "storage/read/activities.h"
#include "storage/read/audit_reader.h"
#include "storage/read/change_log_reader.h"
#include "storage/read/customer_sets.h"
#include "storage/read/ledger_reader.h"
#include "storage/read/records.h"
#include "storage/read/view.h"
#include "storage/state/command.h"
#include "storage/state/command_result.h"

namespace rocksdb {
class Env;
}  // namespace rocksdb

namespace emptychair::storage {

struct StoreOptions {
  // Holds the store; made when absent.
  std::string directory;
  // Files are read and written through this; null means the machine's file system. Must outlive
  // the store.
  rocksdb::Env* env = nullptr;
  // Memory for blocks read from disk.
  size_t block_cache_bytes = size_t{256} << 20;
  // Memory for columns, which queries make of records that the cube cannot count; 0: none.
  int64_t column_bytes_max = int64_t{256} << 20;
  // Called, by a query, when a survey's columns begin to be made; may be null.
  std::function<void()> on_column_build;
  // Tables of the change log that are kept, in bytes; the oldest go first, and those older than 30
  // days.
  uint64_t change_log_bytes_max = uint64_t{4} << 30;
  // Bytes of changes that may wait for the disk.
  size_t queue_bytes_max = size_t{64} << 20;
  // See Applier::Options::apply_ahead_bytes_min.
  size_t apply_ahead_bytes_min = size_t{64} << 10;
  // While fewer bytes are free on the directory's disk, changes that need space are refused with
  // DISK_FULL; 0: never. See DiskWatch.
  int64_t disk_reserve_bytes = 0;
  // Period in which the free space is polled.
  absl::Duration disk_period = absl::Milliseconds(100);
  // Called when the disk becomes full (true) and when it has room again, on a thread of the store;
  // may be null. Must not block.
  std::function<void(bool is_full)> on_disk_full;
  // Gets how long each group of changes took to be written and synced, on the writing thread; may
  // be null. Must not block.
  absl::AnyInvocable<void(absl::Duration)> on_commit;
  // See Engine::Options; empty: a store as it is.
  std::string restored_backup_id;
  int64_t restored_time_ms = 0;
  // Called once when the disk has refused a write; see Committer::Options::on_failure.
  absl::AnyInvocable<void(const absl::Status&)> on_failure;
};

// Statistics of the store.
struct StoreStats {
  int64_t accepted = 0;
  int64_t already_existed = 0;
  int64_t refused = 0;
  int64_t groups = 0;
  int64_t table_bytes = 0;
  std::array<int64_t, kFamilyCount> family_table_bytes{};  // By Family.
  int64_t memtable_bytes = 0;
  int64_t block_cache_bytes = 0;
  int64_t log_bytes = 0;  // Of the write-ahead log's files.
  ColumnStats columns;
  int64_t queue_bytes = 0;
  int64_t queue_bytes_max = 0;
  bool writes_stopped = false;
  int64_t delayed_bytes_per_second = 0;
  int64_t disk_free_bytes = 0;  // 0: not known.
  int64_t disk_reserve_bytes = 0;
  bool is_disk_full = false;
  int64_t undecodable_values = 0;
  std::string engine;  // See Engine::LibraryName.
};

struct CompactSummary {
  int64_t bytes_before = 0;  // Of tables, with all that was in memory.
  int64_t bytes_after = 0;
};

// A durable store of surveys and feedback with its cube. Changes go in as commands, which are
// acknowledged when they are on disk; queries read a View and never wait for a change.
// Thread-safe.
class Store {
 public:
  using Done = absl::AnyInvocable<void(CommandResult)>;

  // Opens the store in the directory, or makes one when the directory is empty. Errors say what to
  // do; a directory that cannot be opened is left as it is.
  static absl::StatusOr<std::unique_ptr<Store>> Open(StoreOptions options);

  // Stops, then closes. No view may be left.
  ~Store();

  // Takes a change; see Committer::Enqueue.
  void Enqueue(CommandPtr command, bool want_records, Done done);
  // The same for a task of the server's own, which is no caller that could come back: blocks until
  // the command is done, and waits for a place in the queue.
  CommandResult CarryOut(ConstCommandPtr command);
  // See Committer::CompleteOnePending.
  void CompleteOnePending();

  // Waits for room; see Committer::WhenWritable.
  void WhenWritable(absl::AnyInvocable<void()> resume);

  // Finishes what was taken and refuses all that comes later. Idempotent.
  void Stop();

  // The newest acknowledged state.
  std::shared_ptr<const View> view() const;

  // Tells of changes of keys and certificates; see Publisher.
  void ListenToAccess(std::function<void()> on_change);

  // Waits for a newer state; see Publisher.
  bool NotifyWhenPast(uint64_t sequence, std::shared_ptr<Waiter> waiter);
  void Unsubscribe(const std::shared_ptr<Waiter>& waiter);

  // New at creation and at every restore.
  const Uuid& store_id() const { return store_id_; }
  // Whether changes of the store `store_id` up to `sequence` are changes of this one: it is this
  // store, or one that this was made from when it had them.
  bool SharesHistory(const Uuid& store_id, uint64_t sequence) const;
  const KeyedHash& hash() const { return hash_; }
  const KeyTextHash& key_text_hash() const { return key_text_hash_; }
  const RecordReader& records() const;
  const ActivityReader& activities() const;
  const CubeReader& cube() const;
  const CustomerSetReader& customer_sets() const;
  // What it keeps in memory is not part of the store's state.
  ColumnCache& columns() const;
  const ChangeLogReader& changes() const;
  const AuditReader& audit() const;

  // Counts a stored value that could not be decoded, found by a reader that goes on without it.
  void CountUndecodable() const;

  StoreStats Stats() const;

  // How long there have been changes that the threads which apply and write them did not get on
  // with; zero when there are none. Never blocks.
  absl::Duration StuckFor() const;

  // The long tasks. Each blocks until it is done, so none may run on a thread of the committer's.
  // See verify.h and cube_rebuild.h. The state that is judged is held meanwhile.
  absl::StatusOr<VerifySummary> Verify(OnProgress on_progress, OnDifference on_difference) const;
  absl::StatusOr<VerifySummary> VerifyAudit(OnProgress on_progress,
                                            OnDifference on_difference) const;
  absl::StatusOr<RebuildSummary> RebuildCube(OnProgress on_progress);
  // Rewrites all tables, so that only what can still be read is left: values that were replaced or
  // deleted go, but for those that an open view still sees. Ends early once `*stop` is set. Needs
  // space: DISK_FULL when there is none.
  absl::StatusOr<CompactSummary> Compact(std::atomic<bool>* stop, OnProgress on_progress);
  // See backup.h. Given up, with DISK_FULL, when the store's disk nears twice its reserve.
  absl::StatusOr<BackupManifest> CreateBackup(const BackupDirectory& directory,
                                              BackupOptions options,
                                              OnBackupProgress on_progress) const;

  // Visits entries of the ledger; see ledger_reader.h. All that this process enters have ids of
  // `first_ledger_id` or after, and later ones come behind earlier ones.
  absl::Status VisitLedger(const View& view, const Uuid& from, VisitLedgerItem visit) const;
  const Uuid& first_ledger_id() const { return first_ledger_id_; }

  // Writes all that is in memory into tables.
  absl::Status Flush() const;

 private:
  struct Parts;

  Store(std::unique_ptr<Parts> parts, const store::v1::StoredIdentity& identity,
        const KeyedHash& hash);

  const store::v1::StoredIdentity identity_;
  const Uuid store_id_;
  const KeyedHash hash_;
  const KeyTextHash key_text_hash_;
  const Uuid first_ledger_id_;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_STORE_H_
