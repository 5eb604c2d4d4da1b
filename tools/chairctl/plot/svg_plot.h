// Drawings for pages, as SVG. Across they are measured in percent, so that they are as wide as
// their place, down in pixels; letters and marks keep their size on every screen.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_PLOT_SVG_PLOT_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_PLOT_SVG_PLOT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tools/chairctl/base/markup.h"
#include "tools/chairctl/plot/number_axis.h"

namespace emptychair {

// Marks of a row. Those of one plot differ in shape, not in colour alone.
enum class RowMark {
  kDot,      // a filled dot on its interval
  kRing,     // an open dot on its interval
  kDiamond,  // a diamond on its interval
  kBar,      // a filled bar from zero, with its interval across it
  kOpenBar,  // an outlined bar from zero
};

// A line of a plot: its name, its drawing, its numbers in words.
struct PlotRow {
  std::string name;
  std::string detail;
  IntervalMark mark;
  RowMark shape = RowMark::kDot;
  // Stands above the row when it is not empty: what this and the rows that follow are of.
  std::string group = {};
};

// Position of a number across a row, in percent of its width.
double RowX(const TickedAxis& axis, double number);

// Rows below each other on one axis, which is written below them. `caption` says what is shown and
// what the marks mean. A row whose mark has no value has its name and detail only.
Markup RowPlot(absl::string_view caption, const std::vector<PlotRow>& rows, const TickedAxis& axis);

// A value over time.
struct Trend {
  std::string title;
  // The names of the points, in their order, and the points; those without a value are gaps.
  std::vector<std::string> names;
  std::vector<IntervalMark> marks;
};

// Position of a point: percent across, pixels down.
double TrendX(const Trend& trend, size_t point);
double TrendY(const TickedAxis& axis, double number);

// A line through the values on a band of their intervals.
Markup TrendPlot(const Trend& trend, const TickedAxis& axis);

// The same without letters, on an axis of its own, with the interval of the last point as a
// whisker.
Markup SparklinePlot(const Trend& trend);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_PLOT_SVG_PLOT_H_
