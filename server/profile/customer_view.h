// Sums one customer up.
#ifndef EMPTYCHAIR_SERVER_PROFILE_CUSTOMER_VIEW_H_
#define EMPTYCHAIR_SERVER_PROFILE_CUSTOMER_VIEW_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "emptychair/v1/customer_service.pb.h"
#include "storage/store.h"

namespace emptychair {

// Sums up what the customer said and did before `as_of` of the request, or before `now` without
// one. Attributes are as they are now. A subscription, which has no activities of its own, is told
// of where the customer has any of the kinds that start and end it.
//
// Reads all answers and activities of the customer before that time, once: some microseconds for
// each. Memory: an answer for each survey, a number for each active day. Damage is an error and
// nothing is left out, because sums would be wrong. Errors: FIELD_REQUIRED; FIELD_INVALID, also for
// amounts that together have no room; CUSTOMER_NOT_FOUND, ZONE_UNKNOWN, STORE_DAMAGED.
absl::Status SumUpCustomer(const storage::Store& store, const v1::GetCustomerViewRequest& request,
                           absl::Time now, v1::GetCustomerViewResponse& response);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_PROFILE_CUSTOMER_VIEW_H_
