#include "tools/chairctl/commands/feedback/feed_flags.h"

#include "absl/strings/str_cat.h"

namespace emptychair {

void AddFeedSurveys(CommandLine app, std::vector<std::string>& surveys) {
  app.Add("SURVEY", surveys, "The surveys; none: all");
}

bool MakeFeedRequest(const Session& session, const std::vector<std::string>& surveys,
                     absl::string_view flag, const std::string& text,
                     v1::WatchFeedbackRequest& request) {
  *request.mutable_survey_ids() = {surveys.begin(), surveys.end()};
  if (text.empty()) {
    return true;
  }
  const absl::StatusOr<Position> position = ParsePosition(text);
  if (!position.ok()) {
    UsageError(session.environment, absl::StrCat(flag, ": ", position.status().message()));
    return false;
  }
  GoOnFrom(*position, request);
  return true;
}

void PrintPosition(const Session& session, absl::string_view done, absl::string_view flag,
                   const Position& position) {
  *session.environment.err << absl::StrCat("chairctl: ", done, "; what changes from now on: ", flag,
                                           " ", ToText(position), "\n");
}

}  // namespace emptychair
