#include "tools/chairbench/operations/restore.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/status_macros.h"
#include "common/base/timestamp.h"
#include "tools/chairbench/base/interrupt.h"
#include "tools/chairbench/load/history.h"
#include "tools/chairbench/load/stream_loop.h"
#include "tools/chairbench/operations/backups.h"
#include "tools/process/subprocess.h"

namespace emptychair::bench {
namespace {

constexpr char kNoHttp[] = "--http_listen=off";
constexpr int64_t kErased = 1'000;
constexpr absl::Duration kRestoreMax = absl::Hours(24);
// Between two looks at whether the user has had enough.
constexpr absl::Duration kLook = absl::Milliseconds(100);
constexpr double kMebibyte = 1 << 20;

// Erases the first answers of the history, and waits until that stands beside the backups.
absl::StatusOr<int64_t> EraseSome(Target& server, const BenchOptions& options,
                                  const Window& period) {
  const int64_t count = std::min(kErased, options.answers);
  for (int64_t i = 0; i < count; ++i) {
    RETURN_IF_ERROR(CheckInterrupted());
    v1::EraseFeedbackRequest request;
    request.set_survey_id(BenchSurvey().survey_id());
    request.set_feedback_id(HistoricAnswer(options, period, i).feedback_id.ToString());
    RETURN_IF_ERROR(server.client().EraseFeedback(request).status());
  }
  while (true) {
    RETURN_IF_ERROR(CheckInterrupted());
    ASSIGN_OR_RETURN(const v1::GetStatusResponse status, server.client().GetStatus({}));
    if (status.backup().ledger_behind() == 0) {
      return count;
    }
    absl::SleepFor(kLook);
  }
}

// What chairstore reports.
absl::StatusOr<std::string> RunChairstore(const Workspace& workspace) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<Subprocess> chairstore,
      Subprocess::Start({workspace.Beside("chairstore"), "restore", "--backup_dir",
                         workspace.Path("backups"), "--data", workspace.Path("restored")}));
  absl::StatusOr<int> status;
  const absl::Time deadline = absl::Now() + kRestoreMax;
  do {
    RETURN_IF_ERROR(CheckInterrupted());
    status = chairstore->Wait(kLook);
  } while (absl::IsDeadlineExceeded(status.status()) && absl::Now() < deadline);
  RETURN_IF_ERROR(status.status());
  if (*status != 0) {
    return absl::DataLossError(
        absl::StrCat("chairstore ended with ", *status, ": ", chairstore->StandardError()));
  }
  return chairstore->ReadToEnd(kLook);
}

}  // namespace

std::optional<int64_t> NumberIn(absl::string_view report, absl::string_view name) {
  for (const absl::string_view line : absl::StrSplit(report, '\n')) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    int64_t number = 0;
    if (words.size() == 2 && words[0] == name && absl::SimpleAtoi(words[1], &number)) {
      return number;
    }
  }
  return std::nullopt;
}

absl::StatusOr<std::vector<Figure>> MeasureRestore(Workspace& workspace) {
  const BenchOptions& options = workspace.options();
  const Window period = ThreeYearsUpTo(absl::Now());
  ASSIGN_OR_RETURN(
      const std::unique_ptr<Target> server,
      workspace.StartServer("store", {kNoHttp, "--backup_bytes_per_second=0",
                                      absl::StrCat("--backup_dir=", workspace.Path("backups"))}));
  ASSIGN_OR_RETURN(const LoopResult loaded,
                   LoadByStreams(*server, options, HistoricAnswers(options, period)));
  ASSIGN_OR_RETURN(const v1::Backup backup, MakeBackup(*server));
  ASSIGN_OR_RETURN(const int64_t erased, EraseSome(*server, options, period));
  RETURN_IF_ERROR(server->Stop());

  const absl::Time start = absl::Now();
  ASSIGN_OR_RETURN(const std::string report, RunChairstore(workspace));
  const absl::Duration restored = absl::Now() - start;
  const int64_t differences = NumberIn(report, "differences").value_or(-1);
  ASSIGN_OR_RETURN(const std::unique_ptr<Target> back,
                   workspace.StartServer("restored", {kNoHttp}));
  ASSIGN_OR_RETURN(const Usage usage, back->ReadUsage());
  RETURN_IF_ERROR(back->Stop());
  if (differences != 0 || usage.feedback_count != loaded.accepted - erased) {
    return absl::DataLossError(absl::StrCat("of ", loaded.accepted, " answers, less ", erased,
                                            " that were erased, ", usage.feedback_count,
                                            " were restored; chairstore reports:\n", report));
  }
  const auto records = static_cast<double>(usage.feedback_count);
  const absl::Duration backed_up =
      FromTimestamp(backup.end_time()) - FromTimestamp(backup.start_time());
  return std::vector<Figure>{
      {"restore_minutes", absl::ToDoubleMinutes(restored), "min", {}},
      {"restore_records_per_second", records / absl::ToDoubleSeconds(restored), "records/s", {}},
      {"restore_records", records, "records", {}},
      {"restore_mebibytes", static_cast<double>(backup.total_bytes()) / kMebibyte, "MiB", {}},
      {"restore_differences", static_cast<double>(differences), "differences", {}},
      {"backup_seconds", absl::ToDoubleSeconds(backed_up), "s", {}}};
}

}  // namespace emptychair::bench
