// What one customer said and did, and what staff did to what was said, in one order.
#ifndef EMPTYCHAIR_SERVER_PROFILE_TIMELINE_H_
#define EMPTYCHAIR_SERVER_PROFILE_TIMELINE_H_

#include "absl/status/status.h"
#include "emptychair/v1/customer_service.pb.h"
#include "storage/store.h"

namespace emptychair {

// Reads a page of the timeline. It ends when it has as many entries as asked for or a mebibyte.
// Newest first; of one time corrections come before answers, and those before activities, which are
// in the order of their kinds' numbers; then ids decide. So an entry keeps its place as long as it
// stays, and a page goes on behind the last entry of the one before.
//
// Reads no more activities than the page has. Of answers it reads all that the customer ever gave,
// for each page: when an answer was corrected is known from the answer alone, and an old one can
// have been corrected last. That takes some microseconds for each. Memory: a page.
//
// Errors: FIELD_REQUIRED, FIELD_INVALID, PAGE_TOKEN_INVALID, CUSTOMER_NOT_FOUND, STORE_DAMAGED.
absl::Status ReadTimeline(const storage::Store& store, const v1::ListTimelineRequest& request,
                          v1::ListTimelineResponse& response);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_PROFILE_TIMELINE_H_
