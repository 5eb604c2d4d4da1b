#include "tools/chairctl/page/query_html.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/page/metric_html_parts.h"
#include "tools/chairctl/text/interval_text.h"
#include "tools/chairctl/text/metric_marks.h"
#include "tools/chairctl/text/metric_output.h"
#include "tools/chairctl/text/metric_text.h"

namespace emptychair {
namespace {

// Groups that are drawn beside the total.
constexpr size_t kRowsDrawnMax = 40;
constexpr size_t kPanelsDrawnMax = 24;
// A trend is high enough for more steps than a row is wide enough for.
constexpr int kTrendSteps = 7;

// A series with its name.
struct Named {
  std::string name;
  const v1::MetricSeries* series;
};

int64_t AnswersOf(const v1::MetricSeries& series) {
  return std::accumulate(
      series.points().begin(), series.points().end(), int64_t{0},
      [](int64_t sum, const v1::MetricValue& point) { return sum + point.answers(); });
}

// The total, and behind it at most `max` groups, in their order: those with the most answers.
std::vector<Named> DrawnSeries(const v1::QueryMetricRequest& request,
                               const v1::QueryMetricResponse& response, size_t max) {
  const bool grouped = request.group_by_size() > 0;
  std::vector<Named> drawn = {
      {grouped ? "(all)" : absl::StrJoin(request.survey_ids(), ", "), &response.total()}};
  if (!grouped) {
    return drawn;
  }
  std::vector<int> chosen(static_cast<size_t>(response.series_size()));
  std::iota(chosen.begin(), chosen.end(), 0);
  std::stable_sort(chosen.begin(), chosen.end(), [&](int a, int b) {
    return AnswersOf(response.series(a)) > AnswersOf(response.series(b));
  });
  chosen.resize(std::min(chosen.size(), max));
  std::sort(chosen.begin(), chosen.end());
  for (const int i : chosen) {
    drawn.push_back({SeriesName(response.series(i).group_values()), &response.series(i)});
  }
  return drawn;
}

std::vector<std::string> BucketNames(const v1::QueryMetricResponse& response) {
  std::vector<std::string> names;
  for (const v1::MetricBucket& bucket : response.buckets()) {
    names.push_back(MarkedBucketName(bucket, response.method_info()));
  }
  return names;
}

// The newest point of the total that has a value, or its only one.
KeyNumber NewestOf(const v1::QueryMetricResponse& response, const std::vector<std::string>& names) {
  const v1::MethodInfo& info = response.method_info();
  const auto& points = response.total().points();
  int newest = points.size() - 1;
  while (newest > 0 && !points[newest].has_value()) {
    --newest;
  }
  const std::string metric = MetricName(info.method());
  if (newest < 0) {
    return KeyNumberOf(metric, v1::MetricValue(), info);
  }
  const std::string& name = names[static_cast<size_t>(newest)];
  return KeyNumberOf(name.empty() ? metric : absl::StrCat(metric, " in ", name), points[newest],
                     info);
}

void AddPlots(const v1::QueryMetricResponse& response, const std::vector<Named>& drawn,
              const std::vector<std::string>& names, HtmlPage& page) {
  const v1::MethodInfo& info = response.method_info();
  const std::string intervals = absl::StrFormat("%g %% intervals", 100 * info.confidence());
  std::vector<IntervalMark> marks;
  for (const Named& named : drawn) {
    for (const IntervalMark& mark : MarksOf(named.series->points())) {
      marks.push_back(mark);
    }
  }
  if (names.size() == 1) {
    const TickedAxis axis = AxisFor(marks, false);
    std::vector<PlotRow> rows;
    for (const Named& named : drawn) {
      if (named.series->points_size() > 0) {
        const v1::MetricValue& point = named.series->points(0);
        rows.push_back({named.name, PointText(point, info), MarkOf(point),
                        named.series == &response.total() ? RowMark::kDiamond : RowMark::kDot});
      }
    }
    page.Add(RowPlot(absl::StrCat(MetricName(info.method()), ", with ", intervals), rows, axis));
    return;
  }
  page.Add(
      Paragraph(absl::StrCat(MetricName(info.method()), " by ", EnumFlag(info.granularity()),
                             "; the band is the ", intervals, ", a gap has no value to show")));
  const TickedAxis axis(marks, kTrendSteps);
  page.Add(Markup{"<div class=\"panels\">\n"});
  for (const Named& named : drawn) {
    page.Add(TrendPlot({named.name, names, MarksOf(named.series->points())}, axis));
  }
  page.Add(Markup{"</div>\n"});
}

Markup TableOf(const v1::QueryMetricRequest& request, const v1::QueryMetricResponse& response) {
  const v1::MethodInfo& info = response.method_info();
  std::vector<std::string> headings(request.group_by().begin(), request.group_by().end());
  const bool by_time = info.granularity() != v1::GRANULARITY_NONE;
  const bool alone = headings.empty() && !by_time;
  if (by_time || alone) {
    headings.push_back(alone ? "survey" : EnumFlag(info.granularity()));
  }
  PointTable table("All numbers", headings, info);
  for (MetricLine& line : LinesOf(request, response)) {
    if (by_time || alone) {
      line.groups.push_back(alone ? absl::StrJoin(request.survey_ids(), ", ") : line.bucket);
    }
    table.Add(std::move(line.groups), *line.point);
  }
  return table.Render();
}

}  // namespace

HtmlPage QueryPage(const v1::QueryMetricRequest& request, const v1::QueryMetricResponse& response) {
  const v1::MethodInfo& info = response.method_info();
  HtmlPage page(
      absl::StrCat(MetricName(info.method()), ": ", absl::StrJoin(request.survey_ids(), ", ")));
  page.Add(QuestionOf(request, info));
  const std::vector<std::string> names = BucketNames(response);
  page.Add({NewestOf(response, names)});
  const std::vector<Named> drawn =
      DrawnSeries(request, response, names.size() == 1 ? kRowsDrawnMax : kPanelsDrawnMax);
  AddPlots(response, drawn, names, page);
  if (request.group_by_size() > 0 && drawn.size() <= static_cast<size_t>(response.series_size())) {
    page.Add(Paragraph(absl::StrCat("Drawn are the ", drawn.size() - 1,
                                    " groups with the most answers of ", response.series_size(),
                                    "; the table has all.")));
  }
  page.Add(OptionalParagraph(IntervalRuleText(request, response)));
  page.Add(TableOf(request, response));
  if (const std::string excluded = ExcludedText(response); !excluded.empty()) {
    page.Add(Paragraph(absl::StrCat("excluded: ", excluded)));
  }
  page.Add(OptionalParagraph(OpenBucketNote(response)));
  page.Add(Details(info, {CountFact("sequence of the store", response.sequence()),
                          CountFact("cells read", response.cells_read()),
                          CountFact("records scanned", response.records_scanned())}));
  return page;
}

}  // namespace emptychair
