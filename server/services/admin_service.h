// Handles the methods of AdminService: checks and translates.
#ifndef EMPTYCHAIR_SERVER_SERVICES_ADMIN_SERVICE_H_
#define EMPTYCHAIR_SERVER_SERVICES_ADMIN_SERVICE_H_

#include <atomic>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "emptychair/v1/admin_service.pb.h"
#include "server/access/auditor.h"
#include "server/api/method_spec.h"
#include "server/backups/backups.h"
#include "server/repeats/repeats_task.h"
#include "server/services/maintenance_status.h"
#include "storage/store.h"

namespace emptychair {

// Thread-safe. What it is given must outlive the service, which must outlive all its calls.
class AdminService {
 public:
  // Long tasks end early once `*stop_signal` is true. `backups`, whose state is told, may be null.
  AdminService(storage::Store* store, const Clock* clock, std::atomic<bool>* stop_signal,
               const Backups* backups = nullptr)
      : store_(store),
        clock_(clock),
        auditor_(store, clock),
        stop_signal_(stop_signal),
        backups_(backups),
        start_time_(clock->Now()),
        repeats_(store, clock) {}
  AdminService(const AdminService&) = delete;
  AdminService& operator=(const AdminService&) = delete;

  void AddTo(MethodTable& table);

  absl::Status GetStatus(const RequestContext& context, const v1::GetStatusRequest& request,
                         v1::GetStatusResponse& response) const;
  absl::Status VerifyStore(const RequestContext& context, const v1::VerifyStoreRequest& request,
                           StreamWriter<v1::VerifyStoreResponse>& writer);
  absl::Status RebuildCube(const RequestContext& context, const v1::RebuildCubeRequest& request,
                           v1::RebuildCubeResponse& response);
  absl::Status CompactStore(const RequestContext& context, const v1::CompactStoreRequest& request,
                            v1::CompactStoreResponse& response);
  absl::Status MeasureRepeats(const RequestContext& context,
                              const v1::MeasureRepeatsRequest& request,
                              v1::MeasureRepeatsResponse& response);

  // Reads what GetStatus answers, and metrics show. Errors: STORE_DAMAGED.
  absl::Status ReadStatus(v1::GetStatusResponse& status) const;

  // What callers may do who do not say who they are: for the status. Before the first call.
  void SetAnonymousRole(v1::Role role) { anonymous_role_ = role; }

  // Where all long tasks show how far they are.
  MaintenanceStatus& maintenance() { return maintenance_; }

  // Does what is due behind the writes, without a call; blocks. For the maintenance lane, like
  // those above. Errors: those of MeasureRepeats.
  absl::Status Tend();

 private:
  // Shows how far a unary task is; SHUTTING_DOWN once the task must end.
  absl::Status Show(RunningTask& task, const storage::TaskProgress& progress) const;

  storage::Store* const store_;
  const Clock* const clock_;
  const Auditor auditor_;
  std::atomic<bool>* const stop_signal_;
  const Backups* const backups_;
  const absl::Time start_time_;
  v1::Role anonymous_role_ = v1::ROLE_UNSPECIFIED;
  MaintenanceStatus maintenance_;
  RepeatsTask repeats_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_SERVICES_ADMIN_SERVICE_H_
