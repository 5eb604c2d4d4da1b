#include "server/access/auditor.h"

#include <utility>

#include "common/base/status_macros.h"
#include "server/access/audit_event.h"

namespace emptychair {

absl::StatusOr<storage::CommandPtr> Auditor::With(
    const RequestContext& context, const google::protobuf::Message& request,
    absl::StatusOr<storage::CommandPtr> command) const {
  RETURN_IF_ERROR(command.status());
  *(*command)->mutable_audit() = AuditOf(context, request, store_->hash(), clock_->Now());
  return command;
}

storage::CommandPtr Auditor::NoteOf(const RequestContext& context,
                                    const google::protobuf::Message& request) const {
  storage::CommandPtr command = storage::NewCommand();
  *command->mutable_note_audit()->add_events() =
      AuditOf(context, request, store_->hash(), clock_->Now());
  return command;
}

absl::Status Auditor::Note(const RequestContext& context,
                           const google::protobuf::Message& request) const {
  return store_->CarryOut(NoteOf(context, request)).error;
}

}  // namespace emptychair
