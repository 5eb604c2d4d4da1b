// Where settings come from: flags, environment, configuration file.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_SETTING_SOURCES_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_SETTING_SOURCES_H_

#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tools/chairctl/base/environment.h"

namespace emptychair {

// A setting and where it comes from, for messages.
struct Sourced {
  std::string value;
  std::string source;
};

// Finds settings by the names of their flags, without the dashes in front.
class SettingSources {
 public:
  // Reads the configuration file: that of `config` or EMPTYCHAIR_CONFIG, else
  // `emptychair/chairctl.toml` in $XDG_CONFIG_HOME or ~/.config where there is one. `environment`
  // must outlive this. FIELD_INVALID names a file that was named and cannot be read, and a key that
  // does not exist.
  static absl::StatusOr<SettingSources> Read(const std::optional<std::string>& config,
                                             const Environment& environment);

  // The setting `name`: `flag` if it was given, else the environment variable EMPTYCHAIR_NAME, else
  // what the file says. In the file's keys `-` and `_` are the same.
  std::optional<Sourced> Find(const std::string& name,
                              const std::optional<std::string>& flag) const;

 private:
  explicit SettingSources(const Environment& environment) : environment_(environment) {}

  absl::Status ReadConfig();

  const Environment& environment_;
  std::string path_;
  std::map<std::string, std::string> config_;
};

// FIELD_INVALID on a setting, by the name of its source.
absl::Status InvalidSetting(absl::string_view source, absl::string_view description);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_SETTING_SOURCES_H_
