// The flags of what a key may do, for the commands that make and change keys.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_ACCESS_KEY_FLAGS_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_ACCESS_KEY_FLAGS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "emptychair/v1/access_service.pb.h"
#include "tools/command_line/command_line.h"

namespace emptychair {

struct KeyFlags {
  std::string name;
  std::string role;
  std::vector<std::string> surveys;
  bool all_surveys = false;
  std::optional<std::string> expires;
  std::optional<int64_t> calls_per_second;
  std::optional<int64_t> records_per_second;
  std::optional<int64_t> records_per_day;
};

// Adds all of them but the name; answers that of the role.
Flag AddKeyFlags(CommandLine app, KeyFlags& flags);

// Fills `key` in from what was given. `--expires` counts from `now`. FIELD_INVALID names the flag.
absl::Status ReadKey(const KeyFlags& flags, absl::Time now, v1::Key& key);

// The fields of an update that the flags of `given` change.
std::vector<std::string> ChangedFields(CommandLine given);

// Takes what no flag of `given` says from `stored`.
void KeepOtherLimits(const v1::KeyLimits& stored, CommandLine given, v1::KeyLimits& limits);

// Reads `48h`, `90d` or `2w`, or `0`; at most a million days. FIELD_INVALID names `flag`.
absl::StatusOr<absl::Duration> ParseSpan(absl::string_view flag, absl::string_view text);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_ACCESS_KEY_FLAGS_H_
