// Customers, as commands find and change them.
#ifndef EMPTYCHAIR_STORAGE_APPLY_APPLY_CUSTOMER_H_
#define EMPTYCHAIR_STORAGE_APPLY_APPLY_CUSTOMER_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "emptychair/store/v1/command.pb.h"
#include "storage/state/command_result.h"
#include "storage/state/customer_cache.h"
#include "storage/state/working_state.h"
#include "storage/state/write_group.h"

namespace emptychair::storage {

// Labels are filled in while an answer has fewer than so many, as many as can be sent.
inline constexpr int kFilledLabelsMax = 32;

// The customer with the id, which is not empty; nothing for one that is not known. Errors:
// STORE_DAMAGED.
absl::StatusOr<std::optional<KnownCustomer>> FindCustomer(const std::string& customer_id,
                                                          WorkingState& state,
                                                          const WriteGroup& group);

// The same; one that is not known gets an ordinal. Nobody for an empty id.
absl::StatusOr<KnownCustomer> FindOrAddCustomer(const std::string& customer_id, WorkingState& state,
                                                WriteGroup& group);

// Adds to the labels of an answer those that the customer's attributes say: of each dimension in
// use that the answer lacks, while it has fewer labels than it may. Errors: STORE_DAMAGED.
absl::Status FillLabels(uint32_t customer_ordinal, const store::v1::StoredSurvey& survey,
                        const WriteGroup& group, store::v1::StoredFeedback& body);

// Takes a customer's id and attributes away, for ever: of the number an entry without an id is
// left. Answers the number, or nothing for a customer who is not known. Errors: STORE_DAMAGED.
absl::StatusOr<std::optional<uint32_t>> ForgetCustomer(const std::string& customer_id,
                                                       WorkingState& state, WriteGroup& group);

// The same of the customer whose id has this hash.
absl::StatusOr<std::optional<uint32_t>> ForgetCustomer(const IdHash& hash, WorkingState& state,
                                                       WriteGroup& group);

// Changes attributes of a customer. Errors: LIMIT_REACHED, STORE_DAMAGED.
CommandResult ApplyUpsertCustomer(const store::v1::UpsertCustomerCommand& command,
                                  WorkingState& state, WriteGroup& group);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_APPLY_APPLY_CUSTOMER_H_
