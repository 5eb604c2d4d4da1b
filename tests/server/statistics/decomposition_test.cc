#include "server/statistics/decomposition.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/statistics/metric_value.h"
#include "tests/helpers/seed.h"
#include "tests/server/statistics/values.h"

namespace emptychair::statistics {
namespace {

using ::emptychair::testing::SeedFromEnvOrRandom;
using ::testing::ElementsAre;

using Histogram = std::vector<int64_t>;

// Half a unit of the fourth decimal, to which the reference values are given.
constexpr double kFourDecimals = 0.5001e-4;

// A group's name and its answers on both sides.
struct Group {
  std::string name;
  Histogram base;
  Histogram candidate;
};

GroupPart GroupOf(const std::string& name) {
  return name == "(none)"    ? GroupPart{GroupPart::Kind::kNone, ""}
         : name == "(other)" ? GroupPart{GroupPart::Kind::kOther, ""}
                             : GroupPart{GroupPart::Kind::kValue, name};
}

std::string NameOf(const Contribution& contribution) {
  const GroupPart& group = contribution.group;
  return group.kind == GroupPart::Kind::kNone    ? "(none)"
         : group.kind == GroupPart::Kind::kOther ? "(other)"
                                                 : group.text;
}

Histogram Sum(const std::vector<Group>& groups, Histogram Group::*side) {
  Histogram sum(groups.front().base.size());
  for (const Group& group : groups) {
    for (size_t i = 0; i < sum.size(); ++i) {
      sum[i] += (group.*side)[i];
    }
  }
  return sum;
}

struct Decomposed {
  MetricValue base;
  MetricValue candidate;
  ManyTests tests;
  std::vector<Contribution> contributions;

  const Contribution& Of(const std::string& name) const {
    return *std::find_if(contributions.begin(), contributions.end(),
                         [&](const Contribution& c) { return NameOf(c) == name; });
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const Contribution& contribution : contributions) {
      names.push_back(NameOf(contribution));
    }
    return names;
  }
};

Decomposed Decompose(const ScoreMethod& method, const std::vector<Group>& groups,
                     double confidence = 0.95, int32_t min_sample = 0) {
  const EvaluateOptions whole{.min_sample = min_sample};
  const EvaluateOptions part{.min_sample = min_sample, .include_histogram = true};
  Decomposed result;
  result.base = Evaluate(method, Sum(groups, &Group::base), whole);
  result.candidate = Evaluate(method, Sum(groups, &Group::candidate), whole);
  for (const Group& group : groups) {
    result.contributions.push_back({GroupOf(group.name), Evaluate(method, group.base, part),
                                    Evaluate(method, group.candidate, part), std::nullopt,
                                    std::nullopt});
  }
  DecomposeChange(method, {.base = result.base, .candidate = result.candidate},
                  result.contributions);
  std::vector<Contribution*> all;
  for (Contribution& contribution : result.contributions) {
    all.push_back(&contribution);
  }
  result.tests = JudgeContributions(all, Confidence::Of(confidence).value());
  return result;
}

ScoreMethod Nps() { return MakeMethod(v1::SURVEY_KIND_NPS, 0, 10); }

TEST(DecomposeChange, GivesTheReferenceDecomposition) {
  const Decomposed result =
      Decompose(Nps(), {{"A", NpsHistogram(50, 30, 20), NpsHistogram(60, 25, 15)},
                        {"B", NpsHistogram(20, 20, 60), NpsHistogram(60, 60, 180)}});
  EXPECT_EQ(result.base.estimate->value, -5);
  EXPECT_EQ(result.candidate.estimate->value, -18.75);
  const struct {
    const char* name;
    double mix, score, total, low, high, p, q;
  } rows[] = {{"A", -12.3438, 5.6250, -6.7188, -17.3223, 3.8848, 0.155542, 0.194407},
              {"B", -7.0313, 0, -7.0313, -19.1762, 5.1137, 0.194407, 0.194407}};
  EXPECT_EQ(result.tests.tests, 2);
  EXPECT_NEAR(result.tests.interval_confidence, 0.975, 1e-12);
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    const Contribution& contribution = result.Of(row.name);
    EXPECT_NEAR(contribution.effect->mix, row.mix, kFourDecimals);
    EXPECT_NEAR(contribution.effect->score, row.score, kFourDecimals);
    EXPECT_NEAR(contribution.effect->total(), row.total, kFourDecimals);
    EXPECT_NEAR(contribution.effect->interval->low, row.low, kFourDecimals);
    EXPECT_NEAR(contribution.effect->interval->high, row.high, kFourDecimals);
    EXPECT_NEAR(contribution.effect->p_value.value(), row.p, 0.5001e-6);
    EXPECT_NEAR(contribution.effect->q_value.value(), row.q, 0.5001e-6);
    EXPECT_EQ(contribution.effect->verdict, v1::VERDICT_NO_CLEAR_CHANGE);
    EXPECT_TRUE(contribution.effect.has_value());
  }
  EXPECT_EQ(result.Of("B").effect->score, 0);
  EXPECT_THAT(result.Names(), ElementsAre("B", "A"));
}

// A plain computation from a list of answers, each with its x and its group.
struct PlainAnswer {
  double x;
  std::string group;
};

struct PlainSide {
  std::vector<PlainAnswer> answers;

  double Mean() const {
    double sum = 0;
    for (const PlainAnswer& answer : answers) {
      sum += answer.x;
    }
    return sum / static_cast<double>(answers.size());
  }
  int64_t Count(const std::string& group) const {
    return std::count_if(answers.begin(), answers.end(),
                         [&](const PlainAnswer& answer) { return answer.group == group; });
  }
  double Share(const std::string& group) const {
    return static_cast<double>(Count(group)) / static_cast<double>(answers.size());
  }
  double MeanOf(const std::string& group) const {
    double sum = 0;
    for (const PlainAnswer& answer : answers) {
      sum += answer.group == group ? answer.x : 0;
    }
    return sum / static_cast<double>(Count(group));
  }
  // The variance of the mean of y, where y is x - `middle` in the group and 0 outside of it.
  double Variance(const std::string& group, double middle) const {
    const auto n = static_cast<double>(answers.size());
    double mean = 0;
    for (const PlainAnswer& answer : answers) {
      mean += (answer.group == group ? answer.x - middle : 0) / n;
    }
    double squares = 0;
    for (const PlainAnswer& answer : answers) {
      const double y = answer.group == group ? answer.x - middle : 0;
      squares += (y - mean) * (y - mean);
    }
    return squares / n / n;
  }
};

// A method, and the x of its scores from the lowest up.
struct MethodRow {
  const char* name;
  ScoreMethod method;
  std::vector<double> x;
};

std::vector<MethodRow> MethodRows() {
  std::vector<double> from_minus_fifty;
  for (int score = -50; score <= 50; ++score) {
    from_minus_fifty.push_back(score);
  }
  const auto kind = v1::SURVEY_KIND_CES;
  const auto effort = v1::SCALE_DIRECTION_EFFORT;
  return {
      {"NPS", Nps(), {-100, -100, -100, -100, -100, -100, -100, 0, 0, 100, 100}},
      {"CSAT", MakeMethod(v1::SURVEY_KIND_CSAT, 1, 5), {0, 0, 0, 100, 100}},
      {"CSAT mean",
       MakeMethod(v1::SURVEY_KIND_CSAT, 1, 5, v1::METRIC_METHOD_MEAN),
       {1, 2, 3, 4, 5}},
      {"top three",
       MakeMethod(v1::SURVEY_KIND_CSAT, 1, 10, v1::METRIC_METHOD_TOP_THREE),
       {0, 0, 0, 0, 0, 0, 0, 100, 100, 100}},
      {"net of effort",
       MakeMethod(kind, 1, 7, v1::METRIC_METHOD_NET, effort),
       {100, 100, 0, 0, -100, -100, -100}},
      {"easy",
       MakeMethod(kind, 1, 7, v1::METRIC_METHOD_AGREE, effort),
       {100, 100, 100, 0, 0, 0, 0}},
      {"mean of effort",
       MakeMethod(kind, 1, 7, v1::METRIC_METHOD_MEAN, effort),
       {1, 2, 3, 4, 5, 6, 7}},
      {"rating", MakeMethod(v1::SURVEY_KIND_RATING, -50, 50), from_minus_fifty},
  };
}

// One to six groups. The first has answers on both sides, some others on one side only.
std::vector<Group> RandomGroups(size_t scores, std::mt19937_64& random) {
  const auto uniform = [&](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
  };
  const char* const names[] = {"a", "b", "c", "d", "(none)", "(other)"};
  std::vector<Group> groups;
  const int count = uniform(1, 6);
  for (int i = 0; i < count; ++i) {
    Group& group = groups.emplace_back(Group{names[i], Histogram(scores), Histogram(scores)});
    const int missing = i == 0 ? 2 : uniform(0, 5);
    Histogram* const sides[] = {&group.base, &group.candidate};
    for (int side = 0; side < 2; ++side) {
      for (int left = side == missing ? 0 : uniform(1, 60); left > 0; --left) {
        ++(*sides[side])[static_cast<size_t>(uniform(0, static_cast<int>(scores) - 1))];
      }
    }
  }
  return groups;
}

PlainSide PlainOf(const std::vector<Group>& groups, Histogram Group::*side,
                  const std::vector<double>& x) {
  PlainSide plain;
  for (const Group& group : groups) {
    for (size_t score = 0; score < x.size(); ++score) {
      for (int64_t i = 0; i < (group.*side)[score]; ++i) {
        plain.answers.push_back({x[score], group.name});
      }
    }
  }
  return plain;
}

void ExpectPlain(const PlainSide& base, const PlainSide& candidate, double quantile,
                 const Contribution& contribution) {
  const std::string group = NameOf(contribution);
  const double middle = (base.Mean() + candidate.Mean()) / 2;
  const double m0 = base.Count(group) > 0 ? base.MeanOf(group) : candidate.MeanOf(group);
  const double m1 = candidate.Count(group) > 0 ? candidate.MeanOf(group) : m0;
  const double w0 = base.Share(group);
  const double w1 = candidate.Share(group);
  const double mix = (w1 - w0) * ((m0 + m1) / 2 - middle);
  const double score = (w0 + w1) / 2 * (m1 - m0);
  const double margin =
      quantile * std::sqrt(base.Variance(group, middle) + candidate.Variance(group, middle));
  EXPECT_NEAR(contribution.effect->mix, mix, 1e-9);
  EXPECT_NEAR(contribution.effect->score, score, 1e-9);
  EXPECT_NEAR(contribution.effect->total(), mix + score, 1e-9);
  // A root takes the rounding of a variance of 0 far from 0.
  EXPECT_NEAR(contribution.effect->interval->low, mix + score - margin, 1e-5);
  EXPECT_NEAR(contribution.effect->interval->high, mix + score + margin, 1e-5);
}

TEST(DecomposeChange, IsWhatAPlainComputationOverAllAnswersSays) {
  std::mt19937_64 random(SeedFromEnvOrRandom());
  int absent = 0;
  for (const MethodRow& row : MethodRows()) {
    for (int i = 0; i < 40; ++i) {
      SCOPED_TRACE(absl::StrCat(row.name, " ", i));
      const std::vector<Group> groups = RandomGroups(row.x.size(), random);
      const PlainSide base = PlainOf(groups, &Group::base, row.x);
      const PlainSide candidate = PlainOf(groups, &Group::candidate, row.x);
      const Decomposed result = Decompose(row.method, groups, i % 2 == 0 ? 0.80 : 0.99);
      ASSERT_EQ(result.contributions.size(), groups.size());
      double sum = 0;
      double sizes = 0;
      for (const Contribution& contribution : result.contributions) {
        SCOPED_TRACE(NameOf(contribution));
        ExpectPlain(base, candidate, result.tests.z_limit, contribution);
        sum += contribution.effect->total();
        sizes += std::abs(contribution.effect->total());
        absent += contribution.base.answers == 0 || contribution.candidate.answers == 0;
      }
      EXPECT_NEAR(sum, candidate.Mean() - base.Mean(), 1e-9 * std::max(1.0, sizes));
      EXPECT_NEAR(sum, result.candidate.estimate->value - result.base.estimate->value,
                  1e-9 * std::max(1.0, sizes));
    }
  }
  EXPECT_GT(absent, 50);
}

TEST(DecomposeChange, AGroupThatIsMissingOnASideTakesTheOthersMean) {
  const Histogram none = NpsHistogram(0, 0, 0);
  // A new group at -100 beside one that stays at 0: M is 0 and then -50.
  const Decomposed came = Decompose(Nps(), {{"old", NpsHistogram(0, 10, 0), NpsHistogram(0, 10, 0)},
                                            {"new", none, NpsHistogram(0, 0, 10)}});
  EXPECT_EQ(came.Of("new").effect->score, 0);
  EXPECT_EQ(came.Of("new").effect->mix, 0.5 * (-100 + 25));
  EXPECT_EQ(came.Of("old").effect->score, 0);
  EXPECT_EQ(came.Of("old").effect->mix, -0.5 * 25);
  const Decomposed left = Decompose(Nps(), {{"old", NpsHistogram(0, 10, 0), NpsHistogram(0, 10, 0)},
                                            {"new", NpsHistogram(0, 0, 10), none}});
  EXPECT_EQ(left.Of("new").effect->score, 0);
  EXPECT_EQ(left.Of("new").effect->mix, -0.5 * (-100 + 25));
}

TEST(DecomposeChange, OneGroupIsTheWholeChange) {
  const Decomposed result =
      Decompose(Nps(), {{"(none)", NpsHistogram(50, 30, 20), NpsHistogram(60, 25, 15)}});
  const Contribution& all = result.Of("(none)");
  EXPECT_EQ(all.effect->mix, 0);
  EXPECT_EQ(all.effect->score, 15);
  EXPECT_EQ(all.effect->total(), 15);
  // The plain standard errors of both sides.
  const double margin = 1.959963984540054 * std::hypot(*result.base.estimate->standard_error,
                                                       *result.candidate.estimate->standard_error);
  EXPECT_NEAR(all.effect->interval->low, 15 - margin, 1e-9);
  EXPECT_NEAR(all.effect->interval->high, 15 + margin, 1e-9);
}

TEST(DecomposeChange, AnswersWithoutSpreadHaveAnIntervalWithoutWidth) {
  const ScoreMethod mean = MakeMethod(v1::SURVEY_KIND_CSAT, 1, 10, v1::METRIC_METHOD_MEAN);
  const Decomposed result =
      Decompose(mean, {{"a", {0, 0, 7, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 3, 0, 0, 0, 0}}});
  EXPECT_EQ(result.Of("a").effect->total(), 3);
  EXPECT_NEAR(result.Of("a").effect->interval->low, 3, 1e-6);
  EXPECT_NEAR(result.Of("a").effect->interval->high, 3, 1e-6);
}

TEST(JudgeContributions, SaysNothingWhereAWholeSideIsSmallOrNothingVaries) {
  const Decomposed small =
      Decompose(Nps(), {{"a", NpsHistogram(100, 0, 0), NpsHistogram(0, 0, 5)},
                        {"b", NpsHistogram(60, 20, 20), NpsHistogram(2, 1, 1)}});
  const Decomposed alike =
      Decompose(Nps(), {{"a", NpsHistogram(20, 0, 0), NpsHistogram(0, 0, 20)}});
  for (const Decomposed* result : {&small, &alike}) {
    EXPECT_EQ(result->tests.tests, 0);
    for (const Contribution& contribution : result->contributions) {
      EXPECT_EQ(contribution.effect->verdict, v1::VERDICT_TOO_FEW);
      EXPECT_TRUE(contribution.effect->interval.has_value());
      EXPECT_FALSE(contribution.effect->p_value.has_value());
      EXPECT_FALSE(contribution.effect->q_value.has_value());
    }
  }
}

TEST(DecomposeChange, SortsBySizeThenByValue) {
  const Histogram some = NpsHistogram(10, 10, 10);
  const Decomposed result = Decompose(Nps(), {{"(other)", some, some},
                                              {"(none)", some, some},
                                              {"b", some, some},
                                              {"\xC3\xA9", some, some},
                                              {"a", some, some},
                                              {"up", some, NpsHistogram(20, 10, 0)},
                                              {"down", some, NpsHistogram(0, 0, 30)},
                                              {"little", some, NpsHistogram(9, 11, 10)}});
  EXPECT_THAT(result.Names(),
              ElementsAre("down", "up", "little", "a", "b", "\xC3\xA9", "(none)", "(other)"));
  EXPECT_LT(result.contributions[0].effect->total(), 0);
  EXPECT_GT(result.contributions[1].effect->total(), 0);
  EXPECT_EQ(result.contributions[3].effect->total(), result.contributions[7].effect->total());
}

TEST(DecomposeChange, SaysNothingOfGroupsThatAreTooSmallAndPutsThemLast) {
  const Histogram none = NpsHistogram(0, 0, 0);
  const Histogram many = NpsHistogram(10, 10, 10);
  const Decomposed result = Decompose(Nps(),
                                      {{"small before", NpsHistogram(0, 0, 4), many},
                                       {"small after", many, NpsHistogram(0, 0, 4)},
                                       {"(none)", NpsHistogram(4, 0, 0), none},
                                       {"enough", NpsHistogram(5, 0, 0), NpsHistogram(0, 0, 5)},
                                       {"came", none, many},
                                       {"went", many, none}},
                                      0.95, /*min_sample=*/5);
  const std::vector<std::string> names = result.Names();
  EXPECT_THAT(std::vector<std::string>(names.begin() + 3, names.end()),
              ElementsAre("small after", "small before", "(none)"));
  for (const Contribution& contribution : result.contributions) {
    SCOPED_TRACE(NameOf(contribution));
    const std::string name = NameOf(contribution);
    const bool suppressed = name == "small before" || name == "small after" || name == "(none)";
    EXPECT_EQ(contribution.effect.has_value(), !suppressed);
  }
}

}  // namespace
}  // namespace emptychair::statistics
