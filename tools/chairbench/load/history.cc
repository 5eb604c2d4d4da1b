#include "tools/chairbench/load/history.h"

#include <atomic>
#include <memory>
#include <optional>

#include "absl/strings/str_format.h"
#include "common/base/timestamp.h"

namespace emptychair::bench {
namespace {

// Who gives the answer of this index: told from the index alone, in whatever order they are made.
uint32_t CustomerOf(const BenchOptions& options, int64_t index) {
  const uint64_t salt = Random(options.seed + 1).Next();
  Random random(salt + static_cast<uint64_t>(index));
  if (options.returning == 0) {
    return static_cast<uint32_t>(random.Below(options.customers));
  }
  // One who returns is the one who gave some answer before.
  while (index > 0 && random.Chance(static_cast<int>(options.returning * 1000))) {
    index = random.Below(static_cast<int>(index));
    random = Random(salt + static_cast<uint64_t>(index));
  }
  return static_cast<uint32_t>(index);
}

}  // namespace

BenchAnswer HistoricAnswer(const BenchOptions& options, const Window& period, int64_t index) {
  Random random(Random(options.seed).Next() + static_cast<uint64_t>(index));
  BenchAnswer answer = RandomAnswer(AnswerTimeMs(period, index, options.answers, random), random);
  answer.customer = CustomerOf(options, index);
  if (options.stores) {
    answer.store = static_cast<uint32_t>(random.Below(static_cast<int>(kStores)));
  }
  if (options.external_ids) {
    answer.external_id = absl::StrFormat("order-%010d", index);
  }
  return answer;
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
  // What the cube answers, whatever is known of customers.
  question.set_interval_rule(v1::INTERVAL_RULE_ANSWERS);
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
