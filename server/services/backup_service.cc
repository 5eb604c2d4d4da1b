#include "server/services/backup_service.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "server/services/store_difference.h"

namespace emptychair {
namespace {

// Between two messages of progress on the same phase.
constexpr absl::Duration kProgressPeriod = absl::Milliseconds(200);

constexpr int kKeptMax = 10'000;

v1::BackupProgress ToApi(const storage::BackupProgress& progress) {
  v1::BackupProgress told;
  told.set_phase(progress.phase);
  told.set_files_done(progress.files_done);
  told.set_files_total(progress.files_total);
  told.set_bytes_done(progress.bytes_done);
  told.set_bytes_total(progress.bytes_total);
  return told;
}

// Shows how far a task is, and says when it is time to tell the caller.
class ProgressTeller {
 public:
  ProgressTeller(RunningTask* task, const Clock* clock) : task_(task), clock_(clock) {}

  // True: at a new phase, else a few times a second at most.
  bool Show(const storage::BackupProgress& progress) {
    const bool has_bytes = progress.bytes_total > 0;
    task_->Show({.part = progress.phase,
                 .done = has_bytes ? progress.bytes_done : progress.files_done,
                 .total = has_bytes ? progress.bytes_total : progress.files_total});
    const absl::Time now = clock_->Now();
    if (progress.phase == told_phase_ && now - told_time_ < kProgressPeriod) {
      return false;
    }
    told_phase_ = progress.phase;
    told_time_ = now;
    return true;
  }

 private:
  RunningTask* const task_;
  const Clock* const clock_;
  std::string told_phase_;
  absl::Time told_time_ = absl::InfinitePast();
};

absl::Status CheckKept(absl::string_view field, int32_t kept, int32_t min) {
  if (kept >= min && kept <= kKeptMax) {
    return absl::OkStatus();
  }
  return FieldError(kept == 0 ? v1::ERROR_REASON_FIELD_REQUIRED : v1::ERROR_REASON_FIELD_INVALID,
                    field, absl::StrCat("got ", kept, ", wanted ", min, " to ", kKeptMax));
}

}  // namespace

void BackupService::AddTo(MethodTable& table) {
  table.push_back(MethodSpec::StreamOn(Lane::kMaintenance, Bind(this, &BackupService::CreateBackup))
                      .WithCheck([this] { return backups_->CheckIdle(); }));
  table.push_back(MethodSpec::RunOn(
      Lane::kScan, Bind(const_cast<const BackupService*>(this), &BackupService::ListBackups)));
  table.push_back(MethodSpec::StreamOn(
      Lane::kMaintenance,
      Bind(const_cast<const BackupService*>(this), &BackupService::VerifyBackup)));
  table.push_back(MethodSpec::RunOn(Lane::kMaintenance, Bind(this, &BackupService::DeleteBackup)));
  table.push_back(MethodSpec::RunOn(Lane::kMaintenance, Bind(this, &BackupService::PruneBackups)));
}

absl::Status BackupService::CreateBackup(const RequestContext& context,
                                         const v1::CreateBackupRequest& request,
                                         StreamWriter<v1::CreateBackupResponse>& writer) {
  RETURN_IF_ERROR(auditor_.Note(context, request));
  RunningTask task(maintenance_, "CreateBackup", clock_->Now());
  ProgressTeller teller(&task, clock_);
  bool is_read = true;
  // It goes on without the caller, but not without the server.
  const auto tell = [&](const storage::BackupProgress& progress) -> absl::Status {
    if (*stop_signal_) {
      return ShuttingDownError();
    }
    if (teller.Show(progress) && is_read) {
      v1::CreateBackupResponse message;
      *message.mutable_progress() = ToApi(progress);
      is_read = writer.Write(message).ok();
    }
    return absl::OkStatus();
  };
  ASSIGN_OR_RETURN(const storage::BackupManifest manifest, backups_->Create(tell));
  v1::CreateBackupResponse message;
  *message.mutable_backup() = backups_->ToApi(manifest);
  return writer.Write(message);
}

absl::Status BackupService::ListBackups(const RequestContext&, const v1::ListBackupsRequest&,
                                        v1::ListBackupsResponse& response) const {
  ASSIGN_OR_RETURN(const std::vector<storage::ListedBackup> backups, backups_->List());
  for (const storage::ListedBackup& backup : backups) {
    *response.add_backups() = backups_->ToApi(backup);
  }
  return absl::OkStatus();
}

absl::Status BackupService::VerifyBackup(const RequestContext&,
                                         const v1::VerifyBackupRequest& request,
                                         StreamWriter<v1::VerifyBackupResponse>& writer) const {
  if (!v1::BackupCheckDepth_IsValid(request.depth())) {
    return FieldError(
        v1::ERROR_REASON_FIELD_INVALID, "depth",
        absl::StrCat("got ", static_cast<int>(request.depth()), ", wanted FILES, OPEN or RECOUNT"));
  }
  RunningTask task(maintenance_, "VerifyBackup", clock_->Now());
  ProgressTeller teller(&task, clock_);
  const auto tell = [&](const storage::BackupProgress& progress) {
    if (!teller.Show(progress)) {
      return writer.Check();
    }
    v1::VerifyBackupResponse message;
    *message.mutable_progress() = ToApi(progress);
    return writer.Write(message);
  };
  const auto tell_damage = [&](const storage::BackupDamage& damage) {
    v1::VerifyBackupResponse message;
    v1::BackupDamage& told = *message.mutable_damage();
    told.set_file(damage.file);
    told.set_what(damage.what);
    told.mutable_backup_ids()->Assign(damage.backup_ids.begin(), damage.backup_ids.end());
    return writer.Write(message);
  };
  const auto tell_difference = [&](const storage::Difference& difference) {
    v1::VerifyBackupResponse message;
    *message.mutable_difference() = ToStoreDifference(difference);
    return writer.Write(message);
  };
  ASSIGN_OR_RETURN(const BackupCheck check, backups_->Check(request.backup_id(), request.depth(),
                                                            tell, tell_damage, tell_difference));
  v1::VerifyBackupResponse message;
  v1::VerifyBackupSummary& summary = *message.mutable_summary();
  *summary.mutable_backup() = backups_->ToApi(check.manifest);
  summary.set_depth(request.depth() == v1::BACKUP_CHECK_DEPTH_UNSPECIFIED
                        ? v1::BACKUP_CHECK_DEPTH_FILES
                        : request.depth());
  summary.set_files(static_cast<int64_t>(check.manifest.files.size()));
  summary.set_damage_count(check.damaged_files);
  if (check.recount.has_value()) {
    *summary.mutable_recount() = ToVerifySummary(*check.recount);
  }
  return writer.Write(message);
}

absl::Status BackupService::DeleteBackup(const RequestContext& context,
                                         const v1::DeleteBackupRequest& request,
                                         v1::DeleteBackupResponse& response) {
  if (request.confirm_backup_id().empty()) {
    return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, "confirm_backup_id", "must be given");
  }
  if (request.confirm_backup_id() != request.backup_id()) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "confirm_backup_id",
                      absl::StrCat("got ", Quoted(request.confirm_backup_id()),
                                   ", wanted the same as backup_id"));
  }
  RETURN_IF_ERROR(backups_->CheckOn());
  RETURN_IF_ERROR(auditor_.Note(context, request));
  RunningTask task(maintenance_, "DeleteBackup", clock_->Now());
  ASSIGN_OR_RETURN(const storage::PruneResult removed, backups_->Delete(request.backup_id()));
  response.set_files_removed(removed.files_removed);
  response.set_bytes_removed(removed.bytes_removed);
  response.set_not_swept(removed.not_swept);
  return absl::OkStatus();
}

absl::Status BackupService::PruneBackups(const RequestContext& context,
                                         const v1::PruneBackupsRequest& request,
                                         v1::PruneBackupsResponse& response) {
  RETURN_IF_ERROR(CheckKept("keep_last", request.keep_last(), 1));
  RETURN_IF_ERROR(CheckKept("keep_daily", request.keep_daily(), 0));
  RETURN_IF_ERROR(CheckKept("keep_weekly", request.keep_weekly(), 0));
  RETURN_IF_ERROR(backups_->CheckOn());
  RETURN_IF_ERROR(auditor_.Note(context, request));
  RunningTask task(maintenance_, "PruneBackups", clock_->Now());
  ASSIGN_OR_RETURN(const storage::PruneResult pruned,
                   backups_->Prune({.keep_last = request.keep_last(),
                                    .keep_daily = request.keep_daily(),
                                    .keep_weekly = request.keep_weekly()},
                                   request.dry_run()));
  response.mutable_removed_backup_ids()->Assign(pruned.removed.begin(), pruned.removed.end());
  response.mutable_kept_backup_ids()->Assign(pruned.kept.begin(), pruned.kept.end());
  response.set_files_removed(pruned.files_removed);
  response.set_bytes_removed(pruned.bytes_removed);
  response.set_not_swept(pruned.not_swept);
  return absl::OkStatus();
}

}  // namespace emptychair
