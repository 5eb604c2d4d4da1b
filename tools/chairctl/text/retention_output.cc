#include "tools/chairctl/text/retention_output.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/chairctl/base/amount_text.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/plot/interval_axis.h"
#include "tools/chairctl/text/loyalty_text.h"
#include "tools/chairctl/text/metric_text.h"

namespace emptychair {
namespace {

constexpr size_t kPointColumns = 14;
constexpr size_t kAmountColumns = 9;

// Adds what all lines of a point begin with.
void AddPoint(const RetentionBlock& block, const v1::RetentionPoint& point,
              v1::RetentionMethod method, std::vector<CsvCell>& line) {
  AddEdges(point.interval(), line);
  for (const int64_t count :
       {point.customers_at_start(), point.customers_at_end(), point.new_customers(),
        point.returning_customers(), point.won_back_customers()}) {
    line.push_back(CountOrEmpty(true, count));
  }
  line.emplace_back(EnumFlag(method));
  line.emplace_back(ExactOrEmpty(point.has_retention(), point.retention()));
  line.emplace_back(ExactOrEmpty(point.has_retention_low(), point.retention_low()));
  line.emplace_back(ExactOrEmpty(point.has_retention_high(), point.retention_high()));
  line.emplace_back(ExactOrEmpty(point.has_churn(), point.churn()));
  line.emplace_back(ExactOrEmpty(point.has_churn_low(), point.churn_low()));
  line.emplace_back(ExactOrEmpty(point.has_churn_high(), point.churn_high()));
  line.emplace_back(EnumFlagOrEmpty(block.nps_class));
}

// Adds amounts, from `currency_code` on.
void AddAmounts(const v1::RetentionAmounts& amounts, std::vector<CsvCell>& line) {
  line.emplace_back(amounts.currency_code());
  for (const v1::Amount* amount : {&amounts.total(), &amounts.before(), &amounts.kept()}) {
    line.emplace_back(CsvNumber{AmountDigits(*amount)});
  }
  line.emplace_back(ExactOrEmpty(amounts.has_net_retention(), amounts.net_retention()));
  line.emplace_back(ExactOrEmpty(amounts.has_net_retention_low(), amounts.net_retention_low()));
  line.emplace_back(ExactOrEmpty(amounts.has_net_retention_high(), amounts.net_retention_high()));
  line.emplace_back(ExactOrEmpty(amounts.has_gross_retention(), amounts.gross_retention()));
  line.emplace_back(ExactOrEmpty(amounts.has_gross_retention_low(), amounts.gross_retention_low()));
  line.emplace_back(
      ExactOrEmpty(amounts.has_gross_retention_high(), amounts.gross_retention_high()));
}

// What a table of points shows; without counts, only those that retention is made of.
Table PointTable(const v1::LoyaltyMethodInfo& info, bool has_counts) {
  Table table;
  table.AddColumn(PeriodHeading(info), Table::Align::kLeft);
  for (const char* heading : {"before", "active", "new", "returned", "won back", "retention %",
                              "low", "high", "churn %"}) {
    const std::string name = heading;
    if (has_counts ||
        (name != "active" && name != "new" && name != "won back" && name != "churn %")) {
      table.AddColumn(name, Table::Align::kRight);
    }
  }
  return table;
}

std::vector<std::string> PointCells(const v1::RetentionPoint& point,
                                    const v1::LoyaltyMethodInfo& info, bool has_counts) {
  std::vector<std::string> cells = {PeriodName(point.interval(), info),
                                    absl::StrCat(point.customers_at_start())};
  if (has_counts) {
    cells.push_back(absl::StrCat(point.customers_at_end()));
    cells.push_back(absl::StrCat(point.new_customers()));
  }
  cells.push_back(absl::StrCat(point.returning_customers()));
  if (has_counts) {
    cells.push_back(absl::StrCat(point.won_back_customers()));
  }
  cells.push_back(RoundedOrAbsent(point.has_retention(), point.retention()));
  cells.push_back(RoundedOrAbsent(point.has_retention_low(), point.retention_low()));
  cells.push_back(RoundedOrAbsent(point.has_retention_high(), point.retention_high()));
  if (has_counts) {
    cells.push_back(RoundedOrAbsent(point.has_churn(), point.churn()));
  }
  return cells;
}

// One axis for all blocks, so that their bars can be compared.
IntervalAxis AxisOf(const std::vector<RetentionBlock>& blocks) {
  std::vector<IntervalMark> marks;
  for (const RetentionBlock& block : blocks) {
    for (const v1::RetentionPoint& point : *block.points) {
      marks.push_back(MarkOf(point));
    }
  }
  return IntervalAxis(marks);
}

// The table of a block, as wide as its bars allow.
Table TableOf(const RetentionBlock& block, const v1::LoyaltyMethodInfo& info, int columns,
              const IntervalAxis& axis) {
  const auto make = [&](bool has_counts, int bar_width) {
    Table table = PointTable(info, has_counts);
    if (bar_width > 0) {
      table.AddColumn(axis.Heading(bar_width), Table::Align::kLeft);
    }
    for (const v1::RetentionPoint& point : *block.points) {
      std::vector<std::string> cells = PointCells(point, info, has_counts);
      if (bar_width > 0) {
        cells.push_back(axis.Bar(MarkOf(point), bar_width));
      }
      table.AddRow(std::move(cells));
    }
    return table;
  };
  if (columns > 0 && block.points->size() > 1) {
    for (const bool has_counts : {true, false}) {
      const int room = columns - static_cast<int>(make(has_counts, 0).Width()) - 2;
      if (room >= kBarWidthMin) {
        return make(has_counts, std::min(room, kBarWidthMax));
      }
    }
  }
  return make(true, 0);
}

void PrintAmounts(const RetentionBlock& block, const v1::LoyaltyMethodInfo& info,
                  std::ostream& out) {
  std::set<std::string> currency_codes;
  AddCurrencies(*block.points, currency_codes);
  for (const std::string& code : currency_codes) {
    Table table;
    table.AddColumn(PeriodHeading(info), Table::Align::kLeft);
    for (const char* heading :
         {"total", "before", "kept", "net %", "low", "high", "gross %", "low", "high"}) {
      table.AddColumn(heading, Table::Align::kRight);
    }
    for (const v1::RetentionPoint& point : *block.points) {
      const v1::RetentionAmounts* amounts = AmountsIn(point, code);
      if (amounts == nullptr) {
        std::vector<std::string> cells(10, std::string(kAbsent));
        cells.front() = PeriodName(point.interval(), info);
        table.AddRow(std::move(cells));
        continue;
      }
      table.AddRow(
          {PeriodName(point.interval(), info), AmountNumber(amounts->total()),
           AmountNumber(amounts->before()), AmountNumber(amounts->kept()),
           RoundedOrAbsent(amounts->has_net_retention(), amounts->net_retention()),
           RoundedOrAbsent(amounts->has_net_retention_low(), amounts->net_retention_low()),
           RoundedOrAbsent(amounts->has_net_retention_high(), amounts->net_retention_high()),
           RoundedOrAbsent(amounts->has_gross_retention(), amounts->gross_retention()),
           RoundedOrAbsent(amounts->has_gross_retention_low(), amounts->gross_retention_low()),
           RoundedOrAbsent(amounts->has_gross_retention_high(), amounts->gross_retention_high())});
    }
    out << "\n" << Printable(code) << (block.name.empty() ? "" : ", ") << block.name << "\n";
    table.Print(out);
  }
}

}  // namespace

std::vector<RetentionBlock> BlocksOf(const v1::QueryRetentionResponse& response) {
  std::vector<RetentionBlock> blocks = {{.points = &response.points()}};
  if (!response.classes().empty()) {
    blocks.front().name = "all customers";
  }
  for (const v1::RetentionOfClass& of_class : response.classes()) {
    blocks.push_back({ClassName(of_class.nps_class()), of_class.nps_class(), &of_class.points()});
  }
  return blocks;
}

std::string RetentionHeading(const v1::QueryRetentionRequest& request,
                             const v1::QueryRetentionResponse& response) {
  const v1::LoyaltyMethodInfo& info = response.method_info();
  return absl::StrCat("retention of ", request.kind(), " ", LengthText(info), ", ",
                      EnumFlag(response.method()), ", ", BasisText(info),
                      FiltersText(request.filters()));
}

std::string RetentionMethodNote(const v1::QueryRetentionResponse& response) {
  return response.method() == v1::RETENTION_METHOD_FORMULA
             ? "The formula counts customers who were won back as retained: it can pass 100 %, and "
               "has no interval."
             : "";
}

void PrintRetentionCsv(const v1::QueryRetentionResponse& response, CsvWriter& csv) {
  csv.Write(
      {"period_start",        "period_end",          "customers_at_start", "customers_at_end",
       "new_customers",       "returning_customers", "won_back_customers", "method",
       "retention",           "retention_low",       "retention_high",     "churn",
       "churn_low",           "churn_high",          "nps_class",          "currency_code",
       "amount_total",        "amount_before",       "amount_kept",        "net_retention",
       "net_retention_low",   "net_retention_high",  "gross_retention",    "gross_retention_low",
       "gross_retention_high"});
  for (const RetentionBlock& block : BlocksOf(response)) {
    for (const v1::RetentionPoint& point : *block.points) {
      std::vector<CsvCell> line;
      AddPoint(block, point, response.method(), line);
      line.resize(line.size() + 1, std::string());
      line.resize(line.size() + kAmountColumns, CsvNumber{});
      csv.Write(line);
      for (const v1::RetentionAmounts& amounts : point.amounts()) {
        std::vector<CsvCell> of_currency;
        AddEdges(point.interval(), of_currency);
        of_currency.resize(kPointColumns, CsvNumber{});
        of_currency[7] = EnumFlag(response.method());
        of_currency.emplace_back(EnumFlagOrEmpty(block.nps_class));
        AddAmounts(amounts, of_currency);
        csv.Write(of_currency);
      }
    }
  }
}

void PrintRetentionTable(const v1::QueryRetentionRequest& request,
                         const v1::QueryRetentionResponse& response, int columns,
                         std::ostream& out) {
  const v1::LoyaltyMethodInfo& info = response.method_info();
  out << Printable(RetentionHeading(request, response)) << "\n";
  if (const std::string note = RetentionMethodNote(response); !note.empty()) {
    out << note << "\n";
  }
  const std::vector<RetentionBlock> blocks = BlocksOf(response);
  const IntervalAxis axis = AxisOf(blocks);
  for (const RetentionBlock& block : blocks) {
    out << "\n";
    if (!block.name.empty()) {
      out << block.name << "\n";
    }
    TableOf(block, info, columns, axis).Print(out);
    PrintAmounts(block, info, out);
  }
  if (response.has_class_difference()) {
    out << "\n"
        << ClassDifferenceText(response.class_difference(), info) << "\n"
        << ClassDifferenceBasis(response.class_difference()) << "\n";
  }
}

}  // namespace emptychair
