#include "tools/chairctl/text/comparison_output.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "tools/chairctl/base/csv.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/text/metric_text.h"

namespace emptychair {
namespace {

void AppendSide(const v1::TimeInterval& interval, const v1::MetricValue& value,
                std::vector<std::string>& fields) {
  for (std::string text :
       {TimestampText(interval.has_start_time(), interval.start_time()),
        TimestampText(interval.has_end_time(), interval.end_time()),
        ExactOrEmpty(value.has_value(), value.value()), ExactOrEmpty(value.has_low(), value.low()),
        ExactOrEmpty(value.has_high(), value.high()), absl::StrCat(value.answers()),
        std::string(value.suppressed() ? "true" : "false")}) {
    fields.push_back(std::move(text));
  }
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

}  // namespace

void PrintComparisonCsv(const v1::CompareMetricRequest& request,
                        const v1::CompareMetricResponse& response, std::ostream& out) {
  std::vector<std::string> header;
  for (const char* side : {"base", "candidate"}) {
    for (const char* name : {"start", "end", "value", "low", "high", "answers", "suppressed"}) {
      header.push_back(absl::StrCat(side, "_", name));
    }
  }
  for (const char* name :
       {"delta", "delta_low", "delta_high", "z", "p_value", "verdict", "direction"}) {
    header.emplace_back(name);
  }
  std::vector<std::string> fields;
  AppendSide(request.base().interval(), response.base(), fields);
  AppendSide(request.candidate().interval(), response.candidate(), fields);
  for (std::string text : {ExactOrEmpty(response.has_delta(), response.delta()),
                           ExactOrEmpty(response.has_delta_low(), response.delta_low()),
                           ExactOrEmpty(response.has_delta_high(), response.delta_high()),
                           ExactOrEmpty(response.has_z(), response.z()),
                           ExactOrEmpty(response.has_p_value(), response.p_value()),
                           EnumFlag(response.verdict()), EnumFlag(response.direction())}) {
    fields.push_back(std::move(text));
  }
  out << CsvLine(header) << CsvLine(fields);
}

void PrintComparisonTable(const v1::CompareMetricRequest& request,
                          const v1::CompareMetricResponse& response, std::ostream& out) {
  const v1::MethodInfo& info = response.method_info();
  out << SidesHeading(request.base(), request.candidate(), info) << "\n";
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
  out << "\n" << VerdictText(response) << "\n";
}

std::string VerdictText(const v1::CompareMetricResponse& response) {
  std::string text = absl::StrReplaceAll(EnumFlag(response.verdict()), {{"-", " "}});
  if (response.verdict() == v1::VERDICT_TOO_FEW) {
    return absl::StrCat(text, " answers to tell: each side needs at least 10, not suppressed");
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

}  // namespace emptychair
