#include "server/customers/customer.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "server/request/labels.h"
#include "server/request/validation.h"
#include "storage/read/customers.h"

namespace emptychair {
namespace {

absl::Status NotFound(absl::string_view customer_id) {
  return Error(v1::ERROR_REASON_CUSTOMER_NOT_FOUND,
               absl::StrCat("customer_id: there is no customer ", Quoted(customer_id)),
               {{"customer_id", std::string(customer_id)}});
}

}  // namespace

absl::StatusOr<storage::CommandPtr> PrepareUpsertCustomer(
    const v1::UpsertCustomerRequest& request) {
  if (!request.has_customer()) {
    return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, "customer", "must be given");
  }
  RETURN_IF_ERROR(CheckId("customer.customer_id", request.customer().customer_id()));
  auto command = storage::NewCommand();
  store::v1::UpsertCustomerCommand& upsert = *command->mutable_upsert_customer();
  upsert.set_customer_id(request.customer().customer_id());
  RETURN_IF_ERROR(TakeLabels("customer.attributes", request.customer().attributes(),
                             {.max = storage::kAttributesMax, .takes_empty_values = true},
                             *upsert.mutable_attributes()));
  return command;
}

absl::StatusOr<v1::Customer> FindCustomer(const storage::Store& store, const storage::View& view,
                                          absl::string_view customer_id) {
  RETURN_IF_ERROR(CheckId("customer_id", customer_id));
  ASSIGN_OR_RETURN(const std::optional<store::v1::StoredCustomer> customer,
                   store.records().Customer(view, customer_id));
  return customer.has_value() ? absl::StatusOr<v1::Customer>(ToApi(*customer))
                              : NotFound(customer_id);
}

absl::StatusOr<uint32_t> FindCustomerOrdinal(const storage::Store& store, const storage::View& view,
                                             absl::string_view customer_id) {
  RETURN_IF_ERROR(CheckId("customer_id", customer_id));
  ASSIGN_OR_RETURN(const std::optional<uint32_t> ordinal,
                   store.records().CustomerOrdinal(view, customer_id));
  return ordinal.has_value() ? absl::StatusOr<uint32_t>(*ordinal) : NotFound(customer_id);
}

absl::StatusOr<storage::CommandPtr> PrepareEraseCustomer(const v1::EraseCustomerRequest& request,
                                                         absl::Time now) {
  RETURN_IF_ERROR(CheckId("customer_id", request.customer_id()));
  RETURN_IF_ERROR(CheckEnum("mode", request.mode(), v1::EraseMode_IsValid));
  if (request.mode() == v1::ERASE_MODE_UNSPECIFIED) {
    return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, "mode",
                      "must be given: ERASE_MODE_DELETE or ERASE_MODE_ANONYMIZE");
  }
  auto command = storage::NewCommand();
  store::v1::EraseCustomerCommand& erase = *command->mutable_erase_customer();
  erase.set_customer_id(request.customer_id());
  erase.set_mode(request.mode());
  erase.set_time_ms(absl::ToUnixMillis(now));
  return command;
}

v1::Customer ToApi(const store::v1::StoredCustomer& customer) {
  v1::Customer api;
  api.set_customer_id(customer.customer_id());
  for (const store::v1::StoredLabel& attribute : customer.attributes()) {
    (*api.mutable_attributes())[attribute.key()] = attribute.value();
  }
  api.set_sequence(static_cast<int64_t>(customer.sequence()));
  return api;
}

}  // namespace emptychair
