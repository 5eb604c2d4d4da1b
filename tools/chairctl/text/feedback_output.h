// Answers as chairctl reads and prints them.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_FEEDBACK_OUTPUT_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_FEEDBACK_OUTPUT_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "emptychair/v1/feedback_service.pb.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/base/session.h"
#include "tools/chairctl/records/record_text.h"

namespace emptychair {

// Names and values of a record's fields, as CSV has them.
TextFields FeedbackFields(const v1::Feedback& feedback);

// How many records are written: as CSV where that is asked for, else as `json`.
RecordForm RecordFormOf(const Session& session, RecordForm json);

// Prints one record in the form that is asked for.
void PrintFeedback(const Session& session, const v1::Feedback& feedback);

// Reads `KEY=VALUE` texts of `flag`; FIELD_INVALID on it for one without `=` or key, or a key that
// comes twice.
absl::StatusOr<std::map<std::string, std::string>> ParseLabels(
    absl::string_view flag, const std::vector<std::string>& texts);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_FEEDBACK_OUTPUT_H_
