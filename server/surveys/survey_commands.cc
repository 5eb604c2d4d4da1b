#include "server/surveys/survey_commands.h"

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "server/request/validation.h"
#include "server/surveys/survey.h"
#include "storage/state/command.h"

namespace emptychair {

absl::StatusOr<storage::CommandPtr> PrepareCreate(const v1::CreateSurveyRequest& request,
                                                  absl::Time now, const storage::View& view) {
  auto command = storage::NewCommand();
  store::v1::StoredSurvey& survey = *command->mutable_create_survey()->mutable_survey();
  const storage::SurveyView* existing = view.FindSurvey(request.survey().survey_id());
  const store::v1::StoredSurvey* stored =
      existing == nullptr ? nullptr : existing->definition.get();
  ASSIGN_OR_RETURN(survey, DefineSurvey(request.survey(), now, stored));
  // Applying a command knows no zones: the same survey comes under the name that is stored.
  if (stored != nullptr && HaveSameDays(*stored, survey).value_or(false)) {
    survey.set_time_zone(stored->time_zone());
  }
  return command;
}

absl::StatusOr<storage::CommandPtr> PrepareUpdate(const v1::UpdateSurveyRequest& request,
                                                  const storage::View& view) {
  auto command = storage::NewCommand();
  store::v1::UpdateSurveyCommand& update = *command->mutable_update_survey();
  ASSIGN_OR_RETURN(*update.mutable_survey(), RedefineSurvey(request, view));
  const storage::SurveyView* survey = view.FindSurvey(update.survey().survey_id());
  update.set_same_zone_rules(HaveSameDays(*survey->definition, update.survey()).value_or(false));
  return command;
}

absl::StatusOr<storage::CommandPtr> PrepareArchive(const v1::ArchiveSurveyRequest& request,
                                                   absl::Time now, const storage::View& view) {
  ASSIGN_OR_RETURN(const storage::SurveyView* survey,
                   FindSurvey(view, "survey_id", request.survey_id()));
  auto command = storage::NewCommand();
  store::v1::ArchiveSurveyCommand& archive = *command->mutable_archive_survey();
  archive.set_survey_number(survey->number());
  archive.set_archive_time_ms(request.undo() ? 0 : absl::ToUnixMillis(now));
  return command;
}

absl::StatusOr<storage::CommandPtr> PrepareDelete(const v1::DeleteSurveyRequest& request,
                                                  absl::Time now, const storage::View& view) {
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

}  // namespace emptychair
