// The changes behind WatchFeedback, over as many calls as it takes.
#ifndef EMPTYCHAIR_CLIENT_FEEDBACK_WATCHER_H_
#define EMPTYCHAIR_CLIENT_FEEDBACK_WATCHER_H_

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "client/retries.h"
#include "emptychair/client/options.h"
#include "emptychair/client/result_range.h"
#include "emptychair/v1/feedback_service.pb.h"

namespace emptychair {

// For one thread.
class FeedbackWatcher {
 public:
  // One call: answers its messages and the error that ended it.
  using Call = ResultRange<v1::WatchFeedbackResponse>::Source;
  using OpenCall = std::function<Call(const v1::WatchFeedbackRequest& request)>;

  // `key` is the one that the calls send.
  FeedbackWatcher(ClientOptions options, v1::WatchFeedbackRequest request, OpenCall open_call,
                  std::shared_ptr<CallKey> key = nullptr);

  // The next message. After an error that the policies let pass, that of a new call which goes on
  // where the last message stood. An error is the last answer.
  absl::StatusOr<v1::WatchFeedbackResponse> Next();

 private:
  const ClientOptions options_;
  v1::WatchFeedbackRequest request_;  // Of the next call.
  const OpenCall open_call_;
  const std::shared_ptr<CallKey> key_;
  Call call_;
  Retries retries_{options_, key_.get()};
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_FEEDBACK_WATCHER_H_
