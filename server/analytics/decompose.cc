#include "server/analytics/decompose.h"

#include <algorithm>
#include <utility>

#include "absl/strings/string_view.h"
#include "common/base/status_macros.h"
#include "server/analytics/metric_engine.h"
#include "server/analytics/series_groups.h"
#include "server/analytics/series_tallies.h"
#include "server/request/validation.h"

namespace emptychair {
namespace {

std::vector<const storage::SurveyView*> SurveysOf(const MetricSides& sides) {
  std::vector<const storage::SurveyView*> surveys = sides.base.surveys;
  surveys.insert(surveys.end(), sides.candidate.surveys.begin(), sides.candidate.surveys.end());
  return surveys;
}

bool IsInUse(absl::string_view key, const storage::SurveyView& survey) {
  const auto& retired = survey.definition->retired_dimensions();
  return survey.DimensionOf(key).has_value() &&
         std::find(retired.begin(), retired.end(), key) == retired.end();
}

std::vector<std::string> DefaultKeys(const MetricSides& sides) {
  const std::vector<const storage::SurveyView*> surveys = SurveysOf(sides);
  std::vector<std::string> keys;
  for (const std::string& key : surveys.front()->definition->dimensions()) {
    if (std::all_of(surveys.begin(), surveys.end(),
                    [&](const storage::SurveyView* survey) { return IsInUse(key, *survey); })) {
      keys.push_back(key);
    }
  }
  if (sides.base.surveys.size() > 1 || sides.candidate.surveys.size() > 1) {
    keys.emplace_back(kSurveyIdKey);
  }
  return keys;
}

bool SeriesTell(const std::string& key, const MetricQuery& side) {
  return std::all_of(
      side.surveys.begin(), side.surveys.end(),
      [&](const storage::SurveyView* survey) { return emptychair::SeriesTell(key, *survey); });
}

// One side, whose answers are kept by series or, when these are too many or do not tell the key,
// read again by each key.
class SideReader {
 public:
  SideReader(const storage::Store& store, const MetricQuery& query)
      : store_(store), query_(query) {}

  // Reads the answers; to be called first. Errors: STORE_DAMAGED.
  absl::StatusOr<statistics::MetricValue> ReadTotal() {
    const SeriesMap series = MapEachSeries(query_);
    ASSIGN_OR_RETURN(PointTallies tallies, ReadTallies(store_, query_, series));
    if (!tallies.grid.is_full()) {
      return series_.emplace(query_, series, std::move(tallies.grid)).Total();
    }
    ASSIGN_OR_RETURN(MetricResult result, RunMetricQuery(store_, query_));
    return std::move(result.total.front());
  }

  // The slices by a key, in the order of groups. Errors: TOO_MANY_POINTS, STORE_DAMAGED.
  absl::StatusOr<std::vector<Slice>> ReadBy(const std::string& key) const {
    if (series_.has_value() && SeriesTell(key, query_)) {
      return series_->By(key);
    }
    MetricQuery grouped = query_;
    grouped.group_by = {key};
    grouped.include_histogram = true;
    ASSIGN_OR_RETURN(MetricResult result, RunMetricQuery(store_, grouped));
    std::vector<Slice> slices;
    slices.reserve(result.series.size());
    for (MetricSeries& series : result.series) {
      slices.push_back({std::move(series.group.front()), std::move(series.points.front())});
    }
    return slices;
  }

 private:
  const storage::Store& store_;
  const MetricQuery& query_;
  std::optional<SeriesTallies> series_;
};

// The value of a group that has no answers.
statistics::MetricValue NoAnswers(const MetricQuery& side) {
  const std::vector<int64_t> histogram(side.method->scale_size());
  statistics::Tally tally{.histogram = histogram};
  if (side.respondent_rule != v1::RESPONDENT_RULE_ALL) {
    tally.customers = 0;
  }
  statistics::MetricValue value;
  statistics::EvaluateMetric(*side.method, tally, {.min_sample = side.min_sample}, value);
  return value;
}

// The groups of both sides that have scored answers on either, in their order, with the values of
// both, which are taken from the slices.
std::vector<statistics::Contribution> Merge(const statistics::MetricValue& no_answers,
                                            std::vector<Slice> base, std::vector<Slice> candidate) {
  std::vector<statistics::Contribution> contributions;
  auto from = base.begin();
  auto to = candidate.begin();
  while (from != base.end() || to != candidate.end()) {
    const bool in_base = from != base.end() && (to == candidate.end() || from->group <= to->group);
    const bool in_candidate =
        to != candidate.end() && (from == base.end() || to->group <= from->group);
    statistics::Contribution contribution;
    contribution.group = in_base ? from->group : to->group;
    contribution.base = in_base ? std::move((from++)->value) : no_answers;
    contribution.candidate = in_candidate ? std::move((to++)->value) : no_answers;
    if (contribution.base.answers > 0 || contribution.candidate.answers > 0) {
      contributions.push_back(std::move(contribution));
    }
  }
  return contributions;
}

}  // namespace

AnswerSource PlanSource(const MetricDecomposition& decomposition) {
  const MetricSides& sides = decomposition.sides;
  const bool series_tell = std::all_of(
      decomposition.keys.begin(), decomposition.keys.end(), [&](const std::string& key) {
        return SeriesTell(key, sides.base) && SeriesTell(key, sides.candidate);
      });
  return series_tell ? PlanSource(sides) : AnswerSource::kRecords;
}

absl::StatusOr<MetricDecomposition> PrepareMetricDecomposition(
    std::shared_ptr<const storage::View> view, const v1::DecomposeChangeRequest& request) {
  MetricDecomposition decomposition;
  ASSIGN_OR_RETURN(decomposition.sides,
                   PrepareMetricSides(std::move(view), request.base(), request.candidate()));
  RETURN_IF_ERROR(CheckGroupKeys("keys", request.keys(), SurveysOf(decomposition.sides)));
  decomposition.keys.assign(request.keys().begin(), request.keys().end());
  if (decomposition.keys.empty()) {
    decomposition.keys = DefaultKeys(decomposition.sides);
  }
  return decomposition;
}

absl::StatusOr<DecompositionResult> RunMetricDecomposition(
    const storage::Store& store, const MetricDecomposition& decomposition) {
  const MetricSides& sides = decomposition.sides;
  SideReader base(store, sides.base);
  SideReader candidate(store, sides.candidate);
  DecompositionResult result;
  ASSIGN_OR_RETURN(result.base, base.ReadTotal());
  ASSIGN_OR_RETURN(result.candidate, candidate.ReadTotal());
  if (!result.base.estimate.has_value() || !result.candidate.estimate.has_value()) {
    return result;
  }
  result.delta = result.candidate.estimate->value - result.base.estimate->value;
  const statistics::MetricValue no_answers = NoAnswers(sides.base);
  size_t contribution_count = 0;
  for (const std::string& key : decomposition.keys) {
    ASSIGN_OR_RETURN(std::vector<Slice> from, base.ReadBy(key));
    ASSIGN_OR_RETURN(std::vector<Slice> to, candidate.ReadBy(key));
    KeyContributions& by_key = result.keys.emplace_back();
    by_key = {key, Merge(no_answers, std::move(from), std::move(to))};
    contribution_count += by_key.contributions.size();
    if (contribution_count > kPointsMax) {
      return TooManyPoints(contribution_count);
    }
    statistics::DecomposeChange(*sides.base.method, result.base, result.candidate,
                                sides.base.confidence, by_key.contributions);
  }
  return result;
}

}  // namespace emptychair
