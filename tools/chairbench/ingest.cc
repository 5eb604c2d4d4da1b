#include "tools/chairbench/ingest.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "storage/plain_write_limit.h"
#include "tools/chairbench/open_loop.h"
#include "tools/chairbench/statistics.h"
#include "tools/chairbench/stream_loop.h"
#include "tools/chairbench/submit_loops.h"
#include "tools/chairbench/sync_time.h"
#include "tools/chairbench/turns.h"

namespace emptychair::bench {
namespace {

constexpr int kSyncsPerTurn = 20;

std::optional<double> MedianIfAny(const std::vector<double>& samples) {
  return samples.empty() ? std::nullopt : std::optional<double>(Median(samples));
}

// Figures that every way of submitting has; `product`'s names begin with `name`.
void AddServerFigures(const std::string& name, const Turns& product,
                      std::optional<double> limit_cpu_us, std::vector<Figure>& figures) {
  if (!product.cpu_us.empty()) {
    figures.push_back(
        {absl::StrCat(name, "_server_cpu_us"), Median(product.cpu_us), "us/record", limit_cpu_us});
  }
  figures.push_back(
      {absl::StrCat(name, "_group_size"), Median(product.group_sizes), "records", {}});
  figures.push_back({absl::StrCat(name, "_pushed_back_calls"),
                     static_cast<double>(product.pushed_back),
                     "calls",
                     {}});
  figures.push_back({absl::StrCat(name, "_refused_records"),
                     static_cast<double>(product.refused),
                     "records",
                     {}});
}

// Records as the store would have them if customers and series had been numbered in advance.
std::vector<storage::PlainRecord> PlainRecords(int count, Random& random) {
  std::vector<storage::PlainRecord> records(count);
  uint64_t sequence = 0;
  for (storage::PlainRecord& record : records) {
    BenchAnswer answer = RandomAnswer(absl::ToUnixMillis(absl::Now()), random);
    record.survey_number = 1;
    record.feedback_id = answer.feedback_id;
    record.header.score = answer.score;
    record.header.customer_ordinal = 1 + answer.customer;
    record.header.series = 1 + answer.combination;
    record.header.sequence = ++sequence;
    for (uint8_t& byte : record.header.fingerprint) {
      byte = static_cast<uint8_t>(random.Next());
    }
    record.body.set_comment(std::move(answer.comment));
    for (const auto& [key, value] : CombinationOf(answer.combination)) {
      store::v1::StoredLabel& label = *record.body.add_labels();
      label.set_key(std::string(key));
      label.set_value(std::string(value));
    }
    record.body.set_receive_time_ms(answer.feedback_id.UnixMs());
  }
  return records;
}

// Records per second of plain writes. The making of the records is not counted.
absl::StatusOr<double> PlainTurn(storage::PlainWriteLimit& limit, int batch_size,
                                 absl::Duration time, Random& random) {
  // Records that are made at once: enough that the clock is seldom stopped.
  constexpr int kRecordsAtOnce = 10'000;
  const int groups = std::max(1, kRecordsAtOnce / batch_size);
  int64_t written = 0;
  absl::Duration spent;
  while (spent < time) {
    RETURN_IF_ERROR(CheckInterrupted());
    std::vector<storage::PlainRecord> records = PlainRecords(groups * batch_size, random);
    const absl::Time start = absl::Now();
    for (int i = 0; i < groups; ++i) {
      RETURN_IF_ERROR(
          limit.Write(absl::MakeConstSpan(records).subspan(i * batch_size, batch_size)));
    }
    spent += absl::Now() - start;
    written += groups * batch_size;
  }
  return static_cast<double>(written) / absl::ToDoubleSeconds(spent);
}

// Runs `loop`, which sends batches, in turns with the same bytes written plainly.
template <typename Loop>
absl::StatusOr<std::vector<Figure>> MeasureBesidePlainWrites(Workspace& workspace,
                                                             const std::string& name, Loop& loop) {
  const BenchOptions& options = workspace.options();
  ASSIGN_OR_RETURN(const std::unique_ptr<storage::PlainWriteLimit> plain,
                   storage::PlainWriteLimit::Open(workspace.Path("plain")));
  Random random(options.seed);
  Target& server = workspace.server();
  Turns warm_up;
  RETURN_IF_ERROR(TakeTurn(server, loop, kWarmUp, warm_up));
  RETURN_IF_ERROR(PlainTurn(*plain, options.batch_size, kWarmUp, random).status());
  Turns product;
  std::vector<double> plain_rates;
  for (int i = 0; i < kTurns; ++i) {
    RETURN_IF_ERROR(TakeTurn(server, loop, options.time / kTurns, product));
    ASSIGN_OR_RETURN(const double rate,
                     PlainTurn(*plain, options.batch_size, options.time / kTurns, random));
    plain_rates.push_back(rate);
  }
  RETURN_IF_ERROR(workspace.Finish(warm_up.acknowledged + product.acknowledged));

  std::vector<Figure> figures;
  figures.push_back({absl::StrCat(name, "_records_per_second"), Median(product.rates), "records/s",
                     Median(plain_rates)});
  for (const auto& [suffix, percent] : {std::pair("_median_ms", 50), {"_p99_ms", 99}}) {
    figures.push_back(
        {absl::StrCat(name, suffix), Percentile(product.latencies_ms, percent), "ms", {}});
  }
  AddServerFigures(name, product, std::nullopt, figures);
  return figures;
}

// Single calls at a rate of their own.
struct HalfLoad {
  Turns product;
  Turns limit;
  std::vector<double> syncs_ms;
};

absl::StatusOr<HalfLoad> MeasureHalfLoad(Workspace& workspace, Target& echo,
                                         double calls_per_second) {
  const BenchOptions& options = workspace.options();
  ASSIGN_OR_RETURN(const std::unique_ptr<SyncTime> sync, SyncTime::Open(workspace.Path("syncs")));
  OpenLoop server_loop(workspace.server(), /*batch_size=*/1, ~options.seed);
  OpenLoop echo_loop(echo, /*batch_size=*/1, ~options.seed);
  server_loop.set_rate(calls_per_second);
  echo_loop.set_rate(calls_per_second);
  HalfLoad half;
  for (int i = 0; i < kTurns; ++i) {
    RETURN_IF_ERROR(TakeTurn(workspace.server(), server_loop, options.time / kTurns, half.product));
    RETURN_IF_ERROR(TakeTurn(echo, echo_loop, options.time / kTurns, half.limit));
    RETURN_IF_ERROR(sync->Measure(kSyncsPerTurn, half.syncs_ms));
  }
  return half;
}

}  // namespace

absl::StatusOr<std::vector<Figure>> MeasureUnary(Workspace& workspace) {
  const BenchOptions& options = workspace.options();
  const auto slots = static_cast<size_t>(options.in_flight);
  ASSIGN_OR_RETURN(const std::unique_ptr<Target> echo, workspace.StartEcho(""));
  Target& server = workspace.server();
  const auto server_loop =
      MakeUnaryLoop(server, slots, options.connections, LiveAnswers(options.seed, slots));
  const auto echo_loop =
      MakeUnaryLoop(*echo, slots, options.connections, LiveAnswers(options.seed, slots));
  Turns warm_up;
  RETURN_IF_ERROR(TakeTurn(*echo, *echo_loop, kWarmUp, warm_up));
  warm_up = {};
  RETURN_IF_ERROR(TakeTurn(server, *server_loop, kWarmUp, warm_up));
  Turns product;
  Turns limit;
  for (int i = 0; i < kTurns; ++i) {
    RETURN_IF_ERROR(TakeTurn(server, *server_loop, options.time / kTurns, product));
    RETURN_IF_ERROR(TakeTurn(*echo, *echo_loop, options.time / kTurns, limit));
  }
  ASSIGN_OR_RETURN(const HalfLoad half,
                   MeasureHalfLoad(workspace, *echo, Median(product.rates) / 2));
  RETURN_IF_ERROR(echo->Stop());
  RETURN_IF_ERROR(
      workspace.Finish(warm_up.acknowledged + product.acknowledged + half.product.acknowledged));

  std::vector<Figure> figures;
  figures.push_back(
      {"unary_calls_per_second", Median(product.rates), "calls/s", Median(limit.rates)});
  for (const auto& [name, percent] : {std::pair("unary_median_ms", 50), {"unary_p99_ms", 99}}) {
    figures.push_back({name, Percentile(product.latencies_ms, percent), "ms",
                       Percentile(limit.latencies_ms, percent)});
  }
  for (const auto& [name, percent] :
       {std::pair("unary_half_load_median_ms", 50), {"unary_half_load_p99_ms", 99}}) {
    figures.push_back({name, Percentile(half.product.latencies_ms, percent), "ms",
                       Percentile(half.limit.latencies_ms, percent)});
  }
  figures.push_back({"unary_sync_median_ms", Median(half.syncs_ms), "ms", {}});
  AddServerFigures("unary", product, MedianIfAny(limit.cpu_us), figures);
  return figures;
}

absl::StatusOr<std::vector<Figure>> MeasureBatch(Workspace& workspace) {
  const BenchOptions& options = workspace.options();
  const auto slots = static_cast<size_t>(options.batches);
  const auto loop = MakeBatchLoop(workspace.server(), slots, options.batch_size,
                                  LiveAnswers(options.seed, slots));
  return MeasureBesidePlainWrites(workspace, "batch", *loop);
}

absl::StatusOr<std::vector<Figure>> MeasureStream(Workspace& workspace) {
  const BenchOptions& options = workspace.options();
  const auto streams = static_cast<size_t>(options.streams);
  StreamLoop loop(workspace.server().client(), streams, options.batch_size,
                  LiveAnswers(options.seed, streams));
  return MeasureBesidePlainWrites(workspace, "stream", loop);
}

}  // namespace emptychair::bench
