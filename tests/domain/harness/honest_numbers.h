// A store of answers by customer, and the questions that intervals and verdicts are on.
#ifndef EMPTYCHAIR_TESTS_DOMAIN_HARNESS_HONEST_NUMBERS_H_
#define EMPTYCHAIR_TESTS_DOMAIN_HARNESS_HONEST_NUMBERS_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/analytics/compare.h"
#include "server/analytics/metric_runs.h"
#include "tests/helpers/status_matchers.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair {

inline constexpr int64_t kDayMs = 86'400'000;
inline constexpr double kFourDecimals = 0.5001e-4;
inline constexpr double kSixDecimals = 0.5001e-6;

inline constexpr auto kCustomers = v1::INTERVAL_RULE_CUSTOMERS;
inline constexpr auto kAnswers = v1::INTERVAL_RULE_ANSWERS;
inline constexpr auto kEstimated = v1::INTERVAL_RULE_ESTIMATED;

// Of days that begin at kNoonMs.
inline v1::QueryMetricRequest Days(int64_t first, int64_t last, const std::string& survey = "nps") {
  v1::QueryMetricRequest request;
  request.add_survey_ids(survey);
  const auto seconds = [](int64_t day) { return (storage::kNoonMs + day * kDayMs) / 1'000; };
  request.mutable_interval()->mutable_start_time()->set_seconds(seconds(first));
  request.mutable_interval()->mutable_end_time()->set_seconds(seconds(last));
  return request;
}

class HonestNumbersTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(harness_.Open());
    Create("nps");
  }

  void Create(const std::string& survey_id) {
    store::v1::StoredSurvey survey = storage::NpsSurvey(survey_id, {"channel"});
    survey.set_min_sample(0);
    ASSERT_OK(CreateSurvey(store(), survey).error);
  }

  // One answer to be sent; an empty customer is nobody known.
  void Add(const std::string& customer, int score, int64_t day,
           std::vector<std::pair<std::string, std::string>> labels = {}, uint32_t survey = 1) {
    storage::Answer answer;
    answer.survey = survey;
    answer.id = ++ids_;
    answer.time_ms = storage::kNoonMs + day * kDayMs + static_cast<int64_t>(ids_ % 1'000);
    answer.score = score;
    answer.customer_id = customer;
    answer.labels = std::move(labels);
    answers_.push_back(std::move(answer));
  }
  // So many customers once each.
  void AddOnce(int promoters, int passives, int detractors, int64_t day, uint32_t survey = 1) {
    for (const auto& [score, customers] :
         {std::pair(9, promoters), std::pair(8, passives), std::pair(5, detractors)}) {
      for (int i = 0; i < customers; ++i) {
        Add(absl::StrCat("once-", ids_), score, day, {}, survey);
      }
    }
  }
  void Send() {
    constexpr size_t kAtOnce = 1'000;
    for (size_t i = 0; i < answers_.size(); i += kAtOnce) {
      const auto end = std::min(answers_.size(), i + kAtOnce);
      Submit(store(), {answers_.begin() + static_cast<ptrdiff_t>(i),
                       answers_.begin() + static_cast<ptrdiff_t>(end)});
    }
    answers_.clear();
  }

  MetricResult Query(const v1::QueryMetricRequest& request) {
    absl::StatusOr<MetricQuery> query = PrepareMetricQuery(store().view(), request);
    EXPECT_OK(query);
    absl::StatusOr<MetricResult> result = RunMetricQuery(store(), *query);
    EXPECT_OK(result);
    return *std::move(result);
  }

  ComparisonResult Compare(const v1::CompareMetricRequest& request, absl::Time now) {
    const absl::StatusOr<MetricSides> sides = PrepareComparison(store().view(), request, now);
    EXPECT_OK(sides);
    looks_ = sides->plan.looks;
    MetricComparison run(store(), *sides);
    EXPECT_OK(run.Plan().status());
    absl::StatusOr<ComparisonResult> result = run.Run();
    EXPECT_OK(result);
    return *std::move(result);
  }
  ComparisonResult CompareDays(int64_t base, int64_t candidate) {
    v1::CompareMetricRequest request;
    *request.mutable_base() = Days(base, base + 1);
    *request.mutable_candidate() = Days(candidate, candidate + 1);
    return Compare(request, absl::FromUnixMillis(storage::kNoonMs + 100 * kDayMs));
  }

  storage::Store& store() { return harness_.store(); }

  storage::StoreHarness harness_{storage::Place::kMemory};
  uint64_t ids_ = 0;
  std::vector<storage::Answer> answers_;
  v1::Looks looks_ = v1::LOOKS_UNSPECIFIED;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TESTS_DOMAIN_HARNESS_HONEST_NUMBERS_H_
