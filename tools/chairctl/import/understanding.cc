#include "tools/chairctl/import/understanding.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "tools/chairctl/import/odd_values.h"
#include "tools/chairctl/import/text_values.h"
#include "tools/chairctl/records/record_fields.h"

namespace emptychair {
namespace {

constexpr size_t kFirstRows = 1000;

bool SetsTime(const ImportRules& rules) {
  return rules.time_is_now ||
         std::any_of(rules.constants.begin(), rules.constants.end(), [](const auto& constant) {
           return constant.first.field == RecordField::kOccurTime;
         });
}

absl::Status CheckScore(const ImportRules& rules, const v1::Survey& survey, const Columns& columns,
                        const std::vector<std::string>& names) {
  const bool has_score = columns.Has(RecordField::kScore);
  if (rules.no_score && has_score) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "--no-score",
                      "says that the file has no scores, and a column is read as score");
  }
  if (!rules.no_score && !has_score && survey.kind() != v1::SURVEY_KIND_TEXT) {
    return FieldError(
        v1::ERROR_REASON_FIELD_REQUIRED, "score",
        absl::StrCat("has no column, and the survey's answers have scores; the ", "columns are ",
                     QuotedNames(names),
                     "; wanted --map score=COLUMN, or --no-score when there are none"));
  }
  return absl::OkStatus();
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

bool IsGiven(const ImportRules& rules, absl::string_view flag) {
  return std::any_of(rules.given.begin(), rules.given.end(),
                     [flag](const GivenFlag& given) { return given.name == flag; });
}

// Without a time of its own, an answer of today and the same of tomorrow would be one.
absl::Status CheckIds(const ImportRules& rules, const Columns& columns) {
  if (!rules.time_is_now || columns.Has(RecordField::kOccurTime) ||
      columns.Has(RecordField::kExternalId) || columns.Has(RecordField::kFeedbackId) ||
      !rules.id_from.empty() || IsGiven(rules, "source")) {
    return absl::OkStatus();
  }
  return FieldError(v1::ERROR_REASON_ID_REQUIRED, "external_id",
                    "has no column, and neither has the time: the same answer in the next file "
                    "would be taken for this one. Wanted --map external_id=COLUMN, --id-from "
                    "COLUMN, or --source with a name for each file");
}

// A feed has a row for each change: the answer as it is now, again and again, erased ones too.
absl::Status CheckIsNoFeed(const std::vector<std::string>& names) {
  const auto has = [&names](absl::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  return has("change") && has("kind")
             ? FieldError(v1::ERROR_REASON_FIELD_INVALID, "file",
                          "has changes, as feedback export --since writes them, and no list of "
                          "answers; wanted an export without --since")
             : absl::OkStatus();
}

std::string IdsText(const ImportRules& rules, const RecordLayout& layout,
                    const std::vector<std::string>& names) {
  std::vector<std::string> own;
  std::vector<std::string> core;
  for (const ColumnUse& use : layout.columns.used) {
    const std::string column = Quoted(names[use.column]);
    switch (use.field.field) {
      case RecordField::kExternalId:
      case RecordField::kFeedbackId:
        own.push_back(column);
        break;
      case RecordField::kOccurTime:
      case RecordField::kScore:
      case RecordField::kCustomerId:
      case RecordField::kComment:
        core.push_back(column);
        break;
      default:
        break;
    }
  }
  for (const auto& [field, value] : rules.constants) {
    if (field.field == RecordField::kOccurTime || field.field == RecordField::kCustomerId ||
        field.field == RecordField::kComment) {
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

// Whether the file has the columns that nothing but an export has.
bool IsExport(const std::vector<std::string>& names) {
  const auto has = [&names](RecordField field) {
    const RecordFieldInfo& info = RecordFields()[static_cast<size_t>(field)];
    return std::any_of(names.begin(), names.end(), [&info](const std::string& name) {
      return name == info.name || name == info.json_name;
    });
  };
  return has(RecordField::kFeedbackId) && has(RecordField::kReceiveTime) &&
         has(RecordField::kSequence);
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

absl::StatusOr<RecordLayout> FindLayout(const ImportRules& rules, const v1::Survey& survey,
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
  layout.is_export = IsExport(names);
  if (layout.is_export) {
    RETURN_IF_ERROR(CheckIsNoFeed(names));
  }
  RETURN_IF_ERROR(CheckScore(rules, survey, layout.columns, names));
  RETURN_IF_ERROR(CheckTime(rules, layout.columns, names));
  RETURN_IF_ERROR(CheckIds(rules, layout.columns));
  return layout;
}

absl::StatusOr<FirstRecords> LookAtFirstRows(const v1::Survey& survey, RecordBuilder builder,
                                             const std::vector<Row>& rows) {
  FirstRecords first;
  OddValues odd(survey);
  BuiltRecord built;
  for (const Row& row : rows) {
    builder.Build(row, built);
    first.without_time += built.is_without_time ? 1 : 0;
    if (row.status.ok() && builder.IsOfAnotherSurvey(row)) {
      return FieldError(v1::ERROR_REASON_FIELD_INVALID, absl::StrCat("line ", row.line),
                        built.status.message());
    }
    if (!built.status.ok() || built.is_skipped) {
      continue;
    }
    odd.Add(built.feedback, built.id_origin == IdOrigin::kGiven);
    first.without_score +=
        built.feedback.has_score() || survey.kind() == v1::SURVEY_KIND_TEXT ? 0 : 1;
    if (built.id_origin != IdOrigin::kGiven) {
      first.derived.push_back(built.feedback);
    }
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
  plan.rows_without_score = rules.no_score ? 0 : first.without_score;
  // Where no column says it, all rows have what the flag says.
  plan.rows_without_time = layout.columns.Has(RecordField::kOccurTime) ? first.without_time : 0;
  plan.flags = rules.given;
  plan.odd = first.odd;
  return plan;
}

}  // namespace emptychair
