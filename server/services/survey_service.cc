#include "server/services/survey_service.h"

#include <utility>

#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "server/domain/feedback.h"
#include "server/domain/page_token.h"
#include "server/domain/survey.h"
#include "server/services/submit.h"

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

}  // namespace

grpc::ServerUnaryReactor* SurveyServiceImpl::CreateSurvey(grpc::CallbackServerContext* context,
                                                          const v1::CreateSurveyRequest* request,
                                                          v1::CreateSurveyResponse* response) {
  return runner_->Start(context, "SurveyService/CreateSurvey", request, response,
                        [this](const auto& request, auto& response, Finisher finish) {
                          StartCreate(request, response, std::move(finish));
                        });
}

void SurveyServiceImpl::StartCreate(const v1::CreateSurveyRequest& request,
                                    v1::CreateSurveyResponse& response, Finisher finish) {
  absl::StatusOr<store::v1::StoredSurvey> survey = DefineSurvey(request.survey(), clock_->Now());
  if (!survey.ok()) {
    finish(survey.status());
    return;
  }
  auto command = NewCommand();
  *command->mutable_create_survey()->mutable_survey() = *std::move(survey);
  SubmitCommand(*store_, std::move(command), /*want_records=*/false, std::move(finish),
                [&response](const storage::CommandResult& result) {
                  *response.mutable_survey() = ToApi(*result.survey);
                  return absl::OkStatus();
                });
}

grpc::ServerUnaryReactor* SurveyServiceImpl::GetSurvey(grpc::CallbackServerContext* context,
                                                       const v1::GetSurveyRequest* request,
                                                       v1::GetSurveyResponse* response) {
  return runner_->Execute(
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
                                                         const v1::ListSurveysRequest* request,
                                                         v1::ListSurveysResponse* response) {
  return runner_->Execute(
      context, "SurveyService/ListSurveys", Lane::kQuery, request, response,
      [this](const auto& request, auto& response) { return ListPage(*store_, request, response); });
}

}  // namespace emptychair
