// `chairctl feedback import` and `activity import`: a file becomes records.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_IMPORT_FILE_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_IMPORT_FILE_H_

#include <string>

#include "tools/chairctl/base/session.h"
#include "tools/chairctl/import/import_rules.h"
#include "tools/chairctl/import/import_target.h"

namespace emptychair {

// Imports `file`, or the standard input for `-`: makes the plan of it, refuses what is not
// understood, and sends the rest. `rules` are those of the target's type. Answers the exit code.
int ImportFile(Session& session, ImportTarget& target, const std::string& file,
               const ImportRules& rules);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_IMPORT_FILE_H_
