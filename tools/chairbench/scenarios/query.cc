#include "tools/chairbench/scenarios/query.h"

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "common/base/status_macros.h"
#include "emptychair/v1/metrics_service.grpc.pb.h"
#include "tools/chairbench/base/statistics.h"
#include "tools/chairbench/load/history.h"
#include "tools/chairbench/load/service_calls.h"
#include "tools/chairbench/load/stream_loop.h"
#include "tools/chairbench/load/submit_loops.h"
#include "tools/chairbench/scenarios/scans.h"
#include "tools/chairbench/servers/echo_server.h"

namespace emptychair::bench {
namespace {

using Metrics = ServiceCalls<v1::MetricsService>;

constexpr size_t kWindows = 250;
// Questions of a year by day, each about ten times as costly as one by month.
constexpr int kYears = 10;
// How long scans go on, one after the other, beside other questions.
constexpr absl::Duration kBesideScans = absl::Seconds(1);
constexpr absl::Duration kLoadMax = absl::Hours(24);

// What a question asks for.
enum Shape {
  kMonths,         // By month.
  kGroupedMonths,  // By month and the dimension of ten values.
  kGroupedDays,    // A year by day and two dimensions: 25 groups.
  kShapes,
};

Shape ShapeOf(const v1::QueryMetricRequest& question) {
  return question.group_by().empty()     ? kMonths
         : question.group_by_size() == 1 ? kGroupedMonths
                                         : kGroupedDays;
}

// Latencies by shape, in milliseconds.
using Samples = std::array<std::vector<double>, kShapes>;

std::vector<v1::QueryMetricRequest> Questions(const Window& period, uint64_t seed) {
  Random random(seed);
  std::vector<v1::QueryMetricRequest> questions;
  for (const Window& window : QueryWindows(period, kWindows, random)) {
    v1::QueryMetricRequest question = QuestionOf(window, v1::GRANULARITY_MONTH);
    questions.push_back(question);
    question.add_group_by(std::string(kTenValues));
    questions.push_back(question);
  }
  for (int i = 0; i < kYears; ++i) {
    const absl::Time start = period.start + absl::Hours(24) * (50 * i + random.Below(50));
    v1::QueryMetricRequest question =
        QuestionOf({start, start + absl::Hours(24) * 365}, v1::GRANULARITY_DAY);
    question.add_group_by("region");
    question.add_group_by("plan");
    questions.push_back(question);
  }
  return questions;
}

// Answers of three years, in batches. What is pushed back would be missing, so it is an error.
absl::StatusOr<LoopResult> LoadAnswers(Workspace& workspace, const Window& period) {
  BenchOptions options = workspace.options();
  options.stores = true;
  const auto loop = MakeBatchLoop(workspace.server(), static_cast<size_t>(options.batches),
                                  options.batch_size, HistoricAnswers(options, period));
  ASSIGN_OR_RETURN(LoopResult result, loop->Run(kLoadMax));
  if (result.pushed_back > 0) {
    return absl::ResourceExhaustedError("the server refused answers for want of room");
  }
  return result;
}

// Answers of the present month, each a group of its own.
absl::StatusOr<int64_t> SubmitSmallCommits(Workspace& workspace, absl::Time now) {
  const BenchOptions& options = workspace.options();
  const auto random = std::make_shared<Random>(~options.seed);
  const auto left = std::make_shared<int64_t>(options.small_commits);
  const Window month = {StartOfMonth(now), now};
  const auto loop =
      MakeUnaryLoop(workspace.server(), /*in_flight=*/1, /*connections=*/1,
                    [random, left, month](size_t slot) -> std::optional<BenchAnswer> {
                      if (--*left < 0) {
                        return std::nullopt;
                      }
                      return RandomAnswer(AnswerTimeMs(month, *left, *left + 1, *random), *random);
                    });
  ASSIGN_OR_RETURN(const LoopResult result, loop->Run(kLoadMax));
  return result.accepted;
}

// Asks one question and adds its latency to `samples`, when there are any.
absl::Status Ask(const Metrics& metrics, const v1::QueryMetricRequest& question, Samples* samples,
                 v1::QueryMetricResponse& answer) {
  answer.Clear();
  const absl::Time start = absl::Now();
  RETURN_IF_ERROR(metrics.Call(&v1::MetricsService::Stub::QueryMetric, question, answer));
  if (samples != nullptr) {
    (*samples)[ShapeOf(question)].push_back(absl::ToDoubleMilliseconds(absl::Now() - start));
  }
  return absl::OkStatus();
}

// Asks each question once, untimed.
absl::StatusOr<std::vector<Recording>> Record(
    const Metrics& metrics, const std::vector<v1::QueryMetricRequest>& questions) {
  std::vector<Recording> recordings;
  for (const v1::QueryMetricRequest& question : questions) {
    RETURN_IF_ERROR(CheckInterrupted());
    Recording& recording = recordings.emplace_back(question, v1::QueryMetricResponse());
    RETURN_IF_ERROR(Ask(metrics, question, nullptr, recording.second));
  }
  return recordings;
}

// Asks both servers every question by turns, all at least once, until `time` is over.
absl::Status AskBoth(const Metrics& server, const Metrics& echo,
                     const std::vector<v1::QueryMetricRequest>& questions, absl::Duration time,
                     Samples& product, Samples& limit) {
  v1::QueryMetricResponse answer;
  const absl::Time deadline = absl::Now() + time;
  do {
    for (const v1::QueryMetricRequest& question : questions) {
      RETURN_IF_ERROR(CheckInterrupted());
      RETURN_IF_ERROR(Ask(server, question, &product, answer));
      RETURN_IF_ERROR(Ask(echo, question, &limit, answer));
    }
  } while (absl::Now() < deadline);
  return absl::OkStatus();
}

// Times of the questions by month while scans go on one after the other.
absl::StatusOr<std::vector<double>> AskBesideScans(
    const Metrics& server, const std::vector<v1::QueryMetricRequest>& questions) {
  v1::QueryMetricResponse answer;
  std::atomic<bool> is_over = false;
  absl::Status scanned;
  std::thread scanner([&] {
    v1::QueryMetricResponse scan;
    const absl::Time deadline = absl::Now() + kBesideScans;
    while (scanned.ok() && absl::Now() < deadline) {
      scanned.Update(Ask(server, LatestPerCustomer(), nullptr, scan));
    }
    is_over = true;
  });
  Samples beside;
  absl::Status asked;
  for (size_t i = 0; !is_over && asked.ok(); i = (i + 1) % questions.size()) {
    if (ShapeOf(questions[i]) == kGroupedMonths) {
      asked.Update(Ask(server, questions[i], &beside, answer));
    }
  }
  scanner.join();
  RETURN_IF_ERROR(asked);
  RETURN_IF_ERROR(scanned);
  return beside[kGroupedMonths];
}

// The medians of what the questions by month and dimension cost.
void AddCosts(const std::vector<Recording>& recordings, std::vector<Figure>& figures) {
  std::vector<double> bytes;
  std::vector<double> cells;
  for (const auto& [question, answer] : recordings) {
    if (ShapeOf(question) == kGroupedMonths) {
      bytes.push_back(static_cast<double>(answer.ByteSizeLong()));
      cells.push_back(static_cast<double>(answer.cells_read()));
    }
  }
  figures.push_back({"query_answer_bytes", Median(std::move(bytes)), "bytes", {}});
  figures.push_back({"query_cells_read", Median(std::move(cells)), "cells", {}});
}

// What both servers took, alone and beside ingest.
struct QueryTimes {
  Samples product;
  Samples limit;
  std::vector<double> beside_scans_ms;
  Samples product_beside_ingest;
  Samples limit_beside_ingest;
};

// Asks both servers the questions by month while answers come in as fast as they can.
absl::StatusOr<LoopResult> AskBothBesideIngest(Workspace& workspace, const Metrics& server,
                                               const Metrics& echo,
                                               const std::vector<v1::QueryMetricRequest>& questions,
                                               QueryTimes& times) {
  const BenchOptions& options = workspace.options();
  const auto streams = static_cast<size_t>(options.streams);
  std::vector<v1::QueryMetricRequest> by_month;
  for (const v1::QueryMetricRequest& question : questions) {
    if (ShapeOf(question) == kGroupedMonths) {
      by_month.push_back(question);
    }
  }
  std::atomic<bool> is_over = false;
  const AnswerSource live = LiveAnswers(~options.seed, streams);
  absl::StatusOr<LoopResult> ingested;
  std::thread sender([&] {
    ingested = LoadByStreams(workspace.server(), options,
                             [&](size_t slot) { return is_over ? std::nullopt : live(slot); });
  });
  const absl::Status asked = AskBoth(server, echo, by_month, 2 * options.time,
                                     times.product_beside_ingest, times.limit_beside_ingest);
  is_over = true;
  sender.join();
  RETURN_IF_ERROR(asked);
  return ingested;
}

std::vector<Figure> FiguresOf(const QueryTimes& times) {
  const auto median_of = [](const Samples& samples, Shape shape) { return Median(samples[shape]); };
  const auto p99_of = [](const Samples& samples, Shape shape) {
    return Percentile(samples[shape], 99);
  };
  const auto& [product, limit, beside_scans_ms, product_beside, limit_beside] = times;
  const double median = median_of(product, kGroupedMonths);
  const double echo_median = median_of(limit, kGroupedMonths);
  return {
      {"query_median_ms", median, "ms", echo_median},
      {"query_p99_ms", p99_of(product, kGroupedMonths), "ms", p99_of(limit, kGroupedMonths)},
      {"query_over_echo_ms", median - echo_median, "ms", {}},
      {"query_total_median_ms", median_of(product, kMonths), "ms", median_of(limit, kMonths)},
      {"query_total_p99_ms", p99_of(product, kMonths), "ms", p99_of(limit, kMonths)},
      {"query_days_median_ms", median_of(product, kGroupedDays), "ms",
       median_of(limit, kGroupedDays)},
      {"query_beside_latest_median_ms", Median(beside_scans_ms), "ms", median},
      {"query_beside_latest_p99_ms", Percentile(beside_scans_ms, 99), "ms",
       p99_of(product, kGroupedMonths)},
      {"query_beside_ingest_median_ms", median_of(product_beside, kGroupedMonths), "ms",
       median_of(limit_beside, kGroupedMonths)},
      {"query_beside_ingest_p99_ms", p99_of(product_beside, kGroupedMonths), "ms",
       p99_of(limit_beside, kGroupedMonths)},
      {"query_samples", static_cast<double>(product[kGroupedMonths].size()), "queries", {}},
  };
}

double RateOf(const LoopResult& result) {
  return static_cast<double>(result.accepted) / absl::ToDoubleSeconds(result.elapsed);
}

}  // namespace

absl::StatusOr<std::vector<Figure>> MeasureQuery(Workspace& workspace) {
  const BenchOptions& options = workspace.options();
  const absl::Time now = absl::Now();
  const Window period = ThreeYearsUpTo(now);
  ASSIGN_OR_RETURN(const LoopResult loaded, LoadAnswers(workspace, period));
  ASSIGN_OR_RETURN(const int64_t committed, SubmitSmallCommits(workspace, now));

  const std::vector<v1::QueryMetricRequest> questions = Questions(period, options.seed);
  const Metrics server(workspace.server());
  ASSIGN_OR_RETURN(const std::vector<Recording> recordings, Record(server, questions));
  RETURN_IF_ERROR(WriteRecordings(recordings, workspace.Path("recordings")));
  ASSIGN_OR_RETURN(const std::unique_ptr<Target> echo_target,
                   workspace.StartEcho({.recordings = workspace.Path("recordings")}));
  const Metrics echo(*echo_target);
  RETURN_IF_ERROR(Record(echo, questions).status());

  QueryTimes times;
  RETURN_IF_ERROR(AskBoth(server, echo, questions, 2 * options.time, times.product, times.limit));
  ASSIGN_OR_RETURN(const std::vector<Figure> scans, AskScans(workspace.server(), period));
  ASSIGN_OR_RETURN(times.beside_scans_ms, AskBesideScans(server, questions));
  // Last, because it changes what is asked for.
  ASSIGN_OR_RETURN(const LoopResult ingested,
                   AskBothBesideIngest(workspace, server, echo, questions, times));
  RETURN_IF_ERROR(echo_target->Stop());
  RETURN_IF_ERROR(workspace.Finish(loaded.accepted + committed + ingested.accepted));

  std::vector<Figure> figures = FiguresOf(times);
  figures.insert(figures.end(), scans.begin(), scans.end());
  AddCosts(recordings, figures);
  figures.push_back(
      {"ingest_beside_queries_records_per_second", RateOf(ingested), "records/s", {}});
  figures.push_back({"load_records_per_second", RateOf(loaded), "records/s", {}});
  return figures;
}

}  // namespace emptychair::bench
