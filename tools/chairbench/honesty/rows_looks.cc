// Whether looking at a comparison every day, while answers come in, is as careful as looking once.
#include <atomic>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/base/timestamp.h"
#include "tools/chairbench/honesty/questions.h"
#include "tools/chairbench/honesty/rows.h"

namespace emptychair::bench {
namespace {

// A window has so many days; an hour stands for each.
constexpr int kDays = 30;
constexpr absl::Duration kDay = absl::Hours(1);
constexpr int kReplicates = 200;
constexpr int kAnswers = 240;

// A base that is complete, and a candidate that comes in day by day.
struct LooksSetting {
  std::string name;
  std::string id;
  int candidate_answers = kAnswers;
  // Of the candidate's days; absent: even.
  std::optional<Distribution> pace = std::nullopt;
  Returning returning = Returning::kNobody;
  // Whether it is also looked at without an end.
  bool is_open_ended = false;
  // Whether it counts among those that are judged together.
  bool is_usual = true;
};

template <typename WeightOf>
Distribution Pace(WeightOf weight_of) {
  std::vector<double> weights;
  for (int day = 0; day < kDays; ++day) {
    weights.push_back(weight_of(day));
  }
  return Distribution(0, weights);
}

std::vector<LooksSetting> LooksSettings() {
  std::vector<LooksSetting> settings;
  settings.push_back({.name = "even", .id = "even", .is_open_ended = true});
  settings.push_back(
      {.name = "growing", .id = "growing", .pace = Pace([](int day) { return day + 1.0; })});
  settings.push_back({.name = "weekly", .id = "weekly", .pace = Pace([](int day) {
                                                          return day % 7 < 5 ? 1.0 : 0.2;
                                                        })});
  settings.push_back(
      {.name = "early", .id = "early", .pace = Pace([](int day) { return std::exp(-day / 6.0); })});
  settings.push_back({.name = "half as many", .id = "half", .candidate_answers = kAnswers / 2});
  settings.push_back({.name = "twice as many", .id = "twice", .candidate_answers = kAnswers * 2});
  settings.push_back(
      {.name = "panel", .id = "panel", .returning = Returning::kAll, .is_open_ended = true});
  // Information lags far behind time here; 6.4 % are known.
  settings.push_back({.name = "nine tenths in the last ten days",
                      .id = "late",
                      .pace = Pace([](int day) { return day < 20 ? 0.5 : 9.0; }),
                      .is_open_ended = true,
                      .is_usual = false});
  return settings;
}

Trial TrialOf(const HonestyLab& lab, const LooksSetting& setting, absl::string_view id,
              const Distribution& candidate_scores) {
  const double rho = setting.returning == Returning::kNobody ? 0 : 0.6;
  Trial trial;
  trial.survey = NpsSurvey(absl::StrCat("honesty-looks-", id));
  trial.sides = {
      {{.customers = kAnswers, .rho = rho}, NpsScores(50, 30, 20)},
      {{.customers = setting.candidate_answers, .rho = rho}, candidate_scores, setting.pace}};
  trial.replicates = lab.Replicates(kReplicates);
  trial.returning = setting.returning;
  trial.window_length = kDays * kDay;
  return trial;
}

// The verdict after `days` of the candidate's window, with what was wished for its looks and what
// must be answered for them.
absl::StatusOr<v1::Verdict> LookAfter(HonestyLab& lab, const Trial& trial, int replicate, int days,
                                      v1::Looks wished, v1::Looks expected) {
  auto request = ChangeOf<v1::CompareMetricRequest>(trial, replicate, kNetPromoter.method);
  request.set_looks(wished);
  if (days < kDays || wished == v1::LOOKS_OPEN_ENDED) {
    *request.mutable_as_of() = ToTimestamp(trial.WindowOf(replicate, 1).start + days * kDay);
  }
  ASSIGN_OR_RETURN(const v1::CompareMetricResponse response, lab.Compare(request));
  if (response.looks() != expected) {
    return absl::InternalError(absl::StrCat("after ", days, " of ", kDays, " days the looks are ",
                                            v1::Looks_Name(response.looks()), ", not ",
                                            v1::Looks_Name(expected)));
  }
  return response.verdict();
}

// The last look, when all answers are in.
absl::StatusOr<v1::Verdict> LookAtTheEnd(HonestyLab& lab, const Trial& trial, int replicate) {
  return LookAfter(lab, trial, replicate, kDays, v1::LOOKS_UNSPECIFIED, v1::LOOKS_ONCE);
}

// Whether one of the looks before the end gives a verdict that `counts`. Later ones change nothing
// then, and are left out.
absl::StatusOr<bool> IsFoundEarly(HonestyLab& lab, const Trial& trial, int replicate,
                                  absl::FunctionRef<bool(v1::Verdict)> counts) {
  for (int days = 1; days < kDays; ++days) {
    ASSIGN_OR_RETURN(
        const v1::Verdict verdict,
        LookAfter(lab, trial, replicate, days, v1::LOOKS_UNSPECIFIED, v1::LOOKS_UNTIL_END));
    if (counts(verdict)) {
      return true;
    }
  }
  return false;
}

absl::StatusOr<Tally> CountClaimsOfLooks(HonestyLab& lab, const Trial& trial) {
  return CountReplicates(lab, trial.replicates, [&](int replicate) -> absl::StatusOr<bool> {
    ASSIGN_OR_RETURN(const bool is_early, IsFoundEarly(lab, trial, replicate, IsChange));
    if (is_early) {
      return true;
    }
    ASSIGN_OR_RETURN(const v1::Verdict last, LookAtTheEnd(lab, trial, replicate));
    return IsChange(last);
  });
}

absl::StatusOr<Tally> CountClaimsWithoutEnd(HonestyLab& lab, const Trial& trial) {
  return CountReplicates(lab, trial.replicates, [&](int replicate) -> absl::StatusOr<bool> {
    for (int days = 1; days <= kDays; ++days) {
      ASSIGN_OR_RETURN(
          const v1::Verdict verdict,
          LookAfter(lab, trial, replicate, days, v1::LOOKS_OPEN_ENDED, v1::LOOKS_OPEN_ENDED));
      if (IsChange(verdict)) {
        return true;
      }
    }
    return false;
  });
}

// How often a change is found by looking every day, of how often one look at the end finds it.
absl::Status CheckPowerOfLooks(HonestyLab& lab, int points, HonestyRows& rows) {
  constexpr double kLow = 0.98;
  const Trial trial = TrialOf(lab, {}, absl::StrCat("plus-", points),
                              NpsScores(50 + points / 2.0, 30, 20 - points / 2.0));
  RETURN_IF_ERROR(lab.Load(trial));
  const auto is_higher = [](v1::Verdict verdict) { return verdict == v1::VERDICT_HIGHER; };
  std::atomic<int64_t> found_at_the_end{0};
  ASSIGN_OR_RETURN(
      const Tally found,
      CountReplicates(lab, trial.replicates, [&](int replicate) -> absl::StatusOr<bool> {
        ASSIGN_OR_RETURN(const bool is_early, IsFoundEarly(lab, trial, replicate, is_higher));
        ASSIGN_OR_RETURN(const v1::Verdict last, LookAtTheEnd(lab, trial, replicate));
        found_at_the_end += is_higher(last) ? 1 : 0;
        return is_early || is_higher(last);
      }));
  HonestyRow row = RowAtLeast(
      absl::StrCat("looking every day, ", points, " points more: found, of one look at the end"),
      found, kLow);
  row.rate = static_cast<double>(found.hits) / static_cast<double>(found_at_the_end);
  rows.push_back(row);
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckLooks(HonestyLab& lab, HonestyRows& rows) {
  Tally usual;
  HonestyRows open_ended;
  for (const LooksSetting& setting : LooksSettings()) {
    const Trial trial = TrialOf(lab, setting, setting.id, NpsScores(50, 30, 20));
    RETURN_IF_ERROR(lab.Load(trial));
    ASSIGN_OR_RETURN(const Tally claims, CountClaimsOfLooks(lab, trial));
    rows.push_back(RowAtMost(absl::StrCat("looking every day at no change, ", setting.name), claims,
                             kFalseAnswersMax));
    if (setting.is_usual) {
      usual.Add(claims);
    }
    if (setting.is_open_ended) {
      ASSIGN_OR_RETURN(const Tally endless, CountClaimsWithoutEnd(lab, trial));
      open_ended.push_back(
          RowAtMost(absl::StrCat("looking every day at no change, open-ended, ", setting.name),
                    endless, kFalseAnswersMax));
    }
  }
  // Together they can be judged more closely.
  rows.push_back(RowAtMost("looking every day at no change, all of these but the last", usual,
                           kFalseAnswersMax));
  for (const int points : {10, 15}) {
    RETURN_IF_ERROR(CheckPowerOfLooks(lab, points, rows));
  }
  rows.insert(rows.end(), open_ended.begin(), open_ended.end());
  return absl::OkStatus();
}

}  // namespace emptychair::bench
