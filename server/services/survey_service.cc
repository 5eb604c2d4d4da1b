#include "server/services/survey_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "server/domain/page_token.h"
#include "server/domain/survey.h"
#include "server/domain/validation.h"
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

absl::StatusOr<std::unique_ptr<store::v1::Command>> PrepareCreate(
    const v1::CreateSurveyRequest& request, absl::Time now) {
  auto command = storage::NewCommand();
  ASSIGN_OR_RETURN(*command->mutable_create_survey()->mutable_survey(),
                   DefineSurvey(request.survey(), now));
  return command;
}

absl::StatusOr<std::unique_ptr<store::v1::Command>> PrepareUpdate(
    const v1::UpdateSurveyRequest& request, const storage::View& view) {
  auto command = storage::NewCommand();
  ASSIGN_OR_RETURN(*command->mutable_update_survey()->mutable_survey(),
                   RedefineSurvey(request, view));
  return command;
}

absl::StatusOr<std::unique_ptr<store::v1::Command>> PrepareArchive(
    const v1::ArchiveSurveyRequest& request, absl::Time now, const storage::View& view) {
  ASSIGN_OR_RETURN(const storage::SurveyView* survey,
                   FindSurvey(view, "survey_id", request.survey_id()));
  auto command = storage::NewCommand();
  store::v1::ArchiveSurveyCommand& archive = *command->mutable_archive_survey();
  archive.set_survey_number(survey->number());
  archive.set_archive_time_ms(request.undo() ? 0 : absl::ToUnixMillis(now));
  return command;
}

absl::StatusOr<std::unique_ptr<store::v1::Command>> PrepareDelete(
    const v1::DeleteSurveyRequest& request, absl::Time now, const storage::View& view) {
  RETURN_IF_ERROR(CheckName("survey_id", request.survey_id()));
  RETURN_IF_ERROR(CheckName("confirm_survey_id", request.confirm_survey_id()));
  if (request.confirm_survey_id() != request.survey_id()) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "confirm_survey_id",
                      absl::StrCat("got ", Quoted(request.confirm_survey_id()),
                                   ", wanted the survey_id again, ", Quoted(request.survey_id())));
  }
  ASSIGN_OR_RETURN(const storage::SurveyView* survey,
                   FindSurvey(view, "survey_id", request.survey_id()));
  auto command = storage::NewCommand();
  store::v1::DeleteSurveyCommand& remove = *command->mutable_delete_survey();
  remove.set_survey_number(survey->number());
  remove.set_delete_time_ms(absl::ToUnixMillis(now));
  return command;
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
                                                          const v1::CreateSurveyRequest* request,
                                                          v1::CreateSurveyResponse* response) {
  return runner_->Start(context, "SurveyService/CreateSurvey", request, response,
                        [this](const auto& request, auto& response, Finisher finish) {
                          SubmitCommand(*store_, PrepareCreate(request, clock_->Now()),
                                        std::move(finish), TranslateSurvey(response));
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

grpc::ServerUnaryReactor* SurveyServiceImpl::UpdateSurvey(grpc::CallbackServerContext* context,
                                                          const v1::UpdateSurveyRequest* request,
                                                          v1::UpdateSurveyResponse* response) {
  return runner_->Start(context, "SurveyService/UpdateSurvey", request, response,
                        [this](const auto& request, auto& response, Finisher finish) {
                          StartUpdate(request, response, std::move(finish));
                        });
}

void SurveyServiceImpl::StartUpdate(const v1::UpdateSurveyRequest& request,
                                    v1::UpdateSurveyResponse& response, Finisher finish) {
  absl::StatusOr<std::unique_ptr<store::v1::Command>> command =
      PrepareUpdate(request, *store_->view());
  if (!command.ok()) {
    finish(command.status());
    return;
  }
  store_->Enqueue(*std::move(command), /*want_records=*/false,
                  [this, &request, &response,
                   finish = std::move(finish)](storage::CommandResult result) mutable {
                    // Another change came in between, and the caller set no condition: once more,
                    // on top of that one, which is published by now.
                    if (ReasonOf(result.error) == v1::ERROR_REASON_ETAG_MISMATCH &&
                        request.survey().etag().empty()) {
                      StartUpdate(request, response, std::move(finish));
                      return;
                    }
                    finish(result.error.ok() ? TranslateSurvey(response)(result) : result.error);
                  });
}

grpc::ServerUnaryReactor* SurveyServiceImpl::ArchiveSurvey(grpc::CallbackServerContext* context,
                                                           const v1::ArchiveSurveyRequest* request,
                                                           v1::ArchiveSurveyResponse* response) {
  return runner_->Start(context, "SurveyService/ArchiveSurvey", request, response,
                        [this](const auto& request, auto& response, Finisher finish) {
                          SubmitCommand(*store_,
                                        PrepareArchive(request, clock_->Now(), *store_->view()),
                                        std::move(finish), TranslateSurvey(response));
                        });
}

grpc::ServerUnaryReactor* SurveyServiceImpl::DeleteSurvey(grpc::CallbackServerContext* context,
                                                          const v1::DeleteSurveyRequest* request,
                                                          v1::DeleteSurveyResponse* response) {
  return runner_->Start(context, "SurveyService/DeleteSurvey", request, response,
                        [this](const auto& request, auto& response, Finisher finish) {
                          SubmitCommand(
                              *store_, PrepareDelete(request, clock_->Now(), *store_->view()),
                              std::move(finish),
                              [](const storage::CommandResult&) { return absl::OkStatus(); });
                        });
}

}  // namespace emptychair
