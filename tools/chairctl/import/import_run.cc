#include "tools/chairctl/import/import_run.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "emptychair/error.h"
#include "tools/chairctl/base/amount_text.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/base/session.h"

namespace emptychair {
namespace {

constexpr int64_t kRejectsShownMax = 100;

// Rows that wait to be reported in their order before all that is under way is waited for.
constexpr size_t kEntriesMax = 100'000;
constexpr size_t kKeptBytesMax = 16 << 20;

constexpr size_t kValueTextsMax = 1000;
constexpr size_t kValueTextsShownMax = 20;
constexpr size_t kLateColumnsMax = 20;

// Rows from one line of progress to the next.
constexpr int64_t kProgressRows = 1000;

// What keeping a row takes, about.
size_t BytesOf(const std::vector<std::string>& row) {
  size_t bytes = row.size() * sizeof(std::string);
  for (const std::string& cell : row) {
    bytes += cell.size();
  }
  return bytes;
}

// Errors of one record, after which the next can go well.
bool IsOfTheRecord(const absl::Status& status) {
  return absl::IsNotFound(status) || absl::IsAlreadyExists(status) ||
         absl::IsInvalidArgument(status) || absl::IsFailedPrecondition(status) ||
         absl::IsAborted(status);
}

const std::string& IdOf(ImportRecordView record) {
  if (const auto* const* activity = std::get_if<const v1::Activity*>(&record)) {
    return (*activity)->activity_id();
  }
  return std::get<const v1::Feedback*>(record)->external_id();
}

// The value whose rejected texts are counted.
std::string ValueText(ImportRecordView record) {
  if (const auto* const* activity = std::get_if<const v1::Activity*>(&record)) {
    return AmountDigits((*activity)->amount());
  }
  return absl::StrCat(std::get<const v1::Feedback*>(record)->score());
}

size_t BytesOf(const ImportRecord& record) {
  return std::visit([](const auto& message) { return message.ByteSizeLong(); }, record);
}

IdColumn IdColumnOf(const ImportTarget& target, const RecordBuilder& builder) {
  const std::optional<size_t> place = builder.layout().columns.Find(target.id_field());
  return {place.has_value() ? static_cast<int>(*place) : -1, InfoOf(target.id_field()).name};
}

}  // namespace

ImportRun::ImportRun(const ImportRules& rules, ImportTarget& target, const ColumnMatcher& matcher,
                     RowReader& reader, RecordBuilder& builder, const Client* client,
                     std::string import_id, const ImportReport& report,
                     std::function<void()> on_answer)
    : rules_(rules),
      target_(target),
      matcher_(matcher),
      reader_(reader),
      builder_(builder),
      client_(client),
      report_(report),
      on_answer_(std::move(on_answer)),
      id_column_(IdColumnOf(target, builder)),
      columns_known_(reader.columns().size()),
      progress_(report.err, report.show_progress) {
  if (client != nullptr) {
    sender_ = target.MakeSender(
        *client, {std::move(import_id), rules.batch_size,
                  [this](ImportRecordView record, const absl::Status& status,
                         bool already_existed) { OnSettled(record, status, already_existed); }});
  }
}

absl::Status ImportRun::Run(std::vector<Row> first_rows) {
  if (report_.rejects != nullptr) {
    *report_.rejects << reader_.RejectsHeader(id_column_);
  }
  for (Row& row : first_rows) {
    if (status_.ok()) {
      status_.Update(AddRow(row));
    }
    row = {};
  }
  Row row;
  while (status_.ok() && reader_.Next(row)) {
    status_.Update(AddRow(row));
  }
  if (status_.ok() && sender_ != nullptr) {
    status_.Update(sender_->Settle());
  }
  ReportSettled();
  ReportEnd();
  return status_;
}

absl::Status ImportRun::AddRow(const Row& row) {
  if (reader_.columns().size() > columns_known_) {
    AddLateColumns(row.line);
  }
  builder_.Build(row, built_);
  if (built_.is_skipped) {
    ++summary_.skipped;
    return absl::OkStatus();
  }
  Entry entry;
  entry.line = row.line;
  entry.id_origin = built_.id_origin;
  entry.constants = built_.constants;
  if (report_.rejects != nullptr) {
    entry.row = reader_.Keep(row);
    entry.row_bytes = BytesOf(entry.row);
    kept_bytes_ += entry.row_bytes;
  }
  if (built_.status.ok() && BytesOf(built_.record) > RecordSender::kBatchBytesMax / 2) {
    built_.status = FieldError(
        v1::ERROR_REASON_FIELD_INVALID, "row",
        absl::StrCat("makes a record of more than ", RecordSender::kBatchBytesMax / 2, " bytes"));
  }
  if (!built_.status.ok()) {
    RejectRow(row, std::move(entry));
  } else if (sender_ == nullptr) {
    ++summary_.sendable;
  } else {
    entries_.push_back(std::move(entry));
    RETURN_IF_ERROR(sender_->Add(std::move(built_.record)));
  }
  if (sender_ != nullptr && (entries_.size() > kEntriesMax || kept_bytes_ > kKeptBytesMax)) {
    RETURN_IF_ERROR(sender_->Settle());
  }
  ReportSettled();
  return status_;
}

// JSON can have names that its first objects did not have.
void ImportRun::AddLateColumns(int64_t line) {
  const std::vector<std::string>& names = reader_.columns();
  for (; columns_known_ < names.size(); ++columns_known_) {
    const std::optional<ColumnUse> use =
        matcher_.MatchLate(names, columns_known_, builder_.layout().columns);
    if (use.has_value() && !(rules_.no_score && use->field.field == RecordField::kScore)) {
      builder_.AddColumn(*use);
    } else if (!matcher_.IsLeftOut(names[columns_known_])) {
      late_columns_.emplace_back(names[columns_known_], line);
    }
  }
}

void ImportRun::RejectRow(const Row& row, Entry entry) {
  if (IsAboutTheValue(built_.status)) {
    NoteRejectedValue(builder_.TextOf(row, target_.value_field()));
  }
  entry.is_settled = true;
  entry.reason = Printable(Describe(built_.status));
  if (report_.rejects != nullptr) {
    entry.id = builder_.IdOfRejected(row, entry.row);
  }
  entries_.push_back(std::move(entry));
}

bool ImportRun::IsAboutTheValue(const absl::Status& status) const {
  const std::vector<std::string> fields = FieldsOf(status);
  return !fields.empty() && fields.front() == InfoOf(target_.value_field()).name;
}

void ImportRun::NoteRejectedValue(absl::string_view text) {
  const std::string value(text);
  if (rejected_values_.size() < kValueTextsMax || rejected_values_.contains(value)) {
    ++rejected_values_[value];
  }
}

// What a row that the service refused has as its id in the file of rejected rows. One that was
// refused because of what is stored under its id keeps that; others whose id was made of the
// content get one of their own, so that the mended row is a new record.
std::string ImportRun::IdOfRefused(ImportRecordView record, const Entry& entry,
                                   const absl::Status& status) const {
  const v1::ErrorReason reason = ReasonOf(status);
  const bool is_made_anew = entry.id_origin == IdOrigin::kContent &&
                            reason != v1::ERROR_REASON_CONTENT_DIFFERS &&
                            reason != v1::ERROR_REASON_ERASED;
  return is_made_anew ? builder_.ids().OfRejectedRow(entry.line, entry.row) : IdOf(record);
}

void ImportRun::OnSettled(ImportRecordView record, const absl::Status& status,
                          bool already_existed) {
  on_answer_();
  while (entries_[unsettled_].is_settled) {
    ++unsettled_;
  }
  Entry& entry = entries_[unsettled_];
  absl::Status outcome = status;
  const bool is_there = already_existed || ReasonOf(status) == v1::ERROR_REASON_CONTENT_DIFFERS;
  if (!status_.ok()) {
    return;  // An update has failed for good: what comes behind it is not settled.
  }
  const bool was_updated = rules_.update && is_there && Update(record, entry, outcome);
  if (!status_.ok()) {
    return;
  }
  entry.is_settled = true;
  if (!outcome.ok()) {
    entry.reason = Printable(Describe(outcome));
    if (IsAboutTheValue(outcome)) {
      NoteRejectedValue(ValueText(record));
    }
    if (report_.rejects != nullptr) {
      entry.id = IdOfRefused(record, entry, outcome);
    }
  } else {
    ++(was_updated ? summary_.updated : is_there ? summary_.already_existed : summary_.accepted);
  }
}

// Whether the stored record was changed; `outcome` is what becomes of the row, and `status_` what
// becomes of the run.
bool ImportRun::Update(ImportRecordView record, const Entry& entry, absl::Status& outcome) {
  const absl::StatusOr<bool> updated = target_.Update(*client_, rules_, record, entry.constants);
  outcome = updated.status();
  if (!updated.ok() && !IsOfTheRecord(updated.status())) {
    status_ = updated.status();
  }
  return updated.ok() && *updated;
}

// Reports the rows at the front whose fate is known.
void ImportRun::ReportSettled() {
  while (!entries_.empty() && entries_.front().is_settled) {
    Entry& entry = entries_.front();
    settled_line_ = entry.line;
    if (!entry.reason.empty()) {
      ++summary_.rejected;
      if (rejects_shown_ < kRejectsShownMax) {
        ++rejects_shown_;
        progress_.Clear();
        *report_.err << "line " << entry.line << ": " << entry.reason << "\n";
      }
      if (report_.rejects != nullptr) {
        *report_.rejects << reader_.RejectedRow(std::move(entry.row), entry.line, entry.reason,
                                                entry.id, id_column_);
      }
    }
    kept_bytes_ -= entry.row_bytes;
    entries_.pop_front();
    unsettled_ -= unsettled_ > 0 ? 1 : 0;
  }
  if (summary_.read() >= next_progress_) {
    next_progress_ = summary_.read() + kProgressRows;
    ShowProgress();
  }
}

void ImportRun::ReportEnd() {
  progress_.Clear();
  if (summary_.rejected > kRejectsShownMax) {
    *report_.err << "and " << summary_.rejected - kRejectsShownMax << " more rejected rows\n";
  }
  ReportRejectedValues();
  for (size_t i = 0; i < std::min(late_columns_.size(), kLateColumnsMax); ++i) {
    *report_.err << "not used: " << Quoted(late_columns_[i].first) << ", first in line "
                 << late_columns_[i].second << "\n";
  }
}

void ImportRun::ReportRejectedValues() const {
  if (rejected_values_.empty()) {
    return;
  }
  std::vector<std::pair<int64_t, std::string>> values;
  for (const auto& [text, count] : rejected_values_) {
    values.emplace_back(-count, text);
  }
  std::sort(values.begin(), values.end());
  *report_.err << "rejected " << InfoOf(target_.value_field()).name << "s: ";
  for (size_t i = 0; i < std::min(values.size(), kValueTextsShownMax); ++i) {
    *report_.err << (i == 0 ? "" : ", ") << Quoted(values[i].second) << " (" << -values[i].first
                 << ")";
  }
  *report_.err << (values.size() > kValueTextsShownMax ? ", …\n" : "\n");
}

void ImportRun::ShowProgress() {
  progress_.Show(absl::StrCat(summary_.read(), " rows read, ", summary_.accepted, " accepted, ",
                              summary_.already_existed, " already existed, ", summary_.rejected,
                              " rejected"));
}

}  // namespace emptychair
