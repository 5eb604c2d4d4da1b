#include "tools/chairctl/text/cohorts_output.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/chairctl/base/amount_text.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/text/loyalty_text.h"
#include "tools/chairctl/text/metric_text.h"

namespace emptychair {
namespace {

constexpr size_t kShareColumns = 8;
constexpr size_t kAmountColumns = 4;

// What is written of a cell; empty when there is nothing.
using CellText = std::function<HeatCell(const v1::CohortCell&)>;

HeatMap MapOf(const v1::QueryCohortsResponse& response, const CellText& cell_text) {
  HeatMap map{.name_heading = "cohort", .size_heading = "size"};
  for (int k = 0; k < CohortColumns(response); ++k) {
    map.headings.push_back(absl::StrCat("+", k));
  }
  for (const v1::Cohort& cohort : response.cohorts()) {
    HeatRow row{.name = PeriodName(cohort.interval(), response.method_info()),
                .size = absl::StrCat(cohort.size())};
    for (const v1::CohortCell& cell : cohort.cells()) {
      row.cells.push_back(cell_text(cell));
    }
    map.rows.push_back(std::move(row));
  }
  return map;
}

HeatMap ShareMap(const v1::QueryCohortsResponse& response, int decimals) {
  const double darkest = DarkestShare(response);
  return MapOf(response, [darkest, decimals](const v1::CohortCell& cell) {
    if (!cell.has_share()) {
      return HeatCell{std::string(kAbsent), std::nullopt};
    }
    // A hundred needs no decimals, and would be the only one to need a wider column.
    std::string text = NumberText(cell.share(), cell.share() == 100 ? 0 : decimals);
    return HeatCell{std::move(text), cell.share() / darkest};
  });
}

HeatMap MeanMap(const v1::QueryCohortsResponse& response, const std::string& currency_code) {
  const double darkest = DarkestMean(response, currency_code);
  return MapOf(response, [&](const v1::CohortCell& cell) {
    const v1::CohortAmounts* amounts = AmountsIn(cell, currency_code);
    return amounts == nullptr ? HeatCell{std::string(kAbsent), std::nullopt}
                              : HeatCell{NumberText(amounts->mean(), 2), amounts->mean() / darkest};
  });
}

// `░ to 8.3, ▒ to 16.5, ▓ to 24.8, █ above`.
std::string ShadesText(double darkest, HeatShading shading) {
  const int levels = HeatLevels(shading);
  std::vector<std::string> shades;
  for (int level = 1; level < levels; ++level) {
    shades.push_back(
        absl::StrCat(HeatSample(level, shading), " to ", NumberText(darkest * level / levels, 1)));
  }
  return absl::StrCat(absl::StrJoin(shades, ", "), ", ", HeatSample(levels, shading), " above");
}

void PrintOnTerminal(const HeatMap& map, double darkest, const HeatTerminal& terminal,
                     std::ostream& out) {
  PrintHeatMap(map, terminal.columns, terminal.shading, out);
  const size_t left_out = map.headings.size() - map.ColumnsThatFit(terminal.columns);
  if (left_out > 0) {
    out << (left_out == 1 ? "" : map.headings[map.headings.size() - left_out] + " to ")
        << map.headings.back() << (left_out == 1 ? " does" : " do")
        << " not fit here; --html and --output csv have all\n";
  }
  if (!map.headings.empty()) {
    out << ShadesText(darkest, terminal.shading) << "\n";
  }
}

// The same as a plain table, with two decimals.
void PrintPlain(const HeatMap& map, absl::string_view unit, std::ostream& out) {
  Table table;
  table.AddColumn(map.name_heading, Table::Align::kLeft);
  table.AddColumn(map.size_heading, Table::Align::kRight);
  for (const std::string& heading : map.headings) {
    table.AddColumn(absl::StrCat(heading, unit), Table::Align::kRight);
  }
  for (const HeatRow& row : map.rows) {
    std::vector<std::string> cells = {row.name, row.size};
    for (const HeatCell& cell : row.cells) {
      cells.push_back(cell.text);
    }
    cells.resize(map.headings.size() + 2);
    table.AddRow(std::move(cells));
  }
  table.Print(out);
}

// With a decimal where all columns fit with it.
HeatMap FittingShareMap(const v1::QueryCohortsResponse& response, int columns) {
  HeatMap map = ShareMap(response, 1);
  return map.ColumnsThatFit(columns) == map.headings.size() ? map : ShareMap(response, 0);
}

}  // namespace

std::string CohortsHeading(const v1::QueryCohortsRequest& request,
                           const v1::QueryCohortsResponse& response) {
  return absl::StrCat("cohorts of ", request.kind(), " ", LengthText(response.method_info()), ", ",
                      EnumFlag(response.cohort_rule()),
                      response.min_activities() > 1
                          ? absl::StrCat(" at least ", response.min_activities(), " times")
                          : "",
                      ", back with ", response.return_kind(), " ", EnumFlag(response.return_rule()),
                      ", ", BasisText(response.method_info()));
}

std::string CohortsLegend(const v1::QueryCohortsResponse& response) {
  return absl::StrCat("Percent of each cohort active +k periods later",
                      response.return_rule() == v1::RETURN_RULE_OR_LATER ? " or after that" : "",
                      ".");
}

int CohortColumns(const v1::QueryCohortsResponse& response) {
  int columns = 0;
  for (const v1::Cohort& cohort : response.cohorts()) {
    columns = std::max(columns, cohort.cells_size());
  }
  return columns;
}

double DarkestShare(const v1::QueryCohortsResponse& response) {
  double darkest = 0;
  for (const v1::Cohort& cohort : response.cohorts()) {
    for (int k = 1; k < cohort.cells_size(); ++k) {
      darkest = std::max(darkest, cohort.cells(k).share());
    }
  }
  return darkest > 0 ? std::min(darkest, 100.0) : 100;
}

std::vector<std::string> CohortCurrencies(const v1::QueryCohortsResponse& response) {
  std::set<std::string> currency_codes;
  for (const v1::Cohort& cohort : response.cohorts()) {
    AddCurrencies(cohort.cells(), currency_codes);
  }
  return {currency_codes.begin(), currency_codes.end()};
}

double DarkestMean(const v1::QueryCohortsResponse& response, const std::string& currency_code) {
  double darkest = 0;
  for (const v1::Cohort& cohort : response.cohorts()) {
    for (const v1::CohortCell& cell : cohort.cells()) {
      if (const v1::CohortAmounts* amounts = AmountsIn(cell, currency_code); amounts != nullptr) {
        darkest = std::max(darkest, amounts->mean());
      }
    }
  }
  return darkest > 0 ? darkest : 1;
}

void PrintCohortsCsv(const v1::QueryCohortsResponse& response, CsvWriter& csv) {
  csv.Write({"cohort_start", "cohort_end", "size", "k", "customers", "share", "share_low",
             "share_high", "currency_code", "amount_total", "amount_mean", "amount_mean_low",
             "amount_mean_high"});
  const auto write = [&csv](std::vector<CsvCell> line) {
    line.resize(kShareColumns, CsvNumber{});
    line.emplace_back(std::string());
    line.resize(kShareColumns + 1 + kAmountColumns, CsvNumber{});
    csv.Write(line);
  };
  for (const v1::Cohort& cohort : response.cohorts()) {
    std::vector<CsvCell> start;
    AddEdges(cohort.interval(), start);
    start.emplace_back(CountOrEmpty(true, cohort.size()));
    for (int k = 0; k < cohort.cells_size(); ++k) {
      const v1::CohortCell& cell = cohort.cells(k);
      std::vector<CsvCell> line = start;
      line.emplace_back(CountOrEmpty(true, k));
      std::vector<CsvCell> of_currency = line;
      line.emplace_back(CountOrEmpty(true, cell.customers()));
      line.emplace_back(ExactOrEmpty(cell.has_share(), cell.share()));
      line.emplace_back(ExactOrEmpty(cell.has_share_low(), cell.share_low()));
      line.emplace_back(ExactOrEmpty(cell.has_share_high(), cell.share_high()));
      write(std::move(line));
      for (const v1::CohortAmounts& amounts : cell.amounts()) {
        of_currency.resize(4);
        of_currency.resize(kShareColumns, CsvNumber{});
        of_currency.emplace_back(amounts.currency_code());
        of_currency.emplace_back(CsvNumber{AmountDigits(amounts.total())});
        of_currency.emplace_back(ExactOrEmpty(true, amounts.mean()));
        of_currency.emplace_back(ExactOrEmpty(amounts.has_mean_low(), amounts.mean_low()));
        of_currency.emplace_back(ExactOrEmpty(amounts.has_mean_high(), amounts.mean_high()));
        csv.Write(of_currency);
      }
    }
    if (cohort.cells().empty()) {
      write(std::move(start));
    }
  }
}

void PrintCohortsTable(const v1::QueryCohortsRequest& request,
                       const v1::QueryCohortsResponse& response,
                       const std::optional<HeatTerminal>& terminal, std::ostream& out) {
  out << Printable(CohortsHeading(request, response)) << "\n\n";
  if (terminal.has_value()) {
    PrintOnTerminal(FittingShareMap(response, terminal->columns), DarkestShare(response), *terminal,
                    out);
    out << CohortsLegend(response) << "\n";
  } else {
    // With the decimals of other tables, also for a hundred.
    PrintPlain(MapOf(response,
                     [](const v1::CohortCell& cell) {
                       return HeatCell{RoundedOrAbsent(cell.has_share(), cell.share()), {}};
                     }),
               " %", out);
  }
  for (const std::string& code : CohortCurrencies(response)) {
    out << "\n" << Printable(code) << " for each customer of the cohort up to the end of +k\n";
    const HeatMap map = MeanMap(response, code);
    if (terminal.has_value()) {
      PrintOnTerminal(map, DarkestMean(response, code), *terminal, out);
    } else {
      PrintPlain(map, "", out);
    }
  }
}

}  // namespace emptychair
