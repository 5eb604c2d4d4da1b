// Settings that hold for every command, from flags, environment and configuration file.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_SETTINGS_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_SETTINGS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "emptychair/client/client.h"
#include "tools/chairctl/base/csv_writer.h"
#include "tools/chairctl/base/environment.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/commands/credential_settings.h"

namespace emptychair {

// The global flags as given; absent ones were not.
struct SettingFlags {
  std::optional<std::string> endpoint;
  std::optional<std::string> output;
  std::optional<std::string> timeout;
  std::optional<std::string> config;
  CredentialFlags credentials;
  bool spreadsheet = false;
};

struct Settings {
  ClientOptions client;
  OutputFormat output = OutputFormat::kTable;
  CsvForm csv_form = CsvForm::kExact;
  // The timeout was given somewhere, and is not the default.
  bool has_timeout = false;
  // What the user should know, a sentence each.
  std::vector<std::string> warnings;
};

// Takes each setting from its flag, else from EMPTYCHAIR_ENDPOINT and its like, else from the
// configuration file, else its default; SettingSources has the rules. FIELD_INVALID names the
// source of a value that is not allowed, a key that does not exist, a file that was named and
// cannot be read, and --spreadsheet when the output is not CSV.
absl::StatusOr<Settings> ResolveSettings(const SettingFlags& flags, const Environment& environment);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_SETTINGS_H_
