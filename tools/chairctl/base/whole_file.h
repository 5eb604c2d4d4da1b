// Files that are written as a whole or not at all.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_WHOLE_FILE_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_WHOLE_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace emptychair {

// Writes `content` to the file `path`, which `flag` named, all or nothing: what was there stays
// until all is written. FIELD_INVALID on `flag` names the file and says why it cannot be written.
absl::Status WriteWholeFile(absl::string_view flag, const std::string& path,
                            absl::string_view content);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_WHOLE_FILE_H_
