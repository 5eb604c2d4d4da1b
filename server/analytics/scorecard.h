// Shows how surveys do: of each the trend of its last periods.
#ifndef EMPTYCHAIR_SERVER_ANALYTICS_SCORECARD_H_
#define EMPTYCHAIR_SERVER_ANALYTICS_SCORECARD_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "server/analytics/metric_query.h"
#include "server/analytics/metric_result.h"
#include "server/statistics/comparison.h"
#include "storage/read/view.h"
#include "storage/store.h"

namespace emptychair {

// A scorecard that was found to be sound, at one view.
struct Scorecard {
  std::shared_ptr<const storage::View> view;
  absl::Time as_of;
  // The trend of each survey.
  std::vector<MetricQuery> trends;
};

// How a survey does.
struct SurveyScore {
  MetricResult trend;
  statistics::Comparison comparison;  // Of the last two points.
};

// Checks the request and fills in its defaults; reads nothing from disk.
// Errors: FIELD_REQUIRED, FIELD_INVALID, SURVEY_NOT_FOUND, TOO_MANY_POINTS.
absl::StatusOr<Scorecard> PrepareScorecard(std::shared_ptr<const storage::View> view,
                                           const v1::GetScorecardRequest& request, absl::Time now);

// Computes the score of each trend. Errors: STORE_DAMAGED.
absl::StatusOr<std::vector<SurveyScore>> RunScorecard(const storage::Store& store,
                                                      const Scorecard& scorecard);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ANALYTICS_SCORECARD_H_
