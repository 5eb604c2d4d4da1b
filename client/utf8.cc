#include "client/utf8.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "google/protobuf/descriptor.h"

namespace emptychair {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

absl::Status CheckText(absl::string_view text, absl::string_view path) {
  if (IsValidUtf8(text)) {
    return absl::OkStatus();
  }
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, path,
                    absl::StrCat("is ", Quoted(text), "; wanted UTF-8"));
}

absl::Status CheckMessage(const Message& message, const std::string& prefix);

// A map's entry: its key is part of the path of its value.
absl::Status CheckMapEntry(const Message& entry, const std::string& map_path) {
  const FieldDescriptor* key_field = entry.GetDescriptor()->map_key();
  const FieldDescriptor* value_field = entry.GetDescriptor()->map_value();
  std::string path = map_path;
  if (key_field->type() == FieldDescriptor::TYPE_STRING) {
    const std::string key = entry.GetReflection()->GetString(entry, key_field);
    absl::StrAppend(&path, "[", Quoted(key), "]");
    RETURN_IF_ERROR(CheckText(key, path));
  }
  if (value_field->type() == FieldDescriptor::TYPE_STRING) {
    return CheckText(entry.GetReflection()->GetString(entry, value_field), path);
  }
  if (value_field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    return CheckMessage(entry.GetReflection()->GetMessage(entry, value_field), path + ".");
  }
  return absl::OkStatus();
}

absl::Status CheckField(const Message& message, const FieldDescriptor* field,
                        const std::string& prefix) {
  const auto* reflection = message.GetReflection();
  const bool is_text = field->type() == FieldDescriptor::TYPE_STRING;
  if (!is_text && field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
    return absl::OkStatus();
  }
  const std::string path = prefix + field->name();
  std::string scratch;
  if (!field->is_repeated()) {
    return is_text ? CheckText(reflection->GetStringReference(message, field, &scratch), path)
                   : CheckMessage(reflection->GetMessage(message, field), path + ".");
  }
  const int size = reflection->FieldSize(message, field);
  for (int i = 0; i < size; ++i) {
    if (is_text) {
      RETURN_IF_ERROR(CheckText(reflection->GetRepeatedStringReference(message, field, i, &scratch),
                                absl::StrCat(path, "[", i, "]")));
      continue;
    }
    const Message& element = reflection->GetRepeatedMessage(message, field, i);
    RETURN_IF_ERROR(field->is_map() ? CheckMapEntry(element, path)
                                    : CheckMessage(element, absl::StrCat(path, "[", i, "].")));
  }
  return absl::OkStatus();
}

absl::Status CheckMessage(const Message& message, const std::string& prefix) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    RETURN_IF_ERROR(CheckField(message, field, prefix));
  }
  return absl::OkStatus();
}

using Labels = google::protobuf::Map<std::string, std::string>;

// Field by field: reflection would turn the labels of every record into a list of messages first.
bool AreUtf8(const Labels& labels) {
  return std::all_of(labels.begin(), labels.end(), [](const Labels::value_type& label) {
    return IsValidUtf8(label.first) && IsValidUtf8(label.second);
  });
}

bool IsUtf8(const v1::Feedback& feedback) {
  return IsValidUtf8(feedback.survey_id()) && IsValidUtf8(feedback.feedback_id()) &&
         IsValidUtf8(feedback.external_id()) && IsValidUtf8(feedback.customer_id()) &&
         IsValidUtf8(feedback.comment()) && IsValidUtf8(feedback.etag()) &&
         IsValidUtf8(feedback.import_id()) && IsValidUtf8(feedback.exclusion().note()) &&
         AreUtf8(feedback.labels());
}

bool IsUtf8(const v1::Activity& activity) {
  return IsValidUtf8(activity.customer_id()) && IsValidUtf8(activity.kind()) &&
         IsValidUtf8(activity.activity_id()) && IsValidUtf8(activity.amount().currency_code()) &&
         IsValidUtf8(activity.import_id()) && AreUtf8(activity.labels());
}

template <typename Batch, typename Records>
absl::Status CheckBatch(const Batch& batch, const Records& records) {
  return IsValidUtf8(batch.import_id()) &&
                 std::all_of(records.begin(), records.end(),
                             [](const auto& record) { return IsUtf8(record); })
             ? absl::OkStatus()
             : CheckMessage(batch, "");
}

// How a sequence starts (RFC 3629, section 4): its length and the range of its second byte, which
// is what rules out longer forms, surrogates and too large values. Length 0: no lead byte.
struct Lead {
  size_t length;
  uint8_t second_min;
  uint8_t second_max;
};

Lead LeadOf(uint8_t byte) {
  if (byte >= 0xC2 && byte <= 0xDF) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte >= 0xF1 && byte <= 0xF3) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

}  // namespace

bool IsValidUtf8(absl::string_view text) {
  const auto byte_at = [text](size_t i) { return static_cast<uint8_t>(text[i]); };
  size_t i = 0;
  while (i < text.size()) {
    if (byte_at(i) < 0x80) {
      ++i;
      continue;
    }
    const Lead lead = LeadOf(byte_at(i));
    if (lead.length == 0 || lead.length > text.size() - i || byte_at(i + 1) < lead.second_min ||
        byte_at(i + 1) > lead.second_max) {
      return false;
    }
    for (size_t k = 2; k < lead.length; ++k) {
      if ((byte_at(i + k) & 0xC0) != 0x80) {
        return false;
      }
    }
    i += lead.length;
  }
  return true;
}

absl::Status CheckUtf8(const google::protobuf::Message& message) {
  return CheckMessage(message, "");
}

absl::Status CheckUtf8(const v1::SubmitFeedbackRequest& request) {
  return IsUtf8(request.feedback()) ? absl::OkStatus() : CheckMessage(request, "");
}

absl::Status CheckUtf8(const v1::BatchSubmitFeedbackRequest& request) {
  return CheckBatch(request, request.feedback());
}

absl::Status CheckUtf8(const v1::StreamFeedbackRequest& request) {
  return CheckBatch(request, request.feedback());
}

absl::Status CheckUtf8(const v1::StreamActivitiesRequest& request) {
  return CheckBatch(request, request.activities());
}

absl::Status CheckUtf8(const v1::Feedback& feedback) {
  return IsUtf8(feedback) ? absl::OkStatus() : CheckMessage(feedback, "feedback.");
}

}  // namespace emptychair
