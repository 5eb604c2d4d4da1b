// Makes the messages of a feed: a server stream that waits for more when there is none, or ends.
#ifndef EMPTYCHAIR_SERVER_API_FEED_SOURCE_H_
#define EMPTYCHAIR_SERVER_API_FEED_SOURCE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "common/base/waiter.h"
#include "google/protobuf/message.h"

namespace emptychair {

// Serves one call; for one thread at a time. No thread waits between messages.
class FeedSource {
 public:
  virtual ~FeedSource() = default;

  // Fills in the next message, which is empty; false when there is none now. An error ends the
  // call. May read from disk.
  virtual absl::StatusOr<bool> Next(google::protobuf::Message& response) = 0;

  // Whether no message will come any more, once Next has answered false: the call then ends with OK
  // instead of waiting.
  virtual bool IsOver() const { return false; }

  // Has `waiter` notified once when there may be a message; false, and it is not notified, when
  // there may be one now. Must not block.
  virtual bool NotifyWhenMore(const std::shared_ptr<Waiter>& waiter) = 0;

  // Keeps `waiter` no longer. Must not block.
  virtual void Unsubscribe(const std::shared_ptr<Waiter>& waiter) = 0;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_API_FEED_SOURCE_H_
