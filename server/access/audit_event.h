// What the audit tells of calls.
#ifndef EMPTYCHAIR_SERVER_ACCESS_AUDIT_EVENT_H_
#define EMPTYCHAIR_SERVER_ACCESS_AUDIT_EVENT_H_

#include "absl/time/time.h"
#include "emptychair/store/v1/value.pb.h"
#include "emptychair/v1/access_service.pb.h"
#include "google/protobuf/message.h"
#include "server/api/request_context.h"
#include "storage/format/keyed_hash.h"

namespace emptychair {

// Who calls, which method, and what `request` names: surveys, records, keys, the fields of its
// mask. Never a value, a comment, or the id of a customer; ids that callers chose for records as
// keyed hashes.
store::v1::StoredAuditEvent AuditOf(const RequestContext& context,
                                    const google::protobuf::Message& request,
                                    const storage::KeyedHash& hash, absl::Time now);

// How a caller proved who it is, as the API and the store name it.
v1::CallerKind ToApi(Caller::Kind kind);

// The event as calls tell it.
v1::AuditEvent ToApi(uint64_t number, const store::v1::StoredAuditEvent& stored);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ACCESS_AUDIT_EVENT_H_
