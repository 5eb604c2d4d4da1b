#include "tools/chairctl/interval_axis.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/chairctl/output.h"

namespace emptychair {

IntervalAxis::IntervalAxis(const std::vector<IntervalMark>& marks) {
  for (const IntervalMark& mark : marks) {
    Include(mark.value);
    Include(mark.low);
    Include(mark.high);
  }
  if (max_.value_or(0) - min_.value_or(0) <= 0) {
    min_ = min_.value_or(0) - 1;
    max_ = max_.value_or(0) + 1;
  }
}

std::string IntervalAxis::Heading(int width) const {
  const std::string low = RoundedNumber(*min_);
  const std::string high = RoundedNumber(*max_);
  const int gap = std::max(1, width - static_cast<int>(low.size() + high.size()));
  return absl::StrCat(low, std::string(static_cast<size_t>(gap), ' '), high);
}

std::string IntervalAxis::Bar(const IntervalMark& mark, int width) const {
  if (!mark.value.has_value()) {
    return "";
  }
  std::vector<std::string> cells(static_cast<size_t>(width), " ");
  if (*min_ < 0 && *max_ > 0) {
    cells[At(0, width)] = "┊";
  }
  if (mark.low.has_value() && mark.high.has_value()) {
    const size_t low = At(*mark.low, width);
    const size_t high = At(*mark.high, width);
    std::fill(cells.begin() + static_cast<std::ptrdiff_t>(low),
              cells.begin() + static_cast<std::ptrdiff_t>(high) + 1, "─");
    cells[low] = "├";
    cells[high] = "┤";
  }
  cells[At(*mark.value, width)] = "●";
  return absl::StrJoin(cells, "");
}

void IntervalAxis::Include(std::optional<double> number) {
  if (number.has_value() && std::isfinite(*number)) {
    min_ = std::min(min_.value_or(*number), *number);
    max_ = std::max(max_.value_or(*number), *number);
  }
}

size_t IntervalAxis::At(double number, int width) const {
  const double share = (std::clamp(number, *min_, *max_) - *min_) / (*max_ - *min_);
  return static_cast<size_t>(std::lround(share * (width - 1)));
}

}  // namespace emptychair
