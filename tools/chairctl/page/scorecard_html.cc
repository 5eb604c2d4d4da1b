#include "tools/chairctl/page/scorecard_html.h"

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/page/metric_html_parts.h"
#include "tools/chairctl/text/interval_text.h"
#include "tools/chairctl/text/metric_marks.h"
#include "tools/chairctl/text/metric_output.h"
#include "tools/chairctl/text/metric_text.h"
#include "tools/chairctl/text/scorecard_output.h"

namespace emptychair {
namespace {

std::string NameOf(const v1::SurveyScore& score) {
  return score.display_name().empty()
             ? score.survey_id()
             : absl::StrCat(score.display_name(), " (", score.survey_id(), ")");
}

std::vector<std::string> PeriodNames(const v1::SurveyScore& score) {
  std::vector<std::string> names;
  for (const v1::TimeInterval& period : score.periods()) {
    names.push_back(BucketName(FromTimestamp(period.start_time()), score.method_info()));
  }
  return names;
}

std::string Block(absl::string_view css_class, const std::string& html) {
  return absl::StrCat("<div class=\"", css_class, "\">", html, "</div>");
}

// A survey at a glance: what it measures, where it stands, how it came there, what changed.
Markup GlanceAt(const v1::SurveyScore& score) {
  const v1::MethodInfo& info = score.method_info();
  const KeyNumber key = KeyNumberOf("", score.current(), info);
  const std::string verdict = VerdictWordOf(score);
  std::string change = "no value to compare";
  if (score.has_delta()) {
    const int decimals = DecimalsOf(info.method());
    change = absl::StrCat(SignedText(score.delta(), decimals), " since the period before");
    if (score.has_delta_low() && score.has_delta_high()) {
      absl::StrAppendFormat(&change, " (%s at %g %%)",
                            SignedIntervalText(score.delta_low(), score.delta_high(), decimals),
                            100 * DifferenceConfidence(info));
    }
  }
  return {absl::StrCat(
      "<div class=\"score\">\n<div>", Block("name", DataText(NameOf(score)).html),
      Block("note", DataText(absl::StrCat(KindAndMetric(score), ", ", PeriodName(score))).html),
      "</div>\n<div>", Block("number", key.number.html), Block("note", DataText(key.bounds).html),
      "</div>\n", SparklinePlot({NameOf(score), PeriodNames(score), MarksOf(score.trend())}).html,
      "<div>",
      Block(score.direction() == v1::CHANGE_DIRECTION_BETTER  ? "better"
            : score.direction() == v1::CHANGE_DIRECTION_WORSE ? "worse"
                                                              : "verdict",
            DataText(verdict).html),
      Block("note", DataText(change).html), "</div>\n</div>\n")};
}

// How many surveys have which verdict.
std::vector<KeyNumber> VerdictCounts(const v1::GetScorecardResponse& response) {
  std::map<std::string, int> counts;
  for (const v1::SurveyScore& score : response.surveys()) {
    ++counts[VerdictWordOf(score)];
  }
  std::vector<KeyNumber> keys;
  for (const char* verdict : {"better", "worse", "no clear change", "too few"}) {
    keys.push_back({.caption = verdict,
                    .number = DataText(absl::StrCat(counts[verdict])),
                    .bounds = counts[verdict] == 1 ? "survey" : "surveys"});
  }
  return keys;
}

Markup ChangeTable(const v1::GetScorecardResponse& response) {
  HtmlTable table("The last complete period less the one before");
  for (const char* heading : {"survey", "metric", "period"}) {
    table.AddColumn(heading, HtmlTable::Align::kLeft);
  }
  for (const char* heading :
       {"value", "answers", "before", "change", "low", "high", "z", "p", "q"}) {
    table.AddColumn(heading, HtmlTable::Align::kRight);
  }
  table.AddColumn("verdict", HtmlTable::Align::kLeft);
  for (const v1::SurveyScore& score : response.surveys()) {
    const int min_sample = score.method_info().min_sample();
    table.AddRow(
        {TextCell(score.survey_id()), TextCell(KindAndMetric(score)), TextCell(PeriodName(score)),
         ValueCell(score.current(), min_sample), CountCell(score.current().answers()),
         ValueCell(score.previous(), min_sample), NumberCell(score.has_delta(), score.delta()),
         NumberCell(score.has_delta_low(), score.delta_low()),
         NumberCell(score.has_delta_high(), score.delta_high()),
         NumberCell(score.has_z(), score.z()), PValueCell(score.has_p_value(), score.p_value()),
         PValueCell(score.has_q_value(), score.q_value()), TextCell(VerdictWordOf(score))});
  }
  return table.Render();
}

Markup TrendTable(const v1::SurveyScore& score) {
  const v1::MethodInfo& info = score.method_info();
  PointTable table(absl::StrFormat("%s, %g %% intervals, %s", MetricName(info.method()),
                                   100 * info.confidence(), info.time_zone()),
                   {EnumFlag(info.granularity())}, info);
  const std::vector<std::string> names = PeriodNames(score);
  for (int i = 0; i < score.trend_size() && i < score.periods_size(); ++i) {
    table.Add({names[static_cast<size_t>(i)]}, score.trend(i));
  }
  return table.Render();
}

}  // namespace

HtmlPage ScorecardPage(const v1::GetScorecardRequest& request,
                       const v1::GetScorecardResponse& response) {
  HtmlPage page("Scorecard");
  page.Add(Paragraph(ScorecardHeading(response)));
  page.Add(VerdictCounts(response));
  for (const v1::SurveyScore& score : response.surveys()) {
    page.Add(GlanceAt(score));
  }
  page.Add(OptionalParagraph(IntervalRuleText(request, response)));
  page.Add(OptionalParagraph(SurveyTestsText(response)));
  page.Add(ChangeTable(response));
  for (const v1::SurveyScore& score : response.surveys()) {
    page.Add(Heading(NameOf(score)));
    page.Add(TrendTable(score));
    page.Add(MethodFacts(score.method_info()));
  }
  page.Add(Details({CountFact("sequence of the store", response.sequence())}));
  return page;
}

}  // namespace emptychair
