#include "tools/chairctl/page/retention_html.h"

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/page/loyalty_html_parts.h"
#include "tools/chairctl/page/metric_html_parts.h"
#include "tools/chairctl/plot/svg_plot.h"
#include "tools/chairctl/text/loyalty_text.h"
#include "tools/chairctl/text/metric_text.h"
#include "tools/chairctl/text/retention_output.h"

namespace emptychair {
namespace {

// More are drawn as lines over time instead of a bar each.
constexpr size_t kBarsMax = 100;
constexpr int kTrendSteps = 7;

// What retention is a share of, by the method.
int64_t KeptOf(const v1::RetentionPoint& point, v1::RetentionMethod method) {
  return method == v1::RETENTION_METHOD_FORMULA ? point.customers_at_end() - point.new_customers()
                                                : point.returning_customers();
}

// The newest point that has a value.
KeyNumber NewestOf(const v1::QueryRetentionResponse& response) {
  const v1::LoyaltyMethodInfo& info = response.method_info();
  int newest = response.points_size() - 1;
  while (newest > 0 && !response.points(newest).has_retention()) {
    --newest;
  }
  if (newest < 0) {
    return {.caption = "Retention", .number = DataText(kAbsent), .bounds = "no complete period"};
  }
  const v1::RetentionPoint& point = response.points(newest);
  return KeyShare(absl::StrCat("Retention in ", PeriodName(point.interval(), info)),
                  KeptOf(point, response.method()), point.customers_at_start(), MarkOf(point),
                  info);
}

KeyNumber DifferenceOf(const v1::QueryRetentionResponse& response) {
  const v1::ClassDifference& difference = response.class_difference();
  KeyNumber key{.caption = "Retention of promoters less that of detractors",
                .number = DataText(kAbsent)};
  if (difference.has_delta()) {
    key.number = NumberMarkup(SignedText(difference.delta(), 1), JsonNumber(difference.delta()));
  }
  if (difference.has_delta_low() && difference.has_delta_high()) {
    key.bounds = absl::StrFormat(
        "%s at %.0f %%", SignedIntervalText(difference.delta_low(), difference.delta_high(), 1),
        100 * response.method_info().confidence());
  }
  key.meaning = difference.verdict() == v1::VERDICT_HIGHER  ? "promoters come back more often"
                : difference.verdict() == v1::VERDICT_LOWER ? "promoters come back less often"
                : difference.verdict() == v1::VERDICT_NO_CLEAR_CHANGE ? "no clear difference"
                                                                      : "too few";
  return key;
}

void AddBars(const v1::QueryRetentionResponse& response, const std::vector<RetentionBlock>& blocks,
             const std::string& caption, HtmlPage& page) {
  std::vector<PlotRow> rows;
  std::vector<IntervalMark> marks;
  for (const RetentionBlock& block : blocks) {
    std::string group = block.name;
    for (const v1::RetentionPoint& point : *block.points) {
      marks.push_back(MarkOf(point));
      rows.push_back({PeriodName(point.interval(), response.method_info()),
                      RowText(marks.back(), point.customers_at_start()), marks.back(),
                      RowMark::kBar, group});
      group.clear();
    }
  }
  page.Add(RowPlot(caption, rows, AxisFor(marks, true)));
}

void AddTrends(const v1::QueryRetentionResponse& response,
               const std::vector<RetentionBlock>& blocks, const std::string& caption,
               HtmlPage& page) {
  std::vector<Trend> trends;
  std::vector<IntervalMark> marks = {{.value = 0}};
  for (const RetentionBlock& block : blocks) {
    Trend trend{.title = block.name.empty() ? "retention %" : block.name, .names = {}, .marks = {}};
    for (const v1::RetentionPoint& point : *block.points) {
      trend.names.push_back(PeriodName(point.interval(), response.method_info()));
      trend.marks.push_back(MarkOf(point));
      marks.push_back(trend.marks.back());
    }
    trends.push_back(std::move(trend));
  }
  page.Add(Paragraph(caption));
  page.Add(Markup{"<div class=\"panels\">\n"});
  const TickedAxis axis(marks, kTrendSteps);
  for (const Trend& trend : trends) {
    page.Add(TrendPlot(trend, axis));
  }
  page.Add(Markup{"</div>\n"});
}

// Bars as long as there are few enough to read them.
void AddPlots(const v1::QueryRetentionResponse& response, const std::vector<RetentionBlock>& blocks,
              HtmlPage& page) {
  size_t points = 0;
  for (const RetentionBlock& block : blocks) {
    points += static_cast<size_t>(block.points->size());
  }
  const std::string caption = absl::StrCat("Percent of the customers of the period before, ",
                                           response.method() == v1::RETENTION_METHOD_FORMULA
                                               ? "without an interval"
                                               : IntervalsText(response.method_info()));
  (points <= kBarsMax ? AddBars : AddTrends)(response, blocks, caption, page);
}

std::string NamedCaption(absl::string_view caption, const RetentionBlock& block) {
  return absl::StrCat(caption, block.name.empty() ? "" : ", ", block.name);
}

Markup PointsTable(const v1::QueryRetentionResponse& response, const RetentionBlock& block) {
  HtmlTable table(NamedCaption("All numbers", block));
  table.AddColumn(PeriodHeading(response.method_info()), HtmlTable::Align::kLeft);
  for (const char* heading : {"before", "active", "new", "returned", "won back", "retention %",
                              "low", "high", "churn %", "low", "high"}) {
    table.AddColumn(heading, HtmlTable::Align::kRight);
  }
  for (const v1::RetentionPoint& point : *block.points) {
    table.AddRow({TextCell(PeriodName(point.interval(), response.method_info())),
                  CountCell(point.customers_at_start()), CountCell(point.customers_at_end()),
                  CountCell(point.new_customers()), CountCell(point.returning_customers()),
                  CountCell(point.won_back_customers()),
                  NumberCell(point.has_retention(), point.retention()),
                  NumberCell(point.has_retention_low(), point.retention_low()),
                  NumberCell(point.has_retention_high(), point.retention_high()),
                  NumberCell(point.has_churn(), point.churn()),
                  NumberCell(point.has_churn_low(), point.churn_low()),
                  NumberCell(point.has_churn_high(), point.churn_high())});
  }
  return table.Render();
}

Markup AmountsTable(const v1::QueryRetentionResponse& response, const RetentionBlock& block,
                    const std::string& currency_code) {
  HtmlTable table(NamedCaption(absl::StrCat("Amounts, ", currency_code), block));
  table.AddColumn(PeriodHeading(response.method_info()), HtmlTable::Align::kLeft);
  for (const char* heading :
       {"total", "before", "kept", "net %", "low", "high", "gross %", "low", "high"}) {
    table.AddColumn(heading, HtmlTable::Align::kRight);
  }
  for (const v1::RetentionPoint& point : *block.points) {
    const v1::RetentionAmounts* amounts = AmountsIn(point, currency_code);
    if (amounts == nullptr) {
      continue;
    }
    table.AddRow(
        {TextCell(PeriodName(point.interval(), response.method_info())),
         AmountCell(amounts->total()), AmountCell(amounts->before()), AmountCell(amounts->kept()),
         NumberCell(amounts->has_net_retention(), amounts->net_retention()),
         NumberCell(amounts->has_net_retention_low(), amounts->net_retention_low()),
         NumberCell(amounts->has_net_retention_high(), amounts->net_retention_high()),
         NumberCell(amounts->has_gross_retention(), amounts->gross_retention()),
         NumberCell(amounts->has_gross_retention_low(), amounts->gross_retention_low()),
         NumberCell(amounts->has_gross_retention_high(), amounts->gross_retention_high())});
  }
  return table.Render();
}

// The difference between classes in all its numbers.
Markup DifferenceTable(const v1::ClassDifference& difference) {
  HtmlTable table("Promoters less detractors, over all periods");
  table.AddColumn("class", HtmlTable::Align::kLeft);
  for (const char* heading : {"before", "returned", "difference", "low", "high", "z", "p"}) {
    table.AddColumn(heading, HtmlTable::Align::kRight);
  }
  const auto row = [](absl::string_view name, int64_t before, int64_t returned) {
    std::vector<HtmlCell> cells = {TextCell(name), CountCell(before), CountCell(returned)};
    cells.resize(8, TextCell(kAbsent));
    return cells;
  };
  table.AddRow(row("promoters", difference.promoters_at_start(), difference.promoters_returning()));
  table.AddRow(
      row("detractors", difference.detractors_at_start(), difference.detractors_returning()));
  table.AddRow({TextCell("difference"), TextCell(kAbsent), TextCell(kAbsent),
                NumberCell(difference.has_delta(), difference.delta()),
                NumberCell(difference.has_delta_low(), difference.delta_low()),
                NumberCell(difference.has_delta_high(), difference.delta_high()),
                NumberCell(difference.has_z(), difference.z()),
                PValueCell(difference.has_p_value(), difference.p_value())});
  return table.Render();
}

}  // namespace

HtmlPage RetentionPage(const v1::QueryRetentionRequest& request,
                       const v1::QueryRetentionResponse& response) {
  HtmlPage page(absl::StrCat("Retention: ", request.kind()));
  page.Add(Paragraph(RetentionHeading(request, response)));
  page.Add(OptionalParagraph(RetentionMethodNote(response)));
  std::vector<KeyNumber> keys = {NewestOf(response)};
  if (response.has_class_difference()) {
    keys.push_back(DifferenceOf(response));
  }
  page.Add(keys);
  if (response.has_class_difference()) {
    page.Add(Paragraph(
        absl::StrCat(ClassDifferenceText(response.class_difference(), response.method_info()), " ",
                     ClassDifferenceBasis(response.class_difference()))));
  }
  const std::vector<RetentionBlock> blocks = BlocksOf(response);
  AddPlots(response, blocks, page);
  for (const RetentionBlock& block : blocks) {
    page.Add(PointsTable(response, block));
    std::set<std::string> currency_codes;
    AddCurrencies(*block.points, currency_codes);
    for (const std::string& code : currency_codes) {
      page.Add(AmountsTable(response, block, code));
    }
  }
  if (response.has_class_difference()) {
    page.Add(DifferenceTable(response.class_difference()));
  }
  page.Add(LoyaltyDetails(response.method_info(),
                          {{"method", DataText(EnumFlag(response.method()))},
                           CountFact("sequence of the store", response.sequence()),
                           CountFact("rows read", response.rows_read()),
                           CountFact("activities scanned", response.activities_scanned())}));
  return page;
}

}  // namespace emptychair
