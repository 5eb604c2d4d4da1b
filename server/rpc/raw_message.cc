#include "server/rpc/raw_message.h"

#include <cassert>

#include "google/protobuf/io/coded_stream.h"
#include "grpcpp/support/proto_buffer_reader.h"
#include "grpcpp/support/slice.h"

namespace emptychair {

bool RawRequest::Parse(google::protobuf::Message& request) const {
  grpc::ByteBuffer shared = *bytes_;
  grpc::ProtoBufferReader reader(&shared);
  return request.ParseFromZeroCopyStream(&reader);
}

std::optional<int64_t> RawRequest::CountElements(int field_number, int64_t limit) const {
  grpc::ByteBuffer shared = *bytes_;
  grpc::ProtoBufferReader reader(&shared);
  google::protobuf::io::CodedInputStream input(&reader);
  return emptychair::CountElements(input, field_number, limit);
}

size_t SerializeMessage(const google::protobuf::Message& message, grpc::ByteBuffer& bytes) {
  grpc::Slice slice(message.ByteSizeLong());
  [[maybe_unused]] const uint8_t* const end =
      message.SerializeWithCachedSizesToArray(const_cast<uint8_t*>(slice.begin()));
  assert(end == slice.end());
  grpc::ByteBuffer written(&slice, 1);
  bytes.Swap(&written);
  return slice.size();
}

}  // namespace emptychair
