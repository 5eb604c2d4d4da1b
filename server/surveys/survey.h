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

// The definition that `survey` asks for, defaults filled in. What the server sets is ignored. The
// zone of `stored`, the survey that has the id already, is taken whether this machine knows it or
// not; null: there is no such survey. Errors: FIELD_REQUIRED, FIELD_INVALID, on fields below
// "survey".
absl::StatusOr<store::v1::StoredSurvey> DefineSurvey(const v1::Survey& survey,
                                                     absl::Time create_time,
                                                     const store::v1::StoredSurvey* stored);

// The definition that the survey named in `request` gets if it is still as in `view`.
// Errors: FIELD_REQUIRED, FIELD_INVALID, SURVEY_NOT_FOUND.
absl::StatusOr<store::v1::StoredSurvey> RedefineSurvey(const v1::UpdateSurveyRequest& request,
                                                       const storage::View& view);

// The survey in `view`. Errors: FIELD_REQUIRED, FIELD_INVALID on `field`; SURVEY_NOT_FOUND.
absl::StatusOr<const storage::SurveyView*> FindSurvey(const storage::View& view,
                                                      absl::string_view field,
                                                      absl::string_view survey_id);

v1::Survey ToApi(const store::v1::StoredSurvey& survey);

// The zone of a stored survey. Errors: ZONE_UNKNOWN when this machine does not have it: the survey
// came with another machine's directory, or the time-zone database is gone.
absl::StatusOr<absl::TimeZone> ZoneOf(const store::v1::StoredSurvey& survey);

// Whether the days of both surveys are the same spans of time, whatever their zones are called.
// Errors: ZONE_UNKNOWN, where names alone do not tell.
absl::StatusOr<bool> HaveSameDays(const store::v1::StoredSurvey& a,
                                  const store::v1::StoredSurvey& b);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_SURVEYS_SURVEY_H_
