// What several promises ask a server.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_HONESTY_QUESTIONS_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_HONESTY_QUESTIONS_H_

#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/chairbench/honesty/lab.h"
#include "tools/chairbench/honesty/row.h"
#include "tools/chairbench/records/windows.h"

namespace emptychair::bench {

// A metric, and what it is of the scores that answers are drawn from.
struct Metric {
  v1::MetricMethod method;
  double (*truth)(const Distribution& scores);
};

// NPS; of CSAT on 1..5 the share of 4 and 5, in percent; means.
extern const Metric kNetPromoter;
extern const Metric kSatisfied;
extern const Metric kMeanScore;

// Sets the interval of `query`.
void SetInterval(const Window& window, v1::QueryMetricRequest& query);

// The comparison, or decomposition, of the first two sides of a replicate, by the rule of intervals
// that is the default.
template <typename Request>
Request ChangeOf(const Trial& trial, int replicate, v1::MetricMethod method) {
  Request request;
  int side = 0;
  for (v1::QueryMetricRequest* query : {request.mutable_base(), request.mutable_candidate()}) {
    query->add_survey_ids(trial.survey.survey_id());
    query->set_method(method);
    SetInterval(trial.WindowOf(replicate, side++), *query);
  }
  return request;
}

// Whether a change is claimed, up or down.
bool IsChange(v1::Verdict verdict);

// How often the interval of a window, which is a day, holds the truth: for each side.
absl::StatusOr<std::vector<Tally>> CountHeld(HonestyLab& lab, const Trial& trial,
                                             const Metric& metric);

// The same over all sides.
absl::StatusOr<Tally> CountHeldOverall(HonestyLab& lab, const Trial& trial, const Metric& metric);

// Of how many replicates `happened` answers true; it asks the server.
absl::StatusOr<Tally> CountReplicates(
    const HonestyLab& lab, int replicates,
    absl::FunctionRef<absl::StatusOr<bool>(int replicate)> happened);

// How often the comparison of a replicate's two sides claims a change.
absl::StatusOr<Tally> CountClaims(HonestyLab& lab, const Trial& trial, const Metric& metric);

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_HONESTY_QUESTIONS_H_
