// What queries cost that count from columns in memory: a million answers over three years in 500
// series, with a label of 300 values that is no dimension. Argument: customers.
#include <benchmark/benchmark.h>

#include <map>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/random.h"
#include "server/analytics/metric_runs.h"
#include "server/counting/customer_answers.h"
#include "server/counting/metric_query.h"
#include "server/counting/metric_scan.h"
#include "server/counting/series_groups.h"
#include "tests/benchmark/memory_store.h"

namespace emptychair {
namespace {

constexpr int kAnswers = 1'000'000;
constexpr int kGroupSize = 1'000;
constexpr int64_t kThreeYearsMs = int64_t{3} * 365 * 24 * 3'600 * 1'000;

void Submit(MemoryStore& store, int64_t first, uint32_t customers, Random& random) {
  auto command = storage::NewCommand();
  for (int i = 0; i < kGroupSize; ++i) {
    const int64_t time_ms = kNoonMs - kThreeYearsMs + (first + i) * (kThreeYearsMs / kAnswers);
    bench::BenchAnswer answer = bench::RandomAnswer(time_ms, random);
    answer.customer = static_cast<uint32_t>(random.Below(static_cast<int>(customers)));
    v1::Feedback feedback;
    bench::FillFeedback(answer, feedback);
    (*feedback.mutable_labels())["store"] = absl::StrCat("store ", random.Below(300));
    store.Prepare(feedback, *command->mutable_submit_feedback()->add_submissions());
  }
  store.Run(std::move(command), false);
}

// One for each number of customers.
MemoryStore& StoreOf(const benchmark::State& state) {
  static auto& stores = *new std::map<int64_t, std::unique_ptr<MemoryStore>>();
  std::unique_ptr<MemoryStore>& store = stores[state.range(0)];
  if (store == nullptr) {
    store = std::make_unique<MemoryStore>();
    Random random(1);
    for (int64_t first = 0; first < kAnswers; first += kGroupSize) {
      Submit(*store, first, static_cast<uint32_t>(state.range(0)), random);
    }
  }
  return *store;
}

void Ask(const storage::Store& store, const v1::QueryMetricRequest& request) {
  const auto query = PrepareMetricQuery(store.view(), request);
  CheckOk(query.status());
  const auto result = RunMetricQuery(store, *query);
  CheckOk(result.status());
  benchmark::DoNotOptimize(result->total);
}

v1::QueryMetricRequest Everything(v1::RespondentRule rule, v1::Granularity granularity) {
  v1::QueryMetricRequest request;
  request.add_survey_ids("chairbench");
  request.set_respondent_rule(rule);
  request.set_granularity(granularity);
  return request;
}

void Run(benchmark::State& state, const v1::QueryMetricRequest& request) {
  const storage::Store& store = StoreOf(state).store();
  Ask(store, request);
  for (auto _ : state) {
    Ask(store, request);
  }
  state.SetItemsProcessed(state.iterations() * kAnswers);
}

void BM_MakeColumns(benchmark::State& state) {
  const storage::Store& store = StoreOf(state).store();
  const auto view = store.view();
  for (auto _ : state) {
    store.columns().DropAll();
    benchmark::DoNotOptimize(store.columns().Get(*view, *view->FindSurvey("chairbench"), 1));
  }
  const storage::ColumnStats stats = store.columns().stats();
  state.counters["bytes_per_record"] =
      static_cast<double>(stats.bytes) / static_cast<double>(stats.records);
}
BENCHMARK(BM_MakeColumns)->Arg(100'000)->Unit(benchmark::kMillisecond);

void BM_Latest(benchmark::State& state) {
  Run(state, Everything(v1::RESPONDENT_RULE_LATEST_PER_CUSTOMER, v1::GRANULARITY_NONE));
}
BENCHMARK(BM_Latest)->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

void BM_First(benchmark::State& state) {
  Run(state, Everything(v1::RESPONDENT_RULE_FIRST_PER_CUSTOMER, v1::GRANULARITY_NONE));
}
BENCHMARK(BM_First)->Arg(100'000)->Unit(benchmark::kMillisecond);

void BM_LatestByMonth(benchmark::State& state) {
  auto request = Everything(v1::RESPONDENT_RULE_LATEST_PER_CUSTOMER, v1::GRANULARITY_MONTH);
  request.add_group_by(std::string(bench::kTenValues));
  Run(state, request);
}
BENCHMARK(BM_LatestByMonth)->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

void BM_FilterOnALabelByMonth(benchmark::State& state) {
  auto request = Everything(v1::RESPONDENT_RULE_ALL, v1::GRANULARITY_MONTH);
  request.add_group_by(std::string(bench::kTenValues));
  v1::LabelFilter& filter = *request.add_filters();
  filter.set_key("store");
  for (int i = 0; i < 30; ++i) {
    filter.add_values(absl::StrCat("store ", 10 * i));
  }
  Run(state, request);
}
BENCHMARK(BM_FilterOnALabelByMonth)->Arg(100'000)->Unit(benchmark::kMillisecond);

// What intervals by customer need, over everything or for 36 months that trail twelve each.
void AddUpCustomers(benchmark::State& state, size_t buckets, int32_t trailing) {
  const storage::Store& store = StoreOf(state).store();
  auto query =
      PrepareMetricQuery(store.view(), Everything(v1::RESPONDENT_RULE_ALL, v1::GRANULARITY_MONTH));
  CheckOk(query.status());
  query->trailing_buckets = trailing;
  std::vector<storage::MsSpan> spans;
  for (size_t i = 0; i < buckets; ++i) {
    const auto start_of = [&](size_t bucket) {
      return kNoonMs - kThreeYearsMs +
             static_cast<int64_t>(bucket) * (kThreeYearsMs / static_cast<int64_t>(buckets));
    };
    spans.push_back({start_of(i), start_of(i + 1)});
  }
  const SeriesGroups groups(*query);
  for (auto _ : state) {
    storage::TallyGrid grid(
        {.buckets = buckets, .score_count = query->method->scale_size(), .groups_max = 1},
        groups.series().group_count);
    storage::ReadCost cost;
    CustomerAnswers answers(buckets, statistics::PointsOfBins(*query->method));
    CheckOk(ScanAnswers(store, *query, groups.series(), spans, false, grid, cost, &answers));
    answers.Sort();
    CustomerSummer summer(CustomersOf(*query->view), answers.answer_count());
    benchmark::DoNotOptimize(summer.Sum(answers, {0}, static_cast<size_t>(trailing)));
  }
  state.SetItemsProcessed(state.iterations() * kAnswers);
}
void BM_CustomerSums(benchmark::State& state) { AddUpCustomers(state, 1, 1); }
BENCHMARK(BM_CustomerSums)->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);
void BM_CustomerSumsOfTrailingMonths(benchmark::State& state) { AddUpCustomers(state, 36, 12); }
BENCHMARK(BM_CustomerSumsOfTrailingMonths)
    ->Arg(100'000)
    ->Arg(1'000'000)
    ->Unit(benchmark::kMillisecond);

// A query after each group of a thousand answers, of all of the three years.
void BM_LatestAfterAGroup(benchmark::State& state) {
  static MemoryStore& store = *new MemoryStore();
  Random random(1);
  if (store.store().view()->counters.feedback_count() == 0) {
    for (int64_t first = 0; first < kAnswers; first += kGroupSize) {
      Submit(store, first, static_cast<uint32_t>(state.range(0)), random);
    }
  }
  const auto request = Everything(v1::RESPONDENT_RULE_LATEST_PER_CUSTOMER, v1::GRANULARITY_NONE);
  Ask(store.store(), request);
  for (auto _ : state) {
    state.PauseTiming();
    auto command = storage::NewCommand();
    for (int i = 0; i < kGroupSize; ++i) {
      const auto time_ms = kNoonMs - static_cast<int64_t>(random.Below(3 * 365)) * 86'400'000;
      v1::Feedback feedback;
      bench::FillFeedback(bench::RandomAnswer(time_ms, random), feedback);
      store.Prepare(feedback, *command->mutable_submit_feedback()->add_submissions());
    }
    store.Run(std::move(command), false);
    state.ResumeTiming();
    Ask(store.store(), request);
  }
}
BENCHMARK(BM_LatestAfterAGroup)->Arg(100'000)->Unit(benchmark::kMillisecond)->Iterations(50);

}  // namespace
}  // namespace emptychair
