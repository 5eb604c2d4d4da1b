#include "tools/chairctl/plot/svg_plot.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/chairctl/base/output.h"

namespace emptychair {
namespace {

// Room at both ends of a row, for the marks, in percent.
constexpr double kRowMargin = 3;
constexpr int kRowHeight = 22;
constexpr int kRowMiddle = kRowHeight / 2;

// Room at the left of a trend for the numbers of its axis, in percent, and its lines in pixels.
constexpr double kTrendLeft = 13;
constexpr double kTrendRight = 97;
constexpr double kTrendTop = 16;
constexpr double kTrendBottom = 186;
constexpr int kTrendHeight = 210;

constexpr double kSparkLeft = 3;
constexpr int kSparkHeight = 44;
constexpr double kSparkTop = 6;
constexpr double kSparkBottom = 38;

// With more points than this each is no more than a bend of the line.
constexpr size_t kDotsMax = 40;
// Characters of names that fit below the narrowest trend.
constexpr size_t kNameRoom = 40;
constexpr size_t kNamesMax = 7;
constexpr size_t kCentredNameMax = 8;

std::string Px(double number) { return absl::StrFormat("%.6g", number); }
std::string Pct(double number) { return Px(number) + "%"; }

// An SVG that says in words what it shows.
std::string Svg(int height, absl::string_view label, absl::string_view content) {
  const std::string text = EscapeHtml(label);
  return absl::StrCat("<svg class=\"plot\" role=\"img\" aria-label=\"", text, "\" height=\"",
                      height, "\"><title>", text, "</title>", content, "</svg>\n");
}

std::string Line(absl::string_view css_class, const std::string& x1, const std::string& y1,
                 const std::string& x2, const std::string& y2) {
  return absl::StrCat("<line class=\"", css_class, "\" x1=\"", x1, "\" y1=\"", y1, "\" x2=\"", x2,
                      "\" y2=\"", y2, "\"/>");
}

std::string Text(const std::string& x, const std::string& y, absl::string_view anchor,
                 absl::string_view text) {
  return absl::StrCat("<text x=\"", x, "\" y=\"", y, "\" text-anchor=\"", anchor, "\">",
                      EscapeHtml(text), "</text>");
}

// A line from top to bottom at each tick; the one at zero stands out.
std::string RowGrid(const TickedAxis& axis, int height) {
  std::string grid;
  for (const double tick : axis.ticks()) {
    const std::string x = Pct(RowX(axis, tick));
    absl::StrAppend(&grid, Line(tick == 0 ? "zero" : "grid", x, "0", x, Px(height)));
  }
  return grid;
}

std::string RowWhisker(const TickedAxis& axis, const IntervalMark& mark,
                       absl::string_view css_class) {
  if (!mark.low.has_value() || !mark.high.has_value()) {
    return "";
  }
  const std::string low = Pct(RowX(axis, *mark.low));
  const std::string high = Pct(RowX(axis, *mark.high));
  const std::string whisker = absl::StrCat("whisker ", css_class);
  const std::string top = Px(kRowMiddle - 4);
  const std::string bottom = Px(kRowMiddle + 4);
  return absl::StrCat(Line(whisker, low, Px(kRowMiddle), high, Px(kRowMiddle)),
                      Line(whisker, low, top, low, bottom), Line(whisker, high, top, high, bottom));
}

std::string RowBar(const TickedAxis& axis, double value, bool open) {
  const double zero = RowX(axis, 0);
  const double end = RowX(axis, value);
  const int half = open ? 4 : 6;
  return absl::StrFormat(
      "<rect class=\"bar first%s\" x=\"%s\" y=\"%d\" width=\"%s\" height=\"%d\"/>",
      open ? " open" : "", Pct(std::min(zero, end)), kRowMiddle - half, Pct(std::abs(end - zero)),
      2 * half);
}

std::string RowShape(const TickedAxis& axis, const PlotRow& row) {
  if (!row.mark.value.has_value()) {
    return "";
  }
  const std::string x = Pct(RowX(axis, *row.mark.value));
  const auto dot = [&](absl::string_view css_class) {
    return absl::StrCat("<circle class=\"mark ", css_class, "\" cx=\"", x, "\" cy=\"", kRowMiddle,
                        "\" r=\"5\"/>");
  };
  switch (row.shape) {
    case RowMark::kDot:
      return absl::StrCat(RowWhisker(axis, row.mark, "first"), dot("first"));
    case RowMark::kRing:
      return absl::StrCat(RowWhisker(axis, row.mark, "second"), dot("second ring"));
    case RowMark::kDiamond:
      // A path knows no percent: it is drawn around the origin of an SVG that does.
      return absl::StrCat(RowWhisker(axis, row.mark, "first"), "<svg x=\"", x, "\" y=\"",
                          kRowMiddle,
                          "\" overflow=\"visible\"><path class=\"mark first\" "
                          "d=\"M0-6L6 0L0 6L-6 0Z\"/></svg>");
    case RowMark::kBar:
      return absl::StrCat(RowBar(axis, *row.mark.value, false), RowWhisker(axis, row.mark, "ink"));
    case RowMark::kOpenBar:
      return RowBar(axis, *row.mark.value, true);
  }
  return "";
}

std::string RowCells(absl::string_view name, absl::string_view detail, const std::string& svg) {
  return absl::StrCat("<div class=\"row\"><span class=\"name\">", DataText(name).html,
                      "</span><span class=\"detail\">", DataText(detail).html, "</span>", svg,
                      "</div>\n");
}

// The middle of a text that stands at `percent`, or one of its ends where it could be cut off.
absl::string_view AnchorAt(double percent, double left, double right) {
  return percent < left ? "start" : percent > right ? "end" : "middle";
}

std::string RowAxis(const TickedAxis& axis) {
  std::string ticks;
  std::string words = "axis:";
  for (const double tick : axis.ticks()) {
    const double x = RowX(axis, tick);
    absl::StrAppend(&ticks, Text(Pct(x), "14", AnchorAt(x, 0, 100), axis.TextOf(tick)));
    absl::StrAppend(&words, " ", axis.TextOf(tick));
  }
  return RowCells("", "", Svg(18, words, ticks));
}

// A run of points with values: its first, and the one after its last.
using Run = std::pair<size_t, size_t>;

std::vector<Run> RunsOf(const std::vector<IntervalMark>& marks) {
  std::vector<Run> runs;
  for (size_t i = 0; i < marks.size(); ++i) {
    if (!marks[i].value.has_value()) {
      continue;
    }
    if (runs.empty() || runs.back().second != i) {
      runs.emplace_back(i, i);
    }
    runs.back().second = i + 1;
  }
  return runs;
}

// Where the points of a trend lie in its drawing.
struct Frame {
  double left;
  double right;
  double top;
  double bottom;
  int height;

  double X(size_t point, size_t count) const {
    return count < 2 ? (left + right) / 2
                     : left + (right - left) * static_cast<double>(point) /
                                  static_cast<double>(count - 1);
  }
  double Y(double share) const { return bottom - (bottom - top) * share; }
};

constexpr Frame kTrendFrame = {kTrendLeft, kTrendRight, kTrendTop, kTrendBottom, kTrendHeight};
constexpr Frame kSparkFrame = {kSparkLeft, kTrendRight, kSparkTop, kSparkBottom, kSparkHeight};

// What draws the points of one trend in one frame.
template <typename Axis>
class TrendDrawing {
 public:
  TrendDrawing(const Trend& trend, const Frame& frame, const Axis& axis)
      : trend_(trend), frame_(frame), axis_(axis) {}

  // The bands and lines of all runs. Paths know no percent: their SVG is 100 wide, whatever the
  // width on the screen, and as high in its own units as in pixels.
  std::string Paths() const {
    std::string paths;
    for (const auto& [begin, end] : RunsOf(trend_.marks)) {
      absl::StrAppend(&paths, "<path class=\"band first\" d=\"", BandOf(begin, end), "\"/>",
                      "<path class=\"line first\" d=\"");
      for (size_t i = begin; i < end; ++i) {
        absl::StrAppend(&paths, i == begin ? "M" : "L", PointAt(i, *trend_.marks[i].value));
      }
      absl::StrAppend(&paths, "\"/>");
    }
    return absl::StrCat("<svg width=\"100%\" height=\"", frame_.height, "\" viewBox=\"0 0 100 ",
                        frame_.height, "\" preserveAspectRatio=\"none\">", paths, "</svg>");
  }

  std::string Dot(size_t i) const {
    const IntervalMark& mark = trend_.marks[i];
    std::string words = absl::StrCat(trend_.names[i], ": ", NumberText(*mark.value, 2));
    if (mark.low.has_value() && mark.high.has_value()) {
      absl::StrAppend(&words, " (", NumberText(*mark.low, 2), " … ", NumberText(*mark.high, 2),
                      ")");
    }
    return absl::StrCat("<circle class=\"mark first\" cx=\"", Pct(XOf(i)), "\" cy=\"",
                        Px(YOf(*mark.value)), "\" r=\"3\"><title>", EscapeHtml(words),
                        "</title></circle>");
  }

  std::string Whisker(size_t i) const {
    const IntervalMark& mark = trend_.marks[i];
    if (!mark.low.has_value() || !mark.high.has_value()) {
      return "";
    }
    const std::string x = Pct(XOf(i));
    return Line("whisker first", x, Px(YOf(*mark.low)), x, Px(YOf(*mark.high)));
  }

 private:
  double XOf(size_t i) const { return frame_.X(i, trend_.marks.size()); }
  double YOf(double number) const { return frame_.Y(axis_.ShareOf(number)); }

  std::string PointAt(size_t i, double number) const {
    return absl::StrCat(Px(XOf(i)), " ", Px(YOf(number)));
  }

  // Along the upper ends and back along the lower ones; the value itself stands for an end that is
  // not there.
  std::string BandOf(size_t begin, size_t end) const {
    std::string path;
    for (size_t i = begin; i < end; ++i) {
      const IntervalMark& mark = trend_.marks[i];
      absl::StrAppend(&path, i == begin ? "M" : "L", PointAt(i, mark.high.value_or(*mark.value)));
    }
    for (size_t i = end; i-- > begin;) {
      const IntervalMark& mark = trend_.marks[i];
      absl::StrAppend(&path, "L", PointAt(i, mark.low.value_or(*mark.value)));
    }
    return path + "Z";
  }

  const Trend& trend_;
  const Frame& frame_;
  const Axis& axis_;
};

// As many names as fit below the points, evenly apart, the first among them.
std::string TrendNames(const Trend& trend) {
  size_t longest = 1;
  for (const std::string& name : trend.names) {
    longest = std::max(longest, DisplayWidth(name));
  }
  const size_t count = trend.names.size();
  const size_t room = std::clamp<size_t>(kNameRoom / (longest + 1), 1, kNamesMax);
  const size_t step = std::max<size_t>(1, (count + room - 1) / room);
  // Longer ones would reach past the edges of the page.
  const bool centred = longest <= kCentredNameMax;
  std::string names;
  for (size_t i = 0; i < count; i += step) {
    const double x = TrendX(trend, i);
    absl::StrAppend(&names, Text(Pct(x), Px(kTrendHeight - 6),
                                 centred ? "middle" : AnchorAt(x, 20, 85), trend.names[i]));
  }
  return names;
}

// The trend in words: its first and its last value, and how many are missing.
std::string TrendWords(const Trend& trend) {
  const std::vector<Run> runs = RunsOf(trend.marks);
  if (runs.empty()) {
    return absl::StrCat(trend.title, ": no values");
  }
  const size_t first = runs.front().first;
  const size_t last = runs.back().second - 1;
  std::string words = absl::StrCat(
      trend.title, ": ", NumberText(*trend.marks[first].value, 2), " in ", trend.names[first],
      " to ", NumberText(*trend.marks[last].value, 2), " in ", trend.names[last]);
  const auto gaps = std::count_if(trend.marks.begin(), trend.marks.end(),
                                  [](const IntervalMark& mark) { return !mark.value.has_value(); });
  if (gaps > 0) {
    absl::StrAppend(&words, ", ", gaps, " of ", trend.marks.size(), " without a value");
  }
  return words;
}

}  // namespace

double RowX(const TickedAxis& axis, double number) {
  return kRowMargin + (100 - 2 * kRowMargin) * axis.ShareOf(number);
}

Markup RowPlot(absl::string_view caption, const std::vector<PlotRow>& rows,
               const TickedAxis& axis) {
  std::string html = absl::StrCat("<figure class=\"wide\"><figcaption>", DataText(caption).html,
                                  "</figcaption>\n");
  const std::string grid = RowGrid(axis, kRowHeight);
  std::string group;
  for (const PlotRow& row : rows) {
    if (!row.group.empty()) {
      group = row.group;
      absl::StrAppend(&html, "<div class=\"group\">", DataText(group).html, "</div>\n");
    }
    const std::string words =
        absl::StrCat(group.empty() ? "" : group + ", ", row.name, ": ", row.detail);
    absl::StrAppend(
        &html, RowCells(row.name, row.detail, Svg(kRowHeight, words, grid + RowShape(axis, row))));
  }
  return {absl::StrCat(html, RowAxis(axis), "</figure>\n")};
}

double TrendX(const Trend& trend, size_t point) { return kTrendFrame.X(point, trend.marks.size()); }

double TrendY(const TickedAxis& axis, double number) { return kTrendFrame.Y(axis.ShareOf(number)); }

Markup TrendPlot(const Trend& trend, const TickedAxis& axis) {
  std::string content;
  for (const double tick : axis.ticks()) {
    const double y = TrendY(axis, tick);
    absl::StrAppend(&content, Line(tick == 0 ? "zero" : "grid", "0", Px(y), "100%", Px(y)),
                    Text("0", Px(y - 3), "start", axis.TextOf(tick)));
  }
  const TrendDrawing drawing(trend, kTrendFrame, axis);
  absl::StrAppend(&content, drawing.Paths());
  for (const auto& [begin, end] : RunsOf(trend.marks)) {
    if (end - begin == 1) {
      content += drawing.Whisker(begin);
    }
    for (size_t i = begin; i < end; ++i) {
      if (end - begin == 1 || trend.marks.size() <= kDotsMax) {
        content += drawing.Dot(i);
      }
    }
  }
  content += TrendNames(trend);
  return {absl::StrCat("<figure><figcaption>", DataText(trend.title).html, "</figcaption>",
                       Svg(kTrendHeight, TrendWords(trend), content), "</figure>\n")};
}

Markup SparklinePlot(const Trend& trend) {
  const NumberAxis axis(trend.marks);
  const TrendDrawing drawing(trend, kSparkFrame, axis);
  std::string content = drawing.Paths();
  for (const auto& [begin, end] : RunsOf(trend.marks)) {
    if (end == trend.marks.size()) {
      content += drawing.Whisker(end - 1);
      content += drawing.Dot(end - 1);
    } else if (end - begin == 1) {
      content += drawing.Dot(begin);
    }
  }
  return {Svg(kSparkHeight, TrendWords(trend), content)};
}

}  // namespace emptychair
