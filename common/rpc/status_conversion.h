// The one place where a status of the service becomes a status of gRPC and back.
#ifndef EMPTYCHAIR_COMMON_RPC_STATUS_CONVERSION_H_
#define EMPTYCHAIR_COMMON_RPC_STATUS_CONVERSION_H_

#include <cstddef>

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace emptychair {

// The longest message of an error on the wire, in bytes. gRPC escapes each byte that is not
// printable ASCII as three, beside the copy in the details.
inline constexpr size_t kStatusMessageBytesMax = 768;

// The largest google.rpc.Status in the trailer `grpc-status-details-bin`, in bytes. Trailers of
// more than 8 KiB in all make gRPC replace the whole error.
inline constexpr size_t kStatusDetailsBytesMax = 4096;

// Converts to what a call answers: code, message, and all payloads of `status` as the details of a
// google.rpc.Status. A status without payloads passes with code and message alone.
//
// Within the limits above `FromGrpc(ToGrpc(s)) == s`. Past them it gives up, in this order and only
// as much as is needed: the end of the message, BadRequest violations from the end, more of the
// message, details other than ErrorInfo and RetryInfo, the metadata of ErrorInfo. Code and reason
// always arrive. Bytes of the message that are not UTF-8 become '?'.
grpc::Status ToGrpc(const absl::Status& status);

// Converts what a call was answered. Details that do not parse are left out.
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace emptychair

#endif  // EMPTYCHAIR_COMMON_RPC_STATUS_CONVERSION_H_
