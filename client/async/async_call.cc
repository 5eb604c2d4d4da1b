#include "emptychair/client/async_call.h"

#include <atomic>

#include "client/async/post.h"

namespace emptychair {
namespace {

// A call that has not begun while its task waits for the executor.
class WaitingCall final : public AsyncCall::Operation {
 public:
  void Cancel() override { is_cancelled_ = true; }
  bool is_cancelled() const { return is_cancelled_; }

 private:
  std::atomic<bool> is_cancelled_{false};
};

}  // namespace

AsyncCall StartOnExecutor(Connection& connection, const CallbackExecutor& executor,
                          std::shared_ptr<const std::atomic<bool>> is_gone, UnaryCall call) {
  std::unique_ptr<google::protobuf::Message> request(call.request.New());
  request->CopyFrom(call.request);
  const auto waiting = std::make_shared<WaitingCall>();
  Post(executor,
       [waiting, &connection, is_gone = std::move(is_gone), request = std::move(request),
        &response = call.response, wait = call.wait, done = std::move(call.done)]() mutable {
         std::move(done)(waiting->is_cancelled() || *is_gone
                             ? absl::CancelledError("the call was cancelled")
                             : wait(connection, *request, response));
       });
  return AsyncCall(waiting);
}

}  // namespace emptychair
