// Handles the methods of CustomerService: checks and translates.
#ifndef EMPTYCHAIR_SERVER_SERVICES_CUSTOMER_SERVICE_H_
#define EMPTYCHAIR_SERVER_SERVICES_CUSTOMER_SERVICE_H_

#include "absl/status/status.h"
#include "emptychair/v1/customer_service.pb.h"
#include "server/api/method_spec.h"
#include "storage/store.h"

namespace emptychair {

// Thread-safe. `store` must outlive the service, which must outlive all its calls.
class CustomerService {
 public:
  explicit CustomerService(storage::Store* store) : store_(store) {}
  CustomerService(const CustomerService&) = delete;
  CustomerService& operator=(const CustomerService&) = delete;

  void AddTo(MethodTable& table);

  void UpsertCustomer(const RequestContext& context, const v1::UpsertCustomerRequest& request,
                      v1::UpsertCustomerResponse& response, ReplyHandle reply);
  absl::Status GetCustomer(const RequestContext& context, const v1::GetCustomerRequest& request,
                           v1::GetCustomerResponse& response) const;

 private:
  storage::Store* const store_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_SERVICES_CUSTOMER_SERVICE_H_
