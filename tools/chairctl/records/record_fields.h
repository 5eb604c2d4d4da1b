// The fields of a record as text, from which export and import both come.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_RECORDS_RECORD_FIELDS_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_RECORDS_RECORD_FIELDS_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace emptychair {

// A field, in the order in which an export writes them.
enum class RecordField {
  kSurveyId,
  kFeedbackId,
  kExternalId,
  kCustomerId,
  kScore,
  kComment,
  kLabels,
  kOccurTime,
  kReceiveTime,
  kExclusion,
  kSequence,
  kExclusionNote,
  kExclusionTime,
  kEtag,
  kImportId,
};

// What there is to know of a field.
struct RecordFieldInfo {
  RecordField field;
  // Column of a CSV; JSON in snake_case.
  absl::string_view name;
  // JSON as Protobuf writes it. Note and time of an exclusion stand within "exclusion" there.
  absl::string_view json_name;
  // Whether import takes a value for it; the others are known and left out.
  bool is_read;
};

// All fields, each at the place of its number.
absl::Span<const RecordFieldInfo> RecordFields();

// The field that a column of exactly this name is, in either form; nothing for any other name.
std::optional<RecordField> FindRecordField(absl::string_view name);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_RECORDS_RECORD_FIELDS_H_
