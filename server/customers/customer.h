// Customers as the API has them.
#ifndef EMPTYCHAIR_SERVER_CUSTOMERS_CUSTOMER_H_
#define EMPTYCHAIR_SERVER_CUSTOMERS_CUSTOMER_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "emptychair/v1/customer_service.pb.h"
#include "storage/read/view.h"
#include "storage/state/command.h"
#include "storage/store.h"

namespace emptychair {

// Checks the request and makes its command. Errors: FIELD_REQUIRED, FIELD_INVALID.
absl::StatusOr<storage::CommandPtr> PrepareUpsertCustomer(const v1::UpsertCustomerRequest& request);

// The customer at the view. Errors on "customer_id": FIELD_REQUIRED, FIELD_INVALID;
// CUSTOMER_NOT_FOUND, STORE_DAMAGED.
absl::StatusOr<v1::Customer> FindCustomer(const storage::Store& store, const storage::View& view,
                                          absl::string_view customer_id);

// Checks the request and makes its command. Errors: FIELD_REQUIRED, FIELD_INVALID.
absl::StatusOr<storage::CommandPtr> PrepareEraseCustomer(const v1::EraseCustomerRequest& request,
                                                         absl::Time now);

// The number of the same. Errors: the same.
absl::StatusOr<uint32_t> FindCustomerOrdinal(const storage::Store& store, const storage::View& view,
                                             absl::string_view customer_id);

v1::Customer ToApi(const store::v1::StoredCustomer& customer);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_CUSTOMERS_CUSTOMER_H_
