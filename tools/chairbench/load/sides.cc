#include "tools/chairbench/load/sides.h"

#include <cstddef>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "tools/chairbench/base/statistics.h"
#include "tools/chairbench/load/stream_loop.h"
#include "tools/chairbench/load/submit_loops.h"

namespace emptychair::bench {

Side MakeUnarySide(Target& server, const Target& caller, const BenchOptions& options,
                   uint64_t seed) {
  const auto slots = static_cast<size_t>(options.in_flight);
  const std::shared_ptr<UnaryLoop> loop =
      MakeUnaryLoop(caller, slots, options.connections, LiveAnswers(seed, slots));
  return {.server = &server, .run = [loop](absl::Duration time) { return loop->Run(time); }};
}

Side MakeStreamSide(Target& server, const BenchOptions& options, uint64_t seed) {
  const auto loop = std::make_shared<FeedbackStreams>(MakeFeedbackStreams(
      server, options, LiveAnswers(seed, static_cast<size_t>(options.streams))));
  return {.server = &server, .run = [loop](absl::Duration time) { return loop->Run(time); }};
}

absl::Status TakeSideTurns(absl::Span<Side* const> sides, absl::Duration time) {
  for (Side* const side : sides) {
    RETURN_IF_ERROR(TakeTurn(*side->server, *side, kWarmUp, side->warm_up, side->counted_by));
  }
  for (int round = 0; round < kSideTurns; ++round) {
    for (size_t i = 0; i < sides.size(); ++i) {
      Side& side = *sides[round % 2 == 0 ? i : sides.size() - 1 - i];
      RETURN_IF_ERROR(TakeTurn(*side.server, side, time / kSideTurns, side.turns, side.counted_by));
    }
  }
  return absl::OkStatus();
}

void AddSideRates(const std::string& name, const std::string& rate, const Side& side,
                  const Side& limit, std::vector<Figure>& figures) {
  const Turns& ours = side.turns;
  const Turns& theirs = limit.turns;
  std::vector<double> ratios;
  for (size_t i = 0; i < ours.rates.size(); ++i) {
    ratios.push_back(ours.rates[i] / theirs.rates[i]);
  }
  figures.push_back({absl::StrCat(name, "_", rate), Median(ours.rates),
                     absl::StrCat(rate == "calls_per_second" ? "calls" : "records", "/s"),
                     Median(theirs.rates)});
  figures.push_back({absl::StrCat(name, "_of_limit_by_turns"), Median(ratios), "of the limit", {}});
  if (!ours.cpu_us.empty() && !theirs.cpu_us.empty()) {
    figures.push_back(
        {absl::StrCat(name, "_server_cpu_us"), Median(ours.cpu_us), "us", Median(theirs.cpu_us)});
  }
}

void AddSideFigures(const std::string& name, const std::string& rate, const Side& side,
                    const Side& limit, std::vector<Figure>& figures) {
  AddSideRates(name, rate, side, limit, figures);
  for (const auto& [suffix, percent] : {std::pair("_median_ms", 50), {"_p99_ms", 99}}) {
    figures.push_back({absl::StrCat(name, suffix), Percentile(side.turns.latencies_ms, percent),
                       "ms", Percentile(limit.turns.latencies_ms, percent)});
  }
}

}  // namespace emptychair::bench
