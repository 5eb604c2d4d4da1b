#include "tools/chairbench/scenarios/overload.h"

#include <array>
#include <cstddef>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "tools/chairbench/base/statistics.h"
#include "tools/chairbench/load/open_loop.h"
#include "tools/chairbench/load/submit_loops.h"
#include "tools/chairbench/load/turns.h"

namespace emptychair::bench {
namespace {

constexpr std::array<int, 2> kFactors = {3, 10};

// What was sent and what came of it, at a multiple of the peak.
struct Overload {
  Turns turns;
  // Records sent, those refused among them, per second.
  std::vector<double> offered;
};

// Takes turns of `peak_loop`, which waits for answers, and of `open_loop`, which does not.
template <typename PeakLoop>
absl::StatusOr<std::vector<Figure>> Measure(Workspace& workspace, int batch_size,
                                            PeakLoop& peak_loop, OpenLoop& open_loop) {
  const absl::Duration time = workspace.options().time / kTurns;
  Target& server = workspace.server();
  Turns peak;
  std::array<Overload, kFactors.size()> overloads;
  Turns warm_up;
  RETURN_IF_ERROR(TakeTurn(server, peak_loop, kWarmUp, warm_up));
  for (int i = 0; i < kTurns; ++i) {
    RETURN_IF_ERROR(TakeTurn(server, peak_loop, time, peak));
    for (size_t j = 0; j < kFactors.size(); ++j) {
      Overload& overload = overloads[j];
      const int64_t calls_before = overload.turns.calls();
      open_loop.set_rate(kFactors[j] * peak.rates.back() / batch_size);
      RETURN_IF_ERROR(TakeTurn(server, open_loop, time, overload.turns));
      overload.offered.push_back(static_cast<double>(overload.turns.calls() - calls_before) *
                                 batch_size / absl::ToDoubleSeconds(time));
    }
  }
  int64_t acknowledged = warm_up.acknowledged + peak.acknowledged;
  const double peak_rate = Median(peak.rates);
  std::vector<Figure> figures = {
      {"overload_peak_records_per_second", peak_rate, "records/s", {}},
      {"overload_peak_p99_ms", Percentile(peak.latencies_ms, 99), "ms", {}}};
  for (size_t i = 0; i < kFactors.size(); ++i) {
    const Turns& turns = overloads[i].turns;
    const std::string name = absl::StrCat("overload_", kFactors[i], "x_");
    acknowledged += turns.acknowledged;
    figures.push_back({name + "records_per_second", Median(turns.rates), "records/s", peak_rate});
    figures.push_back({name + "offered_records_per_second", Median(overloads[i].offered),
                       "records/s", kFactors[i] * peak_rate});
    figures.push_back({name + "p99_ms", Percentile(turns.latencies_ms, 99), "ms",
                       Percentile(peak.latencies_ms, 99)});
    figures.push_back(
        {name + "pushed_back_calls", static_cast<double>(turns.pushed_back), "calls", {}});
  }
  RETURN_IF_ERROR(workspace.Finish(acknowledged));
  return figures;
}

}  // namespace

absl::StatusOr<std::vector<Figure>> MeasureOverload(Workspace& workspace) {
  const BenchOptions& options = workspace.options();
  OpenLoop open_loop(workspace.server(), options.batch_size, ~options.seed);
  if (options.batch_size == 1) {
    const auto slots = static_cast<size_t>(options.in_flight);
    const auto loop = MakeUnaryLoop(workspace.server(), slots, options.connections,
                                    LiveAnswers(options.seed, slots));
    return Measure(workspace, options.batch_size, *loop, open_loop);
  }
  const auto slots = static_cast<size_t>(options.batches);
  const auto loop = MakeBatchLoop(workspace.server(), slots, options.batch_size,
                                  LiveAnswers(options.seed, slots));
  return Measure(workspace, options.batch_size, *loop, open_loop);
}

}  // namespace emptychair::bench
