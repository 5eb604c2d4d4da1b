// Whether comparisons call chance a change, and find changes.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "tools/chairbench/honesty/questions.h"
#include "tools/chairbench/honesty/rows.h"

namespace emptychair::bench {
namespace {

constexpr double kRho = 0.6;

// Two days of a kind of customers.
struct Pair {
  std::string name;
  std::string id;
  Crowd crowd;
  Returning returning;
  int replicates;
};

// Comparisons of other customers who answer again are judged with their intervals.
std::vector<Pair> UnchangedPairs() {
  const Crowd five = {200, 5, 0, 0, kRho};
  const Crowd panel = {300, 1, 0, 0, kRho};
  return {{"once each, n 100", "once", {.customers = 100}, Returning::kNobody, 1'000},
          {"the same 200 customers x 5", "five-same", five, Returning::kAll, 250},
          {"half of 200 customers x 5", "five-half", five, Returning::kHalf, 250},
          {"panel of 300", "panel", panel, Returning::kAll, 800},
          {"half of 300, once each", "half", panel, Returning::kHalf, 800},
          {"50 customers, 1 or 6 each", "uneven", {50, 1, 2, 6, kRho}, Returning::kNobody, 1'000}};
}

// A true change, which the test with the true standard error finds in about 80 %.
struct TrueChange {
  Pair pair;
  Distribution base;
  Distribution candidate;
  double low;
};

std::vector<TrueChange> TrueChanges() {
  constexpr double kLow = 0.95;
  constexpr double kLowOfFew = 0.85;
  const Distribution base = NpsScores(50, 30, 20);
  return {
      {{"once each, n 100", "100", {.customers = 100}, Returning::kNobody, 1'000},
       base,
       NpsScores(64, 30, 6),
       kLow},
      {{"once each, n 1000", "1000", {.customers = 1'000}, Returning::kNobody, 240},
       base,
       NpsScores(54.75, 30, 15.25),
       kLow},
      {{"200 customers x 5", "200x5", {200, 5, 0, 0, kRho}, Returning::kNobody, 240},
       base,
       NpsScores(58.5, 30, 11.5),
       kLow},
      {{"20 customers x 5", "20x5", {20, 5, 0, 0, kRho}, Returning::kNobody, 1'000},
       NpsScores(30, 30, 40),
       NpsScores(59, 30, 11),
       kLowOfFew},
      {{"panel of 300", "panel", {300, 1, 0, 0, kRho}, Returning::kAll, 700},
       base,
       NpsScores(55.75, 30, 14.25),
       kLow},
      {{"half of 300, once each", "half", {300, 1, 0, 0, kRho}, Returning::kHalf, 700},
       base,
       NpsScores(57, 30, 13),
       kLow},
  };
}

// How often the server finds a change, of how often the same test with the true standard error
// does: with delta the change of NPS, unadjusted, and s its standard deviation over kDraws pairs
// that are drawn here as the server's are, that test finds it where delta / s > z_0.975. Both judge
// the same answers, so that their chance is largely one.
absl::StatusOr<HonestyRow> ComparePower(HonestyLab& lab, const TrueChange& change) {
  constexpr int kDraws = 10'000;
  constexpr double kZ = 1.959963984540054;
  const Pair& pair = change.pair;
  const Trial trial = {NpsSurvey(absl::StrCat("honesty-power-", pair.id)),
                       {{pair.crowd, change.base}, {pair.crowd, change.candidate}},
                       lab.Replicates(pair.replicates),
                       pair.returning};
  RETURN_IF_ERROR(lab.Load(trial));
  const double deviation = DeviationOfChange(trial.sides[0], trial.sides[1], trial.returning,
                                             SeedOf(lab.SeedOfSurvey(trial.survey), "deviation"),
                                             lab.Replicates(kDraws));
  std::vector<char> could_find(static_cast<size_t>(trial.replicates));
  ASSIGN_OR_RETURN(
      const Tally found,
      CountReplicates(lab, trial.replicates, [&](int replicate) -> absl::StatusOr<bool> {
        ASSIGN_OR_RETURN(
            const v1::CompareMetricResponse response,
            lab.Compare(ChangeOf<v1::CompareMetricRequest>(trial, replicate, kNetPromoter.method)));
        could_find[static_cast<size_t>(replicate)] = response.delta() > kZ * deviation ? 1 : 0;
        return response.verdict() == v1::VERDICT_HIGHER;
      }));
  Tally findable;
  for (const char could : could_find) {
    findable.Add(could != 0);
  }
  HonestyRow row =
      RowAtLeast(absl::StrCat("change found, of what can be, ", pair.name), found, change.low);
  row.rate = found.rate() / findable.rate();
  return row;
}

}  // namespace

absl::Status CheckComparisons(HonestyLab& lab, HonestyRows& rows) {
  for (const Pair& pair : UnchangedPairs()) {
    const Side side = {pair.crowd, NpsScores(50, 30, 20)};
    const Trial trial = {NpsSurvey(absl::StrCat("honesty-unchanged-", pair.id)),
                         {side, side},
                         lab.Replicates(pair.replicates),
                         pair.returning};
    RETURN_IF_ERROR(lab.Load(trial));
    ASSIGN_OR_RETURN(const Tally claims, CountClaims(lab, trial, kNetPromoter));
    rows.push_back(
        RowAtMost(absl::StrCat("no change of NPS, ", pair.name), claims, kFalseChangesMax));
  }
  return absl::OkStatus();
}

absl::Status CheckPower(HonestyLab& lab, HonestyRows& rows) {
  for (const TrueChange& change : TrueChanges()) {
    ASSIGN_OR_RETURN(rows.emplace_back(), ComparePower(lab, change));
  }
  return absl::OkStatus();
}

}  // namespace emptychair::bench
