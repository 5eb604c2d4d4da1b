// Messages as they travel. They are parsed here and not by gRPC, because what they hold must be
// bounded before: two bytes of a request can stand for an element that takes two hundred in memory,
// and gRPC parses at once what waits long for its turn.
#ifndef EMPTYCHAIR_SERVER_RPC_RAW_MESSAGE_H_
#define EMPTYCHAIR_SERVER_RPC_RAW_MESSAGE_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "google/protobuf/message_lite.h"
#include "grpcpp/support/byte_buffer.h"

namespace emptychair {

// The largest request, in bytes, of all methods but those that take batches. Only filters by tens
// of thousands of long values would need more.
inline constexpr size_t kMessageBytesMax = size_t{2} << 20;

// Parses a request that is no batch. Of one of more than 4 KiB fields that are not known are left
// out, so that a copy which waits does not hold what takes eight times its bytes. Errors:
// FIELD_INVALID for one that is larger than `kMessageBytesMax`, which is not looked at, and for
// bytes that are no such message, among them those with a string that is not UTF-8.
absl::Status ParseRequest(const grpc::ByteBuffer& bytes, google::protobuf::Message& request);

// How many elements the repeated field has whose number and type, a message or text, are given by
// `field_number`; counts no further than one past `limit`. Nothing for bytes that are no message.
std::optional<int64_t> CountElements(const grpc::ByteBuffer& bytes, int field_number,
                                     int64_t limit);

// False for bytes that are no such message, among them those with a string that is not UTF-8.
bool ParseMessage(const grpc::ByteBuffer& bytes, google::protobuf::MessageLite& message);

// Puts `message` in the place of what `bytes` were.
void SerializeMessage(const google::protobuf::MessageLite& message, grpc::ByteBuffer& bytes);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_RPC_RAW_MESSAGE_H_
