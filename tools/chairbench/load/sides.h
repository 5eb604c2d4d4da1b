// Compares two ways of doing the same that differ by a few hundredths.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_LOAD_SIDES_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_LOAD_SIDES_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "tools/chairbench/base/figure.h"
#include "tools/chairbench/load/closed_loop.h"
#include "tools/chairbench/load/turns.h"
#include "tools/chairbench/servers/options.h"
#include "tools/chairbench/servers/target.h"

namespace emptychair::bench {

// So many turns that a median of them is steady to about a hundredth on a quiet machine.
inline constexpr int kSideTurns = 10;

// One of the ways, with what came of it.
struct Side {
  // Who counts, and whose processor time it is; must outlive the side.
  Target* server = nullptr;
  // Does it for some time, as Run of a loop does.
  std::function<absl::StatusOr<LoopResult>(absl::Duration)> run;
  CountedBy counted_by = CountedBy::kServer;
  Turns warm_up;
  Turns turns;

  absl::StatusOr<LoopResult> Run(absl::Duration time) const { return run(time); }
  // In all its turns.
  int64_t acknowledged() const { return warm_up.acknowledged + turns.acknowledged; }
};

// A side that sends single answers as `caller`, who calls `server`. Both must outlive it.
Side MakeUnarySide(Target& server, const Target& caller, const BenchOptions& options,
                   uint64_t seed);

// A side that streams answers. `server` must outlive it.
Side MakeStreamSide(Target& server, const BenchOptions& options, uint64_t seed);

// Warms each side up, then gives each kSideTurns turns of equal parts of `time`. Every other round
// goes backwards, so that none always comes after the same one.
absl::Status TakeSideTurns(absl::Span<Side* const> sides, absl::Duration time);

// What `side` did, with the limit's beside it: `name`_`rate`, its rate by turns
// (…_of_limit_by_turns: the median of the ratios of each round, which other load of the machine
// moves less than the ratio of the medians), and processor time of the server.
void AddSideRates(const std::string& name, const std::string& rate, const Side& side,
                  const Side& limit, std::vector<Figure>& figures);

// The same and latencies.
void AddSideFigures(const std::string& name, const std::string& rate, const Side& side,
                    const Side& limit, std::vector<Figure>& figures);

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_LOAD_SIDES_H_
