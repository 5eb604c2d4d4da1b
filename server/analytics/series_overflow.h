// Counts the answers of a survey, and those that it no longer counts apart.
#ifndef EMPTYCHAIR_SERVER_ANALYTICS_SERIES_OVERFLOW_H_
#define EMPTYCHAIR_SERVER_ANALYTICS_SERIES_OVERFLOW_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "storage/read/view.h"
#include "storage/store.h"

namespace emptychair {

// Counts the survey's answers, excluded ones too. Reads the cube. Errors: STORE_DAMAGED.
absl::StatusOr<int64_t> CountAnswers(const storage::Store& store,
                                     std::shared_ptr<const storage::View> view,
                                     const storage::SurveyView& survey);

// Counts the survey's answers, excluded ones too, that are `(other)` because their combination of
// dimension values came after the survey had `max_series` of them. Reads the cube, and nothing
// while the survey has room. Errors: STORE_DAMAGED.
absl::StatusOr<int64_t> CountOverflow(const storage::Store& store,
                                      std::shared_ptr<const storage::View> view,
                                      const storage::SurveyView& survey);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ANALYTICS_SERIES_OVERFLOW_H_
