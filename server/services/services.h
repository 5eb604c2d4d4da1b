// Puts all services together.
#ifndef EMPTYCHAIR_SERVER_SERVICES_SERVICES_H_
#define EMPTYCHAIR_SERVER_SERVICES_SERVICES_H_

#include <atomic>

#include "common/base/clock.h"
#include "server/api/method_spec.h"
#include "server/services/admin_service.h"
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
  Services(storage::Store* store, const Clock* clock, std::atomic<bool>* stop_signal)
      : survey_(store, clock),
        feedback_(store, clock),
        metrics_(store, clock),
        customer_(store, clock),
        admin_(store, clock, stop_signal) {
    survey_.AddTo(methods_);
    feedback_.AddTo(methods_);
    metrics_.AddTo(methods_);
    customer_.AddTo(methods_);
    admin_.AddTo(methods_);
  }
  Services(const Services&) = delete;
  Services& operator=(const Services&) = delete;

  const MethodTable& methods() const { return methods_; }

  // See AdminService::Tend.
  absl::Status Tend() { return admin_.Tend(); }

 private:
  SurveyService survey_;
  FeedbackService feedback_;
  MetricsService metrics_;
  CustomerService customer_;
  AdminService admin_;
  MethodTable methods_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_SERVICES_SERVICES_H_
