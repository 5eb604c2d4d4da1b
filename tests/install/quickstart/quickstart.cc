// Creates a survey, submits answers to it and asks what they mean.
#include <iostream>
#include <map>
#include <string>

#include "emptychair/client/client.h"
#include "emptychair/error.h"

namespace v1 = emptychair::v1;

v1::Feedback Answer(int score) {
  v1::Feedback feedback;
  feedback.set_survey_id("checkout");
  feedback.set_score(score);
  (*feedback.mutable_labels())["channel"] = "web";
  return feedback;
}

absl::Status Run(const std::string& endpoint) {
  absl::StatusOr<emptychair::Client> client = emptychair::Client::Create({.endpoint = endpoint});
  if (!client.ok()) return client.status();

  v1::Survey survey;
  survey.set_survey_id("checkout");
  survey.set_kind(v1::SURVEY_KIND_NPS);
  survey.add_dimensions("channel");
  absl::Status created = client->CreateSurvey(survey).status();
  if (!created.ok()) return created;

  for (int score : {10, 9, 9, 8, 2}) {
    absl::Status stored = client->SubmitFeedback(Answer(score)).status();
    if (!stored.ok()) return stored;
  }

  for (const absl::StatusOr<v1::Survey>& listed : client->ListSurveys()) {
    if (!listed.ok()) return listed.status();
    v1::QueryMetricRequest query;
    query.add_survey_ids(listed->survey_id());
    absl::StatusOr<v1::QueryMetricResponse> metric = client->QueryMetric(query);
    if (!metric.ok()) return metric.status();
    const v1::MetricValue& nps = metric->total().points(0);
    std::cout << listed->survey_id() << ": " << nps.answers() << " answers, NPS " << nps.value()
              << "\n";
  }

  absl::Status refused = client->SubmitFeedback(Answer(11)).status();
  if (emptychair::ReasonOf(refused) == v1::ERROR_REASON_SCORE_OUT_OF_RANGE) {
    std::map<std::string, std::string> metadata = emptychair::MetadataOf(refused);
    std::cout << "refused: " << emptychair::ReasonNameOf(refused) << ", wanted " << metadata["min"]
              << " to " << metadata["max"] << "\n";
  }
  return absl::OkStatus();
}

int main(int argc, char** argv) {
  absl::Status status = Run(argc > 1 ? argv[1] : "127.0.0.1:7443");
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}
