#include "storage/committer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/apply.h"
#include "storage/apply_survey.h"
#include "storage/background_errors.h"
#include "storage/disk_watch.h"
#include "storage/keys.h"
#include "storage/mutant.h"
#include "storage/values.h"
#include "storage/watermark.h"

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

Committer::Committer(const Engine& engine, std::unique_ptr<State> state, Options options)
    : engine_(engine), options_(std::move(options)), state_(std::move(state)) {
  Publish();
  for (const uint32_t survey_number : state_->DeletedSurveys()) {
    EnqueueFollowUp(FirstPurge(survey_number));
  }
  thread_ = std::thread([this] { Run(); });
  engine_.background_errors().Listen([this](const absl::Status& error) {
    absl::MutexLock lock(&mutex_);
    background_error_ = error;
  });
}

Committer::~Committer() {
  Stop();
  thread_.join();
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

void Committer::WhenRoom(absl::AnyInvocable<void()> go_on) {
  {
    absl::MutexLock lock(&mutex_);
    if (!HasRoom()) {
      waiting_.push_back(std::move(go_on));
      return;
    }
  }
  go_on();
}

void Committer::LetGoOn() {
  std::vector<absl::AnyInvocable<void()>> waiting;
  {
    absl::MutexLock lock(&mutex_);
    if (HasRoom()) {
      waiting.swap(waiting_);
    }
  }
  for (absl::AnyInvocable<void()>& go_on : waiting) {
    go_on();
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

void Committer::Run() {
  while (true) {
    // When nobody comes, what was put down is synced without a next group.
    if (!HasWorkWithin(engine_.watermark().SyncDelay(absl::Now()))) {
      SyncWatermark();
    }
    std::vector<Pending> group = TakeGroup();
    if (group.empty()) {
      break;
    }
    LetGoOn();
    CommitGroup(std::move(group));
  }
  if (const absl::Status error = BackgroundError(); !error.ok() && !has_failed_) {
    Fail(error);
  }
  SyncWatermark();
}

absl::Status Committer::BackgroundError() const {
  absl::MutexLock lock(&mutex_);
  return background_error_;
}

bool Committer::HasWorkWithin(absl::Duration timeout) {
  absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(this, &Committer::HasWork), timeout);
}

void Committer::SyncWatermark() {
  if (has_failed_) {
    return;
  }
  if (const absl::Status status = engine_.watermark().Sync(); !status.ok()) {
    Fail(status);
  }
}

// Empty only when there is nothing left and nothing to come, or when nothing can be written any
// more.
std::vector<Committer::Pending> Committer::TakeGroup() {
  std::vector<Pending> group;
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(this, &Committer::HasWork));
  if (!background_error_.ok()) {
    return group;
  }
  size_t bytes = 0;
  while (!queue_.empty() &&
         (group.empty() || bytes + queue_.front().bytes <= options_.group_bytes_max)) {
    bytes += queue_.front().bytes;
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  queue_bytes_ -= bytes;
  return group;
}

void Committer::CommitGroup(std::vector<Pending> pending) {
  Group group(engine_);
  std::vector<CommandResult> results;
  results.reserve(pending.size());
  for (const Pending& command : pending) {
    results.push_back(Apply(*command.command, command.want_records, *state_, group));
  }
  if (IsMutant("acknowledge_early")) {
    Answer(std::exchange(pending, {}), std::move(results));
  }
  if (!group.empty()) {
    group.Put(Family::kMeta, CountersKey(), EncodeMessage(state_->counters()));
    absl::Status status = group.Commit(row_ages_);
    if (status.ok()) {
      status = engine_.watermark().Advance(state_->counters().sequence(), absl::Now());
    }
    if (!status.ok()) {
      Fail(status);
      for (Pending& command : pending) {
        CommandResult result;
        result.error = ShuttingDownError();
        command.done(std::move(result));
      }
      return;
    }
    groups_.fetch_add(1, std::memory_order_relaxed);
    Publish();
  }
  Answer(std::move(pending), std::move(results));
}

void Committer::Answer(std::vector<Pending> pending, std::vector<CommandResult> results) {
  for (size_t i = 0; i < pending.size(); ++i) {
    Count(results[i]);
    if (results[i].follow_up != nullptr) {
      EnqueueFollowUp(std::move(results[i].follow_up));
    }
    pending[i].done(std::move(results[i]));
  }
  publisher_.RingBells();
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
  has_failed_ = true;
  std::deque<Pending> rest;
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    rest.swap(queue_);
    queue_bytes_ = 0;
  }
  for (Pending& command : rest) {
    CommandResult result;
    result.error = ShuttingDownError();
    command.done(std::move(result));
  }
  LetGoOn();
  if (options_.on_failure) {
    options_.on_failure(status);
  }
}

void Committer::Publish() {
  auto view = std::make_shared<View>();
  view->counters = state_->counters();
  view->catalog = state_->PublishedCatalog();
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
