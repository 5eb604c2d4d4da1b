// Cohorts, for people and as CSV. In CSV numbers are exact, what is absent is empty, and times are
// RFC 3339 in UTC.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_COHORTS_OUTPUT_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_COHORTS_OUTPUT_H_

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "emptychair/v1/metrics_service.pb.h"
#include "tools/chairctl/base/csv_writer.h"
#include "tools/chairctl/plot/heat_map.h"

namespace emptychair {

// A terminal that heat maps are drawn for.
struct HeatTerminal {
  int columns;
  HeatShading shading;
};

// Says what was asked for, in a line: kind, length of a period, rules, basis.
std::string CohortsHeading(const v1::QueryCohortsRequest& request,
                           const v1::QueryCohortsResponse& response);

// What the numbers of the triangle are, in a sentence.
std::string CohortsLegend(const v1::QueryCohortsResponse& response);

// How many cells the longest cohort has.
int CohortColumns(const v1::QueryCohortsResponse& response);

// The share that is shaded darkest: the highest of cells but those of a cohort's own period, which
// is mostly 100 %. At most 100; 100 where nobody came back.
double DarkestShare(const v1::QueryCohortsResponse& response);

// The currencies that cells have amounts in, by code.
std::vector<std::string> CohortCurrencies(const v1::QueryCohortsResponse& response);

// Likewise the mean that is shaded darkest: the highest in a currency; 1 where none is above zero.
double DarkestMean(const v1::QueryCohortsResponse& response, const std::string& currency_code);

// Writes a line for every cell behind the header `cohort_start,cohort_end,size,k,customers,share,
// share_low,share_high,currency_code,amount_total,amount_mean,amount_mean_low,amount_mean_high`;
// one without a cell for a cohort that has none. Amounts of a cell follow on lines of their own,
// one for each currency, without customers.
void PrintCohortsCsv(const v1::QueryCohortsResponse& response, CsvWriter& csv);

// Writes a heading and a line for every cohort: its size, then the shares of its cells in percent;
// with amounts also, for each currency, the means. On a terminal as heat maps, of which as many
// columns are written as fit.
void PrintCohortsTable(const v1::QueryCohortsRequest& request,
                       const v1::QueryCohortsResponse& response,
                       const std::optional<HeatTerminal>& terminal, std::ostream& out);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_COHORTS_OUTPUT_H_
