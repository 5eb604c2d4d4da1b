// Validates changes of surveys and turns them into commands.
#ifndef EMPTYCHAIR_SERVER_SURVEYS_SURVEY_COMMANDS_H_
#define EMPTYCHAIR_SERVER_SURVEYS_SURVEY_COMMANDS_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "emptychair/v1/survey_service.pb.h"
#include "storage/read/view.h"
#include "storage/state/command.h"

namespace emptychair {

// The commands that requests ask for, their syntax checked and, but for a new one, their survey
// found. Whether the survey's state allows it is judged later, when they are applied. Errors:
// FIELD_REQUIRED, FIELD_INVALID, SURVEY_NOT_FOUND.
absl::StatusOr<storage::CommandPtr> PrepareCreate(const v1::CreateSurveyRequest& request,
                                                  absl::Time now, const storage::View& view);
absl::StatusOr<storage::CommandPtr> PrepareUpdate(const v1::UpdateSurveyRequest& request,
                                                  const storage::View& view);
absl::StatusOr<storage::CommandPtr> PrepareArchive(const v1::ArchiveSurveyRequest& request,
                                                   absl::Time now, const storage::View& view);
absl::StatusOr<storage::CommandPtr> PrepareDelete(const v1::DeleteSurveyRequest& request,
                                                  absl::Time now, const storage::View& view);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_SURVEYS_SURVEY_COMMANDS_H_
