// Checks text before it is sent: a proto3 `string` must be UTF-8.
#ifndef EMPTYCHAIR_CLIENT_UTF8_H_
#define EMPTYCHAIR_CLIENT_UTF8_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "emptychair/v1/customer_service.pb.h"
#include "emptychair/v1/feedback_service.pb.h"
#include "google/protobuf/message.h"

namespace emptychair {

// Returns whether `text` is UTF-8 as RFC 3629 defines it: shortest forms, no surrogates, nothing
// above U+10FFFF.
bool IsValidUtf8(absl::string_view text);

// Looks at every string in `message`, at any depth. FIELD_INVALID with the path of the first that
// is not UTF-8, for example `feedback[3].labels["channel"]`.
absl::Status CheckUtf8(const google::protobuf::Message& message);
// The same at a fraction of the time, for those who send many.
absl::Status CheckUtf8(const v1::SubmitFeedbackRequest& request);
absl::Status CheckUtf8(const v1::BatchSubmitFeedbackRequest& request);
absl::Status CheckUtf8(const v1::StreamFeedbackRequest& request);
absl::Status CheckUtf8(const v1::StreamActivitiesRequest& request);
// Of a record; its fields' paths begin with "feedback.".
absl::Status CheckUtf8(const v1::Feedback& feedback);

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_UTF8_H_
