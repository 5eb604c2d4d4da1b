#include "tools/chairstore/chairstore.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "common/base/errors.h"
#include "common/base/key_id.h"
#include "common/base/status_macros.h"
#include "common/base/timestamp.h"
#include "common/base/version.h"
#include "storage/backup/backup.h"
#include "storage/backup/check_backup.h"
#include "storage/backup/manifest.h"
#include "storage/restore/inspect.h"
#include "storage/restore/restore.h"
#include "tools/command_line/command_line.h"

namespace emptychair {
namespace {

using storage::BackupDirectory;
using storage::BackupManifest;

constexpr int kExitOk = 0;
constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;
constexpr int kExitDamage = 79;

// Flags of the commands.
struct Flags {
  std::string backup_dir;
  std::string backup_id = "latest";
  std::string depth = "files";
  std::string data;
  bool without_ledger = false;
};

std::string TimeText(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", FromTimestamp(time), absl::UTCTimeZone());
}

// "RECORD_ERASED".
std::string KindText(store::v1::LedgerKind kind) {
  return std::string(absl::StripPrefix(store::v1::LedgerKind_Name(kind), "LEDGER_KIND_"));
}

// "COUNT:HASH", as `chairctl audit verify --head` takes it; "none" before the first event.
std::string AuditHeadText(const store::v1::StoredAuditHead& head) {
  return head.count() == 0 ? "none"
                           : absl::StrCat(head.count(), ":", absl::BytesToHexString(head.hash()));
}

// Names and values, a line each.
class Report {
 public:
  explicit Report(std::ostream* out) : out_(*out) {}
  void Add(absl::string_view name, absl::string_view value) {
    out_ << absl::StrFormat("%-24s %s\n", name, value);
  }
  void Add(absl::string_view name, int64_t value) { Add(name, absl::StrCat(value)); }

 private:
  std::ostream& out_;
};

// One line on a terminal, in the place of the one before.
class Progress {
 public:
  explicit Progress(const ChairstoreEnvironment& environment) : environment_(environment) {}
  ~Progress() { Clear(); }

  absl::Status Show(const storage::BackupProgress& progress) {
    const absl::Time now = environment_.clock->Now();
    if (environment_.err_is_terminal && now - shown_ > kPeriod) {
      shown_ = now;
      is_shown_ = true;
      *environment_.err << "\r\x1b[K" << progress.phase << "  " << progress.files_done << " of "
                        << progress.files_total << " files, " << progress.bytes_done << " of "
                        << progress.bytes_total << " bytes" << std::flush;
    }
    return absl::OkStatus();
  }
  void Clear() {
    if (std::exchange(is_shown_, false)) {
      *environment_.err << "\r\x1b[K" << std::flush;
    }
  }

 private:
  static constexpr absl::Duration kPeriod = absl::Milliseconds(200);

  const ChairstoreEnvironment& environment_;
  absl::Time shown_ = absl::InfinitePast();
  bool is_shown_ = false;
};

class Tool {
 public:
  Tool(const Flags& flags, const ChairstoreEnvironment& environment)
      : flags_(flags),
        environment_(environment),
        directory_(/*env=*/nullptr, flags.backup_dir),
        progress_(environment) {}

  absl::StatusOr<int> List() {
    ASSIGN_OR_RETURN(const std::vector<storage::ListedBackup> backups,
                     storage::ListBackups(directory_));
    for (const storage::ListedBackup& backup : backups) {
      if (!backup.damage.empty()) {
        out() << backup.backup_id << "  damaged: " << Visible(backup.damage) << "\n";
        continue;
      }
      const store::v1::BackupHeader& header = backup.manifest.header;
      out() << absl::StrFormat("%s  store %s  sequence %d  %d bytes, %d of them new  audit %s\n",
                               header.backup_id(), header.store_id(), header.sequence(),
                               header.total_bytes(), header.new_bytes(),
                               AuditHeadText(header.counters().audit()));
    }
    return kExitOk;
  }

  absl::StatusOr<int> Verify() {
    ASSIGN_OR_RETURN(const std::unique_ptr<storage::BackupLock> lock,
                     storage::BackupLock::Take(directory_));
    ASSIGN_OR_RETURN(const BackupManifest manifest,
                     storage::FindBackup(directory_, flags_.backup_id));
    ASSIGN_OR_RETURN(const int64_t damaged,
                     storage::CheckFiles(directory_, manifest, /*bytes_per_second=*/0, OnProgress(),
                                         OnDamage()));
    progress_.Clear();
    Report report(environment_.out);
    report.Add("backup", manifest.header.backup_id());
    report.Add("files", static_cast<int64_t>(manifest.files.size()));
    report.Add("damaged_files", damaged);
    if (damaged > 0) {
      return kExitDamage;
    }
    if (flags_.depth != "files") {
      RETURN_IF_ERROR(storage::CheckOpens(directory_, manifest));
      report.Add("sequence", static_cast<int64_t>(manifest.header.sequence()));
    }
    return flags_.depth == "recount" ? Recount(manifest, report) : absl::StatusOr<int>(kExitOk);
  }

  absl::StatusOr<int> Restore() {
    storage::RestoreOptions options;
    options.backup_id = flags_.backup_id;
    options.data_directory = flags_.data;
    options.without_ledger = flags_.without_ledger;
    options.time = environment_.clock->Now();
    if (flags_.without_ledger) {
      *environment_.err << "chairstore: --without_ledger: what was erased, revoked or taken back "
                           "since the backup will be there again\n";
    }
    ASSIGN_OR_RETURN(const storage::RestoreReport restored,
                     storage::Restore(directory_, options, OnProgress(), OnDamage()));
    progress_.Clear();
    Print(restored);
    return restored.verified.difference_count == 0 ? kExitOk : kExitDamage;
  }

  absl::StatusOr<int> Inspect() {
    ASSIGN_OR_RETURN(const storage::InspectedStore store, storage::InspectStore(flags_.data));
    Report report(environment_.out);
    report.Add("format", store.format_version);
    report.Add("store_id", Uuid::FromBytes(store.identity.store_id())->ToString());
    const store::v1::StoredCounters& counters = store.counters;
    report.Add("sequence", static_cast<int64_t>(counters.sequence()));
    report.Add("feedback", static_cast<int64_t>(counters.feedback_count()));
    report.Add("activities", static_cast<int64_t>(counters.activity_count()));
    report.Add("customers",
               int64_t{counters.last_customer_ordinal()} - counters.erased_customer_count());
    report.Add("ledger_entries", static_cast<int64_t>(counters.ledger_count()));
    report.Add("ledger_waiting", int64_t{counters.ledger_waiting_count()});
    report.Add("audit_head", AuditHeadText(counters.audit()));
    for (const store::v1::FormerStore& former : store.identity.former_stores()) {
      report.Add("made_from",
                 absl::StrCat(Uuid::FromBytes(former.store_id())->ToString(), " at sequence ",
                              former.sequence(),
                              former.backup_id().empty()
                                  ? ", by going on without what was lost"
                                  : absl::StrCat(", restored from ", former.backup_id())));
    }
    return kExitOk;
  }

 private:
  std::ostream& out() { return *environment_.out; }

  std::function<absl::Status(const storage::BackupProgress&)> OnProgress() {
    return [this](const storage::BackupProgress& progress) { return progress_.Show(progress); };
  }

  std::function<absl::Status(const storage::BackupDamage&)> OnDamage() {
    return [this](const storage::BackupDamage& damage) {
      progress_.Clear();
      *environment_.err << "chairstore: " << Visible(damage.what) << " (in "
                        << absl::StrJoin(damage.backup_ids, ", ") << ")\n";
      return absl::OkStatus();
    };
  }

  absl::StatusOr<int> Recount(const BackupManifest& manifest, Report& report) {
    ASSIGN_OR_RETURN(const storage::VerifySummary summary,
                     storage::RecountBackup(
                         directory_, manifest,
                         [this](const storage::TaskProgress& progress) {
                           return progress_.Show({.phase = progress.part});
                         },
                         [this](const storage::Difference& difference) {
                           progress_.Clear();
                           *environment_.err << "chairstore: " << Visible(difference.where)
                                             << ": stored " << Visible(difference.stored)
                                             << ", expected " << Visible(difference.expected)
                                             << "\n";
                           return absl::OkStatus();
                         }));
    progress_.Clear();
    report.Add("records", summary.records);
    report.Add("differences", summary.difference_count);
    return summary.difference_count == 0 ? kExitOk : kExitDamage;
  }

  void Print(const storage::RestoreReport& restored) {
    Report report(environment_.out);
    report.Add("restored", restored.backup.backup_id());
    report.Add("of_store", restored.backup.store_id());
    report.Add("backup_of", TimeText(restored.backup.start_time()));
    report.Add("store_id", restored.store_id);
    report.Add("sequence", static_cast<int64_t>(restored.sequence));
    if (flags_.without_ledger) {
      report.Add("ledger", "not used: what was erased since the backup is there again");
    }
    for (const auto& [kind, count] : restored.replayed) {
      report.Add(absl::StrCat("again ", KindText(kind)), count);
    }
    report.Add("entries_held_before", restored.held);
    report.Add("entries_waiting", restored.waiting);
    for (const uint64_t id : restored.keys_gone) {
      report.Add("key_gone", absl::StrCat(KeyIdText(id), ", which is younger than the backup"));
    }
    report.Add("records", restored.verified.records);
    report.Add("differences", restored.verified.difference_count);
  }

  const Flags& flags_;
  const ChairstoreEnvironment& environment_;
  const BackupDirectory directory_;
  Progress progress_;
};

using Action = absl::StatusOr<int> (Tool::*)();

void AddBackupDir(CommandLine command, Flags& flags) {
  command.Add("--backup_dir", flags.backup_dir, "Folder of backups")
      .Required()
      .NotEmpty("wanted a folder of backups");
}

void AddCommands(CommandLine app, Flags& flags, Action& action) {
  app.RequireCommand();
  CommandLine list = app.AddCommand("list", "List the backups in a folder, newest first");
  AddBackupDir(list, flags);
  list.OnChosen([&] { action = &Tool::List; });

  CommandLine verify = app.AddCommand("verify", "Check a backup");
  AddBackupDir(verify, flags);
  verify.Add("--backup", flags.backup_id, "Its name; latest: the newest");
  verify
      .Add("--depth", flags.depth,
           "files: every byte; open: also opens it; recount: also all of it")
      .OneOf({"files", "open", "recount"});
  verify.Footer("Exit code 79: there is damage.");
  verify.OnChosen([&] { action = &Tool::Verify; });

  CommandLine restore = app.AddCommand(
      "restore", "Make a store of a backup, in which what was erased since stays erased");
  AddBackupDir(restore, flags);
  restore.Add("--backup", flags.backup_id, "Its name; latest: the newest");
  restore.Add("--data", flags.data, "Folder of the store to be made; not there yet, or empty")
      .Required()
      .NotEmpty("wanted a folder");
  restore.Add("--without_ledger", flags.without_ledger,
              "Do not erase again what was erased since the backup");
  restore.Footer(
      "Exit code 79: the store was restored, but not all in it is as it should be.\n"
      "Example:\n  chairstore restore --backup_dir /backup --data /var/lib/emptychair/new");
  restore.OnChosen([&] { action = &Tool::Restore; });

  CommandLine inspect =
      app.AddCommand("inspect", "Tell what a data directory holds; writes nothing");
  inspect.Add("data", flags.data, "The data directory").Required();
  inspect.OnChosen([&] { action = &Tool::Inspect; });
}

}  // namespace

int RunChairstore(const std::vector<std::string>& arguments,
                  const ChairstoreEnvironment& environment) {
  Program program("Restores backups of Empty Chair and looks into stores, without a server.",
                  "chairstore");
  program.SetVersion(absl::StrCat("chairstore ", kVersion));
  Flags flags;
  Action action = nullptr;
  AddCommands(program.line(), flags, action);
  const Parsed parsed = program.Parse(arguments, *environment.out);
  if (parsed.is_answered) {
    return kExitOk;
  }
  if (!parsed.error.empty() || action == nullptr) {
    *environment.err << "chairstore: " << parsed.error
                     << "\nRun with --help for more information.\n";
    return kExitUsage;
  }
  Tool tool(flags, environment);
  const absl::StatusOr<int> exit_code = (tool.*action)();
  if (exit_code.ok()) {
    return *exit_code;
  }
  *environment.err << "chairstore: " << Visible(exit_code.status().message()) << "\n";
  return exit_code.status().code() == absl::StatusCode::kDataLoss ? kExitDamage : kExitFailure;
}

}  // namespace emptychair
