// Hands the commands of calls to the store.
#ifndef EMPTYCHAIR_SERVER_SERVICES_SUBMIT_H_
#define EMPTYCHAIR_SERVER_SERVICES_SUBMIT_H_

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "emptychair/store/v1/command.pb.h"
#include "server/api/reply_handle.h"
#include "storage/state/command.h"
#include "storage/store.h"

namespace emptychair {

// Enqueues `command` and replies when the command is durable: with its error, or with the status
// that `translate` makes of its result. `translate` must not block.
template <typename Translate>
void SubmitCommand(storage::Store& store, storage::CommandPtr command, bool want_records,
                   ReplyHandle reply, Translate translate) {
  store.Enqueue(std::move(command), want_records,
                [reply = std::move(reply),
                 translate = std::move(translate)](storage::CommandResult result) mutable {
                  reply(result.error.ok() ? translate(result) : result.error);
                });
}

// The same for a command of one record, on a thread of the transport. Since that thread is awake,
// it completes another submission that waits for its answer, so that no thread has to wake up for
// that: see docs/decisions/0017-single-answers.md.
template <typename Translate>
void SubmitSingle(storage::Store& store, storage::CommandPtr command, bool want_record,
                  ReplyHandle reply, Translate translate) {
  SubmitCommand(store, std::move(command), want_record, std::move(reply), std::move(translate));
  store.CompleteOnePending();
}

// The same for a command that could not be made when `command` is an error.
template <typename Translate>
void SubmitCommand(storage::Store& store, absl::StatusOr<storage::CommandPtr> command,
                   ReplyHandle reply, Translate translate) {
  if (!command.ok()) {
    reply(command.status());
    return;
  }
  SubmitCommand(store, *std::move(command), /*want_records=*/false, std::move(reply),
                std::move(translate));
}

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_SERVICES_SUBMIT_H_
