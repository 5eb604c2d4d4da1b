#include "tests/chairctl/harness/fake_server.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/rpc/status_conversion.h"

namespace emptychair {

class FakeServer::Surveys final : public v1::SurveyService::Service {
 public:
  explicit Surveys(FakeServer& fake) : fake_(fake) {}

  grpc::Status CreateSurvey(grpc::ServerContext*, const v1::CreateSurveyRequest* request,
                            v1::CreateSurveyResponse* response) override {
    absl::MutexLock lock(&fake_.mutex_);
    const std::string& id = request->survey().survey_id();
    if (fake_.surveys_.contains(id)) {
      return ToGrpc(Error(v1::ERROR_REASON_SURVEY_EXISTS, "there is such a survey"));
    }
    fake_.surveys_[id] = request->survey();
    *response->mutable_survey() = request->survey();
    return grpc::Status::OK;
  }

  grpc::Status GetSurvey(grpc::ServerContext*, const v1::GetSurveyRequest* request,
                         v1::GetSurveyResponse* response) override {
    absl::MutexLock lock(&fake_.mutex_);
    ++fake_.calls_["GetSurvey"];
    const absl::Status found = fake_.CheckSurvey(request->survey_id());
    if (found.ok()) {
      *response->mutable_survey() = fake_.surveys_.at(request->survey_id());
    }
    return ToGrpc(found);
  }

  // Pages of at most two, so that every list has several.
  grpc::Status ListSurveys(grpc::ServerContext*, const v1::ListSurveysRequest* request,
                           v1::ListSurveysResponse* response) override {
    absl::MutexLock lock(&fake_.mutex_);
    ++fake_.calls_["ListSurveys"];
    auto survey = fake_.surveys_.lower_bound(request->page_token());
    for (int i = 0; i < std::min(2, request->page_size()) && survey != fake_.surveys_.end(); ++i) {
      *response->add_surveys() = (survey++)->second;
    }
    response->set_next_page_token(survey == fake_.surveys_.end() ? "" : survey->first);
    return grpc::Status::OK;
  }

 private:
  FakeServer& fake_;
};

class FakeServer::Feedbacks final : public v1::FeedbackService::Service {
 public:
  explicit Feedbacks(FakeServer& fake) : fake_(fake) {}

  grpc::Status SubmitFeedback(grpc::ServerContext*, const v1::SubmitFeedbackRequest* request,
                              v1::SubmitFeedbackResponse* response) override {
    absl::MutexLock lock(&fake_.mutex_);
    Outcome outcome = fake_.Store(request->feedback());
    *response->mutable_feedback() = std::move(outcome.stored);
    response->set_already_existed(outcome.already_existed);
    response->set_sequence(static_cast<int64_t>(fake_.feedback_.size()));
    return ToGrpc(outcome.status);
  }

  grpc::Status BatchSubmitFeedback(grpc::ServerContext*,
                                   const v1::BatchSubmitFeedbackRequest* request,
                                   v1::BatchSubmitFeedbackResponse* response) override {
    absl::MutexLock lock(&fake_.mutex_);
    fake_.batch_sizes_.push_back(request->feedback_size());
    if (!fake_.failures_.empty()) {
      const absl::Status failure = fake_.failures_.front();
      fake_.failures_.pop_front();
      return ToGrpc(failure);
    }
    for (int i = 0; i < request->feedback_size(); ++i) {
      const Outcome outcome = fake_.Store(request->feedback(i));
      if (!outcome.status.ok()) {
        v1::BatchFailure& failure = *response->add_failures();
        failure.set_index(i);
        *failure.mutable_status() = ToProto(outcome.status);
      } else if (outcome.already_existed) {
        response->set_already_existed_count(response->already_existed_count() + 1);
        response->add_already_existed_indexes(i);
      } else {
        response->set_accepted_count(response->accepted_count() + 1);
      }
    }
    return grpc::Status::OK;
  }

  grpc::Status GetFeedback(grpc::ServerContext*, const v1::GetFeedbackRequest* request,
                           v1::GetFeedbackResponse* response) override {
    absl::MutexLock lock(&fake_.mutex_);
    for (const v1::Feedback& feedback : fake_.feedback_) {
      if (request->has_external_id() ? feedback.external_id() == request->external_id()
                                     : feedback.feedback_id() == request->feedback_id()) {
        *response->mutable_feedback() = feedback;
        return grpc::Status::OK;
      }
    }
    return ToGrpc(Error(v1::ERROR_REASON_FEEDBACK_NOT_FOUND, "there is no such record"));
  }

  grpc::Status AmendFeedback(grpc::ServerContext*, const v1::AmendFeedbackRequest* request,
                             v1::AmendFeedbackResponse* response) override {
    *response->mutable_feedback() = request->feedback();
    return Note(*request);
  }

  grpc::Status ExcludeFeedback(grpc::ServerContext*, const v1::ExcludeFeedbackRequest* request,
                               v1::ExcludeFeedbackResponse*) override {
    return Note(*request);
  }

  grpc::Status IncludeFeedback(grpc::ServerContext*, const v1::IncludeFeedbackRequest* request,
                               v1::IncludeFeedbackResponse*) override {
    return Note(*request);
  }

  grpc::Status EraseFeedback(grpc::ServerContext*, const v1::EraseFeedbackRequest* request,
                             v1::EraseFeedbackResponse*) override {
    return Note(*request);
  }

  grpc::Status ChangeManyFeedback(
      grpc::ServerContext*, const v1::ChangeManyFeedbackRequest* request,
      grpc::ServerWriter<v1::ChangeManyFeedbackResponse>* writer) override {
    return Change(*request, *writer);
  }

  grpc::Status TakeBackImport(grpc::ServerContext*, const v1::TakeBackImportRequest* request,
                              grpc::ServerWriter<v1::TakeBackImportResponse>* writer) override {
    return Change(*request, *writer);
  }

  grpc::Status WatchFeedback(grpc::ServerContext*, const v1::WatchFeedbackRequest* request,
                             grpc::ServerWriter<v1::WatchFeedbackResponse>* writer) override {
    WatchPlan plan;
    Note(*request);
    {
      absl::MutexLock lock(&fake_.mutex_);
      if (fake_.watches_.empty()) {
        return ToGrpc(Error(v1::ERROR_REASON_STORE_CHANGED, "nothing more is planned"));
      }
      plan = fake_.watches_.front();
      fake_.watches_.pop_front();
    }
    for (const v1::WatchFeedbackResponse& message : plan.messages) {
      writer->Write(message);
    }
    return ToGrpc(plan.end);
  }

 private:
  template <typename Request>
  grpc::Status Note(const Request& request) {
    absl::MutexLock lock(&fake_.mutex_);
    fake_.requests_.push_back(
        absl::StrCat(Request::descriptor()->name(), ": ", request.ShortDebugString()));
    return grpc::Status::OK;
  }

  template <typename Request, typename Response>
  grpc::Status Change(const Request& request, grpc::ServerWriter<Response>& writer) {
    Note(request);
    Response step;
    for (const int64_t changed : {2, 3}) {
      step.set_changed(changed);
      step.set_done(changed + 5);
      step.set_total(20);
      writer.Write(step);
    }
    absl::MutexLock lock(&fake_.mutex_);
    return ToGrpc(fake_.end_of_changes_);
  }

  FakeServer& fake_;
};

class FakeServer::Metrics final : public v1::MetricsService::Service {
 public:
  explicit Metrics(FakeServer& fake) : fake_(fake) {}

  grpc::Status QueryMetric(grpc::ServerContext*, const v1::QueryMetricRequest* request,
                           v1::QueryMetricResponse* response) override {
    absl::MutexLock lock(&fake_.mutex_);
    fake_.last_query_ = *request;
    *response = fake_.metric_;
    return grpc::Status::OK;
  }

  grpc::Status CompareMetric(grpc::ServerContext*, const v1::CompareMetricRequest* request,
                             v1::CompareMetricResponse* response) override {
    absl::MutexLock lock(&fake_.mutex_);
    fake_.last_comparison_ = *request;
    *response = fake_.comparison_;
    return grpc::Status::OK;
  }

  grpc::Status DecomposeChange(grpc::ServerContext*, const v1::DecomposeChangeRequest* request,
                               v1::DecomposeChangeResponse* response) override {
    absl::MutexLock lock(&fake_.mutex_);
    fake_.last_decomposition_ = *request;
    *response = fake_.decomposition_;
    return grpc::Status::OK;
  }

  grpc::Status CompareWords(grpc::ServerContext*, const v1::CompareWordsRequest* request,
                            v1::CompareWordsResponse* response) override {
    absl::MutexLock lock(&fake_.mutex_);
    fake_.last_words_ = *request;
    *response = fake_.words_;
    return grpc::Status::OK;
  }

  grpc::Status GetScorecard(grpc::ServerContext*, const v1::GetScorecardRequest* request,
                            v1::GetScorecardResponse* response) override {
    absl::MutexLock lock(&fake_.mutex_);
    fake_.last_scorecard_ = *request;
    *response = fake_.scorecard_;
    return grpc::Status::OK;
  }

  grpc::Status ExplainMetric(grpc::ServerContext*, const v1::ExplainMetricRequest* request,
                             v1::ExplainMetricResponse* response) override {
    absl::MutexLock lock(&fake_.mutex_);
    fake_.last_explanation_ = *request;
    *response = fake_.explanation_;
    return grpc::Status::OK;
  }

 private:
  FakeServer& fake_;
};

class FakeServer::Admin final : public v1::AdminService::Service {
 public:
  explicit Admin(FakeServer& fake) : fake_(fake) {}

  grpc::Status GetStatus(grpc::ServerContext*, const v1::GetStatusRequest*,
                         v1::GetStatusResponse* response) override {
    absl::MutexLock lock(&fake_.mutex_);
    ++fake_.calls_["GetStatus"];
    *response = fake_.status_;
    return grpc::Status::OK;
  }

  grpc::Status VerifyStore(grpc::ServerContext* context, const v1::VerifyStoreRequest*,
                           grpc::ServerWriter<v1::VerifyStoreResponse>* writer) override {
    absl::MutexLock lock(&fake_.mutex_);
    fake_.NoteDeadline(*context);
    for (const v1::VerifyStoreResponse& message : fake_.verdict_) {
      writer->Write(message);
    }
    return ToGrpc(fake_.maintenance_status_);
  }

  grpc::Status RebuildCube(grpc::ServerContext* context, const v1::RebuildCubeRequest*,
                           v1::RebuildCubeResponse* response) override {
    absl::MutexLock lock(&fake_.mutex_);
    fake_.NoteDeadline(*context);
    fake_.AwaitStatusCalls();
    response->set_sequence(12);
    response->set_rows_corrected(2);
    response->set_cells_corrected(3);
    response->set_records_counted(4);
    return ToGrpc(fake_.maintenance_status_);
  }

  grpc::Status CompactStore(grpc::ServerContext* context, const v1::CompactStoreRequest*,
                            v1::CompactStoreResponse* response) override {
    absl::MutexLock lock(&fake_.mutex_);
    fake_.NoteDeadline(*context);
    fake_.AwaitStatusCalls();
    response->set_bytes_before(1'000);
    response->set_bytes_after(600);
    return ToGrpc(fake_.maintenance_status_);
  }

 private:
  FakeServer& fake_;
};

FakeServer::FakeServer()
    : survey_service_(std::make_unique<Surveys>(*this)),
      feedback_service_(std::make_unique<Feedbacks>(*this)),
      metrics_service_(std::make_unique<Metrics>(*this)),
      admin_service_(std::make_unique<Admin>(*this)) {
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(survey_service_.get());
  builder.RegisterService(feedback_service_.get());
  builder.RegisterService(metrics_service_.get());
  builder.RegisterService(admin_service_.get());
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) {
    std::abort();
  }
  endpoint_ = absl::StrCat("127.0.0.1:", port);
}

FakeServer::~FakeServer() { server_->Shutdown(); }

absl::Status FakeServer::CheckSurvey(const std::string& id) const {
  return surveys_.contains(id)
             ? absl::OkStatus()
             : Error(v1::ERROR_REASON_SURVEY_NOT_FOUND, absl::StrCat("no survey ", Quoted(id)));
}

FakeServer::Outcome FakeServer::Store(const v1::Feedback& feedback) {
  if (absl::Status found = CheckSurvey(feedback.survey_id()); !found.ok()) {
    return {found};
  }
  if (feedback.has_score() && (feedback.score() < 0 || feedback.score() > 10)) {
    return {FieldError(v1::ERROR_REASON_SCORE_OUT_OF_RANGE, "score",
                       absl::StrCat("is ", feedback.score(), "; wanted 0 to 10"))};
  }
  for (const v1::Feedback& stored : feedback_) {
    if (stored.survey_id() == feedback.survey_id() &&
        stored.external_id() == feedback.external_id() &&
        stored.feedback_id() == feedback.feedback_id()) {
      return {absl::OkStatus(), true, stored};
    }
  }
  feedback_.push_back(feedback);
  return {absl::OkStatus(), false, feedback};
}

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

void FakeServer::NoteDeadline(const grpc::ServerContext& context) {
  last_timeout_ = absl::FromChrono(context.deadline()) - absl::Now();
}

void FakeServer::AwaitStatusCalls() {
  const auto were_made = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto calls = calls_.find("GetStatus");
    return (calls == calls_.end() ? 0 : calls->second) >= status_calls_awaited_;
  };
  mutex_.Await(absl::Condition(&were_made));
}

absl::Duration FakeServer::last_timeout() const {
  absl::MutexLock lock(&mutex_);
  return last_timeout_;
}

std::vector<v1::Feedback> FakeServer::feedback() const {
  absl::MutexLock lock(&mutex_);
  return feedback_;
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
