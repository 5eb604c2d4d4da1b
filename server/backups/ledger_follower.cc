#include "server/backups/ledger_follower.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"
#include "common/base/status_macros.h"

namespace emptychair {
namespace {

// An entry stands beside the backups within a second of its commit.
constexpr absl::Duration kPeriod = absl::Milliseconds(250);
constexpr absl::Duration kRetryPeriod = absl::Seconds(1);
// Appended at once; a customer can have many records.
constexpr size_t kItemsAtOnce = 1'000;

// The first id behind `id`.
Uuid Behind(Uuid id) {
  for (size_t i = Uuid::kSize; i-- > 0;) {
    if (++id.bytes[i] != 0) {
      break;
    }
  }
  return id;
}

}  // namespace

LedgerFollower::LedgerFollower(storage::Store* store, const storage::BackupDirectory* directory,
                               OnChange on_change)
    : store_(store), directory_(directory), on_change_(std::move(on_change)) {
  thread_ = std::thread([this] { Run(); });
}

LedgerFollower::~LedgerFollower() {
  {
    absl::MutexLock lock(&mutex_);
    stops_ = true;
  }
  thread_.join();
  // What was acknowledged last.
  CatchUp().IgnoreError();
}

void LedgerFollower::Run() {
  const auto stops = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return stops_; };
  absl::Duration period = absl::ZeroDuration();
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      if (mutex_.AwaitWithTimeout(absl::Condition(&stops), period)) {
        return;
      }
    }
    period = CatchUp().ok() ? kPeriod : kRetryPeriod;
  }
}

int64_t LedgerFollower::behind() const {
  const uint64_t entries = store_->view()->counters.ledger_count();
  absl::MutexLock lock(&mutex_);
  return entries > written_ ? static_cast<int64_t>(entries - written_) : 0;
}

absl::Status LedgerFollower::CatchUp() {
  absl::MutexLock lock(&file_mutex_);
  const std::shared_ptr<const storage::View> view = store_->view();
  const uint64_t entries = view->counters.ledger_count();
  if (file_ != nullptr && !file_->IsInPlace()) {
    file_ = nullptr;
  }
  {
    absl::MutexLock state(&mutex_);
    if (file_ != nullptr && entries == written_) {
      return absl::OkStatus();
    }
  }
  const absl::Status appended = Append(*view);
  if (appended.ok()) {
    absl::MutexLock state(&mutex_);
    written_ = entries;
  } else {
    file_ = nullptr;
    // Of what is there nothing is known.
    absl::MutexLock state(&mutex_);
    written_ = 0;
  }
  Tell(appended);
  return appended;
}

void LedgerFollower::Tell(const absl::Status& status) {
  if (on_change_ && status != told_) {
    on_change_(status);
  }
  told_ = status;
}

absl::Status LedgerFollower::Append(const storage::View& view) {
  return file_ == nullptr ? AppendMissing(view) : AppendNew(view);
}

// Compares the whole file with the whole ledger: what an earlier process left out has ids of any
// time.
absl::Status LedgerFollower::AppendMissing(const storage::View& view) {
  RETURN_IF_ERROR(directory_->Make());
  absl::flat_hash_set<Uuid> known;
  ASSIGN_OR_RETURN(
      file_, storage::LedgerFile::Open(
                 directory_->env(), directory_->LedgerPath(store_->store_id()), store_->store_id(),
                 [&](const storage::LedgerItem& item) { known.insert(item.id); }));
  std::vector<storage::LedgerItem> items;
  next_ = store_->first_ledger_id();
  RETURN_IF_ERROR(store_->VisitLedger(view, Uuid(), [&](const storage::LedgerItem& item) {
    file_mutex_.AssertHeld();
    next_ = std::max(next_, Behind(item.id));
    if (!known.contains(item.id)) {
      items.push_back(item);
    }
    return items.size() < kItemsAtOnce ? absl::OkStatus() : file_->Append(std::exchange(items, {}));
  }));
  return file_->Append(items);
}

absl::Status LedgerFollower::AppendNew(const storage::View& view) {
  std::vector<storage::LedgerItem> items;
  RETURN_IF_ERROR(store_->VisitLedger(view, next_, [&](const storage::LedgerItem& item) {
    file_mutex_.AssertHeld();
    next_ = Behind(item.id);
    items.push_back(item);
    return items.size() < kItemsAtOnce ? absl::OkStatus() : file_->Append(std::exchange(items, {}));
  }));
  return file_->Append(items);
}

}  // namespace emptychair
