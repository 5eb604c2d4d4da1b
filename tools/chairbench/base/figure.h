// Prints the figures of a benchmark.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_BASE_FIGURE_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_BASE_FIGURE_H_

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/types/span.h"

namespace emptychair::bench {

// One figure. The ratio is always `value / limit`: for a rate the share of the limit that is
// reached, for a time how many times the limit it takes.
struct Figure {
  std::string name;
  double value = 0;
  std::string unit;
  // The same of what cannot be beaten, measured in the same run; absent where there is none.
  std::optional<double> limit;

  // Absent without a limit, and for a limit of 0.
  std::optional<double> ratio() const;
};

// {"name":…,"value":…,"unit":…,"limit":…,"ratio":…} with its LF; what is absent or not finite is
// null.
std::string ToJsonLine(const Figure& figure);

// A table for people.
void PrintTable(absl::Span<const Figure> figures, std::ostream& out);

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_BASE_FIGURE_H_
