#include "tools/chairctl/text/comparison_output.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/time/civil_time.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/text/interval_text.h"
#include "tools/chairctl/text/metric_text.h"

namespace emptychair {
namespace {

void AppendSide(const v1::TimeInterval& interval, const v1::MetricValue& value,
                std::vector<CsvCell>& row) {
  row.emplace_back(TimestampText(interval.has_start_time(), interval.start_time()));
  row.emplace_back(TimestampText(interval.has_end_time(), interval.end_time()));
  row.emplace_back(ExactOrEmpty(value.has_value(), value.value()));
  row.emplace_back(ExactOrEmpty(value.has_low(), value.low()));
  row.emplace_back(ExactOrEmpty(value.has_high(), value.high()));
  row.emplace_back(CountOrEmpty(true, value.answers()));
  row.emplace_back(value.suppressed() ? "true" : "false");
}

std::vector<std::string> SideCells(absl::string_view name, const v1::MetricValue& value,
                                   const v1::MethodInfo& info) {
  std::vector<std::string> cells = {std::string(name),
                                    ValueText(value, info.min_sample()),
                                    RoundedOrAbsent(value.has_low(), value.low()),
                                    RoundedOrAbsent(value.has_high(), value.high()),
                                    absl::StrCat(value.answers()),
                                    absl::StrCat(value.unscored())};
  if (HasClasses(info.method())) {
    cells.push_back(CountOrAbsent(value.has_promoters(), value.promoters()));
    cells.push_back(CountOrAbsent(value.has_passives(), value.passives()));
    cells.push_back(CountOrAbsent(value.has_detractors(), value.detractors()));
  }
  return cells;
}

// How much of an interval with both edges has passed: `18 of 30 days`, which are those of the zone,
// whole; hours of one that has less than two days.
std::string ProgressText(const v1::TimeInterval& interval, absl::Time as_of, absl::TimeZone zone) {
  const absl::Time start = FromTimestamp(interval.start_time());
  const absl::Time end = FromTimestamp(interval.end_time());
  const absl::Time now = std::max(as_of, start);
  const auto days_until = [&](absl::Time time) {
    constexpr int64_t kSecondsPerDay = 86'400;
    return (absl::ToCivilSecond(time, zone) - absl::ToCivilSecond(start, zone)) / kSecondsPerDay;
  };
  return days_until(end) < 2 ? absl::StrCat(absl::ToInt64Hours(now - start), " of ",
                                            absl::ToInt64Hours(end - start), " hours")
                             : absl::StrCat(days_until(now), " of ", days_until(end), " days");
}

// Writes what the lines of the sides do not say.
void PrintNotes(const v1::CompareMetricRequest& request, const v1::CompareMetricResponse& response,
                std::ostream& out) {
  if (request.has_as_of()) {
    out << "only answers before "
        << LocalTimeText(true, request.as_of(), ZoneOf(response.method_info())) << " count\n";
  }
  const int64_t base_excluded = ExcludedCountOf(response.base());
  const int64_t candidate_excluded = ExcludedCountOf(response.candidate());
  if (base_excluded + candidate_excluded > 0) {
    out << "excluded: base " << base_excluded << ", candidate " << candidate_excluded << "\n";
  }
  if (const std::string shared = SharedCustomersText(response); !shared.empty()) {
    out << shared << "\n";
  }
}

}  // namespace

void PrintComparisonCsv(const v1::CompareMetricRequest& request,
                        const v1::CompareMetricResponse& response, CsvWriter& csv) {
  std::vector<CsvCell> header;
  for (const char* side : {"base", "candidate"}) {
    for (const char* name : {"start", "end", "value", "low", "high", "answers", "suppressed"}) {
      header.emplace_back(absl::StrCat(side, "_", name));
    }
  }
  for (const char* name :
       {"delta", "delta_low", "delta_high", "z", "p_value", "verdict", "direction", "interval_rule",
        "customer_correlation", "looks", "as_of", "z_limit", "information_fraction"}) {
    header.emplace_back(name);
  }
  csv.Write(header);
  std::vector<CsvCell> row;
  AppendSide(request.base().interval(), response.base(), row);
  AppendSide(request.candidate().interval(), response.candidate(), row);
  row.emplace_back(ExactOrEmpty(response.has_delta(), response.delta()));
  row.emplace_back(ExactOrEmpty(response.has_delta_low(), response.delta_low()));
  row.emplace_back(ExactOrEmpty(response.has_delta_high(), response.delta_high()));
  row.emplace_back(ExactOrEmpty(response.has_z(), response.z()));
  row.emplace_back(ExactOrEmpty(response.has_p_value(), response.p_value()));
  row.emplace_back(EnumFlag(response.verdict()));
  row.emplace_back(EnumFlag(response.direction()));
  row.emplace_back(EnumFlagOrEmpty(response.method_info().interval_rule()));
  row.emplace_back(
      ExactOrEmpty(response.has_customer_correlation(), response.customer_correlation()));
  row.emplace_back(EnumFlagOrEmpty(response.looks()));
  row.emplace_back(TimestampText(response.has_as_of(), response.as_of()));
  row.emplace_back(ExactOrEmpty(response.has_z_limit(), response.z_limit()));
  row.emplace_back(
      ExactOrEmpty(response.has_information_fraction(), response.information_fraction()));
  csv.Write(row);
}

void PrintComparisonTable(const v1::CompareMetricRequest& request,
                          const v1::CompareMetricResponse& response, std::ostream& out) {
  const v1::MethodInfo& info = response.method_info();
  out << SidesHeading(request.base(), request.candidate(), info,
                      IntervalRuleText(request, response))
      << "\n";
  Table table;
  table.AddColumn("", Table::Align::kLeft);
  for (const absl::string_view heading :
       {ValueHeading(info.method()), absl::string_view("low"), absl::string_view("high"),
        absl::string_view("answers"), absl::string_view("unscored")}) {
    table.AddColumn(heading, Table::Align::kRight);
  }
  if (HasClasses(info.method())) {
    for (const char* heading : {"promoters", "passives", "detractors"}) {
      table.AddColumn(heading, Table::Align::kRight);
    }
  }
  std::vector<std::string> base = SideCells("base", response.base(), info);
  std::vector<std::string> change = {
      "change", RoundedOrAbsent(response.has_delta(), response.delta()),
      RoundedOrAbsent(response.has_delta_low(), response.delta_low()),
      RoundedOrAbsent(response.has_delta_high(), response.delta_high())};
  change.resize(base.size());
  table.AddRow(std::move(base));
  table.AddRow(SideCells("candidate", response.candidate(), info));
  table.AddRow(std::move(change));
  table.Print(out);
  PrintNotes(request, response, out);
  out << "\n" << VerdictText(response) << "\n";
  if (const std::string looks = LooksText(request, response); !looks.empty()) {
    out << looks << "\n";
  }
}

std::string VerdictText(const v1::CompareMetricResponse& response) {
  std::string text = absl::StrReplaceAll(EnumFlag(response.verdict()), {{"-", " "}});
  if (response.verdict() == v1::VERDICT_TOO_FEW) {
    return absl::StrCat(text,
                        " answers to tell: each side needs at least 10, not suppressed and not ",
                        "those of one customer");
  }
  if (response.direction() != v1::CHANGE_DIRECTION_NEITHER) {
    absl::StrAppend(&text, ", ", EnumFlag(response.direction()));
  }
  const int decimals = DecimalsOf(response.method_info().method());
  absl::StrAppendFormat(&text, ": %s at %g %%",
                        SignedIntervalText(response.delta_low(), response.delta_high(), decimals),
                        100 * response.method_info().confidence());
  if (response.has_p_value()) {
    absl::StrAppendFormat(&text, ", p = %.3g", response.p_value());
  }
  return text;
}

std::string LooksText(const v1::CompareMetricRequest& request,
                      const v1::CompareMetricResponse& response) {
  if (!response.has_z_limit()) {
    return "";
  }
  std::string text;
  switch (response.looks()) {
    case v1::LOOKS_UNTIL_END:
      text = ProgressText(request.candidate().interval(), FromTimestamp(response.as_of()),
                          ZoneOf(response.method_info()));
      break;
    case v1::LOOKS_OPEN_ENDED:
      text = "However often it is looked at";
      break;
    default:
      return "";
  }
  absl::StrAppendFormat(&text, ": a change is called from z %.3g on.", response.z_limit());
  if (response.has_z()) {
    absl::StrAppendFormat(&text, " It is at z %s.", NumberText(response.z(), 2));
  }
  return text;
}

std::string SharedCustomersText(const v1::CompareMetricResponse& response) {
  return response.customer_correlation() == 0
             ? ""
             : absl::StrCat("customers on both sides: correlation ",
                            NumberText(response.customer_correlation(), 2));
}

}  // namespace emptychair
