#include "server/access/access_task.h"

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace emptychair {
namespace {

constexpr absl::Duration kUsePeriod = absl::Minutes(1);
constexpr absl::Duration kHour = absl::Hours(1);
constexpr uint32_t kTrimmedAtOnce = 1'000;

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
  if (uses.empty()) {
    return;
  }
  storage::CommandPtr command = storage::NewCommand();
  storage::CommandPtr first_uses = storage::NewCommand();
  const std::shared_ptr<const storage::View> view = store_->view();
  for (const store::v1::AccessUse& use : uses) {
    *command->mutable_note_access()->add_uses() = use;
    const storage::AccessEntry* entry = view->access->Find(use.id());
    if (entry != nullptr && entry->stored->last_use_day() == 0) {
      store::v1::StoredAuditEvent& event = *first_uses->mutable_note_audit()->add_events();
      event.set_time_ms(absl::ToUnixMillis(clock_->Now()));
      event.set_caller_kind(entry->stored->certificate_san().empty() ? v1::CALLER_KIND_KEY
                                                                     : v1::CALLER_KIND_CERTIFICATE);
      event.set_key_id(use.id());
      event.set_method("first use");
    }
  }
  store_->CarryOut(std::move(command)).error.IgnoreError();
  if (first_uses->has_note_audit()) {
    store_->CarryOut(std::move(first_uses)).error.IgnoreError();
  }
}

void AccessTask::NoteDenials(absl::Time until) {
  const std::vector<store::v1::StoredAuditEvent> denied = gate_->denials().Take(until);
  if (denied.empty()) {
    return;
  }
  storage::CommandPtr command = storage::NewCommand();
  for (const store::v1::StoredAuditEvent& event : denied) {
    *command->mutable_note_audit()->add_events() = event;
  }
  store_->CarryOut(std::move(command)).error.IgnoreError();
}

void AccessTask::TellHead() {
  const store::v1::StoredAuditHead head = store_->view()->counters.audit();
  if (head.count() != 0) {
    log_->Info("audit head", {{"count", absl::StrCat(head.count())},
                              {"hash", absl::BytesToHexString(head.hash())}});
  }
}

}  // namespace emptychair
