// `chairctl feedback import`: rows of a file become records of the service.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_RECORDS_IMPORT_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_RECORDS_IMPORT_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "tools/chairctl/base/progress_line.h"
#include "tools/chairctl/records/batch_sender.h"
#include "tools/chairctl/records/feedback_builder.h"
#include "tools/chairctl/records/import_reader.h"

namespace emptychair {

// Counts of an import: `read` is the sum of the others.
struct ImportSummary {
  int64_t read = 0;
  int64_t accepted = 0;
  int64_t already_existed = 0;
  int64_t rejected = 0;
};

// Outputs of an import's progress and rejects.
struct ImportReport {
  // Gets `line N: REASON: message` for the first 100 rejected rows.
  std::ostream* err = nullptr;
  // Whether `err` is a terminal, which gets a line of progress that is written over and over.
  bool show_progress = false;
  // Gets the rejected rows, if not null.
  std::ostream* rejects = nullptr;
};

// One run of an import. Not thread-safe.
class Import {
 public:
  // `reader` is bound to its mapping. All must outlive the import.
  Import(ImportReader& reader, FeedbackBuilder& builder, const ImportReport& report)
      : reader_(reader),
        builder_(builder),
        report_(report),
        progress_(report.err, report.show_progress) {}

  // Reads the file to its end and sends what can be sent, `batch_size` records at a time. Not OK
  // when the service cannot be reached any more; the summary tells how far it came.
  absl::Status Run(int batch_size, BatchSender::Send send,
                   std::function<void(absl::Duration)> sleep);

  const ImportSummary& summary() const { return summary_; }

 private:
  absl::Status AddRow(Row row, BatchSender& sender);
  void Settle(const BatchSender& sender);
  void Reject(Row row, const absl::Status& status);
  void ReportRejected();
  void ShowProgress(const BatchSender& sender);

  ImportReader& reader_;
  FeedbackBuilder& builder_;
  const ImportReport report_;
  ImportSummary summary_;
  // The rows of records that were added and not yet settled; the first is record `settled_`.
  std::deque<Row> pending_;
  int64_t settled_ = 0;
  // Rejected rows that are not reported yet, with the reason: they wait for those of the batch that
  // is being filled, so that all are reported in the order of the file.
  std::vector<std::pair<Row, std::string>> rejected_;
  int64_t rejects_shown_ = 0;
  ProgressLine progress_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_RECORDS_IMPORT_H_
