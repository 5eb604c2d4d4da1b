#include "tools/chairbench/scenarios/ingest.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "storage/engine/raw_write_baseline.h"
#include "tools/chairbench/base/statistics.h"
#include "tools/chairbench/load/open_loop.h"
#include "tools/chairbench/load/stream_loop.h"
#include "tools/chairbench/load/submit_loops.h"
#include "tools/chairbench/load/turns.h"
#include "tools/chairbench/scenarios/scans.h"
#include "tools/chairbench/servers/synced_file.h"

namespace emptychair::bench {
namespace {

std::optional<double> MedianIfAny(const std::vector<double>& samples) {
  return samples.empty() ? std::nullopt : std::optional<double>(Median(samples));
}

// What a record costs, and how many share a write. Names begin with `name`.
void AddCosts(const std::string& name, const Turns& turns, std::optional<double> limit_cpu_us,
              std::vector<Figure>& figures) {
  if (!turns.cpu_us.empty()) {
    figures.push_back(
        {absl::StrCat(name, "_server_cpu_us"), Median(turns.cpu_us), "us/record", limit_cpu_us});
  }
  figures.push_back({absl::StrCat(name, "_group_size"), Median(turns.group_sizes), "records", {}});
}

// What the product did not take.
void AddRefusals(const std::string& name, const Turns& product, std::vector<Figure>& figures) {
  figures.push_back({absl::StrCat(name, "_pushed_back_calls"),
                     static_cast<double>(product.pushed_back),
                     "calls",
                     {}});
  figures.push_back({absl::StrCat(name, "_refused_records"),
                     static_cast<double>(product.refused),
                     "records",
                     {}});
}

// Records as the store would have them if customers and series, which say all their labels, had
// been numbered in advance.
std::vector<storage::RawRecord> PlainRecords(int count, Random& random) {
  std::vector<storage::RawRecord> records(count);
  uint64_t sequence = 0;
  for (storage::RawRecord& record : records) {
    BenchAnswer answer = RandomAnswer(absl::ToUnixMillis(absl::Now()), random);
    record.survey_number = 1;
    record.feedback_id = answer.feedback_id;
    record.header.score = answer.score;
    record.header.customer_ordinal = 1 + answer.customer;
    record.header.series = 1 + answer.combination;
    record.header.sequence = ++sequence;
    record.body.set_comment(std::move(answer.comment));
    record.body.set_receive_time_ms(answer.feedback_id.UnixMs());
  }
  return records;
}

// Records per second of plain writes. The making of the records is not counted.
absl::StatusOr<double> PlainTurn(storage::RawWriteBaseline& limit, int batch_size,
                                 absl::Duration time, Random& random) {
  // Records that are made at once: enough that the clock is seldom stopped.
  constexpr int kRecordsAtOnce = 10'000;
  const int groups = std::max(1, kRecordsAtOnce / batch_size);
  int64_t written = 0;
  absl::Duration spent;
  while (spent < time) {
    RETURN_IF_ERROR(CheckInterrupted());
    std::vector<storage::RawRecord> records = PlainRecords(groups * batch_size, random);
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
  ASSIGN_OR_RETURN(const std::unique_ptr<storage::RawWriteBaseline> plain,
                   storage::RawWriteBaseline::Open(workspace.Path("plain")));
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
  AddCosts(name, product, std::nullopt, figures);
  AddRefusals(name, product, figures);
  return figures;
}

// The servers that single calls are sent to.
enum UnarySideIndex { kProduct, kEcho, kGroupCommit, kUnarySides };

struct UnarySide {
  explicit UnarySide(Target& target) : target(target) {}

  Target& target;
  Turns warm_up;
  Turns full;  // With as many calls under way as the options say.
  Turns half;  // With half as many calls per second as the product answered then.
};
using UnarySides = std::array<UnarySide, kUnarySides>;

absl::Status TakeFullTurns(const BenchOptions& options, UnarySides& sides) {
  const auto slots = static_cast<size_t>(options.in_flight);
  std::vector<std::unique_ptr<UnaryLoop>> loops;
  for (UnarySide& side : sides) {
    loops.push_back(
        MakeUnaryLoop(side.target, slots, options.connections, LiveAnswers(options.seed, slots)));
    RETURN_IF_ERROR(TakeTurn(side.target, *loops.back(), kWarmUp, side.warm_up));
  }
  for (int i = 0; i < kTurns; ++i) {
    for (size_t j = 0; j < sides.size(); ++j) {
      RETURN_IF_ERROR(TakeTurn(sides[j].target, *loops[j], options.time / kTurns, sides[j].full));
    }
  }
  return absl::OkStatus();
}

// Adds the times of synced writes of 4 KiB between the turns to `syncs_ms`.
absl::Status TakeHalfLoadTurns(const Workspace& workspace, UnarySides& sides,
                               std::vector<double>& syncs_ms) {
  constexpr int kSyncsPerTurn = 20;
  const std::string block(4096, '\0');
  const BenchOptions& options = workspace.options();
  ASSIGN_OR_RETURN(const std::unique_ptr<SyncedFile> file,
                   SyncedFile::Open(workspace.Path("syncs")));
  std::vector<std::unique_ptr<OpenLoop>> loops;
  for (UnarySide& side : sides) {
    loops.push_back(std::make_unique<OpenLoop>(side.target, /*batch_size=*/1, ~options.seed));
    loops.back()->set_rate(Median(sides[kProduct].full.rates) / 2);
  }
  for (int i = 0; i < kTurns; ++i) {
    for (size_t j = 0; j < sides.size(); ++j) {
      RETURN_IF_ERROR(TakeTurn(sides[j].target, *loops[j], options.time / kTurns, sides[j].half));
    }
    for (int j = 0; j < kSyncsPerTurn; ++j) {
      const absl::Time start = absl::Now();
      RETURN_IF_ERROR(file->Append(block));
      syncs_ms.push_back(absl::ToDoubleMilliseconds(absl::Now() - start));
    }
  }
  return absl::OkStatus();
}

void AddUnaryFigures(const std::string& name, const UnarySide& side, const UnarySide& limit,
                     std::vector<Figure>& figures) {
  figures.push_back({absl::StrCat(name, "_calls_per_second"), Median(side.full.rates), "calls/s",
                     Median(limit.full.rates)});
  for (const auto& [suffix, turns] :
       {std::pair("_", &UnarySide::full), {"_half_load_", &UnarySide::half}}) {
    for (const auto& [quantile, percent] : {std::pair("median_ms", 50), {"p99_ms", 99}}) {
      figures.push_back({absl::StrCat(name, suffix, quantile),
                         Percentile((side.*turns).latencies_ms, percent), "ms",
                         Percentile((limit.*turns).latencies_ms, percent)});
    }
  }
  AddCosts(name, side.full, MedianIfAny(limit.full.cpu_us), figures);
}

}  // namespace

absl::StatusOr<std::vector<Figure>> MeasureUnary(Workspace& workspace) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Target> echo, workspace.StartEcho({}));
  ASSIGN_OR_RETURN(const std::unique_ptr<Target> group_commit,
                   workspace.StartEcho({.log = workspace.Path("log")}));
  UnarySides sides = {UnarySide(workspace.server()), UnarySide(*echo), UnarySide(*group_commit)};
  std::vector<double> syncs_ms;
  RETURN_IF_ERROR(TakeFullTurns(workspace.options(), sides));
  RETURN_IF_ERROR(TakeHalfLoadTurns(workspace, sides, syncs_ms));
  RETURN_IF_ERROR(echo->Stop());
  RETURN_IF_ERROR(group_commit->Stop());
  const UnarySide& product = sides[kProduct];
  RETURN_IF_ERROR(workspace.Finish(product.warm_up.acknowledged + product.full.acknowledged +
                                   product.half.acknowledged));

  std::vector<Figure> figures;
  AddUnaryFigures("unary", product, sides[kEcho], figures);
  AddRefusals("unary", product.full, figures);
  figures.push_back({"unary_sync_median_ms", Median(syncs_ms), "ms", {}});
  AddUnaryFigures("unary_group_commit", sides[kGroupCommit], sides[kEcho], figures);
  figures.push_back({"unary_of_group_commit", figures.front().value, "calls/s",
                     Median(sides[kGroupCommit].full.rates)});
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
  FeedbackStreams loop =
      MakeFeedbackStreams(workspace.server(), options, LiveAnswers(options.seed, streams));
  const ScansBeside scans(workspace.server(), absl::Seconds(options.ask_every));
  return MeasureBesidePlainWrites(workspace, "stream", loop);
}

}  // namespace emptychair::bench
