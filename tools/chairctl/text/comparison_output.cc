#include "tools/chairctl/text/comparison_output.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/base/written_time.h"
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
       {"delta", "delta_low", "delta_high", "z", "p_value", "verdict", "direction"}) {
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
  csv.Write(row);
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
  const int64_t base_excluded = ExcludedCountOf(response.base());
  const int64_t candidate_excluded = ExcludedCountOf(response.candidate());
  if (base_excluded + candidate_excluded > 0) {
    out << "excluded: base " << base_excluded << ", candidate " << candidate_excluded << "\n";
  }
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
