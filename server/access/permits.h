// What is told to callers, and taken from them, by what they may do.
#ifndef EMPTYCHAIR_SERVER_ACCESS_PERMITS_H_
#define EMPTYCHAIR_SERVER_ACCESS_PERMITS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "emptychair/v1/access_options.pb.h"
#include "server/api/request_context.h"

namespace emptychair {

// NOT_PERMITTED: `what`, the subject of the sentence, needs the permission.
absl::Status NotPermitted(const Caller& caller, v1::Permission permission, absl::string_view what);

// OK if the caller has the permission; else NOT_PERMITTED.
absl::Status CheckPermitted(const Caller& caller, v1::Permission permission,
                            absl::string_view what);

// The error as the caller may hear it: to one who may not read records CONTENT_DIFFERS does not say
// in what, nor which record it was.
absl::Status AsToldTo(const Caller& caller, const absl::Status& error);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ACCESS_PERMITS_H_
