#include "tools/chairctl/plot/svg_plot.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/html_query.h"

namespace emptychair {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr double kPrecision = 1e-3;

double Number(const Attributes& element, const std::string& name) {
  double number = 0;
  const auto found = element.find(name);
  EXPECT_TRUE(found != element.end() &&
              absl::SimpleAtod(absl::StripSuffix(found->second, "%"), &number))
      << name;
  return number;
}

// The elements of a class, `mark` among `mark first ring`.
std::vector<Attributes> OfClass(const std::string& html, const std::string& element,
                                const std::string& css_class) {
  std::vector<Attributes> found;
  for (const Attributes& attributes : ElementsOf(html, element)) {
    const auto classes = attributes.find("class");
    if (classes != attributes.end() && absl::StrContains(absl::StrCat(" ", classes->second, " "),
                                                         absl::StrCat(" ", css_class, " "))) {
      found.push_back(attributes);
    }
  }
  return found;
}

Trend Values(std::vector<std::optional<double>> values) {
  Trend trend{.title = "web"};
  for (const std::optional<double>& value : values) {
    trend.names.push_back(absl::StrCat("m", trend.names.size()));
    IntervalMark mark{.value = value};
    if (value.has_value()) {
      mark.low = *value - 5;
      mark.high = *value + 5;
    }
    trend.marks.push_back(mark);
  }
  return trend;
}

TEST(RowPlot, PutsMarksWhereTheAxisSays) {
  const TickedAxis axis({{.low = -20, .high = 80}}, 5);
  const std::string html =
      RowPlot("NPS", {{"web", "40 (0 … 60)", {.value = 40, .low = 0, .high = 60}}}, axis).html;
  EXPECT_EQ(MarkupError(html), "");
  const std::vector<Attributes> grid = OfClass(html, "line", "grid");
  const std::vector<Attributes> zero = OfClass(html, "line", "zero");
  ASSERT_EQ(grid.size() + zero.size(), axis.ticks().size());
  ASSERT_EQ(zero.size(), 1u);
  const std::vector<Attributes> dots = OfClass(html, "circle", "mark");
  ASSERT_EQ(dots.size(), 1u);
  // At -20, 20, 40, 60 and 80; that at 0 is of the other class.
  EXPECT_NEAR(Number(dots[0], "cx"), Number(grid[2], "x1"), kPrecision);
  const std::vector<Attributes> whisker = OfClass(html, "line", "whisker");
  ASSERT_EQ(whisker.size(), 3u);
  EXPECT_NEAR(Number(whisker[0], "x1"), Number(zero[0], "x1"), kPrecision);
  EXPECT_NEAR(Number(whisker[0], "x2"), Number(grid[3], "x1"), kPrecision);
  EXPECT_NEAR(Number(dots[0], "cx"), RowX(axis, 40), kPrecision);
}

TEST(RowPlot, BarsStartAtZeroOnBothSides) {
  const TickedAxis axis({{.low = -10, .high = 10}}, 5);
  const std::string html =
      RowPlot("change",
              {{"mix", "−4", {.value = -4}, RowMark::kOpenBar, "south"},
               {"total", "+6", {.value = 6, .low = 2, .high = 9}, RowMark::kBar}},
              axis)
          .html;
  const std::vector<Attributes> bars = ElementsOf(html, "rect");
  ASSERT_EQ(bars.size(), 2u);
  const double zero = RowX(axis, 0);
  EXPECT_NEAR(Number(bars[0], "x"), RowX(axis, -4), kPrecision);
  EXPECT_NEAR(Number(bars[0], "x") + Number(bars[0], "width"), zero, kPrecision);
  EXPECT_NEAR(Number(bars[1], "x"), zero, kPrecision);
  EXPECT_NEAR(Number(bars[1], "x") + Number(bars[1], "width"), RowX(axis, 6), kPrecision);
  EXPECT_EQ(OfClass(html, "line", "whisker").size(), 3u);
  EXPECT_EQ(OfClass(html, "rect", "open").size(), 1u);
  EXPECT_THAT(html, HasSubstr("aria-label=\"south, total: +6\""));
}

TEST(RowPlot, TellsSidesApartByShape) {
  const TickedAxis axis({{.low = 0, .high = 10}}, 5);
  const auto row = [](RowMark shape) { return PlotRow{"x", "", {.value = 5}, shape}; };
  const std::string html =
      RowPlot("", {row(RowMark::kDot), row(RowMark::kRing), row(RowMark::kDiamond)}, axis).html;
  EXPECT_EQ(MarkupError(html), "");
  EXPECT_EQ(OfClass(html, "circle", "mark").size(), 2u);
  EXPECT_EQ(OfClass(html, "circle", "ring").size(), 1u);
  EXPECT_EQ(OfClass(html, "path", "mark").size(), 1u);
}

TEST(RowPlot, ShowsNoMarkWithoutAValueAndEscapesNames) {
  const TickedAxis axis({}, 5);
  const std::string html = RowPlot("<caption>", {{"<script>\"", "no answers", {}}}, axis).html;
  EXPECT_EQ(MarkupError(html), "");
  EXPECT_TRUE(OfClass(html, "circle", "mark").empty());
  EXPECT_THAT(html, AllOf(HasSubstr("no answers"), HasSubstr("&lt;script&gt;&quot;"),
                          HasSubstr("&lt;caption&gt;"), Not(HasSubstr("<script"))));
}

TEST(TrendPlot, PutsPointsWhereTheAxisSays) {
  const Trend trend = Values({20, 40, 0});
  const TickedAxis axis(trend.marks, 5);
  const std::string html = TrendPlot(trend, axis).html;
  EXPECT_EQ(MarkupError(html), "");
  const std::vector<Attributes> dots = OfClass(html, "circle", "mark");
  ASSERT_EQ(dots.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(Number(dots[i], "cx"), TrendX(trend, i), kPrecision);
    EXPECT_NEAR(Number(dots[i], "cy"), TrendY(axis, *trend.marks[i].value), kPrecision);
  }
  // The line at zero is as high as the point that is zero, and higher numbers are higher up.
  const std::vector<Attributes> zero = OfClass(html, "line", "zero");
  ASSERT_EQ(zero.size(), 1u);
  EXPECT_NEAR(Number(zero[0], "y1"), Number(dots[2], "cy"), kPrecision);
  EXPECT_LT(Number(dots[1], "cy"), Number(dots[0], "cy"));
  EXPECT_LT(Number(dots[0], "cy"), Number(dots[2], "cy"));
  // The line goes through the points, the band along their intervals.
  const std::vector<Attributes> lines = OfClass(html, "path", "line");
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0].at("d"),
              HasSubstr(absl::StrFormat("M%.6g %.6gL", TrendX(trend, 0), TrendY(axis, 20))));
  const std::vector<Attributes> bands = OfClass(html, "path", "band");
  ASSERT_EQ(bands.size(), 1u);
  EXPECT_THAT(bands[0].at("d"),
              HasSubstr(absl::StrFormat("M%.6g %.6gL", TrendX(trend, 0), TrendY(axis, 25))));
  EXPECT_THAT(bands[0].at("d"),
              HasSubstr(absl::StrFormat("L%.6g %.6gZ", TrendX(trend, 0), TrendY(axis, 15))));
}

TEST(TrendPlot, BreaksItsLineAtGapsAndMarksPointsThatStandAlone) {
  const Trend trend = Values({10, std::nullopt, 30, 40, std::nullopt});
  const std::string html = TrendPlot(trend, TickedAxis(trend.marks, 5)).html;
  EXPECT_EQ(OfClass(html, "path", "line").size(), 2u);
  EXPECT_EQ(OfClass(html, "circle", "mark").size(), 3u);
  EXPECT_EQ(OfClass(html, "line", "whisker").size(), 1u);
  EXPECT_THAT(html, HasSubstr("web: 10.00 in m0 to 40.00 in m3, 2 of 5 without a value"));
}

TEST(TrendPlot, DrawsManyPointsAsALineAndWritesFewNames) {
  std::vector<std::optional<double>> values;
  for (int i = 0; i < 365; ++i) {
    values.emplace_back(i % 7);
  }
  const Trend trend = Values(values);
  const std::string html = TrendPlot(trend, TickedAxis(trend.marks, 5)).html;
  EXPECT_TRUE(OfClass(html, "circle", "mark").empty());
  EXPECT_LE(ElementsOf(html, "text").size(), 15u);
  EXPECT_THAT(html, HasSubstr(">m0</text>"));
}

TEST(TrendPlot, HoldsOnePointAndNone) {
  for (const Trend& trend : {Values({7}), Values({std::nullopt}), Values({})}) {
    const std::string html = TrendPlot(trend, TickedAxis(trend.marks, 5)).html;
    EXPECT_EQ(MarkupError(html), "");
    EXPECT_THAT(html, Not(HasSubstr("nan")));
  }
  EXPECT_THAT(TrendPlot(Values({std::nullopt}), TickedAxis({}, 5)).html,
              HasSubstr("web: no values"));
}

TEST(SparklinePlot, MarksTheLastPointWithItsInterval) {
  const std::string html = SparklinePlot(Values({10, 20, std::nullopt, 30})).html;
  EXPECT_EQ(MarkupError(html), "");
  EXPECT_EQ(OfClass(html, "circle", "mark").size(), 1u);
  EXPECT_EQ(OfClass(html, "line", "whisker").size(), 1u);
  EXPECT_THAT(html, AllOf(HasSubstr("role=\"img\""), HasSubstr("<title>web: ")));
  EXPECT_TRUE(
      OfClass(SparklinePlot(Values({10, 20, std::nullopt})).html, "line", "whisker").empty());
}

TEST(Plots, SayInWordsWhatTheyShow) {
  const Trend trend = Values({1, 2});
  const TickedAxis axis(trend.marks, 5);
  for (const std::string& html : {TrendPlot(trend, axis).html, SparklinePlot(trend).html,
                                  RowPlot("", {{"web", "5", {.value = 5}}}, axis).html}) {
    for (const Attributes& svg : OfClass(html, "svg", "plot")) {
      EXPECT_EQ(svg.at("role"), "img");
      EXPECT_NE(svg.at("aria-label"), "");
    }
  }
}

}  // namespace
}  // namespace emptychair
