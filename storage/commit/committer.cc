#include "storage/commit/committer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/base/clock.h"
#include "common/base/status_macros.h"
#include "storage/apply/apply_activity_kind.h"
#include "storage/apply/apply_erase_customer.h"
#include "storage/apply/apply_survey.h"
#include "storage/apply/subscription_sets.h"
#include "storage/columns/column_cache.h"
#include "storage/engine/disk_watch.h"

namespace emptychair::storage {
namespace {

// What makes less of what is stored goes on when the disk is full, from the reserve.
bool NeedsSpace(const store::v1::Command& command) {
  switch (command.kind_case()) {
    case store::v1::Command::kEraseFeedback:
    case store::v1::Command::kTakeBackFeedback:
    case store::v1::Command::kDeleteSurvey:
    case store::v1::Command::kPurgeSurvey:
    case store::v1::Command::kEraseActivity:
    case store::v1::Command::kTakeBackActivities:
    case store::v1::Command::kDeleteActivityKind:
    case store::v1::Command::kPurgeActivityKind:
    case store::v1::Command::kEraseCustomer:
    case store::v1::Command::kPurgeCustomer:
    case store::v1::Command::kRevokeAccess:
    case store::v1::Command::kTrimAudit:
    case store::v1::Command::kReplayLedger:
    case store::v1::Command::KIND_NOT_SET:
      return false;
    default:
      return true;
  }
}

}  // namespace

Committer::Committer(const Engine& engine, std::unique_ptr<WorkingState> state,
                     std::unique_ptr<CommandLog> log, Options options)
    : disk_(options.disk),
      log_(std::move(log)),
      writer_(
          engine, *log_, publisher_, options.columns,
          [this](CommandPtr command) { ProposeFollowUp(std::move(command)); },
          std::move(options.on_commit), std::move(options.on_failure)) {
  if (disk_ != nullptr) {
    disk_->Listen([this] { ProposeWaiting(); });
  }
  std::shared_ptr<View> view = state->MakeView();
  view->snapshot = std::make_shared<const Snapshot>(engine.db());
  if (options.columns != nullptr) {
    options.columns->Publish(view, ColumnChanges());
  }
  publisher_.Publish(std::move(view));
  for (const uint32_t survey_number : state->DeletedSurveys()) {
    ProposeFollowUp(FirstPurge(survey_number));
  }
  for (const uint32_t kind_number : state->kinds().Deleted()) {
    ProposeFollowUp(FirstKindPurge(kind_number));
  }
  for (const auto& [customer_ordinal, mode] : state->erasing()) {
    ProposeFollowUp(FirstCustomerPurge(customer_ordinal));
  }
  for (const auto& subscription : state->kinds().Unbuilt()) {
    ProposeFollowUp(NextBuild(*subscription));
  }
  for (const auto& survey : state->UnslicedSurveys()) {
    ProposeFollowUp(NextReslice(*survey));
  }
  applier_ = std::make_unique<Applier>(engine, std::move(state), *log_, writer_, options.applier);
}

Committer::~Committer() {
  if (disk_ != nullptr) {
    disk_->Listen(nullptr);
  }
  Stop();
  // Its end is that of the writer.
  applier_.reset();
}

void Committer::Enqueue(CommandPtr command, bool want_records, Done done) {
  CommandLog::Proposal proposal{std::move(command), want_records, std::move(done)};
  if (absl::Status refusal = Admit(proposal); !refusal.ok()) {
    CommandResult result;
    result.error = std::move(refusal);
    proposal.done(std::move(result));
  }
}

void Committer::ProposeFollowUp(CommandPtr command) {
  if (!NeedsSpace(*command)) {
    log_->ProposeFollowUp(std::move(command));
    return;
  }
  {
    absl::MutexLock lock(&mutex_);
    waiting_.push_back(std::move(command));
  }
  ProposeWaiting();
}

void Committer::ProposeWaiting() {
  if (disk_ != nullptr && disk_->is_full()) {
    return;
  }
  std::vector<CommandPtr> waiting;
  {
    absl::MutexLock lock(&mutex_);
    waiting.swap(waiting_);
  }
  for (CommandPtr& command : waiting) {
    log_->ProposeFollowUp(std::move(command));
  }
}

// The applier may wait for the writer, but nobody else may wait.
absl::Duration Committer::StuckFor() const {
  absl::Duration since;
  if (!writer_.is_free()) {
    since = writer_.moved_at();
  } else if (const auto busy_since = log_->busy_since(); busy_since.has_value()) {
    since = std::max({*busy_since, applier_->moved_at(), writer_.moved_at()});
  } else {
    return absl::ZeroDuration();
  }
  // What moved meanwhile is none in the future.
  return std::max(Clock::System()->Monotonic() - since, absl::ZeroDuration());
}

// Moves from the proposal, or leaves it as it is.
absl::Status Committer::Admit(CommandLog::Proposal& proposal) {
  if (disk_ != nullptr && NeedsSpace(*proposal.command)) {
    RETURN_IF_ERROR(disk_->CheckRoom());
  }
  return log_->Propose(proposal);
}

}  // namespace emptychair::storage
