#include "tools/chairctl/import/understanding.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "emptychair/error.h"
#include "tools/chairctl/records/record_fields.h"
#include "tools/chairctl/rows/text_values.h"

namespace emptychair {
namespace {

constexpr size_t kFirstRows = 1000;

bool SetsTime(const ImportRules& rules) {
  return rules.time_is_now ||
         std::any_of(rules.constants.begin(), rules.constants.end(), [](const auto& constant) {
           return constant.first.field == RecordField::kOccurTime;
         });
}

absl::Status CheckTime(const ImportRules& rules, const Columns& columns,
                       const std::vector<std::string>& names) {
  if (columns.Has(RecordField::kOccurTime) || columns.Has(RecordField::kFeedbackId) ||
      SetsTime(rules)) {
    return absl::OkStatus();
  }
  return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, "occur_time",
                    absl::StrCat("has no column; the columns are ", QuotedNames(names),
                                 "; wanted --map occur_time=COLUMN, or --set occur_time=TIME for ",
                                 "all rows (now: the time of the import)"));
}

bool HasOwnIds(const Columns& columns) {
  return std::any_of(columns.used.begin(), columns.used.end(), [](const ColumnUse& use) {
    return InfoOf(use.field.field).use == FieldUse::kId;
  });
}

bool IsGiven(const ImportRules& rules, absl::string_view flag) {
  return std::any_of(rules.given.begin(), rules.given.end(),
                     [flag](const GivenFlag& given) { return given.name == flag; });
}

// Without a time of its own, a record of today and the same of tomorrow would be one.
absl::Status CheckIds(const ImportRules& rules, const ImportTarget& target,
                      const Columns& columns) {
  if (!rules.time_is_now || columns.Has(RecordField::kOccurTime) || HasOwnIds(columns) ||
      !rules.id_from.empty() || IsGiven(rules, "source")) {
    return absl::OkStatus();
  }
  const absl::string_view id = InfoOf(target.id_field()).name;
  return FieldError(v1::ERROR_REASON_ID_REQUIRED, id,
                    absl::StrCat("has no column, and neither has the time: the same ",
                                 rules.type == RecordType::kFeedback ? "answer" : "activity",
                                 " in the next file would be taken for this one. Wanted --map ", id,
                                 "=COLUMN, --id-from COLUMN, or --source with a name for each "
                                 "file"));
}

std::string IdsText(const ImportRules& rules, const RecordLayout& layout,
                    const std::vector<std::string>& names) {
  std::vector<std::string> own;
  std::vector<std::string> core;
  for (const ColumnUse& use : layout.columns.used) {
    const std::string column = Quoted(names[use.column]);
    const FieldUse part = InfoOf(use.field.field).use;
    if (part == FieldUse::kId) {
      own.push_back(column);
    } else if (part == FieldUse::kContent) {
      core.push_back(column);
    }
  }
  for (const auto& [field, value] : rules.constants) {
    if (InfoOf(field.field).use == FieldUse::kContent) {
      core.push_back(absl::StrCat("--set ", NameOf(field)));
    }
  }
  if (!rules.id_from.empty()) {
    core.clear();
    for (const size_t column : layout.id_from) {
      core.push_back(Quoted(names[column]));
    }
  }
  const std::string derived = absl::StrCat("derived from ", absl::StrJoin(core, ", "), " (source ",
                                           Quoted(rules.source), ")");
  return own.empty()
             ? derived
             : absl::StrCat("given by ", absl::StrJoin(own, ", "), "; where empty, ", derived);
}

bool LacksCurrency(const absl::Status& status) {
  const std::vector<std::string> fields = FieldsOf(status);
  return ReasonOf(status) == v1::ERROR_REASON_FIELD_REQUIRED && !fields.empty() &&
         fields.front() == InfoOf(RecordField::kCurrency).name;
}

// Whether the file has the columns that nothing but an export has.
bool IsExport(RecordType type, const std::vector<std::string>& names) {
  const auto has = [&names](RecordField field) {
    const RecordFieldInfo& info = InfoOf(field);
    return std::any_of(names.begin(), names.end(), [&info](const std::string& name) {
      return name == info.name || name == info.json_name;
    });
  };
  return has(type == RecordType::kFeedback ? RecordField::kFeedbackId : RecordField::kActivityId) &&
         has(RecordField::kReceiveTime) && has(RecordField::kSequence);
}

}  // namespace

std::vector<Row> ReadFirstRows(RowReader& reader) {
  std::vector<Row> rows;
  size_t bytes = 0;
  Row row;
  while ((rows.size() < kFirstRows || bytes < TextSource::kStartBytes) && reader.Next(row)) {
    rows.push_back(row.Copy());
    bytes += rows.back().storage->size() + 1;
  }
  return rows;
}

absl::StatusOr<RecordLayout> FindLayout(const ImportRules& rules, const ImportTarget& target,
                                        const ColumnMatcher& matcher,
                                        const std::vector<std::string>& names) {
  RecordLayout layout;
  ASSIGN_OR_RETURN(layout.columns, matcher.Match(names));
  for (const Condition& condition : rules.where) {
    ASSIGN_OR_RETURN(const size_t column,
                     ColumnMatcher::FindNamed("--where", condition.column, names));
    layout.where.push_back(column);
  }
  for (const std::string& name : rules.id_from) {
    ASSIGN_OR_RETURN(const size_t column, ColumnMatcher::FindNamed("--id-from", name, names));
    layout.id_from.push_back(column);
  }
  layout.is_export = IsExport(rules.type, names);
  RETURN_IF_ERROR(target.CheckLayout(rules, layout, names));
  RETURN_IF_ERROR(CheckTime(rules, layout.columns, names));
  RETURN_IF_ERROR(CheckIds(rules, target, layout.columns));
  return layout;
}

absl::StatusOr<FirstRecords> LookAtFirstRows(const ImportTarget& target,
                                             const RecordBuilder& builder,
                                             const std::vector<Row>& rows) {
  const std::unique_ptr<RecordBuilder> own = builder.Clone();
  FirstRecords first;
  OddValues odd = target.MakeOddValues();
  absl::Status no_currency;
  bool has_amount = false;
  BuiltRecord built;
  for (const Row& row : rows) {
    own->Build(row, built);
    first.without_time += built.is_without_time ? 1 : 0;
    if (row.status.ok() && own->IsOfAnother(row)) {
      return FieldError(v1::ERROR_REASON_FIELD_INVALID, absl::StrCat("line ", row.line),
                        built.status.message());
    }
    if (!built.status.ok() && LacksCurrency(built.status)) {
      no_currency.Update(built.status);
    }
    if (!built.status.ok() || built.is_skipped) {
      continue;
    }
    first.without_value += target.LacksValue(own->layout(), built.record) ? 1 : 0;
    if (const auto* activity = std::get_if<v1::Activity>(&built.record)) {
      has_amount |= activity->has_amount();
      if (std::find(first.kinds.begin(), first.kinds.end(), activity->kind()) ==
          first.kinds.end()) {
        first.kinds.push_back(activity->kind());
      }
    }
    const bool has_own_id = built.id_origin == IdOrigin::kGiven;
    std::visit([&](const auto& record) { odd.Add(record, has_own_id); }, built.record);
    if (!has_own_id) {
      first.derived.push_back(built.record);
    }
  }
  if (!has_amount) {
    RETURN_IF_ERROR(no_currency);
  }
  first.odd = odd.Sentences();
  return first;
}

ImportPlan MakePlan(const ImportRules& rules, const TextSource& source, const Dialect& dialect,
                    const RecordLayout& layout, const std::vector<std::string>& names,
                    const FirstRecords& first) {
  ImportPlan plan;
  for (const ColumnUse& use : layout.columns.used) {
    plan.columns.push_back({NameOf(use.field), names[use.column], std::string(HowFound(use.how))});
  }
  const auto is_condition = [&layout](size_t column) {
    return std::find(layout.where.begin(), layout.where.end(), column) != layout.where.end() ||
           std::find(layout.id_from.begin(), layout.id_from.end(), column) != layout.id_from.end();
  };
  for (const size_t column : layout.columns.unused) {
    if (!WithoutBlanks(names[column]).empty() && !is_condition(column)) {
      plan.unused.push_back(names[column]);
    }
  }
  for (const size_t column : layout.columns.left_out) {
    plan.left_out.push_back(names[column]);
  }
  plan.dialect = dialect;
  plan.encoding = source.encoding();
  plan.ids = IdsText(rules, layout, names);
  plan.is_export = layout.is_export;
  plan.rows_without_value = rules.no_score ? 0 : first.without_value;
  plan.type = rules.type;
  // Where no column says it, all rows have what the flag says.
  plan.rows_without_time = layout.columns.Has(RecordField::kOccurTime) ? first.without_time : 0;
  plan.flags = rules.given;
  plan.odd = first.odd;
  return plan;
}

}  // namespace emptychair
