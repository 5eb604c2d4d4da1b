// Answers as chairctl reads and prints them.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_FEEDBACK_OUTPUT_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_FEEDBACK_OUTPUT_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "emptychair/v1/feedback_service.pb.h"
#include "google/protobuf/message.h"
#include "tools/chairctl/session.h"

namespace emptychair {

using TextFields = std::vector<std::pair<std::string, std::string>>;

// Names and values of a record's fields, as CSV has them.
TextFields FeedbackFields(const v1::Feedback& feedback);

// Prints `fields` as one row of CSV or as a table; JSON is the message itself.
void PrintRecord(const Session& session, const TextFields& fields,
                 const google::protobuf::Message& message);

// Reads `KEY=VALUE` texts; FIELD_INVALID for one without `=` or key, or a key that comes twice.
absl::StatusOr<std::map<std::string, std::string>> ParseLabels(
    const std::vector<std::string>& texts);

// Add `list`, and `amend`, `exclude`, `include` and `erase`, to the group of feedback commands.
void AddFeedbackListCommand(CLI::App& group, Command* command);
void AddFeedbackChangeCommands(CLI::App& group, Command* command);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_FEEDBACK_OUTPUT_H_
