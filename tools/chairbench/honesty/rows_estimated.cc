// Whether intervals and comparisons by measured effects are as sure as they say.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "tools/chairbench/honesty/questions.h"
#include "tools/chairbench/honesty/rows.h"
#include "tools/chairbench/honesty/year.h"

namespace emptychair::bench {
namespace {

constexpr double kLow = 0.925;
constexpr double kHigh = 0.985;
// A day of a slice has few effective customers, of whom intervals ask much.
constexpr double kHighOfFew = 0.99;
constexpr double kNoLimit = 1;
// Surveys of each kind of customers, a year each.
constexpr int kSurveys = 55;

const Window kYear = {absl::FromCivil(absl::CivilDay(1990, 1, 1), absl::UTCTimeZone()),
                      absl::FromCivil(absl::CivilDay(1991, 1, 1), absl::UTCTimeZone())};

Distribution ScoresOfYear() { return NpsScores(50, 30, 20); }

std::vector<YearOfCustomers> Years() {
  using Presence = YearOfCustomers::Presence;
  return {{"2,220 customers of a year", "one", 1, Presence::kAlways},
          {"the same, up to three answers at once", "three", 3, Presence::kAlways},
          {"the same, who come and go", "churn", 1, Presence::kChurn},
          {"the same, who join", "growth", 1, Presence::kGrowth}};
}

std::string SurveyId(const YearOfCustomers& year, int survey) {
  return absl::StrCat("honesty-year-", year.id, "-", survey);
}

v1::QueryMetricRequest QueryOf(const std::string& survey_id, const Window& window) {
  v1::QueryMetricRequest query;
  query.add_survey_ids(survey_id);
  query.set_interval_rule(v1::INTERVAL_RULE_ESTIMATED);
  SetInterval(window, query);
  return query;
}

// How often the intervals of points hold the truth. One without answers has none.
void Count(const google::protobuf::RepeatedPtrField<v1::MetricValue>& points, double truth,
           Tally& tally) {
  for (const v1::MetricValue& point : points) {
    if (point.has_low()) {
      tally.Add(point.low() <= truth && truth <= point.high());
    }
  }
}

// Of the surveys of a year, of all answers or by keys.
absl::StatusOr<Tally> CountHeldBy(HonestyLab& lab, const YearOfCustomers& year, int surveys,
                                  v1::Granularity granularity,
                                  const std::vector<std::string>& keys) {
  const double truth = NetPromoterOf(ScoresOfYear());
  std::vector<Tally> tallies(static_cast<size_t>(surveys));
  RETURN_IF_ERROR(lab.AskAll(surveys, [&](int survey) {
    v1::QueryMetricRequest query = QueryOf(SurveyId(year, survey), kYear);
    query.set_granularity(granularity);
    query.mutable_group_by()->Assign(keys.begin(), keys.end());
    ASSIGN_OR_RETURN(const v1::QueryMetricResponse response, lab.Query(query));
    for (const v1::MetricSeries& series : response.series()) {
      Count(series.points(), truth, tallies[static_cast<size_t>(survey)]);
    }
    return absl::OkStatus();
  }));
  Tally all;
  for (const Tally& tally : tallies) {
    all.Add(tally);
  }
  return all;
}

// Of windows of so many days that adjoin, two by two, of which a year has at most so many.
absl::StatusOr<Tally> CountClaimsOf(HonestyLab& lab, const YearOfCustomers& year, int surveys,
                                    int days) {
  constexpr int kPairsMax = 13;
  const absl::Duration length = days * absl::Hours(24);
  const int pairs = std::min(kPairsMax, static_cast<int>((kYear.end - kYear.start) / (2 * length)));
  return CountReplicates(lab, surveys * pairs, [&](int index) -> absl::StatusOr<bool> {
    const absl::Time start = kYear.start + index % pairs * 2 * length;
    const std::string survey_id = SurveyId(year, index / pairs);
    v1::CompareMetricRequest request;
    *request.mutable_base() = QueryOf(survey_id, {start, start + length});
    *request.mutable_candidate() = QueryOf(survey_id, {start + length, start + 2 * length});
    ASSIGN_OR_RETURN(const v1::CompareMetricResponse response, lab.Compare(request));
    return IsChange(response.verdict());
  });
}

absl::Status LoadYears(HonestyLab& lab, const YearOfCustomers& year, int surveys) {
  const Distribution scores = ScoresOfYear();
  for (int i = 0; i < surveys; ++i) {
    v1::Survey survey = NpsSurvey(SurveyId(year, i));
    survey.add_dimensions("segment");
    survey.add_dimensions("channel");
    const uint64_t seed = lab.SeedOfSurvey(survey);
    RETURN_IF_ERROR(lab.Load(survey, 1, [&](int /*part*/, HonestyLab::Sink sink) {
      DrawYear(year, scores, kYear, seed, sink);
    }));
    RETURN_IF_ERROR(lab.MeasureRepeats(survey.survey_id(), kYear.end));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckEstimates(HonestyLab& lab, HonestyRows& rows) {
  const int surveys = lab.Replicates(kSurveys);
  const std::pair<const char*, v1::Granularity> units[] = {{"day", v1::GRANULARITY_DAY},
                                                           {"month", v1::GRANULARITY_MONTH},
                                                           {"quarter", v1::GRANULARITY_QUARTER},
                                                           {"year", v1::GRANULARITY_YEAR}};
  const std::pair<const char*, std::vector<std::string>> slices[] = {
      {"all", {}}, {"by segment", {"segment"}}, {"by channel", {"channel"}}};
  const std::pair<const char*, int> lengths[] = {{"weeks", 7}, {"months", 30}, {"quarters", 91}};
  for (const YearOfCustomers& year : Years()) {
    RETURN_IF_ERROR(LoadYears(lab, year, surveys));
    for (const auto& [unit, granularity] : units) {
      for (const auto& [slice, keys] : slices) {
        ASSIGN_OR_RETURN(const Tally held, CountHeldBy(lab, year, surveys, granularity, keys));
        rows.push_back(RowBetween(
            absl::StrCat("estimated interval of NPS, ", year.name, ", a ", unit, ", ", slice), held,
            kLow, granularity == v1::GRANULARITY_DAY && !keys.empty() ? kHighOfFew : kHigh));
      }
    }
    ASSIGN_OR_RETURN(const Tally two_keys, CountHeldBy(lab, year, surveys, v1::GRANULARITY_MONTH,
                                                       {"segment", "channel"}));
    rows.push_back(
        RowBetween(absl::StrCat("estimated interval of NPS, ", year.name, ", a month, by both"),
                   two_keys, kLow, kNoLimit));
    for (const auto& [name, days] : lengths) {
      ASSIGN_OR_RETURN(const Tally claims, CountClaimsOf(lab, year, surveys, days));
      rows.push_back(RowAtMost(absl::StrCat("no change, estimated, ", year.name, ", ", name),
                               claims, kFalseChangesMax));
    }
  }
  return absl::OkStatus();
}

}  // namespace emptychair::bench
