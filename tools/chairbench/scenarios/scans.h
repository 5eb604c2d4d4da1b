// Questions that no sum answers, which read every answer.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_SCENARIOS_SCANS_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_SCENARIOS_SCANS_H_

#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "tools/chairbench/base/figure.h"
#include "tools/chairbench/records/windows.h"
#include "tools/chairbench/servers/workspace.h"

namespace emptychair::bench {

// Asks each question once and then five times more: what the first time took, the median of the
// later ones, and what was answered, so that others can be compared; and the bytes of a record in
// columns, where the server has such. It has the answers of `period`, and nobody has asked it a
// question of this kind yet.
absl::StatusOr<std::vector<Figure>> AskScans(Target& server, const Window& period);

// Asks for each customer's last answer every so often, on a thread of its own, until it is
// destroyed: so columns are there and follow what comes in.
class ScansBeside {
 public:
  // `server` must outlive this. Without a period nothing is asked.
  ScansBeside(Target& server, absl::Duration period);
  ~ScansBeside();

 private:
  absl::Notification is_over_;
  std::thread asker_;
};

// Loads the answers, then asks.
absl::StatusOr<std::vector<Figure>> MeasureScans(Workspace& workspace);

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_SCENARIOS_SCANS_H_
