#include "tools/chairctl/import/columns.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "tools/chairctl/rows/row_reader.h"
#include "tools/chairctl/rows/text_values.h"

namespace emptychair {
namespace {

using How = ColumnUse::How;

constexpr size_t kNamesShownMax = 40;

absl::Status Invalid(absl::string_view flag, absl::string_view description) {
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, flag, description);
}

std::vector<size_t> AllOf(const std::vector<std::string>& names,
                          const std::function<bool(const std::string&)>& fits) {
  std::vector<size_t> found;
  for (size_t i = 0; i < names.size(); ++i) {
    if (fits(names[i])) {
      found.push_back(i);
    }
  }
  return found;
}

// N of `#N`, from 1; nothing for any other text.
std::optional<size_t> NumberOf(absl::string_view name) {
  size_t number = 0;
  if (!absl::ConsumePrefix(&name, "#") || !absl::SimpleAtoi(name, &number) || number == 0) {
    return std::nullopt;
  }
  return number;
}

std::optional<TargetField> LabelOf(absl::string_view name) {
  if (!absl::ConsumePrefix(&name, "label.") || !IsLabelKey(name)) {
    return std::nullopt;
  }
  return TargetField{RecordField::kLabels, std::string(name)};
}

}  // namespace

absl::string_view HowFound(How how) {
  switch (how) {
    case How::kFlag:
      return "flag";
    case How::kName:
      return "name";
    case How::kDimension:
      return "dimension";
    case How::kNameButForCase:
      return "name but for case";
  }
  return "";
}

std::string QuotedNames(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), kNamesShownMax); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ", ", Quoted(names[i]));
  }
  if (names.size() > kNamesShownMax) {
    absl::StrAppend(&text, " and ", names.size() - kNamesShownMax, " more");
  }
  return text.empty() ? "none" : text;
}

bool Columns::Has(RecordField field) const {
  return std::any_of(used.begin(), used.end(),
                     [field](const ColumnUse& use) { return use.field.field == field; });
}

std::optional<size_t> Columns::Find(RecordField field) const {
  std::optional<size_t> column;
  for (const ColumnUse& use : used) {
    if (use.field.field == field && use.field.label.empty()) {
      if (column.has_value()) {
        return std::nullopt;
      }
      column = use.column;
    }
  }
  return column;
}

bool ColumnMatcher::IsLeftOut(absl::string_view name) const {
  const absl::string_view trimmed = WithoutBlanks(name);
  const std::optional<RecordField> field = FindRecordField(rules_.type, trimmed);
  return trimmed == kErrorLineColumn || trimmed == kErrorReasonColumn ||
         (field.has_value() && !InfoOf(*field).is_read());
}

absl::StatusOr<size_t> ColumnMatcher::FindNamed(absl::string_view flag, absl::string_view name,
                                                const std::vector<std::string>& names) {
  std::vector<size_t> found = AllOf(names, [name](const std::string& n) { return n == name; });
  if (found.empty()) {
    const std::optional<size_t> number = NumberOf(name);
    if (number.has_value() && *number <= names.size()) {
      return *number - 1;
    }
    const std::string loose = LooseName(name);
    found = AllOf(names, [&loose](const std::string& n) { return LooseName(n) == loose; });
  }
  if (found.empty()) {
    return Invalid(flag,
                   absl::StrCat("names the column ", Quoted(name),
                                ", which the file does not have; it has ", QuotedNames(names)));
  }
  if (found.size() > 1) {
    return Invalid(flag, absl::StrCat("names the column ", Quoted(name), ", which the file has ",
                                      found.size(), " times; wanted #", found[0] + 1, " or #",
                                      found[1] + 1, ", which is its number"));
  }
  return found.front();
}

bool ColumnMatcher::IsMapped(const TargetField& field) const {
  return std::any_of(rules_.maps.begin(), rules_.maps.end(),
                     [&field](const auto& map) { return map.first == field; });
}

absl::Status ColumnMatcher::AddMapped(const std::vector<std::string>& names,
                                      Columns& columns) const {
  for (const auto& [field, name] : rules_.maps) {
    ASSIGN_OR_RETURN(const size_t column, FindNamed("--map", name, names));
    columns.used.push_back({column, field, How::kFlag});
  }
  return absl::OkStatus();
}

// The field that a name fits best.
std::optional<ColumnUse> ColumnMatcher::Fit(absl::string_view name) const {
  if (const auto field = FindRecordField(rules_.type, name);
      field.has_value() && InfoOf(*field).is_read()) {
    return ColumnUse{0, {*field, ""}, How::kName};
  }
  if (const auto label = LabelOf(name)) {
    return ColumnUse{0, *label, How::kName};
  }
  if (std::find(dimensions_.begin(), dimensions_.end(), name) != dimensions_.end()) {
    return ColumnUse{0, {RecordField::kLabels, std::string(name)}, How::kDimension};
  }
  const std::string loose = LooseName(name);
  for (const RecordField field : KnownFields(rules_.type)) {
    if (InfoOf(field).is_read() && loose == LooseName(InfoOf(field).name)) {
      return ColumnUse{0, {field, ""}, How::kNameButForCase};
    }
  }
  if (const auto label = LabelOf(Folded(WithoutBlanks(name)))) {
    return ColumnUse{0, *label, How::kNameButForCase};
  }
  for (const std::string& dimension : dimensions_) {
    if (loose == LooseName(dimension)) {
      return ColumnUse{0, {RecordField::kLabels, dimension}, How::kNameButForCase};
    }
  }
  return std::nullopt;
}

absl::StatusOr<Columns> ColumnMatcher::Match(const std::vector<std::string>& names) const {
  Columns columns;
  RETURN_IF_ERROR(AddMapped(names, columns));
  const size_t mapped = columns.used.size();
  std::vector<ColumnUse> fits;
  for (size_t i = 0; i < names.size(); ++i) {
    std::optional<ColumnUse> fit = Fit(names[i]);
    if (fit.has_value() && !IsMapped(fit->field)) {
      fit->column = i;
      fits.push_back(*fit);
    }
  }
  // The best of each field comes first.
  std::stable_sort(fits.begin(), fits.end(),
                   [](const ColumnUse& a, const ColumnUse& b) { return a.how < b.how; });
  for (const ColumnUse& fit : fits) {
    const auto taken =
        std::find_if(columns.used.begin(), columns.used.end(),
                     [&fit](const ColumnUse& use) { return use.field == fit.field; });
    if (taken == columns.used.end()) {
      columns.used.push_back(fit);
    } else if (taken->how == fit.how) {
      return Invalid("file", absl::StrCat("has two columns for ", NameOf(fit.field), ", ",
                                          Quoted(names[taken->column]), " and ",
                                          Quoted(names[fit.column]), "; say which with --map ",
                                          NameOf(fit.field), "=#", taken->column + 1));
    }
  }
  std::stable_sort(columns.used.begin() + static_cast<std::ptrdiff_t>(mapped), columns.used.end(),
                   [](const ColumnUse& a, const ColumnUse& b) { return a.column < b.column; });
  for (size_t i = 0; i < names.size(); ++i) {
    const bool is_used = std::any_of(columns.used.begin(), columns.used.end(),
                                     [i](const ColumnUse& use) { return use.column == i; });
    if (!is_used) {
      (IsLeftOut(names[i]) ? columns.left_out : columns.unused).push_back(i);
    }
  }
  return columns;
}

std::optional<ColumnUse> ColumnMatcher::MatchLate(const std::vector<std::string>& names,
                                                  size_t column, const Columns& columns) const {
  std::optional<ColumnUse> fit = Fit(names[column]);
  const auto has_field = [&fit](const ColumnUse& use) { return use.field == fit->field; };
  if (!fit.has_value() || IsMapped(fit->field) ||
      std::any_of(columns.used.begin(), columns.used.end(), has_field)) {
    return std::nullopt;
  }
  fit->column = column;
  return fit;
}

}  // namespace emptychair
