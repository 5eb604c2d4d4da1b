// The commands of chairctl, each defined in the file of its name.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_COMMANDS_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_COMMANDS_H_

#include <functional>

#include "tools/chairctl/base/session.h"

namespace CLI {
class App;
}  // namespace CLI

namespace emptychair {

// Runs a command once flags and settings are read; answers the exit code.
using Command = std::function<int(Session&)>;

// Add the groups of commands to `app`. A command that is chosen sets `*command`.
void AddSurveyCommands(CLI::App& app, Command* command);
void AddFeedbackCommands(CLI::App& app, Command* command);
void AddMetricCommands(CLI::App& app, Command* command);
void AddAdminCommands(CLI::App& app, Command* command);

// Add `list`; `watch` and `export`; `amend`, `exclude`, `include` and `erase` to the group
// `feedback`.
void AddFeedbackListCommand(CLI::App& group, Command* command);
void AddFeedbackWatchCommands(CLI::App& group, Command* command);
void AddFeedbackChangeCommands(CLI::App& group, Command* command);

// Add `words` and `scorecard` to the group `metric`.
void AddMetricWordsCommand(CLI::App& group, Command* command);
void AddMetricScorecardCommand(CLI::App& group, Command* command);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_COMMANDS_H_
