// `chairctl feedback import`: a file becomes records of a survey.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_IMPORT_FILE_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_IMPORT_FILE_H_

#include <string>

#include "tools/chairctl/base/session.h"
#include "tools/chairctl/import/import_rules.h"

namespace emptychair {

// Imports `file`, or the standard input for `-`, into a survey: makes the plan of it, refuses what
// is not understood, and sends the rest. Answers the exit code.
int ImportFile(Session& session, const std::string& survey_id, const std::string& file,
               const ImportRules& rules);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_IMPORT_FILE_H_
