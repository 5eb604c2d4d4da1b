#include "tools/chairbench/query.h"

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "common/base/status_macros.h"
#include "common/base/timestamp.h"
#include "emptychair/v1/metrics_service.grpc.pb.h"
#include "tools/chairbench/echo_server.h"
#include "tools/chairbench/statistics.h"
#include "tools/chairbench/submit_loops.h"
#include "tools/chairbench/windows.h"

namespace emptychair::bench {
namespace {

constexpr size_t kWindows = 250;
constexpr absl::Duration kLoadMax = absl::Hours(24);

// Latencies of questions with and without groups, in milliseconds.
struct Samples {
  std::vector<double> grouped;
  std::vector<double> total;
};

std::vector<v1::QueryMetricRequest> Questions(const Window& period, uint64_t seed) {
  Random random(seed);
  std::vector<v1::QueryMetricRequest> questions;
  for (const Window& window : QueryWindows(period, kWindows, random)) {
    v1::QueryMetricRequest question;
    question.add_survey_ids(BenchSurvey().survey_id());
    *question.mutable_interval()->mutable_start_time() = ToTimestamp(window.start);
    *question.mutable_interval()->mutable_end_time() = ToTimestamp(window.end);
    question.set_granularity(v1::GRANULARITY_MONTH);
    questions.push_back(question);
    question.add_group_by(std::string(kTenValues));
    questions.push_back(question);
  }
  return questions;
}

// Answers of three years, in batches. What is pushed back would be missing, so it is an error.
absl::StatusOr<LoopResult> LoadAnswers(Workspace& workspace, const Window& period) {
  const BenchOptions& options = workspace.options();
  const auto index = std::make_shared<std::atomic<int64_t>>(0);
  const AnswerSource answers = [&options, period,
                                index](size_t slot) -> std::optional<BenchAnswer> {
    const int64_t mine = index->fetch_add(1, std::memory_order_relaxed);
    if (mine >= options.answers) {
      return std::nullopt;
    }
    Random random(Random(options.seed).Next() + static_cast<uint64_t>(mine));
    return RandomAnswer(AnswerTimeMs(period, mine, options.answers, random), random);
  };
  const auto loop = MakeBatchLoop(workspace.server(), static_cast<size_t>(options.batches),
                                  options.batch_size, answers);
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
  const auto loop = MakeUnaryLoop(
      workspace.server(), 1, [random, left, month](size_t slot) -> std::optional<BenchAnswer> {
        if (--*left < 0) {
          return std::nullopt;
        }
        return RandomAnswer(AnswerTimeMs(month, *left, *left + 1, *random), *random);
      });
  ASSIGN_OR_RETURN(const LoopResult result, loop->Run(kLoadMax));
  return result.accepted;
}

// Asks one question and adds its latency to `samples`, when there are any.
absl::Status Ask(v1::MetricsService::Stub& stub, const v1::QueryMetricRequest& question,
                 Samples* samples, v1::QueryMetricResponse& answer) {
  grpc::ClientContext context;
  answer.Clear();
  const absl::Time start = absl::Now();
  RETURN_IF_ERROR(FromGrpc(stub.QueryMetric(&context, question, &answer)));
  if (samples != nullptr) {
    std::vector<double>& latencies =
        question.group_by().empty() ? samples->total : samples->grouped;
    latencies.push_back(absl::ToDoubleMilliseconds(absl::Now() - start));
  }
  return absl::OkStatus();
}

// Asks each question once, untimed.
absl::StatusOr<std::vector<Recording>> Record(
    v1::MetricsService::Stub& stub, const std::vector<v1::QueryMetricRequest>& questions) {
  std::vector<Recording> recordings;
  for (const v1::QueryMetricRequest& question : questions) {
    RETURN_IF_ERROR(CheckInterrupted());
    Recording& recording = recordings.emplace_back(question, v1::QueryMetricResponse());
    RETURN_IF_ERROR(Ask(stub, question, nullptr, recording.second));
  }
  return recordings;
}

// Asks both servers every question by turns, all at least once, until `time` is over.
absl::Status AskBoth(v1::MetricsService::Stub& server, v1::MetricsService::Stub& echo,
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

// The medians of what the grouped questions cost.
void AddCosts(const std::vector<Recording>& recordings, std::vector<Figure>& figures) {
  std::vector<double> bytes;
  std::vector<double> cells;
  for (const auto& [question, answer] : recordings) {
    if (!question.group_by().empty()) {
      bytes.push_back(static_cast<double>(answer.ByteSizeLong()));
      cells.push_back(static_cast<double>(answer.cells_read()));
    }
  }
  figures.push_back({"query_answer_bytes", Median(std::move(bytes)), "bytes", {}});
  figures.push_back({"query_cells_read", Median(std::move(cells)), "cells", {}});
}

}  // namespace

absl::StatusOr<std::vector<Figure>> MeasureQuery(Workspace& workspace) {
  const BenchOptions& options = workspace.options();
  const absl::Time now = absl::Now();
  const Window period = ThreeYearsUpTo(now);
  ASSIGN_OR_RETURN(const LoopResult loaded, LoadAnswers(workspace, period));
  ASSIGN_OR_RETURN(const int64_t committed, SubmitSmallCommits(workspace, now));

  const std::vector<v1::QueryMetricRequest> questions = Questions(period, options.seed);
  const auto server = v1::MetricsService::NewStub(workspace.server().Connect());
  ASSIGN_OR_RETURN(const std::vector<Recording> recordings, Record(*server, questions));
  RETURN_IF_ERROR(WriteRecordings(recordings, workspace.Path("recordings")));
  ASSIGN_OR_RETURN(const std::unique_ptr<Target> echo_target,
                   workspace.StartEcho(workspace.Path("recordings")));
  const auto echo = v1::MetricsService::NewStub(echo_target->Connect());
  RETURN_IF_ERROR(Record(*echo, questions).status());

  Samples product;
  Samples limit;
  RETURN_IF_ERROR(AskBoth(*server, *echo, questions, 2 * options.time, product, limit));
  RETURN_IF_ERROR(echo_target->Stop());
  RETURN_IF_ERROR(workspace.Finish(loaded.accepted + committed));

  const double median = Median(product.grouped);
  const double echo_median = Median(limit.grouped);
  std::vector<Figure> figures = {
      {"query_median_ms", median, "ms", echo_median},
      {"query_p99_ms", Percentile(product.grouped, 99), "ms", Percentile(limit.grouped, 99)},
      {"query_over_echo_ms", median - echo_median, "ms", {}},
      {"query_total_median_ms", Median(product.total), "ms", Median(limit.total)},
      {"query_total_p99_ms", Percentile(product.total, 99), "ms", Percentile(limit.total, 99)},
  };
  AddCosts(recordings, figures);
  figures.push_back({"query_samples", static_cast<double>(product.grouped.size()), "queries", {}});
  figures.push_back({"load_records_per_second",
                     static_cast<double>(loaded.accepted) / absl::ToDoubleSeconds(loaded.elapsed),
                     "records/s",
                     {}});
  return figures;
}

}  // namespace emptychair::bench
