// Checks labels, and what has their form.
#ifndef EMPTYCHAIR_SERVER_REQUEST_LABELS_H_
#define EMPTYCHAIR_SERVER_REQUEST_LABELS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "emptychair/store/v1/value.pb.h"
#include "google/protobuf/map.h"
#include "google/protobuf/repeated_ptr_field.h"

namespace emptychair {

struct LabelRules {
  // At most so many.
  int max = 0;
  // Whether a value may be empty, which takes the label away.
  bool takes_empty_values = false;
};

// Replaces `labels` by those of a request, ordered by key: keys are names, values those of labels.
// Errors on `field` or `field["KEY"]`: FIELD_INVALID, FIELD_REQUIRED.
absl::Status TakeLabels(absl::string_view field,
                        const google::protobuf::Map<std::string, std::string>& from,
                        const LabelRules& rules,
                        google::protobuf::RepeatedPtrField<store::v1::StoredLabel>& labels);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_REQUEST_LABELS_H_
