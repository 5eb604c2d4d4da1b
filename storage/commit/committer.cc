#include "storage/commit/committer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/apply/apply.h"
#include "storage/apply/apply_survey.h"
#include "storage/engine/background_errors.h"
#include "storage/engine/disk_watch.h"
#include "storage/engine/fail_point.h"
#include "storage/engine/watermark.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"

namespace emptychair::storage {
namespace {

// About how long a full queue takes to empty by half.
constexpr absl::Duration kRetryDelay = absl::Milliseconds(100);

// What makes less of what is stored goes on when the disk is full, from the reserve.
bool NeedsSpace(const store::v1::Command& command) {
  switch (command.kind_case()) {
    case store::v1::Command::kEraseFeedback:
    case store::v1::Command::kDeleteSurvey:
    case store::v1::Command::kPurgeSurvey:
    case store::v1::Command::KIND_NOT_SET:
      return false;
    default:
      return true;
  }
}

}  // namespace

// What a written group still owes its commands. Threads share in answering.
struct Committer::Completions {
  // Completions the next one. False: there is none left.
  bool CompleteNext() {
    const size_t i = next.fetch_add(1, std::memory_order_relaxed);
    if (i >= commands.size()) {
      return false;
    }
    commands[i].done(std::move(results[i]));
    return true;
  }

  std::vector<Pending> commands;
  std::vector<CommandResult> results;
  std::atomic<size_t> next{0};
};

struct Committer::AppliedGroup {
  AppliedGroup(const Engine& engine, std::shared_ptr<const PendingEntries> in_flight)
      : group(engine, std::move(in_flight)) {}

  WriteGroup group;
  std::vector<Pending> commands;
  std::vector<CommandResult> results;  // Of each command.
  size_t bytes = 0;                    // Of the commands.
  // What there is once it is written, but for the snapshot; null when nothing changes.
  std::shared_ptr<View> view;
};

Committer::Committer(const Engine& engine, std::unique_ptr<WorkingState> state, Options options)
    : engine_(engine), options_(std::move(options)), state_(std::move(state)) {
  auto view = std::make_shared<View>();
  view->counters = state_->counters();
  view->catalog = state_->PublishedCatalog();
  Publish(std::move(view));
  for (const uint32_t survey_number : state_->DeletedSurveys()) {
    EnqueueFollowUp(FirstPurge(survey_number));
  }
  applier_ = std::thread([this] { RunApplier(); });
  writer_ = std::thread([this] { RunWriter(); });
  engine_.background_errors().Listen([this](const absl::Status& error) {
    absl::MutexLock lock(&mutex_);
    background_error_ = error;
  });
}

Committer::~Committer() {
  Stop();
  applier_.join();
  writer_.join();
  engine_.background_errors().Listen(nullptr);
}

void Committer::Enqueue(ConstCommandPtr command, bool want_records, Done done) {
  const size_t bytes = command->ByteSizeLong();
  Pending pending{std::move(command), want_records, bytes, std::move(done)};
  if (absl::Status refusal = Admit(pending); !refusal.ok()) {
    CommandResult result;
    result.error = std::move(refusal);
    pending.done(std::move(result));
  }
}

// Moves `pending` into the queue, or leaves it as it is.
absl::Status Committer::Admit(Pending& pending) {
  if (options_.disk != nullptr && NeedsSpace(*pending.command)) {
    RETURN_IF_ERROR(options_.disk->CheckRoom());
  }
  absl::MutexLock lock(&mutex_);
  if (stopping_) {
    return ShuttingDownError();
  }
  // An empty queue takes anything, so that no command is too large for ever.
  if (queue_bytes_ > 0 && queue_bytes_ + pending.bytes > options_.queue_bytes_max) {
    return RetryableError(v1::ERROR_REASON_QUEUE_FULL,
                          absl::StrCat("the queue for writes is full (", queue_bytes_, " of ",
                                       options_.queue_bytes_max, " bytes); nothing was stored"),
                          kRetryDelay);
  }
  queue_bytes_ += pending.bytes;
  queue_.push_back(std::move(pending));
  return absl::OkStatus();
}

void Committer::WhenWritable(absl::AnyInvocable<void()> resume) {
  {
    absl::MutexLock lock(&mutex_);
    if (!IsWritable()) {
      waiting_.push_back(std::move(resume));
      return;
    }
  }
  resume();
}

void Committer::ResumeWriters() {
  std::vector<absl::AnyInvocable<void()>> waiting;
  {
    absl::MutexLock lock(&mutex_);
    if (IsWritable()) {
      waiting.swap(waiting_);
    }
  }
  for (absl::AnyInvocable<void()>& resume : waiting) {
    resume();
  }
}

void Committer::Stop() {
  absl::MutexLock lock(&mutex_);
  stopping_ = true;
}

size_t Committer::queue_bytes() const {
  absl::MutexLock lock(&mutex_);
  return queue_bytes_;
}

CommitCounts Committer::counts() const {
  return {accepted_.load(std::memory_order_relaxed),
          already_existed_.load(std::memory_order_relaxed),
          refused_.load(std::memory_order_relaxed), groups_.load(std::memory_order_relaxed)};
}

void Committer::RunApplier() {
  std::shared_ptr<const PendingEntries> in_flight;
  while (true) {
    auto applied = std::make_unique<AppliedGroup>(engine_, std::move(in_flight));
    for (bool is_complete = false; !is_complete;) {
      std::vector<Pending> commands;
      is_complete = TakeCommandsFor(*applied, commands);
      ApplyTo(*applied, std::move(commands));
    }
    if (applied->commands.empty()) {
      break;
    }
    Seal(*applied);
    in_flight = applied->group.entries();
    HandOver(std::move(applied));
    ResumeWriters();
  }
  absl::MutexLock lock(&mutex_);
  applier_is_done_ = true;
}

// Takes what is queued for the group, for which it waits. True when that completes the group: the
// writer is free for it. One without commands is the last: there is nothing left and nothing to
// come.
bool Committer::TakeCommandsFor(const AppliedGroup& applied, std::vector<Pending>& commands) {
  absl::MutexLock lock(&mutex_);
  const auto is_time = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return IsWriterFree() ? !queue_.empty() || !applied.commands.empty() || stopping_
                          : queue_bytes_ - applied.bytes >= options_.apply_ahead_bytes_min &&
                                JoinsGroup(applied.bytes);
  };
  mutex_.Await(absl::Condition(&is_time));
  size_t bytes = applied.bytes;
  while (JoinsGroup(bytes)) {
    bytes += queue_.front().bytes;
    commands.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return IsWriterFree();
}

void Committer::ApplyTo(AppliedGroup& applied, std::vector<Pending> commands) {
  for (Pending& pending : commands) {
    applied.results.push_back(
        Apply(*pending.command, pending.want_records, *state_, applied.group));
    applied.bytes += pending.bytes;
    applied.commands.push_back(std::move(pending));
  }
}

void Committer::Seal(AppliedGroup& applied) {
  if (applied.group.empty()) {
    return;
  }
  applied.group.Put(Family::kMeta, CountersKey(), EncodeMessage(state_->counters()));
  applied.view = std::make_shared<View>();
  applied.view->counters = state_->counters();
  applied.view->catalog = state_->PublishedCatalog();
}

void Committer::HandOver(std::unique_ptr<AppliedGroup> applied) {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(this, &Committer::IsWriterFree));
  queue_bytes_ -= applied->bytes;
  handed_over_ = std::move(applied);
}

void Committer::RunWriter() {
  while (true) {
    // When nobody comes, what was put down is synced without a next group.
    if (!WaitForWriterWork(engine_.watermark().SyncDelay(absl::Now()))) {
      SyncWatermark();
      WaitForWriterWork(absl::InfiniteDuration());
    }
    if (const absl::Status error = NewError(); !error.ok()) {
      Fail(error);
      continue;
    }
    const std::unique_ptr<AppliedGroup> applied = TakeApplied();
    if (applied == nullptr) {
      break;
    }
    if (HasFailed()) {
      Refuse(applied->commands);
    } else if (const absl::Status status = Write(*applied); !status.ok()) {
      Fail(status);
      Refuse(applied->commands);
    } else {
      Complete(*applied);
    }
  }
  SyncWatermark();
}

bool Committer::WaitForWriterWork(absl::Duration timeout) {
  absl::MutexLock lock(&mutex_);
  is_writing_ = false;
  return mutex_.AwaitWithTimeout(absl::Condition(this, &Committer::HasWriterWork), timeout);
}

absl::Status Committer::NewError() const {
  absl::MutexLock lock(&mutex_);
  return HasNewError() ? background_error_ : absl::OkStatus();
}

bool Committer::HasFailed() const {
  absl::MutexLock lock(&mutex_);
  return has_failed_;
}

// Null when nothing will come any more.
std::unique_ptr<Committer::AppliedGroup> Committer::TakeApplied() {
  absl::MutexLock lock(&mutex_);
  is_writing_ = handed_over_ != nullptr;
  return std::move(handed_over_);
}

void Committer::SyncWatermark() {
  if (HasFailed()) {
    return;
  }
  if (const absl::Status status = engine_.watermark().Sync(); !status.ok()) {
    Fail(status);
  }
}

absl::Status Committer::Write(AppliedGroup& applied) {
  if (IsOn(FailPoint::kAcknowledgeEarly)) {
    Complete(applied);
    applied.commands.clear();
  }
  if (applied.view == nullptr) {
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(applied.group.Commit(row_ages_));
  RETURN_IF_ERROR(engine_.watermark().Advance(applied.view->counters.sequence(), absl::Now()));
  groups_.fetch_add(1, std::memory_order_relaxed);
  Publish(std::move(applied.view));
  return absl::OkStatus();
}

void Committer::Complete(AppliedGroup& applied) {
  for (CommandResult& result : applied.results) {
    Count(result);
    if (result.follow_up != nullptr) {
      EnqueueFollowUp(std::move(result.follow_up));
    }
  }
  auto completions = std::make_shared<Completions>();
  completions->commands = std::move(applied.commands);
  completions->results = std::move(applied.results);
  ShareCompletions(completions);
  while (completions->CompleteNext()) {
  }
  ShareCompletions(nullptr);
  publisher_.NotifyWaiters();
}

void Committer::ShareCompletions(std::shared_ptr<Completions> completions) {
  absl::MutexLock lock(&completions_mutex_);
  completions_.swap(completions);
}

void Committer::CompleteOnePending() {
  std::shared_ptr<Completions> completions;
  {
    absl::MutexLock lock(&completions_mutex_);
    completions = completions_;
  }
  if (completions != nullptr) {
    completions->CompleteNext();
  }
}

void Committer::Refuse(std::vector<Pending>& commands) {
  for (Pending& command : commands) {
    CommandResult result;
    result.error = ShuttingDownError();
    command.done(std::move(result));
  }
}

// Has room in every queue: there is never more than one for each survey.
void Committer::EnqueueFollowUp(ConstCommandPtr command) {
  const size_t bytes = command->ByteSizeLong();
  absl::MutexLock lock(&mutex_);
  if (!stopping_) {
    queue_bytes_ += bytes;
    queue_.push_back({std::move(command), /*want_records=*/false, bytes, [](CommandResult) {}});
  }
}

// After a failed write the kernel may have thrown the data away and reports success the next time,
// so nothing is ever tried again.
void Committer::Fail(const absl::Status& status) {
  std::vector<Pending> rest;
  {
    absl::MutexLock lock(&mutex_);
    has_failed_ = true;
    stopping_ = true;
    for (Pending& command : queue_) {
      queue_bytes_ -= command.bytes;
      rest.push_back(std::move(command));
    }
    queue_.clear();
  }
  Refuse(rest);
  ResumeWriters();
  if (options_.on_failure) {
    options_.on_failure(status);
  }
}

void Committer::Publish(std::shared_ptr<View> view) {
  view->snapshot = std::make_shared<const Snapshot>(engine_.db());
  publisher_.Publish(std::move(view));
}

void Committer::Count(const CommandResult& result) {
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
