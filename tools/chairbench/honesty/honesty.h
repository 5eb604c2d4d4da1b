// Tries on a server whether intervals hold the truth, and verdicts are right, as often as they say.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_HONESTY_HONESTY_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_HONESTY_HONESTY_H_

#include <ostream>
#include <string>

#include "absl/status/statusor.h"
#include "tools/chairbench/honesty/row.h"
#include "tools/chairbench/servers/workspace.h"

namespace emptychair::bench {

struct HonestyOptions {
  // Of replicates, above 0 to 1.
  double scale = 1;
  // Only the settings whose name has this; empty: all.
  std::string only;
};

// Loads surveys of customers whose opinions are known, asks, and counts how often the answers are
// right. The server has been started for this. Tells `progress` which setting is done, and at the
// end what it all took. The rows depend on the seed and the scale, not on time or threads.
absl::StatusOr<HonestyRows> CheckHonesty(Workspace& workspace, const HonestyOptions& options,
                                         std::ostream& progress);

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_HONESTY_HONESTY_H_
