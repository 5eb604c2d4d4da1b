// Calls that nobody waits for.
#ifndef EMPTYCHAIR_CLIENT_ASYNC_CALL_H_
#define EMPTYCHAIR_CLIENT_ASYNC_CALL_H_

#include <atomic>
#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "emptychair/client/executor.h"
#include "google/protobuf/message.h"

namespace emptychair {

class Connection;

// Gets what a call came to. Called once, by the client's executor. It must not throw, and may do
// all that other code may: call the client and wait, or destroy it. Waiting there for another
// callback never ends where the executor has one thread, as the client's own has.
template <typename Response>
using AsyncCallback = absl::AnyInvocable<void(absl::StatusOr<Response> response) &&>;

// A handle of a call that was started. Copies are of the same call; to destroy them does nothing to
// it. It can outlive its client. Thread-safe.
class AsyncCall {
 public:
  // What there is to cancel. Thread-safe.
  class Operation {
   public:
    virtual ~Operation() = default;
    virtual void Cancel() = 0;
  };

  // Of no call.
  AsyncCall() = default;
  explicit AsyncCall(std::weak_ptr<Operation> operation) : operation_(std::move(operation)) {}

  // Ends the call: its callback gets CANCELLED, unless it has succeeded already. What the server
  // has begun, it may go on with. Does not wait for the callback. Nothing, once the call has ended.
  void Cancel() const {
    if (const std::shared_ptr<Operation> operation = operation_.lock()) {
      operation->Cancel();
    }
  }

 private:
  std::weak_ptr<Operation> operation_;
};

// A call of a unary method without the types of its messages, for implementations of Connection.
struct UnaryCall {
  // Until StartUnary returns.
  const google::protobuf::Message& request;
  // Where the answer goes, until `done` is called.
  google::protobuf::Message& response;
  // Calls the method of a connection and waits.
  absl::Status (*wait)(Connection& connection, const google::protobuf::Message& request,
                       google::protobuf::Message& response);
  // To be called once, on the executor; if OK, after the answer is in `response`.
  absl::AnyInvocable<void(absl::Status status) &&> done;
};

// StartUnary of a connection whose methods need no network, such as a mock: has the executor call
// the method. Calls that have not begun once `*is_gone` are cancelled, and `connection` must
// outlive the others.
AsyncCall StartOnExecutor(Connection& connection, const CallbackExecutor& executor,
                          std::shared_ptr<const std::atomic<bool>> is_gone, UnaryCall call);

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_ASYNC_CALL_H_
