#include "tools/chairctl/text/feedback_output.h"

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "tools/chairctl/records/record_fields.h"

namespace emptychair {

TextFields FeedbackFields(const v1::Feedback& feedback) {
  TextFields fields;
  for (const RecordField field : ExportedFields(RecordType::kFeedback)) {
    const absl::string_view name = InfoOf(field).name;
    std::string text = FieldText(field, feedback);
    if (field == RecordField::kScore) {
      fields.emplace_back(name, CsvNumber{std::move(text)});
    } else {
      fields.emplace_back(name, std::move(text));
    }
  }
  return fields;
}

RecordForm RecordFormOf(const Session& session, RecordForm json) {
  if (session.format != OutputFormat::kCsv) {
    return json;
  }
  return session.csv_form == CsvForm::kSpreadsheet ? RecordForm::kSpreadsheet : RecordForm::kCsv;
}

void PrintFeedback(const Session& session, const v1::Feedback& feedback) {
  PrintRecord(session, FeedbackFields(feedback), RecordJson(feedback));
}

absl::StatusOr<std::map<std::string, std::string>> ParseLabels(
    absl::string_view flag, const std::vector<std::string>& texts) {
  std::map<std::string, std::string> labels;
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos ||
        !labels.emplace(text.substr(0, equals), text.substr(equals + 1)).second) {
      return FieldError(v1::ERROR_REASON_FIELD_INVALID, flag,
                        absl::StrCat("is ", Quoted(text), "; wanted KEY=VALUE, each KEY once"));
    }
  }
  return labels;
}

}  // namespace emptychair
