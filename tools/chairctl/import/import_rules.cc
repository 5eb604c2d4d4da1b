#include "tools/chairctl/import/import_rules.h"

#include <algorithm>
#include <functional>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/utf8.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "tools/chairctl/import/field_texts.h"
#include "tools/chairctl/rows/text_values.h"

namespace emptychair {
namespace {

constexpr absl::string_view kLabelPrefix = "label.";
constexpr int kBatchSizeMax = 10'000;
constexpr size_t kSourceBytesMax = 64;
constexpr size_t kImportIdBytesMax = 128;

absl::Status Invalid(absl::string_view flag, absl::string_view description) {
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, absl::StrCat("--", flag), description);
}

absl::StatusOr<bool> ReadBool(const GivenFlag& flag) {
  if (flag.value != "true" && flag.value != "false") {
    return Invalid(flag.name, absl::StrCat("is ", Quoted(flag.value), "; wanted true or false"));
  }
  return flag.value == "true";
}

absl::StatusOr<int> ReadInt(const GivenFlag& flag, int min, int max) {
  int number = 0;
  if (!absl::SimpleAtoi(flag.value, &number) || number < min || number > max) {
    return Invalid(flag.name, absl::StrCat("is ", Quoted(flag.value), "; wanted a number from ",
                                           min, " to ", max));
  }
  return number;
}

absl::StatusOr<std::string> ReadText(const GivenFlag& flag, size_t bytes_max) {
  const bool has_control = std::any_of(flag.value.begin(), flag.value.end(), [](char c) {
    return absl::ascii_iscntrl(static_cast<unsigned char>(c));
  });
  if (flag.value.empty() || flag.value.size() > bytes_max || has_control ||
      !IsValidUtf8(flag.value)) {
    return Invalid(flag.name, absl::StrCat("is ", Quoted(flag.value), "; wanted 1 to ", bytes_max,
                                           " bytes of UTF-8 without control characters"));
  }
  return flag.value;
}

absl::StatusOr<TargetField> ReadField(RecordType type, absl::string_view flag,
                                      absl::string_view name) {
  if (absl::StartsWith(name, kLabelPrefix)) {
    const std::string key(name.substr(kLabelPrefix.size()));
    if (!IsLabelKey(key)) {
      return Invalid(flag, absl::StrCat("names the label ", Quoted(key),
                                        "; wanted a key of a-z, 0-9, _ and -, a letter first"));
    }
    return TargetField{RecordField::kLabels, key};
  }
  const std::optional<RecordField> field = FindRecordField(type, name);
  if (!field.has_value() || !InfoOf(*field).is_read()) {
    return Invalid(flag, absl::StrCat("names the field ", Quoted(name), "; wanted one of ",
                                      TargetFieldNames(type)));
  }
  return TargetField{*field, ""};
}

absl::Status AddMap(const GivenFlag& flag, ImportRules& rules) {
  const size_t equals = flag.value.find('=');
  if (equals == std::string::npos || equals + 1 == flag.value.size()) {
    return Invalid("map", absl::StrCat("is ", Quoted(flag.value), "; wanted FIELD=COLUMN"));
  }
  ASSIGN_OR_RETURN(const TargetField field,
                   ReadField(rules.type, "map", flag.value.substr(0, equals)));
  const auto has_field = [&field](const auto& map) { return map.first == field; };
  if (field.field != RecordField::kOccurTime &&
      std::any_of(rules.maps.begin(), rules.maps.end(), has_field)) {
    return Invalid("map", absl::StrCat("maps ", NameOf(field), " twice; wanted each field once ",
                                       "(occur_time alone can be put together of several)"));
  }
  rules.maps.emplace_back(field, flag.value.substr(equals + 1));
  return absl::OkStatus();
}

// The values of a field are read here, so that a wrong one is refused before anything is.
absl::Status CheckValue(absl::string_view flag, const TargetField& field, const std::string& value,
                        const GivenFlag& given) {
  absl::Status status;
  if (field.field == RecordField::kScore) {
    status = ParseScore(value).status();
  } else if (field.field == RecordField::kExclusion) {
    status = ParseExclusionReason(value).status();
  } else if (field.field == RecordField::kAmount) {
    status = ParseAmount(value).status();
  } else if (field.field == RecordField::kCurrency) {
    status = ParseCurrency(value).status();
  }
  return status.ok() ? status
                     : Invalid(flag, absl::StrCat("is ", Quoted(given.value), ", whose ",
                                                  status.message()));
}

// The field that words most often stand for.
absl::string_view NameOfValue(RecordType type) {
  return type == RecordType::kActivity ? "amount" : "score";
}

absl::Status AddValue(const GivenFlag& flag, ImportRules& rules) {
  const size_t colon = flag.value.find(':');
  const size_t equals = flag.value.rfind('=');
  if (colon == std::string::npos || equals == std::string::npos || equals < colon) {
    return Invalid("value", absl::StrCat("is ", Quoted(flag.value), "; wanted FIELD:TEXT=VALUE"));
  }
  ASSIGN_OR_RETURN(const TargetField field,
                   ReadField(rules.type, "value", flag.value.substr(0, colon)));
  if (field.field == RecordField::kOccurTime ||
      (field.field == RecordField::kLabels && field.label.empty())) {
    return Invalid("value",
                   absl::StrCat("is for ", NameOf(field), "; wanted ", NameOfValue(rules.type),
                                ", label.KEY or another field ", "that is one word"));
  }
  const std::string value = flag.value.substr(equals + 1);
  RETURN_IF_ERROR(CheckValue("value", field, value, flag));
  const std::string text = flag.value.substr(colon + 1, equals - colon - 1);
  rules.values[NameOf(field)][Folded(WithoutBlanks(text))] = value;
  return absl::OkStatus();
}

// The fields that a flag can set for all rows: what says who, when and where, and what was meant
// for people. Nobody has given a score or paid an amount that a flag says.
bool CanBeSet(const TargetField& field) {
  return (field.field == RecordField::kLabels && !field.label.empty()) ||
         field.field == RecordField::kCustomerId || field.field == RecordField::kComment ||
         field.field == RecordField::kOccurTime;
}

absl::Status AddConstant(const GivenFlag& flag, ImportRules& rules) {
  const size_t equals = flag.value.find('=');
  if (equals == std::string::npos || equals + 1 == flag.value.size()) {
    return Invalid("set", absl::StrCat("is ", Quoted(flag.value), "; wanted FIELD=VALUE"));
  }
  ASSIGN_OR_RETURN(const TargetField field,
                   ReadField(rules.type, "set", flag.value.substr(0, equals)));
  if (!CanBeSet(field)) {
    const absl::string_view prose = rules.type == RecordType::kFeedback ? ", comment" : "";
    return Invalid("set", absl::StrCat("sets ", NameOf(field), "; wanted label.KEY, customer_id",
                                       prose, " or occur_time: nobody has given what a flag says"));
  }
  const std::string value = flag.value.substr(equals + 1);
  if (field.field == RecordField::kOccurTime && value == "now") {
    rules.time_is_now = true;
  } else if (field.field == RecordField::kComment) {
    rules.constants.emplace_back(field, value);
  } else {
    rules.constants.emplace_back(field, std::string(WithoutBlanks(value)));
  }
  return absl::OkStatus();
}

absl::Status AddCondition(const GivenFlag& flag, ImportRules& rules) {
  const size_t equals = flag.value.find('=');
  const bool is_negated =
      equals != std::string::npos && equals > 0 && flag.value[equals - 1] == '!';
  const std::string column =
      equals == std::string::npos ? "" : flag.value.substr(0, equals - (is_negated ? 1 : 0));
  if (column.empty()) {
    return Invalid(
        "where", absl::StrCat("is ", Quoted(flag.value), "; wanted COLUMN=VALUE or COLUMN!=VALUE"));
  }
  auto found = std::find_if(rules.where.begin(), rules.where.end(),
                            [&column](const Condition& c) { return c.column == column; });
  if (found == rules.where.end()) {
    found = rules.where.insert(rules.where.end(), {column, {}, {}});
  }
  const std::string value = Folded(WithoutBlanks(absl::string_view(flag.value).substr(equals + 1)));
  (is_negated ? found->unwanted : found->wanted).push_back(value);
  return absl::OkStatus();
}

absl::Status SetFormat(const GivenFlag& flag, ImportRules& rules) {
  rules.dialect.format = absl::AsciiStrToLower(flag.value);
  if (rules.dialect.format != "csv" && rules.dialect.format != "json" &&
      rules.dialect.format != "jsonl") {
    return Invalid("format",
                   absl::StrCat("is ", Quoted(flag.value), "; wanted csv, json or jsonl"));
  }
  return absl::OkStatus();
}

using Setter = absl::Status (*)(const GivenFlag& flag, ImportRules& rules);

template <bool ImportRules::*member>
absl::Status SetBool(const GivenFlag& flag, ImportRules& rules) {
  ASSIGN_OR_RETURN(rules.*member, ReadBool(flag));
  return absl::OkStatus();
}

template <std::string ImportRules::*member, size_t bytes_max>
absl::Status SetText(const GivenFlag& flag, ImportRules& rules) {
  ASSIGN_OR_RETURN(rules.*member, ReadText(flag, bytes_max));
  return absl::OkStatus();
}

template <int ImportRules::*member, int min, int max>
absl::Status SetInt(const GivenFlag& flag, ImportRules& rules) {
  ASSIGN_OR_RETURN(rules.*member, ReadInt(flag, min, max));
  return absl::OkStatus();
}

// Which imports have the flag.
enum class FlagOf { kAll, kFeedback, kActivity };

struct FlagInfo {
  absl::string_view name;
  ImportFlagKind kind;
  Setter set;
  FlagOf of = FlagOf::kAll;

  bool IsOf(RecordType type) const {
    return of == FlagOf::kAll || (of == FlagOf::kActivity) == (type == RecordType::kActivity);
  }
};

constexpr size_t kPathBytesMax = 4096;

using Kind = ImportFlagKind;

constexpr FlagInfo kFlags[] = {
    {"map", Kind::kRepeated, AddMap},
    {"blank", Kind::kRepeated,
     [](const GivenFlag& flag, ImportRules& rules) {
       rules.blanks.insert(std::string(WithoutBlanks(flag.value)));
       return absl::OkStatus();
     }},
    {"value", Kind::kRepeated, AddValue},
    {"set", Kind::kRepeated, AddConstant},
    {"where", Kind::kRepeated, AddCondition},
    {"id-from", Kind::kRepeated,
     [](const GivenFlag& flag, ImportRules& rules) {
       rules.id_from.push_back(flag.value);
       return absl::OkStatus();
     }},
    {"format", Kind::kOnce, SetFormat},
    {"delimiter", Kind::kOnce,
     [](const GivenFlag& flag, ImportRules& rules) {
       rules.dialect.delimiter = flag.value;
       return absl::OkStatus();
     }},
    {"encoding", Kind::kOnce, SetText<&ImportRules::encoding, 64>},
    {"header-row", Kind::kOnce,
     [](const GivenFlag& flag, ImportRules& rules) -> absl::Status {
       ASSIGN_OR_RETURN(rules.dialect.header_row, ReadInt(flag, 1, 1'000'000));
       return absl::OkStatus();
     }},
    {"skip-rows", Kind::kOnce, SetInt<&ImportRules::skip_rows, 0, 1'000'000>},
    {"time-zone", Kind::kOnce, SetText<&ImportRules::time_zone, 128>},
    {"time-format", Kind::kOnce, SetText<&ImportRules::time_format, 128>},
    {"no-score", Kind::kSwitch, SetBool<&ImportRules::no_score>, FlagOf::kFeedback},
    {"kind", Kind::kOnce,
     [](const GivenFlag& flag, ImportRules& rules) {
       rules.kind = flag.value;
       return IsLabelKey(flag.value)
                  ? absl::OkStatus()
                  : Invalid("kind", absl::StrCat("is ", Quoted(flag.value),
                                                 "; wanted a-z, 0-9, _ and -, a letter first"));
     },
     FlagOf::kActivity},
    {"currency", Kind::kOnce,
     [](const GivenFlag& flag, ImportRules& rules) -> absl::Status {
       const absl::StatusOr<std::string> currency = ParseCurrency(flag.value);
       if (!currency.ok()) {
         return Invalid("currency", currency.status().message());
       }
       rules.currency = *currency;
       return absl::OkStatus();
     },
     FlagOf::kActivity},
    {"source", Kind::kOnce, SetText<&ImportRules::source, kSourceBytesMax>},
    {"update", Kind::kSwitch, SetBool<&ImportRules::update>, FlagOf::kFeedback},
    {"dry-run", Kind::kSwitch, SetBool<&ImportRules::dry_run>},
    {"import-id", Kind::kOnce, SetText<&ImportRules::import_id, kImportIdBytesMax>},
    {"rejects", Kind::kOnce, SetText<&ImportRules::rejects, kPathBytesMax>},
    {"allow-rejects", Kind::kSwitch, SetBool<&ImportRules::allow_rejects>},
    {"batch-size", Kind::kOnce, SetInt<&ImportRules::batch_size, 1, kBatchSizeMax>},
};

const FlagInfo* FindFlag(absl::string_view name) {
  const auto* found = std::find_if(std::begin(kFlags), std::end(kFlags),
                                   [name](const FlagInfo& flag) { return flag.name == name; });
  return found == std::end(kFlags) ? nullptr : found;
}

// What two flags of the same kind must not both say: the field of `map` and `set`, field and word
// of `value`.
std::string SubjectOf(const GivenFlag& flag) {
  if (flag.name == "map" || flag.name == "set") {
    return absl::StrCat(flag.name, " ", flag.value.substr(0, flag.value.find('=')));
  }
  if (flag.name == "value") {
    return absl::StrCat("value ", Folded(flag.value.substr(0, flag.value.rfind('='))));
  }
  return "";
}

}  // namespace

std::optional<ImportFlagKind> KindOfImportFlag(absl::string_view name) {
  const FlagInfo* flag = FindFlag(name);
  return flag == nullptr ? std::nullopt : std::optional(flag->kind);
}

std::vector<std::string> ImportFlagNames(RecordType type, ImportFlagKind kind) {
  std::vector<std::string> names;
  for (const FlagInfo& flag : kFlags) {
    if (flag.kind == kind && flag.IsOf(type)) {
      names.emplace_back(flag.name);
    }
  }
  return names;
}

std::vector<GivenFlag> Together(std::vector<GivenFlag> preset, std::vector<GivenFlag> flags) {
  const auto is_replaced = [&flags](const GivenFlag& old) {
    return std::any_of(flags.begin(), flags.end(), [&old](const GivenFlag& flag) {
      return KindOfImportFlag(old.name) == Kind::kRepeated
                 ? !SubjectOf(old).empty() && SubjectOf(old) == SubjectOf(flag)
                 : old.name == flag.name;
    });
  };
  preset.erase(std::remove_if(preset.begin(), preset.end(), is_replaced), preset.end());
  preset.insert(preset.end(), flags.begin(), flags.end());
  return preset;
}

std::string NameOf(const TargetField& field) {
  return field.label.empty() ? std::string(InfoOf(field.field).name)
                             : absl::StrCat(kLabelPrefix, field.label);
}

std::string TargetFieldNames(RecordType type) {
  std::string names;
  for (const RecordField field : KnownFields(type)) {
    if (InfoOf(field).is_read()) {
      absl::StrAppend(&names, InfoOf(field).name, ", ");
    }
  }
  return absl::StrCat(names, "label.KEY");
}

bool IsLabelKey(absl::string_view key) {
  constexpr size_t kKeyBytesMax = 63;
  return !key.empty() && key.size() <= kKeyBytesMax &&
         absl::ascii_islower(static_cast<unsigned char>(key.front())) &&
         std::all_of(key.begin(), key.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return absl::ascii_islower(byte) || absl::ascii_isdigit(byte) || c == '_' || c == '-';
         });
}

absl::StatusOr<ImportRules> ReadRules(RecordType type, std::vector<GivenFlag> given) {
  ImportRules rules;
  rules.type = type;
  for (const GivenFlag& flag : given) {
    const FlagInfo* info = FindFlag(flag.name);
    if (info == nullptr || !info->IsOf(type)) {
      return Invalid(flag.name, type == RecordType::kActivity
                                    ? "is no flag of an import of activities"
                                    : "is no flag of an import of answers");
    }
    RETURN_IF_ERROR(info->set(flag, rules));
  }
  rules.given = std::move(given);
  return rules;
}

}  // namespace emptychair
