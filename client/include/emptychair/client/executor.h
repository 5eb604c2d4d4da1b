// Where callbacks run.
#ifndef EMPTYCHAIR_CLIENT_EXECUTOR_H_
#define EMPTYCHAIR_CLIENT_EXECUTOR_H_

#include <functional>

namespace emptychair {

// Takes a task and runs it once, soon, on a thread of its own: for example what posts work to a
// thread pool. Called from any thread, also inside tasks; it must not wait. One that runs the task
// at once, inside, works as well, but then a task that takes long holds up all other calls of its
// client, and one that waits for another such call never ends.
using CallbackExecutor = std::function<void(std::function<void()> task)>;

// A thread, started with the first task, that runs tasks one after the other. When the last copy is
// destroyed, it waits until those that were given are run; destroyed inside one of them, it does
// not, and the thread ends by itself after the last.
CallbackExecutor MakeThreadExecutor();

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_EXECUTOR_H_
