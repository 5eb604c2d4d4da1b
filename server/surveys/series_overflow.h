// Answers that a survey no longer counts apart.
#ifndef EMPTYCHAIR_SERVER_SURVEYS_SERIES_OVERFLOW_H_
#define EMPTYCHAIR_SERVER_SURVEYS_SERIES_OVERFLOW_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "storage/read/view.h"
#include "storage/store.h"

namespace emptychair {

// Counts the survey's answers that count as `(other)` because their combination of dimension values
// came after the survey had `max_series` of them. Reads the months of the cube, and nothing while
// the survey has room. Errors: STORE_DAMAGED.
absl::StatusOr<int64_t> CountOverflow(const storage::Store& store, const storage::View& view,
                                      const storage::SurveyView& survey);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_SURVEYS_SERIES_OVERFLOW_H_
