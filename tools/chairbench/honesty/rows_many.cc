// Whether many verdicts at once are as careful together as one is.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/status_macros.h"
#include "common/base/timestamp.h"
#include "tools/chairbench/honesty/questions.h"
#include "tools/chairbench/honesty/rows.h"

namespace emptychair::bench {
namespace {

constexpr double kRho = 0.6;

// What customers of a scorecard's surveys do; opinions of one survey have nothing to do with those
// of another.
struct ScorecardSetting {
  std::string name;
  std::string id;
  Crowd crowd;
  Returning returning;
};

std::vector<ScorecardSetting> ScorecardSettings() {
  return {
      {"once each", "once", {.customers = 40}, Returning::kNobody},
      {"two answers each", "two", {20, 2, 0, 0, kRho}, Returning::kNobody},
      {"five answers each", "five", {10, 5, 0, 0, kRho}, Returning::kNobody},
      {"two answers each, the same customers", "same", {20, 2, 0, 0, kRho}, Returning::kAll},
  };
}

// How often the scorecard at the end of a replicate has a verdict. A replicate is two days, which
// stand for months, so that each second day is asked for.
absl::StatusOr<Tally> CountScorecards(HonestyLab& lab, const ScorecardSetting& setting) {
  constexpr int kSurveys = 40;
  constexpr int kReplicates = 160;
  const Side side = {setting.crowd, NpsScores(50, 30, 20)};
  Trial trial = {{}, {side, side}, lab.Replicates(kReplicates), setting.returning};
  v1::GetScorecardRequest request;
  request.set_granularity(v1::GRANULARITY_DAY);
  for (int i = 0; i < kSurveys; ++i) {
    trial.survey = NpsSurvey(absl::StrFormat("honesty-scorecard-%s-%02d", setting.id, i));
    request.add_survey_ids(trial.survey.survey_id());
    RETURN_IF_ERROR(lab.Load(trial));
  }
  return CountReplicates(lab, trial.replicates, [&](int replicate) -> absl::StatusOr<bool> {
    v1::GetScorecardRequest of_replicate = request;
    const absl::Time end = trial.WindowOf(replicate, 1).end;
    // Within the next day, so that nothing hangs on the very instant.
    *of_replicate.mutable_as_of() = ToTimestamp(end + absl::Hours(1));
    ASSIGN_OR_RETURN(const v1::GetScorecardResponse response, lab.Score(of_replicate));
    bool has_verdict = false;
    for (const v1::SurveyScore& score : response.surveys()) {
      if (score.periods().empty() ||
          FromTimestamp(score.periods(score.periods_size() - 1).end_time()) != end) {
        return absl::InternalError("the scorecard is of another day than the one before as_of");
      }
      has_verdict = has_verdict || IsChange(score.verdict());
    }
    return has_verdict;
  });
}

// Slices of answers that have nothing to do with their scores.
struct SliceSetting {
  std::string name;
  std::string id;
  // The shares of each key's values.
  std::vector<Distribution> keys;
  Crowd crowd;
  Returning returning;
};

std::vector<SliceSetting> SliceSettings() {
  const auto even = [](size_t keys, size_t values) {
    return std::vector<Distribution>(keys, Distribution(0, std::vector<double>(values, 1)));
  };
  const Crowd once = {.customers = 240};
  const Crowd thrice = {80, 3, 0, 0, kRho};
  return {
      {"3 keys of 5", "3x5", even(3, 5), once, Returning::kNobody},
      {"1 key of 5", "1x5", even(1, 5), once, Returning::kNobody},
      {"8 keys of 10", "8x10", even(8, 10), once, Returning::kNobody},
      {"rare groups",
       "rare",
       {Distribution(0, {90, 2, 2, 2, 2, 2}), Distribution(0, {50, 30, 10, 5, 3, 1, 1})},
       once,
       Returning::kNobody},
      {"3 keys of 5, customers x 3", "thrice", even(3, 5), thrice, Returning::kNobody},
  };
}

std::string KeyName(size_t key) { return absl::StrCat("key", key); }

// The labels of a customer, who keeps them. They are one of a few thousand combinations, which a
// survey can count apart; keys stay as good as independent.
void AddLabels(const std::vector<Distribution>& keys, uint64_t customer_seed,
               v1::Feedback& feedback) {
  constexpr uint64_t kOfLabels = 4;
  constexpr uint64_t kCombinations = 5'000;
  const uint64_t combination = SeedOf({customer_seed, kOfLabels}) % kCombinations;
  Random random(SeedOf({combination, kOfLabels}));
  for (size_t key = 0; key < keys.size(); ++key) {
    (*feedback.mutable_labels())[KeyName(key)] =
        absl::StrCat("value ", keys[key].At(Uniform(random)));
  }
}

// How often a decomposition names a group that moved the metric.
absl::StatusOr<Tally> CountMovers(HonestyLab& lab, const SliceSetting& setting) {
  constexpr int kReplicates = 400;
  const Side side = {setting.crowd, NpsScores(50, 30, 20)};
  Trial trial = {NpsSurvey(absl::StrCat("honesty-slices-", setting.id)),
                 {side, side},
                 lab.Replicates(kReplicates),
                 setting.returning};
  for (size_t key = 0; key < setting.keys.size(); ++key) {
    trial.survey.add_dimensions(KeyName(key));
  }
  trial.add_labels = [&](uint64_t customer_seed, v1::Feedback& feedback) {
    AddLabels(setting.keys, customer_seed, feedback);
  };
  RETURN_IF_ERROR(lab.Load(trial));
  return CountReplicates(lab, trial.replicates, [&](int replicate) -> absl::StatusOr<bool> {
    ASSIGN_OR_RETURN(
        const v1::DecomposeChangeResponse response,
        lab.Decompose(ChangeOf<v1::DecomposeChangeRequest>(trial, replicate, kNetPromoter.method)));
    if (response.dimensions_size() != static_cast<int>(setting.keys.size())) {
      return absl::InternalError("the decomposition lacks a key");
    }
    bool has_mover = false;
    for (const v1::DimensionContributions& dimension : response.dimensions()) {
      for (const v1::Contribution& contribution : dimension.contributions()) {
        has_mover = has_mover || IsChange(contribution.verdict());
      }
    }
    return has_mover;
  });
}

}  // namespace

absl::Status CheckScorecards(HonestyLab& lab, HonestyRows& rows) {
  Tally all;
  for (const ScorecardSetting& setting : ScorecardSettings()) {
    ASSIGN_OR_RETURN(const Tally tally, CountScorecards(lab, setting));
    rows.push_back(RowAtMost(absl::StrCat("scorecard of 40 unchanged surveys, ", setting.name),
                             tally, kFalseAnswersMax));
    all.Add(tally);
  }
  // Together they can be judged more closely.
  rows.push_back(
      RowAtMost("scorecard of 40 unchanged surveys, all of these", all, kFalseAnswersMax));
  return absl::OkStatus();
}

absl::Status CheckDecompositions(HonestyLab& lab, HonestyRows& rows) {
  Tally all;
  for (const SliceSetting& setting : SliceSettings()) {
    ASSIGN_OR_RETURN(const Tally tally, CountMovers(lab, setting));
    rows.push_back(RowAtMost(absl::StrCat("decomposition of no change, ", setting.name), tally,
                             kFalseAnswersMax));
    all.Add(tally);
  }
  rows.push_back(RowAtMost("decomposition of no change, all of these", all, kFalseAnswersMax));
  return absl::OkStatus();
}

}  // namespace emptychair::bench
