// Says whether a promise about chance was kept, and prints it.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_HONESTY_ROW_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_HONESTY_ROW_H_

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/types/span.h"

namespace emptychair::bench {

// How often something happened.
struct Tally {
  int64_t hits = 0;
  int64_t replicates = 0;

  void Add(bool hit) {
    hits += hit ? 1 : 0;
    ++replicates;
  }
  void Add(const Tally& other) {
    hits += other.hits;
    replicates += other.replicates;
  }
  // NaN without replicates.
  double rate() const;
};

// One promise: a rate that must not be beyond its limits by more than chance explains.
struct HonestyRow {
  std::string setting;
  // NaN: there was nothing to judge by.
  double rate = 0;
  int64_t replicates = 0;
  // Absent: none on that side.
  std::optional<double> low;
  std::optional<double> high;

  // Whether the rate is beyond neither limit p by more than 2 sqrt(p (1 - p) / replicates), which
  // is two standard errors of a rate whose true value is the limit.
  bool Holds() const;
};

using HonestyRows = std::vector<HonestyRow>;

// The row of a rate that must be in [low, high].
HonestyRow RowBetween(std::string setting, const Tally& tally, double low, double high);
// The rows of rates with one limit.
HonestyRow RowAtLeast(std::string setting, const Tally& tally, double low);
HonestyRow RowAtMost(std::string setting, const Tally& tally, double high);

// {"setting":…,"rate":…,"replicates":…,"low":…,"high":…,"holds":…} with its LF; what is absent or
// not finite is null.
std::string ToJsonLine(const HonestyRow& row);

// Prints a table for people, rates in percent.
void PrintTable(absl::Span<const HonestyRow> rows, std::ostream& out);

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_HONESTY_ROW_H_
