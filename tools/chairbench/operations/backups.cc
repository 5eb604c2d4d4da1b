#include "tools/chairbench/operations/backups.h"

#include <algorithm>
#include <fstream>
#include <memory>
#include <numeric>
#include <set>
#include <sstream>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/status_macros.h"
#include "common/base/timestamp.h"
#include "tools/chairbench/base/interrupt.h"
#include "tools/chairbench/base/statistics.h"
#include "tools/chairbench/load/history.h"
#include "tools/chairbench/load/sides.h"
#include "tools/chairbench/load/stream_loop.h"
#include "tools/chairbench/load/submit_loops.h"

namespace emptychair::bench {
namespace {

constexpr char kNoHttp[] = "--http_listen=off";
constexpr double kMebibyte = 1 << 20;

absl::StatusOr<std::unique_ptr<Target>> StartServer(Workspace& workspace) {
  return workspace.StartServer("store",
                               {kNoHttp, absl::StrCat("--backup_dir=", workspace.Path("backups"))});
}

double SecondsOf(const v1::Backup& backup) {
  return absl::ToDoubleSeconds(FromTimestamp(backup.end_time()) -
                               FromTimestamp(backup.start_time()));
}

// What comes in beside the stream: single answers, one after the other, whose latencies are kept
// apart, and backups.
struct Beside {
  std::vector<double> single_ms;
  std::vector<v1::Backup> backups;
};

// Makes one backup after the other until `deadline`.
absl::Status MakeBackupsUntil(Target& server, absl::Time deadline,
                              std::vector<v1::Backup>& backups) {
  do {
    ASSIGN_OR_RETURN(backups.emplace_back(), MakeBackup(server));
  } while (absl::Now() < deadline);
  return absl::OkStatus();
}

// Lets `stream` be accompanied by single answers and, where `with_backups`, by backups. A backup
// that is under way at the end of a turn is waited for behind it.
Side Accompanied(Side stream, Target& server, uint64_t seed, bool with_backups, Beside& beside) {
  const std::shared_ptr<UnaryLoop> singles =
      MakeUnaryLoop(server, /*in_flight=*/1, /*connections=*/1, LiveAnswers(seed, 1));
  stream.run = [&server, &beside, singles, with_backups,
                run = std::move(stream.run)](absl::Duration time) -> absl::StatusOr<LoopResult> {
    absl::StatusOr<LoopResult> single;
    std::thread sender([&] { single = singles->Run(time); });
    absl::Status backed_up;
    std::thread backer([&, deadline = absl::Now() + time] {
      if (with_backups) {
        backed_up = MakeBackupsUntil(server, deadline, beside.backups);
      }
    });
    absl::StatusOr<LoopResult> result = run(time);
    sender.join();
    backer.join();
    RETURN_IF_ERROR(result.status());
    RETURN_IF_ERROR(single.status());
    RETURN_IF_ERROR(backed_up);
    result->accepted += single->accepted;
    beside.single_ms.insert(beside.single_ms.end(), single->latencies_ms.begin(),
                            single->latencies_ms.end());
    return result;
  };
  return stream;
}

double MaxOf(const std::vector<double>& samples) { return Percentile(samples, 100); }

absl::StatusOr<std::string> ReadManifest(const Workspace& workspace, const v1::Backup& backup) {
  const std::string path =
      workspace.Path(absl::StrCat("backups/backups/", backup.backup_id(), ".jsonl"));
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return file ? absl::StatusOr<std::string>(text.str())
              : absl::UnavailableError(absl::StrCat("cannot read \"", path, "\""));
}

double NewPercent(const v1::Backup& backup) {
  return 100.0 * static_cast<double>(backup.new_bytes()) /
         static_cast<double>(backup.total_bytes());
}

// What a second backup of an idle store copies.
absl::Status AddIdleBackup(const Workspace& workspace, Target& server, const v1::Backup& first,
                           std::vector<Figure>& figures) {
  ASSIGN_OR_RETURN(const v1::Backup idle, MakeBackup(server));
  ASSIGN_OR_RETURN(const std::string before, ReadManifest(workspace, first));
  ASSIGN_OR_RETURN(const std::string manifest, ReadManifest(workspace, idle));
  const std::vector<std::string> files = NewFiles(before, manifest);
  const auto tables = std::count_if(files.begin(), files.end(), [](const std::string& name) {
    return absl::EndsWith(name, ".sst");
  });
  figures.push_back({"idle_backup_bytes", static_cast<double>(idle.new_bytes()), "bytes", {}});
  figures.push_back({"idle_backup_new_files", static_cast<double>(files.size()), "files", {}});
  figures.push_back({"idle_backup_new_tables", static_cast<double>(tables), "files", {}});
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Backup> MakeBackup(const Target& server) {
  ASSIGN_OR_RETURN(const Client client, server.PatientClient());
  v1::Backup backup;
  for (const absl::StatusOr<v1::CreateBackupResponse>& message : client.CreateBackup()) {
    RETURN_IF_ERROR(message.status());
    RETURN_IF_ERROR(CheckInterrupted());
    if (message->has_backup()) {
      backup = message->backup();
    }
  }
  return backup.backup_id().empty()
             ? absl::StatusOr<v1::Backup>(absl::InternalError("there is no backup at the end"))
             : backup;
}

std::vector<std::string> NewFiles(absl::string_view before, absl::string_view manifest) {
  constexpr absl::string_view kField = "{\"name\":\"";
  const std::set<absl::string_view> shared = absl::StrSplit(before, '\n');
  std::vector<std::string> names;
  for (absl::string_view line : absl::StrSplit(manifest, '\n')) {
    if (!shared.contains(line) && absl::ConsumePrefix(&line, kField)) {
      names.emplace_back(line.substr(0, line.find('"')));
    }
  }
  return names;
}

absl::StatusOr<std::vector<Figure>> MeasureBackups(Workspace& workspace) {
  const BenchOptions& options = workspace.options();
  ASSIGN_OR_RETURN(const std::unique_ptr<Target> server, StartServer(workspace));
  ASSIGN_OR_RETURN(
      const LoopResult loaded,
      LoadByStreams(*server, options, HistoricAnswers(options, ThreeYearsUpTo(absl::Now()))));
  Beside with;
  Beside without;
  Side backed_up = Accompanied(MakeStreamSide(*server, options, options.seed), *server,
                               options.seed + 1'000, /*with_backups=*/true, with);
  Side alone = Accompanied(MakeStreamSide(*server, options, ~options.seed), *server,
                           ~options.seed - 1'000, /*with_backups=*/false, without);
  RETURN_IF_ERROR(TakeSideTurns({&backed_up, &alone}, options.time));
  RETURN_IF_ERROR(Workspace::FinishServer(
      *server, loaded.accepted + backed_up.acknowledged() + alone.acknowledged()));

  std::vector<Figure> figures;
  AddSideFigures("backup_stream", "records_per_second", backed_up, alone, figures);
  figures.push_back({"backup_stream_max_ms", MaxOf(backed_up.turns.latencies_ms), "ms",
                     MaxOf(alone.turns.latencies_ms)});
  for (const auto& [suffix, percent] :
       {std::pair("median_ms", 50.0), {"p99_ms", 99.0}, {"max_ms", 100.0}}) {
    figures.push_back({absl::StrCat("backup_single_", suffix), Percentile(with.single_ms, percent),
                       "ms", Percentile(without.single_ms, percent)});
  }
  std::vector<double> seconds;
  std::vector<double> mebibytes;
  for (const v1::Backup& backup : with.backups) {
    seconds.push_back(SecondsOf(backup));
    mebibytes.push_back(static_cast<double>(backup.new_bytes()) / kMebibyte);
  }
  figures.push_back({"backups", static_cast<double>(with.backups.size()), "backups", {}});
  figures.push_back({"backup_median_seconds", Median(seconds), "s", {}});
  figures.push_back({"backup_copied_median_mebibytes", Median(mebibytes), "MiB", {}});
  return figures;
}

absl::StatusOr<std::vector<Figure>> MeasureIncrements(Workspace& workspace) {
  constexpr int kIncrements = 20;
  const BenchOptions& options = workspace.options();
  ASSIGN_OR_RETURN(const std::unique_ptr<Target> server, StartServer(workspace));
  ASSIGN_OR_RETURN(
      const LoopResult loaded,
      LoadByStreams(*server, options, HistoricAnswers(options, ThreeYearsUpTo(absl::Now()))));
  int64_t accepted = loaded.accepted;
  ASSIGN_OR_RETURN(const v1::Backup first, MakeBackup(*server));
  std::vector<Figure> figures = {
      {"first_backup_mebibytes", static_cast<double>(first.new_bytes()) / kMebibyte, "MiB", {}},
      {"first_backup_seconds", SecondsOf(first), "s", {}}};
  RETURN_IF_ERROR(AddIdleBackup(workspace, *server, first, figures));

  const AnswerSource live = LiveAnswers(~options.seed, static_cast<size_t>(options.streams));
  std::vector<double> percents;
  for (int i = 0; i < kIncrements; ++i) {
    ASSIGN_OR_RETURN(const LoopResult added,
                     LoadByStreams(*server, options,
                                   FirstOf(live, std::max<int64_t>(1, options.answers / 100))));
    accepted += added.accepted;
    ASSIGN_OR_RETURN(const v1::Backup backup, MakeBackup(*server));
    percents.push_back(NewPercent(backup));
  }
  RETURN_IF_ERROR(Workspace::FinishServer(*server, accepted));
  figures.push_back({"increment_median_percent", Median(percents), "% of bytes", {}});
  figures.push_back({"increment_mean_percent",
                     std::accumulate(percents.begin(), percents.end(), 0.0) / kIncrements,
                     "% of bytes",
                     {}});
  figures.push_back({"increment_max_percent", MaxOf(percents), "% of bytes", {}});
  return figures;
}

}  // namespace emptychair::bench
