#include "server/services/survey_service.h"

#include <utility>

#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "server/request/page_token.h"
#include "server/request/validation.h"
#include "server/services/submit.h"
#include "server/surveys/survey.h"
#include "server/surveys/survey_commands.h"

namespace emptychair {
namespace {

absl::Status ListPage(const storage::Store& store, const v1::ListSurveysRequest& request,
                      v1::ListSurveysResponse& response) {
  ASSIGN_OR_RETURN(const int32_t page_size, CheckPageSize(request.page_size()));
  ASSIGN_OR_RETURN(const std::string after, ReadPageToken(store, request));
  const std::shared_ptr<const storage::View> view = store.view();
  for (auto survey = view->catalog->upper_bound(after); survey != view->catalog->end(); ++survey) {
    const store::v1::StoredSurvey& definition = *survey->second->definition;
    if (definition.archive_time_ms() != 0 && !request.include_archived()) {
      continue;
    }
    if (response.surveys_size() == page_size) {
      response.set_next_page_token(
          MakePageToken(store, request, response.surveys(response.surveys_size() - 1).survey_id()));
      break;
    }
    *response.add_surveys() = ToApi(definition);
  }
  return absl::OkStatus();
}

// Answers with the survey as it is then.
template <typename Response>
auto TranslateSurvey(Response& response) {
  return [&response](const storage::CommandResult& result) {
    *response.mutable_survey() = ToApi(*result.survey);
    return absl::OkStatus();
  };
}

}  // namespace

grpc::ServerUnaryReactor* SurveyServiceImpl::CreateSurvey(grpc::CallbackServerContext* context,
                                                          const grpc::ByteBuffer* request,
                                                          grpc::ByteBuffer* response) {
  return runner_->Start<v1::CreateSurveyRequest, v1::CreateSurveyResponse>(
      context, "SurveyService/CreateSurvey", request, response,
      [this](const auto& request, auto& response, ReplyHandle finish) {
        SubmitCommand(*store_, PrepareCreate(request, clock_->Now()), std::move(finish),
                      TranslateSurvey(response));
      });
}

grpc::ServerUnaryReactor* SurveyServiceImpl::GetSurvey(grpc::CallbackServerContext* context,
                                                       const grpc::ByteBuffer* request,
                                                       grpc::ByteBuffer* response) {
  return runner_->Execute<v1::GetSurveyRequest, v1::GetSurveyResponse>(
      context, "SurveyService/GetSurvey", Lane::kQuery, request, response,
      [this](const v1::GetSurveyRequest& request, v1::GetSurveyResponse& response) -> absl::Status {
        const std::shared_ptr<const storage::View> view = store_->view();
        ASSIGN_OR_RETURN(const storage::SurveyView* survey,
                         FindSurvey(*view, "survey_id", request.survey_id()));
        *response.mutable_survey() = ToApi(*survey->definition);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* SurveyServiceImpl::ListSurveys(grpc::CallbackServerContext* context,
                                                         const grpc::ByteBuffer* request,
                                                         grpc::ByteBuffer* response) {
  return runner_->Execute<v1::ListSurveysRequest, v1::ListSurveysResponse>(
      context, "SurveyService/ListSurveys", Lane::kQuery, request, response,
      [this](const auto& request, auto& response) { return ListPage(*store_, request, response); });
}

grpc::ServerUnaryReactor* SurveyServiceImpl::UpdateSurvey(grpc::CallbackServerContext* context,
                                                          const grpc::ByteBuffer* request,
                                                          grpc::ByteBuffer* response) {
  return runner_->Start<v1::UpdateSurveyRequest, v1::UpdateSurveyResponse>(
      context, "SurveyService/UpdateSurvey", request, response,
      [this](const auto& request, auto& response, ReplyHandle finish) {
        StartUpdate(std::make_shared<v1::UpdateSurveyRequest>(request), response,
                    std::move(finish));
      });
}

void SurveyServiceImpl::StartUpdate(std::shared_ptr<const v1::UpdateSurveyRequest> request,
                                    v1::UpdateSurveyResponse& response, ReplyHandle finish) {
  absl::StatusOr<storage::CommandPtr> command = PrepareUpdate(*request, *store_->view());
  if (!command.ok()) {
    finish(command.status());
    return;
  }
  store_->Enqueue(*std::move(command), /*want_records=*/false,
                  [this, request = std::move(request), &response,
                   finish = std::move(finish)](storage::CommandResult result) mutable {
                    // Another change came in between, and the caller set no condition: once more,
                    // on top of that one, which is published by now.
                    if (ReasonOf(result.error) == v1::ERROR_REASON_ETAG_MISMATCH &&
                        request->survey().etag().empty()) {
                      StartUpdate(std::move(request), response, std::move(finish));
                      return;
                    }
                    finish(result.error.ok() ? TranslateSurvey(response)(result) : result.error);
                  });
}

grpc::ServerUnaryReactor* SurveyServiceImpl::ArchiveSurvey(grpc::CallbackServerContext* context,
                                                           const grpc::ByteBuffer* request,
                                                           grpc::ByteBuffer* response) {
  return runner_->Start<v1::ArchiveSurveyRequest, v1::ArchiveSurveyResponse>(
      context, "SurveyService/ArchiveSurvey", request, response,
      [this](const auto& request, auto& response, ReplyHandle finish) {
        SubmitCommand(*store_, PrepareArchive(request, clock_->Now(), *store_->view()),
                      std::move(finish), TranslateSurvey(response));
      });
}

grpc::ServerUnaryReactor* SurveyServiceImpl::DeleteSurvey(grpc::CallbackServerContext* context,
                                                          const grpc::ByteBuffer* request,
                                                          grpc::ByteBuffer* response) {
  return runner_->Start<v1::DeleteSurveyRequest, v1::DeleteSurveyResponse>(
      context, "SurveyService/DeleteSurvey", request, response,
      [this](const auto& request, auto& response, ReplyHandle finish) {
        SubmitCommand(*store_, PrepareDelete(request, clock_->Now(), *store_->view()),
                      std::move(finish),
                      [](const storage::CommandResult&) { return absl::OkStatus(); });
      });
}

}  // namespace emptychair
