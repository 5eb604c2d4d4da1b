#include "server/api/parse_request.h"

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/wire_format_lite.h"

namespace emptychair {

using google::protobuf::internal::WireFormatLite;

namespace {

// Up to here unknown fields cannot hold much, and looking for them costs more than the rest.
constexpr size_t kUnknownBytesMax = size_t{4} << 10;

absl::Status TooLarge(absl::string_view field, absl::string_view got, int64_t limit,
                      absl::string_view unit) {
  const std::string text = absl::StrCat(limit);
  return FieldError(v1::ERROR_REASON_BATCH_TOO_LARGE, field,
                    absl::StrCat("got ", got, " ", unit, ", wanted at most ", text),
                    {{"limit", text}});
}

absl::Status NoBatch(absl::string_view field) {
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, field,
                    "got bytes that are no batch, or text that is not UTF-8");
}

absl::Status CheckBatch(const BatchLimits& limits, absl::string_view field,
                        const RequestBody& body) {
  if (body.size() > limits.bytes_max) {
    return TooLarge(field, absl::StrCat(body.size()), static_cast<int64_t>(limits.bytes_max),
                    "bytes");
  }
  const std::optional<int64_t> count = body.CountElements(limits.field_number, limits.elements_max);
  if (!count.has_value()) {
    return NoBatch(field);
  }
  if (*count == 0) {
    return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, field,
                      absl::StrCat("got no records, wanted 1 to ", limits.elements_max));
  }
  if (*count > limits.elements_max) {
    return TooLarge(field, absl::StrCat("more than ", limits.elements_max), limits.elements_max,
                    "records");
  }
  return absl::OkStatus();
}

}  // namespace

std::optional<int64_t> CountElements(google::protobuf::io::CodedInputStream& input,
                                     int field_number, int64_t limit) {
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

absl::StatusOr<const google::protobuf::Message*> ParseRequest(const MethodSpec& method,
                                                              const RequestBody& body,
                                                              MessageArena& arena) {
  if (method.batch.has_value()) {
    const absl::string_view field =
        method.request->GetDescriptor()->FindFieldByNumber(method.batch->field_number)->name();
    RETURN_IF_ERROR(CheckBatch(*method.batch, field, body));
    google::protobuf::Message& request = arena.Make(*method.request);
    return body.Parse(request) ? absl::StatusOr<const google::protobuf::Message*>(&request)
                               : NoBatch(field);
  }
  if (body.size() > kMessageBytesMax) {
    return FieldError(
        v1::ERROR_REASON_FIELD_INVALID, "request",
        absl::StrCat("got ", body.size(), " bytes, wanted at most ", kMessageBytesMax));
  }
  google::protobuf::Message& request = arena.Make(*method.request);
  if (!body.Parse(request)) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "request",
                      absl::StrCat("got bytes that are no ", request.GetTypeName(),
                                   ", or text that is not UTF-8"));
  }
  if (body.size() > kUnknownBytesMax) {
    request.DiscardUnknownFields();
  }
  return &request;
}

}  // namespace emptychair
