// Messages as gRPC carries them. They are parsed by us and not by gRPC, because what they hold must
// be bounded before: see server/api/parse_request.h. gRPC parses at once what waits long for its
// turn.
#ifndef EMPTYCHAIR_SERVER_RPC_RAW_MESSAGE_H_
#define EMPTYCHAIR_SERVER_RPC_RAW_MESSAGE_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "google/protobuf/message.h"
#include "grpcpp/support/byte_buffer.h"
#include "server/api/parse_request.h"

namespace emptychair {

// A request in a buffer of gRPC's, which must outlive it.
class RawRequest final : public RequestBody {
 public:
  explicit RawRequest(const grpc::ByteBuffer* bytes) : bytes_(bytes) {}

  size_t size() const override { return bytes_->Length(); }
  bool Parse(google::protobuf::Message& request) const override;
  std::optional<int64_t> CountElements(int field_number, int64_t limit) const override;

 private:
  const grpc::ByteBuffer* const bytes_;
};

// Puts `message` in the place of what `bytes` were, and returns its size.
size_t SerializeMessage(const google::protobuf::Message& message, grpc::ByteBuffer& bytes);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_RPC_RAW_MESSAGE_H_
