#include "common/base/errors.h"

#include <cstdint>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "common/base/deterministic_bytes.h"
#include "google/protobuf/message.h"
#include "google/rpc/error_details.pb.h"

namespace emptychair {
namespace {

constexpr absl::string_view kTypeUrlPrefix = "type.googleapis.com/";
constexpr absl::string_view kReasonPrefix = "ERROR_REASON_";

std::string TypeUrl(const google::protobuf::Descriptor* descriptor) {
  return absl::StrCat(kTypeUrlPrefix, descriptor->full_name());
}

// Deterministic, maps too, so that equal errors are equal statuses.
template <typename Detail>
void SetDetail(absl::Status& status, const Detail& detail) {
  status.SetPayload(TypeUrl(Detail::descriptor()), absl::Cord(DeterministicBytes(detail)));
}

template <typename Detail>
std::optional<Detail> GetDetail(const absl::Status& status) {
  const auto payload = status.GetPayload(TypeUrl(Detail::descriptor()));
  Detail detail;
  if (!payload.has_value() || !detail.ParseFromString(std::string(*payload))) {
    return std::nullopt;
  }
  return detail;
}

google::rpc::ErrorInfo MakeErrorInfo(v1::ErrorReason reason, ErrorMetadata metadata) {
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(ReasonName(reason)));
  info.set_domain(std::string(kErrorDomain));
  for (const auto& [key, value] : metadata) {
    (*info.mutable_metadata())[std::string(key)] = std::string(value);
  }
  return info;
}

// A character at the front of a text, by the bytes that it has there.
struct Character {
  uint32_t code_point = 0;
  size_t bytes = 1;
};

// The first character of `text`, which is not empty. A byte that does not begin one, as UTF-8 has
// it, is one of its own, with the byte as its code point.
Character FirstCharacter(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const size_t bytes = byte(0) < 0xC2 ? 1 : byte(0) < 0xE0 ? 2 : byte(0) < 0xF0 ? 3 : 4;
  if (bytes == 1 || byte(0) > 0xF4 || text.size() < bytes) {
    return {byte(0), 1};
  }
  uint32_t code_point = byte(0) & (0xFFU >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) {
      return {byte(0), 1};
    }
    code_point = (code_point << 6U) | (byte(i) & 0x3FU);
  }
  // Longer than needed, half of a surrogate pair, past the last.
  const uint32_t smallest[] = {0x80, 0x800, 0x10000};
  if (code_point < smallest[bytes - 2] || (code_point >= 0xD800 && code_point < 0xE000) ||
      code_point > 0x10FFFF) {
    return {byte(0), 1};
  }
  return {code_point, bytes};
}

// Control characters beyond ASCII, and what breaks a line or turns its direction.
bool IsMark(uint32_t code_point) {
  return code_point < 0xA0 || (code_point >= 0x2028 && code_point <= 0x202E) ||
         (code_point >= 0x2066 && code_point <= 0x2069);
}

bool IsContinuation(char c) { return (static_cast<uint8_t>(c) & 0xC0U) == 0x80U; }

}  // namespace

absl::StatusCode CodeOf(v1::ErrorReason reason) {
  switch (reason) {
    case v1::ERROR_REASON_FIELD_REQUIRED:
    case v1::ERROR_REASON_FIELD_INVALID:
    case v1::ERROR_REASON_SCORE_OUT_OF_RANGE:
    case v1::ERROR_REASON_SCORE_NOT_ALLOWED:
    case v1::ERROR_REASON_TIME_OUT_OF_RANGE:
    case v1::ERROR_REASON_ID_REQUIRED:
    case v1::ERROR_REASON_ID_TIME_MISMATCH:
    case v1::ERROR_REASON_PAGE_TOKEN_INVALID:
    case v1::ERROR_REASON_NOT_A_DIMENSION:
    case v1::ERROR_REASON_TOO_MANY_POINTS:
    case v1::ERROR_REASON_BATCH_TOO_LARGE:
    case v1::ERROR_REASON_SURVEYS_NOT_POOLABLE:
      return absl::StatusCode::kInvalidArgument;
    case v1::ERROR_REASON_SURVEY_NOT_FOUND:
    case v1::ERROR_REASON_FEEDBACK_NOT_FOUND:
    case v1::ERROR_REASON_CUSTOMER_NOT_FOUND:
    case v1::ERROR_REASON_KIND_NOT_FOUND:
    case v1::ERROR_REASON_ACTIVITY_NOT_FOUND:
    case v1::ERROR_REASON_KEY_NOT_FOUND:
    case v1::ERROR_REASON_BACKUP_NOT_FOUND:
      return absl::StatusCode::kNotFound;
    case v1::ERROR_REASON_SURVEY_EXISTS:
    case v1::ERROR_REASON_CONTENT_DIFFERS:
    case v1::ERROR_REASON_KEY_EXISTS:
      return absl::StatusCode::kAlreadyExists;
    case v1::ERROR_REASON_SURVEY_ARCHIVED:
    case v1::ERROR_REASON_SURVEY_HAS_ANSWERS:
    case v1::ERROR_REASON_ERASED:
    case v1::ERROR_REASON_SUPPRESSED:
    case v1::ERROR_REASON_STORE_CHANGED:
    case v1::ERROR_REASON_ZONE_UNKNOWN:
    case v1::ERROR_REASON_EFFECTS_UNKNOWN:
    case v1::ERROR_REASON_KIND_HAS_ACTIVITIES:
    case v1::ERROR_REASON_LIMIT_REACHED:
    case v1::ERROR_REASON_IN_USE:
    case v1::ERROR_REASON_BACKUPS_OFF:
    case v1::ERROR_REASON_BACKUP_RUNNING:
      return absl::StatusCode::kFailedPrecondition;
    case v1::ERROR_REASON_ETAG_MISMATCH:
      return absl::StatusCode::kAborted;
    case v1::ERROR_REASON_SEQUENCE_TRIMMED:
      return absl::StatusCode::kOutOfRange;
    case v1::ERROR_REASON_QUEUE_FULL:
    case v1::ERROR_REASON_DISK_FULL:
    case v1::ERROR_REASON_RATE_LIMITED:
    case v1::ERROR_REASON_QUOTA_EXCEEDED:
    case v1::ERROR_REASON_BACKUP_DISK_FULL:
      return absl::StatusCode::kResourceExhausted;
    case v1::ERROR_REASON_SHUTTING_DOWN:
    case v1::ERROR_REASON_SURVEY_CHANGED:
    case v1::ERROR_REASON_KIND_CHANGED:
      return absl::StatusCode::kUnavailable;
    case v1::ERROR_REASON_KEY_REQUIRED:
    case v1::ERROR_REASON_KEY_INVALID:
    case v1::ERROR_REASON_KEY_REVOKED:
    case v1::ERROR_REASON_KEY_EXPIRED:
    case v1::ERROR_REASON_CERTIFICATE_UNKNOWN:
      return absl::StatusCode::kUnauthenticated;
    case v1::ERROR_REASON_NOT_PERMITTED:
      return absl::StatusCode::kPermissionDenied;
    case v1::ERROR_REASON_METHOD_UNKNOWN:
      return absl::StatusCode::kUnimplemented;
    case v1::ERROR_REASON_STORE_DAMAGED:
    case v1::ERROR_REASON_BACKUP_DAMAGED:
      return absl::StatusCode::kDataLoss;
    default:
      return absl::StatusCode::kUnknown;
  }
}

absl::string_view ReasonName(v1::ErrorReason reason) {
  return absl::StripPrefix(v1::ErrorReason_Name(reason), kReasonPrefix);
}

absl::Status Error(v1::ErrorReason reason, absl::string_view message, ErrorMetadata metadata) {
  absl::Status status(CodeOf(reason), message);
  SetDetail(status, MakeErrorInfo(reason, metadata));
  return status;
}

absl::Status FieldError(v1::ErrorReason reason, absl::string_view field,
                        absl::string_view description, ErrorMetadata metadata) {
  absl::Status status(CodeOf(reason), absl::StrCat(field, ": ", description));
  google::rpc::ErrorInfo info = MakeErrorInfo(reason, metadata);
  (*info.mutable_metadata())["field"] = std::string(field);
  SetDetail(status, info);
  google::rpc::BadRequest bad_request;
  auto* violation = bad_request.add_field_violations();
  violation->set_field(std::string(field));
  violation->set_description(std::string(description));
  SetDetail(status, bad_request);
  return status;
}

absl::Status AtPath(absl::string_view path, const absl::Status& status) {
  std::optional<google::rpc::BadRequest> bad_request = GetDetail<google::rpc::BadRequest>(status);
  std::optional<google::rpc::ErrorInfo> info = GetDetail<google::rpc::ErrorInfo>(status);
  if (!bad_request.has_value() || !info.has_value()) {
    return status;
  }
  absl::Status moved(status.code(), absl::StrCat(path, ".", status.message()));
  status.ForEachPayload([&](absl::string_view type_url, const absl::Cord& payload) {
    moved.SetPayload(type_url, payload);
  });
  for (auto& violation : *bad_request->mutable_field_violations()) {
    violation.set_field(absl::StrCat(path, ".", violation.field()));
  }
  std::string& field = (*info->mutable_metadata())["field"];
  field = absl::StrCat(path, ".", field);
  SetDetail(moved, *bad_request);
  SetDetail(moved, *info);
  return moved;
}

absl::Status RetryableError(v1::ErrorReason reason, absl::string_view message,
                            absl::Duration retry_delay, ErrorMetadata metadata) {
  absl::Status status = Error(reason, message, metadata);
  google::rpc::RetryInfo retry;
  const int64_t nanos = absl::ToInt64Nanoseconds(retry_delay);
  retry.mutable_retry_delay()->set_seconds(nanos / 1'000'000'000);
  retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(nanos % 1'000'000'000));
  SetDetail(status, retry);
  return status;
}

absl::Status ShuttingDownError() {
  return RetryableError(v1::ERROR_REASON_SHUTTING_DOWN,
                        "the server is stopping; send the same call again, it is safe",
                        absl::Seconds(1));
}

v1::ErrorReason ReasonOf(const absl::Status& status) {
  v1::ErrorReason reason = v1::ERROR_REASON_UNSPECIFIED;
  v1::ErrorReason_Parse(absl::StrCat(kReasonPrefix, ReasonNameOf(status)), &reason);
  return reason;
}

std::string ReasonNameOf(const absl::Status& status) {
  auto info = GetDetail<google::rpc::ErrorInfo>(status);
  return info.has_value() && info->domain() == kErrorDomain ? info->reason() : "";
}

std::map<std::string, std::string> MetadataOf(const absl::Status& status) {
  std::map<std::string, std::string> metadata;
  if (auto info = GetDetail<google::rpc::ErrorInfo>(status)) {
    metadata.insert(info->metadata().begin(), info->metadata().end());
  }
  return metadata;
}

std::vector<std::string> FieldsOf(const absl::Status& status) {
  std::vector<std::string> fields;
  if (auto bad_request = GetDetail<google::rpc::BadRequest>(status)) {
    for (const auto& violation : bad_request->field_violations()) {
      fields.push_back(violation.field());
    }
  }
  return fields;
}

std::optional<absl::Duration> RetryDelayOf(const absl::Status& status) {
  auto retry = GetDetail<google::rpc::RetryInfo>(status);
  if (!retry.has_value()) {
    return std::nullopt;
  }
  return absl::Seconds(retry->retry_delay().seconds()) +
         absl::Nanoseconds(retry->retry_delay().nanos());
}

google::rpc::Status ToProto(const absl::Status& status) {
  google::rpc::Status proto;
  proto.set_code(static_cast<int32_t>(status.code()));
  proto.set_message(std::string(status.message()));
  std::map<std::string, std::string> details;
  status.ForEachPayload([&](absl::string_view type_url, const absl::Cord& payload) {
    details[std::string(type_url)] = std::string(payload);
  });
  for (const auto& [type_url, value] : details) {
    auto* detail = proto.add_details();
    detail->set_type_url(type_url);
    detail->set_value(value);
  }
  return proto;
}

absl::Status FromProto(const google::rpc::Status& proto) {
  absl::Status status(static_cast<absl::StatusCode>(proto.code()), proto.message());
  for (const auto& detail : proto.details()) {
    status.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  }
  return status;
}

std::string Visible(absl::string_view text, bool keeps_marks) {
  std::string visible;
  visible.reserve(text.size());
  while (!text.empty()) {
    const Character next = FirstCharacter(text);
    if (next.bytes > 1 && (!IsMark(next.code_point) || (keeps_marks && next.code_point > 0xFF))) {
      visible.append(text.data(), next.bytes);
    } else if (next.bytes > 1) {
      absl::StrAppendFormat(&visible, "\\u%04x", next.code_point);
    } else if (next.code_point == '\n') {
      visible += "\\n";
    } else if (next.code_point < 0x20 || next.code_point > 0x7E) {
      absl::StrAppendFormat(&visible, "\\x%02x", next.code_point);
    } else {
      visible.push_back(text[0]);
    }
    text.remove_prefix(next.bytes);
  }
  return visible;
}

std::string Quoted(absl::string_view text, size_t bytes_max) {
  absl::string_view shown = text.substr(0, bytes_max);
  if (shown.size() < text.size()) {
    // Leaves out the character that would be cut; what is no UTF-8 can be cut anywhere.
    size_t last = shown.size();
    while (last > 0 && shown.size() - last < 4 && IsContinuation(text[last - 1])) {
      --last;
    }
    if (last > 0 && last - 1 + FirstCharacter(text.substr(last - 1)).bytes > shown.size()) {
      shown = shown.substr(0, last - 1);
    }
  }
  return absl::StrCat("\"",
                      Visible(absl::StrReplaceAll(
                          shown, {{"\\", "\\\\"}, {"\"", "\\\""}, {"\r", "\\r"}, {"\t", "\\t"}})),
                      shown.size() < text.size() ? "…" : "", "\"");
}

}  // namespace emptychair
