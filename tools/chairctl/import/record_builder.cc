#include "tools/chairctl/import/record_builder.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "common/base/timestamp.h"
#include "tools/chairctl/import/field_texts.h"
#include "tools/chairctl/import/text_values.h"

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

void SetLabel(const std::string& key, absl::string_view value, v1::Feedback& feedback) {
  (*feedback.mutable_labels())[key] = std::string(value);
}

}  // namespace

RecordBuilder::RecordBuilder(const ImportRules& rules, const v1::Survey& survey, TimeReader times,
                             RecordLayout layout)
    : rules_(rules),
      survey_(survey),
      times_(std::move(times)),
      layout_(std::move(layout)),
      ids_(survey.survey_id(), rules.source) {}

absl::StatusOr<RecordBuilder> RecordBuilder::Create(const ImportRules& rules,
                                                    const v1::Survey& survey, TimeReader times,
                                                    RecordLayout layout) {
  RecordBuilder builder(rules, survey, std::move(times), std::move(layout));
  RETURN_IF_ERROR(builder.ReadConstants());
  const std::vector<ColumnUse> uses = std::move(builder.layout_.columns.used);
  builder.layout_.columns.used.clear();
  for (const ColumnUse& use : uses) {
    builder.AddColumn(use);
  }
  const std::optional<size_t> survey_column = builder.layout_.columns.Find(RecordField::kSurveyId);
  for (size_t i = 0; i < rules.where.size(); ++i) {
    builder.takes_all_surveys_ |=
        builder.layout_.where[i] == survey_column && !rules.where[i].wanted.empty();
  }
  return builder;
}

absl::Status RecordBuilder::ReadConstants() {
  if (rules_.constants.size() > kConstantsMax) {
    return Invalid("--set", absl::StrCat("is there ", rules_.constants.size(),
                                         " times; wanted at most ", kConstantsMax));
  }
  for (size_t i = 0; i < rules_.constants.size(); ++i) {
    const auto& [field, value] = rules_.constants[i];
    if (field.field == RecordField::kOccurTime) {
      absl::StatusOr<absl::Time> time = times_.Read("--set occur_time", value);
      if (!time.ok()) {
        ASSIGN_OR_RETURN(time, times_.ReadWritten("--set occur_time", value));
      }
      constant_time_ = *time;
      constant_time_index_ = i;
    }
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

bool RecordBuilder::IsOfAnotherSurvey(const Row& row) const {
  const absl::string_view survey = WithoutBlanks(TextOf(row, RecordField::kSurveyId));
  return !takes_all_surveys_ && !survey.empty() && survey != survey_.survey_id() &&
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
  built.feedback.Clear();
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
  built.feedback.set_survey_id(survey_.survey_id());
  built.status = ReadFields(row, built);
}

absl::Status RecordBuilder::ReadFields(const Row& row, BuiltRecord& built) {
  if (IsOfAnotherSurvey(row)) {
    const std::string other(WithoutBlanks(TextOf(row, RecordField::kSurveyId)));
    return Invalid("survey_id",
                   absl::StrCat("is ", Quoted(other), "; wanted ", Quoted(survey_.survey_id()),
                                ", or --where survey_id=", other));
  }
  exclusion_ = {};
  for (const Target& target : targets_) {
    ASSIGN_OR_RETURN(const absl::string_view value, ValueOf(row, target));
    if (!value.empty()) {
      RETURN_IF_ERROR(SetField(target, value, built.feedback));
    }
  }
  RETURN_IF_ERROR(SetExclusion(built.feedback));
  SetConstants(built);
  RETURN_IF_ERROR(SetTime(row, built));
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

absl::Status RecordBuilder::SetField(const Target& target, absl::string_view value,
                                     v1::Feedback& feedback) {
  switch (target.field.field) {
    case RecordField::kFeedbackId:
      feedback.set_feedback_id(value.data(), value.size());
      break;
    case RecordField::kExternalId:
      feedback.set_external_id(value.data(), value.size());
      break;
    case RecordField::kCustomerId:
      feedback.set_customer_id(value.data(), value.size());
      break;
    case RecordField::kComment:
      feedback.set_comment(value.data(), value.size());
      break;
    case RecordField::kScore:
      return SetScore(value, feedback);
    case RecordField::kLabels: {
      if (!target.field.label.empty()) {
        SetLabel(target.field.label, value, feedback);
        break;
      }
      ASSIGN_OR_RETURN(const auto labels, ParseLabelsJson(value));
      for (const auto& [key, text] : labels) {
        const absl::string_view label = layout_.is_export ? text : WithoutBlanks(text);
        if (!label.empty()) {
          SetLabel(key, label, feedback);
        }
      }
      break;
    }
    case RecordField::kExclusion: {
      ASSIGN_OR_RETURN(const v1::ExclusionReason reason, ParseExclusionReason(value));
      if (reason != v1::EXCLUSION_REASON_UNSPECIFIED) {
        feedback.mutable_exclusion()->set_reason(reason);
      }
      break;
    }
    case RecordField::kExclusionNote:
      exclusion_.note = value;
      break;
    case RecordField::kExclusionTime:
      exclusion_.time = value;
      break;
    default:
      break;
  }
  return absl::OkStatus();
}

absl::Status RecordBuilder::SetScore(absl::string_view value, v1::Feedback& feedback) const {
  ASSIGN_OR_RETURN(const std::optional<int32_t> score, ParseScore(value));
  if (!score.has_value()) {
    return absl::OkStatus();
  }
  if (survey_.kind() == v1::SURVEY_KIND_TEXT) {
    return FieldError(v1::ERROR_REASON_SCORE_NOT_ALLOWED, "score",
                      absl::StrCat("is ", *score, "; answers of a text survey have none"));
  }
  if (survey_.has_scale() && (*score < survey_.scale().min() || *score > survey_.scale().max())) {
    return FieldError(v1::ERROR_REASON_SCORE_OUT_OF_RANGE, "score",
                      absl::StrCat("is ", *score, "; wanted ", survey_.scale().min(), " to ",
                                   survey_.scale().max()));
  }
  feedback.set_score(*score);
  return absl::OkStatus();
}

absl::Status RecordBuilder::SetExclusion(v1::Feedback& feedback) const {
  if (!feedback.has_exclusion()) {
    return absl::OkStatus();
  }
  feedback.mutable_exclusion()->set_note(exclusion_.note.data(), exclusion_.note.size());
  if (!exclusion_.time.empty()) {
    ASSIGN_OR_RETURN(const absl::Time time, times_.ReadWritten("exclusion_time", exclusion_.time));
    *feedback.mutable_exclusion()->mutable_time() = ToTimestamp(time);
  }
  return absl::OkStatus();
}

void RecordBuilder::SetConstants(BuiltRecord& built) const {
  for (size_t i = 0; i < rules_.constants.size(); ++i) {
    const auto& [field, value] = rules_.constants[i];
    v1::Feedback& feedback = built.feedback;
    bool is_used = false;
    if (field.field == RecordField::kLabels) {
      is_used = feedback.mutable_labels()->insert({field.label, value}).second;
    } else if (field.field == RecordField::kCustomerId && feedback.customer_id().empty()) {
      feedback.set_customer_id(value);
      is_used = true;
    } else if (field.field == RecordField::kComment && feedback.comment().empty()) {
      feedback.set_comment(value);
      is_used = true;
    }
    built.constants |= is_used ? uint64_t{1} << i : 0;
  }
}

// What the row says of when they answered; empty when it says nothing.
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

absl::Status RecordBuilder::SetTime(const Row& row, BuiltRecord& built) const {
  ASSIGN_OR_RETURN(const std::string text, TimeText(row));
  if (!text.empty()) {
    ASSIGN_OR_RETURN(const absl::Time time, times_.Read("occur_time", text));
    *built.feedback.mutable_occur_time() = ToTimestamp(time);
    return absl::OkStatus();
  }
  if (!built.feedback.feedback_id().empty()) {
    return absl::OkStatus();  // The id has its time.
  }
  built.is_without_time = true;
  if (rules_.time_is_now) {
    return absl::OkStatus();  // The server has the clock.
  }
  if (!constant_time_.has_value()) {
    return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, "occur_time",
                      "is empty; wanted when they answered, or --set occur_time=TIME for all that "
                      "have none");
  }
  *built.feedback.mutable_occur_time() = ToTimestamp(*constant_time_);
  built.constants |= uint64_t{1} << constant_time_index_;
  return absl::OkStatus();
}

absl::Status RecordBuilder::SetId(const Row& row, BuiltRecord& built) {
  v1::Feedback& feedback = built.feedback;
  if (!feedback.external_id().empty() || !feedback.feedback_id().empty()) {
    return absl::OkStatus();
  }
  if (rules_.id_from.empty()) {
    built.id_origin = IdOrigin::kAnswer;
    feedback.set_external_id(ids_.OfAnswer(feedback));
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
  feedback.set_external_id(ids_.OfKeys(keys));
  return absl::OkStatus();
}

std::string RecordBuilder::IdOfRejected(const Row& row,
                                        const std::vector<std::string>& kept) const {
  const bool says_id = std::any_of(targets_.begin(), targets_.end(), [&](const Target& target) {
    const Cell& cell = row.cell(target.column);
    const absl::string_view text = WithoutBlanks(cell.text);
    return (target.field.field == RecordField::kExternalId ||
            target.field.field == RecordField::kFeedbackId) &&
           cell.kind != Cell::Kind::kAbsent &&
           (cell.kind != Cell::Kind::kText || (!text.empty() && !rules_.blanks.contains(text)));
  });
  return says_id || !rules_.id_from.empty() ? "" : ids_.OfRejectedRow(row.line, kept);
}

}  // namespace emptychair
