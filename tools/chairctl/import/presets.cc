#include "tools/chairctl/import/presets.h"

#include <algorithm>
#include <fstream>
#include <istream>
#include <optional>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/errors.h"
#include "tools/command_line/command_line.h"

namespace emptychair {
namespace {

absl::Status Invalid(absl::string_view preset, absl::string_view description) {
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, absl::StrCat("--preset ", preset), description);
}

absl::StatusOr<std::vector<GivenFlag>> ReadFlags(const std::string& preset, std::istream& in) {
  const absl::StatusOr<std::vector<ConfigItem>> items = ReadToml(in);
  if (!items.ok()) {
    return Invalid(preset, absl::StrCat("cannot be read: ", items.status().message()));
  }
  std::vector<GivenFlag> flags;
  for (const ConfigItem& item : *items) {
    const std::optional<ImportFlagKind> kind = KindOfImportFlag(item.name);
    if (!kind.has_value()) {
      return Invalid(preset,
                     absl::StrCat("has ", Quoted(item.name), ", which is no flag of import"));
    }
    if (item.values.size() != 1 && kind != ImportFlagKind::kRepeated) {
      return Invalid(preset, absl::StrCat("has ", item.values.size(), " values for ",
                                          Quoted(item.name), "; wanted one"));
    }
    for (const std::string& value : item.values) {
      flags.push_back({item.name, value, absl::StrCat("preset ", preset)});
    }
  }
  return flags;
}

}  // namespace

std::string PresetNames(RecordType type) {
  std::vector<absl::string_view> names;
  for (const BuiltInPreset& preset : BuiltInPresets()) {
    if (preset.type == type) {
      names.push_back(preset.name);
    }
  }
  return absl::StrJoin(names, ", ");
}

absl::StatusOr<std::vector<GivenFlag>> ReadPreset(RecordType type,
                                                  const std::string& name_or_path) {
  if (absl::StrContains(name_or_path, "/") || absl::EndsWith(name_or_path, ".toml")) {
    std::ifstream file(name_or_path);
    if (!file) {
      return Invalid(name_or_path, "cannot be opened");
    }
    return ReadFlags(name_or_path, file);
  }
  const absl::Span<const BuiltInPreset> presets = BuiltInPresets();
  const auto* found =
      std::find_if(presets.begin(), presets.end(), [&](const BuiltInPreset& preset) {
        return preset.name == name_or_path && preset.type == type;
      });
  if (found == presets.end()) {
    return Invalid(name_or_path,
                   absl::StrCat("does not come with the program for this; wanted one of ",
                                PresetNames(type), ", or the path of a file"));
  }
  std::istringstream in{std::string(found->toml)};
  return ReadFlags(name_or_path, in);
}

}  // namespace emptychair
