#include "tools/chairctl/text/scorecard_output.h"

#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/plot/interval_axis.h"
#include "tools/chairctl/text/interval_text.h"
#include "tools/chairctl/text/metric_marks.h"
#include "tools/chairctl/text/metric_output.h"
#include "tools/chairctl/text/metric_text.h"

namespace emptychair {
namespace {

Table TableOf(const v1::GetScorecardResponse& response, bool names, bool trend) {
  Table table;
  table.AddColumn("survey", Table::Align::kLeft);
  if (names) {
    table.AddColumn("name", Table::Align::kLeft);
  }
  table.AddColumn("metric", Table::Align::kLeft);
  table.AddColumn("period", Table::Align::kLeft);
  for (const char* heading : {"value", "low", "high", "answers", "change"}) {
    table.AddColumn(heading, Table::Align::kRight);
  }
  table.AddColumn("verdict", Table::Align::kLeft);
  if (trend) {
    table.AddColumn("trend", Table::Align::kLeft);
  }
  for (const v1::SurveyScore& score : response.surveys()) {
    const v1::MetricValue& current = score.current();
    std::vector<std::string> cells = {score.survey_id()};
    if (names) {
      cells.push_back(score.display_name());
    }
    for (std::string text :
         {KindAndMetric(score), PeriodName(score),
          ValueText(current, score.method_info().min_sample()),
          RoundedOrAbsent(current.has_low(), current.low()),
          RoundedOrAbsent(current.has_high(), current.high()), absl::StrCat(current.answers()),
          score.has_delta() ? SignedText(score.delta(), 2) : std::string(kAbsent),
          VerdictWordOf(score)}) {
      cells.push_back(std::move(text));
    }
    if (trend) {
      cells.push_back(Sparkline(MarksOf(score.trend())));
    }
    table.AddRow(std::move(cells));
  }
  return table;
}

}  // namespace

void PrintScorecardCsv(const v1::GetScorecardResponse& response, CsvWriter& csv) {
  csv.Write({"survey_id",
             "display_name",
             "kind",
             "method",
             "period_start",
             "period_end",
             "value",
             "low",
             "high",
             "answers",
             "suppressed",
             "previous_value",
             "previous_low",
             "previous_high",
             "previous_answers",
             "delta",
             "delta_low",
             "delta_high",
             "z",
             "p_value",
             "verdict",
             "direction",
             "q_value",
             "interval_rule",
             "interval_confidence",
             "tests"});
  for (const v1::SurveyScore& score : response.surveys()) {
    const v1::MetricValue& current = score.current();
    const v1::MetricValue& previous = score.previous();
    const v1::TimeInterval period =
        score.periods().empty() ? v1::TimeInterval() : *score.periods().rbegin();
    csv.Write({score.survey_id(),
               score.display_name(),
               EnumFlag(score.kind()),
               EnumFlag(score.method_info().method()),
               TimestampText(period.has_start_time(), period.start_time()),
               TimestampText(period.has_end_time(), period.end_time()),
               ExactOrEmpty(current.has_value(), current.value()),
               ExactOrEmpty(current.has_low(), current.low()),
               ExactOrEmpty(current.has_high(), current.high()),
               CountOrEmpty(true, current.answers()),
               current.suppressed() ? "true" : "false",
               ExactOrEmpty(previous.has_value(), previous.value()),
               ExactOrEmpty(previous.has_low(), previous.low()),
               ExactOrEmpty(previous.has_high(), previous.high()),
               CountOrEmpty(true, previous.answers()),
               ExactOrEmpty(score.has_delta(), score.delta()),
               ExactOrEmpty(score.has_delta_low(), score.delta_low()),
               ExactOrEmpty(score.has_delta_high(), score.delta_high()),
               ExactOrEmpty(score.has_z(), score.z()),
               ExactOrEmpty(score.has_p_value(), score.p_value()),
               EnumFlag(score.verdict()),
               EnumFlag(score.direction()),
               ExactOrEmpty(score.has_q_value(), score.q_value()),
               EnumFlagOrEmpty(score.method_info().interval_rule()),
               ExactOrEmpty(score.method_info().has_interval_confidence(),
                            score.method_info().interval_confidence()),
               CountOrEmpty(true, score.method_info().tests())});
  }
}

void PrintScorecardTable(const v1::GetScorecardRequest& request,
                         const v1::GetScorecardResponse& response, int columns, std::ostream& out) {
  out << ScorecardHeading(response) << "\n";
  for (const std::string& line : {IntervalRuleText(request, response), SurveyTestsText(response)}) {
    if (!line.empty()) {
      out << line << "\n";
    }
  }
  out << "\n";
  const bool terminal = columns > 0;
  const Table full = TableOf(response, true, terminal);
  if (terminal && full.Width() > static_cast<size_t>(columns)) {
    TableOf(response, false, true).Print(out);
  } else {
    full.Print(out);
  }
}

std::string ScorecardHeading(const v1::GetScorecardResponse& response) {
  const std::string as_of =
      LocalTimeText(response.has_as_of(), response.as_of(), absl::UTCTimeZone());
  return response.surveys().empty()
             ? absl::StrCat("no surveys as of ", as_of)
             : absl::StrCat("last complete ",
                            EnumFlag(response.surveys(0).method_info().granularity()), " as of ",
                            as_of);
}

std::string SurveyTestsText(const v1::GetScorecardResponse& response) {
  if (response.surveys().empty()) {
    return "";
  }
  const v1::MethodInfo& info = response.surveys(0).method_info();
  return ManyTestsText(info.tests(), info.confidence(), "surveys", "the changes shown");
}

std::string KindAndMetric(const v1::SurveyScore& score) {
  const std::string kind = absl::AsciiStrToUpper(EnumFlag(score.kind()));
  const std::string metric = MetricName(score.method_info().method());
  return kind == metric ? kind : absl::StrCat(kind, ": ", metric);
}

std::string PeriodName(const v1::SurveyScore& score) {
  if (score.periods().empty()) {
    return std::string(kAbsent);
  }
  return BucketName(FromTimestamp(score.periods().rbegin()->start_time()), score.method_info());
}

std::string VerdictWordOf(const v1::SurveyScore& score) {
  return VerdictWord(score.verdict(), score.direction(), score.method_info().method());
}

}  // namespace emptychair
