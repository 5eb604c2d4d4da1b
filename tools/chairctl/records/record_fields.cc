#include "tools/chairctl/records/record_fields.h"

#include <cstddef>
#include <iterator>

namespace emptychair {
namespace {

// Each at the place of its number.
constexpr RecordFieldInfo kFields[] = {
    {RecordField::kSurveyId, "survey_id", "surveyId", FieldUse::kRead},
    {RecordField::kFeedbackId, "feedback_id", "feedbackId", FieldUse::kId},
    {RecordField::kExternalId, "external_id", "externalId", FieldUse::kId},
    {RecordField::kKind, "kind", "kind", FieldUse::kRead},
    {RecordField::kActivityId, "activity_id", "activityId", FieldUse::kId},
    {RecordField::kCustomerId, "customer_id", "customerId", FieldUse::kContent},
    {RecordField::kScore, "score", "score", FieldUse::kContent},
    {RecordField::kComment, "comment", "comment", FieldUse::kContent},
    {RecordField::kLabels, "labels", "labels", FieldUse::kRead},
    {RecordField::kOccurTime, "occur_time", "occurTime", FieldUse::kContent},
    {RecordField::kReceiveTime, "receive_time", "receiveTime", FieldUse::kLeftOut},
    {RecordField::kExclusion, "exclusion", "exclusion", FieldUse::kRead},
    {RecordField::kSequence, "sequence", "sequence", FieldUse::kLeftOut},
    {RecordField::kExclusionNote, "exclusion_note", "exclusionNote", FieldUse::kRead},
    {RecordField::kExclusionTime, "exclusion_time", "exclusionTime", FieldUse::kRead},
    {RecordField::kEtag, "etag", "etag", FieldUse::kLeftOut},
    {RecordField::kImportId, "import_id", "importId", FieldUse::kLeftOut},
    {RecordField::kAmount, "amount", "amount", FieldUse::kContent},
    {RecordField::kCurrency, "currency", "currency_code", FieldUse::kContent},
    {RecordField::kAmountUnits, "amount_units", "amount_units", FieldUse::kContent},
    {RecordField::kAmountNanos, "amount_nanos", "amount_nanos", FieldUse::kContent},
};

constexpr RecordField kFeedbackFields[] = {
    RecordField::kSurveyId,      RecordField::kFeedbackId, RecordField::kExternalId,
    RecordField::kCustomerId,    RecordField::kScore,      RecordField::kComment,
    RecordField::kLabels,        RecordField::kOccurTime,  RecordField::kReceiveTime,
    RecordField::kExclusion,     RecordField::kSequence,   RecordField::kExclusionNote,
    RecordField::kExclusionTime, RecordField::kEtag,       RecordField::kImportId};

// The parts of an amount, which an export has not in CSV, come last.
constexpr RecordField kActivityFields[] = {
    RecordField::kKind,      RecordField::kActivityId,  RecordField::kCustomerId,
    RecordField::kOccurTime, RecordField::kAmount,      RecordField::kCurrency,
    RecordField::kLabels,    RecordField::kReceiveTime, RecordField::kSequence,
    RecordField::kImportId,  RecordField::kAmountUnits, RecordField::kAmountNanos};
constexpr size_t kActivityColumns = std::size(kActivityFields) - 2;

}  // namespace

const RecordFieldInfo& InfoOf(RecordField field) { return kFields[static_cast<size_t>(field)]; }

absl::Span<const RecordField> ExportedFields(RecordType type) {
  const absl::Span<const RecordField> known = KnownFields(type);
  return type == RecordType::kActivity ? known.first(kActivityColumns) : known;
}

absl::Span<const RecordField> KnownFields(RecordType type) {
  if (type == RecordType::kActivity) {
    return kActivityFields;
  }
  return kFeedbackFields;
}

std::optional<RecordField> FindRecordField(RecordType type, absl::string_view name) {
  for (const RecordField field : KnownFields(type)) {
    if (name == InfoOf(field).name || name == InfoOf(field).json_name) {
      return field;
    }
  }
  return std::nullopt;
}

}  // namespace emptychair
