// Intervals as bars on a common axis, for terminals.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_INTERVAL_AXIS_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_INTERVAL_AXIS_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace emptychair {

// How wide bars are, in characters.
inline constexpr int kBarWidthMin = 20;
inline constexpr int kBarWidthMax = 48;

// What a bar shows. Without a value it is empty.
struct IntervalMark {
  std::optional<double> value;
  std::optional<double> low;
  std::optional<double> high;
};

// An axis from the lowest to the highest number of all marks.
class IntervalAxis {
 public:
  explicit IntervalAxis(const std::vector<IntervalMark>& marks);

  // The two ends, at the two ends of `width` characters.
  std::string Heading(int width) const;

  // The interval and the value, in `width` characters; `┊` marks zero where the axis crosses it.
  std::string Bar(const IntervalMark& mark, int width) const;

 private:
  void Include(std::optional<double> number);
  size_t At(double number, int width) const;

  std::optional<double> min_;
  std::optional<double> max_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_INTERVAL_AXIS_H_
