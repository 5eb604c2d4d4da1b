// Flags by which commands select records: a window, conditions on labels and more.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_SELECTION_FLAGS_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_SELECTION_FLAGS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "emptychair/v1/feedback_service.pb.h"
#include "emptychair/v1/selection.pb.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/session.h"
#include "tools/chairctl/base/window.h"
#include "tools/command_line/command_line.h"

namespace emptychair {

struct SelectionFlags {
  WindowFlags window;
  std::vector<std::string> filters;
};

// Adds `--window`, `--from`, `--to` and `--last`.
void AddWindowFlags(CommandLine app, WindowFlags& flags);

// Adds those and `--filter`.
void AddSelectionFlags(CommandLine app, SelectionFlags& flags);

// Reads `KEY=V` and `KEY!=V` texts of the flag `flag` into new filters: those of one key and sense
// become one, whose values are alternatives. FIELD_INVALID on the flag for any other text.
absl::Status AddFilters(absl::string_view flag, const std::vector<std::string>& texts,
                        google::protobuf::RepeatedPtrField<v1::LabelFilter>& filters);

// A window to read, and where its edges go. Times without an offset are in the zone of the survey
// `survey_id`, or in UTC when that is empty.
struct WindowRead {
  const WindowFlags& flags;
  const std::string& survey_id;
  v1::TimeInterval* interval;
};

// Reads windows of one command; asks of each survey once. On failure reports it, sets `*exit_code`
// and answers false.
bool ReadWindows(Session& session, const std::vector<WindowRead>& reads, int* exit_code);

// What the flags select, read as above.
bool ReadSelection(Session& session, const SelectionFlags& flags, const std::string& survey_id,
                   v1::TimeInterval* interval,
                   google::protobuf::RepeatedPtrField<v1::LabelFilter>* filters, int* exit_code);

// Adds `--time-zone`: the zone in which `list` and `export` write times in CSV.
void AddTimeZoneFlag(CommandLine app, std::string& time_zone);

// Reads it; empty: UTC. On failure, also for another output than CSV, reports it and answers
// nothing.
std::optional<absl::TimeZone> ReadTimeZone(const Session& session, const std::string& time_zone);

// What `feedback list`, `export`, `exclude` and `include` select by.
struct RecordFlags {
  SelectionFlags selection;
  std::string customer_id;
  std::string import_id;
  std::optional<int32_t> min_score;
  std::optional<int32_t> max_score;
  std::string exclusion;

  // Whether any is given, but for the import.
  bool has_conditions() const;
};

// Adds all of them.
void AddRecordFlags(CommandLine app, RecordFlags& flags);

// Fills in what the flags select, of the survey `survey_id`, in a request of ListFeedback or
// ChangeManyFeedback. On failure reports it, sets `*exit_code` and answers false.
template <typename Request>
bool ReadRecordFlags(Session& session, const RecordFlags& flags, const std::string& survey_id,
                     Request& request, int* exit_code) {
  request.set_survey_id(survey_id);
  request.set_customer_id(flags.customer_id);
  request.set_import_id(flags.import_id);
  if (flags.min_score.has_value()) {
    request.set_min_score(*flags.min_score);
  }
  if (flags.max_score.has_value()) {
    request.set_max_score(*flags.max_score);
  }
  request.set_exclusion(ParseEnumFlag<v1::ExclusionFilter>(flags.exclusion));
  return ReadSelection(session, flags.selection, survey_id, request.mutable_interval(),
                       request.mutable_filters(), exit_code);
}

// What is wrong with a key of a filter on answers that nothing fits.
inline constexpr absl::string_view kNoSuchLabel = "is no dimension and no label that was found";

// Says on stderr what nothing fits of the filters: keys, of which `unmatched_key` says what is
// wrong, and values that are most often slips.
void TellUnmatched(const Session& session,
                   const google::protobuf::RepeatedPtrField<v1::UnmatchedFilter>& unmatched,
                   absl::string_view unmatched_key = kNoSuchLabel);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_SELECTION_FLAGS_H_
