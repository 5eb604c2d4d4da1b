#include "storage/store.h"

#include <sodium.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/commit/committer.h"
#include "storage/commit/log/local_queue.h"
#include "storage/engine/disk_watch.h"
#include "storage/engine/engine.h"
#include "storage/state/working_state.h"

namespace emptychair::storage {

namespace {

// Says which process wrote a change, so another at each start.
uint64_t RandomEpoch() {
  uint64_t epoch = 0;
  while (epoch == 0) {
    randombytes_buf(&epoch, sizeof(epoch));
  }
  return epoch;
}

}  // namespace

// In the order in which they depend on each other, so that they end in the reverse one.
struct Store::Parts {
  std::unique_ptr<Engine> engine;
  std::unique_ptr<RecordReader> records;
  std::unique_ptr<ActivityReader> activities;
  std::unique_ptr<CubeReader> cube;
  std::unique_ptr<CustomerSetReader> customer_sets;
  std::unique_ptr<ColumnCache> columns;
  std::unique_ptr<ChangeLogReader> changes;
  std::unique_ptr<AuditReader> audit;
  std::unique_ptr<DiskWatch> disk;
  std::unique_ptr<Committer> committer;
};

absl::StatusOr<std::unique_ptr<Store>> Store::Open(StoreOptions options) {
  if (sodium_init() < 0) {
    return absl::InternalError("libsodium cannot be initialised");
  }
  Engine::Options engine_options;
  engine_options.directory = options.directory;
  engine_options.block_cache_bytes = options.block_cache_bytes;
  engine_options.change_log_bytes_max = options.change_log_bytes_max;
  engine_options.restored_backup_id = options.restored_backup_id;
  engine_options.restored_time_ms = options.restored_time_ms;
  if (options.env != nullptr) {
    engine_options.env = options.env;
  }
  auto parts = std::make_unique<Parts>();
  ASSIGN_OR_RETURN(parts->engine, Engine::Open(engine_options));
  ASSIGN_OR_RETURN(std::unique_ptr<WorkingState> state, WorkingState::Load(*parts->engine));
  const store::v1::StoredIdentity identity = state->identity();
  const KeyedHash hash = state->hash();

  parts->disk =
      std::make_unique<DiskWatch>(DiskWatch::Options{.env = engine_options.env,
                                                     .directory = options.directory,
                                                     .reserve_bytes = options.disk_reserve_bytes,
                                                     .period = options.disk_period,
                                                     .on_change = std::move(options.on_disk_full)});

  auto log = std::make_unique<LocalQueue>(LocalQueue::Options{
      .applied_index = state->applied_index(),
      .epoch = RandomEpoch(),
      .bytes_max = options.queue_bytes_max,
  });
  Committer::Options committer_options;
  committer_options.disk = parts->disk.get();
  committer_options.applier.apply_ahead_bytes_min = options.apply_ahead_bytes_min;
  committer_options.on_commit = std::move(options.on_commit);
  committer_options.on_failure = std::move(options.on_failure);
  std::unique_ptr<Store> store(new Store(std::move(parts), identity, hash));
  Parts& owned = *store->parts_;
  owned.records = std::make_unique<RecordReader>(*owned.engine, store->hash_);
  owned.activities = std::make_unique<ActivityReader>(*owned.engine);
  owned.cube = std::make_unique<CubeReader>(*owned.engine, *owned.records);
  owned.customer_sets = std::make_unique<CustomerSetReader>(*owned.engine);
  owned.changes = std::make_unique<ChangeLogReader>(*owned.engine);
  owned.audit = std::make_unique<AuditReader>(*owned.engine);
  owned.columns = std::make_unique<ColumnCache>(
      *owned.engine, ColumnCache::Options{.bytes_max = options.column_bytes_max,
                                          .on_build = std::move(options.on_column_build)});
  committer_options.columns = owned.columns.get();
  owned.committer = std::make_unique<Committer>(*owned.engine, std::move(state), std::move(log),
                                                std::move(committer_options));
  return store;
}

Store::Store(std::unique_ptr<Parts> parts, const store::v1::StoredIdentity& identity,
             const KeyedHash& hash)
    : identity_(identity),
      store_id_(*Uuid::FromBytes(identity.store_id())),
      hash_(hash),
      key_text_hash_(identity.access_secret()),
      first_ledger_id_(Uuid::LowestAt(absl::ToUnixMillis(absl::Now()))),
      parts_(std::move(parts)) {}

bool Store::SharesHistory(const Uuid& store_id, uint64_t sequence) const {
  if (store_id == store_id_) {
    return true;
  }
  for (const store::v1::FormerStore& former : identity_.former_stores()) {
    if (former.store_id() == store_id.AsBytes() && sequence <= former.sequence()) {
      return true;
    }
  }
  return false;
}

Store::~Store() = default;

void Store::CompleteOnePending() { parts_->committer->CompleteOnePending(); }

void Store::Enqueue(CommandPtr command, bool want_records, Done done) {
  parts_->committer->Enqueue(std::move(command), want_records, std::move(done));
}

CommandResult Store::CarryOut(ConstCommandPtr command) {
  while (true) {
    absl::Notification done;
    CommandResult result;
    CommandPtr copy = NewCommand();
    *copy = *command;
    Enqueue(std::move(copy), /*want_records=*/false, [&](CommandResult answer) {
      result = std::move(answer);
      done.Notify();
    });
    done.WaitForNotification();
    if (ReasonOf(result.error) != v1::ERROR_REASON_QUEUE_FULL) {
      return result;
    }
    absl::SleepFor(RetryDelayOf(result.error).value_or(absl::Milliseconds(100)));
  }
}

void Store::WhenWritable(absl::AnyInvocable<void()> resume) {
  parts_->committer->WhenWritable(std::move(resume));
}

void Store::Stop() { parts_->committer->Stop(); }

std::shared_ptr<const View> Store::view() const { return parts_->committer->publisher().view(); }

void Store::ListenToAccess(std::function<void()> on_change) {
  parts_->committer->publisher().ListenToAccess(std::move(on_change));
}

bool Store::NotifyWhenPast(uint64_t sequence, std::shared_ptr<Waiter> waiter) {
  return parts_->committer->publisher().NotifyWhenPast(sequence, std::move(waiter));
}

void Store::Unsubscribe(const std::shared_ptr<Waiter>& waiter) {
  parts_->committer->publisher().Unsubscribe(waiter);
}

const RecordReader& Store::records() const { return *parts_->records; }

const ActivityReader& Store::activities() const { return *parts_->activities; }

const CubeReader& Store::cube() const { return *parts_->cube; }

const CustomerSetReader& Store::customer_sets() const { return *parts_->customer_sets; }

ColumnCache& Store::columns() const { return *parts_->columns; }

const ChangeLogReader& Store::changes() const { return *parts_->changes; }

const AuditReader& Store::audit() const { return *parts_->audit; }

void Store::CountUndecodable() const { parts_->engine->CountUndecodable(); }

absl::StatusOr<VerifySummary> Store::Verify(OnProgress on_progress,
                                            OnDifference on_difference) const {
  const std::shared_ptr<const View> held = view();
  return storage::Verify(*parts_->engine, hash_, *parts_->columns, *held, on_progress,
                         on_difference);
}

absl::StatusOr<VerifySummary> Store::VerifyAudit(OnProgress on_progress,
                                                 OnDifference on_difference) const {
  const std::shared_ptr<const View> held = view();
  return storage::VerifyAudit(*parts_->engine, hash_, *parts_->columns, *held, on_progress,
                              on_difference);
}

absl::StatusOr<RebuildSummary> Store::RebuildCube(OnProgress on_progress) {
  const std::shared_ptr<const View> held = view();
  return storage::RebuildCube(*parts_->engine, *held, on_progress, [this](ConstCommandPtr command) {
    return CarryOut(std::move(command)).error;
  });
}

absl::StatusOr<CompactSummary> Store::Compact(std::atomic<bool>* stop, OnProgress on_progress) {
  RETURN_IF_ERROR(parts_->disk->CheckRoom());
  const Engine& engine = *parts_->engine;
  CompactSummary summary;
  RETURN_IF_ERROR(on_progress({.part = "flush", .total = int64_t{kFamilyCount}}));
  RETURN_IF_ERROR(engine.Flush());
  summary.bytes_before = engine.SumOfProperty("rocksdb.total-sst-files-size");
  for (size_t i = 0; i < kFamilyCount; ++i) {
    const auto family = static_cast<Family>(i);
    RETURN_IF_ERROR(on_progress({.part = std::string(FamilyName(family)),
                                 .done = static_cast<int64_t>(i),
                                 .total = int64_t{kFamilyCount}}));
    RETURN_IF_ERROR(engine.Compact(family, stop));
  }
  summary.bytes_after = engine.SumOfProperty("rocksdb.total-sst-files-size");
  return summary;
}

absl::StatusOr<BackupManifest> Store::CreateBackup(const BackupDirectory& directory,
                                                   BackupOptions options,
                                                   OnBackupProgress on_progress) const {
  const std::shared_ptr<const View> held = view();
  options.sequence_min = held->counters.sequence();
  options.survey_count = static_cast<uint32_t>(held->catalog->size());
  options.check_store_disk = [disk = parts_->disk.get()] { return disk->CheckRoomTwice(); };
  return storage::CreateBackup(*parts_->engine, directory, options, on_progress);
}

absl::Status Store::VisitLedger(const View& view, const Uuid& from, VisitLedgerItem visit) const {
  return storage::VisitLedger(*parts_->engine, view, from, visit);
}

absl::Status Store::Flush() const { return parts_->engine->Flush(); }

StoreStats Store::Stats() const {
  const CommitCounts counts = parts_->committer->counts();
  const Engine& engine = *parts_->engine;
  StoreStats stats;
  stats.accepted = counts.accepted;
  stats.already_existed = counts.already_existed;
  stats.refused = counts.refused;
  stats.groups = counts.groups;
  for (size_t family = 0; family < kFamilyCount; ++family) {
    stats.family_table_bytes[family] =
        engine.PropertyOf(static_cast<Family>(family), "rocksdb.total-sst-files-size");
    stats.table_bytes += stats.family_table_bytes[family];
  }
  stats.memtable_bytes = engine.SumOfProperty("rocksdb.cur-size-all-mem-tables");
  stats.block_cache_bytes = engine.block_cache_bytes();
  stats.log_bytes = engine.LogBytes();
  stats.columns = parts_->columns->stats();
  stats.queue_bytes = static_cast<int64_t>(parts_->committer->queue_bytes());
  stats.queue_bytes_max = static_cast<int64_t>(parts_->committer->queue_bytes_max());
  stats.writes_stopped = engine.SumOfProperty("rocksdb.is-write-stopped") != 0;
  stats.delayed_bytes_per_second = engine.DelayedBytesPerSecond();
  stats.disk_free_bytes = parts_->disk->free_bytes();
  stats.disk_reserve_bytes = parts_->disk->reserve_bytes();
  stats.is_disk_full = parts_->disk->is_full();
  stats.undecodable_values = engine.undecodable_count();
  stats.engine = Engine::LibraryName();
  return stats;
}

absl::Duration Store::StuckFor() const { return parts_->committer->StuckFor(); }

}  // namespace emptychair::storage
