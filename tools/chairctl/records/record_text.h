// Records as chairctl writes them: the one place where a record becomes CSV or JSON.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_RECORDS_RECORD_TEXT_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_RECORDS_RECORD_TEXT_H_

#include <cstddef>
#include <ostream>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "emptychair/v1/customer_service.pb.h"
#include "emptychair/v1/feedback_service.pb.h"
#include "tools/chairctl/records/record_fields.h"

namespace emptychair {

// How records are written. JSON is what Protobuf's printer makes of them, but that a time always
// has three digits of a second, and labels are in order of their keys.
enum class RecordForm {
  // Names the columns on the first line; then a line a record.
  kCsv,
  // Has a byte order mark in front, CRLF behind each line, and an apostrophe in front of a text
  // that a spreadsheet would compute. For people to read: an import keeps the apostrophes.
  kSpreadsheet,
  // An object a line. An absent score or amount is null, so that the column has its type from the
  // first on.
  kJsonLines,
  // One object, whose list `feedback` or `activities` has all of them.
  kJsonList,
};

// Writes answers, activities or changes of answers, which go to the stream in pieces of 64 KiB:
// memory stays the same however many there are. What was not flushed is lost with the writer. Not
// thread-safe.
class RecordText {
 public:
  // `out` must outlive the writer. `zone` is that of times in CSV; JSON is in UTC.
  RecordText(RecordForm form, std::ostream& out, absl::TimeZone zone = absl::UTCTimeZone());

  // Writes what stands in front of all; called once, first, one or the other.
  void BeginRecords(RecordType type = RecordType::kFeedback);
  void BeginChanges();

  // After BeginRecords of their type.
  void Add(const v1::Feedback& record);
  void Add(const v1::Activity& record);
  // After BeginChanges; not in the form of a list. A message is one line of JSON, and in CSV one
  // for each of its changes.
  void Add(const v1::FeedbackChange& change);
  void Add(const v1::WatchFeedbackResponse& message);

  // Writes what stands behind all, and flushes.
  void End();

  // Hands all that was added to the stream.
  void Flush();

 private:
  bool is_csv() const { return form_ == RecordForm::kCsv || form_ == RecordForm::kSpreadsheet; }

  void BeginCsv(RecordType type, absl::string_view columns_in_front);
  template <typename Record>
  void AddRecord(const Record& record);
  template <typename Record>
  void AppendCells(const Record& record);
  void AppendCell(absl::string_view text, bool is_computable);
  void EndLine();
  void FlushWhenFull();

  const RecordForm form_;
  std::ostream& out_;
  const absl::TimeZone zone_;
  std::string buffer_;
  std::string cell_;
  bool is_first_ = true;
};

// The field of a record as CSV has it, without quotes; empty for one that is absent.
std::string FieldText(RecordField field, const v1::Feedback& record);
std::string FieldText(RecordField field, const v1::Activity& record);

// A record as an object of its own, a field a line, with its LF.
std::string RecordJson(const v1::Feedback& record);

// What became of a submission, written in the same way.
std::string SubmittedJson(const v1::SubmitFeedbackResponse& response);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_RECORDS_RECORD_TEXT_H_
