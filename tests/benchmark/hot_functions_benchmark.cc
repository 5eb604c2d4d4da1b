// What the functions cost that every submission or query goes through.
#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "common/base/random.h"
#include "emptychair/store/v1/command.pb.h"
#include "rocksdb/env.h"
#include "server/analytics/decompose.h"
#include "server/analytics/metric_runs.h"
#include "server/analytics/metric_wire.h"
#include "server/counting/metric_query.h"
#include "server/feedback/feedback.h"
#include "server/statistics/distributions.h"
#include "server/statistics/estimate.h"
#include "storage/cube/cube_fold.h"
#include "storage/engine/merge_operators.h"
#include "storage/format/cube_row.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"
#include "storage/state/command.h"
#include "storage/store.h"
#include "tests/benchmark/memory_store.h"
#include "tools/chairbench/records/answers.h"

namespace emptychair {
namespace {

constexpr int64_t kThreeYearsMs = int64_t{3} * 365 * 24 * 3'600 * 1'000;
constexpr int64_t kYearMs = int64_t{365} * 24 * 3'600 * 1'000;
constexpr int kGroupSize = 1'000;

v1::Feedback RandomFeedback(Random& random) {
  v1::Feedback feedback;
  bench::FillFeedback(bench::RandomAnswer(kNoonMs, random), feedback);
  return feedback;
}

storage::CommandPtr GroupOf(MemoryStore& store, int count, Random& random) {
  auto command = storage::NewCommand();
  for (int i = 0; i < count; ++i) {
    store.Prepare(RandomFeedback(random), *command->mutable_submit_feedback()->add_submissions());
  }
  return command;
}

storage::FeedbackRecord StoredRecord() {
  MemoryStore store;
  Random random(1);
  storage::CommandResult result = store.Run(GroupOf(store, 1, random), true);
  return std::move(*result.outcomes.front().record);
}

// A header and its time.
struct Folded {
  int64_t time_ms = 0;
  storage::FeedbackHeader header;
};

// As many records as a group has, of all series; over `span_ms` from noon on.
std::vector<Folded> FoldedGroup(int64_t span_ms, Random& random) {
  std::vector<Folded> records(kGroupSize);
  for (Folded& record : records) {
    const bench::BenchAnswer answer = bench::RandomAnswer(kNoonMs, random);
    record.time_ms = kNoonMs + random.Below(1'000'000) * (span_ms / 1'000'000);
    record.header.score = answer.score;
    record.header.series = 1 + answer.combination;
  }
  return records;
}

storage::CubeFold Fold(const std::vector<Folded>& records) {
  storage::CubeFold fold;
  for (const Folded& record : records) {
    fold.Add(1, record.time_ms, record.header, 0, 1);
  }
  return fold;
}

// What a group adds to the row of its month.
std::string MonthOperand(Random& random) {
  for (const auto& [key, counts] : Fold(FoldedGroup(0, random)).TakeRows()) {
    if (key.unit == storage::CubeUnit::kMonth) {
      return EncodeCubeRow(counts);
    }
  }
  std::abort();
}

void BM_EncodeFeedbackKey(benchmark::State& state) {
  Random random(1);
  const storage::FeedbackKey key{1, bench::RandomAnswer(kNoonMs, random).feedback_id};
  for (auto _ : state) {
    benchmark::DoNotOptimize(key.Encode());
  }
}
BENCHMARK(BM_EncodeFeedbackKey);

void BM_EncodeFeedbackByCustomerKey(benchmark::State& state) {
  Random random(1);
  const storage::FeedbackByCustomerKey key{
      7, storage::StartOf(bench::RandomAnswer(kNoonMs, random).feedback_id), 1};
  for (auto _ : state) {
    benchmark::DoNotOptimize(key.Encode());
  }
}
BENCHMARK(BM_EncodeFeedbackByCustomerKey);

void BM_EncodeCubeRowKey(benchmark::State& state) {
  const storage::CubeRowKey key{1, storage::CubeUnit::kDay, 19'783, 0};
  for (auto _ : state) {
    benchmark::DoNotOptimize(key.Encode());
  }
}
BENCHMARK(BM_EncodeCubeRowKey);

void BM_EncodeFeedback(benchmark::State& state) {
  const storage::FeedbackRecord record = StoredRecord();
  for (auto _ : state) {
    benchmark::DoNotOptimize(EncodeFeedback(record.header, record.body));
  }
}
BENCHMARK(BM_EncodeFeedback);

void BM_DecodeFeedbackHeader(benchmark::State& state) {
  const storage::FeedbackRecord record = StoredRecord();
  const std::string value = EncodeFeedback(record.header, record.body);
  for (auto _ : state) {
    benchmark::DoNotOptimize(storage::DecodeFeedbackHeader(value));
  }
}
BENCHMARK(BM_DecodeFeedbackHeader);

// A row in which each of 500 series has every bin.
void BM_WalkCubeRowOf500Series(benchmark::State& state) {
  storage::CubeCounts counts;
  for (uint16_t series = 1; series <= 500; ++series) {
    for (uint8_t bin = 0; bin <= 11; ++bin) {
      counts.push_back({series, storage::kCountedDisposition, bin, 1 + series % 9});
    }
  }
  const std::string row = EncodeCubeRow(counts);
  for (auto _ : state) {
    int64_t sum = 0;
    storage::CubeRowReader reader(row);
    while (reader.NextPiece()) {
      reader.ForEachBin([&sum](uint8_t bin, int64_t count) { sum += bin * count; });
    }
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(state.iterations() * 500);
}
BENCHMARK(BM_WalkCubeRowOf500Series);

// Argument: over how many milliseconds the group's records are spread.
void BM_FoldGroup(benchmark::State& state) {
  Random random(1);
  const std::vector<Folded> records = FoldedGroup(state.range(0), random);
  for (auto _ : state) {
    benchmark::DoNotOptimize(Fold(records).TakeRows());
  }
  state.SetItemsProcessed(state.iterations() * kGroupSize);
}
BENCHMARK(BM_FoldGroup)->Arg(0)->Arg(kThreeYearsMs);

// Argument: operands to merge, each what a group of 1,000 adds to its month.
void BM_MergeCubeRow(benchmark::State& state) {
  Random random(1);
  std::vector<std::string> operands;
  for (int64_t i = 0; i < state.range(0); ++i) {
    operands.push_back(MonthOperand(random));
  }
  const std::vector<rocksdb::Slice> slices(operands.begin(), operands.end());
  const storage::CubeMergeOperator merge;
  const rocksdb::MergeOperator::MergeOperationInput in("key", nullptr, slices, nullptr);
  for (auto _ : state) {
    std::string sum;
    rocksdb::Slice existing_operand;
    rocksdb::MergeOperator::MergeOperationOutput out(sum, existing_operand);
    merge.FullMergeV2(in, &out);
    benchmark::DoNotOptimize(sum);
  }
}
BENCHMARK(BM_MergeCubeRow)->Arg(1)->Arg(8)->Arg(64);

void BM_PrepareSubmission(benchmark::State& state) {
  MemoryStore store;
  Random random(1);
  const v1::Feedback feedback = RandomFeedback(random);
  const auto view = store.store().view();
  for (auto _ : state) {
    auto command = storage::NewCommand();
    CheckOk(PrepareSubmission(feedback, absl::FromUnixMillis(kNoonMs), *view, store.store().hash(),
                              *command->mutable_submit_feedback()->add_submissions()));
  }
}
BENCHMARK(BM_PrepareSubmission);

void BM_FillFeedback(benchmark::State& state) {
  MemoryStore store;
  Random random(1);
  const storage::CommandResult result = store.Run(GroupOf(store, 1, random), true);
  const storage::FeedbackRecord& record = *result.outcomes.front().record;
  const auto view = store.store().view();
  const storage::SurveyView& survey = *view->FindSurvey("chairbench");
  for (auto _ : state) {
    v1::Feedback feedback;
    FillFeedback(record, survey, feedback);
    benchmark::DoNotOptimize(feedback);
  }
}
BENCHMARK(BM_FillFeedback);

// From the committer's queue to the acknowledgement, in memory: everything but gRPC and the disk.
void BM_ApplyGroup(benchmark::State& state) {
  MemoryStore store;
  Random random(1);
  for (auto _ : state) {
    state.PauseTiming();
    auto command = GroupOf(store, kGroupSize, random);
    state.ResumeTiming();
    store.Run(std::move(command), false);
  }
  state.SetItemsProcessed(state.iterations() * kGroupSize);
}
BENCHMARK(BM_ApplyGroup)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(200);

// A year of answers in 500 series of eight dimensions, in one table for each family.
class YearStore {
 public:
  YearStore() : store_({"plan", "region", "team"}) {
    Random random(1);
    constexpr int kGroups = 60;
    for (int group = 0; group < kGroups; ++group) {
      auto command = storage::NewCommand();
      for (int i = 0; i < kGroupSize; ++i) {
        const int64_t step_ms = kYearMs / (kGroups * kGroupSize);
        const int64_t time_ms = kNoonMs - kYearMs + (group * kGroupSize + i) * step_ms;
        const bench::BenchAnswer answer = bench::RandomAnswer(time_ms, random);
        v1::Feedback feedback;
        bench::FillFeedback(answer, feedback);
        const auto label = [&](const char* key, uint32_t value) {
          (*feedback.mutable_labels())[key] = std::to_string(value);
        };
        label("plan", answer.combination % 3);
        label("region", answer.combination % 50);
        label("team", answer.combination % 100);
        store_.Prepare(feedback, *command->mutable_submit_feedback()->add_submissions());
      }
      store_.Run(std::move(command), false);
    }
    std::atomic<bool> stop = false;
    CheckOk(store_.store()
                .Compact(&stop, [](const storage::TaskProgress&) { return absl::OkStatus(); })
                .status());
  }

  const storage::Store& store() { return store_.store(); }

 private:
  MemoryStore store_;
};

YearStore& TheYear() {
  static YearStore& year = *new YearStore();
  return year;
}

// The query of `days` that end `days_ago` before noon.
v1::QueryMetricRequest DaysBefore(int64_t days_ago, int64_t days) {
  v1::QueryMetricRequest request;
  request.add_survey_ids("chairbench");
  const int64_t end_s = kNoonMs / 1'000 - days_ago * 86'400;
  request.mutable_interval()->mutable_end_time()->set_seconds(end_s);
  request.mutable_interval()->mutable_start_time()->set_seconds(end_s - days * 86'400);
  return request;
}

// From the request to the response, of the answers of one day in each of `days`.
void RunQuery(benchmark::State& state, const v1::QueryMetricRequest& request) {
  const storage::Store& store = TheYear().store();
  for (auto _ : state) {
    v1::QueryMetricResponse response;
    const auto query = PrepareMetricQuery(store.view(), request);
    CheckOk(query.status());
    const auto result = RunMetricQuery(store, *query);
    CheckOk(result.status());
    WriteResponse(*query, *result, absl::UnixEpoch(), response);
    benchmark::DoNotOptimize(response);
  }
}

void BM_QueryYear(benchmark::State& state) { RunQuery(state, DaysBefore(0, 365)); }
BENCHMARK(BM_QueryYear)->Unit(benchmark::kMicrosecond);

// Argument: buckets that each point covers.
void BM_QueryDaysByGroup(benchmark::State& state) {
  v1::QueryMetricRequest request = DaysBefore(0, 365);
  request.set_granularity(v1::GRANULARITY_DAY);
  request.add_group_by(std::string(bench::kTenValues));
  request.set_trailing_buckets(static_cast<int32_t>(state.range(0)));
  RunQuery(state, request);
}
BENCHMARK(BM_QueryDaysByGroup)->Arg(1)->Arg(7)->Unit(benchmark::kMicrosecond);

void BM_QueryLatestByMonth(benchmark::State& state) {
  v1::QueryMetricRequest request = DaysBefore(0, 365);
  request.set_granularity(v1::GRANULARITY_MONTH);
  request.set_respondent_rule(v1::RESPONDENT_RULE_LATEST_PER_CUSTOMER);
  RunQuery(state, request);
}
BENCHMARK(BM_QueryLatestByMonth)->Unit(benchmark::kMicrosecond);

// By all eight keys. Argument: days of each side.
void BM_DecomposeChange(benchmark::State& state) {
  const storage::Store& store = TheYear().store();
  v1::DecomposeChangeRequest request;
  *request.mutable_base() = DaysBefore(state.range(0), state.range(0));
  *request.mutable_candidate() = DaysBefore(0, state.range(0));
  for (auto _ : state) {
    v1::DecomposeChangeResponse response;
    const auto decomposition = PrepareMetricDecomposition(store.view(), request);
    CheckOk(decomposition.status());
    DecompositionRun run(store, *decomposition);
    CheckOk(run.Plan().status());
    const auto result = run.Run();
    CheckOk(result.status());
    WriteResponse(*decomposition, *result, response);
    benchmark::DoNotOptimize(response);
  }
}
BENCHMARK(BM_DecomposeChange)->Arg(7)->Arg(28)->Arg(91)->Arg(182)->Unit(benchmark::kMicrosecond);

void BM_EstimateNet(benchmark::State& state) {
  int64_t promoters = 400;
  for (auto _ : state) {
    benchmark::DoNotOptimize(promoters);
    benchmark::DoNotOptimize(statistics::EstimateNet(promoters, 250, 1'000, 1'000, {}));
  }
}
BENCHMARK(BM_EstimateNet);

void BM_EstimateShare(benchmark::State& state) {
  int64_t successes = 400;
  for (auto _ : state) {
    benchmark::DoNotOptimize(successes);
    benchmark::DoNotOptimize(statistics::EstimateShare(successes, 1'000, 1'000, {}));
  }
}
BENCHMARK(BM_EstimateShare);

void BM_EstimateMean(benchmark::State& state) {
  std::vector<int64_t> histogram = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5};
  for (auto _ : state) {
    benchmark::DoNotOptimize(histogram.data());
    benchmark::DoNotOptimize(
        statistics::EstimateMean(statistics::ScoreMoments(histogram, 0), 41, {}));
  }
}
BENCHMARK(BM_EstimateMean);

void BM_StudentQuantile(benchmark::State& state) {
  double degrees = 17.3;
  for (auto _ : state) {
    benchmark::DoNotOptimize(degrees);
    benchmark::DoNotOptimize(statistics::LogStudentQuantile({}, degrees));
  }
}
BENCHMARK(BM_StudentQuantile);

}  // namespace
}  // namespace emptychair
