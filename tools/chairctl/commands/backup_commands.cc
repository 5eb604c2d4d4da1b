#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "common/base/timestamp.h"
#include "tools/chairctl/base/csv_writer.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/base/progress_line.h"
#include "tools/chairctl/base/session.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/commands/commands.h"
#include "tools/chairctl/commands/long_call.h"

namespace emptychair {
namespace {

constexpr int kExitDamage = kExitService + static_cast<int>(absl::StatusCode::kDataLoss);

std::string TimeText(const google::protobuf::Timestamp& time) {
  return FormatInstant(FromTimestamp(time), absl::UTCTimeZone());
}

TextFields FieldsOf(const v1::Backup& backup) {
  const bool is_read = backup.damage().empty();
  return {{"backup_id", backup.backup_id()},
          {"store_id", backup.store_id()},
          {"is_of_this_store", backup.is_of_this_store() ? "true" : "false"},
          {"sequence", absl::StrCat(backup.sequence())},
          {"start_time", is_read ? TimeText(backup.start_time()) : ""},
          {"end_time", is_read ? TimeText(backup.end_time()) : ""},
          {"total_bytes", absl::StrCat(backup.total_bytes())},
          {"new_bytes", absl::StrCat(backup.new_bytes())},
          {"damage", backup.damage()},
          {"audit_head",
           backup.audit_event_count() == 0
               ? ""
               : absl::StrCat(backup.audit_event_count(), ":", backup.audit_head_hash())}};
}

void ShowProgress(const v1::BackupProgress& progress, ProgressLine& line) {
  const bool has_bytes = progress.bytes_total() > 0;
  line.Show(ProgressBar(progress.phase(), has_bytes ? progress.bytes_done() : progress.files_done(),
                        has_bytes ? progress.bytes_total() : progress.files_total()));
}

int Create(Session& session) {
  ProgressLine line(session.environment.err, session.environment.err_is_terminal);
  std::optional<v1::Backup> backup;
  absl::Status status;
  for (const absl::StatusOr<v1::CreateBackupResponse>& message :
       session.patient_client.CreateBackup()) {
    if (!message.ok()) {
      status = message.status();
    } else if (message->has_progress()) {
      ShowProgress(message->progress(), line);
    } else if (message->has_backup()) {
      backup = message->backup();
    }
  }
  line.Clear();
  if (!status.ok()) {
    return ServiceError(session.environment, status);
  }
  if (!backup.has_value()) {
    return ToolError(session.environment, "the call ended without a backup");
  }
  PrintRecord(session, FieldsOf(*backup), *backup);
  return kExitOk;
}

int List(Session& session) {
  const absl::StatusOr<v1::ListBackupsResponse> response = session.client.ListBackups();
  if (!response.ok()) {
    return ServiceError(session.environment, response.status());
  }
  const TextFields names = FieldsOf({});
  CsvWriter csv = session.csv();
  Table table;
  for (const auto& [name, value] : names) {
    table.AddColumn(name, Table::Align::kLeft);
  }
  if (session.format == OutputFormat::kCsv) {
    WriteNames(names, csv);
  }
  for (const v1::Backup& backup : response->backups()) {
    const TextFields fields = FieldsOf(backup);
    if (session.format == OutputFormat::kJson) {
      session.out() << ToJsonLine(backup);
    } else if (session.format == OutputFormat::kCsv) {
      WriteValues(fields, csv);
    } else {
      std::vector<std::string> cells;
      for (const auto& [name, value] : fields) {
        const std::string& text = TextOf(value);
        cells.push_back(text.empty() ? std::string(kAbsent) : Printable(text));
      }
      table.AddRow(std::move(cells));
    }
  }
  if (session.format == OutputFormat::kTable) {
    table.Print(session.out());
  }
  return kExitOk;
}

// Shows the messages of a check: JSON and damage as they come.
class CheckReport {
 public:
  explicit CheckReport(Session& session)
      : session_(session), line_(session.environment.err, session.environment.err_is_terminal) {}

  void Add(const v1::VerifyBackupResponse& message) {
    if (message.has_progress()) {
      ShowProgress(message.progress(), line_);
      return;
    }
    line_.Clear();
    if (message.has_summary()) {
      summary_ = message.summary();
    }
    if (session_.format == OutputFormat::kJson) {
      session_.out() << ToJsonLine(message);
    } else if (message.has_damage()) {
      *session_.environment.err << "chairctl: " << Printable(message.damage().what()) << " (in "
                                << absl::StrJoin(message.damage().backup_ids(), ", ") << ")\n";
    } else if (message.has_difference()) {
      *session_.environment.err << "chairctl: " << Printable(message.difference().where())
                                << ": stored " << Printable(message.difference().stored())
                                << ", expected " << Printable(message.difference().expected())
                                << "\n";
    }
  }

  int Finish(const absl::Status& status) {
    line_.Clear();
    if (!status.ok()) {
      return ServiceError(session_.environment, status);
    }
    if (!summary_.has_value()) {
      return ToolError(session_.environment, "the check ended without a summary");
    }
    const v1::VerifySummary& recount = summary_->recount();
    if (session_.format != OutputFormat::kJson) {
      TextFields fields = {{"backup_id", summary_->backup().backup_id()},
                           {"depth", EnumFlag(summary_->depth())},
                           {"files", absl::StrCat(summary_->files())},
                           {"damaged_files", absl::StrCat(summary_->damage_count())},
                           {"records", absl::StrCat(recount.records())},
                           {"differences", absl::StrCat(recount.difference_count())}};
      PrintRecord(session_, fields, *summary_);
    }
    return summary_->damage_count() + recount.difference_count() == 0 ? kExitOk : kExitDamage;
  }

 private:
  Session& session_;
  ProgressLine line_;
  std::optional<v1::VerifyBackupSummary> summary_;
};

int Verify(Session& session, const v1::VerifyBackupRequest& request) {
  CheckReport report(session);
  absl::Status status;
  for (const absl::StatusOr<v1::VerifyBackupResponse>& message :
       session.patient_client.VerifyBackup(request)) {
    if (message.ok()) {
      report.Add(*message);
    } else {
      status = message.status();
    }
  }
  return report.Finish(status);
}

void WarnOfSweep(const Session& session, const std::string& not_swept) {
  if (!not_swept.empty()) {
    *session.environment.err << "chairctl: no file was deleted: " << Printable(not_swept) << "\n";
  }
}

int Delete(Session& session, const std::string& id, const std::string& confirm) {
  if (session.environment.out_is_terminal && confirm.empty()) {
    return UsageError(
        session.environment,
        absl::StrCat("this deletes the backup ", id, " for ever. To do that, add --confirm ", id));
  }
  v1::DeleteBackupRequest request;
  request.set_backup_id(id);
  request.set_confirm_backup_id(confirm.empty() ? id : confirm);
  const auto response = CallWithProgress<v1::DeleteBackupResponse>(
      session, [&] { return session.patient_client.DeleteBackup(request); });
  if (!response.ok()) {
    return ServiceError(session.environment, response.status());
  }
  WarnOfSweep(session, response->not_swept());
  PrintRecord(session,
              {{"files_removed", absl::StrCat(response->files_removed())},
               {"bytes_removed", absl::StrCat(response->bytes_removed())}},
              *response);
  return kExitOk;
}

int Prune(Session& session, const v1::PruneBackupsRequest& request) {
  const auto response = CallWithProgress<v1::PruneBackupsResponse>(
      session, [&] { return session.patient_client.PruneBackups(request); });
  if (!response.ok()) {
    return ServiceError(session.environment, response.status());
  }
  WarnOfSweep(session, response->not_swept());
  PrintRecord(session,
              {{"backups_removed", absl::StrCat(response->removed_backup_ids_size())},
               {"backups_kept", absl::StrCat(response->kept_backup_ids_size())},
               {"files_removed", absl::StrCat(response->files_removed())},
               {"bytes_removed", absl::StrCat(response->bytes_removed())}},
              *response);
  return kExitOk;
}

void AddVerify(CommandLine group, Command* command) {
  CommandLine verify = group.AddCommand("verify", "Check a backup");
  auto request = std::make_shared<v1::VerifyBackupRequest>();
  auto id = std::make_shared<std::string>();
  auto depth = std::make_shared<std::string>("files");
  verify.Add("ID", *id, "The backup").Required();
  verify
      .Add("--depth", *depth,
           "files: every byte; open: also opens it; recount: also all that `admin verify` does")
      .OneOf(EnumFlags<v1::BackupCheckDepth>());
  verify.Footer(
      "Exit code 79: there is damage.\n"
      "Example:\n  chairctl backup verify 20240131T120000Z-1a2b3c4d --depth open");
  verify.OnChosen([id, depth, request, command] {
    request->set_backup_id(*id);
    request->set_depth(ParseEnumFlag<v1::BackupCheckDepth>(*depth));
    *command = [request](Session& session) { return Verify(session, *request); };
  });
}

void AddDelete(CommandLine group, Command* command) {
  CommandLine remove = group.AddCommand("delete", "Delete a backup");
  auto id = std::make_shared<std::string>();
  auto confirm = std::make_shared<std::string>();
  remove.Add("ID", *id, "The backup").Required();
  remove.Add("--confirm", *confirm, "The ID again; needed on a terminal");
  remove.Footer(
      "Example:\n  chairctl backup delete 20240131T120000Z-1a2b3c4d "
      "--confirm 20240131T120000Z-1a2b3c4d");
  remove.OnChosen([id, confirm, command] {
    *command = [id, confirm](Session& session) { return Delete(session, *id, *confirm); };
  });
}

void AddPrune(CommandLine group, Command* command) {
  CommandLine prune =
      group.AddCommand("prune", "Delete backups that are not to be kept, and files of none");
  struct Flags {
    int last = 0;
    int daily = 0;
    int weekly = 0;
    bool dry_run = false;
  };
  auto flags = std::make_shared<Flags>();
  prune.Add("--keep-last", flags->last, "So many of the newest").Required();
  prune.Add("--keep-daily", flags->daily, "Of so many days, the newest of each");
  prune.Add("--keep-weekly", flags->weekly, "Of so many weeks, the newest of each");
  prune.Add("--dry-run", flags->dry_run, "Delete nothing, and tell what would be");
  prune.Footer("Example:\n  chairctl backup prune --keep-last 3 --keep-daily 30");
  prune.OnChosen([flags, command] {
    v1::PruneBackupsRequest request;
    request.set_keep_last(flags->last);
    request.set_keep_daily(flags->daily);
    request.set_keep_weekly(flags->weekly);
    request.set_dry_run(flags->dry_run);
    *command = [request](Session& session) { return Prune(session, request); };
  });
}

}  // namespace

void AddBackupCommands(CommandLine app, Command* command) {
  CommandLine group = app.AddCommand("backup", "Make and look after backups of the store");
  group.RequireCommand();
  group.Footer("Example:\n  chairctl backup create");
  CommandLine create = group.AddCommand("create", "Make a backup; it goes on without chairctl");
  create.Footer("Example:\n  chairctl backup create --output json");
  create.OnChosen([command] { *command = Create; });
  CommandLine list = group.AddCommand("list", "List backups, newest first");
  list.Footer("Example:\n  chairctl backup list");
  list.OnChosen([command] { *command = List; });
  AddVerify(group, command);
  AddDelete(group, command);
  AddPrune(group, command);
}

}  // namespace emptychair
