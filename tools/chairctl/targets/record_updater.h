// Amends stored records by what a file says.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_TARGETS_RECORD_UPDATER_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_TARGETS_RECORD_UPDATER_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "emptychair/client/client.h"
#include "emptychair/v1/feedback_service.pb.h"

namespace emptychair {

// Makes the stored record of the same id say what `record` says: score, comment and labels, each
// where `record` has it; labels key by key. Whether anything was changed. CONTENT_DIFFERS when its
// time or customer is another one, which no change can make the same; errors of the service.
absl::StatusOr<bool> UpdateRecord(const Client& client, const v1::Feedback& record);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_TARGETS_RECORD_UPDATER_H_
