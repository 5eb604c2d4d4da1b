#include "storage/read/customers.h"

#include <utility>

#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "emptychair/store/v1/value.pb.h"
#include "storage/format/values.h"

namespace emptychair::storage {

absl::StatusOr<store::v1::StoredCustomer> ReadCustomer(uint32_t customer_ordinal,
                                                       GetCustomerEntry get) {
  std::string value;
  ASSIGN_OR_RETURN(const bool found, get(CustomerByOrdinalKey(customer_ordinal), &value));
  store::v1::StoredCustomer customer;
  if (!found || !DecodeMessage(value, customer)) {
    return Error(v1::ERROR_REASON_STORE_DAMAGED, "a customer cannot be decoded");
  }
  return customer;
}

absl::StatusOr<std::string> ReadCustomerId(uint32_t customer_ordinal, GetCustomerEntry get) {
  if (customer_ordinal == kAnonymous) {
    return "";
  }
  ASSIGN_OR_RETURN(store::v1::StoredCustomer customer, ReadCustomer(customer_ordinal, get));
  return std::move(*customer.mutable_customer_id());
}

absl::StatusOr<CustomerLookup> LookUpCustomer(absl::string_view customer_id, const IdHash& hash,
                                              GetCustomerEntry get) {
  CustomerLookup lookup;
  std::string value;
  ASSIGN_OR_RETURN(const bool found, get(CustomerByIdKey(hash), &value));
  if (!found) {
    return lookup;
  }
  std::optional<std::vector<uint32_t>> ordinals = DecodeOrdinals(value);
  if (!ordinals.has_value()) {
    return Error(v1::ERROR_REASON_STORE_DAMAGED, "an entry of a customer cannot be decoded");
  }
  lookup.sharing = *std::move(ordinals);
  for (const uint32_t ordinal : lookup.sharing) {
    ASSIGN_OR_RETURN(const store::v1::StoredCustomer stored, ReadCustomer(ordinal, get));
    if (stored.customer_id() == customer_id) {
      lookup.ordinal = ordinal;
      lookup.has_attributes = !stored.attributes().empty();
    }
  }
  return lookup;
}

}  // namespace emptychair::storage
