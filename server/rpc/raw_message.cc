#include "server/rpc/raw_message.h"

#include <cassert>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"
#include "grpcpp/support/proto_buffer_reader.h"
#include "grpcpp/support/slice.h"

namespace emptychair {

using google::protobuf::internal::WireFormatLite;

namespace {

// Up to here unknown fields cannot hold much, and looking for them costs more than the rest.
constexpr size_t kUnknownBytesMax = size_t{4} << 10;

}  // namespace

absl::Status ParseRequest(const grpc::ByteBuffer& bytes, google::protobuf::Message& request) {
  if (bytes.Length() > kMessageBytesMax) {
    return FieldError(
        v1::ERROR_REASON_FIELD_INVALID, "request",
        absl::StrCat("got ", bytes.Length(), " bytes, wanted at most ", kMessageBytesMax));
  }
  if (!ParseMessage(bytes, request)) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "request",
                      absl::StrCat("got bytes that are no ", request.GetTypeName(),
                                   ", or text that is not UTF-8"));
  }
  if (bytes.Length() > kUnknownBytesMax) {
    request.DiscardUnknownFields();
  }
  return absl::OkStatus();
}

std::optional<int64_t> CountElements(const grpc::ByteBuffer& bytes, int field_number,
                                     int64_t limit) {
  grpc::ByteBuffer shared = bytes;
  grpc::ProtoBufferReader reader(&shared);
  google::protobuf::io::CodedInputStream input(&reader);
  const uint32_t wanted =
      WireFormatLite::MakeTag(field_number, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
  int64_t count = 0;
  while (count <= limit) {
    const uint32_t tag = input.ReadTag();
    if (tag == 0) {
      return input.ConsumedEntireMessage() ? std::optional(count) : std::nullopt;
    }
    count += tag == wanted ? 1 : 0;
    if (!WireFormatLite::SkipField(&input, tag)) {
      return std::nullopt;
    }
  }
  return count;
}

bool ParseMessage(const grpc::ByteBuffer& bytes, google::protobuf::MessageLite& message) {
  grpc::ByteBuffer shared = bytes;
  grpc::ProtoBufferReader reader(&shared);
  return message.ParseFromZeroCopyStream(&reader);
}

void SerializeMessage(const google::protobuf::MessageLite& message, grpc::ByteBuffer& bytes) {
  grpc::Slice slice(message.ByteSizeLong());
  [[maybe_unused]] const uint8_t* const end =
      message.SerializeWithCachedSizesToArray(const_cast<uint8_t*>(slice.begin()));
  assert(end == slice.end());
  grpc::ByteBuffer written(&slice, 1);
  bytes.Swap(&written);
}

}  // namespace emptychair
