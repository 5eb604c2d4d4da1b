// Measures both sides of a comparison by turns, so that other load of the machine hits both.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_LOAD_TURNS_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_LOAD_TURNS_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/status_macros.h"
#include "tools/chairbench/load/closed_loop.h"
#include "tools/chairbench/servers/target.h"

namespace emptychair::bench {

inline constexpr int kTurns = 5;
inline constexpr absl::Duration kWarmUp = absl::Milliseconds(500);

// Results of the turns of one side: rates, costs and groups by turn, the rest of all together.
struct Turns {
  std::vector<double> rates;
  std::vector<double> cpu_us;
  std::vector<double> group_sizes;
  std::vector<double> latencies_ms;
  int64_t acknowledged = 0;
  int64_t pushed_back = 0;
  int64_t refused = 0;

  // How many were answered, those pushed back among them.
  int64_t calls() const { return static_cast<int64_t>(latencies_ms.size()) + pushed_back; }
};

// Who counts what a turn did: the server its records, or the loop its calls, of those that bring
// none.
enum class CountedBy { kServer, kLoop };

// Runs a turn of `loop`, which is a ClosedLoop or the like, against a server, and adds it to
// `turns`.
template <typename Loop>
absl::Status TakeTurn(Target& target, Loop& loop, absl::Duration time, Turns& turns,
                      CountedBy counted_by = CountedBy::kServer) {
  ASSIGN_OR_RETURN(const Usage before, target.ReadUsage());
  ASSIGN_OR_RETURN(const LoopResult result, loop.Run(time));
  ASSIGN_OR_RETURN(const Usage after, target.ReadUsage());
  const auto accepted = static_cast<double>(
      counted_by == CountedBy::kServer ? after.accepted - before.accepted : result.accepted);
  turns.rates.push_back(accepted / absl::ToDoubleSeconds(result.elapsed));
  if (before.cpu.has_value() && after.cpu.has_value()) {
    turns.cpu_us.push_back(absl::ToDoubleMicroseconds(*after.cpu - *before.cpu) / accepted);
  }
  if (counted_by == CountedBy::kServer) {
    turns.group_sizes.push_back(accepted / static_cast<double>(after.groups - before.groups));
  }
  turns.latencies_ms.insert(turns.latencies_ms.end(), result.latencies_ms.begin(),
                            result.latencies_ms.end());
  turns.acknowledged += result.accepted;
  turns.pushed_back += result.pushed_back;
  turns.refused += after.refused - before.refused;
  return absl::OkStatus();
}

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_LOAD_TURNS_H_
