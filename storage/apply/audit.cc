#include "storage/apply/audit.h"

#include <optional>
#include <string>

#include "storage/format/audit.h"
#include "storage/format/keys.h"

namespace emptychair::storage {

void AppendAudit(const store::v1::StoredAuditEvent& event, WorkingState& state, WriteGroup& group) {
  store::v1::StoredAuditHead& head = *state.counters().mutable_audit();
  const uint64_t number = head.count() + 1;
  AuditEntry entry;
  entry.bytes = event.SerializeAsString();
  entry.hash = HashOfAudit(ToAuditHash(head.hash()), number, entry.bytes);
  group.Put(Family::kAudit, AuditKey(number), EncodeAudit(entry));
  head.set_count(number);
  head.set_hash(std::string(ToView(entry.hash)));
  if (head.first_kept() == 0) {
    head.set_first_kept(1);
    head.set_hash_before_first(std::string(ToView(AuditHash())));
  }
}

CommandResult ApplyNoteAudit(const store::v1::NoteAuditCommand& command, WorkingState& state,
                             WriteGroup& group) {
  for (const store::v1::StoredAuditEvent& event : command.events()) {
    AppendAudit(event, state, group);
  }
  return {};
}

CommandResult ApplyTrimAudit(const store::v1::TrimAuditCommand& command, WorkingState& state,
                             WriteGroup& group) {
  CommandResult result;
  if (!state.counters().has_audit()) {
    return result;
  }
  store::v1::StoredAuditHead& head = *state.counters().mutable_audit();
  uint32_t left = command.events_max();
  bool may_be_more = false;
  result.error = group.Visit(
      Family::kAudit, "", AuditKey(head.first_kept()), [&](const WriteGroup::Entry& found) {
        const std::optional<uint64_t> number = DecodeAuditKey(found.key);
        const std::optional<AuditEntry> entry = DecodeAudit(found.value);
        store::v1::StoredAuditEvent event;
        // The newest stays: the chain goes on from it.
        if (!number.has_value() || !entry.has_value() || *number >= head.count() ||
            !event.ParseFromString(entry->bytes) || event.time_ms() >= command.before_ms()) {
          return false;
        }
        may_be_more = left-- == 0;
        if (may_be_more) {
          return false;
        }
        group.Delete(Family::kAudit, found.key);
        head.set_first_kept(*number + 1);
        head.set_hash_before_first(std::string(ToView(entry->hash)));
        ++result.changed;
        return true;
      });
  if (result.error.ok() && may_be_more) {
    result.follow_up = NewCommand();
    *result.follow_up->mutable_trim_audit() = command;
  }
  return result;
}

}  // namespace emptychair::storage
