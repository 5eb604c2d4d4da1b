#include "tools/chairctl/targets/feedback_builder.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "common/base/timestamp.h"
#include "tools/chairctl/import/field_texts.h"

namespace emptychair {
namespace {

v1::Feedback& Answer(ImportRecord& record) { return std::get<v1::Feedback>(record); }
const v1::Feedback& Answer(const ImportRecord& record) { return std::get<v1::Feedback>(record); }

}  // namespace

FeedbackBuilder::FeedbackBuilder(const ImportRules& rules, const v1::Survey& survey,
                                 RecordTimes times, RecordLayout layout)
    : RecordBuilder(rules, RecordField::kSurveyId, survey.survey_id(), std::move(layout)),
      survey_(survey),
      times_(std::move(times)) {}

absl::StatusOr<std::unique_ptr<RecordBuilder>> FeedbackBuilder::Create(const ImportRules& rules,
                                                                       const v1::Survey& survey,
                                                                       absl::TimeZone zone,
                                                                       RecordLayout layout) {
  ASSIGN_OR_RETURN(RecordTimes times, RecordTimes::Create(rules, zone));
  std::unique_ptr<FeedbackBuilder> builder(
      new FeedbackBuilder(rules, survey, std::move(times), std::move(layout)));
  RETURN_IF_ERROR(builder->TakeColumns());
  return builder;
}

std::unique_ptr<RecordBuilder> FeedbackBuilder::Clone() const {
  return std::unique_ptr<RecordBuilder>(new FeedbackBuilder(*this));
}

void FeedbackBuilder::Begin(ImportRecord& record) {
  Emptied<v1::Feedback>(record).set_survey_id(survey_.survey_id());
  exclusion_ = {};
}

absl::Status FeedbackBuilder::SetField(const TargetField& field, absl::string_view text,
                                       ImportRecord& record) {
  v1::Feedback& feedback = Answer(record);
  switch (field.field) {
    case RecordField::kFeedbackId:
      feedback.set_feedback_id(text.data(), text.size());
      break;
    case RecordField::kExternalId:
      feedback.set_external_id(text.data(), text.size());
      break;
    case RecordField::kCustomerId:
      feedback.set_customer_id(text.data(), text.size());
      break;
    case RecordField::kComment:
      feedback.set_comment(text.data(), text.size());
      break;
    case RecordField::kScore:
      return SetScore(text, feedback);
    case RecordField::kLabels:
      return SetLabels(field.label, text, *feedback.mutable_labels());
    case RecordField::kExclusion: {
      ASSIGN_OR_RETURN(const v1::ExclusionReason reason, ParseExclusionReason(text));
      if (reason != v1::EXCLUSION_REASON_UNSPECIFIED) {
        feedback.mutable_exclusion()->set_reason(reason);
      }
      break;
    }
    case RecordField::kExclusionNote:
      exclusion_.note = text;
      break;
    case RecordField::kExclusionTime:
      exclusion_.time = text;
      break;
    default:
      break;
  }
  return absl::OkStatus();
}

absl::Status FeedbackBuilder::SetScore(absl::string_view text, v1::Feedback& feedback) const {
  ASSIGN_OR_RETURN(const std::optional<int32_t> score, ParseScore(text));
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

absl::Status FeedbackBuilder::Complete(ImportRecord& record) {
  v1::Feedback& feedback = Answer(record);
  if (!feedback.has_exclusion()) {
    return absl::OkStatus();
  }
  feedback.mutable_exclusion()->set_note(exclusion_.note.data(), exclusion_.note.size());
  if (!exclusion_.time.empty()) {
    ASSIGN_OR_RETURN(const absl::Time time,
                     times_.reader.ReadWritten("exclusion_time", exclusion_.time));
    *feedback.mutable_exclusion()->mutable_time() = ToTimestamp(time);
  }
  return absl::OkStatus();
}

bool FeedbackBuilder::SetConstant(const TargetField& field, const std::string& value,
                                  ImportRecord& record) const {
  v1::Feedback& feedback = Answer(record);
  if (field.field == RecordField::kLabels) {
    return feedback.mutable_labels()->insert({field.label, value}).second;
  }
  if (field.field == RecordField::kCustomerId && feedback.customer_id().empty()) {
    feedback.set_customer_id(value);
    return true;
  }
  if (field.field == RecordField::kComment && feedback.comment().empty()) {
    feedback.set_comment(value);
    return true;
  }
  return false;
}

void FeedbackBuilder::SetTime(absl::Time time, ImportRecord& record) const {
  *Answer(record).mutable_occur_time() = ToTimestamp(time);
}

bool FeedbackBuilder::HasId(const ImportRecord& record) const {
  return !Answer(record).external_id().empty() || HasIdWithTime(record);
}

bool FeedbackBuilder::HasIdWithTime(const ImportRecord& record) const {
  return !Answer(record).feedback_id().empty();
}

void FeedbackBuilder::SetIdOfContent(ImportRecord& record) {
  v1::Feedback& feedback = Answer(record);
  feedback.set_external_id(ids().OfAnswer(feedback));
}

void FeedbackBuilder::SetIdOfKeys(const std::vector<std::string>& keys,
                                  ImportRecord& record) const {
  Answer(record).set_external_id(ids().OfKeys(keys));
}

}  // namespace emptychair
