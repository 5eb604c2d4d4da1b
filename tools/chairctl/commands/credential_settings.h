// Settings of how chairctl connects, and as whom.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_CREDENTIAL_SETTINGS_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_CREDENTIAL_SETTINGS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "emptychair/client/options.h"
#include "tools/chairctl/base/environment.h"
#include "tools/chairctl/commands/setting_sources.h"

namespace emptychair {

// The global flags about credentials as given; absent ones were not.
struct CredentialFlags {
  std::optional<std::string> key_file;
  std::optional<bool> tls;
  std::optional<std::string> ca_file;
  std::optional<std::string> cert_file;
  std::optional<std::string> cert_key_file;
  std::optional<std::string> server_name;
};

// Sets the credentials and the key's file in `options`. A key file `-` is the first line of
// `environment.in`, and what is no regular file is read once. Files of encryption that the
// environment or the configuration file names are left aside while there is none. Appends to
// `warnings` that others can read the key. FIELD_INVALID names the source of what is not allowed.
absl::Status ReadCredentials(const CredentialFlags& flags, const SettingSources& sources,
                             const Environment& environment, ClientOptions& options,
                             std::vector<std::string>& warnings);

// The message of an error about `options`, with the flag in the place of the option that it is
// about.
std::string InFlags(const absl::Status& status);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_COMMANDS_CREDENTIAL_SETTINGS_H_
