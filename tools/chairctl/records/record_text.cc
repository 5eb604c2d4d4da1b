#include "tools/chairctl/records/record_text.h"

#include <algorithm>
#include <type_traits>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "tools/chairctl/base/amount_text.h"
#include "tools/chairctl/base/csv.h"
#include "tools/chairctl/base/csv_writer.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/records/json_text.h"

namespace emptychair {
namespace {

constexpr size_t kFlushBytes = size_t{64} << 10;

// The order in which Protobuf's printer has the fields: those that can be absent come last, but for
// the exclusion, in which its note and time are.
constexpr RecordField kJsonOrder[] = {
    RecordField::kSurveyId,   RecordField::kFeedbackId, RecordField::kExternalId,
    RecordField::kCustomerId, RecordField::kComment,    RecordField::kLabels,
    RecordField::kExclusion,  RecordField::kSequence,   RecordField::kEtag,
    RecordField::kImportId,   RecordField::kScore,      RecordField::kOccurTime,
    RecordField::kReceiveTime};

// The labels in order of their keys, which a map does not keep.
void AppendLabels(const google::protobuf::Map<std::string, std::string>& labels, JsonText& json) {
  using Label = google::protobuf::Map<std::string, std::string>::value_type;
  absl::InlinedVector<const Label*, 32> sorted;
  for (const Label& label : labels) {
    sorted.push_back(&label);
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const Label* a, const Label* b) { return a->first < b->first; });
  json.Open('{');
  for (const Label* label : sorted) {
    json.Text(label->first, label->second);
  }
  json.Close('}');
}

void AppendExclusion(const v1::Exclusion& exclusion, JsonText& json) {
  json.Open('{');
  json.Enum("reason", v1::ExclusionReason_Name(exclusion.reason()), exclusion.reason());
  json.Text("note", exclusion.note());
  if (exclusion.has_time()) {
    json.Time("time", exclusion.time());
  }
  json.Close('}');
}

// How an absent score or amount is written.
enum class AbsentValue { kLeftOut, kNull };

void AppendJsonField(const RecordFieldInfo& info, const v1::Feedback& record, AbsentValue absent,
                     JsonText& json) {
  const absl::string_view name = info.json_name;
  switch (info.field) {
    case RecordField::kSurveyId:
      return json.Text(name, record.survey_id());
    case RecordField::kFeedbackId:
      return json.Text(name, record.feedback_id());
    case RecordField::kExternalId:
      return json.Text(name, record.external_id());
    case RecordField::kCustomerId:
      return json.Text(name, record.customer_id());
    case RecordField::kScore:
      if (record.has_score()) {
        json.Number(name, record.score());
      } else if (absent == AbsentValue::kNull) {
        json.Word(name, "null");
      }
      return;
    case RecordField::kComment:
      return json.Text(name, record.comment());
    case RecordField::kLabels:
      json.Name(name);
      return AppendLabels(record.labels(), json);
    case RecordField::kOccurTime:
      if (record.has_occur_time()) {
        json.Time(name, record.occur_time());
      }
      return;
    case RecordField::kReceiveTime:
      if (record.has_receive_time()) {
        json.Time(name, record.receive_time());
      }
      return;
    case RecordField::kExclusion:
      if (record.has_exclusion()) {
        json.Name(name);
        AppendExclusion(record.exclusion(), json);
      }
      return;
    case RecordField::kSequence:
      return json.BigNumber(name, record.sequence());
    case RecordField::kExclusionNote:
    case RecordField::kExclusionTime:
      return;  // Within the exclusion.
    case RecordField::kEtag:
      return json.Text(name, record.etag());
    case RecordField::kImportId:
      return json.Text(name, record.import_id());
    default:
      return;  // Of an activity.
  }
}

void AppendRecord(const v1::Feedback& record, AbsentValue absent, JsonText& json) {
  json.Open('{');
  for (const RecordField field : kJsonOrder) {
    AppendJsonField(InfoOf(field), record, absent, json);
  }
  json.Close('}');
}

void AppendAmount(const v1::Amount& amount, JsonText& json) {
  json.Open('{');
  json.BigNumber("units", amount.units());
  json.Number("nanos", amount.nanos());
  json.Text("currencyCode", amount.currency_code());
  json.Close('}');
}

// Times come last here, too.
void AppendRecord(const v1::Activity& record, AbsentValue absent, JsonText& json) {
  json.Open('{');
  json.Text("customerId", record.customer_id());
  json.Text("kind", record.kind());
  json.Text("activityId", record.activity_id());
  if (record.has_amount()) {
    json.Name("amount");
    AppendAmount(record.amount(), json);
  } else if (absent == AbsentValue::kNull) {
    json.Word("amount", "null");
  }
  json.Name("labels");
  AppendLabels(record.labels(), json);
  json.BigNumber("sequence", record.sequence());
  json.Text("importId", record.import_id());
  if (record.has_occur_time()) {
    json.Time("occurTime", record.occur_time());
  }
  if (record.has_receive_time()) {
    json.Time("receiveTime", record.receive_time());
  }
  json.Close('}');
}

void AppendChange(const v1::FeedbackChange& change, JsonText& json) {
  json.Open('{');
  json.Enum("kind", v1::ChangeKind_Name(change.kind()), change.kind());
  json.BigNumber("sequence", change.sequence());
  if (change.has_feedback()) {
    json.Name("feedback");
    AppendRecord(change.feedback(), AbsentValue::kNull, json);
  }
  json.Close('}');
}

void AppendFieldText(RecordField field, const v1::Feedback& record, absl::TimeZone zone,
                     std::string& out) {
  switch (field) {
    case RecordField::kSurveyId:
      out += record.survey_id();
      return;
    case RecordField::kFeedbackId:
      out += record.feedback_id();
      return;
    case RecordField::kExternalId:
      out += record.external_id();
      return;
    case RecordField::kCustomerId:
      out += record.customer_id();
      return;
    case RecordField::kScore:
      if (record.has_score()) {
        absl::StrAppend(&out, record.score());
      }
      return;
    case RecordField::kComment:
      out += record.comment();
      return;
    case RecordField::kLabels:
      if (!record.labels().empty()) {
        JsonText json(out, JsonText::Layout::kOneLine);
        AppendLabels(record.labels(), json);
      }
      return;
    case RecordField::kOccurTime:
      if (record.has_occur_time()) {
        AppendTimestampText(record.occur_time(), zone, out);
      }
      return;
    case RecordField::kReceiveTime:
      if (record.has_receive_time()) {
        AppendTimestampText(record.receive_time(), zone, out);
      }
      return;
    case RecordField::kExclusion:
      if (record.has_exclusion()) {
        out += EnumFlag(record.exclusion().reason());
      }
      return;
    case RecordField::kSequence:
      absl::StrAppend(&out, record.sequence());
      return;
    case RecordField::kExclusionNote:
      out += record.exclusion().note();
      return;
    case RecordField::kExclusionTime:
      if (record.exclusion().has_time()) {
        AppendTimestampText(record.exclusion().time(), zone, out);
      }
      return;
    case RecordField::kEtag:
      out += record.etag();
      return;
    case RecordField::kImportId:
      out += record.import_id();
      return;
    default:
      return;  // Of an activity.
  }
}

void AppendFieldText(RecordField field, const v1::Activity& record, absl::TimeZone zone,
                     std::string& out) {
  switch (field) {
    case RecordField::kKind:
      out += record.kind();
      return;
    case RecordField::kActivityId:
      out += record.activity_id();
      return;
    case RecordField::kCustomerId:
      out += record.customer_id();
      return;
    case RecordField::kOccurTime:
      if (record.has_occur_time()) {
        AppendTimestampText(record.occur_time(), zone, out);
      }
      return;
    case RecordField::kAmount:
      if (record.has_amount()) {
        out += AmountDigits(record.amount());
      }
      return;
    case RecordField::kCurrency:
      out += record.amount().currency_code();
      return;
    case RecordField::kLabels:
      if (!record.labels().empty()) {
        JsonText json(out, JsonText::Layout::kOneLine);
        AppendLabels(record.labels(), json);
      }
      return;
    case RecordField::kReceiveTime:
      if (record.has_receive_time()) {
        AppendTimestampText(record.receive_time(), zone, out);
      }
      return;
    case RecordField::kSequence:
      absl::StrAppend(&out, record.sequence());
      return;
    case RecordField::kImportId:
      out += record.import_id();
      return;
    default:
      return;  // Of an answer, or a part of an amount.
  }
}

// Whether a spreadsheet can take the field's text for something else; numbers and times it should.
bool IsComputable(RecordField field) {
  return field != RecordField::kScore && field != RecordField::kSequence &&
         field != RecordField::kOccurTime && field != RecordField::kReceiveTime &&
         field != RecordField::kExclusionTime && field != RecordField::kAmount;
}

}  // namespace

RecordText::RecordText(RecordForm form, std::ostream& out, absl::TimeZone zone)
    : form_(form), out_(out), zone_(zone) {
  buffer_.reserve(kFlushBytes + kFlushBytes / 4);
}

void RecordText::BeginCsv(RecordType type, absl::string_view columns_in_front) {
  if (form_ == RecordForm::kSpreadsheet) {
    absl::StrAppend(&buffer_, CsvStart(CsvForm::kSpreadsheet));
  }
  absl::StrAppend(&buffer_, columns_in_front);
  bool is_first = true;
  for (const RecordField field : ExportedFields(type)) {
    absl::StrAppend(&buffer_, is_first ? "" : ",", InfoOf(field).name);
    is_first = false;
  }
  EndLine();
}

void RecordText::BeginRecords(RecordType type) {
  if (is_csv()) {
    BeginCsv(type, "");
  } else if (form_ == RecordForm::kJsonList) {
    absl::StrAppend(&buffer_, "{\n \"", type == RecordType::kActivity ? "activities" : "feedback",
                    "\": [");
  }
}

void RecordText::BeginChanges() {
  if (is_csv()) {
    BeginCsv(RecordType::kFeedback, "change,kind,");
  }
}

void RecordText::Add(const v1::Feedback& record) { AddRecord(record); }

void RecordText::Add(const v1::Activity& record) { AddRecord(record); }

template <typename Record>
void RecordText::AddRecord(const Record& record) {
  switch (form_) {
    case RecordForm::kCsv:
    case RecordForm::kSpreadsheet:
      AppendCells(record);
      EndLine();
      break;
    case RecordForm::kJsonLines: {
      JsonText json(buffer_, JsonText::Layout::kOneLine);
      AppendRecord(record, AbsentValue::kNull, json);
      EndLine();
      break;
    }
    case RecordForm::kJsonList: {
      buffer_ += is_first_ ? "\n  " : ",\n  ";
      JsonText json(buffer_, JsonText::Layout::kALineEach, 2);
      AppendRecord(record, AbsentValue::kLeftOut, json);
      break;
    }
  }
  is_first_ = false;
  FlushWhenFull();
}

void RecordText::Add(const v1::FeedbackChange& change) {
  if (is_csv()) {
    absl::StrAppend(&buffer_, change.sequence(), ",", EnumFlag(change.kind()), ",");
    AppendCells(change.feedback());
  } else {
    JsonText json(buffer_, JsonText::Layout::kOneLine);
    AppendChange(change, json);
  }
  EndLine();
  FlushWhenFull();
}

void RecordText::Add(const v1::WatchFeedbackResponse& message) {
  if (is_csv()) {
    for (const v1::FeedbackChange& change : message.changes()) {
      Add(change);
    }
    return;
  }
  JsonText json(buffer_, JsonText::Layout::kOneLine);
  json.Open('{');
  json.BigNumber("sequence", message.sequence());
  json.Text("storeId", message.store_id());
  json.Name("changes");
  json.Open('[');
  for (const v1::FeedbackChange& change : message.changes()) {
    json.Element();
    AppendChange(change, json);
  }
  json.Close(']');
  json.Text("epoch", message.epoch());
  json.Close('}');
  EndLine();
  FlushWhenFull();
}

void RecordText::End() {
  if (form_ == RecordForm::kJsonList) {
    buffer_ += is_first_ ? "]\n}\n" : "\n ]\n}\n";
  }
  Flush();
}

void RecordText::Flush() {
  out_ << buffer_;
  buffer_.clear();
}

void RecordText::FlushWhenFull() {
  if (buffer_.size() >= kFlushBytes) {
    Flush();
  }
}

void RecordText::EndLine() { buffer_ += form_ == RecordForm::kSpreadsheet ? "\r\n" : "\n"; }

// Every cell of a record's CSV is written here.
void RecordText::AppendCell(absl::string_view text, bool is_computable) {
  if (form_ == RecordForm::kSpreadsheet && is_computable && LooksLikeFormula(text)) {
    AppendCsvField(absl::StrCat("'", text), buffer_);
  } else {
    AppendCsvField(text, buffer_);
  }
}

template <typename Record>
void RecordText::AppendCells(const Record& record) {
  constexpr RecordType kType =
      std::is_same_v<Record, v1::Activity> ? RecordType::kActivity : RecordType::kFeedback;
  bool is_first = true;
  for (const RecordField field : ExportedFields(kType)) {
    if (!is_first) {
      buffer_ += ',';
    }
    is_first = false;
    cell_.clear();
    AppendFieldText(field, record, zone_, cell_);
    AppendCell(cell_, IsComputable(field));
  }
}

std::string FieldText(RecordField field, const v1::Feedback& record) {
  std::string text;
  AppendFieldText(field, record, absl::UTCTimeZone(), text);
  return text;
}

std::string FieldText(RecordField field, const v1::Activity& record) {
  std::string text;
  AppendFieldText(field, record, absl::UTCTimeZone(), text);
  return text;
}

std::string RecordJson(const v1::Feedback& record) {
  std::string text;
  JsonText json(text, JsonText::Layout::kALineEach);
  AppendRecord(record, AbsentValue::kLeftOut, json);
  text += '\n';
  return text;
}

std::string SubmittedJson(const v1::SubmitFeedbackResponse& response) {
  std::string text;
  JsonText json(text, JsonText::Layout::kALineEach);
  json.Open('{');
  if (response.has_feedback()) {
    json.Name("feedback");
    AppendRecord(response.feedback(), AbsentValue::kLeftOut, json);
  }
  json.Word("alreadyExisted", response.already_existed() ? "true" : "false");
  json.BigNumber("sequence", response.sequence());
  json.Close('}');
  text += '\n';
  return text;
}

}  // namespace emptychair
