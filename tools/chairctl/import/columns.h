// Which columns of a file are read into which fields.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_COLUMNS_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_COLUMNS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tools/chairctl/import/import_rules.h"

namespace emptychair {

// A column that is read, and how it was found.
struct ColumnUse {
  enum class How { kFlag, kName, kDimension, kNameButForCase };
  size_t column = 0;
  TargetField field;
  How how = How::kName;
};

// `flag`, `name`, `name but for case`, `dimension`.
absl::string_view HowFound(ColumnUse::How how);

// The columns of a file, each in one of the three lists.
struct Columns {
  // Those of occur_time in the order in which they are put together.
  std::vector<ColumnUse> used;
  // Of an export, or of a file of rejected rows, which import leaves out.
  std::vector<size_t> left_out;
  std::vector<size_t> unused;

  // The column of a field; nothing when there is none, or several.
  std::optional<size_t> Find(RecordField field) const;
  bool Has(RecordField field) const;
};

// Finds columns and fields that fit. Not thread-safe.
class ColumnMatcher {
 public:
  ColumnMatcher(const ImportRules& rules, std::vector<std::string> dimensions)
      : rules_(rules), dimensions_(std::move(dimensions)) {}

  // A column fits a field by its exact name, else by that of a dimension, else by its name without
  // regard to case, blanks, `_` and `-`, whatever else it is mapped to. A field that is mapped is
  // not looked for. FIELD_INVALID: a mapped column that is not there or is there twice; two columns
  // that fit one field equally well.
  absl::StatusOr<Columns> Match(const std::vector<std::string>& names) const;

  // The field that a column fits which turns up later, in JSON; nothing when none does, or when
  // `columns` have it already.
  std::optional<ColumnUse> MatchLate(const std::vector<std::string>& names, size_t column,
                                     const Columns& columns) const;

  // Whether import knows a column of this name and leaves it out.
  bool IsLeftOut(absl::string_view name) const;

  // The column of a name that a flag says: exactly that, else the N-th for `#N`, else but for case
  // and blanks. FIELD_INVALID names the columns that there are.
  static absl::StatusOr<size_t> FindNamed(absl::string_view flag, absl::string_view name,
                                          const std::vector<std::string>& names);

 private:
  std::optional<ColumnUse> Fit(absl::string_view name) const;
  absl::Status AddMapped(const std::vector<std::string>& names, Columns& columns) const;
  bool IsMapped(const TargetField& field) const;

  const ImportRules& rules_;
  const std::vector<std::string> dimensions_;
};

// `"a", "b"`: the names of all columns, for a sentence; long lists are cut.
std::string QuotedNames(const std::vector<std::string>& names);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_COLUMNS_H_
