// Turns what came into a request, within bounds.
#ifndef EMPTYCHAIR_SERVER_API_PARSE_REQUEST_H_
#define EMPTYCHAIR_SERVER_API_PARSE_REQUEST_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/message.h"
#include "server/api/message_arena.h"
#include "server/api/method_spec.h"

namespace emptychair {

// The largest request, in bytes, of all methods but those that take batches. Only filters by tens
// of thousands of long values would need more.
inline constexpr size_t kMessageBytesMax = size_t{2} << 20;

// Holds one request as its transport got it, not parsed: what waits stays as small as it came.
class RequestBody {
 public:
  virtual size_t size() const = 0;

  // False for what is no such message, among it text that is not UTF-8.
  virtual bool Parse(google::protobuf::Message& request) const = 0;

  // How many elements the repeated field of messages or texts with this number has; counts no
  // further than one past `limit`. Nothing for what is no message.
  virtual std::optional<int64_t> CountElements(int field_number, int64_t limit) const = 0;

 protected:
  ~RequestBody() = default;
};

// Counts as RequestBody::CountElements does, in a message's binary form.
std::optional<int64_t> CountElements(google::protobuf::io::CodedInputStream& input,
                                     int field_number, int64_t limit);

// Parses a request of the method into `arena`. A batch is counted before it is parsed, and of other
// requests of more than 4 KiB the fields that are not known are left out: two bytes of a request
// can stand for an element that takes two hundred in memory. Errors: FIELD_INVALID for what is no
// such message or, unread, for more than `kMessageBytesMax`; for a batch FIELD_REQUIRED,
// FIELD_INVALID, BATCH_TOO_LARGE on its field.
absl::StatusOr<const google::protobuf::Message*> ParseRequest(const MethodSpec& method,
                                                              const RequestBody& body,
                                                              MessageArena& arena);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_API_PARSE_REQUEST_H_
