#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tools/chairctl/commands/commands.h"
#include "tools/chairctl/import/import_file.h"
#include "tools/chairctl/import/import_rules.h"
#include "tools/chairctl/import/presets.h"
#include "tools/chairctl/import/text_source.h"

namespace emptychair {
namespace {

// The flags as given, by their long names without dashes.
struct ImportFlags {
  std::string survey;
  std::string file;
  std::optional<std::string> preset;
  std::vector<std::pair<std::string, std::vector<std::string>>> lists;
  std::vector<std::pair<std::string, std::optional<std::string>>> values;
  std::vector<std::pair<std::string, std::unique_ptr<bool>>> switches;

  ImportFlags() {
    for (std::string& name : ImportFlagNames(ImportFlagKind::kRepeated)) {
      lists.emplace_back(std::move(name), std::vector<std::string>());
    }
    for (std::string& name : ImportFlagNames(ImportFlagKind::kOnce)) {
      values.emplace_back(std::move(name), std::nullopt);
    }
    for (std::string& name : ImportFlagNames(ImportFlagKind::kSwitch)) {
      switches.emplace_back(std::move(name), std::make_unique<bool>(false));
    }
  }
};

std::vector<GivenFlag> GivenFlags(const ImportFlags& flags) {
  std::vector<GivenFlag> given;
  for (const auto& [name, values] : flags.lists) {
    for (const std::string& value : values) {
      given.push_back({name, value, "flag"});
    }
  }
  for (const auto& [name, value] : flags.values) {
    if (value.has_value()) {
      given.push_back({name, *value, "flag"});
    }
  }
  for (const auto& [name, is_given] : flags.switches) {
    if (*is_given) {
      given.push_back({name, "true", "flag"});
    }
  }
  return given;
}

int Import(Session& session, const ImportFlags& flags) {
  std::vector<GivenFlag> given = GivenFlags(flags);
  if (flags.preset.has_value()) {
    absl::StatusOr<std::vector<GivenFlag>> preset = ReadPreset(*flags.preset);
    if (!preset.ok()) {
      return UsageError(session.environment, preset.status().message());
    }
    given = Together(*std::move(preset), std::move(given));
  }
  const absl::StatusOr<ImportRules> rules = ReadRules(std::move(given));
  if (!rules.ok()) {
    return UsageError(session.environment, rules.status().message());
  }
  return ImportFile(session, flags.survey, flags.file, *rules);
}

std::string HelpOf(const std::string& name) {
  const std::pair<const char*, std::string> help_texts[] = {
      {"map", absl::StrCat("FIELD=COLUMN, or FIELD=#N for the N-th column; FIELD is one of ",
                           TargetFieldNames(), "; occur_time twice is put together")},
      {"set",
       "FIELD=VALUE for rows that have none: label.KEY, customer_id, comment, occur_time "
       "(a time, or now)"},
      {"value", "FIELD:TEXT=VALUE: what a word stands for"},
      {"blank", "Value that counts as empty"},
      {"where",
       "COLUMN=VALUE or COLUMN!=VALUE: rows that count; values of a column are "
       "alternatives, whatever their case"},
      {"id-from", "Column whose values alone make the id of a row without one"},
      {"format", "csv, json or jsonl, instead of by the file's content"},
      {"delimiter", "One character, or tab, instead of the one that splits the header"},
      {"encoding", absl::StrCat("One of ", TextSource::EncodingNames())},
      {"header-row", "Line of the header (default: the first that is not blank)"},
      {"skip-rows", "So many rows under the header are no answers"},
      {"time-zone", "Zone of times without an offset (default: the survey's)"},
      {"time-format", "How times are written, as %d.%m.%Y %H:%M, or epoch-ms"},
      {"source", "Name that derived ids begin with (default import)"},
      {"import-id", "Id of the import, instead of a made-up one"},
      {"rejects", "File to write rejected rows to, with the reason"},
      {"batch-size", "Rows per batch (default 1000)"},
      {"dry-run", "Print the plan and the counts, and send nothing"},
      {"no-score", "The file has no scores, and that is meant"},
      {"update", "Amend score, comment and labels of stored answers that differ"},
      {"allow-rejects", "Exit 0 also with rejected rows"},
  };
  for (const auto& [flag, help] : help_texts) {
    if (flag == name) {
      return help;
    }
  }
  return "";
}

}  // namespace

void AddFeedbackImportCommand(CommandLine group, Command* command) {
  CommandLine app = group.AddCommand("import", "Store the answers of a CSV or JSON file");
  auto flags = std::make_shared<ImportFlags>();
  app.Add("SURVEY", flags->survey, "The survey answered").Required();
  app.Add("FILE", flags->file, "The file; - is the standard input").Required();
  app.Add("--preset", flags->preset,
          absl::StrCat("Flags of a TOML file, or of a preset: ", PresetNames()));
  for (auto& [name, values] : flags->lists) {
    app.Add("--" + name, values, HelpOf(name) + "; can be repeated").OneValueEach();
  }
  for (auto& [name, value] : flags->values) {
    app.Add("--" + name, value, HelpOf(name));
  }
  for (auto& [name, is_given] : flags->switches) {
    app.Add("--" + name, *is_given, HelpOf(name));
  }
  app.Footer(
      "Says first what it has understood of the file, and refuses what it has not. A column is\n"
      "read by its name, also that of a dimension. Rows without an id get one from their content,\n"
      "so that the same file imported twice adds nothing. Vendors' files: docs/vendor_files.md.\n"
      "Example:\n"
      "  chairctl feedback import support-nps answers.csv --map score=Rating "
      "--map occur_time=Date --map label.channel=Channel --rejects bad.csv");
  app.OnChosen([flags, command] {
    *command = [flags](Session& session) { return Import(session, *flags); };
  });
}

}  // namespace emptychair
