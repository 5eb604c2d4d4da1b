// The rows of a file, sent and counted.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_IMPORT_RUN_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_IMPORT_RUN_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "emptychair/client/client.h"
#include "tools/chairctl/base/progress_line.h"
#include "tools/chairctl/import/columns.h"
#include "tools/chairctl/import/import_plan.h"
#include "tools/chairctl/import/import_record.h"
#include "tools/chairctl/import/import_target.h"
#include "tools/chairctl/import/record_builder.h"
#include "tools/chairctl/import/record_sender.h"
#include "tools/chairctl/rows/row_reader.h"

namespace emptychair {

// Where an import says what becomes of rows.
struct ImportReport {
  // Gets `line N: REASON: message` for the first 100 rejected rows.
  std::ostream* err = nullptr;
  // Whether `err` is a terminal, which gets a line of progress that is written over and over.
  bool show_progress = false;
  // Gets the rejected rows, if not null.
  std::ostream* rejects = nullptr;
};

// One run of an import. Not thread-safe.
class ImportRun {
 public:
  // All must outlive the run. `client` is null for a dry run. `on_answer` is called for each record
  // that the service has answered.
  ImportRun(const ImportRules& rules, ImportTarget& target, const ColumnMatcher& matcher,
            RowReader& reader, RecordBuilder& builder, const Client* client, std::string import_id,
            const ImportReport& report, std::function<void()> on_answer);

  // Takes the rows that were read already, and then those of the reader. Not OK when the service
  // has failed for good; `summary` counts what is settled by then, which is all up to
  // `settled_line`.
  absl::Status Run(std::vector<Row> first_rows);

  const ImportSummary& summary() const { return summary_; }
  int64_t settled_line() const { return settled_line_; }
  ProgressLine& progress() { return progress_; }

 private:
  // A row whose fate is to be reported in the order of the file.
  struct Entry {
    int64_t line = 0;
    bool is_settled = false;
    IdOrigin id_origin = IdOrigin::kGiven;
    uint64_t constants = 0;
    // Why it was rejected; empty when it was not.
    std::string reason;
    // For the file of rejected rows.
    std::vector<std::string> row;
    size_t row_bytes = 0;
    std::string id;
  };

  absl::Status AddRow(const Row& row);
  void AddLateColumns(int64_t line);
  void RejectRow(const Row& row, Entry entry);
  void OnSettled(ImportRecordView record, const absl::Status& status, bool already_existed);
  bool Update(ImportRecordView record, const Entry& entry, absl::Status& outcome);
  std::string IdOfRefused(ImportRecordView record, const Entry& entry,
                          const absl::Status& status) const;
  bool IsAboutTheValue(const absl::Status& status) const;
  void NoteRejectedValue(absl::string_view text);
  void ReportRejectedValues() const;
  void ReportSettled();
  void ReportEnd();
  void ShowProgress();

  const ImportRules& rules_;
  ImportTarget& target_;
  const ColumnMatcher& matcher_;
  RowReader& reader_;
  RecordBuilder& builder_;
  const Client* const client_;
  const ImportReport report_;
  const std::function<void()> on_answer_;
  const IdColumn id_column_;
  std::unique_ptr<RecordSender> sender_;  // Null in a dry run.
  ImportSummary summary_;
  // Not OK: the run is over.
  absl::Status status_;
  std::deque<Entry> entries_;
  // The first entry that may not be settled, by its place among them.
  size_t unsettled_ = 0;
  size_t kept_bytes_ = 0;  // Of the entries' rows.
  int64_t settled_line_ = 0;
  int64_t rejects_shown_ = 0;
  // The number of rows with which progress is shown next.
  int64_t next_progress_ = 1;
  // Scores or amounts.
  std::map<std::string, int64_t> rejected_values_;
  size_t columns_known_;
  std::vector<std::pair<std::string, int64_t>> late_columns_;
  BuiltRecord built_;
  ProgressLine progress_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_IMPORT_RUN_H_
