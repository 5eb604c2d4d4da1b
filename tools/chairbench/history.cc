#include "tools/chairbench/history.h"

#include <atomic>
#include <memory>
#include <optional>

#include "common/base/timestamp.h"

namespace emptychair::bench {

BenchAnswer HistoricAnswer(const BenchOptions& options, const Window& period, int64_t index) {
  Random random(Random(options.seed).Next() + static_cast<uint64_t>(index));
  return RandomAnswer(AnswerTimeMs(period, index, options.answers, random), random);
}

AnswerSource HistoricAnswers(const BenchOptions& options, const Window& period) {
  const auto next = std::make_shared<std::atomic<int64_t>>(0);
  return [options, period, next](size_t slot) -> std::optional<BenchAnswer> {
    const int64_t index = next->fetch_add(1, std::memory_order_relaxed);
    if (index >= options.answers) {
      return std::nullopt;
    }
    return HistoricAnswer(options, period, index);
  };
}

v1::QueryMetricRequest QuestionOf(const Window& window, v1::Granularity granularity) {
  v1::QueryMetricRequest question;
  question.add_survey_ids(BenchSurvey().survey_id());
  *question.mutable_interval()->mutable_start_time() = ToTimestamp(window.start);
  *question.mutable_interval()->mutable_end_time() = ToTimestamp(window.end);
  question.set_granularity(granularity);
  return question;
}

v1::QueryMetricRequest LatestPerCustomer() {
  v1::QueryMetricRequest question;
  question.add_survey_ids(BenchSurvey().survey_id());
  question.set_respondent_rule(v1::RESPONDENT_RULE_LATEST_PER_CUSTOMER);
  return question;
}

}  // namespace emptychair::bench
