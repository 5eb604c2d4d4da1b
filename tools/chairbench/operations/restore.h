// How long it takes to have a store back.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_OPERATIONS_RESTORE_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_OPERATIONS_RESTORE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tools/chairbench/base/figure.h"
#include "tools/chairbench/servers/workspace.h"

namespace emptychair::bench {

// The number that a report of chairstore has under `name`, if it has one.
std::optional<int64_t> NumberIn(absl::string_view report, absl::string_view name);

// Loads the answers, makes a backup, erases a thousand, stops the server, restores by the
// chairstore beside this program, and starts a server on what was restored: an error unless it has
// all answers but those, and the report no difference. `workspace` has no server.
absl::StatusOr<std::vector<Figure>> MeasureRestore(Workspace& workspace);

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_OPERATIONS_RESTORE_H_
