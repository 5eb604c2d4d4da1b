#include "tools/chairctl/page/cohorts_html.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/page/heat_table.h"
#include "tools/chairctl/page/loyalty_html_parts.h"
#include "tools/chairctl/page/metric_html_parts.h"
#include "tools/chairctl/text/cohorts_output.h"
#include "tools/chairctl/text/loyalty_text.h"

namespace emptychair {
namespace {

IntervalMark ShareOf(const v1::CohortCell& cell) {
  IntervalMark mark;
  if (cell.has_share()) {
    mark.value = cell.share();
  }
  if (cell.has_share_low() && cell.has_share_high()) {
    mark.low = cell.share_low();
    mark.high = cell.share_high();
  }
  return mark;
}

IntervalMark MeanOf(const v1::CohortAmounts& amounts) {
  IntervalMark mark{.value = amounts.mean()};
  if (amounts.has_mean_low() && amounts.has_mean_high()) {
    mark.low = amounts.mean_low();
    mark.high = amounts.mean_high();
  }
  return mark;
}

std::vector<std::string> HeadingsOf(const v1::QueryCohortsResponse& response) {
  std::vector<std::string> headings = {"cohort", "customers"};
  for (int k = 0; k < CohortColumns(response); ++k) {
    headings.push_back(absl::StrCat("+", k));
  }
  return headings;
}

// A triangle of cells, of each of which `make_cell` makes what is shown: it is given the name of
// the cell, such as `2014-01 +2`.
template <typename MakeCell>
Markup Triangle(const v1::QueryCohortsResponse& response, absl::string_view caption,
                absl::string_view id, MakeCell make_cell) {
  HeatTable table(caption, id);
  table.SetHeadings(HeadingsOf(response));
  for (const v1::Cohort& cohort : response.cohorts()) {
    const std::string name = PeriodName(cohort.interval(), response.method_info());
    std::vector<HeatTableCell> cells;
    for (int k = 0; k < cohort.cells_size(); ++k) {
      cells.push_back(make_cell(cohort, cohort.cells(k), absl::StrCat(name, " +", k, ": ")));
    }
    table.AddRow(name, CountCell(cohort.size()), std::move(cells));
  }
  return table.Render();
}

Markup ShareTriangle(const v1::QueryCohortsResponse& response) {
  const double darkest = DarkestShare(response);
  return Triangle(
      response, absl::StrCat("Percent of each cohort; darkest from ", NumberText(darkest, 1), " %"),
      "shares",
      [darkest](const v1::Cohort& cohort, const v1::CohortCell& cell, const std::string& name) {
        HeatTableCell shown{.number = TextCell(kAbsent),
                            .heat = std::nullopt,
                            .detail = absl::StrCat(
                                name, ShareText(cell.customers(), cohort.size(), ShareOf(cell)))};
        if (cell.has_share()) {
          shown.number = NumberCell(NumberText(cell.share(), 1), JsonNumber(cell.share()));
          shown.heat = cell.share() / darkest;
        }
        return shown;
      });
}

Markup MeanTriangle(const v1::QueryCohortsResponse& response, const std::string& currency_code) {
  const double darkest = DarkestMean(response, currency_code);
  return Triangle(
      response,
      absl::StrCat(currency_code, " for each customer of the cohort up to then; darkest from ",
                   NumberText(darkest, 2)),
      currency_code,
      [&](const v1::Cohort& cohort, const v1::CohortCell& cell, const std::string& name) {
        const v1::CohortAmounts* amounts = AmountsIn(cell, currency_code);
        if (amounts == nullptr) {
          return HeatTableCell{TextCell(kAbsent), std::nullopt,
                               absl::StrCat(name, "nothing in ", currency_code)};
        }
        return HeatTableCell{
            NumberCell(true, amounts->mean()), amounts->mean() / darkest,
            absl::StrCat(name, MarkText(MeanOf(*amounts)), " ", currency_code, " for each of ",
                         cohort.size(), cohort.size() == 1 ? " customer" : " customers")};
      });
}

Markup NumbersTable(const v1::QueryCohortsResponse& response) {
  HtmlTable table("All numbers");
  table.AddColumn("cohort", HtmlTable::Align::kLeft);
  for (const char* heading : {"size", "k", "customers", "share %", "low", "high"}) {
    table.AddColumn(heading, HtmlTable::Align::kRight);
  }
  for (const v1::Cohort& cohort : response.cohorts()) {
    for (int k = 0; k < cohort.cells_size(); ++k) {
      const v1::CohortCell& cell = cohort.cells(k);
      table.AddRow({TextCell(PeriodName(cohort.interval(), response.method_info())),
                    CountCell(cohort.size()), CountCell(k), CountCell(cell.customers()),
                    NumberCell(cell.has_share(), cell.share()),
                    NumberCell(cell.has_share_low(), cell.share_low()),
                    NumberCell(cell.has_share_high(), cell.share_high())});
    }
  }
  return table.Render();
}

Markup AmountsTable(const v1::QueryCohortsResponse& response, const std::string& currency_code) {
  HtmlTable table(absl::StrCat("All amounts, ", currency_code));
  table.AddColumn("cohort", HtmlTable::Align::kLeft);
  for (const char* heading : {"size", "k", "total", "mean", "low", "high"}) {
    table.AddColumn(heading, HtmlTable::Align::kRight);
  }
  for (const v1::Cohort& cohort : response.cohorts()) {
    for (int k = 0; k < cohort.cells_size(); ++k) {
      const v1::CohortAmounts* amounts = AmountsIn(cohort.cells(k), currency_code);
      if (amounts != nullptr) {
        table.AddRow({TextCell(PeriodName(cohort.interval(), response.method_info())),
                      CountCell(cohort.size()), CountCell(k), AmountCell(amounts->total()),
                      NumberCell(true, amounts->mean()),
                      NumberCell(amounts->has_mean_low(), amounts->mean_low()),
                      NumberCell(amounts->has_mean_high(), amounts->mean_high())});
      }
    }
  }
  return table.Render();
}

}  // namespace

HtmlPage CohortsPage(const v1::QueryCohortsRequest& request,
                     const v1::QueryCohortsResponse& response) {
  HtmlPage page(absl::StrCat("Cohorts: ", request.kind()));
  page.Add(Paragraph(CohortsHeading(request, response)));
  page.Add(Paragraph(absl::StrCat(CohortsLegend(response),
                                  " Point at a cell or move to it by the tab key for the customers "
                                  "it counts and its interval.")));
  page.Add(ShareTriangle(response));
  const std::vector<std::string> currencies = CohortCurrencies(response);
  for (const std::string& code : currencies) {
    page.Add(MeanTriangle(response, code));
  }
  page.Add(NumbersTable(response));
  for (const std::string& code : currencies) {
    page.Add(AmountsTable(response, code));
  }
  page.Add(LoyaltyDetails(response.method_info(),
                          {{"cohorts of", DataText(EnumFlag(response.cohort_rule()))},
                           {"back with", DataText(absl::StrCat(response.return_kind(), ", ",
                                                               EnumFlag(response.return_rule())))},
                           CountFact("activities at least", response.min_activities()),
                           CountFact("sequence of the store", response.sequence()),
                           CountFact("rows read", response.rows_read()),
                           CountFact("activities scanned", response.activities_scanned())}));
  return page;
}

}  // namespace emptychair
