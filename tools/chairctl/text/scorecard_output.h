// The scorecard of surveys, for people and as CSV.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_SCORECARD_OUTPUT_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_SCORECARD_OUTPUT_H_

#include <ostream>
#include <string>

#include "emptychair/v1/metrics_service.pb.h"
#include "tools/chairctl/base/csv_writer.h"

namespace emptychair {

// Writes a line for every survey, in the answer's order, exact, behind the header `survey_id,
// display_name,kind,method,period_start,period_end,value,low,high,answers,suppressed,
// previous_value,previous_low,previous_high,previous_answers,delta,delta_low,delta_high,z,p_value,
// verdict,direction,q_value,interval_rule,interval_confidence,tests`. What is absent is empty;
// times are RFC 3339 in UTC.
void PrintScorecardCsv(const v1::GetScorecardResponse& response, CsvWriter& csv);

// Writes a heading that says what period is shown, what intervals rest on and what the number of
// tests comes to, and a line for every survey. With `columns`
// above 0, which is the width of a terminal, lines end with the trend as a sparkline, and names
// that leave no room are left out.
void PrintScorecardTable(const v1::GetScorecardRequest& request,
                         const v1::GetScorecardResponse& response, int columns, std::ostream& out);

// `last complete month as of 2024-12-03T00:00:00Z`.
std::string ScorecardHeading(const v1::GetScorecardResponse& response);

// How many surveys were tested, and what that means; empty for fewer than two.
std::string SurveyTestsText(const v1::GetScorecardResponse& response);

// The survey's kind and what of it is measured: `NPS`, `CSAT: satisfied %`.
std::string KindAndMetric(const v1::SurveyScore& score);

// The name of the last complete period: `2024-11`.
std::string PeriodName(const v1::SurveyScore& score);

// The verdict in a word or two.
std::string VerdictWordOf(const v1::SurveyScore& score);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_SCORECARD_OUTPUT_H_
