#include "tests/service/harness/requests.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace emptychair::testing {
namespace {

template <typename T>
T Expect(absl::StatusOr<T> result, SourceLocation where) {
  return Value(std::move(result), where);
}

}  // namespace

google::protobuf::Timestamp Timestamp(absl::Time time) { return ToTimestamp(time); }

v1::TimeInterval IntervalOf(const v1::MetricBucket& bucket) {
  v1::TimeInterval interval;
  if (bucket.has_start_time()) {
    *interval.mutable_start_time() = bucket.start_time();
  }
  if (bucket.has_end_time()) {
    *interval.mutable_end_time() = bucket.end_time();
  }
  return interval;
}

v1::Survey NpsSurvey(absl::string_view survey_id, const std::vector<std::string>& dimensions,
                     absl::string_view time_zone) {
  v1::Survey survey;
  survey.set_survey_id(std::string(survey_id));
  survey.set_kind(v1::SURVEY_KIND_NPS);
  survey.mutable_dimensions()->Assign(dimensions.begin(), dimensions.end());
  survey.set_time_zone(std::string(time_zone));
  return survey;
}

v1::Survey SurveyOf(absl::string_view survey_id, const std::string& text) {
  v1::Survey survey = FromText<v1::Survey>(text);
  survey.set_survey_id(std::string(survey_id));
  return survey;
}

v1::Feedback Answer(absl::string_view survey_id, absl::string_view external_id, absl::Time time) {
  v1::Feedback feedback;
  feedback.set_survey_id(std::string(survey_id));
  feedback.set_external_id(std::string(external_id));
  *feedback.mutable_occur_time() = Timestamp(time);
  return feedback;
}

v1::Feedback Answer(absl::string_view survey_id, absl::string_view external_id, absl::Time time,
                    int32_t score) {
  v1::Feedback feedback = Answer(survey_id, external_id, time);
  feedback.set_score(score);
  return feedback;
}

v1::Survey Create(Client& client, const v1::Survey& survey, SourceLocation where) {
  return Expect(TryCreate(client, survey), where).survey();
}

v1::SubmitFeedbackResponse Submit(Client& client, const v1::Feedback& feedback,
                                  SourceLocation where) {
  return Expect(TrySubmit(client, feedback), where);
}

void SubmitAll(Client& client, const std::vector<v1::Feedback>& feedback, SourceLocation where) {
  constexpr size_t kBatch = 5'000;
  for (size_t first = 0; first < feedback.size(); first += kBatch) {
    const size_t last = std::min(feedback.size(), first + kBatch);
    const v1::BatchSubmitFeedbackResponse response =
        Expect(TryBatch(client, {feedback.begin() + first, feedback.begin() + last}), where);
    if (!response.failures().empty()) {
      ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line()))
          << response.failures(0).ShortDebugString();
    }
  }
}

v1::GetStatusResponse Status(Client& client, SourceLocation where) {
  return Expect(client.GetStatus({}), where);
}

absl::StatusOr<v1::CreateSurveyResponse> TryCreate(Client& client, const v1::Survey& survey) {
  v1::CreateSurveyRequest request;
  *request.mutable_survey() = survey;
  return client.CreateSurvey(request);
}

absl::StatusOr<v1::SubmitFeedbackResponse> TrySubmit(Client& client, const v1::Feedback& feedback) {
  v1::SubmitFeedbackRequest request;
  *request.mutable_feedback() = feedback;
  request.set_want_record(true);
  return client.connection().SubmitFeedback(request);
}

v1::BatchSubmitFeedbackRequest BatchOf(const std::vector<v1::Feedback>& feedback) {
  v1::BatchSubmitFeedbackRequest request;
  request.mutable_feedback()->Assign(feedback.begin(), feedback.end());
  return request;
}

absl::StatusOr<v1::BatchSubmitFeedbackResponse> TryBatch(
    Client& client, const std::vector<v1::Feedback>& feedback) {
  return client.connection().BatchSubmitFeedback(BatchOf(feedback));
}

absl::StatusOr<v1::GetFeedbackResponse> GetByExternalId(Client& client, absl::string_view survey_id,
                                                        absl::string_view external_id) {
  v1::GetFeedbackRequest request;
  request.set_survey_id(std::string(survey_id));
  request.set_external_id(std::string(external_id));
  return client.GetFeedback(request);
}

absl::StatusOr<v1::GetFeedbackResponse> GetById(Client& client, absl::string_view survey_id,
                                                absl::string_view feedback_id) {
  v1::GetFeedbackRequest request;
  request.set_survey_id(std::string(survey_id));
  request.set_feedback_id(std::string(feedback_id));
  return client.GetFeedback(request);
}

v1::QueryMetricResponse Query(Client& client, const std::string& text, SourceLocation where) {
  return Expect(client.QueryMetric(FromText<v1::QueryMetricRequest>(text)), where);
}

v1::CompareMetricRequest Sides(const std::string& base, const std::string& candidate) {
  v1::CompareMetricRequest request;
  *request.mutable_base() = FromText<v1::QueryMetricRequest>(base);
  *request.mutable_candidate() = FromText<v1::QueryMetricRequest>(candidate);
  return request;
}

v1::CompareMetricResponse Compare(Client& client, const std::string& base,
                                  const std::string& candidate, SourceLocation where) {
  return Expect(client.CompareMetric(Sides(base, candidate)), where);
}

v1::DecomposeChangeRequest ChangeOf(const v1::CompareMetricRequest& sides,
                                    const std::vector<std::string>& keys) {
  v1::DecomposeChangeRequest request;
  *request.mutable_base() = sides.base();
  *request.mutable_candidate() = sides.candidate();
  request.mutable_keys()->Assign(keys.begin(), keys.end());
  return request;
}

v1::DecomposeChangeResponse Decompose(Client& client, const std::string& base,
                                      const std::string& candidate,
                                      const std::vector<std::string>& keys, SourceLocation where) {
  return Expect(client.DecomposeChange(ChangeOf(Sides(base, candidate), keys)), where);
}

v1::MetricValue Total(Client& client, absl::string_view survey_id, SourceLocation where) {
  const v1::QueryMetricResponse response =
      Query(client, absl::StrCat("survey_ids: '", survey_id, "'"), where);
  return response.total().points().empty() ? v1::MetricValue() : response.total().points(0);
}

std::vector<v1::Feedback> NpsAnswers(absl::string_view survey_id, int promoters, int passives,
                                     int detractors, absl::Time time) {
  std::vector<v1::Feedback> answers;
  const auto add = [&](int count, int lowest, int scores) {
    for (int i = 0; i < count; ++i) {
      const size_t number = answers.size();
      answers.push_back(Answer(survey_id, absl::StrCat("nps-", number),
                               time + absl::Seconds(number), lowest + i % scores));
    }
  };
  add(promoters, 9, 2);
  add(passives, 7, 2);
  add(detractors, 0, 7);
  return answers;
}

std::vector<v1::Feedback> ScoredAnswers(absl::string_view survey_id, int32_t score_min,
                                        const std::vector<int>& counts, absl::Time time) {
  std::vector<v1::Feedback> answers;
  for (size_t i = 0; i < counts.size(); ++i) {
    for (int j = 0; j < counts[i]; ++j) {
      answers.push_back(Answer(survey_id,
                               absl::StrCat("row ", absl::ToUnixMillis(time), "-", answers.size()),
                               time, score_min + static_cast<int32_t>(i)));
    }
  }
  return answers;
}

std::vector<std::string> GroupTexts(const v1::MetricSeries& series) {
  std::vector<std::string> texts;
  for (const v1::GroupValue& value : series.group_values()) {
    texts.push_back(value.has_none() ? "(none)" : value.has_other() ? "(other)" : value.value());
  }
  return texts;
}

}  // namespace emptychair::testing
