#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/requests.h"
#include "tests/service/model/metric_check.h"

namespace emptychair::testing {
namespace {

// What is tested of two sides of ten answers and more.
void ExpectTested(const v1::QueryMetricRequest& query, const ModelPoint& base,
                  const ModelPoint& candidate, const v1::CompareMetricResponse& response) {
  const ModelMethod method;
  const Adjusted from = AdjustedOf(method, base, SampleOf(query, method, base).answers);
  const Adjusted to = AdjustedOf(method, candidate, SampleOf(query, method, candidate).answers);
  const double r = RuleOf(query, method) == v1::INTERVAL_RULE_CUSTOMERS
                       ? ModelCorrelation(CustomersOf(method, base), CustomersOf(method, candidate))
                       : 0;
  ASSERT_EQ(response.has_customer_correlation(),
            RuleOf(query, method) == v1::INTERVAL_RULE_CUSTOMERS);
  ASSERT_NEAR(response.customer_correlation(), r, 1e-7);
  const double difference = 100 * (to.score - from.score);
  // No two values are taken to be nearer than this.
  const double together = std::min(r, 0.95) * std::sqrt(from.variance * to.variance);
  const double error = 100 * std::sqrt(from.variance + to.variance - 2 * together);
  const double z = difference / error;
  const double quantile = Quantile(query.confidence());
  ASSERT_NEAR(response.z(), z, 1e-5 * std::max(1.0, std::abs(z)));
  ASSERT_NEAR(response.p_value(), 1 - std::erf(std::abs(z) / std::sqrt(2.0)), 1e-5);
  ASSERT_NEAR(response.delta_low(), difference - quantile * error, 1e-4);
  ASSERT_NEAR(response.delta_high(), difference + quantile * error, 1e-4);
  ASSERT_NEAR(response.z_limit(), quantile, 1e-9);
  const bool is_clear = std::abs(z) > quantile;
  ASSERT_EQ(response.verdict(), !is_clear        ? v1::VERDICT_NO_CLEAR_CHANGE
                                : difference > 0 ? v1::VERDICT_HIGHER
                                                 : v1::VERDICT_LOWER);
  ASSERT_EQ(response.direction(), !is_clear        ? v1::CHANGE_DIRECTION_NEITHER
                                  : difference > 0 ? v1::CHANGE_DIRECTION_BETTER
                                                   : v1::CHANGE_DIRECTION_WORSE);
}

// Of sides that can share an answer.
void ExpectRefused(const absl::Status& status) {
  ASSERT_THAT(status, HasReason(v1::ERROR_REASON_FIELD_INVALID));
  ASSERT_THAT(status,
              ::testing::AnyOf(HasField("candidate.interval"), HasField("candidate.filters")));
}

double ScoreOf(const ModelPoint& model) {
  return 100.0 * static_cast<double>(model.Count(9, 10) - model.Count(0, 6)) /
         static_cast<double>(model.Count(0, 10));
}

// The sum of (x - `middle`) to the power of `exponent`, over each answer and its x of an NPS.
double PowerSum(const ModelPoint& model, double middle, int exponent) {
  double sum = 0;
  for (int score = 0; score <= 10; ++score) {
    for (int64_t i = 0; i < model.Count(score, score); ++i) {
      sum += std::pow((score >= 9 ? 100 : score <= 6 ? -100 : 0) - middle, exponent);
    }
  }
  return sum;
}

// A group beside the whole, before (0) and after (1).
struct ModelChange {
  ModelPoint whole[2];
  ModelPoint group[2];

  double Share(int side) const {
    return static_cast<double>(group[side].Count(0, 10)) /
           static_cast<double>(whole[side].Count(0, 10));
  }
  // A group that has none takes the mean of the other side.
  double Mean(int side) const {
    return ScoreOf(group[group[side].Count(0, 10) > 0 ? side : 1 - side]);
  }
  double Middle() const { return (ScoreOf(whole[0]) + ScoreOf(whole[1])) / 2; }
  double Variance(int side) const {
    const auto n = static_cast<double>(whole[side].Count(0, 10));
    const double first = PowerSum(group[side], Middle(), 1) / n;
    return std::max(0.0, PowerSum(group[side], Middle(), 2) / n - first * first) / n;
  }
  // Of the total; negative when it cannot be told.
  double TotalVariance(v1::IntervalRule rule) const {
    if (rule == v1::INTERVAL_RULE_ANSWERS) {
      return Variance(0) + Variance(1);
    }
    const ModelMethod nps;
    const ModelCustomers all[] = {CustomersOf(nps, whole[0]), CustomersOf(nps, whole[1])};
    const ModelCustomers part[] = {CustomersOf(nps, group[0]), CustomersOf(nps, group[1])};
    const double middle = Middle() / 100;
    const double before = ModelGroupVariance(all[0], part[0], middle);
    const double after = ModelGroupVariance(all[1], part[1], middle);
    if (before < 0 || after < 0) {
      return -1;
    }
    return 10'000 *
           std::max(0.0, before + after -
                             ModelGroupCovariance(all[0], part[0], all[1], part[1], middle));
  }
  bool IsTooSmall(int side, int min_sample) const {
    return group[side].Count(0, 10) > 0 && group[side].Count(0, 10) < min_sample;
  }
};

// Both in the order of the answer.
struct ModelTests {
  std::vector<double> p_values;
  std::vector<double> q_values;
};

void ExpectContribution(const v1::DecomposeChangeRequest& request, int min_sample, double z_limit,
                        const ModelChange& model, const v1::Contribution& contribution,
                        ModelTests& tests) {
  ASSERT_NO_FATAL_FAILURE(
      ExpectPoint(request.base(), min_sample, model.group[0], contribution.base()));
  ASSERT_NO_FATAL_FAILURE(
      ExpectPoint(request.candidate(), min_sample, model.group[1], contribution.candidate()));
  const bool suppressed = model.IsTooSmall(0, min_sample) || model.IsTooSmall(1, min_sample);
  ASSERT_EQ(contribution.suppressed(), suppressed);
  ASSERT_EQ(contribution.has_mix(), !suppressed);
  ASSERT_EQ(contribution.has_score(), !suppressed);
  ASSERT_EQ(contribution.has_total(), !suppressed);
  const v1::IntervalRule rule = RuleOf(request.base(), ModelMethod());
  const double variance = suppressed ? -1 : model.TotalVariance(rule);
  const int64_t before = model.whole[0].Count(0, 10);
  const int64_t after = model.whole[1].Count(0, 10);
  const bool is_tested = variance / 10'000 * static_cast<double>(std::max(before, after)) > 1e-9 &&
                         before >= 10 && after >= 10 &&
                         model.group[0].Count(0, 10) + model.group[1].Count(0, 10) >= 10;
  ASSERT_EQ(contribution.has_low(), variance >= 0);
  ASSERT_EQ(contribution.has_high(), variance >= 0);
  ASSERT_EQ(contribution.has_p_value(), is_tested);
  ASSERT_EQ(contribution.has_q_value(), is_tested);
  if (suppressed) {
    ASSERT_EQ(contribution.verdict(), v1::VERDICT_TOO_FEW);
    return;
  }
  const double mix =
      (model.Share(1) - model.Share(0)) * ((model.Mean(0) + model.Mean(1)) / 2 - model.Middle());
  const double score = (model.Share(0) + model.Share(1)) / 2 * (model.Mean(1) - model.Mean(0));
  ASSERT_NEAR(contribution.mix(), mix, 1e-9);
  ASSERT_NEAR(contribution.score(), score, 1e-9);
  ASSERT_NEAR(contribution.total(), mix + score, 1e-9);
  if (variance < 0) {
    return;
  }
  const double error = std::sqrt(variance);
  ASSERT_NEAR(contribution.low(), mix + score - z_limit * error, 1e-3);
  ASSERT_NEAR(contribution.high(), mix + score + z_limit * error, 1e-3);
  if (is_tested) {
    // Where nothing varies, rounding decides.
    if (error > 1e-6) {
      ASSERT_NEAR(contribution.p_value(), std::erfc(std::abs(mix + score) / error / std::sqrt(2.0)),
                  1e-5);
    }
    ASSERT_EQ(contribution.verdict(), contribution.low() > 0    ? v1::VERDICT_HIGHER
                                      : contribution.high() < 0 ? v1::VERDICT_LOWER
                                                                : v1::VERDICT_NO_CLEAR_CHANGE);
    tests.p_values.push_back(contribution.p_value());
    tests.q_values.push_back(contribution.q_value());
  } else {
    ASSERT_EQ(contribution.verdict(), v1::VERDICT_TOO_FEW);
  }
}

// Whether `a` may stand before `b`.
bool MayComeBefore(const v1::Contribution& a, const v1::Contribution& b) {
  if (a.suppressed() != b.suppressed()) {
    return b.suppressed();
  }
  const auto key = [](const v1::Contribution& contribution) {
    v1::MetricSeries series;
    *series.add_group_values() = contribution.group_value();
    return SortKey(GroupTexts(series));
  };
  return std::abs(a.total()) > std::abs(b.total()) ||
         (std::abs(a.total()) == std::abs(b.total()) && key(a) < key(b));
}

void ExpectDimension(const v1::DecomposeChangeRequest& request, int min_sample, double z_limit,
                     const ModelResult& base, const ModelResult& candidate, double delta,
                     const v1::DimensionContributions& dimension, ModelTests& tests) {
  std::map<std::vector<std::string>, ModelChange> groups;
  const ModelResult* const sides[] = {&base, &candidate};
  for (int side = 0; side < 2; ++side) {
    for (const auto& [group, points] : sides[side]->groups) {
      groups[group].group[side] = points.front();
    }
  }
  double sum = 0;
  bool complete = true;
  for (int i = 0; i < dimension.contributions_size(); ++i) {
    const v1::Contribution& contribution = dimension.contributions(i);
    SCOPED_TRACE(contribution.ShortDebugString());
    v1::MetricSeries series;
    *series.add_group_values() = contribution.group_value();
    const auto found = groups.find(GroupTexts(series));
    ASSERT_NE(found, groups.end());
    ModelChange& model = found->second;
    model.whole[0] = base.total.front();
    model.whole[1] = candidate.total.front();
    ASSERT_GT(model.group[0].Count(0, 10) + model.group[1].Count(0, 10), 0);
    ASSERT_NO_FATAL_FAILURE(
        ExpectContribution(request, min_sample, z_limit, model, contribution, tests));
    groups.erase(found);
    sum += contribution.total();
    complete = complete && !contribution.suppressed();
    if (i > 0) {
      ASSERT_TRUE(MayComeBefore(dimension.contributions(i - 1), contribution));
    }
  }
  for (const auto& [group, model] : groups) {
    ASSERT_EQ(model.group[0].Count(0, 10) + model.group[1].Count(0, 10), 0);
  }
  if (complete) {
    ASSERT_NEAR(sum, delta, 1e-9);
  }
}

// All tests of an answer together.
void ExpectTests(const v1::DecomposeChangeRequest& request, const ModelTests& tests,
                 const v1::MethodInfo& info) {
  const double alpha = 1 - ConfidenceOf(request.base());
  const std::vector<double> q_values = ModelQValues(tests.p_values);
  ASSERT_EQ(info.tests(), tests.p_values.size());
  ASSERT_EQ(info.has_interval_confidence(), tests.p_values.size() > 1);
  double found = 0;
  for (size_t i = 0; i < q_values.size(); ++i) {
    ASSERT_NEAR(tests.q_values[i], q_values[i], 1e-12);
    found += q_values[i] <= alpha ? 1 : 0;
  }
  if (info.has_interval_confidence()) {
    ASSERT_NEAR(info.interval_confidence(),
                1 - std::max(found, 1.0) * alpha / static_cast<double>(info.tests()), 1e-9);
  }
}

// The keys that are meant by none.
std::vector<std::string> DefaultKeys(const std::vector<const ModelSurvey*>& base,
                                     const std::vector<const ModelSurvey*>& candidate) {
  std::vector<std::string> keys = base.front()->Dimensions(/*retired=*/false);
  for (const std::vector<const ModelSurvey*>* surveys : {&base, &candidate}) {
    for (const ModelSurvey* survey : *surveys) {
      const std::vector<std::string> in_use = survey->Dimensions(/*retired=*/false);
      keys.erase(std::remove_if(keys.begin(), keys.end(),
                                [&](const std::string& key) {
                                  return std::count(in_use.begin(), in_use.end(), key) == 0;
                                }),
                 keys.end());
    }
  }
  if (std::max(base.size(), candidate.size()) > 1) {
    keys.emplace_back("survey_id");
  }
  return keys;
}

}  // namespace

void ExpectDecomposition(const v1::DecomposeChangeRequest& request, bool can_share,
                         const std::vector<const ModelSurvey*>& base,
                         const std::vector<const ModelSurvey*>& candidate, ModelCalendar& calendar,
                         const absl::StatusOr<v1::DecomposeChangeResponse>& response) {
  if (can_share) {
    ExpectRefused(response.status());
    return;
  }
  ASSERT_OK(response);
  const ModelResult before = Recount(request.base(), base, calendar);
  const ModelResult after = Recount(request.candidate(), candidate, calendar);
  const int min_sample = std::max(before.min_sample, after.min_sample);
  ASSERT_EQ(response->method_info().min_sample(), min_sample);
  ASSERT_NO_FATAL_FAILURE(
      ExpectPoint(request.base(), min_sample, before.total.front(), response->base()));
  ASSERT_NO_FATAL_FAILURE(
      ExpectPoint(request.candidate(), min_sample, after.total.front(), response->candidate()));
  const bool is_explained = response->base().has_value() && response->candidate().has_value();
  ASSERT_EQ(response->has_delta(), is_explained);
  if (!is_explained) {
    ASSERT_EQ(response->dimensions_size(), 0);
    return;
  }
  ASSERT_NEAR(response->delta(), ScoreOf(after.total.front()) - ScoreOf(before.total.front()),
              1e-9);
  const std::vector<std::string> keys =
      request.keys().empty()
          ? DefaultKeys(base, candidate)
          : std::vector<std::string>(request.keys().begin(), request.keys().end());
  ASSERT_EQ(response->dimensions_size(), keys.size());
  const v1::MethodInfo& info = response->method_info();
  const double z_limit = info.has_interval_confidence()
                             ? ModelNormalQuantile(1 - info.interval_confidence())
                             : Quantile(request.base().confidence());
  ModelTests tests;
  for (int i = 0; i < response->dimensions_size(); ++i) {
    SCOPED_TRACE(keys[i]);
    ASSERT_EQ(response->dimensions(i).key(), keys[i]);
    v1::QueryMetricRequest base_by_key = request.base();
    v1::QueryMetricRequest candidate_by_key = request.candidate();
    base_by_key.add_group_by(keys[i]);
    candidate_by_key.add_group_by(keys[i]);
    ASSERT_NO_FATAL_FAILURE(ExpectDimension(request, min_sample, z_limit,
                                            Recount(base_by_key, base, calendar),
                                            Recount(candidate_by_key, candidate, calendar),
                                            response->delta(), response->dimensions(i), tests));
  }
  ASSERT_NO_FATAL_FAILURE(ExpectTests(request, tests, info));
}

void ExpectComparison(const v1::CompareMetricRequest& request, bool can_share,
                      const ModelResult& base, const ModelResult& candidate,
                      const absl::StatusOr<v1::CompareMetricResponse>& response) {
  if (can_share) {
    ExpectRefused(response.status());
    return;
  }
  ASSERT_OK(response);
  const int min_sample = std::max(base.min_sample, candidate.min_sample);
  ASSERT_EQ(response->method_info().min_sample(), min_sample);
  ASSERT_EQ(response->method_info().interval_rule(), RuleOf(request.base(), ModelMethod()));
  const ModelPoint& from = base.total.front();
  const ModelPoint& to = candidate.total.front();
  ASSERT_NO_FATAL_FAILURE(ExpectPoint(request.base(), min_sample, from, response->base()));
  ASSERT_NO_FATAL_FAILURE(ExpectPoint(request.candidate(), min_sample, to, response->candidate()));
  ASSERT_EQ(response->has_delta(),
            response->base().has_value() && response->candidate().has_value());
  if (response->has_delta()) {
    ASSERT_NEAR(response->delta(), response->candidate().value() - response->base().value(), 1e-9);
  }
  const int64_t fewest = std::min(from.Count(0, 10), to.Count(0, 10));
  const bool is_tested = fewest >= 10 && fewest >= min_sample &&
                         SampleOf(request.base(), ModelMethod(), from).is_known &&
                         SampleOf(request.base(), ModelMethod(), to).is_known;
  ASSERT_EQ(response->has_z(), is_tested);
  ASSERT_EQ(response->has_p_value(), is_tested);
  ASSERT_EQ(response->has_delta_low(), is_tested);
  ASSERT_EQ(response->has_delta_high(), is_tested);
  if (!is_tested) {
    ASSERT_EQ(response->verdict(), v1::VERDICT_TOO_FEW);
    ASSERT_EQ(response->direction(), v1::CHANGE_DIRECTION_NEITHER);
    return;
  }
  ASSERT_NO_FATAL_FAILURE(ExpectTested(request.base(), from, to, *response));
}

}  // namespace emptychair::testing
