#include "tools/chairctl/text/customer_records.h"

#include <map>
#include <sstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "tools/chairctl/base/amount_text.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/records/record_fields.h"
#include "tools/chairctl/records/record_text.h"

namespace emptychair {
namespace {

// The columns of answers, then those that activities have beside them.
std::vector<RecordField> Fields() {
  const absl::Span<const RecordField> feedback = ExportedFields(RecordType::kFeedback);
  std::vector<RecordField> fields(feedback.begin(), feedback.end());
  fields.insert(fields.end(), {RecordField::kKind, RecordField::kActivityId, RecordField::kAmount,
                               RecordField::kCurrency});
  return fields;
}

template <typename Record>
std::vector<CsvCell> CellsOf(const std::string& entry, const Record& record) {
  std::vector<CsvCell> cells = {entry};
  for (const RecordField field : Fields()) {
    // Corrections have no number of a change.
    std::string text =
        field == RecordField::kSequence && record.sequence() == 0 ? "" : FieldText(field, record);
    if (field == RecordField::kScore || field == RecordField::kAmount) {
      cells.emplace_back(CsvNumber{std::move(text)});
    } else {
      cells.emplace_back(std::move(text));
    }
  }
  return cells;
}

// An answer with what is known of a correction of it.
v1::Feedback AnswerOf(const v1::FeedbackCorrection& correction) {
  v1::Feedback answer;
  answer.set_survey_id(correction.survey_id());
  answer.set_feedback_id(correction.feedback_id());
  if (correction.kind() == v1::FeedbackCorrection::KIND_EXCLUDED) {
    answer.mutable_exclusion()->set_reason(correction.exclusion_reason());
    answer.mutable_exclusion()->set_note(correction.exclusion_note());
  }
  return answer;
}

absl::string_view CorrectionName(const v1::FeedbackCorrection& correction) {
  return correction.kind() == v1::FeedbackCorrection::KIND_EXCLUDED ? "excluded" : "amended";
}

std::string LabelsText(const google::protobuf::Map<std::string, std::string>& labels) {
  const std::map<std::string, std::string> sorted(labels.begin(), labels.end());
  return absl::StrJoin(sorted, " ", absl::PairFormatter("="));
}

// Parts that are not empty, one behind the other.
std::string Joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) {
    absl::StrAppend(&text, text.empty() || part.empty() ? "" : ", ", part);
  }
  return text;
}

std::string AnswerText(const v1::Feedback& feedback) {
  return Joined({feedback.has_score() ? absl::StrCat("score ", feedback.score()) : "unscored",
                 feedback.has_exclusion()
                     ? absl::StrCat("excluded as ", EnumFlag(feedback.exclusion().reason()))
                     : "",
                 LabelsText(feedback.labels()), feedback.comment()});
}

std::string ActivityText(const v1::Activity& activity) {
  return Joined({activity.has_amount() ? AmountText(activity.amount()) : "", activity.activity_id(),
                 LabelsText(activity.labels())});
}

std::string CorrectionText(const v1::FeedbackCorrection& correction) {
  return Joined({correction.kind() == v1::FeedbackCorrection::KIND_EXCLUDED
                     ? EnumFlag(correction.exclusion_reason())
                     : "",
                 correction.exclusion_note(), correction.feedback_id()});
}

// A record as export writes it, as the field `name` of an object.
template <typename Record>
void WriteRecord(absl::string_view name, RecordType type, const Record& record, std::ostream& out) {
  std::ostringstream line;
  RecordText text(RecordForm::kJsonLines, line);
  text.BeginRecords(type);
  text.Add(record);
  text.End();
  const std::string json = line.str();
  out << "{\"" << name << "\":" << absl::StripTrailingAsciiWhitespace(json) << "}\n";
}

}  // namespace

std::vector<CsvCell> CustomerRecordNames() {
  std::vector<CsvCell> names = {"entry"};
  for (const RecordField field : Fields()) {
    names.emplace_back(std::string(InfoOf(field).name));
  }
  return names;
}

std::vector<CsvCell> CustomerRecordCells(const v1::Customer& customer) {
  v1::Activity carrier;
  carrier.set_customer_id(customer.customer_id());
  carrier.set_sequence(customer.sequence());
  *carrier.mutable_labels() = customer.attributes();
  return CellsOf("customer", carrier);
}

std::vector<CsvCell> CustomerRecordCells(const v1::Feedback& feedback) {
  return CellsOf("feedback", feedback);
}

std::vector<CsvCell> CustomerRecordCells(const v1::Activity& activity) {
  return CellsOf("activity", activity);
}

std::vector<CsvCell> CustomerRecordCells(const v1::FeedbackCorrection& correction) {
  return CellsOf(std::string(CorrectionName(correction)), AnswerOf(correction));
}

void WriteCustomerCsv(const v1::ExportCustomerResponse& part, CsvWriter& csv) {
  if (part.has_customer()) {
    csv.Write(CustomerRecordCells(part.customer()));
  }
  for (const v1::Feedback& feedback : part.feedback()) {
    csv.Write(CustomerRecordCells(feedback));
  }
  for (const v1::Activity& activity : part.activities()) {
    csv.Write(CustomerRecordCells(activity));
  }
}

void WriteCustomerJson(const v1::ExportCustomerResponse& part, std::ostream& out) {
  if (part.has_customer()) {
    const std::string json = ToJsonLine(part.customer());
    out << "{\"customer\":" << absl::StripTrailingAsciiWhitespace(json) << "}\n";
  }
  for (const v1::Feedback& feedback : part.feedback()) {
    WriteRecord("feedback", RecordType::kFeedback, feedback, out);
  }
  for (const v1::Activity& activity : part.activities()) {
    WriteRecord("activity", RecordType::kActivity, activity, out);
  }
}

std::vector<std::string> TimelineRow(const v1::TimelineEntry& entry) {
  const std::string time = LocalTimeText(entry.has_time(), entry.time(), absl::UTCTimeZone());
  switch (entry.entry_case()) {
    case v1::TimelineEntry::kFeedback:
      return {time, "answer", entry.feedback().survey_id(), AnswerText(entry.feedback())};
    case v1::TimelineEntry::kActivity:
      return {time, "activity", entry.activity().kind(), ActivityText(entry.activity())};
    case v1::TimelineEntry::kCorrection:
      return {time, std::string(CorrectionName(entry.correction())), entry.correction().survey_id(),
              CorrectionText(entry.correction())};
    case v1::TimelineEntry::ENTRY_NOT_SET:
      break;
  }
  return {time, std::string(kAbsent), "", ""};
}

std::vector<CsvCell> TimelineCells(const v1::TimelineEntry& entry) {
  std::vector<CsvCell> line = {TimestampText(entry.has_time(), entry.time())};
  const std::vector<CsvCell> cells = entry.has_feedback() ? CustomerRecordCells(entry.feedback())
                                     : entry.has_activity()
                                         ? CustomerRecordCells(entry.activity())
                                         : CustomerRecordCells(entry.correction());
  line.insert(line.end(), cells.begin(), cells.end());
  return line;
}

}  // namespace emptychair
