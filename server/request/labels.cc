#include "server/request/labels.h"

#include <algorithm>

#include "common/base/status_macros.h"
#include "common/checks/feedback_checks.h"

namespace emptychair {

absl::Status TakeLabels(absl::string_view field,
                        const google::protobuf::Map<std::string, std::string>& from,
                        const LabelRules& rules,
                        google::protobuf::RepeatedPtrField<store::v1::StoredLabel>& labels) {
  RETURN_IF_ERROR(CheckLabelCount(field, from.size(), rules.max));
  labels.Clear();
  labels.Reserve(static_cast<int>(from.size()));
  for (const auto& [key, value] : from) {
    RETURN_IF_ERROR(CheckLabel(field, key, value, rules.takes_empty_values));
    store::v1::StoredLabel& label = *labels.Add();
    label.set_key(key);
    label.set_value(value);
  }
  std::sort(labels.pointer_begin(), labels.pointer_end(),
            [](const auto* a, const auto* b) { return a->key() < b->key(); });
  return absl::OkStatus();
}

}  // namespace emptychair
