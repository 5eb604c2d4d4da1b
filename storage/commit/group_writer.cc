#include "storage/commit/group_writer.h"

#include <utility>

#include "absl/time/clock.h"
#include "common/base/clock.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/engine/background_errors.h"
#include "storage/engine/fail_point.h"
#include "storage/engine/watermark.h"

namespace emptychair::storage {

GroupWriter::GroupWriter(const Engine& engine, CommandLog& log, Publisher& publisher,
                         ColumnCache* columns,
                         absl::AnyInvocable<void(CommandPtr)> propose_follow_up,
                         absl::AnyInvocable<void(absl::Duration)> on_commit,
                         absl::AnyInvocable<void(const absl::Status&)> on_failure)
    : engine_(engine),
      log_(log),
      publisher_(publisher),
      columns_(columns),
      propose_follow_up_(std::move(propose_follow_up)),
      on_commit_(std::move(on_commit)),
      on_failure_(std::move(on_failure)) {
  thread_ = std::thread([this] { Run(); });
  engine_.background_errors().Listen([this](const absl::Status& error) {
    absl::MutexLock lock(&mutex_);
    background_error_ = error;
  });
}

GroupWriter::~GroupWriter() {
  thread_.join();
  engine_.background_errors().Listen(nullptr);
}

void GroupWriter::HandOver(std::unique_ptr<AppliedGroup> applied) {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(this, &GroupWriter::IsFree));
  handed_over_ = std::move(applied);
  // Before anybody can see that there is work.
  moved_.Note();
  is_free_.store(false, std::memory_order_release);
}

void GroupWriter::Finish() {
  absl::MutexLock lock(&mutex_);
  is_finished_ = true;
}

CommitCounts GroupWriter::counts() const {
  return {accepted_.load(std::memory_order_relaxed),
          already_existed_.load(std::memory_order_relaxed),
          refused_.load(std::memory_order_relaxed), groups_.load(std::memory_order_relaxed)};
}

void GroupWriter::Run() {
  while (true) {
    // When nobody comes, what was put down is synced without a next group.
    if (!WaitForWork(engine_.watermark().SyncDelay(absl::Now()))) {
      SyncWatermark();
      WaitForWork(absl::InfiniteDuration());
    }
    if (const absl::Status error = NewError(); !error.ok()) {
      Fail(error);
      continue;
    }
    const std::unique_ptr<AppliedGroup> applied = TakeApplied();
    if (applied == nullptr) {
      break;
    }
    moved_.Note();
    Process(*applied);
    moved_.Note();
  }
  SyncWatermark();
}

void GroupWriter::Process(AppliedGroup& applied) {
  if (HasFailed()) {
    Refuse(applied.entries);
    Refuse(applied.unapplied);
    return;
  }
  absl::Status status = Write(applied);
  if (status.ok()) {
    Complete(applied);
    status = applied.stop;
  }
  if (!status.ok()) {
    Fail(status);
    Refuse(applied.entries);
    Refuse(applied.unapplied);
  }
}

bool GroupWriter::WaitForWork(absl::Duration timeout) {
  bool was_writing = false;
  {
    absl::MutexLock lock(&mutex_);
    was_writing = std::exchange(is_writing_, false);
    is_free_.store(IsFree(), std::memory_order_release);
  }
  if (was_writing) {
    log_.Wake();
  }
  absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(this, &GroupWriter::HasWork), timeout);
}

std::unique_ptr<AppliedGroup> GroupWriter::TakeApplied() {
  absl::MutexLock lock(&mutex_);
  is_writing_ = handed_over_ != nullptr;
  return std::move(handed_over_);
}

absl::Status GroupWriter::NewError() const {
  absl::MutexLock lock(&mutex_);
  return HasNewError() ? background_error_ : absl::OkStatus();
}

bool GroupWriter::HasFailed() const {
  absl::MutexLock lock(&mutex_);
  return has_failed_;
}

void GroupWriter::SyncWatermark() {
  if (HasFailed()) {
    return;
  }
  if (const absl::Status status = engine_.watermark().Sync(); !status.ok()) {
    Fail(status);
  }
}

absl::Status GroupWriter::Write(AppliedGroup& applied) {
  if (IsOn(FailPoint::kAcknowledgeEarly)) {
    Complete(applied);
  }
  if (applied.group.empty()) {
    return absl::OkStatus();
  }
  const bool has_changes = applied.view != nullptr;
  const absl::Duration start = Clock::System()->Monotonic();
  // Counters alone say nothing that anybody was promised, so they wait for the next sync.
  RETURN_IF_ERROR(applied.group.Commit(row_ages_, /*sync=*/has_changes));
  if (!has_changes) {
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(engine_.watermark().Advance(applied.view->counters.sequence(), absl::Now()));
  if (on_commit_) {
    on_commit_(Clock::System()->Monotonic() - start);
  }
  groups_.fetch_add(1, std::memory_order_relaxed);
  applied.view->snapshot = std::make_shared<const Snapshot>(engine_.db());
  if (columns_ != nullptr) {
    columns_->Publish(applied.view, applied.group.columns());
  }
  publisher_.Publish(std::move(applied.view));
  return absl::OkStatus();
}

// Leaves the group without entries.
void GroupWriter::Complete(AppliedGroup& applied) {
  for (CommandResult& result : applied.results) {
    Count(result);
    if (result.follow_up != nullptr) {
      propose_follow_up_(std::move(result.follow_up));
    }
  }
  completions_.CompleteAll(std::exchange(applied.entries, {}), std::exchange(applied.results, {}));
  publisher_.NotifyWaiters();
}

void GroupWriter::Refuse(std::vector<CommandLog::Entry>& entries) {
  for (CommandLog::Entry& entry : entries) {
    if (entry.done) {
      CommandResult result;
      result.error = ShuttingDownError();
      entry.done(std::move(result));
    }
  }
  entries.clear();
}

void GroupWriter::Fail(const absl::Status& status) {
  {
    absl::MutexLock lock(&mutex_);
    has_failed_ = true;
  }
  std::vector<CommandLog::Entry> rest = log_.Abandon();
  Refuse(rest);
  if (on_failure_) {
    on_failure_(status);
  }
}

void GroupWriter::Count(const CommandResult& result) {
  for (const SubmissionOutcome& outcome : result.outcomes) {
    switch (outcome.kind) {
      case SubmissionOutcome::Kind::kAccepted:
        accepted_.fetch_add(1, std::memory_order_relaxed);
        break;
      case SubmissionOutcome::Kind::kAlreadyExisted:
        already_existed_.fetch_add(1, std::memory_order_relaxed);
        break;
      case SubmissionOutcome::Kind::kRefused:
        refused_.fetch_add(1, std::memory_order_relaxed);
        break;
    }
  }
}

}  // namespace emptychair::storage
