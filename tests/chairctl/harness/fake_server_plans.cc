// What a fake server is to answer, and what it was asked.
#include <utility>

#include "tests/chairctl/harness/fake_server.h"

namespace emptychair {

void FakeServer::AddSurvey(v1::Survey survey) {
  absl::MutexLock lock(&mutex_);
  const std::string id = survey.survey_id();
  surveys_[id] = std::move(survey);
}

void FakeServer::FailNextBatches(const std::vector<absl::Status>& statuses) {
  absl::MutexLock lock(&mutex_);
  failures_.assign(statuses.begin(), statuses.end());
}

void FakeServer::PlanWatches(const std::vector<WatchPlan>& plans) {
  absl::MutexLock lock(&mutex_);
  watches_.assign(plans.begin(), plans.end());
}

void FakeServer::EndChangesWith(absl::Status status) {
  absl::MutexLock lock(&mutex_);
  end_of_changes_ = std::move(status);
}

std::vector<std::string> FakeServer::requests() const {
  absl::MutexLock lock(&mutex_);
  return requests_;
}

void FakeServer::SetMetric(v1::QueryMetricResponse response) {
  absl::MutexLock lock(&mutex_);
  metric_ = std::move(response);
}

void FakeServer::SetComparison(v1::CompareMetricResponse response) {
  absl::MutexLock lock(&mutex_);
  comparison_ = std::move(response);
}

void FakeServer::SetDecomposition(v1::DecomposeChangeResponse response) {
  absl::MutexLock lock(&mutex_);
  decomposition_ = std::move(response);
}

void FakeServer::SetWords(v1::CompareWordsResponse response) {
  absl::MutexLock lock(&mutex_);
  words_ = std::move(response);
}

void FakeServer::SetScorecard(v1::GetScorecardResponse response) {
  absl::MutexLock lock(&mutex_);
  scorecard_ = std::move(response);
}

void FakeServer::SetExplanation(v1::ExplainMetricResponse response) {
  absl::MutexLock lock(&mutex_);
  explanation_ = std::move(response);
}

void FakeServer::SetStatus(v1::GetStatusResponse response) {
  absl::MutexLock lock(&mutex_);
  status_ = std::move(response);
}

void FakeServer::SetVerdict(std::vector<v1::VerifyStoreResponse> messages) {
  absl::MutexLock lock(&mutex_);
  verdict_ = std::move(messages);
}

void FakeServer::FailMaintenance(absl::Status status) {
  absl::MutexLock lock(&mutex_);
  maintenance_status_ = std::move(status);
}

void FakeServer::EndMaintenanceAfterStatusCalls(int count) {
  absl::MutexLock lock(&mutex_);
  status_calls_awaited_ = count;
}

absl::Duration FakeServer::last_timeout() const {
  absl::MutexLock lock(&mutex_);
  return last_timeout_;
}

std::vector<v1::Feedback> FakeServer::feedback() const {
  absl::MutexLock lock(&mutex_);
  return feedback_;
}

std::vector<std::string> FakeServer::import_ids() const {
  absl::MutexLock lock(&mutex_);
  return import_ids_;
}

std::vector<int> FakeServer::batch_sizes() const {
  absl::MutexLock lock(&mutex_);
  return batch_sizes_;
}

v1::QueryMetricRequest FakeServer::last_query() const {
  absl::MutexLock lock(&mutex_);
  return last_query_;
}

v1::CompareMetricRequest FakeServer::last_comparison() const {
  absl::MutexLock lock(&mutex_);
  return last_comparison_;
}

v1::DecomposeChangeRequest FakeServer::last_decomposition() const {
  absl::MutexLock lock(&mutex_);
  return last_decomposition_;
}

v1::CompareWordsRequest FakeServer::last_words() const {
  absl::MutexLock lock(&mutex_);
  return last_words_;
}

v1::GetScorecardRequest FakeServer::last_scorecard() const {
  absl::MutexLock lock(&mutex_);
  return last_scorecard_;
}

v1::ExplainMetricRequest FakeServer::last_explanation() const {
  absl::MutexLock lock(&mutex_);
  return last_explanation_;
}

int FakeServer::calls(const std::string& method) const {
  absl::MutexLock lock(&mutex_);
  const auto found = calls_.find(method);
  return found == calls_.end() ? 0 : found->second;
}

}  // namespace emptychair
