#include "tools/chairbench/honesty/questions.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/base/timestamp.h"

namespace emptychair::bench {
namespace {

// Points of one answer: few enough that sixteen answers at a time share the work evenly.
constexpr int kWindowsOfAnswer = 250;
// Of the limits and the truth, which are sums in other orders.
constexpr double kRounding = 1e-9;

constexpr int kSatisfiedMin = 4;

// Whether the interval of each of `count` windows from `first` on holds the truth.
absl::Status AskHeld(HonestyLab& lab, const Trial& trial, const Metric& metric, int first,
                     int count, std::vector<char>& held) {
  const auto sides = static_cast<int>(trial.sides.size());
  const int last = first + count - 1;
  v1::QueryMetricRequest query;
  query.add_survey_ids(trial.survey.survey_id());
  query.set_method(metric.method);
  query.set_granularity(v1::GRANULARITY_DAY);
  // A chart of so many answers would not be by customer.
  query.set_interval_rule(v1::INTERVAL_RULE_CUSTOMERS);
  SetInterval({trial.WindowOf(first / sides, first % sides).start,
               trial.WindowOf(last / sides, last % sides).end},
              query);
  ASSIGN_OR_RETURN(const v1::QueryMetricResponse response, lab.Query(query));
  if (response.total().points_size() != count) {
    return absl::InternalError(absl::StrCat("asked for ", count, " days, the server answered ",
                                            response.total().points_size()));
  }
  for (int i = 0; i < count; ++i) {
    const v1::MetricValue& value = response.total().points(i);
    const Side& side = trial.SideOf(first + i);
    if (value.answers() != side.crowd.CountAnswers() || !value.has_low() || !value.has_high()) {
      return absl::InternalError(absl::StrCat("a day of ", side.crowd.CountAnswers(),
                                              " answers has ", value.answers(),
                                              ", or no interval"));
    }
    const double truth = metric.truth(side.scores);
    held[static_cast<size_t>(first) + static_cast<size_t>(i)] =
        value.low() <= truth + kRounding && truth - kRounding <= value.high() ? 1 : 0;
  }
  return absl::OkStatus();
}

}  // namespace

const Metric kNetPromoter = {v1::METRIC_METHOD_NET_PROMOTER, NetPromoterOf};
const Metric kSatisfied = {v1::METRIC_METHOD_TOP_BOX, [](const Distribution& scores) {
                             return 100 * scores.Share(kSatisfiedMin, scores.last());
                           }};
const Metric kMeanScore = {v1::METRIC_METHOD_MEAN,
                           [](const Distribution& scores) { return scores.Mean(); }};

void SetInterval(const Window& window, v1::QueryMetricRequest& query) {
  *query.mutable_interval()->mutable_start_time() = ToTimestamp(window.start);
  *query.mutable_interval()->mutable_end_time() = ToTimestamp(window.end);
}

bool IsChange(v1::Verdict verdict) {
  return verdict == v1::VERDICT_HIGHER || verdict == v1::VERDICT_LOWER;
}

absl::StatusOr<std::vector<Tally>> CountHeld(HonestyLab& lab, const Trial& trial,
                                             const Metric& metric) {
  const int windows = trial.CountWindows();
  // Each is written by one thread alone, which bits of a vector<bool> would not bear.
  std::vector<char> held(static_cast<size_t>(windows));
  const int answers = (windows + kWindowsOfAnswer - 1) / kWindowsOfAnswer;
  RETURN_IF_ERROR(lab.AskAll(answers, [&](int index) {
    const int first = index * kWindowsOfAnswer;
    return AskHeld(lab, trial, metric, first, std::min(kWindowsOfAnswer, windows - first), held);
  }));
  std::vector<Tally> tallies(trial.sides.size());
  for (size_t window = 0; window < held.size(); ++window) {
    tallies[window % tallies.size()].Add(held[window] != 0);
  }
  return tallies;
}

absl::StatusOr<Tally> CountHeldOverall(HonestyLab& lab, const Trial& trial, const Metric& metric) {
  ASSIGN_OR_RETURN(const std::vector<Tally> tallies, CountHeld(lab, trial, metric));
  Tally overall;
  for (const Tally& tally : tallies) {
    overall.Add(tally);
  }
  return overall;
}

absl::StatusOr<Tally> CountReplicates(
    const HonestyLab& lab, int replicates,
    absl::FunctionRef<absl::StatusOr<bool>(int replicate)> happened) {
  std::vector<char> outcomes(static_cast<size_t>(replicates));
  RETURN_IF_ERROR(lab.AskAll(replicates, [&](int replicate) {
    ASSIGN_OR_RETURN(const bool outcome, happened(replicate));
    outcomes[static_cast<size_t>(replicate)] = outcome ? 1 : 0;
    return absl::OkStatus();
  }));
  Tally tally;
  for (const char outcome : outcomes) {
    tally.Add(outcome != 0);
  }
  return tally;
}

absl::StatusOr<Tally> CountClaims(HonestyLab& lab, const Trial& trial, const Metric& metric) {
  return CountReplicates(lab, trial.replicates, [&](int replicate) -> absl::StatusOr<bool> {
    ASSIGN_OR_RETURN(
        const v1::CompareMetricResponse response,
        lab.Compare(ChangeOf<v1::CompareMetricRequest>(trial, replicate, metric.method)));
    return IsChange(response.verdict());
  });
}

}  // namespace emptychair::bench
