// Reads what an error of the service says.
//
// An error is an absl::Status: a code, a sentence for people, and the google.rpc details as
// payloads, each under its type URL. The functions below read the details; none of them parses the
// sentence, which can change.
#ifndef EMPTYCHAIR_ERROR_H_
#define EMPTYCHAIR_ERROR_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "emptychair/v1/error_reason.pb.h"
#include "google/rpc/status.pb.h"

namespace emptychair {

// Why the call was refused; which code and metadata go with each reason is said in
// emptychair/v1/error_reason.proto. ERROR_REASON_UNSPECIFIED for a status that is OK, that came
// from the transport and not from the service, or whose reason is newer than this library.
v1::ErrorReason ReasonOf(const absl::Status& status);

// The reason as it was sent, "SURVEY_NOT_FOUND"; empty for a status that has none.
std::string ReasonNameOf(const absl::Status& status);

// Further facts by key, as the reason defines them; empty for a status that has none.
std::map<std::string, std::string> MetadataOf(const absl::Status& status);

// Paths of the fields at fault, for example "feedback.labels"; empty for a status that names none.
std::vector<std::string> FieldsOf(const absl::Status& status);

// Returns the delay before the same call may be sent again; nothing for a status without one.
std::optional<absl::Duration> RetryDelayOf(const absl::Status& status);

// The status that a message carries, for example a failure of a batch, with all its details.
absl::Status FromProto(const google::rpc::Status& proto);

}  // namespace emptychair

#endif  // EMPTYCHAIR_ERROR_H_
