// What the commands have in common that follow the feed of changes.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_FEEDBACK_FEED_FLAGS_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_FEEDBACK_FEED_FLAGS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "emptychair/client/position.h"
#include "emptychair/v1/feedback_service.pb.h"
#include "tools/chairctl/base/session.h"
#include "tools/command_line/command_line.h"

namespace emptychair {

// Adds the surveys, which may be none.
void AddFeedSurveys(CommandLine app, std::vector<std::string>& surveys);

// Asks for changes of `surveys` from the position on that the flag `flag` has, `text`; from now on
// when that is empty. False, and reported, when it is no position.
bool MakeFeedRequest(const Session& session, const std::vector<std::string>& surveys,
                     absl::string_view flag, const std::string& text,
                     v1::WatchFeedbackRequest& request);

// Says on the error stream what is done, and with which flag the next call goes on.
void PrintPosition(const Session& session, absl::string_view done, absl::string_view flag,
                   const Position& position);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_FEEDBACK_FEED_FLAGS_H_
