#include "tests/chairctl/harness/fake_server.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/timestamp.h"
#include "common/rpc/status_conversion.h"

namespace emptychair {

namespace {

bool HasSameContent(const v1::Feedback& a, const v1::Feedback& b) {
  return a.has_score() == b.has_score() && a.score() == b.score() && a.comment() == b.comment() &&
         a.customer_id() == b.customer_id() &&
         std::map<std::string, std::string>(a.labels().begin(), a.labels().end()) ==
             std::map<std::string, std::string>(b.labels().begin(), b.labels().end());
}

}  // namespace

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
    return ToGrpc(fake_.StoreBatch(*request, *response));
  }

  grpc::Status StreamFeedback(
      grpc::ServerContext*,
      grpc::ServerReaderWriter<v1::StreamFeedbackResponse, v1::StreamFeedbackRequest>* stream)
      override {
    v1::StreamFeedbackRequest request;
    while (stream->Read(&request)) {
      v1::StreamFeedbackResponse response;
      response.set_batch_number(request.batch_number());
      {
        absl::MutexLock lock(&fake_.mutex_);
        fake_.import_ids_.push_back(request.import_id());
        if (const absl::Status status = fake_.StoreBatch(request, response); !status.ok()) {
          return ToGrpc(status);
        }
      }
      stream->Write(response);
    }
    return grpc::Status::OK;
  }

  grpc::Status AmendFeedback(grpc::ServerContext*, const v1::AmendFeedbackRequest* request,
                             v1::AmendFeedbackResponse* response) override {
    Note(*request);
    absl::MutexLock lock(&fake_.mutex_);
    ++fake_.calls_["AmendFeedback"];
    if (fake_.feedback_.empty()) {
      *response->mutable_feedback() = request->feedback();
      return grpc::Status::OK;
    }
    for (v1::Feedback& feedback : fake_.feedback_) {
      if (feedback.feedback_id() == request->feedback().feedback_id() &&
          feedback.etag() == request->feedback().etag()) {
        for (const std::string& path : request->update_mask().paths()) {
          if (path == "score") {
            feedback.set_score(request->feedback().score());
          } else if (path == "comment") {
            feedback.set_comment(request->feedback().comment());
          } else {
            *feedback.mutable_labels() = request->feedback().labels();
          }
        }
        *response->mutable_feedback() = feedback;
        return grpc::Status::OK;
      }
    }
    return ToGrpc(Error(v1::ERROR_REASON_FEEDBACK_NOT_FOUND, "there is no such record"));
  }

  // Records of the survey within the interval and the scores, on one page.
  grpc::Status ListFeedback(grpc::ServerContext*, const v1::ListFeedbackRequest* request,
                            v1::ListFeedbackResponse* response) override {
    absl::MutexLock lock(&fake_.mutex_);
    const absl::Time start = FromTimestamp(request->interval().start_time());
    const absl::Time end = FromTimestamp(request->interval().end_time());
    for (const v1::Feedback& feedback : fake_.feedback_) {
      const absl::Time time = FromTimestamp(feedback.occur_time());
      const bool has_score = !request->has_min_score() ||
                             (feedback.has_score() && feedback.score() >= request->min_score() &&
                              feedback.score() <= request->max_score());
      if (feedback.survey_id() == request->survey_id() && time >= start && time < end &&
          has_score) {
        *response->add_feedback() = feedback;
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

template <typename Request, typename Response>
absl::Status FakeServer::StoreBatch(const Request& request, Response& response) {
  batch_sizes_.push_back(request.feedback_size());
  if (!failures_.empty()) {
    const absl::Status failure = failures_.front();
    failures_.pop_front();
    return failure;
  }
  for (int i = 0; i < request.feedback_size(); ++i) {
    const Outcome outcome = Store(request.feedback(i));
    if (!outcome.status.ok()) {
      v1::BatchFailure& failure = *response.add_failures();
      failure.set_index(i);
      *failure.mutable_status() = ToProto(outcome.status);
    } else if (outcome.already_existed) {
      response.set_already_existed_count(response.already_existed_count() + 1);
      response.add_already_existed_indexes(i);
    } else {
      response.set_accepted_count(response.accepted_count() + 1);
    }
  }
  return absl::OkStatus();
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
      return {HasSameContent(stored, feedback)
                  ? absl::OkStatus()
                  : Error(v1::ERROR_REASON_CONTENT_DIFFERS, "the stored record differs"),
              true, stored};
    }
  }
  feedback_.push_back(feedback);
  return {absl::OkStatus(), false, feedback};
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

}  // namespace emptychair
