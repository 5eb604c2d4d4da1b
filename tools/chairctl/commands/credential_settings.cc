#include "tools/chairctl/commands/credential_settings.h"

#include <sys/stat.h>

#include <fstream>
#include <istream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"

namespace emptychair {
namespace {

// `true` or `false`, as the environment and the configuration file have it.
absl::StatusOr<bool> ReadBool(const Sourced& setting) {
  const std::string value = absl::AsciiStrToLower(setting.value);
  if (value == "true" || value == "1") {
    return true;
  }
  if (value == "false" || value == "0") {
    return false;
  }
  return InvalidSetting(setting.source,
                        absl::StrCat("is ", Quoted(setting.value), "; wanted true or false"));
}

// The key is not quoted, whatever it is.
absl::Status ReadKeyOnce(const std::string& source, std::istream& in, ClientOptions& options) {
  std::string line;
  if (!std::getline(in, line) || absl::StripAsciiWhitespace(line).empty()) {
    return InvalidSetting(source, "what it names holds no key; wanted eck_… on the first line");
  }
  options.api_key_source = [line]() -> absl::StatusOr<std::string> { return line; };
  return absl::OkStatus();
}

absl::Status ReadKeySetting(const Sourced& setting, const Environment& environment,
                            ClientOptions& options, std::vector<std::string>& warnings) {
  const std::string& path = setting.value;
  if (path == "-") {
    return ReadKeyOnce(setting.source, *environment.in, options);
  }
  struct stat status {};
  if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) {
    // A pipe, say, which has it once.
    std::ifstream pipe(path);
    return ReadKeyOnce(setting.source, pipe, options);
  }
  options.api_key_file = path;
  if ((status.st_mode & (S_IRGRP | S_IROTH)) != 0) {
    warnings.push_back(absl::StrCat("others can read the key in ", Quoted(path, 256),
                                    "; chmod 600 keeps it to yourself"));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> ReadTlsSwitch(const CredentialFlags& flags, const SettingSources& sources) {
  std::optional<std::string> flag;
  if (flags.tls.has_value()) {
    flag = *flags.tls ? "true" : "false";
  }
  const std::optional<Sourced> found = sources.Find("tls", flag);
  return found.has_value() ? ReadBool(*found) : false;
}

absl::Status ReadTls(const CredentialFlags& flags, const SettingSources& sources,
                     ClientOptions& options) {
  ASSIGN_OR_RETURN(const bool is_on, ReadTlsSwitch(flags, sources));
  Tls tls;
  const struct {
    const char* name;
    const std::optional<std::string>& flag;
    std::string& value;
  } settings[] = {{"ca-file", flags.ca_file, tls.ca_file},
                  {"cert-file", flags.cert_file, tls.certificate_file},
                  {"cert-key-file", flags.cert_key_file, tls.key_file},
                  {"server-name", flags.server_name, tls.server_name}};
  for (const auto& setting : settings) {
    if (setting.flag.has_value() && !is_on) {
      return InvalidSetting(absl::StrCat("--", setting.name),
                            "is for encryption; wanted --tls beside it");
    }
    if (const auto found = sources.Find(setting.name, setting.flag)) {
      setting.value = found->value;
    }
  }
  if (!is_on) {
    return absl::OkStatus();
  }
  if (tls.certificate_file.empty() != tls.key_file.empty()) {
    return tls.key_file.empty()
               ? InvalidSetting("--cert-file", "is there without its key; wanted --cert-key-file")
               : InvalidSetting("--cert-key-file",
                                "is there without the certificate; wanted "
                                "--cert-file");
  }
  options.credentials = std::move(tls);
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadCredentials(const CredentialFlags& flags, const SettingSources& sources,
                             const Environment& environment, ClientOptions& options,
                             std::vector<std::string>& warnings) {
  RETURN_IF_ERROR(ReadTls(flags, sources, options));
  const std::optional<Sourced> key_file = sources.Find("key-file", flags.key_file);
  return key_file.has_value() && !key_file->value.empty()
             ? ReadKeySetting(*key_file, environment, options, warnings)
             : absl::OkStatus();
}

std::string InFlags(const absl::Status& status) {
  static constexpr std::pair<absl::string_view, absl::string_view> kFlags[] = {
      {"api_key_file: ", "--key-file: "},
      {"api_key_source: ", "--key-file: "},
      {"credentials.ca_file: ", "--ca-file: "},
      {"credentials.certificate_file: ", "--cert-file: "},
      {"credentials.key_file: ", "--cert-key-file: "}};
  absl::string_view message = status.message();
  for (const auto& [option, flag] : kFlags) {
    if (absl::ConsumePrefix(&message, option)) {
      return absl::StrCat(flag, message);
    }
  }
  return std::string(message);
}

}  // namespace emptychair
