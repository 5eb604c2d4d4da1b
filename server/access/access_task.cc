#include "server/access/access_task.h"

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace emptychair {
namespace {

using store::v1::StoredAuditEvent;

constexpr absl::Duration kUsePeriod = absl::Minutes(1);
constexpr absl::Duration kHour = absl::Hours(1);
constexpr uint32_t kTrimmedAtOnce = 1'000;

StoredAuditEvent FirstUse(const store::v1::StoredAccess& access, absl::Time now) {
  StoredAuditEvent event;
  event.set_time_ms(absl::ToUnixMillis(now));
  event.set_caller_kind(access.certificate_san().empty() ? v1::CALLER_KIND_KEY
                                                         : v1::CALLER_KIND_CERTIFICATE);
  event.set_key_id(access.id());
  event.set_method("first use");
  return event;
}

}  // namespace

AccessTask::AccessTask(storage::Store* store, AccessGate* gate, absl::Duration audit_kept,
                       const Clock* clock, ServerLog* log)
    : store_(store),
      gate_(gate),
      audit_kept_(audit_kept),
      clock_(clock),
      log_(log),
      uses_noted_(clock->Now()),
      hour_begun_(clock->Now()) {}

void AccessTask::Tend() {
  const absl::Time now = clock_->Now();
  if (now - uses_noted_ >= kUsePeriod) {
    uses_noted_ = now;
    NoteUses();
  }
  NoteDenials(now);
  if (now - hour_begun_ >= kHour) {
    hour_begun_ = now;
    storage::CommandPtr trim = storage::NewCommand();
    trim->mutable_trim_audit()->set_before_ms(absl::ToUnixMillis(now - audit_kept_));
    trim->mutable_trim_audit()->set_events_max(kTrimmedAtOnce);
    store_->CarryOut(std::move(trim)).error.IgnoreError();
    TellHead();
  }
}

void AccessTask::Finish() {
  NoteUses();
  NoteDenials(absl::InfiniteFuture());
  TellHead();
}

void AccessTask::NoteUses() {
  const std::vector<store::v1::AccessUse> uses = gate_->meter().Take();
  if (!uses.empty()) {
    storage::CommandPtr command = storage::NewCommand();
    std::vector<StoredAuditEvent> first_uses;
    const std::shared_ptr<const storage::View> view = store_->view();
    for (const store::v1::AccessUse& use : uses) {
      *command->mutable_note_access()->add_uses() = use;
      const storage::AccessEntry* entry = view->access->Find(use.id());
      if (entry != nullptr && entry->stored->last_use_day() == 0) {
        first_uses.push_back(FirstUse(*entry->stored, clock_->Now()));
      }
    }
    if (!store_->CarryOut(std::move(command)).error.ok()) {
      gate_->meter().Return(uses);
      return;
    }
    first_uses_.insert(first_uses_.end(), first_uses.begin(), first_uses.end());
  }
  if (Note(first_uses_)) {
    first_uses_.clear();
  }
}

void AccessTask::NoteDenials(absl::Time until) {
  const std::vector<StoredAuditEvent> denied = gate_->denials().Take(until);
  if (!Note(denied)) {
    gate_->denials().Return(denied);
  }
}

bool AccessTask::Note(const std::vector<StoredAuditEvent>& events) {
  if (events.empty()) {
    return true;
  }
  storage::CommandPtr command = storage::NewCommand();
  command->mutable_note_audit()->mutable_events()->Assign(events.begin(), events.end());
  return store_->CarryOut(std::move(command)).error.ok();
}

void AccessTask::TellHead() {
  const store::v1::StoredAuditHead head = store_->view()->counters.audit();
  if (head.count() != 0) {
    log_->Info("audit head", {{"count", absl::StrCat(head.count())},
                              {"hash", absl::BytesToHexString(head.hash())}});
  }
}

}  // namespace emptychair
