// Measures what the client library costs.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_SCENARIOS_CLIENT_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_SCENARIOS_CLIENT_H_

#include <vector>

#include "absl/status/statusor.h"
#include "tools/chairbench/base/figure.h"
#include "tools/chairbench/servers/workspace.h"

namespace emptychair::bench {

// Answers by FeedbackWriter, which as many threads give them to as there are streams; the limit is
// the same answers by those streams, in turns.
absl::StatusOr<std::vector<Figure>> MeasureWriter(Workspace& workspace);

// Single answers by AsyncSubmitFeedback; the limit is the same calls by bare stubs, in turns. The
// figures `client_channels_…` are those of a client with several channels beside one with one.
absl::StatusOr<std::vector<Figure>> MeasureClient(Workspace& workspace);

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_SCENARIOS_CLIENT_H_
