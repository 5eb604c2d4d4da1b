#include "tests/service/model/operations_random.h"

#include <map>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

std::string SurveyId(int number) { return absl::StrCat("survey-", number); }

// A UUIDv7 of that time.
std::string MakeId(absl::Time time, int survey, int number) {
  const std::string hex = absl::StrFormat("%012x", absl::ToUnixMillis(time));
  return absl::StrCat(hex.substr(0, 8), "-", hex.substr(8), "-7000-8000-",
                      absl::StrFormat("%04x%08x", survey, number));
}

}  // namespace

OperationsRandom::OperationsRandom(uint64_t seed, OperationsModel* model)
    : MetricRandom(seed), model_(model) {
  for (int zone = 0; zone < kZones; ++zone) {
    rows_.push_back(OneOf(ZoneRows()));
  }
}

int OperationsRandom::MaxSeries() {
  const int choices[] = {2, 5, 12, 10'000};
  return OneOf(choices);
}

std::string OperationsRandom::Etag(const std::string& current) {
  return OneIn(3) && !old_etags_.empty() ? OneOf(old_etags_) : OneIn(2) ? current : "";
}

template <typename Request>
void OperationsRandom::SetMask(const std::vector<std::string>& fields, Request& request) {
  std::vector<std::string> paths = SomeOf(fields);
  if (paths.empty()) {
    paths = {fields.back()};
  }
  request.mutable_update_mask()->mutable_paths()->Assign(paths.begin(), paths.end());
}

v1::Survey OperationsRandom::Survey(int number) {
  v1::Survey survey = NpsSurvey(SurveyId(number), SomeOf(LabelKeys()), rows_[number % kZones].name);
  survey.mutable_scale()->set_max(10);
  survey.set_max_series(MaxSeries());
  if (const ModelledSurvey* known = model_->FindSurvey(survey.survey_id());
      known != nullptr && OneIn(2)) {
    survey.set_max_series(known->stored.max_series());
    survey.set_min_sample(known->stored.min_sample());
    survey.set_display_name(known->stored.display_name());
    *survey.mutable_dimensions() = known->stored.dimensions();
  }
  return survey;
}

v1::UpdateSurveyRequest OperationsRandom::UpdateSurvey() {
  v1::UpdateSurveyRequest request;
  v1::Survey& survey = *request.mutable_survey();
  survey.set_survey_id(SurveyId(Uniform(0, kSurveys - 1)));
  const ModelledSurvey* known = model_->FindSurvey(survey.survey_id());
  survey.set_etag(Etag(known == nullptr ? "" : known->stored.etag()));
  survey.set_display_name(absl::StrCat("name ", Uniform(1, 3)));
  survey.set_min_sample(OneIn(2) ? 0 : Uniform(1, 5));
  survey.set_max_series(MaxSeries());
  const std::vector<std::string> dimensions = SomeOf(LabelKeys());
  survey.mutable_dimensions()->Assign(dimensions.begin(), dimensions.end());
  SetMask({"display_name", "min_sample", "max_series", "dimensions"}, request);
  return request;
}

v1::ArchiveSurveyRequest OperationsRandom::ArchiveSurvey() {
  v1::ArchiveSurveyRequest request;
  request.set_survey_id(SurveyId(Uniform(0, kSurveys - 1)));
  request.set_undo(!OneIn(3));
  return request;
}

void OperationsRandom::SetContent(v1::Feedback& feedback) {
  feedback.clear_score();
  if (const std::optional<int> score = Score(); score.has_value()) {
    // Now and then off the scale.
    feedback.set_score(OneIn(60) ? *score + 11 : *score);
  }
  const std::map<std::string, std::string> labels = Labels();
  feedback.mutable_labels()->clear();
  feedback.mutable_labels()->insert(labels.begin(), labels.end());
  feedback.set_comment(OneIn(2) ? "" : absl::StrCat("comment ", Uniform(1, 3)));
}

v1::Feedback OperationsRandom::NewSubmission() {
  const int survey = Uniform(0, OneIn(10) ? kSurveys - 1 : kZones);
  absl::Time time = Time(rows_[survey % kZones]);
  v1::Feedback feedback;
  feedback.set_survey_id(SurveyId(survey));
  const int identity = Uniform(0, 3);
  if (identity != 0) {
    // Sometimes one that another record has.
    feedback.set_external_id(absl::StrCat("row ", OneIn(20) ? Uniform(0, made_) : ++made_));
  }
  if (identity <= 1) {
    feedback.set_feedback_id(MakeId(time, survey, ++made_));
    if (OneIn(4)) {
      feedback.set_feedback_id(absl::AsciiStrToUpper(feedback.feedback_id()));
    }
  } else {
    // Cut to milliseconds by the service.
    time += absl::Nanoseconds(OneIn(4) ? Uniform(0, 999'999) : 0);
  }
  if (!OneIn(8)) {
    *feedback.mutable_occur_time() = Timestamp(time);
  }
  if (!OneIn(4)) {
    feedback.set_customer_id(absl::StrCat("customer ", Uniform(1, 60)));
  }
  SetContent(feedback);
  if (OneIn(12)) {
    v1::Exclusion& exclusion = *feedback.mutable_exclusion();
    exclusion.set_reason(static_cast<v1::ExclusionReason>(Uniform(1, 6)));
    exclusion.set_note(OneIn(2) ? "" : "came so");
    if (OneIn(2)) {
      *exclusion.mutable_time() = Timestamp(kFakeNow - absl::Hours(Uniform(0, 1'000)));
    }
  }
  return feedback;
}

v1::Feedback OperationsRandom::Submission() {
  if (sent_.empty() || !OneIn(4)) {
    return sent_.emplace_back(NewSubmission());
  }
  v1::Feedback feedback = OneOf(sent_);
  if (OneIn(3)) {
    SetContent(feedback);
  }
  return feedback;
}

std::vector<v1::Feedback> OperationsRandom::Batch() {
  std::vector<v1::Feedback> batch;
  for (int i = Uniform(1, 12); i > 0; --i) {
    v1::Feedback feedback = OneIn(10) && !batch.empty() ? OneOf(batch) : Submission();
    batch.push_back(std::move(feedback));
  }
  return batch;
}

OperationsRandom::Target OperationsRandom::RandomTarget() {
  if (model_->keys().empty() || OneIn(30)) {
    return {SurveyId(0), MakeId(kFakeNow, 0, 0), "", ""};
  }
  const auto& [survey_id, feedback_id] = OneOf(model_->keys());
  const v1::Feedback& stored = model_->FindRecord(survey_id, feedback_id)->stored;
  return {survey_id, feedback_id, Etag(stored.etag()),
          OneIn(3) ? stored.external_id() : std::string()};
}

v1::AmendFeedbackRequest OperationsRandom::AmendFeedback() {
  const Target target = RandomTarget();
  v1::AmendFeedbackRequest request;
  v1::Feedback& feedback = *request.mutable_feedback();
  SetContent(feedback);
  SetIds(target, feedback);
  feedback.set_etag(target.etag);
  SetMask({"score", "comment", "labels"}, request);
  return request;
}

template <typename Request>
Request OperationsRandom::ChangeOf(const Target& target) {
  Request request;
  SetIds(target, request);
  return request;
}

v1::ExcludeFeedbackRequest OperationsRandom::ExcludeFeedback() {
  const Target target = RandomTarget();
  auto request = ChangeOf<v1::ExcludeFeedbackRequest>(target);
  request.set_etag(target.etag);
  request.set_reason(static_cast<v1::ExclusionReason>(Uniform(1, 6)));
  request.set_note(OneIn(2) ? "" : "a note");
  return request;
}

v1::IncludeFeedbackRequest OperationsRandom::IncludeFeedback() {
  const Target target = RandomTarget();
  auto request = ChangeOf<v1::IncludeFeedbackRequest>(target);
  request.set_etag(target.etag);
  return request;
}

v1::EraseFeedbackRequest OperationsRandom::EraseFeedback() {
  return ChangeOf<v1::EraseFeedbackRequest>(RandomTarget());
}

std::string OperationsRandom::ImportId() { return absl::StrCat("import ", Uniform(1, 4)); }

v1::TakeBackImportRequest OperationsRandom::TakeBackImport() {
  v1::TakeBackImportRequest request;
  request.set_survey_id(SurveyId(Uniform(0, kZones)));
  request.set_import_id(ImportId());
  return request;
}

v1::ChangeManyFeedbackRequest OperationsRandom::ChangeManyFeedback() {
  v1::ChangeManyFeedbackRequest request;
  request.set_survey_id(SurveyId(Uniform(0, kZones)));
  if (OneIn(2)) {
    request.set_import_id(ImportId());
  } else {
    request.set_customer_id(absl::StrCat("customer ", Uniform(1, 60)));
  }
  if (OneIn(3)) {
    request.set_max_score(Uniform(0, 10));
  }
  if (OneIn(2)) {
    request.set_include(true);
  } else {
    request.mutable_exclude()->set_reason(static_cast<v1::ExclusionReason>(Uniform(1, 6)));
    request.mutable_exclude()->set_note(OneIn(2) ? "" : "a note");
  }
  return request;
}

std::vector<const ModelSurvey*> OperationsRandom::SomeSurveys(int zone) {
  std::vector<std::string> ids;
  for (int number = zone; number < kSurveys; number += kZones) {
    if (model_->FindSurvey(SurveyId(number)) != nullptr) {
      ids.push_back(SurveyId(number));
    }
  }
  std::vector<std::string> chosen = SomeOf(ids);
  if (chosen.empty()) {
    chosen = {SurveyId(zone)};
  }
  std::vector<const ModelSurvey*> surveys;
  for (const std::string& id : chosen) {
    surveys.push_back(&model_->FindSurvey(id)->metrics);
  }
  return surveys;
}

v1::ListFeedbackRequest OperationsRandom::ListFeedback() {
  const int zone = Uniform(0, kZones - 1);
  const std::vector<const ModelSurvey*> surveys = SomeSurveys(zone);
  v1::ListFeedbackRequest request;
  const int subject = Uniform(0, 2);
  if (subject != 0) {
    request.set_survey_id(surveys.front()->survey_id());
  }
  if (subject != 1) {
    // The last never answers.
    request.set_customer_id(absl::StrCat("customer ", Uniform(1, 61)));
  }
  if (OneIn(2)) {
    *request.mutable_interval() = Interval(rows_[zone], v1::GRANULARITY_NONE);
  }
  if (OneIn(3)) {
    *request.add_filters() = Filter(surveys);
  }
  if (OneIn(6)) {
    request.set_import_id(ImportId());
  }
  if (OneIn(3)) {
    request.set_min_score(Uniform(0, 6));
  }
  if (OneIn(3)) {
    request.set_max_score(Uniform(6, 10));
  }
  request.set_exclusion(static_cast<v1::ExclusionFilter>(Uniform(0, 3)));
  request.set_order(static_cast<v1::FeedbackOrder>(Uniform(0, 2)));
  request.set_page_size(OneIn(3) ? Uniform(1, 40) : 1'000);
  return request;
}

}  // namespace emptychair::testing
