// What backups cost those who write, and how much they copy.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_OPERATIONS_BACKUPS_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_OPERATIONS_BACKUPS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "emptychair/v1/admin_service.pb.h"
#include "tools/chairbench/base/figure.h"
#include "tools/chairbench/servers/workspace.h"

namespace emptychair::bench {

// Has `server`, which has a directory for them, make a backup.
absl::StatusOr<v1::Backup> MakeBackup(const Target& server);

// The files that a backup, by the text of its manifest, does not share with the one before it.
std::vector<std::string> NewFiles(absl::string_view before, absl::string_view manifest);

// Batches by the stream, and single answers one after the other beside them, while one backup after
// the other is made; the limit is the same without backups, by turns. Before that the store gets
// the answers of the options. `workspace` has no server.
absl::StatusOr<std::vector<Figure>> MeasureBackups(Workspace& workspace);

// What backups copy: of all answers, again of the idle store, and after each hundredth that is
// added. `workspace` has no server.
absl::StatusOr<std::vector<Figure>> MeasureIncrements(Workspace& workspace);

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_OPERATIONS_BACKUPS_H_
