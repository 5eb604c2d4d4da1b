#include "server/services/survey_service.h"

#include <utility>

#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "server/access/visible_view.h"
#include "server/request/page_token.h"
#include "server/request/validation.h"
#include "server/services/submit.h"
#include "server/surveys/survey.h"
#include "server/surveys/survey_commands.h"

namespace emptychair {
namespace {

absl::Status ListPage(const storage::Store& store, const storage::View& view,
                      const v1::ListSurveysRequest& request, v1::ListSurveysResponse& response) {
  ASSIGN_OR_RETURN(const int32_t page_size, CheckPageSize(request.page_size()));
  ASSIGN_OR_RETURN(const std::string after, ReadPageToken(store, request));
  for (auto survey = view.catalog->upper_bound(after); survey != view.catalog->end(); ++survey) {
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

void SurveyService::AddTo(MethodTable& table) {
  table.push_back(MethodSpec::AtOnce(Bind(this, &SurveyService::CreateSurvey)));
  table.push_back(MethodSpec::RunOn(Lane::kQuery, Bind(this, &SurveyService::GetSurvey)));
  table.push_back(MethodSpec::RunOn(Lane::kQuery, Bind(this, &SurveyService::ListSurveys)));
  table.push_back(MethodSpec::AtOnce(Bind(this, &SurveyService::UpdateSurvey)));
  table.push_back(MethodSpec::AtOnce(Bind(this, &SurveyService::ArchiveSurvey)));
  table.push_back(MethodSpec::AtOnce(Bind(this, &SurveyService::DeleteSurvey)));
}

void SurveyService::CreateSurvey(const RequestContext& context,
                                 const v1::CreateSurveyRequest& request,
                                 v1::CreateSurveyResponse& response, ReplyHandle reply) {
  SubmitCommand(
      *store_,
      auditor_.With(context, request,
                    PrepareCreate(request, clock_->Now(), *VisibleView(context.caller, *store_))),
      std::move(reply), TranslateSurvey(response));
}

absl::Status SurveyService::GetSurvey(const RequestContext& context,
                                      const v1::GetSurveyRequest& request,
                                      v1::GetSurveyResponse& response) const {
  const std::shared_ptr<const storage::View> view = VisibleView(context.caller, *store_);
  ASSIGN_OR_RETURN(const storage::SurveyView* survey,
                   FindSurvey(*view, "survey_id", request.survey_id()));
  *response.mutable_survey() = ToApi(*survey->definition);
  return absl::OkStatus();
}

absl::Status SurveyService::ListSurveys(const RequestContext& context,
                                        const v1::ListSurveysRequest& request,
                                        v1::ListSurveysResponse& response) const {
  return ListPage(*store_, *VisibleView(context.caller, *store_), request, response);
}

void SurveyService::UpdateSurvey(const RequestContext& context,
                                 const v1::UpdateSurveyRequest& request,
                                 v1::UpdateSurveyResponse& response, ReplyHandle reply) {
  StartUpdate(context, std::make_shared<v1::UpdateSurveyRequest>(request), response,
              std::move(reply));
}

void SurveyService::StartUpdate(const RequestContext& context,
                                std::shared_ptr<const v1::UpdateSurveyRequest> request,
                                v1::UpdateSurveyResponse& response, ReplyHandle reply) {
  absl::StatusOr<storage::CommandPtr> command = auditor_.With(
      context, *request, PrepareUpdate(*request, *VisibleView(context.caller, *store_)));
  if (!command.ok()) {
    reply(command.status());
    return;
  }
  store_->Enqueue(*std::move(command), /*want_records=*/false,
                  [this, &context, request = std::move(request), &response,
                   reply = std::move(reply)](storage::CommandResult result) mutable {
                    // Another change came in between, and the caller set no condition: once more,
                    // on top of that one, which is published by now.
                    if (ReasonOf(result.error) == v1::ERROR_REASON_ETAG_MISMATCH &&
                        request->survey().etag().empty()) {
                      StartUpdate(context, std::move(request), response, std::move(reply));
                      return;
                    }
                    reply(result.error.ok() ? TranslateSurvey(response)(result) : result.error);
                  });
}

void SurveyService::ArchiveSurvey(const RequestContext& context,
                                  const v1::ArchiveSurveyRequest& request,
                                  v1::ArchiveSurveyResponse& response, ReplyHandle reply) {
  SubmitCommand(
      *store_,
      auditor_.With(context, request,
                    PrepareArchive(request, clock_->Now(), *VisibleView(context.caller, *store_))),
      std::move(reply), TranslateSurvey(response));
}

void SurveyService::DeleteSurvey(const RequestContext& context,
                                 const v1::DeleteSurveyRequest& request, v1::DeleteSurveyResponse&,
                                 ReplyHandle reply) {
  SubmitCommand(
      *store_,
      auditor_.With(context, request,
                    PrepareDelete(request, clock_->Now(), *VisibleView(context.caller, *store_))),
      std::move(reply), [](const storage::CommandResult&) { return absl::OkStatus(); });
}

}  // namespace emptychair
