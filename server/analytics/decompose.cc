#include "server/analytics/decompose.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/string_view.h"
#include "common/base/status_macros.h"
#include "server/counting/group_summer.h"
#include "server/counting/metric_engine.h"
#include "server/counting/series_groups.h"
#include "server/counting/series_tallies.h"
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
  SideReader(const storage::Store& store, const MetricQuery& query, v1::IntervalRule rule)
      : store_(store), query_(query), rule_(rule) {}

  // Reads the answers; to be called first. Errors: STORE_DAMAGED.
  absl::StatusOr<Slice> ReadTotal() {
    const bool by_customer = rule_ == v1::INTERVAL_RULE_CUSTOMERS;
    const SeriesMap series = MapEachSeries(query_);
    ASSIGN_OR_RETURN(
        PointTallies tallies,
        ReadTallies(store_, query_, series, by_customer ? Keep::kCustomers : Keep::kNothing));
    if (!tallies.grid.is_full()) {
      std::optional<EstimatedPoints> estimated;
      if (TakesEffects(query_, rule_)) {
        ASSIGN_OR_RETURN(estimated, EstimatedPoints::Of(store_, query_, tallies.buckets));
      }
      return series_.emplace(query_, series, std::move(tallies), std::move(estimated)).Total();
    }
    ASSIGN_OR_RETURN(std::vector<Slice> total, Run(query_));
    return std::move(total.front());
  }

  // The slices by a key, in the order of groups. Their answers live until the next call. Errors:
  // TOO_MANY_POINTS, STORE_DAMAGED.
  absl::StatusOr<std::vector<Slice>> ReadBy(const std::string& key) {
    if (series_.has_value() && SeriesTell(key, query_)) {
      return series_->By(key);
    }
    MetricQuery grouped = query_;
    grouped.group_by = {key};
    grouped.include_histogram = true;
    return Run(grouped);
  }

 private:
  absl::StatusOr<std::vector<Slice>> Run(const MetricQuery& query) {
    auto run = std::make_unique<MetricRun>(store_, query, Purpose::kVerdict);
    ASSIGN_OR_RETURN(MetricResult result, run->Run(rule_));
    std::vector<Slice> slices;
    slices.reserve(result.series.size());
    for (MetricSeries& series : result.series) {
      Slice& slice = slices.emplace_back();
      slice.value = std::move(series.points.front());
      if (!series.group.empty()) {
        slice.group = std::move(series.group.front());
      }
      if (run->customers() != nullptr) {
        slice.by_customer = series.by_customer.front();
        slice.answers.push_back(run->customers()->Of(series.number, 0));
      }
    }
    // The answers of the whole are of the first.
    runs_.resize(std::min<size_t>(runs_.size(), 1));
    runs_.push_back(std::move(run));
    return slices;
  }

  const storage::Store& store_;
  const MetricQuery& query_;
  const v1::IntervalRule rule_;
  std::optional<SeriesTallies> series_;
  std::vector<std::unique_ptr<MetricRun>> runs_;
};

// The value of a group that has no answers.
statistics::MetricValue NoAnswers(const MetricQuery& side, v1::IntervalRule rule) {
  const std::vector<int64_t> histogram(side.method->scale_size());
  statistics::Tally tally{.histogram = histogram};
  if (side.respondent_rule != v1::RESPONDENT_RULE_ALL || rule == v1::INTERVAL_RULE_CUSTOMERS) {
    tally.customers = 0;
  }
  statistics::MetricValue value;
  statistics::EvaluateMetric(*side.method, tally, {.min_sample = side.min_sample}, value);
  return value;
}

// The groups of both sides that have scored answers on either, in their order, with the values of
// both, which are taken from the slices. `summer` is null unless intervals are by customer.
std::vector<statistics::Contribution> Merge(const statistics::MetricValue& no_answers,
                                            std::vector<Slice> base, std::vector<Slice> candidate,
                                            GroupSummer* summer) {
  std::vector<statistics::Contribution> contributions;
  auto from = base.begin();
  auto to = candidate.begin();
  while (from != base.end() || to != candidate.end()) {
    const bool in_base = from != base.end() && (to == candidate.end() || from->group <= to->group);
    const bool in_candidate =
        to != candidate.end() && (from == base.end() || to->group <= from->group);
    Slice before{.value = no_answers};
    Slice after{.value = no_answers};
    if (in_base) {
      before = std::move(*from++);
    }
    if (in_candidate) {
      after = std::move(*to++);
    }
    if (before.value.answers == 0 && after.value.answers == 0) {
      continue;
    }
    statistics::Contribution& contribution = contributions.emplace_back();
    contribution.group = in_base ? before.group : after.group;
    contribution.base = std::move(before.value);
    contribution.candidate = std::move(after.value);
    if (summer != nullptr) {
      contribution.by_customer = summer->Sum(before.answers, after.answers);
    }
  }
  return contributions;
}

// Judges the contributions of all keys together.
statistics::ManyTests JudgeAll(std::vector<KeyContributions>& keys,
                               statistics::Confidence confidence) {
  std::vector<statistics::Contribution*> all;
  for (KeyContributions& key : keys) {
    for (statistics::Contribution& contribution : key.contributions) {
      all.push_back(&contribution);
    }
  }
  return statistics::JudgeContributions(all, confidence);
}

}  // namespace

AnswerSource DecompositionRun::WithKeys(AnswerSource source) const {
  const MetricSides& sides = decomposition_.sides;
  const bool series_tell = std::all_of(
      decomposition_.keys.begin(), decomposition_.keys.end(), [&](const std::string& key) {
        return SeriesTell(key, sides.base) && SeriesTell(key, sides.candidate);
      });
  return series_tell ? source : AnswerSource::kRecords;
}

DecompositionRun::DecompositionRun(const storage::Store& store, MetricDecomposition decomposition)
    : store_(store),
      decomposition_(std::move(decomposition)),
      runs_(store, {decomposition_.sides.base, decomposition_.sides.candidate}, Purpose::kVerdict) {
}

AnswerSource DecompositionRun::first_source() const { return WithKeys(runs_.first_source()); }

absl::StatusOr<AnswerSource> DecompositionRun::Plan() {
  ASSIGN_OR_RETURN(const AnswerSource source, runs_.Plan());
  return WithKeys(source);
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

absl::StatusOr<DecompositionResult> DecompositionRun::Run() {
  const MetricSides& sides = decomposition_.sides;
  SideReader base(store_, sides.base, runs_.rule());
  SideReader candidate(store_, sides.candidate, runs_.rule());
  DecompositionResult result;
  result.interval_rule = runs_.rule();
  ASSIGN_OR_RETURN(Slice from_all, base.ReadTotal());
  ASSIGN_OR_RETURN(Slice to_all, candidate.ReadTotal());
  result.base = from_all.value;
  result.candidate = to_all.value;
  if (!result.base.estimate.has_value() || !result.candidate.estimate.has_value()) {
    return result;
  }
  result.delta = result.candidate.estimate->value - result.base.estimate->value;
  statistics::ChangeSides change{.base = result.base, .candidate = result.candidate};
  std::optional<GroupSummer> summer;
  if (result.interval_rule == v1::INTERVAL_RULE_CUSTOMERS) {
    change.base_customers = from_all.by_customer;
    change.candidate_customers = to_all.by_customer;
    summer.emplace(CustomersOf(*sides.base.view), from_all.answers, to_all.answers);
    change.shared_answers = summer->shared_answers();
  }
  const statistics::MetricValue no_answers = NoAnswers(sides.base, result.interval_rule);
  size_t contribution_count = 0;
  for (const std::string& key : decomposition_.keys) {
    ASSIGN_OR_RETURN(std::vector<Slice> from, base.ReadBy(key));
    ASSIGN_OR_RETURN(std::vector<Slice> to, candidate.ReadBy(key));
    KeyContributions& by_key = result.keys.emplace_back();
    by_key = {key, Merge(no_answers, std::move(from), std::move(to),
                         summer.has_value() ? &*summer : nullptr)};
    contribution_count += by_key.contributions.size();
    if (contribution_count > kPointsMax) {
      return TooManyPoints(contribution_count);
    }
    statistics::DecomposeChange(*sides.base.method, change, by_key.contributions);
  }
  result.tests = JudgeAll(result.keys, sides.base.confidence);
  return result;
}

}  // namespace emptychair
