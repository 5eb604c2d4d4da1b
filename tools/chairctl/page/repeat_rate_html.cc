#include "tools/chairctl/page/repeat_rate_html.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/page/loyalty_html_parts.h"
#include "tools/chairctl/page/metric_html_parts.h"
#include "tools/chairctl/plot/svg_plot.h"
#include "tools/chairctl/text/loyalty_text.h"
#include "tools/chairctl/text/repeat_rate_output.h"

namespace emptychair {
namespace {

template <typename Rate>
IntervalMark RateOf(const Rate& rate) {
  IntervalMark mark;
  if (rate.has_repeat_rate()) {
    mark.value = rate.repeat_rate();
  }
  if (rate.has_repeat_rate_low() && rate.has_repeat_rate_high()) {
    mark.low = rate.repeat_rate_low();
    mark.high = rate.repeat_rate_high();
  }
  return mark;
}

std::string NameOf(const v1::RepeatWithinDays& within) {
  return absl::StrCat("within ", within.days(), " d");
}

template <typename Rate>
std::vector<HtmlCell> RateCells(HtmlCell name, HtmlCell days, const Rate& rate) {
  return {std::move(name),
          std::move(days),
          CountCell(rate.customers()),
          CountCell(rate.repeat_customers()),
          NumberCell(rate.has_repeat_rate(), rate.repeat_rate()),
          NumberCell(rate.has_repeat_rate_low(), rate.repeat_rate_low()),
          NumberCell(rate.has_repeat_rate_high(), rate.repeat_rate_high())};
}

Markup RatesTable(const v1::QueryRepeatRateResponse& response) {
  HtmlTable table("All numbers");
  table.AddColumn("again", HtmlTable::Align::kLeft);
  for (const char* heading : {"days", "customers", "repeated", "rate %", "low", "high"}) {
    table.AddColumn(heading, HtmlTable::Align::kRight);
  }
  table.AddRow(RateCells(TextCell("in the window"), TextCell(kAbsent), response));
  for (const v1::RepeatWithinDays& within : response.within_days()) {
    table.AddRow(RateCells(TextCell(NameOf(within)), CountCell(within.days()), within));
  }
  return table.Render();
}

Markup DaysTable(const v1::TimeToSecond& time) {
  HtmlTable table("Days from the first day to the second, by Kaplan and Meier");
  table.AddColumn("of new customers", HtmlTable::Align::kLeft);
  for (const char* heading : {"customers", "repeated", "days", "low", "high"}) {
    table.AddColumn(heading, HtmlTable::Align::kRight);
  }
  for (const auto& [name, quantile] :
       {std::pair("a quarter", &time.p25()), std::pair("half", &time.median()),
        std::pair("three quarters", &time.p75())}) {
    table.AddRow({TextCell(name), CountCell(time.customers()), CountCell(time.repeat_customers()),
                  CountCell(quantile->has_days(), quantile->days()),
                  CountCell(quantile->has_days_low(), quantile->days_low()),
                  CountCell(quantile->has_days_high(), quantile->days_high())});
  }
  return table.Render();
}

KeyNumber MedianOf(const v1::TimeToSecond& time) {
  return {
      .caption = "Half of new customers came again within",
      .number = time.median().has_days() ? NumberMarkup(absl::StrCat(time.median().days(), " d"),
                                                        absl::StrCat(time.median().days()))
                                         : DataText(kAbsent),
      .bounds = absl::StrCat("a quarter within ", DaysQuantileText(time.p25()), ", half within ",
                             DaysQuantileText(time.median()), ", three quarters within ",
                             DaysQuantileText(time.p75()), " days")};
}

}  // namespace

HtmlPage RepeatRatePage(const v1::QueryRepeatRateRequest& request,
                        const v1::QueryRepeatRateResponse& response) {
  HtmlPage page(absl::StrCat("Repeat rate: ", request.kind()));
  page.Add(Paragraph(RepeatRateHeading(request, response)));
  page.Add({KeyShare("Active a second time", response.repeat_customers(), response.customers(),
                     RateOf(response), response.method_info()),
            MedianOf(response.time_to_second())});
  std::vector<IntervalMark> marks = {RateOf(response)};
  std::vector<PlotRow> rows = {
      {"in the window", RowText(marks[0], response.customers()), marks[0], RowMark::kBar}};
  for (const v1::RepeatWithinDays& within : response.within_days()) {
    marks.push_back(RateOf(within));
    rows.push_back(
        {NameOf(within), RowText(marks.back(), within.customers()), marks.back(), RowMark::kBar});
  }
  page.Add(RowPlot(
      absl::StrCat("Percent of customers who came again, ", IntervalsText(response.method_info())),
      rows, AxisFor(marks, true)));
  if (!response.within_days().empty()) {
    page.Add(Paragraph("Whoever has not had so many days yet does not count for \"within\"."));
  }
  page.Add(RatesTable(response));
  page.Add(DaysTable(response.time_to_second()));
  page.Add(LoyaltyDetails(response.method_info(),
                          {{"method", DataText(EnumFlag(response.method()))},
                           CountFact("sequence of the store", response.sequence()),
                           CountFact("rows read", response.rows_read()),
                           CountFact("activities scanned", response.activities_scanned())}));
  return page;
}

}  // namespace emptychair
