#include "tools/chairctl/text/metric_output.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/civil_time.h"
#include "tools/chairctl/base/csv.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/plot/interval_axis.h"
#include "tools/chairctl/text/metric_marks.h"
#include "tools/chairctl/text/metric_text.h"

namespace emptychair {
namespace {

IntervalAxis AxisOf(const std::vector<MetricLine>& lines) {
  std::vector<IntervalMark> marks;
  for (const MetricLine& line : lines) {
    marks.push_back(MarkOf(*line.point));
  }
  return IntervalAxis(marks);
}

// What a table of points shows; counts are optional.
struct Layout {
  bool buckets = false;
  bool counts = false;
  bool customers = false;
  bool classes = false;
  bool grade = false;
  bool histogram = false;
};

std::vector<std::string> Cells(const MetricLine& line, const Layout& layout, int min_sample) {
  const v1::MetricValue& point = *line.point;
  std::vector<std::string> cells = line.groups;
  if (layout.buckets) {
    cells.push_back(line.bucket);
  }
  cells.push_back(ValueText(point, min_sample));
  cells.push_back(RoundedOrAbsent(point.has_low(), point.low()));
  cells.push_back(RoundedOrAbsent(point.has_high(), point.high()));
  cells.push_back(absl::StrCat(point.answers()));
  if (layout.counts) {
    cells.push_back(absl::StrCat(point.unscored()));
  }
  if (layout.customers) {
    cells.push_back(CountOrAbsent(point.has_customers(), point.customers()));
  }
  if (layout.classes) {
    cells.push_back(CountOrAbsent(point.has_promoters(), point.promoters()));
    cells.push_back(CountOrAbsent(point.has_passives(), point.passives()));
    cells.push_back(CountOrAbsent(point.has_detractors(), point.detractors()));
  }
  if (layout.grade) {
    cells.push_back(GradeText(point));
  }
  if (layout.histogram) {
    cells.push_back(absl::StrJoin(point.histogram(), " "));
  }
  return cells;
}

Table HeadedTable(const v1::QueryMetricRequest& request, const v1::MethodInfo& info,
                  const Layout& layout) {
  Table table;
  for (const std::string& key : request.group_by()) {
    table.AddColumn(key, Table::Align::kLeft);
  }
  if (layout.buckets) {
    table.AddColumn(EnumFlag(info.granularity()), Table::Align::kLeft);
  }
  for (const absl::string_view heading :
       {ValueHeading(info.method()), absl::string_view("low"), absl::string_view("high"),
        absl::string_view("answers")}) {
    table.AddColumn(heading, Table::Align::kRight);
  }
  if (layout.counts) {
    table.AddColumn("unscored", Table::Align::kRight);
  }
  if (layout.customers) {
    table.AddColumn("customers", Table::Align::kRight);
  }
  if (layout.classes) {
    for (const char* heading : {"promoters", "passives", "detractors"}) {
      table.AddColumn(heading, Table::Align::kRight);
    }
  }
  if (layout.grade) {
    table.AddColumn("grade", Table::Align::kLeft);
  }
  if (layout.histogram) {
    table.AddColumn("answers per score", Table::Align::kLeft);
  }
  return table;
}

Table MakeTable(const v1::QueryMetricRequest& request, const v1::QueryMetricResponse& response,
                const std::vector<MetricLine>& lines, const Layout& layout) {
  Table table = HeadedTable(request, response.method_info(), layout);
  for (const MetricLine& line : lines) {
    table.AddRow(Cells(line, layout, response.method_info().min_sample()));
  }
  return table;
}

void PrintHeading(const v1::QueryMetricRequest& request, const v1::MethodInfo& info,
                  absl::TimeZone zone, std::ostream& out) {
  out << absl::StrJoin(request.survey_ids(), ", ") << ": " << EnumFlag(info.method())
      << FiltersText(request.filters()) << "\nwindow: " << WindowText(request.interval(), zone)
      << ", " << info.time_zone() << "\nmethod: " << MethodText(info) << "\n\n";
}

}  // namespace

std::string BucketName(absl::Time start, v1::Granularity granularity, absl::TimeZone zone) {
  const absl::CivilDay day = absl::ToCivilDay(start, zone);
  switch (granularity) {
    case v1::GRANULARITY_HOUR:
      return absl::FormatTime("%Y-%m-%d %H:%M%Ez", start, zone);
    case v1::GRANULARITY_DAY:
      return absl::FormatCivilTime(day);
    case v1::GRANULARITY_WEEK:
      return absl::FormatTime("%G-W%V", start, zone);
    case v1::GRANULARITY_MONTH:
      return absl::FormatCivilTime(absl::CivilMonth(day));
    case v1::GRANULARITY_QUARTER:
      return absl::StrCat(day.year(), "-Q", (day.month() + 2) / 3);
    case v1::GRANULARITY_YEAR:
      return absl::StrCat(day.year());
    default:
      return "";
  }
}

std::vector<MetricLine> LinesOf(const v1::QueryMetricRequest& request,
                                const v1::QueryMetricResponse& response) {
  const absl::TimeZone zone = ZoneOf(response.method_info());
  std::vector<MetricLine> lines;
  const auto add = [&](const v1::MetricSeries& series, const std::vector<std::string>& groups) {
    for (int i = 0; i < series.points_size() && i < response.buckets_size(); ++i) {
      const absl::Time start = FromTimestamp(response.buckets(i).start_time());
      lines.push_back({groups, BucketName(start, response.method_info().granularity(), zone),
                       &series.points(i)});
    }
  };
  for (const v1::MetricSeries& series : response.series()) {
    std::vector<std::string> groups;
    for (const v1::GroupValue& group : series.group_values()) {
      groups.push_back(GroupName(group));
    }
    groups.resize(static_cast<size_t>(request.group_by_size()));
    add(series, groups);
  }
  if (request.group_by_size() > 0) {
    std::vector<std::string> groups(static_cast<size_t>(request.group_by_size()));
    groups.front() = "(all)";
    add(response.total(), groups);
  }
  return lines;
}

void PrintMetricCsv(const v1::QueryMetricRequest& request, const v1::QueryMetricResponse& response,
                    std::ostream& out) {
  std::vector<std::string> header = {"bucket_start", "bucket_end"};
  header.insert(header.end(), request.group_by().begin(), request.group_by().end());
  for (const char* name : {"value", "low", "high", "standard_error", "answers", "unscored",
                           "customers", "promoters", "passives", "detractors", "suppressed"}) {
    header.emplace_back(name);
  }
  out << CsvLine(header);
  for (const v1::MetricSeries& series : response.series()) {
    for (int i = 0; i < series.points_size() && i < response.buckets_size(); ++i) {
      const v1::TimeInterval& bucket = response.buckets(i);
      const v1::MetricValue& point = series.points(i);
      std::vector<std::string> fields = {
          TimestampText(bucket.has_start_time(), bucket.start_time()),
          TimestampText(bucket.has_end_time(), bucket.end_time())};
      for (const v1::GroupValue& group : series.group_values()) {
        fields.push_back(GroupName(group));
      }
      for (std::string text : {ExactOrEmpty(point.has_value(), point.value()),
                               ExactOrEmpty(point.has_low(), point.low()),
                               ExactOrEmpty(point.has_high(), point.high()),
                               ExactOrEmpty(point.has_standard_error(), point.standard_error()),
                               absl::StrCat(point.answers()), absl::StrCat(point.unscored()),
                               CountOrEmpty(point.has_customers(), point.customers()),
                               CountOrEmpty(point.has_promoters(), point.promoters()),
                               CountOrEmpty(point.has_passives(), point.passives()),
                               CountOrEmpty(point.has_detractors(), point.detractors()),
                               std::string(point.suppressed() ? "true" : "false")}) {
        fields.push_back(std::move(text));
      }
      out << CsvLine(fields);
    }
  }
}

void PrintMetricTable(const v1::QueryMetricRequest& request,
                      const v1::QueryMetricResponse& response, int columns, std::ostream& out) {
  const v1::MethodInfo& info = response.method_info();
  const absl::TimeZone zone = ZoneOf(info);
  PrintHeading(request, info, zone, out);
  const std::vector<MetricLine> lines = LinesOf(request, response);
  Layout layout;
  layout.buckets = info.granularity() != v1::GRANULARITY_NONE;
  layout.counts = true;
  layout.customers = info.respondent_rule() > v1::RESPONDENT_RULE_ALL;
  layout.classes = HasClasses(info.method());
  layout.grade = info.method() == v1::METRIC_METHOD_NET_PROMOTER;
  layout.histogram = request.include_histogram();
  Table table = MakeTable(request, response, lines, layout);
  const bool draws = columns > 0 && lines.size() > 1;
  const auto room = [columns](const Table& t) { return columns - static_cast<int>(t.Width()) - 2; };
  if (draws && room(table) < kBarWidthMin) {
    layout.counts = layout.customers = layout.classes = layout.grade = false;
    table = MakeTable(request, response, lines, layout);
  }
  const int bar_width = std::min(room(table), kBarWidthMax);
  if (!draws || bar_width < kBarWidthMin) {
    table.Print(out);
    return;
  }
  const IntervalAxis axis = AxisOf(lines);
  table = HeadedTable(request, info, layout);
  table.AddColumn(axis.Heading(bar_width), Table::Align::kLeft);
  for (const MetricLine& line : lines) {
    std::vector<std::string> cells = Cells(line, layout, info.min_sample());
    cells.push_back(axis.Bar(MarkOf(*line.point), bar_width));
    table.AddRow(std::move(cells));
  }
  table.Print(out);
}

}  // namespace emptychair
