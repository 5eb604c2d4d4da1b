// Puts all services together.
#ifndef EMPTYCHAIR_SERVER_SERVICES_SERVICES_H_
#define EMPTYCHAIR_SERVER_SERVICES_SERVICES_H_

#include <atomic>
#include <utility>

#include "common/base/clock.h"
#include "server/api/method_spec.h"
#include "server/backups/backups.h"
#include "server/services/access_service.h"
#include "server/services/admin_service.h"
#include "server/services/backup_service.h"
#include "server/services/customer_service.h"
#include "server/services/feedback_service.h"
#include "server/services/metrics_service.h"
#include "server/services/survey_service.h"
#include "storage/store.h"

namespace emptychair {

// The handlers of the whole API and the table of its methods. Thread-safe. What it is given must
// outlive it.
class Services {
 public:
  // Long tasks end early once `*stop_signal` is true.
  Services(storage::Store* store, const Clock* clock, std::atomic<bool>* stop_signal,
           BackupSettings backups = {})
      : backups_(store, clock, std::move(backups)),
        access_(store, clock),
        survey_(store, clock),
        feedback_(store, clock),
        metrics_(store, clock),
        customer_(store, clock),
        admin_(store, clock, stop_signal, &backups_),
        backup_(&backups_, Auditor(store, clock), clock, stop_signal, &admin_.maintenance()) {
    access_.AddTo(methods_);
    survey_.AddTo(methods_);
    feedback_.AddTo(methods_);
    metrics_.AddTo(methods_);
    customer_.AddTo(methods_);
    admin_.AddTo(methods_);
    backup_.AddTo(methods_);
  }
  Services(const Services&) = delete;
  Services& operator=(const Services&) = delete;

  const MethodTable& methods() const { return methods_; }
  // For who numbers them, before the first call.
  MethodTable& methods() { return methods_; }

  // See AdminService::ReadStatus.
  absl::Status ReadStatus(v1::GetStatusResponse& status) const { return admin_.ReadStatus(status); }

  // See AdminService::SetAnonymousRole.
  void SetAnonymousRole(v1::Role role) { admin_.SetAnonymousRole(role); }

  const Backups& backups() const { return backups_; }

  // See AdminService::Tend.
  absl::Status Tend() { return admin_.Tend(); }

 private:
  Backups backups_;
  AccessService access_;
  SurveyService survey_;
  FeedbackService feedback_;
  MetricsService metrics_;
  CustomerService customer_;
  AdminService admin_;
  BackupService backup_;
  MethodTable methods_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_SERVICES_SERVICES_H_
