#include "tools/chairctl/records/import.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/base/session.h"

namespace emptychair {
namespace {

constexpr int64_t kRejectsShownMax = 100;

constexpr size_t kRejectsWaitingMax = 1000;

constexpr int64_t kProgressRows = 1000;

}  // namespace

absl::Status Import::Run(int batch_size, BatchSender::Send send,
                         std::function<void(absl::Duration)> sleep) {
  BatchSender sender(batch_size, std::move(send), std::move(sleep),
                     [this](int64_t position, const absl::Status& status) {
                       Reject(std::move(pending_[static_cast<size_t>(position - settled_)]),
                              status);
                     });
  absl::Status status;
  while (status.ok()) {
    std::optional<Row> row = reader_.Next();
    if (!row.has_value()) {
      status = sender.Flush();
      break;
    }
    ++summary_.read;
    status = AddRow(*std::move(row), sender);
    if (summary_.read % kProgressRows == 0) {
      ShowProgress(sender);
    }
  }
  Settle(sender);
  for (Row& row : pending_) {
    Reject(std::move(row), status);  // Read, but not sent before the import was given up.
  }
  ReportRejected();
  progress_.Clear();
  summary_.accepted = sender.accepted();
  summary_.already_existed = sender.already_existed();
  if (summary_.rejected > kRejectsShownMax) {
    *report_.err << "and " << summary_.rejected - kRejectsShownMax << " more rejected rows\n";
  }
  return status;
}

absl::Status Import::AddRow(Row row, BatchSender& sender) {
  absl::StatusOr<v1::Feedback> feedback = builder_.Build(row);
  absl::Status status;
  if (feedback.ok()) {
    row.fields.clear();
    pending_.push_back(std::move(row));
    status = sender.Add(*std::move(feedback));
  } else {
    Reject(std::move(row), feedback.status());
    // Bounds how many rejected rows wait for a batch to fill.
    if (rejected_.size() >= kRejectsWaitingMax) {
      status = sender.Flush();
    }
  }
  if (status.ok()) {
    Settle(sender);
  }
  return status;
}

// Forgets the rows whose records were sent; once none is left, reports what was rejected.
void Import::Settle(const BatchSender& sender) {
  while (settled_ < sender.sent()) {
    pending_.pop_front();
    ++settled_;
  }
  if (pending_.empty()) {
    ReportRejected();
  }
}

void Import::Reject(Row row, const absl::Status& status) {
  ++summary_.rejected;
  rejected_.emplace_back(std::move(row), Printable(Describe(status)));
}

void Import::ReportRejected() {
  std::sort(rejected_.begin(), rejected_.end(),
            [](const auto& a, const auto& b) { return a.first.line < b.first.line; });
  for (const auto& [row, reason] : rejected_) {
    if (rejects_shown_ < kRejectsShownMax) {
      ++rejects_shown_;
      progress_.Clear();
      *report_.err << "line " << row.line << ": " << reason << "\n";
    }
    if (report_.rejects != nullptr) {
      *report_.rejects << reader_.RejectedRow(row, reason);
    }
  }
  rejected_.clear();
}

void Import::ShowProgress(const BatchSender& sender) {
  progress_.Show(absl::StrCat(summary_.read, " rows read, ", sender.accepted(), " accepted, ",
                              sender.already_existed(), " already existed, ", summary_.rejected,
                              " rejected"));
}

}  // namespace emptychair
