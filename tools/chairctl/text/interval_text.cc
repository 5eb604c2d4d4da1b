#include "tools/chairctl/text/interval_text.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace emptychair {
namespace {

// The values of an answer that intervals are told of.
using Values = std::vector<const v1::MetricValue*>;

// What a respondent rule leaves.
constexpr absl::string_view kOneOfEach = "one answer of each";

// `1,000`.
std::string CountText(int64_t count) {
  std::string text = absl::StrCat(count);
  for (int at = static_cast<int>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(static_cast<size_t>(at), ",");
  }
  return text;
}

// An effective sample, or a percentage of one: a few need a decimal to tell them apart.
std::string SampleText(double sample) {
  constexpr double kShownAsTen = 9.95;
  return sample < kShownAsTen ? absl::StrFormat("%.1f", sample) : CountText(std::llround(sample));
}

bool IsByCustomer(const v1::MethodInfo& info) {
  return info.interval_rule() == v1::INTERVAL_RULE_CUSTOMERS;
}

// All of the value's answers are of one customer, so that it has no interval.
bool IsOfOneCustomer(const v1::MetricValue& value, const v1::MethodInfo& info) {
  return IsByCustomer(info) && value.has_value() && !value.has_low();
}

// All of the population have answered, so that chance has no part in the value.
bool IsOfEverybody(const v1::MetricValue& value, const v1::MethodInfo& info) {
  return info.population() > 0 && value.has_low() && !value.has_effective_sample();
}

// Nobody's answers are more than one. A population makes the effective sample larger.
bool IsWithoutRepeats(const v1::MetricValue& value, const v1::MethodInfo& info) {
  return info.respondent_rule() > v1::RESPONDENT_RULE_ALL ||
         (value.has_effective_sample() && value.design_effect() == 1 &&
          (info.population() > 0 ||
           value.effective_sample() == static_cast<double>(value.answers())));
}

bool AllAreWithoutRepeats(const Values& values, const v1::MethodInfo& info) {
  return std::all_of(values.begin(), values.end(),
                     [&](const v1::MetricValue* value) { return IsWithoutRepeats(*value, info); });
}

bool AllAreOfEverybody(const Values& values, const v1::MethodInfo& info) {
  return std::all_of(values.begin(), values.end(),
                     [&](const v1::MetricValue* value) { return IsOfEverybody(*value, info); });
}

// An anonymous answer is a customer of its own.
int64_t CustomersOf(const v1::MetricValue& value) { return value.customers() + value.anonymous(); }

// `1,000 answers of 200 customers count like 310`; behind another side, which has named the units,
// `1,000 of 200 count like 310`.
std::string CustomersText(const v1::MetricValue& value, const v1::MethodInfo& info,
                          bool names_units) {
  std::string text = CountText(value.answers());
  if (names_units) {
    absl::StrAppend(&text, value.answers() == 1 ? " answer" : " answers");
  }
  if (IsOfOneCustomer(value, info)) {
    return absl::StrCat(text, " of one customer, who says nothing of others");
  }
  const absl::string_view customers = names_units ? " customers" : "";
  if (IsWithoutRepeats(value, info)) {
    return value.answers() == 1 ? text : absl::StrCat(text, " of as many", customers);
  }
  absl::StrAppend(&text, " of ", CountText(CustomersOf(value)), customers);
  if (value.anonymous() > 0) {
    absl::StrAppend(&text, ", ", CountText(value.anonymous()), " of them anonymous,");
  }
  return absl::StrCat(text, " count like ", SampleText(value.effective_sample()));
}

// `31 % to 88 % of as many`.
std::string RangeText(const Values& values) {
  std::vector<double> percent;
  for (const v1::MetricValue* value : values) {
    if (value->has_effective_sample()) {
      percent.push_back(100 * value->effective_sample() / static_cast<double>(value->answers()));
    }
  }
  const auto [low, high] = std::minmax_element(percent.begin(), percent.end());
  const std::string from = SampleText(*low);
  const std::string to = SampleText(*high);
  return from == to ? absl::StrCat(from, " % of as many")
                    : absl::StrCat(from, " % to ", to, " % of as many");
}

// What of `values`, each of a `unit`, is of one customer; empty for none.
std::string OneCustomerText(const Values& values, const v1::MethodInfo& info,
                            absl::string_view unit) {
  const auto count = std::count_if(values.begin(), values.end(), [&](const v1::MetricValue* value) {
    return IsOfOneCustomer(*value, info);
  });
  if (count == 0) {
    return "";
  }
  if (count == static_cast<int64_t>(values.size())) {
    return absl::StrCat("every ", unit, " is of one customer, who says nothing of others");
  }
  return count == 1 ? absl::StrCat("1 ", unit, " is of one customer, who says nothing of others")
                    : absl::StrCat(CountText(count), " ", unit,
                                   "s are of one customer each, who says nothing of others");
}

// The same values without those that have nothing to tell: no answers, or too few.
Values Telling(const Values& values, const v1::MethodInfo& info) {
  Values telling;
  for (const v1::MetricValue* value : values) {
    if (value->has_effective_sample() || IsOfOneCustomer(*value, info) ||
        IsOfEverybody(*value, info)) {
      telling.push_back(value);
    }
  }
  return telling;
}

// What is said of one value or several, each of a `unit`; `values` are those that tell.
std::string ByCustomerText(const Values& values, const v1::MethodInfo& info,
                           absl::string_view unit) {
  if (AllAreOfEverybody(values, info)) {
    return absl::StrCat("all ", CountText(info.population()),
                        " customers answered, so chance has no part");
  }
  if (info.respondent_rule() > v1::RESPONDENT_RULE_ALL) {
    return std::string(kOneOfEach);
  }
  if (AllAreWithoutRepeats(values, info)) {
    return values.size() == 1 ? "nobody answered twice"
                              : absl::StrCat("nobody answered twice within a ", unit);
  }
  if (values.size() == 1) {
    return CustomersText(*values.front(), info, /*names_units=*/true);
  }
  std::vector<std::string> parts;
  if (std::any_of(values.begin(), values.end(),
                  [](const v1::MetricValue* value) { return value->has_effective_sample(); })) {
    parts.push_back(absl::StrCat("answers of a ", unit, " count like ", RangeText(values)));
  }
  if (std::string of_one = OneCustomerText(values, info, unit); !of_one.empty()) {
    parts.push_back(std::move(of_one));
  }
  return absl::StrJoin(parts, "; ");
}

std::string EstimatedText(const Values& values, const v1::MethodInfo& info,
                          absl::string_view unit) {
  if (info.respondent_rule() > v1::RESPONDENT_RULE_ALL) {
    return std::string(kOneOfEach);
  }
  if (AllAreWithoutRepeats(values, info)) {
    return "nobody answered twice when that was measured";
  }
  const v1::MetricValue& only = *values.front();
  return values.size() == 1
             ? absl::StrCat("customers repeat; answers count like ",
                            SampleText(only.effective_sample()), " of ", CountText(only.answers()))
             : absl::StrCat("customers repeat; answers of a ", unit, " count like ",
                            RangeText(values));
}

// Whom the values speak of; empty without a population. `values` are those that tell.
std::string PopulationText(const Values& values, const v1::MethodInfo& info) {
  if (info.population() == 0 || AllAreOfEverybody(values, info)) {
    return "";
  }
  std::string text = absl::StrCat(" They speak of ", CountText(info.population()), " customers");
  if (values.size() == 1) {
    const v1::MetricValue& only = *values.front();
    absl::StrAppend(&text, ", of whom ",
                    CountText(IsWithoutRepeats(only, info) ? only.answers() : CustomersOf(only)),
                    " answered");
  }
  return absl::StrCat(text, "; who did not answer is another matter.");
}

// Counts have no intervals.
bool IsExact(const v1::MethodInfo& info) { return info.method() == v1::METRIC_METHOD_COUNT; }

// The line about all values of an answer, each of a `unit`.
std::string TextOf(v1::IntervalRule asked, const v1::MethodInfo& info, const Values& all,
                   absl::string_view unit) {
  if (IsExact(info)) {
    return "";
  }
  if (info.interval_rule() == v1::INTERVAL_RULE_ANSWERS) {
    return absl::StrCat("Intervals take every answer as another customer's",
                        asked == v1::INTERVAL_RULE_ANSWERS ? "." : ": repeats not measured yet.");
  }
  const Values values = Telling(all, info);
  if (values.empty()) {
    return "";
  }
  if (info.interval_rule() == v1::INTERVAL_RULE_ESTIMATED) {
    return absl::StrCat("Intervals estimated: ", EstimatedText(values, info, unit), ".");
  }
  return IsByCustomer(info)
             ? absl::StrCat("Intervals by customer: ", ByCustomerText(values, info, unit), ".",
                            PopulationText(values, info))
             : "";
}

// The line about two sides, of which one may have nothing to tell.
std::string SidesText(v1::IntervalRule asked, const v1::MethodInfo& info,
                      const v1::MetricValue& base, const v1::MetricValue& candidate) {
  const Values values = Telling({&base, &candidate}, info);
  const bool by_customer = IsByCustomer(info);
  const bool is_estimated = info.interval_rule() == v1::INTERVAL_RULE_ESTIMATED;
  if ((!by_customer && !is_estimated) || values.empty() || AllAreWithoutRepeats(values, info)) {
    return TextOf(asked, info, {&base, &candidate}, "side");
  }
  std::vector<std::string> sides;
  for (const v1::MetricValue* value : values) {
    const absl::string_view name = value == &base ? "base" : "candidate";
    const bool is_first = sides.empty();
    sides.push_back(by_customer ? absl::StrCat(name, " ", CustomersText(*value, info, is_first))
                                : absl::StrCat(is_first ? "answers of the " : "of the ", name,
                                               is_first ? " count like " : " like ",
                                               SampleText(value->effective_sample()), " of ",
                                               CountText(value->answers())));
  }
  return absl::StrCat(
      by_customer ? "Intervals by customer: " : "Intervals estimated: customers repeat; ",
      absl::StrJoin(sides, ", "), ".");
}

bool IsUnchecked(v1::IntervalRule asked, const v1::MethodInfo& info) {
  return info.interval_rule() == v1::INTERVAL_RULE_ANSWERS && asked != v1::INTERVAL_RULE_ANSWERS &&
         !IsExact(info);
}

bool IsJudged(v1::Verdict verdict) {
  return verdict != v1::VERDICT_UNSPECIFIED && verdict != v1::VERDICT_TOO_FEW;
}

}  // namespace

std::string IntervalRuleText(const v1::QueryMetricRequest& request,
                             const v1::QueryMetricResponse& response) {
  Values values;
  for (const v1::MetricValue& point : response.total().points()) {
    values.push_back(&point);
  }
  return TextOf(request.interval_rule(), response.method_info(), values, "point");
}

std::string IntervalRuleText(const v1::CompareMetricRequest& request,
                             const v1::CompareMetricResponse& response) {
  return SidesText(request.base().interval_rule(), response.method_info(), response.base(),
                   response.candidate());
}

std::string IntervalRuleText(const v1::DecomposeChangeRequest& request,
                             const v1::DecomposeChangeResponse& response) {
  return SidesText(request.base().interval_rule(), response.method_info(), response.base(),
                   response.candidate());
}

std::string IntervalRuleText(const v1::GetScorecardRequest& request,
                             const v1::GetScorecardResponse& response) {
  const v1::MethodInfo* info = nullptr;
  Values values;
  for (const v1::SurveyScore& score : response.surveys()) {
    if (!IsExact(score.method_info())) {
      info = &score.method_info();
      values.push_back(&score.previous());
      values.push_back(&score.current());
    }
  }
  return info == nullptr ? "" : TextOf(request.interval_rule(), *info, values, "period");
}

bool HasUncheckedVerdict(const v1::CompareMetricRequest& request,
                         const v1::CompareMetricResponse& response) {
  return IsUnchecked(request.base().interval_rule(), response.method_info()) &&
         IsJudged(response.verdict());
}

bool HasUncheckedVerdict(const v1::DecomposeChangeRequest& request,
                         const v1::DecomposeChangeResponse& response) {
  const auto is_judged = [](const v1::DimensionContributions& dimension) {
    return std::any_of(
        dimension.contributions().begin(), dimension.contributions().end(),
        [](const v1::Contribution& contribution) { return IsJudged(contribution.verdict()); });
  };
  return IsUnchecked(request.base().interval_rule(), response.method_info()) &&
         std::any_of(response.dimensions().begin(), response.dimensions().end(), is_judged);
}

bool HasUncheckedVerdict(const v1::GetScorecardRequest& request,
                         const v1::GetScorecardResponse& response) {
  return std::any_of(response.surveys().begin(), response.surveys().end(),
                     [&](const v1::SurveyScore& score) {
                       return IsUnchecked(request.interval_rule(), score.method_info()) &&
                              IsJudged(score.verdict());
                     });
}

std::string ManyTestsText(int64_t tests, double confidence, absl::string_view tested,
                          absl::string_view shown) {
  if (tests < 2) {
    return "";
  }
  return absl::StrCat(CountText(tests), " ", tested, " tested: of ", shown, ", at most 1 in ",
                      CountText(std::llround(1 / (1 - confidence))), " is expected to be chance.");
}

double DifferenceConfidence(const v1::MethodInfo& info) {
  return info.has_interval_confidence() ? info.interval_confidence() : info.confidence();
}

}  // namespace emptychair
