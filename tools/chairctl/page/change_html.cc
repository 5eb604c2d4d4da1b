#include "tools/chairctl/page/change_html.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/page/metric_html_parts.h"
#include "tools/chairctl/text/change_output.h"
#include "tools/chairctl/text/interval_text.h"
#include "tools/chairctl/text/metric_marks.h"
#include "tools/chairctl/text/metric_text.h"

namespace emptychair {
namespace {

// Contributions drawn of one key; each has three rows.
constexpr int kSlicesDrawnMax = 15;

// The total with its interval, and whether chance explains it.
std::string TotalText(const v1::Contribution& contribution, int decimals) {
  std::string text = SignedText(contribution.total(), decimals);
  if (contribution.has_low() && contribution.has_high()) {
    absl::StrAppend(&text, " (",
                    SignedIntervalText(contribution.low(), contribution.high(), decimals), ")");
  }
  const absl::string_view verdict = MoveText(contribution.verdict());
  return absl::StrCat(text, verdict.empty() ? "" : ", ", verdict);
}

std::vector<PlotRow> RowsOf(const v1::Contribution& contribution, const v1::MethodInfo& info) {
  const std::string group = GroupName(contribution.group_value());
  if (contribution.suppressed()) {
    return {{.name = "total", .detail = "too few answers", .group = group}};
  }
  const int decimals = DecimalsOf(info.method());
  return {{"mix",
           SignedText(contribution.mix(), decimals),
           {.value = contribution.mix()},
           RowMark::kOpenBar,
           group},
          {"score",
           SignedText(contribution.score(), decimals),
           {.value = contribution.score()},
           RowMark::kOpenBar},
          {"total", TotalText(contribution, decimals), MarkOf(contribution), RowMark::kBar}};
}

TickedAxis AxisOf(const v1::DecomposeChangeResponse& response) {
  std::vector<IntervalMark> marks;
  for (const v1::DimensionContributions& dimension : response.dimensions()) {
    for (const v1::Contribution& contribution : dimension.contributions()) {
      marks.push_back(MarkOf(contribution));
      marks.push_back({.value = contribution.mix()});
      marks.push_back({.value = contribution.score()});
    }
  }
  return AxisFor(std::move(marks), true);
}

HtmlCell ShareCell(const v1::MetricValue& group, const v1::MetricValue& whole) {
  return NumberCell(true, PercentOf(group.answers(), whole.answers()));
}

Markup ContributionTable(const v1::DimensionContributions& dimension,
                         const v1::DecomposeChangeResponse& response) {
  HtmlTable table(absl::StrCat("What each ", dimension.key(), " adds to the change"));
  table.AddColumn(dimension.key(), HtmlTable::Align::kLeft);
  for (const char* heading :
       {"base share %", "candidate share %", "mix", "score", "total", "low", "high", "p", "q"}) {
    table.AddColumn(heading, HtmlTable::Align::kRight);
  }
  table.AddColumn("verdict", HtmlTable::Align::kLeft);
  for (const v1::Contribution& contribution : dimension.contributions()) {
    table.AddRow({TextCell(GroupName(contribution.group_value())),
                  ShareCell(contribution.base(), response.base()),
                  ShareCell(contribution.candidate(), response.candidate()),
                  NumberCell(contribution.has_mix(), contribution.mix()),
                  NumberCell(contribution.has_score(), contribution.score()),
                  NumberCell(contribution.has_total(), contribution.total()),
                  NumberCell(contribution.has_low(), contribution.low()),
                  NumberCell(contribution.has_high(), contribution.high()),
                  PValueCell(contribution.has_p_value(), contribution.p_value()),
                  PValueCell(contribution.has_q_value(), contribution.q_value()),
                  TextCell(MoveText(contribution.verdict()))});
  }
  return table.Render();
}

Markup ValueTable(const v1::DimensionContributions& dimension, const v1::MethodInfo& info) {
  PointTable table(absl::StrCat("The values of each ", dimension.key()), {dimension.key(), "side"},
                   info);
  for (const v1::Contribution& contribution : dimension.contributions()) {
    const std::string group = GroupName(contribution.group_value());
    table.Add({group, "base"}, contribution.base());
    table.Add({group, "candidate"}, contribution.candidate());
  }
  return table.Render();
}

void AddDimension(const v1::DimensionContributions& dimension,
                  const v1::DecomposeChangeResponse& response, const TickedAxis& axis,
                  HtmlPage& page) {
  const v1::MethodInfo& info = response.method_info();
  const int drawn = std::min(dimension.contributions_size(), kSlicesDrawnMax);
  std::vector<PlotRow> rows;
  for (int i = 0; i < drawn; ++i) {
    for (PlotRow& row : RowsOf(dimension.contributions(i), info)) {
      rows.push_back(std::move(row));
    }
  }
  page.Add(Heading(absl::StrCat("By ", dimension.key())));
  page.Add(RowPlot(
      absl::StrFormat("what each %s adds: by its share of the answers (mix), by its own value "
                      "(score), and both together with its %g %% interval (total)",
                      dimension.key(), 100 * DifferenceConfidence(info)),
      rows, axis));
  if (drawn < dimension.contributions_size()) {
    page.Add(Paragraph(absl::StrCat("Drawn are the first ", drawn, " of ",
                                    dimension.contributions_size(), "; the table has all.")));
  }
  page.Add(ContributionTable(dimension, response));
  page.Add(ValueTable(dimension, info));
}

}  // namespace

HtmlPage ChangePage(const v1::DecomposeChangeRequest& request,
                    const v1::DecomposeChangeResponse& response) {
  const v1::MethodInfo& info = response.method_info();
  HtmlPage page(absl::StrCat("What moved ", MetricName(info.method()), ": ",
                             SurveysText(request.base(), request.candidate())));
  page.Add(QuestionOf(request.base(), request.candidate(), info));
  page.Add({KeyChange("change", response.has_delta(), response.delta(), info, ChangeText(response)),
            KeyNumberOf("base", response.base(), info),
            KeyNumberOf("candidate", response.candidate(), info)});
  page.Add(OptionalParagraph(IntervalRuleText(request, response)));
  page.Add(OptionalParagraph(ContributionTestsText(response)));
  const TickedAxis axis = AxisOf(response);
  for (const v1::DimensionContributions& dimension : response.dimensions()) {
    AddDimension(dimension, response, axis, page);
  }
  page.Add(Heading("Both sides as a whole"));
  page.Add(SidesTable(response.base(), response.candidate(), info));
  page.Add(Details(info, {CountFact("sequence of the store", response.sequence())}));
  return page;
}

}  // namespace emptychair
