// The fields of answers and activities as text, from which export and import both come.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_RECORDS_RECORD_FIELDS_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_RECORDS_RECORD_FIELDS_H_

#include <optional>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace emptychair {

// What records are.
enum class RecordType { kFeedback, kActivity };

// A field of one type of record, or of both.
enum class RecordField {
  kSurveyId,
  kFeedbackId,
  kExternalId,
  kKind,
  kActivityId,
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
  // An amount as a number, with its currency behind it or beside it.
  kAmount,
  kCurrency,
  // The two parts that JSON has of an amount.
  kAmountUnits,
  kAmountNanos,
};

// What import does with a field.
enum class FieldUse {
  // It is known and left out: the server sets it anew.
  kLeftOut,
  // A value is read.
  kRead,
  // The same, and the field tells the record from all others.
  kId,
  // The same, and ids that are derived are made of the field.
  kContent,
};

// What there is to know of a field.
struct RecordFieldInfo {
  RecordField field;
  // Column of a CSV; JSON in snake_case.
  absl::string_view name;
  // JSON as Protobuf writes it. Note and time of an exclusion, and the parts of an amount, stand
  // within an object there.
  absl::string_view json_name;
  FieldUse use;

  bool is_read() const { return use != FieldUse::kLeftOut; }
};

const RecordFieldInfo& InfoOf(RecordField field);

// The columns of a CSV, in the order in which an export writes them.
absl::Span<const RecordField> ExportedFields(RecordType type);

// The fields that import knows: those, and what stands for them in other forms.
absl::Span<const RecordField> KnownFields(RecordType type);

// The field that a column of exactly this name is, in either form; nothing for any other name.
std::optional<RecordField> FindRecordField(RecordType type, absl::string_view name);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_RECORDS_RECORD_FIELDS_H_
