// Presets: flags of import that a file of a certain origin needs, as data.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_PRESETS_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_PRESETS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tools/chairctl/import/import_rules.h"

namespace emptychair {

// A preset that comes with the program: a file of tools/chairctl/presets.
struct BuiltInPreset {
  absl::string_view name;
  // Of the files that it is for.
  RecordType type;
  absl::string_view toml;
};

// All of them, by name. Made by the build.
absl::Span<const BuiltInPreset> BuiltInPresets();

// `qualtrics, typeform`: the names of those for a type of record, for a sentence.
std::string PresetNames(RecordType type);

// Reads the preset of that name, or the file that the name is the path of, which has a `/` or ends
// with `.toml`. FIELD_INVALID: there is none for the type of record, or it says what is no flag of
// import.
absl::StatusOr<std::vector<GivenFlag>> ReadPreset(RecordType type, const std::string& name_or_path);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_PRESETS_H_
