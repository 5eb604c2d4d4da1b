#include "common/rpc/status_conversion.h"

#include <algorithm>
#include <string>

#include "absl/strings/string_view.h"
#include "common/base/errors.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/stubs/common.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace emptychair {
namespace {

using ::google::protobuf::io::CodedOutputStream;

size_t Excess(const google::rpc::Status& proto) {
  const size_t bytes = proto.ByteSizeLong();
  return bytes > kStatusDetailsBytesMax ? bytes - kStatusDetailsBytesMax : 0;
}

std::string ValidUtf8(absl::string_view text) {
  std::string buffer(text.size(), '\0');
  // Answers `text` itself when there is nothing to mend.
  const char* valid = google::protobuf::internal::UTF8CoerceToStructurallyValid(
      {text.data(), text.size()}, buffer.data(), '?');
  return std::string(valid, text.size());
}

// Cuts valid UTF-8 to at most `bytes_max` bytes, between characters.
void CutUtf8(std::string& text, size_t bytes_max) {
  if (text.size() <= bytes_max) {
    return;
  }
  size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
    --end;
  }
  text.resize(end);
}

void DropViolations(google::rpc::Status& proto) {
  size_t excess = Excess(proto);
  for (int i = 0; i < proto.details_size() && excess > 0; ++i) {
    google::rpc::BadRequest bad_request;
    if (!proto.details(i).Is<google::rpc::BadRequest>() ||
        !bad_request.ParseFromString(proto.details(i).value())) {
      continue;
    }
    auto& violations = *bad_request.mutable_field_violations();
    while (excess > 0 && !violations.empty()) {
      const size_t bytes = violations[violations.size() - 1].ByteSizeLong();
      // Its tag and length go with it.
      const size_t freed = 1 + CodedOutputStream::VarintSize32(bytes) + bytes;
      excess -= std::min(excess, freed);
      violations.RemoveLast();
    }
    if (violations.empty()) {
      proto.mutable_details()->DeleteSubrange(i--, 1);
    } else {
      proto.mutable_details(i)->set_value(bad_request.SerializeAsString());
    }
  }
}

void DropOtherDetails(google::rpc::Status& proto) {
  for (int i = proto.details_size() - 1; i >= 0 && Excess(proto) > 0; --i) {
    if (!proto.details(i).Is<google::rpc::ErrorInfo>() &&
        !proto.details(i).Is<google::rpc::RetryInfo>()) {
      proto.mutable_details()->DeleteSubrange(i, 1);
    }
  }
}

void DropErrorMetadata(google::rpc::Status& proto) {
  for (auto& detail : *proto.mutable_details()) {
    google::rpc::ErrorInfo info;
    if (detail.Is<google::rpc::ErrorInfo>() && info.ParseFromString(detail.value())) {
      info.clear_metadata();
      detail.set_value(info.SerializeAsString());
    }
  }
}

// Makes `proto` fit, what matters least first.
void Fit(google::rpc::Status& proto) {
  DropViolations(proto);
  if (const size_t excess = Excess(proto); excess > 0) {
    std::string& message = *proto.mutable_message();
    CutUtf8(message, message.size() - std::min(message.size(), excess));
    DropOtherDetails(proto);
  }
  if (Excess(proto) > 0) {
    DropErrorMetadata(proto);
  }
}

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) {
    return grpc::Status::OK;
  }
  google::rpc::Status proto = ToProto(status);
  proto.set_message(ValidUtf8(status.message()));
  CutUtf8(*proto.mutable_message(), kStatusMessageBytesMax);
  const auto code = static_cast<grpc::StatusCode>(proto.code());
  if (proto.details().empty()) {
    return grpc::Status(code, proto.message());
  }
  Fit(proto);
  return grpc::Status(code, proto.message(), proto.SerializeAsString());
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) {
    return absl::OkStatus();
  }
  google::rpc::Status proto;
  if (!proto.ParseFromString(status.error_details())) {
    proto.clear_details();
  }
  // What gRPC itself says of the call counts; the copies in the details need not be there.
  proto.set_code(status.error_code());
  proto.set_message(status.error_message());
  return FromProto(proto);
}

}  // namespace emptychair
