// What it costs to say who one is, and to encrypt.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_OPERATIONS_ACCESS_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_OPERATIONS_ACCESS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "tools/chairbench/base/figure.h"
#include "tools/chairbench/servers/workspace.h"

namespace emptychair::bench {

// Single answers and questions with a key; the limit is the same server's, by turns, for anonymous
// callers. `workspace` has no server.
absl::StatusOr<std::vector<Figure>> MeasureKeys(Workspace& workspace);

// Single answers, and batches by the stream, over TLS; the limit is a server in plain text, by
// turns. Makes the certificate by the program `openssl`. `workspace` has no server.
absl::StatusOr<std::vector<Figure>> MeasureTls(Workspace& workspace);

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_OPERATIONS_ACCESS_H_
