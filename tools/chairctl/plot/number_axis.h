// The numbers that a drawing spans, on terminals and on pages.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_PLOT_NUMBER_AXIS_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_PLOT_NUMBER_AXIS_H_

#include <optional>
#include <string>
#include <vector>

namespace emptychair {

// A value and its interval, as far as they are there.
struct IntervalMark {
  std::optional<double> value;
  std::optional<double> low;
  std::optional<double> high;
};

// From the lowest to the highest number of some marks; one to either side when these are one number
// or none. What is not finite does not count. Immutable.
class NumberAxis {
 public:
  explicit NumberAxis(const std::vector<IntervalMark>& marks);

  double min() const { return min_; }
  double max() const { return max_; }

  // Where `number` lies: 0 at the lowest, 1 at the highest, never beyond these.
  double ShareOf(double number) const;

  bool CrossesZero() const { return min_ < 0 && max_ > 0; }

 private:
  double min_ = 0;
  double max_ = 0;
};

// An axis with marks at multiples of a round step, 1, 2 or 5 times a power of ten; it starts and
// ends at such a mark. Immutable.
class TickedAxis {
 public:
  // Spans `marks` in at most `steps_max` steps, and up to two more for its round ends.
  TickedAxis(const std::vector<IntervalMark>& marks, int steps_max);

  // Ascending, at least two.
  const std::vector<double>& ticks() const { return ticks_; }

  // A tick in as few decimals as tell all of them apart.
  std::string TextOf(double tick) const;

  double ShareOf(double number) const { return axis_.ShareOf(number); }

 private:
  // The widened axis.
  NumberAxis axis_;
  int decimals_ = 0;
  std::vector<double> ticks_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_PLOT_NUMBER_AXIS_H_
