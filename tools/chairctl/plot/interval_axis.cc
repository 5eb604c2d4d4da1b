#include "tools/chairctl/plot/interval_axis.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/chairctl/base/output.h"

namespace emptychair {
namespace {

constexpr int kEighths = 8;
constexpr absl::string_view kWidths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
constexpr absl::string_view kHeights[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

}  // namespace

std::string IntervalAxis::Heading(int width) const {
  const std::string low = RoundedNumber(axis_.min());
  const std::string high = RoundedNumber(axis_.max());
  const int gap = std::max(1, width - static_cast<int>(low.size() + high.size()));
  return absl::StrCat(low, std::string(static_cast<size_t>(gap), ' '), high);
}

std::string IntervalAxis::Bar(const IntervalMark& mark, int width) const {
  if (!mark.value.has_value()) {
    return "";
  }
  std::vector<std::string> cells(static_cast<size_t>(width), " ");
  if (axis_.CrossesZero()) {
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

size_t IntervalAxis::At(double number, int width) const {
  return static_cast<size_t>(std::lround(axis_.ShareOf(number) * (width - 1)));
}

std::string PlainBar(double share, int width) {
  const auto eighths =
      static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * kEighths * width));
  std::string bar;
  for (int i = 0; i < eighths / kEighths; ++i) {
    absl::StrAppend(&bar, kWidths[kEighths]);
  }
  return absl::StrCat(bar, kWidths[eighths % kEighths]);
}

std::string Sparkline(const std::vector<IntervalMark>& marks, double span_min) {
  std::vector<IntervalMark> values;
  for (const IntervalMark& mark : marks) {
    values.push_back({.value = mark.value});
  }
  if (span_min > 0) {
    values.push_back({.value = NumberAxis(values).min() + span_min});
  }
  const NumberAxis axis(values);
  std::string line;
  for (const IntervalMark& mark : marks) {
    absl::StrAppend(&line, mark.value.has_value()
                               ? kHeights[std::lround(axis.ShareOf(*mark.value) * (kEighths - 1))]
                               : absl::string_view(" "));
  }
  return line;
}

}  // namespace emptychair
