// The commands of chairctl, each defined in the file of its name, here or in a folder below.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_COMMANDS_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_COMMANDS_H_

#include <functional>

#include "tools/chairctl/base/session.h"
#include "tools/command_line/command_line.h"

namespace emptychair {

// Runs a command once flags and settings are read; answers the exit code.
using Command = std::function<int(Session&)>;

// Add the groups of commands to `app`. A command that is chosen sets `*command`.
void AddSurveyCommands(CommandLine app, Command* command);
void AddFeedbackCommands(CommandLine app, Command* command);
void AddCustomerCommands(CommandLine app, Command* command);
void AddActivityCommands(CommandLine app, Command* command);
void AddMetricCommands(CommandLine app, Command* command);
void AddAdminCommands(CommandLine app, Command* command);
void AddBackupCommands(CommandLine app, Command* command);
// Adds the group `key`, and `whoami`.
void AddKeyCommands(CommandLine app, Command* command);
void AddAuditCommands(CommandLine app, Command* command);

// Adds `verify` to the group `audit`.
void AddAuditVerifyCommand(CommandLine group, Command* command);

// Adds `export` and `import` to the group `survey`.
void AddSurveyExportCommands(CommandLine group, Command* command);

// Adds `repeats` to the group `survey`.
void AddSurveyRepeatsCommand(CommandLine group, Command* command);

// Add `import`; `list`; `export`; `watch`; `amend`, `exclude`, `include` and `erase` to the group
// `feedback`.
void AddFeedbackImportCommand(CommandLine group, Command* command);
void AddFeedbackListCommand(CommandLine group, Command* command);
void AddFeedbackExportCommand(CommandLine group, Command* command);
void AddFeedbackWatchCommand(CommandLine group, Command* command);
void AddFeedbackChangeCommands(CommandLine group, Command* command);

// Add `import`; `list`; `export` to the group `activity`.
void AddActivityImportCommand(CommandLine group, Command* command);
void AddActivityListCommand(CommandLine group, Command* command);
void AddActivityExportCommand(CommandLine group, Command* command);

// Add `words`, `scorecard`; `retention`, `cohorts` and `repeat` to the group `metric`.
void AddMetricWordsCommand(CommandLine group, Command* command);
void AddMetricScorecardCommand(CommandLine group, Command* command);
void AddMetricLoyaltyCommands(CommandLine group, Command* command);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_COMMANDS_H_
