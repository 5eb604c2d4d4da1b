// Gives an executor what can only be moved.
#ifndef EMPTYCHAIR_CLIENT_ASYNC_POST_H_
#define EMPTYCHAIR_CLIENT_ASYNC_POST_H_

#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "emptychair/client/executor.h"

namespace emptychair {

// Has `executor` run `task`. What the task holds, perhaps the last copy of a client, goes with it
// on the executor's thread.
inline void Post(const CallbackExecutor& executor, absl::AnyInvocable<void() &&> task) {
  executor([shared = std::make_shared<absl::AnyInvocable<void() &&>>(std::move(task))] {
    absl::AnyInvocable<void()&&> task = std::move(*shared);
    std::move(task)();
  });
}

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_ASYNC_POST_H_
