// Measures how fast answers are taken in.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_SCENARIOS_INGEST_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_SCENARIOS_INGEST_H_

#include <vector>

#include "absl/status/statusor.h"
#include "tools/chairbench/base/figure.h"
#include "tools/chairbench/servers/workspace.h"

namespace emptychair::bench {

// Product and limit take turns of a fifth of the time each, so that what else the machine does
// hits both; figures are medians of the turns.

// Single calls; the limit is an echo of the same message. The figures `unary_group_commit_…` are
// those of an echo that makes what it got durable before it answers, as GroupCommit does.
absl::StatusOr<std::vector<Figure>> MeasureUnary(Workspace& workspace);

// Batches; the limit is the same bytes in synced writes of a batch each, with nothing asked before.
absl::StatusOr<std::vector<Figure>> MeasureBatch(Workspace& workspace);

// The same by the stream.
absl::StatusOr<std::vector<Figure>> MeasureStream(Workspace& workspace);

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_SCENARIOS_INGEST_H_
