#include "server/analytics/decompose.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/analytics/metric_runs.h"
#include "server/request/validation.h"
#include "tests/helpers/status_matchers.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair {
namespace {

using ::emptychair::testing::HasReason;
using storage::Answer;
using storage::kNoonMs;
using storage::StoreHarness;
using ::testing::SizeIs;

constexpr int64_t kDayMs = 86'400'000;

v1::QueryMetricRequest DayOf(int64_t day) {
  v1::QueryMetricRequest request;
  request.add_survey_ids("nps");
  const int64_t start_s = (kNoonMs + day * kDayMs) / 1'000;
  request.mutable_interval()->mutable_start_time()->set_seconds(start_s);
  request.mutable_interval()->mutable_end_time()->set_seconds(start_s + kDayMs / 1'000);
  return request;
}

absl::StatusOr<DecompositionResult> Decompose(const storage::Store& store,
                                              const std::vector<std::string>& keys) {
  v1::DecomposeChangeRequest request;
  *request.mutable_base() = DayOf(0);
  *request.mutable_candidate() = DayOf(1);
  request.mutable_keys()->Add(keys.begin(), keys.end());
  absl::StatusOr<MetricDecomposition> decomposition =
      PrepareMetricDecomposition(store.view(), request);
  EXPECT_OK(decomposition);
  DecompositionRun run(store, *decomposition);
  EXPECT_OK(run.Plan().status());
  return run.Run();
}

MetricResult Run(const storage::Store& store, v1::QueryMetricRequest request,
                 const std::string& group_by = "") {
  if (!group_by.empty()) {
    request.add_group_by(group_by);
    request.set_include_histogram(true);
  }
  absl::StatusOr<MetricQuery> query = PrepareMetricQuery(store.view(), request);
  EXPECT_OK(query);
  absl::StatusOr<MetricResult> result = RunMetricQuery(store, *query);
  EXPECT_OK(result);
  return *std::move(result);
}

// A survey whose answers on the first of two days are of `series` series: each has a region of its
// own, and a channel of three.
class DecomposeTest : public ::testing::Test {
 protected:
  void Load(int series) {
    ASSERT_OK(harness_.Open());
    ASSERT_OK(
        CreateSurvey(store(), storage::NpsSurvey("nps", {"region", "channel"}, 20'000)).error);
    std::vector<Answer> answers;
    for (int i = 0; i < series; ++i) {
      answers.push_back(AnswerOf(i, 0, i % 11));
    }
    for (int i = 0; i < 90; ++i) {
      answers.push_back(AnswerOf(i, 1, i % 3 == 0 ? 9 : 3));
    }
    Submit(store(), answers);
  }

  static Answer AnswerOf(int series, int64_t day, int score) {
    Answer answer;
    answer.id = static_cast<uint64_t>(series);
    answer.time_ms = kNoonMs + day * kDayMs + kDayMs / 4;
    answer.score = score;
    answer.labels = {{"region", absl::StrCat("r", series)},
                     {"channel", absl::StrCat("c", series % 3)}};
    return answer;
  }

  storage::Store& store() { return harness_.store(); }

  StoreHarness harness_{storage::Place::kMemory};
};

// Each slice by "channel" has the values of a query by it.
void ExpectChannels(const storage::Store& store, const DecompositionResult& result) {
  const MetricResult base = Run(store, DayOf(0), "channel");
  const MetricResult candidate = Run(store, DayOf(1), "channel");
  EXPECT_EQ(result.base, Run(store, DayOf(0)).total.points.front());
  EXPECT_EQ(result.candidate, Run(store, DayOf(1)).total.points.front());
  ASSERT_THAT(result.keys, SizeIs(1));
  ASSERT_THAT(result.keys[0].contributions, SizeIs(3));
  double sum = 0;
  for (const statistics::Contribution& contribution : result.keys[0].contributions) {
    const auto position = static_cast<size_t>(contribution.group.text[1] - '0');
    EXPECT_EQ(contribution.base, base.series[position].points.front());
    EXPECT_EQ(contribution.candidate, candidate.series[position].points.front());
    ASSERT_TRUE(contribution.effect.has_value());
    sum += contribution.effect->total();
  }
  EXPECT_NEAR(sum, result.delta.value(), 1e-9);
}

TEST_F(DecomposeTest, SlicesHaveTheValuesOfAQueryByTheirKey) {
  Load(90);
  const absl::StatusOr<DecompositionResult> result = Decompose(store(), {"channel"});
  ASSERT_OK(result);
  ExpectChannels(store(), *result);
}

TEST_F(DecomposeTest, MoreSeriesThanAGridHoldsAreReadByEachKey) {
  Load(kPointsMax + 1);
  const absl::StatusOr<DecompositionResult> result = Decompose(store(), {"channel"});
  ASSERT_OK(result);
  ExpectChannels(store(), *result);
  const absl::Status too_many = Decompose(store(), {"channel", "region"}).status();
  EXPECT_THAT(too_many, HasReason(v1::ERROR_REASON_TOO_MANY_POINTS));
}

}  // namespace
}  // namespace emptychair
