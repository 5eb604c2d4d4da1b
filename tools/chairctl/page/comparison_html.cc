#include "tools/chairctl/page/comparison_html.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/page/metric_html_parts.h"
#include "tools/chairctl/text/comparison_output.h"
#include "tools/chairctl/text/interval_text.h"
#include "tools/chairctl/text/metric_marks.h"
#include "tools/chairctl/text/metric_text.h"

namespace emptychair {
namespace {

IntervalMark DifferenceOf(const v1::CompareMetricResponse& response) {
  IntervalMark mark;
  if (response.has_delta()) {
    mark.value = response.delta();
  }
  if (response.has_delta_low() && response.has_delta_high()) {
    mark.low = response.delta_low();
    mark.high = response.delta_high();
  }
  return mark;
}

std::string DifferenceText(const v1::CompareMetricResponse& response) {
  if (!response.has_delta()) {
    return "not known";
  }
  const int decimals = DecimalsOf(response.method_info().method());
  std::string text = SignedText(response.delta(), decimals);
  if (response.has_delta_low() && response.has_delta_high()) {
    absl::StrAppend(&text, " (",
                    SignedIntervalText(response.delta_low(), response.delta_high(), decimals), ")");
  }
  return text;
}

void AddPlots(const v1::CompareMetricResponse& response, HtmlPage& page) {
  const v1::MethodInfo& info = response.method_info();
  const std::string intervals = absl::StrFormat("%g %% intervals", 100 * info.confidence());
  const IntervalMark base = MarkOf(response.base());
  const IntervalMark candidate = MarkOf(response.candidate());
  page.Add(RowPlot(absl::StrCat(MetricName(info.method()), " of both sides, with ", intervals),
                   {{"base", PointText(response.base(), info), base, RowMark::kRing},
                    {"candidate", PointText(response.candidate(), info), candidate, RowMark::kDot}},
                   AxisFor({base, candidate}, false)));
  const IntervalMark difference = DifferenceOf(response);
  page.Add(RowPlot("candidate less base; the change is clear when the interval leaves out 0",
                   {{"difference", DifferenceText(response), difference, RowMark::kDiamond}},
                   AxisFor({difference}, true)));
}

Markup DifferenceTable(const v1::CompareMetricResponse& response) {
  HtmlTable table("The difference");
  table.AddColumn("difference", HtmlTable::Align::kLeft);
  for (const char* heading : {"delta", "low", "high", "z", "p"}) {
    table.AddColumn(heading, HtmlTable::Align::kRight);
  }
  table.AddRow({TextCell("candidate − base"), NumberCell(response.has_delta(), response.delta()),
                NumberCell(response.has_delta_low(), response.delta_low()),
                NumberCell(response.has_delta_high(), response.delta_high()),
                NumberCell(response.has_z(), response.z()),
                PValueCell(response.has_p_value(), response.p_value())});
  return table.Render();
}

// How the sides are compared, beside what holds for each.
std::vector<Fact> ComparisonFacts(const v1::CompareMetricResponse& response) {
  std::vector<Fact> facts;
  if (response.has_customer_correlation()) {
    facts.push_back(
        NumberFact("correlation by customers on both sides", response.customer_correlation()));
  }
  if (response.looks() != v1::LOOKS_UNSPECIFIED) {
    facts.emplace_back("looks", DataText(EnumFlag(response.looks())));
  }
  if (response.has_as_of()) {
    facts.emplace_back(
        "as of", DataText(LocalTimeText(true, response.as_of(), ZoneOf(response.method_info()))));
  }
  if (response.has_z_limit()) {
    facts.push_back(NumberFact("a change is called from z", response.z_limit()));
  }
  if (response.has_information_fraction()) {
    facts.push_back(
        NumberFact("part known of what the end will tell", response.information_fraction()));
  }
  facts.push_back(CountFact("sequence of the store", response.sequence()));
  return facts;
}

}  // namespace

HtmlPage ComparisonPage(const v1::CompareMetricRequest& request,
                        const v1::CompareMetricResponse& response) {
  const v1::MethodInfo& info = response.method_info();
  HtmlPage page(absl::StrCat(MetricName(info.method()),
                             " compared: ", SurveysText(request.base(), request.candidate())));
  page.Add(QuestionOf(request.base(), request.candidate(), info));
  page.Add(
      {KeyChange("change", response.has_delta(), response.delta(), info, VerdictText(response)),
       KeyNumberOf("base", response.base(), info),
       KeyNumberOf("candidate", response.candidate(), info)});
  AddPlots(response, page);
  for (const std::string& line : {LooksText(request, response), IntervalRuleText(request, response),
                                  SharedCustomersText(response)}) {
    page.Add(OptionalParagraph(line));
  }
  page.Add(SidesTable(response.base(), response.candidate(), info));
  page.Add(DifferenceTable(response));
  page.Add(Details(info, ComparisonFacts(response)));
  return page;
}

}  // namespace emptychair
