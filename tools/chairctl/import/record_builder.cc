#include "tools/chairctl/import/record_builder.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "tools/chairctl/import/field_texts.h"
#include "tools/chairctl/rows/text_values.h"

namespace emptychair {
namespace {

absl::Status Invalid(absl::string_view field, absl::string_view description) {
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, field, description);
}

// The fields whose blanks count, because somebody wrote them.
bool IsProse(RecordField field) {
  return field == RecordField::kComment || field == RecordField::kExclusionNote;
}

absl::Status CheckPlain(absl::string_view field, const Cell& cell) {
  if (cell.kind == Cell::Kind::kNotPlain) {
    return Invalid(field, "is no plain value; wanted a text, a number, true, false or null");
  }
  if (cell.kind == Cell::Kind::kInexact) {
    return Invalid(field, "is a number of 2^53 or more; wanted such a number as a text");
  }
  return absl::OkStatus();
}

// What a word stands for; null when it stands for itself. A score is found as 1.0 and 1,0 too.
const std::string* StandsFor(absl::string_view word, RecordField field,
                             const absl::flat_hash_map<std::string, std::string>& values) {
  auto found = values.find(Folded(word));
  if (found == values.end() && field == RecordField::kScore) {
    const absl::StatusOr<std::optional<int32_t>> score = ParseScore(word);
    if (score.ok() && score->has_value()) {
      found = values.find(absl::StrCat(**score));
    }
  }
  return found == values.end() ? nullptr : &found->second;
}

}  // namespace

absl::StatusOr<RecordTimes> RecordTimes::Create(const ImportRules& rules, absl::TimeZone zone) {
  ASSIGN_OR_RETURN(TimeReader reader, TimeReader::Create(zone, rules.time_format));
  RecordTimes times{std::move(reader), std::nullopt};
  for (const auto& [field, value] : rules.constants) {
    if (field.field == RecordField::kOccurTime) {
      absl::StatusOr<absl::Time> time = times.reader.Read("--set occur_time", value);
      if (!time.ok()) {
        ASSIGN_OR_RETURN(time, times.reader.ReadWritten("--set occur_time", value));
      }
      times.constant = *time;
    }
  }
  return times;
}

RecordBuilder::RecordBuilder(const ImportRules& rules, RecordField owner_field, std::string owner,
                             RecordLayout layout)
    : rules_(rules),
      owner_field_(owner_field),
      owner_(std::move(owner)),
      layout_(std::move(layout)),
      ids_(rules.type == RecordType::kFeedback ? owner_ : "", rules.source) {}

absl::Status RecordBuilder::TakeColumns() {
  if (rules_.constants.size() > kConstantsMax) {
    return Invalid("--set", absl::StrCat("is there ", rules_.constants.size(),
                                         " times; wanted at most ", kConstantsMax));
  }
  const std::vector<ColumnUse> uses = std::move(layout_.columns.used);
  layout_.columns.used.clear();
  for (const ColumnUse& use : uses) {
    AddColumn(use);
  }
  const std::optional<size_t> owner_column = layout_.columns.Find(owner_field_);
  for (size_t i = 0; i < rules_.where.size(); ++i) {
    takes_all_owners_ |= layout_.where[i] == owner_column && !rules_.where[i].wanted.empty();
  }
  return absl::OkStatus();
}

void RecordBuilder::AddColumn(const ColumnUse& use) {
  layout_.columns.used.push_back(use);
  const auto values = rules_.values.find(NameOf(use.field));
  const Target target{use.field, values == rules_.values.end() ? nullptr : &values->second,
                      use.column};
  if (use.field.field == RecordField::kOccurTime) {
    time_targets_.push_back(target);
  } else if (use.field == TargetField{RecordField::kLabels, ""}) {
    // A column of its own says more of a label than this one does.
    targets_.insert(targets_.begin(), target);
  } else {
    targets_.push_back(target);
  }
}

absl::string_view RecordBuilder::TextOf(const Row& row, RecordField field) const {
  for (const Target& target : targets_) {
    if (target.field.field == field) {
      return row.cell(target.column).text;
    }
  }
  return "";
}

bool RecordBuilder::IsOfAnother(const Row& row) const {
  const absl::string_view owner = WithoutBlanks(TextOf(row, owner_field_));
  return !takes_all_owners_ && !owner_.empty() && !owner.empty() && owner != owner_ &&
         FitsConditions(row);
}

bool RecordBuilder::FitsConditions(const Row& row) const {
  for (size_t i = 0; i < rules_.where.size(); ++i) {
    const Condition& condition = rules_.where[i];
    const std::string value = Folded(WithoutBlanks(row.cell(layout_.where[i]).text));
    const auto has = [&value](const std::vector<std::string>& values) {
      return std::find(values.begin(), values.end(), value) != values.end();
    };
    if ((!condition.wanted.empty() && !has(condition.wanted)) || has(condition.unwanted)) {
      return false;
    }
  }
  return true;
}

// A value that is no text can be neither what is wanted nor what is not.
absl::Status RecordBuilder::CheckConditionCells(const Row& row) const {
  for (const size_t column : layout_.where) {
    RETURN_IF_ERROR(CheckPlain("--where", row.cell(column)));
  }
  return absl::OkStatus();
}

void RecordBuilder::Build(const Row& row, BuiltRecord& built) {
  Begin(built.record);
  built.is_skipped = false;
  built.id_origin = IdOrigin::kGiven;
  built.constants = 0;
  built.is_without_time = false;
  built.status = row.status;
  built.status.Update(CheckConditionCells(row));
  if (!built.status.ok()) {
    return;
  }
  if (!FitsConditions(row)) {
    built.is_skipped = true;
    return;
  }
  built.status = ReadFields(row, built);
}

absl::Status RecordBuilder::ReadFields(const Row& row, BuiltRecord& built) {
  if (IsOfAnother(row)) {
    const std::string other(WithoutBlanks(TextOf(row, owner_field_)));
    const absl::string_view name = InfoOf(owner_field_).name;
    return Invalid(name, absl::StrCat("is ", Quoted(other), "; wanted ", Quoted(owner_),
                                      ", or --where ", name, "=", other));
  }
  for (const Target& target : targets_) {
    ASSIGN_OR_RETURN(const absl::string_view value, ValueOf(row, target));
    if (!value.empty()) {
      RETURN_IF_ERROR(SetField(target.field, value, built.record));
    }
  }
  RETURN_IF_ERROR(Complete(built.record));
  SetConstants(built);
  RETURN_IF_ERROR(Check(built.record));
  RETURN_IF_ERROR(ReadTime(row, built));
  return SetId(row, built);
}

// What a row says for a field: empty when it says nothing.
absl::StatusOr<absl::string_view> RecordBuilder::ValueOf(const Row& row,
                                                         const Target& target) const {
  const Cell& cell = row.cell(target.column);
  if (cell.kind != Cell::Kind::kText) {
    RETURN_IF_ERROR(CheckPlain(NameOf(target.field), cell));
  }
  if (cell.text.empty()) {
    return cell.text;
  }
  const absl::string_view trimmed = WithoutBlanks(cell.text);
  if (!rules_.blanks.empty() && rules_.blanks.contains(trimmed)) {
    return absl::string_view();
  }
  if (target.values != nullptr) {
    if (const std::string* value = StandsFor(trimmed, target.field.field, *target.values)) {
      return absl::string_view(*value);
    }
  }
  return IsProse(target.field.field) || layout_.is_export ? cell.text : trimmed;
}

absl::Status RecordBuilder::SetLabels(
    absl::string_view key, absl::string_view text,
    google::protobuf::Map<std::string, std::string>& labels) const {
  if (!key.empty()) {
    labels[std::string(key)] = std::string(text);
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const auto all, ParseLabelsJson(text));
  for (const auto& [name, value] : all) {
    const absl::string_view label = layout_.is_export ? value : WithoutBlanks(value);
    if (!label.empty()) {
      labels[name] = std::string(label);
    }
  }
  return absl::OkStatus();
}

void RecordBuilder::SetConstants(BuiltRecord& built) const {
  for (size_t i = 0; i < rules_.constants.size(); ++i) {
    const auto& [field, value] = rules_.constants[i];
    if (field.field != RecordField::kOccurTime && SetConstant(field, value, built.record)) {
      built.constants |= uint64_t{1} << i;
    }
  }
}

// What the row says of its time; empty when it says nothing.
absl::StatusOr<std::string> RecordBuilder::TimeText(const Row& row) const {
  std::string text;
  size_t parts = 0;
  for (const Target& target : time_targets_) {
    ASSIGN_OR_RETURN(const absl::string_view value, ValueOf(row, target));
    if (!value.empty()) {
      absl::StrAppend(&text, parts == 0 ? "" : " ", value);
      ++parts;
    }
  }
  if (parts > 0 && parts < time_targets_.size()) {
    return Invalid("occur_time",
                   absl::StrCat("is ", Quoted(text), ", of which ", time_targets_.size() - parts,
                                " of its ", time_targets_.size(), " columns is empty"));
  }
  return text;
}

absl::Status RecordBuilder::ReadTime(const Row& row, BuiltRecord& built) {
  ASSIGN_OR_RETURN(const std::string text, TimeText(row));
  ASSIGN_OR_RETURN(const RecordTimes* const times, TimesOf(built.record));
  if (!text.empty()) {
    ASSIGN_OR_RETURN(const absl::Time time, times->reader.Read("occur_time", text));
    SetTime(time, built.record);
    return absl::OkStatus();
  }
  if (HasIdWithTime(built.record)) {
    return absl::OkStatus();
  }
  built.is_without_time = true;
  if (rules_.time_is_now) {
    return absl::OkStatus();  // The server has the clock.
  }
  if (!times->constant.has_value()) {
    return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, "occur_time",
                      absl::StrCat("is empty; wanted when they ",
                                   rules_.type == RecordType::kFeedback ? "answered" : "did it",
                                   ", or --set occur_time=TIME for all that have none"));
  }
  SetTime(*times->constant, built.record);
  for (size_t i = 0; i < rules_.constants.size(); ++i) {
    if (rules_.constants[i].first.field == RecordField::kOccurTime) {
      built.constants |= uint64_t{1} << i;
    }
  }
  return absl::OkStatus();
}

absl::Status RecordBuilder::SetId(const Row& row, BuiltRecord& built) {
  if (HasId(built.record)) {
    return absl::OkStatus();
  }
  if (rules_.id_from.empty()) {
    built.id_origin = IdOrigin::kContent;
    SetIdOfContent(built.record);
    return absl::OkStatus();
  }
  std::vector<std::string> keys;
  for (const size_t column : layout_.id_from) {
    RETURN_IF_ERROR(CheckPlain("--id-from", row.cell(column)));
    keys.emplace_back(WithoutBlanks(row.cell(column).text));
  }
  if (std::all_of(keys.begin(), keys.end(), [](const std::string& key) { return key.empty(); })) {
    return FieldError(v1::ERROR_REASON_ID_REQUIRED, "--id-from",
                      "finds nothing in the row; wanted a value in one of its columns");
  }
  built.id_origin = IdOrigin::kKeys;
  SetIdOfKeys(keys, built.record);
  return absl::OkStatus();
}

std::string RecordBuilder::IdOfRejected(const Row& row,
                                        const std::vector<std::string>& kept) const {
  const bool says_id = std::any_of(targets_.begin(), targets_.end(), [&](const Target& target) {
    const Cell& cell = row.cell(target.column);
    const absl::string_view text = WithoutBlanks(cell.text);
    return InfoOf(target.field.field).use == FieldUse::kId && cell.kind != Cell::Kind::kAbsent &&
           (cell.kind != Cell::Kind::kText || (!text.empty() && !rules_.blanks.contains(text)));
  });
  return says_id || !rules_.id_from.empty() ? "" : ids_.OfRejectedRow(row.line, kept);
}

}  // namespace emptychair
