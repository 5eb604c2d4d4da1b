// Handles the methods of CustomerService: checks and translates.
#ifndef EMPTYCHAIR_SERVER_SERVICES_CUSTOMER_SERVICE_H_
#define EMPTYCHAIR_SERVER_SERVICES_CUSTOMER_SERVICE_H_

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "emptychair/v1/customer_service.pb.h"
#include "server/access/auditor.h"
#include "server/api/method_spec.h"
#include "server/customers/customer_names.h"
#include "server/profile/customer_export.h"
#include "server/services/audited_feed.h"
#include "storage/store.h"

namespace emptychair {

// Thread-safe. `store` and `clock` must outlive the service, which must outlive all its calls.
class CustomerService {
 public:
  CustomerService(storage::Store* store, const Clock* clock)
      : store_(store),
        clock_(clock),
        auditor_(store, clock),
        customer_names_(std::make_unique<CustomerNames>(store->records())) {}
  CustomerService(const CustomerService&) = delete;
  CustomerService& operator=(const CustomerService&) = delete;

  void AddTo(MethodTable& table);

  void UpsertCustomer(const RequestContext& context, const v1::UpsertCustomerRequest& request,
                      v1::UpsertCustomerResponse& response, ReplyHandle reply);
  absl::Status GetCustomer(const RequestContext& context, const v1::GetCustomerRequest& request,
                           v1::GetCustomerResponse& response) const;
  absl::Status ListTimeline(const RequestContext& context, const v1::ListTimelineRequest& request,
                            v1::ListTimelineResponse& response) const;
  absl::Status GetCustomerView(const RequestContext& context,
                               const v1::GetCustomerViewRequest& request,
                               v1::GetCustomerViewResponse& response) const;
  absl::StatusOr<AuditedFeed<CustomerExport, v1::ExportCustomerResponse>> ExportCustomer(
      const RequestContext& context, const v1::ExportCustomerRequest& request) const;
  void EraseCustomer(const RequestContext& context, const v1::EraseCustomerRequest& request,
                     v1::EraseCustomerResponse& response, ReplyHandle reply);
  void DefineActivityKind(const RequestContext& context,
                          const v1::DefineActivityKindRequest& request,
                          v1::DefineActivityKindResponse& response, ReplyHandle reply);
  absl::Status ListActivityKinds(const RequestContext& context,
                                 const v1::ListActivityKindsRequest& request,
                                 v1::ListActivityKindsResponse& response) const;
  void DeleteActivityKind(const RequestContext& context,
                          const v1::DeleteActivityKindRequest& request,
                          v1::DeleteActivityKindResponse& response, ReplyHandle reply);
  void RecordActivity(const RequestContext& context, const v1::RecordActivityRequest& request,
                      v1::RecordActivityResponse& response, ReplyHandle reply);
  void BatchRecordActivities(const RequestContext& context,
                             const v1::BatchRecordActivitiesRequest& request,
                             v1::BatchRecordActivitiesResponse& response, ReplyHandle reply);
  // Handles one batch of the stream.
  void StreamActivities(const RequestContext& context, const v1::StreamActivitiesRequest& request,
                        v1::StreamActivitiesResponse& response, ReplyHandle reply);
  absl::StatusOr<ScheduledWork<v1::ListActivitiesResponse>> ListActivities(
      const RequestContext& context, const v1::ListActivitiesRequest& request) const;
  void EraseActivity(const RequestContext& context, const v1::EraseActivityRequest& request,
                     v1::EraseActivityResponse& response, ReplyHandle reply);

 private:
  // Handles a batch of BatchRecordActivities or StreamActivities.
  template <typename Request, typename Response>
  void StartBatch(const RequestContext& context, const Request& request, Response& response,
                  ReplyHandle reply);

  storage::Store* const store_;
  const Clock* const clock_;
  const Auditor auditor_;
  const std::unique_ptr<CustomerNames> customer_names_;  // Of lists.
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_SERVICES_CUSTOMER_SERVICE_H_
