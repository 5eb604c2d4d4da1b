// Intervals as bars on a common axis, for terminals.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_PLOT_INTERVAL_AXIS_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_PLOT_INTERVAL_AXIS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "tools/chairctl/plot/number_axis.h"

namespace emptychair {

// Width of bars, in characters.
inline constexpr int kBarWidthMin = 20;
inline constexpr int kBarWidthMax = 48;

// An axis from the lowest to the highest number of all marks.
class IntervalAxis {
 public:
  explicit IntervalAxis(const std::vector<IntervalMark>& marks) : axis_(marks) {}

  // The two ends, at the two ends of `width` characters.
  std::string Heading(int width) const;

  // The interval and the value, in `width` characters; `┊` marks zero where the axis crosses it.
  // Empty without a value.
  std::string Bar(const IntervalMark& mark, int width) const;

 private:
  size_t At(double number, int width) const;

  NumberAxis axis_;
};

// `share`, 0 to 1, of `width` characters as a bar, in eighths of a character.
std::string PlainBar(double share, int width);

// A character for each mark, as high as its value lies between the lowest and the highest of them;
// a space for one without a value. Differences under `span_min` do not fill the height.
std::string Sparkline(const std::vector<IntervalMark>& marks, double span_min = 0);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_PLOT_INTERVAL_AXIS_H_
