#include "tools/chairctl/commands/setting_sources.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "tools/command_line/command_line.h"

namespace emptychair {
namespace {

constexpr const char* kNames[] = {"endpoint", "output",    "timeout",       "key-file",   "tls",
                                  "ca-file",  "cert-file", "cert-key-file", "server-name"};

// An environment variable that is set and not empty.
std::optional<std::string> Variable(const Environment& environment, const std::string& name) {
  std::optional<std::string> value = environment.variable(name);
  return value.has_value() && !value->empty() ? value : std::nullopt;
}

// The file that is read when none is named; empty when there is none.
std::string DefaultConfig(const Environment& environment) {
  std::string directory;
  if (const auto xdg = Variable(environment, "XDG_CONFIG_HOME")) {
    directory = *xdg;
  } else if (const auto home = Variable(environment, "HOME")) {
    directory = *home + "/.config";
  } else {
    return "";
  }
  std::string path = directory + "/emptychair/chairctl.toml";
  std::error_code error;
  return std::filesystem::exists(path, error) ? path : "";
}

}  // namespace

absl::Status InvalidSetting(absl::string_view source, absl::string_view description) {
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, source, description);
}

absl::StatusOr<SettingSources> SettingSources::Read(const std::optional<std::string>& config,
                                                    const Environment& environment) {
  SettingSources sources(environment);
  if (config.has_value()) {
    sources.path_ = *config;
  } else if (const auto variable = Variable(environment, "EMPTYCHAIR_CONFIG")) {
    sources.path_ = *variable;
  } else {
    sources.path_ = DefaultConfig(environment);
  }
  if (!sources.path_.empty()) {
    RETURN_IF_ERROR(sources.ReadConfig());
  }
  return sources;
}

absl::Status SettingSources::ReadConfig() {
  std::ifstream file(path_);
  const absl::StatusOr<std::vector<ConfigItem>> items = ReadToml(file);
  if (!items.ok()) {
    return InvalidSetting(path_, absl::StrCat("cannot be read: ", items.status().message()));
  }
  if (!file.is_open() || file.bad()) {
    return InvalidSetting(path_, "cannot be read; wanted a configuration file");
  }
  for (const ConfigItem& item : *items) {
    const std::string name = absl::StrReplaceAll(item.name, {{"_", "-"}});
    const bool is_known = std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
    if (!is_known || item.values.size() != 1) {
      return InvalidSetting(
          path_, absl::StrCat("has ", Quoted(item.name), "; wanted ", absl::StrJoin(kNames, ", "),
                              ", each with one value"));
    }
    config_[name] = item.values.front();
  }
  return absl::OkStatus();
}

std::optional<Sourced> SettingSources::Find(const std::string& name,
                                            const std::optional<std::string>& flag) const {
  if (flag.has_value()) {
    return Sourced{*flag, "--" + name};
  }
  const std::string variable_name =
      absl::StrCat("EMPTYCHAIR_", absl::StrReplaceAll(absl::AsciiStrToUpper(name), {{"-", "_"}}));
  if (const auto variable = Variable(environment_, variable_name)) {
    return Sourced{*variable, variable_name};
  }
  if (const auto found = config_.find(name); found != config_.end()) {
    return Sourced{found->second, absl::StrCat(path_, ": ", name)};
  }
  return std::nullopt;
}

}  // namespace emptychair
