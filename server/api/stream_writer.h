// Sends the messages of a server stream.
#ifndef EMPTYCHAIR_SERVER_API_STREAM_WRITER_H_
#define EMPTYCHAIR_SERVER_API_STREAM_WRITER_H_

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace emptychair {

// Takes the messages of one call to the transport. For one thread, which must not be one of the
// transport's.
class MessageWriter {
 public:
  // Sends a message, after the one before has been sent: blocks while the client does not read.
  // After an error, CANCELLED or SHUTTING_DOWN, the work should end with it.
  virtual absl::Status Write(const google::protobuf::Message& message) = 0;

  // The error that Write would end with; OK: it would send.
  virtual absl::Status Check() const = 0;

 protected:
  ~MessageWriter() = default;
};

// Writes messages of one type, to `writer`.
template <typename Response>
class StreamWriter {
 public:
  explicit StreamWriter(MessageWriter* writer) : writer_(writer) {}

  absl::Status Write(const Response& message) { return writer_->Write(message); }
  absl::Status Check() const { return writer_->Check(); }

 private:
  MessageWriter* const writer_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_API_STREAM_WRITER_H_
