#include "client/feedback_identity.h"

#include "common/base/timestamp.h"
#include "emptychair/client/feedback_id.h"

namespace emptychair {

void FillId(v1::Feedback& feedback, absl::Time now) {
  if (!feedback.has_occur_time()) {
    *feedback.mutable_occur_time() = ToTimestamp(absl::FromUnixMillis(absl::ToUnixMillis(now)));
  }
  feedback.set_feedback_id(NewFeedbackId(FromTimestamp(feedback.occur_time())));
}

}  // namespace emptychair
