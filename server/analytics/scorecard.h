// Shows how surveys do: of each the trend of its last periods.
#ifndef EMPTYCHAIR_SERVER_ANALYTICS_SCORECARD_H_
#define EMPTYCHAIR_SERVER_ANALYTICS_SCORECARD_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "server/analytics/metric_runs.h"
#include "server/counting/metric_query.h"
#include "server/counting/metric_result.h"
#include "server/statistics/comparison.h"
#include "server/statistics/many_tests.h"
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

// Holds what a scorecard computes, as v1::GetScorecardResponse describes it.
struct ScorecardResult {
  std::vector<SurveyScore> surveys;  // Aligned with the trends.
  // Of all comparisons.
  statistics::ManyTests tests;
};

// Checks the request and fills in its defaults; reads nothing from disk.
// Errors: FIELD_REQUIRED, FIELD_INVALID, SURVEY_NOT_FOUND, EFFECTS_UNKNOWN, TOO_MANY_POINTS.
absl::StatusOr<Scorecard> PrepareScorecard(std::shared_ptr<const storage::View> view,
                                           const v1::GetScorecardRequest& request, absl::Time now);

// A scorecard that is run once. Not thread-safe.
class ScorecardRun {
 public:
  // `store` must outlive this.
  ScorecardRun(const storage::Store& store, const Scorecard& scorecard);

  // As MetricRuns says.
  AnswerSource first_source() const { return runs_.first_source(); }
  absl::StatusOr<AnswerSource> Plan() { return runs_.Plan(); }

  // Computes the score of each trend, and judges all together. Errors: STORE_DAMAGED.
  absl::StatusOr<ScorecardResult> Run();

  const Scorecard& scorecard() const { return scorecard_; }

 private:
  absl::StatusOr<SurveyScore> Score(size_t trend);

  const Scorecard scorecard_;
  MetricRuns runs_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ANALYTICS_SCORECARD_H_
