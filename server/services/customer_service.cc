#include "server/services/customer_service.h"

#include <memory>
#include <utility>

#include "common/base/status_macros.h"
#include "server/customers/customer.h"
#include "server/services/submit.h"

namespace emptychair {

void CustomerService::AddTo(MethodTable& table) {
  table.push_back(MethodSpec::AtOnce(Bind(this, &CustomerService::UpsertCustomer)));
  table.push_back(MethodSpec::RunOn(Lane::kQuery, Bind(this, &CustomerService::GetCustomer)));
}

void CustomerService::UpsertCustomer(const RequestContext&,
                                     const v1::UpsertCustomerRequest& request,
                                     v1::UpsertCustomerResponse& response, ReplyHandle reply) {
  SubmitCommand(*store_, PrepareUpsertCustomer(request), std::move(reply),
                [&response](const storage::CommandResult& result) {
                  *response.mutable_customer() = ToApi(*result.customer);
                  response.set_sequence(static_cast<int64_t>(result.sequence));
                  return absl::OkStatus();
                });
}

absl::Status CustomerService::GetCustomer(const RequestContext&,
                                          const v1::GetCustomerRequest& request,
                                          v1::GetCustomerResponse& response) const {
  const std::shared_ptr<const storage::View> view = store_->view();
  ASSIGN_OR_RETURN(*response.mutable_customer(),
                   FindCustomer(*store_, *view, request.customer_id()));
  response.set_sequence(static_cast<int64_t>(view->counters.sequence()));
  return absl::OkStatus();
}

}  // namespace emptychair
