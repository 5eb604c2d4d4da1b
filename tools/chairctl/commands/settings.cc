#include "tools/chairctl/commands/settings.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "tools/chairctl/commands/setting_sources.h"

namespace emptychair {

absl::StatusOr<Settings> ResolveSettings(const SettingFlags& flags,
                                         const Environment& environment) {
  ASSIGN_OR_RETURN(const SettingSources sources, SettingSources::Read(flags.config, environment));
  Settings settings;
  if (const auto endpoint = sources.Find("endpoint", flags.endpoint)) {
    settings.client.endpoint = endpoint->value;
  }
  if (const auto output = sources.Find("output", flags.output)) {
    const std::optional<OutputFormat> format = ParseOutputFormat(output->value);
    if (!format.has_value()) {
      return InvalidSetting(output->source, absl::StrCat("is ", Quoted(output->value),
                                                         "; wanted table, json or csv"));
    }
    settings.output = *format;
  }
  if (flags.spreadsheet && settings.output != OutputFormat::kCsv) {
    return InvalidSetting("--spreadsheet", "is a form of CSV; wanted --output csv beside it");
  }
  settings.csv_form = flags.spreadsheet ? CsvForm::kSpreadsheet : CsvForm::kExact;
  if (const auto timeout = sources.Find("timeout", flags.timeout)) {
    settings.has_timeout = true;
    if (!absl::ParseDuration(timeout->value, &settings.client.timeout)) {
      return InvalidSetting(
          timeout->source,
          absl::StrCat("is ", Quoted(timeout->value), "; wanted a duration such as 10s or 500ms"));
    }
  }
  RETURN_IF_ERROR(
      ReadCredentials(flags.credentials, sources, environment, settings.client, settings.warnings));
  return settings;
}

}  // namespace emptychair
