#include "tools/chairbench/scenarios/client.h"

#include <time.h>

#include <cstddef>
#include <memory>
#include <utility>

#include "common/base/status_macros.h"
#include "tools/chairbench/base/statistics.h"
#include "tools/chairbench/load/sides.h"
#include "tools/chairbench/load/submit_loops.h"
#include "tools/chairbench/load/writer_loop.h"

namespace emptychair::bench {
namespace {

// The processor time of this process so far.
absl::Duration CpuTime() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return absl::DurationFromTimespec(time);
}

// `side`, whose turns also note what a record costs this process, in microseconds. The warm-up is
// noted as well, as one of many.
Side NotingCpu(Side side, std::shared_ptr<std::vector<double>> cpu_us) {
  side.run = [run = std::move(side.run),
              cpu_us](absl::Duration time) -> absl::StatusOr<LoopResult> {
    const absl::Duration before = CpuTime();
    ASSIGN_OR_RETURN(LoopResult result, run(time));
    cpu_us->push_back(absl::ToDoubleMicroseconds(CpuTime() - before) /
                      static_cast<double>(result.accepted));
    return result;
  };
  return side;
}

absl::StatusOr<Side> MakeAsyncSide(Workspace& workspace, int channels, uint64_t seed) {
  const BenchOptions& options = workspace.options();
  ClientOptions client_options = options.client;
  client_options.endpoint = workspace.server().endpoint();
  client_options.channels = channels;
  ASSIGN_OR_RETURN(Client client, Client::Create(client_options));
  const auto slots = static_cast<size_t>(options.in_flight);
  const std::shared_ptr<UnaryLoop> loop =
      MakeAsyncLoop(std::move(client), slots, LiveAnswers(seed, slots));
  return Side{.server = &workspace.server(),
              .run = [loop](absl::Duration time) { return loop->Run(time); }};
}

}  // namespace

absl::StatusOr<std::vector<Figure>> MeasureWriter(Workspace& workspace) {
  const BenchOptions& options = workspace.options();
  Target& server = workspace.server();
  const auto threads = static_cast<size_t>(options.streams);
  const auto loop = std::make_shared<WriterLoop>(server.client(), options.batch_size, threads,
                                                 LiveAnswers(options.seed, threads));
  const auto writer_cpu_us = std::make_shared<std::vector<double>>();
  const auto stream_cpu_us = std::make_shared<std::vector<double>>();
  Side writer =
      NotingCpu({.server = &server, .run = [loop](absl::Duration time) { return loop->Run(time); }},
                writer_cpu_us);
  Side streams = NotingCpu(MakeStreamSide(server, options, ~options.seed), stream_cpu_us);
  RETURN_IF_ERROR(TakeSideTurns({&writer, &streams}, options.time));
  RETURN_IF_ERROR(workspace.Finish(writer.acknowledged() + streams.acknowledged()));

  std::vector<Figure> figures;
  AddSideRates("writer", "records_per_second", writer, streams, figures);
  figures.push_back(
      {"writer_client_cpu_us", Median(*writer_cpu_us), "us/record", Median(*stream_cpu_us)});
  figures.push_back({"writer_add_median_us", Median(writer.turns.latencies_ms) * 1'000, "us", {}});
  figures.push_back(
      {"writer_add_p99_us", Percentile(writer.turns.latencies_ms, 99) * 1'000, "us", {}});
  return figures;
}

absl::StatusOr<std::vector<Figure>> MeasureClient(Workspace& workspace) {
  const BenchOptions& options = workspace.options();
  Target& server = workspace.server();
  ASSIGN_OR_RETURN(Side one, MakeAsyncSide(workspace, /*channels=*/1, options.seed));
  ASSIGN_OR_RETURN(Side several, MakeAsyncSide(workspace, options.channels, options.seed + 1'000));
  Side stubs = MakeUnarySide(server, server, options, ~options.seed);
  const auto one_cpu_us = std::make_shared<std::vector<double>>();
  const auto several_cpu_us = std::make_shared<std::vector<double>>();
  const auto stubs_cpu_us = std::make_shared<std::vector<double>>();
  one = NotingCpu(std::move(one), one_cpu_us);
  several = NotingCpu(std::move(several), several_cpu_us);
  stubs = NotingCpu(std::move(stubs), stubs_cpu_us);
  RETURN_IF_ERROR(TakeSideTurns({&one, &several, &stubs}, options.time));
  RETURN_IF_ERROR(
      workspace.Finish(one.acknowledged() + several.acknowledged() + stubs.acknowledged()));

  std::vector<Figure> figures;
  AddSideFigures("client_async", "calls_per_second", one, stubs, figures);
  figures.push_back(
      {"client_async_client_cpu_us", Median(*one_cpu_us), "us", Median(*stubs_cpu_us)});
  AddSideFigures("client_channels", "calls_per_second", several, one, figures);
  figures.push_back(
      {"client_channels_client_cpu_us", Median(*several_cpu_us), "us", Median(*one_cpu_us)});
  return figures;
}

}  // namespace emptychair::bench
