#include "server/request/labels.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "server/request/validation.h"

namespace emptychair {

absl::Status TakeLabels(absl::string_view field,
                        const google::protobuf::Map<std::string, std::string>& from,
                        const LabelRules& rules,
                        google::protobuf::RepeatedPtrField<store::v1::StoredLabel>& labels) {
  const auto count = static_cast<int>(from.size());
  if (count > rules.max) {
    const absl::string_view name = field.substr(field.rfind('.') + 1);
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, field,
                      absl::StrCat("got ", count, " ", name, ", wanted at most ", rules.max));
  }
  labels.Clear();
  labels.Reserve(count);
  for (const auto& [key, value] : from) {
    if (absl::Status status = CheckName(field, key); !status.ok()) {
      return FieldError(v1::ERROR_REASON_FIELD_INVALID, field,
                        absl::StrCat("got the key ", Quoted(key),
                                     ", wanted a lower-case letter and up to 62 more of a-z, 0-9, "
                                     "_ and -"));
    }
    // The path is only made for an error.
    if (!(value.empty() && rules.takes_empty_values) && !CheckLabelValue("", value).ok()) {
      return CheckLabelValue(absl::StrCat(field, "[\"", key, "\"]"), value);
    }
    store::v1::StoredLabel& label = *labels.Add();
    label.set_key(key);
    label.set_value(value);
  }
  std::sort(labels.pointer_begin(), labels.pointer_end(),
            [](const auto* a, const auto* b) { return a->key() < b->key(); });
  return absl::OkStatus();
}

}  // namespace emptychair
