// Measures how fast chairctl writes and reads files.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_SCENARIOS_FILES_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_SCENARIOS_FILES_H_

#include <vector>

#include "absl/status/statusor.h"
#include "tools/chairbench/base/figure.h"
#include "tools/chairbench/servers/workspace.h"

namespace emptychair::bench {

// Loads `options.answers` by the stream, then has the real chairctl export and list them, and
// import as many rows of a file of other headings into a survey of its own. The limit of the import
// is the stream; each figure has beside it the most memory that chairctl had.
absl::StatusOr<std::vector<Figure>> MeasureFiles(Workspace& workspace);

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_SCENARIOS_FILES_H_
