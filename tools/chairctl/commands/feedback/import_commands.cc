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
#include "tools/chairctl/rows/text_source.h"
#include "tools/chairctl/targets/activity_target.h"
#include "tools/chairctl/targets/feedback_target.h"

namespace emptychair {
namespace {

// The flags as given, by their long names without dashes.
struct ImportFlags {
  std::string survey;  // Of answers.
  std::string file;
  std::optional<std::string> preset;
  std::vector<std::pair<std::string, std::vector<std::string>>> lists;
  std::vector<std::pair<std::string, std::optional<std::string>>> values;
  std::vector<std::pair<std::string, std::unique_ptr<bool>>> switches;

  explicit ImportFlags(RecordType type) {
    for (std::string& name : ImportFlagNames(type, ImportFlagKind::kRepeated)) {
      lists.emplace_back(std::move(name), std::vector<std::string>());
    }
    for (std::string& name : ImportFlagNames(type, ImportFlagKind::kOnce)) {
      values.emplace_back(std::move(name), std::nullopt);
    }
    for (std::string& name : ImportFlagNames(type, ImportFlagKind::kSwitch)) {
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

int Import(Session& session, ImportTarget& target, const ImportFlags& flags) {
  std::vector<GivenFlag> given = GivenFlags(flags);
  if (flags.preset.has_value()) {
    absl::StatusOr<std::vector<GivenFlag>> preset = ReadPreset(target.type(), *flags.preset);
    if (!preset.ok()) {
      return UsageError(session.environment, preset.status().message());
    }
    given = Together(*std::move(preset), std::move(given));
  }
  const absl::StatusOr<ImportRules> rules = ReadRules(target.type(), std::move(given));
  if (!rules.ok()) {
    return UsageError(session.environment, rules.status().message());
  }
  return ImportFile(session, target, flags.file, *rules);
}

std::string HelpOf(RecordType type, const std::string& name) {
  const bool is_feedback = type == RecordType::kFeedback;
  const std::pair<const char*, std::string> help_texts[] = {
      {"map", absl::StrCat("FIELD=COLUMN, or FIELD=#N for the N-th column; FIELD is one of ",
                           TargetFieldNames(type), "; occur_time twice is put together")},
      {"set", absl::StrCat("FIELD=VALUE for rows that have none: label.KEY, customer_id, ",
                           is_feedback ? "comment, " : "", "occur_time (a time, or now)")},
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
      {"skip-rows", "So many rows under the header are left out"},
      {"time-zone", is_feedback
                        ? "Zone of times without an offset (default: the survey's)"
                        : "Zone of times without an offset (default: the kind's), and of a kind "
                          "that is declared by this import (default: UTC)"},
      {"time-format", "How times are written, as %d.%m.%Y %H:%M, or epoch-ms"},
      {"kind", "What was done; without it, each row says its own"},
      {"currency", "Currency of amounts that come without one, such as EUR"},
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

void AddFlags(CommandLine app, RecordType type, ImportFlags& flags) {
  app.Add("FILE", flags.file, "The file; - is the standard input").Required();
  app.Add("--preset", flags.preset,
          absl::StrCat("Flags of a TOML file, or of a preset: ", PresetNames(type)));
  for (auto& [name, values] : flags.lists) {
    app.Add("--" + name, values, HelpOf(type, name) + "; can be repeated").OneValueEach();
  }
  for (auto& [name, value] : flags.values) {
    app.Add("--" + name, value, HelpOf(type, name));
  }
  for (auto& [name, is_given] : flags.switches) {
    app.Add("--" + name, *is_given, HelpOf(type, name));
  }
}

}  // namespace

void AddFeedbackImportCommand(CommandLine group, Command* command) {
  CommandLine app = group.AddCommand("import", "Store the answers of a CSV or JSON file");
  auto flags = std::make_shared<ImportFlags>(RecordType::kFeedback);
  app.Add("SURVEY", flags->survey, "The survey answered").Required();
  AddFlags(app, RecordType::kFeedback, *flags);
  app.Footer(
      "Says first what it has understood of the file, and refuses what it has not. A column is\n"
      "read by its name, also that of a dimension. Rows without an id get one from their content,\n"
      "so that the same file imported twice adds nothing. Vendors' files: docs/vendor_files.md.\n"
      "Example:\n"
      "  chairctl feedback import support-nps answers.csv --map score=Rating "
      "--map occur_time=Date --map label.channel=Channel --rejects bad.csv");
  app.OnChosen([flags, command] {
    *command = [flags](Session& session) {
      FeedbackTarget target(flags->survey);
      return Import(session, target, *flags);
    };
  });
}

void AddActivityImportCommand(CommandLine group, Command* command) {
  CommandLine app = group.AddCommand("import", "Store the activities of a CSV or JSON file");
  auto flags = std::make_shared<ImportFlags>(RecordType::kActivity);
  AddFlags(app, RecordType::kActivity, *flags);
  app.Footer(
      "Says first what it has understood of the file, and refuses what it has not. Rows without "
      "an\n"
      "id get one from their content, so that the same file imported twice adds nothing and equal\n"
      "rows stay as many. Taken back as a whole by activity erase KIND --import ID.\n"
      "Example:\n"
      "  chairctl activity import orders.csv --kind purchase --map customer_id=Customer "
      "--map occur_time=Date --map amount=Total --currency EUR --time-zone Europe/Berlin");
  app.OnChosen([flags, command] {
    *command = [flags](Session& session) {
      ActivityTarget target;
      return Import(session, target, *flags);
    };
  });
}

}  // namespace emptychair
