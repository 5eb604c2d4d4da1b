// The part of apply.h for surveys.
#ifndef EMPTYCHAIR_STORAGE_APPLY_APPLY_SURVEY_H_
#define EMPTYCHAIR_STORAGE_APPLY_APPLY_SURVEY_H_

#include "storage/state/command.h"
#include "storage/state/command_result.h"
#include "storage/state/working_state.h"
#include "storage/state/write_group.h"

namespace emptychair::storage {

// Errors: SURVEY_EXISTS.
CommandResult ApplyCreateSurvey(const store::v1::CreateSurveyCommand& command, WorkingState& state,
                                WriteGroup& group);

// Errors: SURVEY_NOT_FOUND, SURVEY_HAS_ANSWERS, FIELD_INVALID for too many dimensions,
// ETAG_MISMATCH when the survey is not any more what the command was made from.
CommandResult ApplyUpdateSurvey(const store::v1::UpdateSurveyCommand& command, WorkingState& state,
                                WriteGroup& group);

// Errors: SURVEY_NOT_FOUND.
CommandResult ApplyArchiveSurvey(const store::v1::ArchiveSurveyCommand& command,
                                 WorkingState& state, WriteGroup& group);

// Hides the survey; a PurgeSurveyCommand follows. Errors: SURVEY_NOT_FOUND.
CommandResult ApplyDeleteSurvey(const store::v1::DeleteSurveyCommand& command, WorkingState& state,
                                WriteGroup& group);

// Removes a part of a deleted survey's data. Another such command follows until there is nothing
// left. Records leave with their index entries and counts, so that every step leaves a sound store.
CommandResult ApplyPurgeSurvey(const store::v1::PurgeSurveyCommand& command, WorkingState& state,
                               WriteGroup& group);

// The command with which the purge of a deleted survey begins, now or anew after a start.
CommandPtr FirstPurge(uint32_t survey_number);

// Slices a part of a survey's answers anew. Another such command follows until all are done. Cube
// and series agree after each, and records say the same as before.
CommandResult ApplyResliceSurvey(const store::v1::ResliceSurveyCommand& command,
                                 WorkingState& state, WriteGroup& group);

// The command with which the slicing of a survey goes on that has a `reslice`.
CommandPtr NextReslice(const store::v1::StoredSurvey& survey);

// Whether answers of the survey must be sliced anew once its definition is `wanted`, which is `now`
// changed; if so, puts that into `wanted`. `series_count` counts `(other)`, too.
bool BeginReslice(const store::v1::StoredSurvey& now, size_t series_count,
                  store::v1::StoredSurvey& wanted);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_APPLY_APPLY_SURVEY_H_
