// Lists what was done.
#ifndef EMPTYCHAIR_SERVER_ACCESS_AUDIT_LIST_H_
#define EMPTYCHAIR_SERVER_ACCESS_AUDIT_LIST_H_

#include "absl/status/status.h"
#include "emptychair/v1/access_service.pb.h"
#include "storage/store.h"

namespace emptychair {

// Reads a page. Errors: FIELD_INVALID, PAGE_TOKEN_INVALID, STORE_DAMAGED.
absl::Status ListAudit(const storage::Store& store, const v1::ListAuditEventsRequest& request,
                       v1::ListAuditEventsResponse& response);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ACCESS_AUDIT_LIST_H_
