#include "server/analytics/decompose.h"

#include <algorithm>
#include <utility>

#include "absl/strings/string_view.h"
#include "common/base/status_macros.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "server/analytics/metric_query.h"
#include "server/request/validation.h"
#include "server/statistics/decomposition.h"
#include "server/statistics/metric_value.h"

namespace emptychair {
namespace {

using Contributions = google::protobuf::RepeatedPtrField<v1::Contribution>;

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

// The groups of a side by `key`, in their order, with histograms.
absl::StatusOr<v1::QueryMetricResponse> RunGrouped(const storage::Store& store, MetricQuery side,
                                                   const std::string& key) {
  side.group_by = {key};
  side.include_histogram = true;
  v1::QueryMetricResponse response;
  RETURN_IF_ERROR(RunMetricQuery(store, side, response));
  return response;
}

// What a query answers for a group that has no answers.
v1::MetricValue NoAnswers(const MetricQuery& side) {
  const std::vector<int64_t> histogram(side.method->scale_size());
  statistics::Tally tally{.histogram = histogram};
  if (side.respondent_rule != v1::RESPONDENT_RULE_ALL) {
    tally.customers = 0;
  }
  v1::MetricValue value;
  statistics::EvaluateMetric(*side.method, tally, {.min_sample = side.min_sample}, &value);
  return value;
}

// The groups of both sides that have scored answers on either, in their order, with the values of
// both, which are taken from the responses.
void Merge(const v1::MetricValue& no_answers, v1::QueryMetricResponse& base,
           v1::QueryMetricResponse& candidate, Contributions& contributions) {
  auto from = base.mutable_series()->begin();
  auto to = candidate.mutable_series()->begin();
  const auto base_end = base.mutable_series()->end();
  const auto candidate_end = candidate.mutable_series()->end();
  while (from != base_end || to != candidate_end) {
    const bool in_base = from != base_end &&
                         (to == candidate_end || !statistics::GroupComesBefore(
                                                     to->group_values(0), from->group_values(0)));
    const bool in_candidate = to != candidate_end &&
                              (from == base_end || !statistics::GroupComesBefore(
                                                       from->group_values(0), to->group_values(0)));
    v1::Contribution contribution;
    *contribution.mutable_group_value() = in_base ? from->group_values(0) : to->group_values(0);
    *contribution.mutable_base() = in_base ? (from++)->points(0) : no_answers;
    *contribution.mutable_candidate() = in_candidate ? (to++)->points(0) : no_answers;
    if (contribution.base().answers() > 0 || contribution.candidate().answers() > 0) {
      *contributions.Add() = std::move(contribution);
    }
  }
}

}  // namespace

absl::StatusOr<MetricDecomposition> PrepareMetricDecomposition(
    std::shared_ptr<const storage::View> view, const v1::DecomposeChangeRequest& request) {
  MetricDecomposition change;
  ASSIGN_OR_RETURN(change.sides,
                   PrepareMetricSides(std::move(view), request.base(), request.candidate()));
  RETURN_IF_ERROR(CheckGroupKeys("keys", request.keys(), SurveysOf(change.sides)));
  change.keys.assign(request.keys().begin(), request.keys().end());
  if (change.keys.empty()) {
    change.keys = DefaultKeys(change.sides);
  }
  return change;
}

absl::Status RunMetricDecomposition(const storage::Store& store, const MetricDecomposition& change,
                                    v1::DecomposeChangeResponse& response) {
  const MetricSides& sides = change.sides;
  RETURN_IF_ERROR(RunMetricSides(store, sides, response));
  if (!response.base().has_value() || !response.candidate().has_value()) {
    return absl::OkStatus();
  }
  response.set_delta(response.candidate().value() - response.base().value());
  const v1::MetricValue no_answers = NoAnswers(sides.base);
  int contribution_count = 0;
  for (const std::string& key : change.keys) {
    ASSIGN_OR_RETURN(v1::QueryMetricResponse base, RunGrouped(store, sides.base, key));
    ASSIGN_OR_RETURN(v1::QueryMetricResponse candidate, RunGrouped(store, sides.candidate, key));
    v1::DimensionContributions& dimension = *response.add_dimensions();
    dimension.set_key(key);
    Contributions& contributions = *dimension.mutable_contributions();
    Merge(no_answers, base, candidate, contributions);
    contribution_count += contributions.size();
    if (contribution_count > kPointsMax) {
      return TooManyPoints(contribution_count);
    }
    statistics::DecomposeChange(*sides.base.method, response.base(), response.candidate(),
                                sides.base.confidence, contributions);
    for (v1::Contribution& contribution : contributions) {
      contribution.mutable_base()->clear_histogram();
      contribution.mutable_candidate()->clear_histogram();
    }
  }
  return absl::OkStatus();
}

}  // namespace emptychair
