#include "server/analytics/answer_source.h"

#include <algorithm>

#include "server/analytics/series_groups.h"

namespace emptychair {

AnswerSource PlanSource(const MetricQuery& query) {
  const bool reads_labels = std::any_of(
      query.surveys.begin(), query.surveys.end(),
      [&](const storage::SurveyView* survey) { return HasLabelFilters(query, *survey); });
  return reads_labels || query.respondent_rule != v1::RESPONDENT_RULE_ALL ? AnswerSource::kRecords
                                                                          : AnswerSource::kCube;
}

}  // namespace emptychair
