// Validates surveys, and converts them between wire and store.
#ifndef EMPTYCHAIR_SERVER_SURVEYS_SURVEY_H_
#define EMPTYCHAIR_SERVER_SURVEYS_SURVEY_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "emptychair/store/v1/value.pb.h"
#include "emptychair/v1/survey_service.pb.h"
#include "storage/read/view.h"

namespace emptychair {

// The definition that `survey` asks for, defaults filled in. What the server sets is ignored.
// Errors: FIELD_REQUIRED, FIELD_INVALID, on fields below "survey".
absl::StatusOr<store::v1::StoredSurvey> DefineSurvey(const v1::Survey& survey,
                                                     absl::Time create_time);

// The definition that the survey named in `request` gets if it is still as in `view`.
// Errors: FIELD_REQUIRED, FIELD_INVALID, SURVEY_NOT_FOUND.
absl::StatusOr<store::v1::StoredSurvey> RedefineSurvey(const v1::UpdateSurveyRequest& request,
                                                       const storage::View& view);

// The survey in `view`. Errors: FIELD_REQUIRED, FIELD_INVALID on `field`; SURVEY_NOT_FOUND.
absl::StatusOr<const storage::SurveyView*> FindSurvey(const storage::View& view,
                                                      absl::string_view field,
                                                      absl::string_view survey_id);

v1::Survey ToApi(const store::v1::StoredSurvey& survey);

// The zone of a stored survey; UTC if the machine has lost its time-zone database.
absl::TimeZone ZoneOf(const store::v1::StoredSurvey& survey);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_SURVEYS_SURVEY_H_
