#include "server/counting/interval_rule.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "server/counting/estimated_points.h"
#include "server/counting/series_groups.h"
#include "server/request/validation.h"

namespace emptychair {

namespace {

// Whether answers are read one by one anyway, by what the surveys have declared: neither a slicing
// under way nor a zone that this machine does not know makes another answer of the same question.
bool IsReadAnyway(const MetricQuery& query) {
  return query.respondent_rule != v1::RESPONDENT_RULE_ALL ||
         std::any_of(
             query.surveys.begin(), query.surveys.end(), [&](const storage::SurveyView* survey) {
               if (!survey->definition->has_reslice()) {
                 return NeedsRecords(query, *survey);
               }
               auto definition = std::make_shared<store::v1::StoredSurvey>(*survey->definition);
               definition->clear_reslice();
               storage::SurveyView settled = *survey;
               settled.definition = std::move(definition);
               return NeedsRecords(query, settled);
             });
}

}  // namespace

v1::IntervalRule RuleBeforeCounting(const MetricQuery& query, Purpose purpose) {
  if (query.method->kind() == statistics::ScoreMethod::Kind::kCount) {
    return v1::INTERVAL_RULE_ANSWERS;
  }
  if (query.interval_rule != v1::INTERVAL_RULE_UNSPECIFIED) {
    return query.interval_rule;
  }
  const bool has_one_of_each = query.respondent_rule != v1::RESPONDENT_RULE_ALL;
  const bool is_read_anyway = purpose == Purpose::kVerdict ? has_one_of_each : IsReadAnyway(query);
  if (is_read_anyway || query.population.has_value()) {
    return v1::INTERVAL_RULE_CUSTOMERS;
  }
  return purpose == Purpose::kChart && HasEffects(query) ? v1::INTERVAL_RULE_ESTIMATED
                                                         : v1::INTERVAL_RULE_UNSPECIFIED;
}

v1::IntervalRule RuleByCount(int64_t answers, Purpose purpose, bool have_effects) {
  if (answers <= (purpose == Purpose::kChart ? kChartByCustomerMax : kVerdictByCustomerMax)) {
    return v1::INTERVAL_RULE_CUSTOMERS;
  }
  return have_effects ? v1::INTERVAL_RULE_ESTIMATED : v1::INTERVAL_RULE_ANSWERS;
}

AnswerSource PlanSource(const MetricQuery& query, v1::IntervalRule rule) {
  return rule == v1::INTERVAL_RULE_CUSTOMERS ? AnswerSource::kRecords : PlanSource(query);
}

absl::Status CheckIntervalRule(absl::string_view field, v1::IntervalRule rule,
                               const MetricQuery& query) {
  RETURN_IF_ERROR(CheckEnum(field, rule, v1::IntervalRule_IsValid));
  if (rule > v1::INTERVAL_RULE_ANSWERS &&
      query.method->kind() == statistics::ScoreMethod::Kind::kCount) {
    return FieldError(
        v1::ERROR_REASON_FIELD_INVALID, field,
        absl::StrCat("got ", v1::IntervalRule_Name(rule), ", wanted ANSWERS: a COUNT is exact"));
  }
  if (rule == v1::INTERVAL_RULE_ESTIMATED && !HasEffects(query)) {
    return FieldError(v1::ERROR_REASON_EFFECTS_UNKNOWN, field,
                      query.surveys.size() > 1
                          ? "got ESTIMATED, but how much customers repeat themselves over several "
                            "surveys is not measured; wanted CUSTOMERS, ANSWERS or none"
                          : "got ESTIMATED, but how much customers repeat themselves has not been "
                            "measured; wanted CUSTOMERS, ANSWERS or none");
  }
  return absl::OkStatus();
}

absl::Status CheckNoIntervalRule(const v1::QueryMetricRequest& request) {
  RETURN_IF_ERROR(CheckEnum("interval_rule", request.interval_rule(), v1::IntervalRule_IsValid));
  if (request.interval_rule() > v1::INTERVAL_RULE_ANSWERS) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "interval_rule",
                      absl::StrCat("got ", v1::IntervalRule_Name(request.interval_rule()),
                                   ", wanted ANSWERS or none: this answer has no intervals"));
  }
  return CheckNoPopulation(request);
}

absl::Status CheckNoPopulation(const v1::QueryMetricRequest& request) {
  if (request.population() != 0) {
    return FieldError(
        v1::ERROR_REASON_FIELD_INVALID, "population",
        absl::StrCat("got ", request.population(), ", wanted none: only QueryMetric takes one"));
  }
  return absl::OkStatus();
}

}  // namespace emptychair
