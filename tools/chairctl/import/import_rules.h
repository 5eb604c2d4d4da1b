// What the flags of an import say, read and checked.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_IMPORT_RULES_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_IMPORT_RULES_H_

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tools/chairctl/records/record_fields.h"
#include "tools/chairctl/rows/dialect.h"

namespace emptychair {

// A flag as given: its long name without dashes, its value, and from where.
struct GivenFlag {
  std::string name;
  std::string value;
  // `flag`, or the preset.
  std::string source;
};

// How often a flag can stand, and whether it has a value.
enum class ImportFlagKind { kOnce, kRepeated, kSwitch };

// The flags that import has, by long name without dashes; nothing for a name that is none. Those of
// one type of record need not be flags of the other.
std::optional<ImportFlagKind> KindOfImportFlag(absl::string_view name);
std::vector<std::string> ImportFlagNames(RecordType type, ImportFlagKind kind);

// Puts flags together with those of a preset: a list is added to, a single value replaces the
// preset's. What both say of the same field or word is as the flag says.
std::vector<GivenFlag> Together(std::vector<GivenFlag> preset, std::vector<GivenFlag> flags);

// A field that a value is read into: one of a record, or a label.
struct TargetField {
  RecordField field = RecordField::kScore;
  // The label's key; empty for all other fields, and for a column of all labels.
  std::string label;

  friend bool operator==(const TargetField&, const TargetField&) = default;
};

// `score`, `label.channel`.
std::string NameOf(const TargetField& field);

// The names of the fields that import takes, as a sentence lists them.
std::string TargetFieldNames(RecordType type);

// Whether `key` can be the key of a label, or the name of an activity kind.
bool IsLabelKey(absl::string_view key);

// A condition of --where on one column: values of `=` are alternatives, those of `!=` all excluded.
// They are folded: programs that save a file anew change the case of True and False.
struct Condition {
  std::string column;
  std::vector<std::string> wanted;
  std::vector<std::string> unwanted;
};

struct ImportRules {
  RecordType type = RecordType::kFeedback;
  DialectFlags dialect;
  std::string encoding;
  int skip_rows = 0;
  // Field and column, in the order given. occur_time can be there several times.
  std::vector<std::pair<TargetField, std::string>> maps;
  absl::flat_hash_set<std::string> blanks;
  // By the field's name, then by the folded text: what it stands for.
  absl::flat_hash_map<std::string, absl::flat_hash_map<std::string, std::string>> values;
  // Values where a row has none; not `occur_time=now`.
  std::vector<std::pair<TargetField, std::string>> constants;
  bool time_is_now = false;
  std::vector<Condition> where;
  std::string time_zone;
  std::string time_format;
  bool no_score = false;
  // Of activities: the kind of all rows; empty: each row says its own.
  std::string kind;
  // Of amounts that come without one; empty: none.
  std::string currency;
  std::string source = "import";
  std::vector<std::string> id_from;
  bool update = false;
  bool dry_run = false;
  std::string import_id;
  std::string rejects;
  bool allow_rejects = false;
  int batch_size = 1000;
  // All of them, as they take effect.
  std::vector<GivenFlag> given;
};

// Reads all flags of an import of records of the type. FIELD_INVALID names the flag that cannot be
// read.
absl::StatusOr<ImportRules> ReadRules(RecordType type, std::vector<GivenFlag> given);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_IMPORT_RULES_H_
