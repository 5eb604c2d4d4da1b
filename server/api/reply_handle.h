// Carries the duty to answer from a handler to whatever thread can answer.
#ifndef EMPTYCHAIR_SERVER_API_REPLY_HANDLE_H_
#define EMPTYCHAIR_SERVER_API_REPLY_HANDLE_H_

#include <utility>

#include "absl/status/status.h"

namespace emptychair {

// The message of the INTERNAL error that a caller gets when a handler throws or drops its reply.
inline constexpr char kNoReply[] = "the server failed to answer this call";

// A call, or one message of a call, that waits for its reply.
class PendingReply {
 public:
  // Replies with what a handler says. The object may be gone when this returns.
  virtual void ReplyForHandler(const absl::Status& status) = 0;

 protected:
  ~PendingReply() = default;
};

// Completes one pending reply, from any thread. Destroyed unused, the handle replies INTERNAL, so
// that no path leaves a caller without an answer. Movable only.
class ReplyHandle {
 public:
  explicit ReplyHandle(PendingReply* pending) : pending_(pending) {}
  ReplyHandle(ReplyHandle&& other) noexcept : pending_(std::exchange(other.pending_, nullptr)) {}
  ReplyHandle& operator=(ReplyHandle&& other) noexcept {
    std::swap(pending_, other.pending_);
    return *this;
  }
  ~ReplyHandle();

  // Replies with `status`, and with the response if it is OK. Once; context, request and response
  // may be gone when this returns.
  void operator()(const absl::Status& status);

 private:
  PendingReply* pending_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_API_REPLY_HANDLE_H_
