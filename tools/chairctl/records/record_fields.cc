#include "tools/chairctl/records/record_fields.h"

namespace emptychair {
namespace {

constexpr RecordFieldInfo kFields[] = {
    {RecordField::kSurveyId, "survey_id", "surveyId", true},
    {RecordField::kFeedbackId, "feedback_id", "feedbackId", true},
    {RecordField::kExternalId, "external_id", "externalId", true},
    {RecordField::kCustomerId, "customer_id", "customerId", true},
    {RecordField::kScore, "score", "score", true},
    {RecordField::kComment, "comment", "comment", true},
    {RecordField::kLabels, "labels", "labels", true},
    {RecordField::kOccurTime, "occur_time", "occurTime", true},
    {RecordField::kReceiveTime, "receive_time", "receiveTime", false},
    {RecordField::kExclusion, "exclusion", "exclusion", true},
    {RecordField::kSequence, "sequence", "sequence", false},
    {RecordField::kExclusionNote, "exclusion_note", "exclusionNote", true},
    {RecordField::kExclusionTime, "exclusion_time", "exclusionTime", true},
    {RecordField::kEtag, "etag", "etag", false},
    {RecordField::kImportId, "import_id", "importId", false},
};

}  // namespace

absl::Span<const RecordFieldInfo> RecordFields() { return kFields; }

std::optional<RecordField> FindRecordField(absl::string_view name) {
  for (const RecordFieldInfo& info : kFields) {
    if (name == info.name || name == info.json_name) {
      return info.field;
    }
  }
  return std::nullopt;
}

}  // namespace emptychair
