// Metrics of loyalty, for people and as CSV. In CSV numbers are exact, what is absent is empty, and
// times are RFC 3339 in UTC.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_LOYALTY_OUTPUT_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_LOYALTY_OUTPUT_H_

#include <ostream>
#include <string>

#include "emptychair/v1/metrics_service.pb.h"
#include "tools/chairctl/base/csv_writer.h"

namespace emptychair {

// Writes a line for every point behind the header `period_start,period_end,customers_at_start,
// customers_at_end,new_customers,returning_customers,won_back_customers,method,retention,
// retention_low,retention_high,churn,churn_low,churn_high`.
void PrintRetentionCsv(const v1::QueryRetentionResponse& response, CsvWriter& csv);
// Writes a heading and a line for every point.
void PrintRetentionTable(const v1::QueryRetentionRequest& request,
                         const v1::QueryRetentionResponse& response, std::ostream& out);

// Writes a line for every cell behind the header `cohort_start,cohort_end,size,k,customers,share,
// share_low,share_high`; one without a cell for a cohort that has none.
void PrintCohortsCsv(const v1::QueryCohortsResponse& response, CsvWriter& csv);
// Writes a heading and a line for every cohort: its size, then the shares of its cells in percent.
void PrintCohortsTable(const v1::QueryCohortsRequest& request,
                       const v1::QueryCohortsResponse& response, std::ostream& out);

// Writes lines behind the header `measure,days,customers,repeat_customers,value,low,high`: that of
// the measure `repeat_rate`, in percent; one `repeat_rate_within` for each number of days; and
// `days_to_second_p25`, `days_to_second_median` and `days_to_second_p75`, in days.
void PrintRepeatRateCsv(const v1::QueryRepeatRateResponse& response, CsvWriter& csv);
// Writes the same as a heading, a table and a line about days to the second.
void PrintRepeatRateTable(const v1::QueryRepeatRateRequest& request,
                          const v1::QueryRepeatRateResponse& response, std::ostream& out);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_LOYALTY_OUTPUT_H_
