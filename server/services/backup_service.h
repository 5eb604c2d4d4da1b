// Handles the methods of AdminService about backups: checks and translates.
#ifndef EMPTYCHAIR_SERVER_SERVICES_BACKUP_SERVICE_H_
#define EMPTYCHAIR_SERVER_SERVICES_BACKUP_SERVICE_H_

#include <atomic>

#include "absl/status/status.h"
#include "common/base/clock.h"
#include "emptychair/v1/admin_service.pb.h"
#include "server/access/auditor.h"
#include "server/api/method_spec.h"
#include "server/backups/backups.h"
#include "server/services/maintenance_status.h"

namespace emptychair {

// Thread-safe. What it is given must outlive the service, which must outlive all its calls.
class BackupService {
 public:
  // Long tasks end early once `*stop_signal` is true.
  BackupService(Backups* backups, const Auditor& auditor, const Clock* clock,
                const std::atomic<bool>* stop_signal, MaintenanceStatus* maintenance)
      : backups_(backups),
        auditor_(auditor),
        clock_(clock),
        stop_signal_(stop_signal),
        maintenance_(maintenance) {}
  BackupService(const BackupService&) = delete;
  BackupService& operator=(const BackupService&) = delete;

  void AddTo(MethodTable& table);

  absl::Status CreateBackup(const RequestContext& context, const v1::CreateBackupRequest& request,
                            StreamWriter<v1::CreateBackupResponse>& writer);
  absl::Status ListBackups(const RequestContext& context, const v1::ListBackupsRequest& request,
                           v1::ListBackupsResponse& response) const;
  absl::Status VerifyBackup(const RequestContext& context, const v1::VerifyBackupRequest& request,
                            StreamWriter<v1::VerifyBackupResponse>& writer) const;
  absl::Status DeleteBackup(const RequestContext& context, const v1::DeleteBackupRequest& request,
                            v1::DeleteBackupResponse& response);
  absl::Status PruneBackups(const RequestContext& context, const v1::PruneBackupsRequest& request,
                            v1::PruneBackupsResponse& response);

 private:
  Backups* const backups_;
  const Auditor auditor_;
  const Clock* const clock_;
  const std::atomic<bool>* const stop_signal_;
  MaintenanceStatus* const maintenance_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_SERVICES_BACKUP_SERVICE_H_
