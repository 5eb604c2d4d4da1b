// Has the audit know of calls.
#ifndef EMPTYCHAIR_SERVER_ACCESS_AUDITOR_H_
#define EMPTYCHAIR_SERVER_ACCESS_AUDITOR_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "google/protobuf/message.h"
#include "server/api/request_context.h"
#include "storage/state/command.h"
#include "storage/store.h"

namespace emptychair {

// Thread-safe. What it is given must outlive it.
class Auditor {
 public:
  Auditor(storage::Store* store, const Clock* clock) : store_(store), clock_(clock) {}

  // The command with the event of its call, which is written with what the command does, if it
  // succeeds. An error stays as it is.
  absl::StatusOr<storage::CommandPtr> With(const RequestContext& context,
                                           const google::protobuf::Message& request,
                                           absl::StatusOr<storage::CommandPtr> command) const;

  // A command that puts down nothing but the event of a call.
  storage::CommandPtr NoteOf(const RequestContext& context,
                             const google::protobuf::Message& request) const;

  // Puts the event down before the call's work, which must not be done on an error: no event, no
  // work. Waits for the disk, so not for a thread of the store's or the transport's.
  absl::Status Note(const RequestContext& context, const google::protobuf::Message& request) const;

 private:
  storage::Store* const store_;
  const Clock* const clock_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ACCESS_AUDITOR_H_
