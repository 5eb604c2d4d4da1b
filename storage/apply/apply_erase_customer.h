// The part of apply.h for the erasure of customers.
#ifndef EMPTYCHAIR_STORAGE_APPLY_APPLY_ERASE_CUSTOMER_H_
#define EMPTYCHAIR_STORAGE_APPLY_APPLY_ERASE_CUSTOMER_H_

#include <cstdint>

#include "emptychair/store/v1/command.pb.h"
#include "storage/state/command.h"
#include "storage/state/command_result.h"
#include "storage/state/working_state.h"
#include "storage/state/write_group.h"

namespace emptychair::storage {

// Takes a customer's id and attributes away and hides the customer; what the customer said and did
// follows in steps, of which the first is `follow_up`. One that is not known changes nothing; of
// others `changed` is 1. Errors: STORE_DAMAGED.
CommandResult ApplyEraseCustomer(const store::v1::EraseCustomerCommand& command,
                                 WorkingState& state, WriteGroup& group);

// Does the same for an entry of the ledger, which has the hash of the customer's id.
CommandResult EraseCustomerAgain(const store::v1::StoredLedgerEntry& entry, WorkingState& state,
                                 WriteGroup& group);

// Erases a part of what a customer said and did, each record as a change of its own; the next step
// is `follow_up`. Errors: STORE_DAMAGED where an index cannot be read; the customer
// then stays hidden, and the erasure begins anew with the store's next start.
CommandResult ApplyPurgeCustomer(const store::v1::PurgeCustomerCommand& command,
                                 WorkingState& state, WriteGroup& group);

// The first step, which can come again: what is done is not done twice.
CommandPtr FirstCustomerPurge(uint32_t customer_ordinal);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_APPLY_APPLY_ERASE_CUSTOMER_H_
