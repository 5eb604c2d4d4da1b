// Whether intervals hold the truth as often as they say.
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "tools/chairbench/honesty/questions.h"
#include "tools/chairbench/honesty/rows.h"

namespace emptychair::bench {
namespace {

constexpr int kSampleSizes[] = {5, 10, 20, 50};

std::vector<Side> SidesOf(const Crowd& crowd, const std::vector<Distribution>& distributions) {
  std::vector<Side> sides;
  for (const Distribution& scores : distributions) {
    sides.push_back({crowd, scores});
  }
  return sides;
}

// NPS -90 to 90 in steps of 5, as far as 5, 30 and 60 % passives leave room for it.
std::vector<Distribution> NpsTruths() {
  std::vector<Distribution> truths;
  for (const int passives : {5, 30, 60}) {
    for (int nps = -90; nps <= 90; nps += 5) {
      const double promoters = (100.0 - passives + nps) / 2;
      const double detractors = (100.0 - passives - nps) / 2;
      if (promoters >= 0 && detractors >= 0) {
        truths.push_back(NpsScores(promoters, passives, detractors));
      }
    }
  }
  return truths;
}

// Shares of 4 and 5 from 1 to 99 %.
std::vector<Distribution> ShareTruths() {
  std::vector<Distribution> truths;
  for (int percent = 1; percent <= 99; ++percent) {
    const double in = percent / 2.0;
    const double out = (100.0 - percent) / 3;
    truths.push_back(Distribution(1, {out, out, out, in, in}));
  }
  return truths;
}

// A weight for each score of a scale.
template <typename WeightOf>
Distribution Shape(int min, int max, WeightOf weight_of) {
  std::vector<double> weights;
  for (int score = min; score <= max; ++score) {
    weights.push_back(weight_of(score));
  }
  return Distribution(min, weights);
}

// Fifteen shapes: even, hills, good, very good and bad ones, and those of customers who disagree.
std::vector<std::vector<Distribution>> MeanShapes() {
  return {{Distribution(1, {1, 2, 4, 2, 1}), Distribution(1, {5, 5, 15, 35, 40}),
           Distribution(1, {1, 1, 3, 15, 80}), Distribution(1, {40, 5, 10, 5, 40})},
          {Distribution(1, {1, 1, 1, 1, 1, 1, 1}), Distribution(1, {1, 2, 4, 6, 4, 2, 1}),
           Distribution(1, {2, 3, 5, 10, 20, 30, 30}), Distribution(1, {45, 25, 12, 8, 5, 3, 2})},
          {Shape(1, 10, [](int) { return 1; }), Distribution(1, {2, 1, 2, 3, 5, 7, 15, 25, 22, 18}),
           Distribution(1, {1, 1, 1, 1, 1, 2, 3, 10, 20, 60}),
           Distribution(1, {30, 10, 5, 3, 2, 2, 3, 5, 10, 30})},
          {Shape(0, 100, [](int score) { return score == 100 ? 60 : 0.4; }),
           Shape(0, 100, [](int score) { return std::max(1, 40 - std::abs(score - 60)); }),
           Shape(0, 100, [](int score) { return std::exp((score - 100) / 15.0); })}};
}

// Customers who answer again, at rho 0.6, and how well their intervals must do.
struct Repeats {
  std::string name;
  std::string id;
  Crowd crowd;
  // Scores of NPS are 50/30/20; these are those of CSAT.
  Distribution csat;
  int nps_replicates;
  int csat_replicates;
  double nps_low;
  double share_low;
  double mean_low;
  double high;
  // Whether comparisons of others are promised something, too.
  bool has_comparisons;
};

std::vector<Repeats> AllRepeats() {
  constexpr double kRho = 0.6;
  constexpr double kNoLimit = 1;
  const Distribution good(1, {5, 5, 15, 35, 40});
  // A share of 90 % is the worst known, and a limit of the method.
  const Distribution very_good(1, {2, 3, 5, 30, 60});
  return {{"200 customers x 5",
           "200x5",
           {200, 5, 0, 0, kRho},
           good,
           600,
           300,
           0.94,
           0.94,
           0.94,
           0.965,
           true},
          {"20 customers x 5",
           "20x5",
           {20, 5, 0, 0, kRho},
           good,
           1'000,
           1'000,
           0.93,
           0.93,
           0.93,
           0.98,
           false},
          {"200 customers, a tenth gives 20",
           "heavy",
           {200, 1, 10, 20, kRho},
           very_good,
           450,
           450,
           0.93,
           0.84,
           0.90,
           kNoLimit,
           true}};
}

// A row with both limits, or without the upper one where that is none.
HonestyRow RowOfCoverage(const std::string& setting, const Tally& tally, double low, double high) {
  return high < 1 ? RowBetween(setting, tally, low, high) : RowAtLeast(setting, tally, low);
}

absl::Status CheckRepeatsOfNps(HonestyLab& lab, const Repeats& repeats, HonestyRows& rows) {
  // A replicate is two days, of other customers each; both count for intervals.
  const Side side = {repeats.crowd, NpsScores(50, 30, 20)};
  const Trial trial = {NpsSurvey(absl::StrCat("honesty-repeats-nps-", repeats.id)),
                       {side, side},
                       lab.Replicates(repeats.nps_replicates)};
  RETURN_IF_ERROR(lab.Load(trial));
  ASSIGN_OR_RETURN(const Tally held, CountHeldOverall(lab, trial, kNetPromoter));
  rows.push_back(RowOfCoverage(absl::StrCat("interval of NPS, ", repeats.name), held,
                               repeats.nps_low, repeats.high));
  if (repeats.has_comparisons) {
    ASSIGN_OR_RETURN(const Tally claims, CountClaims(lab, trial, kNetPromoter));
    rows.push_back(RowAtMost(absl::StrCat("no change of NPS, others, ", repeats.name), claims,
                             kFalseChangesMax));
  }
  return absl::OkStatus();
}

absl::Status CheckRepeatsOfCsat(HonestyLab& lab, const Repeats& repeats, HonestyRows& rows) {
  const Side side = {repeats.crowd, repeats.csat};
  const Trial trial = {CsatSurvey(absl::StrCat("honesty-repeats-csat-", repeats.id)),
                       {side, side},
                       lab.Replicates(repeats.csat_replicates)};
  RETURN_IF_ERROR(lab.Load(trial));
  const std::pair<const char*, std::pair<const Metric*, double>> metrics[] = {
      {"a share", {&kSatisfied, repeats.share_low}}, {"a mean", {&kMeanScore, repeats.mean_low}}};
  for (const auto& [name, promise] : metrics) {
    const auto& [metric, low] = promise;
    ASSIGN_OR_RETURN(const Tally held, CountHeldOverall(lab, trial, *metric));
    rows.push_back(RowOfCoverage(absl::StrCat("interval of ", name, ", ", repeats.name), held, low,
                                 repeats.high));
    if (repeats.has_comparisons) {
      ASSIGN_OR_RETURN(const Tally claims, CountClaims(lab, trial, *metric));
      rows.push_back(RowAtMost(absl::StrCat("no change of ", name, ", others, ", repeats.name),
                               claims, kFalseChangesMax));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckOnceEach(HonestyLab& lab, HonestyRows& rows) {
  constexpr double kLow = 0.94;
  constexpr double kHigh = 0.965;
  constexpr int kReplicatesOfNps = 36;
  constexpr int kReplicatesOfShare = 30;
  for (const int n : kSampleSizes) {
    const Crowd crowd = {.customers = n};
    const Trial nps = {NpsSurvey(absl::StrCat("honesty-once-nps-", n)), SidesOf(crowd, NpsTruths()),
                       lab.Replicates(kReplicatesOfNps)};
    RETURN_IF_ERROR(lab.Load(nps));
    ASSIGN_OR_RETURN(const Tally nps_held, CountHeldOverall(lab, nps, kNetPromoter));
    rows.push_back(
        RowBetween(absl::StrCat("interval of NPS, once each, n ", n), nps_held, kLow, kHigh));

    const Trial csat = {CsatSurvey(absl::StrCat("honesty-once-csat-", n)),
                        SidesOf(crowd, ShareTruths()), lab.Replicates(kReplicatesOfShare)};
    RETURN_IF_ERROR(lab.Load(csat));
    ASSIGN_OR_RETURN(const Tally share_held, CountHeldOverall(lab, csat, kSatisfied));
    rows.push_back(
        RowBetween(absl::StrCat("interval of a share, once each, n ", n), share_held, kLow, kHigh));
  }
  return absl::OkStatus();
}

absl::Status CheckMeans(HonestyLab& lab, HonestyRows& rows) {
  constexpr double kLow = 0.94;
  constexpr double kHighOfFew = 0.98;
  constexpr double kHigh = 0.97;
  constexpr double kWorst = 0.90;
  constexpr int kReplicates = 500;
  for (const int n : kSampleSizes) {
    Tally all;
    Tally worst;
    for (const std::vector<Distribution>& shapes : MeanShapes()) {
      const int min = shapes.front().first();
      const int max = shapes.front().last();
      const Trial trial = {
          RatingSurvey(absl::StrCat("honesty-once-mean-", n, "-to-", max), min, max),
          SidesOf({.customers = n}, shapes), lab.Replicates(kReplicates)};
      RETURN_IF_ERROR(lab.Load(trial));
      ASSIGN_OR_RETURN(const std::vector<Tally> tallies, CountHeld(lab, trial, kMeanScore));
      for (const Tally& tally : tallies) {
        all.Add(tally);
        worst = worst.replicates == 0 || tally.rate() < worst.rate() ? tally : worst;
      }
    }
    const std::string setting = absl::StrCat("interval of a mean, once each, n ", n);
    rows.push_back(RowBetween(setting, all, kLow, n <= 10 ? kHighOfFew : kHigh));
    rows.push_back(RowAtLeast(absl::StrCat(setting, ", the worst of 15 shapes"), worst, kWorst));
  }
  return absl::OkStatus();
}

absl::Status CheckRepeats(HonestyLab& lab, HonestyRows& rows) {
  for (const Repeats& repeats : AllRepeats()) {
    RETURN_IF_ERROR(CheckRepeatsOfNps(lab, repeats, rows));
    RETURN_IF_ERROR(CheckRepeatsOfCsat(lab, repeats, rows));
  }
  return absl::OkStatus();
}

}  // namespace emptychair::bench
