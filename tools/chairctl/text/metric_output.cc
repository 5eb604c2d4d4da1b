#include "tools/chairctl/text/metric_output.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/civil_time.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/plot/interval_axis.h"
#include "tools/chairctl/text/interval_text.h"
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

void PrintHeading(const v1::QueryMetricRequest& request, const v1::QueryMetricResponse& response,
                  std::ostream& out) {
  const v1::MethodInfo& info = response.method_info();
  out << absl::StrJoin(request.survey_ids(), ", ") << ": " << EnumFlag(info.method())
      << Printable(FiltersText(request.filters()))
      << "\nwindow: " << WindowText(request.interval(), ZoneOf(info)) << ", " << info.time_zone()
      << "\nmethod: " << MethodText(info) << "\n";
  if (const std::string intervals = IntervalRuleText(request, response); !intervals.empty()) {
    out << intervals << "\n";
  }
  out << "\n";
}

// Writes what the table's lines do not say.
void PrintNotes(const v1::QueryMetricResponse& response, std::ostream& out) {
  if (const std::string excluded = ExcludedText(response); !excluded.empty()) {
    out << "excluded: " << excluded << "\n";
  }
  if (const absl::string_view note = OpenBucketNote(response); !note.empty()) {
    out << note << "\n";
  }
}

}  // namespace

std::string BucketName(absl::Time start, const v1::MethodInfo& info) {
  const absl::TimeZone zone = ZoneOf(info);
  const absl::CivilDay day = absl::ToCivilDay(start, zone);
  switch (info.granularity()) {
    case v1::GRANULARITY_HOUR:
      return absl::FormatTime("%Y-%m-%d %H:%M%Ez", start, zone);
    case v1::GRANULARITY_DAY:
      return absl::FormatCivilTime(day);
    case v1::GRANULARITY_WEEK:
      // A week that the window cuts has the name of the whole one.
      return info.week_start() == v1::WEEK_START_SUNDAY
                 ? absl::FormatCivilTime(absl::PrevWeekday(day + 1, absl::Weekday::sunday))
                 : absl::FormatTime("%G-W%V", start, zone);
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

std::string MarkedBucketName(const v1::MetricBucket& bucket, const v1::MethodInfo& info) {
  const std::string name = BucketName(FromTimestamp(bucket.start_time()), info);
  return bucket.is_open() && !name.empty() ? absl::StrCat(name, "*") : name;
}

absl::string_view OpenBucketNote(const v1::QueryMetricResponse& response) {
  const bool is_marked =
      response.method_info().granularity() != v1::GRANULARITY_NONE &&
      std::any_of(response.buckets().begin(), response.buckets().end(),
                  [](const v1::MetricBucket& bucket) { return bucket.is_open(); });
  return is_marked ? "* not over yet" : "";
}

std::string ExcludedText(const v1::QueryMetricResponse& response) {
  const auto& points = response.total().points();
  const bool overlap = response.method_info().trailing_buckets() > 1;
  std::map<v1::ExclusionReason, int64_t> counts;
  int64_t whole = 0;
  for (int i = overlap ? std::max(points.size() - 1, 0) : 0; i < points.size(); ++i) {
    for (const v1::ExcludedCount& excluded : points[i].excluded()) {
      counts[excluded.reason()] += excluded.count();
      whole += excluded.count();
    }
  }
  if (whole == 0) {
    return "";
  }
  std::vector<std::string> reasons;
  for (const auto& [reason, count] : counts) {
    const std::string name = EnumFlag(reason);
    reasons.push_back(counts.size() == 1 ? name : absl::StrCat(name, " ", count));
  }
  return absl::StrCat(whole, " (", absl::StrJoin(reasons, ", "), ")",
                      overlap && points.size() > 1 ? " in the last point" : "");
}

std::vector<MetricLine> LinesOf(const v1::QueryMetricRequest& request,
                                const v1::QueryMetricResponse& response) {
  std::vector<MetricLine> lines;
  const auto add = [&](const v1::MetricSeries& series, const std::vector<std::string>& groups) {
    for (int i = 0; i < series.points_size() && i < response.buckets_size(); ++i) {
      lines.push_back({groups, MarkedBucketName(response.buckets(i), response.method_info()),
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
                    CsvWriter& csv) {
  std::vector<CsvCell> header = {"bucket_start", "bucket_end"};
  header.insert(header.end(), request.group_by().begin(), request.group_by().end());
  for (const char* name :
       {"value", "low", "high", "standard_error", "answers", "unscored", "customers", "promoters",
        "passives", "detractors", "suppressed", "excluded", "is_open", "effective_sample",
        "design_effect", "interval_rule"}) {
    header.emplace_back(name);
  }
  csv.Write(header);
  const std::string interval_rule = EnumFlagOrEmpty(response.method_info().interval_rule());
  for (const v1::MetricSeries& series : response.series()) {
    for (int i = 0; i < series.points_size() && i < response.buckets_size(); ++i) {
      const v1::MetricBucket& bucket = response.buckets(i);
      const v1::MetricValue& point = series.points(i);
      std::vector<CsvCell> row = {TimestampText(bucket.has_start_time(), bucket.start_time()),
                                  TimestampText(bucket.has_end_time(), bucket.end_time())};
      for (const v1::GroupValue& group : series.group_values()) {
        row.emplace_back(GroupName(group));
      }
      for (CsvNumber& number : std::vector<CsvNumber>{
               ExactOrEmpty(point.has_value(), point.value()),
               ExactOrEmpty(point.has_low(), point.low()),
               ExactOrEmpty(point.has_high(), point.high()),
               ExactOrEmpty(point.has_standard_error(), point.standard_error()),
               CountOrEmpty(true, point.answers()), CountOrEmpty(true, point.unscored()),
               CountOrEmpty(point.has_customers(), point.customers()),
               CountOrEmpty(point.has_promoters(), point.promoters()),
               CountOrEmpty(point.has_passives(), point.passives()),
               CountOrEmpty(point.has_detractors(), point.detractors())}) {
        row.emplace_back(std::move(number));
      }
      row.emplace_back(point.suppressed() ? "true" : "false");
      row.emplace_back(CountOrEmpty(true, ExcludedCountOf(point)));
      row.emplace_back(bucket.is_open() ? "true" : "false");
      row.emplace_back(ExactOrEmpty(point.has_effective_sample(), point.effective_sample()));
      row.emplace_back(ExactOrEmpty(point.has_design_effect(), point.design_effect()));
      row.emplace_back(interval_rule);
      csv.Write(row);
    }
  }
}

void PrintMetricTable(const v1::QueryMetricRequest& request,
                      const v1::QueryMetricResponse& response, int columns, std::ostream& out) {
  const v1::MethodInfo& info = response.method_info();
  PrintHeading(request, response, out);
  const std::vector<MetricLine> lines = LinesOf(request, response);
  Layout layout;
  layout.buckets = info.granularity() != v1::GRANULARITY_NONE;
  layout.counts = true;
  layout.customers = info.respondent_rule() > v1::RESPONDENT_RULE_ALL ||
                     info.interval_rule() == v1::INTERVAL_RULE_CUSTOMERS;
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
  if (draws && bar_width >= kBarWidthMin) {
    const IntervalAxis axis = AxisOf(lines);
    table = HeadedTable(request, info, layout);
    table.AddColumn(axis.Heading(bar_width), Table::Align::kLeft);
    for (const MetricLine& line : lines) {
      std::vector<std::string> cells = Cells(line, layout, info.min_sample());
      cells.push_back(axis.Bar(MarkOf(*line.point), bar_width));
      table.AddRow(std::move(cells));
    }
  }
  table.Print(out);
  PrintNotes(response, out);
}

}  // namespace emptychair
