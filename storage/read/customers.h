// Customers: from an id to the number that stands for it, and back.
#ifndef EMPTYCHAIR_STORAGE_READ_CUSTOMERS_H_
#define EMPTYCHAIR_STORAGE_READ_CUSTOMERS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "emptychair/store/v1/value.pb.h"
#include "storage/format/keys.h"

namespace emptychair::storage {

// A customer has at most so many attributes.
inline constexpr int kAttributesMax = 64;

// Reads an entry of the column family `customer`; false when there is none.
using GetCustomerEntry =
    absl::FunctionRef<absl::StatusOr<bool>(const std::string& key, std::string* value)>;

// Reads the customer with the number, which is not kAnonymous. Errors: STORE_DAMAGED, those of
// `get`.
absl::StatusOr<store::v1::StoredCustomer> ReadCustomer(uint32_t customer_ordinal,
                                                       GetCustomerEntry get);

// Reads the customer's id alone; empty for kAnonymous. Errors: the same.
absl::StatusOr<std::string> ReadCustomerId(uint32_t customer_ordinal, GetCustomerEntry get);

// What is under the hash of an id.
struct CustomerLookup {
  // The customer's number, if it has one.
  std::optional<uint32_t> ordinal;
  bool has_attributes = false;
  // The numbers of all whose ids share the start of the hash.
  std::vector<uint32_t> sharing;
};

// Looks up the customer with the id, whose hash is given. Compares ids, so that two which share a
// hash are never taken for one. Errors: STORE_DAMAGED, those of `get`.
absl::StatusOr<CustomerLookup> LookUpCustomer(absl::string_view customer_id, const IdHash& hash,
                                              GetCustomerEntry get);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_READ_CUSTOMERS_H_
