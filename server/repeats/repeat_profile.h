// Tells what was measured of how much customers repeat themselves.
#ifndef EMPTYCHAIR_SERVER_REPEATS_REPEAT_PROFILE_H_
#define EMPTYCHAIR_SERVER_REPEATS_REPEAT_PROFILE_H_

#include "absl/status/status.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "storage/read/view.h"

namespace emptychair {

// Writes the profile of a survey of the view. Errors: EFFECTS_UNKNOWN.
absl::Status WriteRepeatProfile(const storage::View& view, const storage::SurveyView& survey,
                                v1::GetRepeatProfileResponse& response);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_REPEATS_REPEAT_PROFILE_H_
