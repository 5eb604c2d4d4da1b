#include "tools/chairctl/commands/settings.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "tools/command_line/command_line.h"

namespace emptychair {
namespace {

using Values = std::map<std::string, std::string>;

// A setting and where it comes from, for messages.
struct Sourced {
  std::string value;
  std::string source;
};

absl::Status Invalid(absl::string_view field, absl::string_view description) {
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, field, description);
}

bool IsKey(absl::string_view name) {
  return name == "endpoint" || name == "output" || name == "timeout";
}

absl::StatusOr<Values> ReadConfig(const std::string& path) {
  std::ifstream file(path);
  const absl::StatusOr<std::vector<ConfigItem>> items = ReadToml(file);
  if (!items.ok()) {
    return Invalid(path, absl::StrCat("cannot be read: ", items.status().message()));
  }
  if (!file.is_open() || file.bad()) {
    return Invalid(path, "cannot be read; wanted a configuration file");
  }
  Values values;
  for (const ConfigItem& item : *items) {
    if (!IsKey(item.name) || item.values.size() != 1) {
      return Invalid(path, absl::StrCat("has ", Quoted(item.name),
                                        "; wanted endpoint, output and timeout, each with one "
                                        "value"));
    }
    values[item.name] = item.values.front();
  }
  return values;
}

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

std::optional<Sourced> Find(const std::string& key, const std::optional<std::string>& flag,
                            const Environment& environment, const Values& config,
                            const std::string& config_path) {
  if (flag.has_value()) {
    return Sourced{*flag, "--" + key};
  }
  const std::string name = absl::StrCat("EMPTYCHAIR_", absl::AsciiStrToUpper(key));
  if (const auto variable = Variable(environment, name)) {
    return Sourced{*variable, name};
  }
  if (const auto found = config.find(key); found != config.end()) {
    return Sourced{found->second, absl::StrCat(config_path, ": ", key)};
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<Settings> ResolveSettings(const SettingFlags& flags,
                                         const Environment& environment) {
  std::string path;
  if (flags.config.has_value()) {
    path = *flags.config;
  } else if (const auto variable = Variable(environment, "EMPTYCHAIR_CONFIG")) {
    path = *variable;
  } else {
    path = DefaultConfig(environment);
  }
  Values config;
  if (!path.empty()) {
    ASSIGN_OR_RETURN(config, ReadConfig(path));
  }
  Settings settings;
  if (const auto endpoint = Find("endpoint", flags.endpoint, environment, config, path)) {
    settings.client.endpoint = endpoint->value;
  }
  if (const auto output = Find("output", flags.output, environment, config, path)) {
    const std::optional<OutputFormat> format = ParseOutputFormat(output->value);
    if (!format.has_value()) {
      return Invalid(output->source,
                     absl::StrCat("is ", Quoted(output->value), "; wanted table, json or csv"));
    }
    settings.output = *format;
  }
  if (flags.spreadsheet && settings.output != OutputFormat::kCsv) {
    return Invalid("--spreadsheet", "is a form of CSV; wanted --output csv beside it");
  }
  settings.csv_form = flags.spreadsheet ? CsvForm::kSpreadsheet : CsvForm::kExact;
  if (const auto timeout = Find("timeout", flags.timeout, environment, config, path)) {
    settings.has_timeout = true;
    if (!absl::ParseDuration(timeout->value, &settings.client.timeout)) {
      return Invalid(timeout->source, absl::StrCat("is ", Quoted(timeout->value),
                                                   "; wanted a duration such as 10s or 500ms"));
    }
  }
  return settings;
}

}  // namespace emptychair
