// What is put down of callers behind their calls.
#ifndef EMPTYCHAIR_SERVER_ACCESS_ACCESS_TASK_H_
#define EMPTYCHAIR_SERVER_ACCESS_ACCESS_TASK_H_

#include <vector>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "emptychair/store/v1/value.pb.h"
#include "server/access/access_gate.h"
#include "server/telemetry/server_log.h"
#include "storage/store.h"

namespace emptychair {

// Notes which keys were used, once a minute, and which calls were refused, once an hour; forgets
// old audit events and tells the server's log where the audit is, so that another place than the
// store knows it. What cannot be written, as on a full disk, is kept for the next time. For one
// thread at a time. What it is given must outlive it.
class AccessTask {
 public:
  AccessTask(storage::Store* store, AccessGate* gate, absl::Duration audit_kept, const Clock* clock,
             ServerLog* log);

  // Does what is due. Must not be called on a thread of the store's.
  void Tend();
  // Notes all that is left, before the server stops.
  void Finish();

 private:
  void NoteUses();
  void NoteDenials(absl::Time until);
  // False when they could not be written.
  bool Note(const std::vector<store::v1::StoredAuditEvent>& events);
  void TellHead();

  storage::Store* const store_;
  AccessGate* const gate_;
  const absl::Duration audit_kept_;
  const Clock* const clock_;
  ServerLog* const log_;
  absl::Time uses_noted_;
  absl::Time hour_begun_;
  // Not written yet; one of a key at most.
  std::vector<store::v1::StoredAuditEvent> first_uses_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ACCESS_ACCESS_TASK_H_
