#include "server/counting/answer_source.h"

#include <algorithm>

#include "server/counting/series_groups.h"

namespace emptychair {

AnswerSource PlanSource(const MetricQuery& query) {
  const bool needs_records =
      std::any_of(query.surveys.begin(), query.surveys.end(),
                  [&](const storage::SurveyView* survey) { return NeedsRecords(query, *survey); });
  return needs_records || !query.is_zone_known || query.respondent_rule != v1::RESPONDENT_RULE_ALL
             ? AnswerSource::kRecords
             : AnswerSource::kCube;
}

}  // namespace emptychair
