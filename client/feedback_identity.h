// Identity for records whose caller gives them none.
#ifndef EMPTYCHAIR_CLIENT_FEEDBACK_IDENTITY_H_
#define EMPTYCHAIR_CLIENT_FEEDBACK_IDENTITY_H_

#include "absl/time/time.h"
#include "emptychair/v1/feedback_service.pb.h"

namespace emptychair {

// Whether the record has neither id.
inline bool LacksId(const v1::Feedback& feedback) {
  return feedback.feedback_id().empty() && feedback.external_id().empty();
}

// Gives a record that lacks an id one of its occur_time, or else of `now`, which is then its
// occur_time. To be done once, before the first attempt.
void FillId(v1::Feedback& feedback, absl::Time now);

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_FEEDBACK_IDENTITY_H_
