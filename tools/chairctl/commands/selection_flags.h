// Flags by which commands select records: a window and conditions on labels.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_SELECTION_FLAGS_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_SELECTION_FLAGS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "emptychair/v1/selection.pb.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "tools/chairctl/base/session.h"
#include "tools/chairctl/base/window.h"
#include "tools/command_line/command_line.h"

namespace emptychair {

struct SelectionFlags {
  WindowFlags window;
  std::vector<std::string> filters;
};

// Adds `--window`, `--from`, `--to`, `--last` and `--filter`.
void AddSelectionFlags(CommandLine app, SelectionFlags& flags);

// Reads `KEY=V` and `KEY!=V` texts of the flag `flag` into new filters: those of one key and sense
// become one, whose values are alternatives. FIELD_INVALID on the flag for any other text.
absl::Status AddFilters(absl::string_view flag, const std::vector<std::string>& texts,
                        google::protobuf::RepeatedPtrField<v1::LabelFilter>& filters);

// A window to read, and where its edges go.
struct WindowRead {
  const WindowFlags& flags;
  v1::TimeInterval* interval;
};

// Reads windows of one command; times without an offset are in the zone of the survey `survey_id`,
// or in UTC when that is empty. On failure reports it, sets `*exit_code` and answers false.
bool ReadWindows(Session& session, const std::vector<WindowRead>& reads,
                 const std::string& survey_id, int* exit_code);

// What the flags select, read as above.
bool ReadSelection(Session& session, const SelectionFlags& flags, const std::string& survey_id,
                   v1::TimeInterval* interval,
                   google::protobuf::RepeatedPtrField<v1::LabelFilter>* filters, int* exit_code);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_SELECTION_FLAGS_H_
