#include "client/feedback_watcher.h"

#include <optional>
#include <utility>

#include "emptychair/client/position.h"

namespace emptychair {

FeedbackWatcher::FeedbackWatcher(ClientOptions options, v1::WatchFeedbackRequest request,
                                 OpenCall open_call, std::shared_ptr<CallKey> key)
    : options_(std::move(options)),
      request_(std::move(request)),
      open_call_(std::move(open_call)),
      key_(std::move(key)) {}

absl::StatusOr<v1::WatchFeedbackResponse> FeedbackWatcher::Next() {
  while (true) {
    if (!call_) {
      call_ = open_call_(request_);
    }
    std::optional<absl::StatusOr<v1::WatchFeedbackResponse>> message = call_();
    if (message.has_value() && message->ok()) {
      GoOnFrom(PositionOf(**message), request_);
      retries_.ForgetUntilFailure();
      return *std::move(message);
    }
    call_ = nullptr;
    const absl::Status status =
        message.has_value() ? message->status()
                            : absl::InternalError("the server ended a stream that has no end");
    if (!retries_.WaitAfter(status)) {
      return status;
    }
  }
}

}  // namespace emptychair
