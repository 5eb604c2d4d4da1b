// Hands commands of calls to the store.
#ifndef EMPTYCHAIR_SERVER_SERVICES_SUBMIT_H_
#define EMPTYCHAIR_SERVER_SERVICES_SUBMIT_H_

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "emptychair/store/v1/command.pb.h"
#include "server/rpc/call.h"
#include "storage/apply/command.h"
#include "storage/store.h"

namespace emptychair {

// Enqueues `command` and answers the call when it is durable: with its error, or with the status
// that `translate` makes of its result. `translate` must not block.
template <typename Translate>
void SubmitCommand(storage::Store& store, storage::CommandPtr command, bool want_records,
                   ReplyHandle finish, Translate translate) {
  store.Enqueue(std::move(command), want_records,
                [finish = std::move(finish),
                 translate = std::move(translate)](storage::CommandResult result) mutable {
                  finish(result.error.ok() ? translate(result) : result.error);
                });
}

// The same for a command that could not be made when `command` is an error.
template <typename Translate>
void SubmitCommand(storage::Store& store, absl::StatusOr<storage::CommandPtr> command,
                   ReplyHandle finish, Translate translate) {
  if (!command.ok()) {
    finish(command.status());
    return;
  }
  SubmitCommand(store, *std::move(command), /*want_records=*/false, std::move(finish),
                std::move(translate));
}

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_SERVICES_SUBMIT_H_
