// From a GetScorecardRequest to its answer.
#ifndef EMPTYCHAIR_SERVER_ANALYTICS_SCORECARD_H_
#define EMPTYCHAIR_SERVER_ANALYTICS_SCORECARD_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "server/analytics/metric_query.h"
#include "storage/read/view.h"
#include "storage/store.h"

namespace emptychair {

struct Scorecard {
  std::shared_ptr<const storage::View> view;
  absl::Time as_of;
  // The trend of each survey.
  std::vector<MetricQuery> trends;
};

// Checks the request and fills in its defaults; reads nothing from disk.
// Errors: FIELD_REQUIRED, FIELD_INVALID, SURVEY_NOT_FOUND, TOO_MANY_POINTS.
absl::StatusOr<Scorecard> PrepareScorecard(std::shared_ptr<const storage::View> view,
                                           const v1::GetScorecardRequest& request, absl::Time now);

// Computes the answer. Errors: STORE_DAMAGED.
absl::Status RunScorecard(const storage::Store& store, const Scorecard& scorecard,
                          v1::GetScorecardResponse& response);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ANALYTICS_SCORECARD_H_
