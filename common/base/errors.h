// The one way to make an error of the service; emptychair/error.h, which comes with it, reads them.
//
// An error is an absl::Status whose payloads are the google.rpc details, each under its type URL:
// exactly one ErrorInfo, for fields a BadRequest, for pushback a RetryInfo. The details travel as
// they are through `ToProto` and `FromProto`, so nothing is lost between the place that refuses
// and the caller that reads the refusal.
#ifndef EMPTYCHAIR_COMMON_BASE_ERRORS_H_
#define EMPTYCHAIR_COMMON_BASE_ERRORS_H_

#include <initializer_list>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "emptychair/error.h"
#include "emptychair/v1/error_reason.pb.h"
#include "google/rpc/status.pb.h"

namespace emptychair {

// Domain of every ErrorInfo this project makes.
inline constexpr absl::string_view kErrorDomain = "emptychair";

using ErrorMetadata = std::initializer_list<std::pair<absl::string_view, absl::string_view>>;

// The status code that `reason` always has.
absl::StatusCode CodeOf(v1::ErrorReason reason);

// The name of `reason` as it stands in ErrorInfo: without the enum's prefix.
absl::string_view ReasonName(v1::ErrorReason reason);

// An error with `reason`. `message` is one sentence that says what came and what was wanted.
absl::Status Error(v1::ErrorReason reason, absl::string_view message, ErrorMetadata metadata = {});

// An error about one field: adds a BadRequest and the metadata `field`. `field` is the path in the
// request, for example "feedback.labels". The status message becomes "<field>: <description>".
absl::Status FieldError(v1::ErrorReason reason, absl::string_view field,
                        absl::string_view description, ErrorMetadata metadata = {});

// The error of a part of the request that lies at `path`: its field "score" becomes "<path>.score",
// in the sentence, too. An error that is about no field stays as it is.
absl::Status AtPath(absl::string_view path, const absl::Status& status);

// An error that can be tried again after `retry_delay`.
absl::Status RetryableError(v1::ErrorReason reason, absl::string_view message,
                            absl::Duration retry_delay, ErrorMetadata metadata = {});

// The error of a server that is stopping: SHUTTING_DOWN, with a second's delay.
absl::Status ShuttingDownError();

// The status as a message, with all its details in the order of their type URLs; `FromProto` is the
// way back.
google::rpc::Status ToProto(const absl::Status& status);

// `text` with all escaped that would not be seen as what it is: control characters as `\n` or
// `\x1b`, bytes that are not UTF-8 as `\xff`, and as `\u202e` the marks that break a line or turn
// the direction of what stands around them (U+2028, U+2029, U+202A to U+202E, U+2066 to U+2069),
// unless `keeps_marks`, where something else holds them. What is so escaped stays as it is when it
// is escaped again.
std::string Visible(absl::string_view text, bool keeps_marks = false);

// `text` cut to at most `bytes_max` bytes, between two characters, and quoted, for use in messages
// about bad input: visible, with `"` and `\` escaped, so that no input can forge a log line.
std::string Quoted(absl::string_view text, size_t bytes_max = 64);

}  // namespace emptychair

#endif  // EMPTYCHAIR_COMMON_BASE_ERRORS_H_
