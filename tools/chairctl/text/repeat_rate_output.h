// The repeat rate, for people and as CSV. In CSV numbers are exact, what is absent is empty, and
// times are RFC 3339 in UTC.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_REPEAT_RATE_OUTPUT_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_REPEAT_RATE_OUTPUT_H_

#include <ostream>
#include <string>

#include "emptychair/v1/metrics_service.pb.h"
#include "tools/chairctl/base/csv_writer.h"

namespace emptychair {

// Says what was asked for, in a line: kind, method, window, basis.
std::string RepeatRateHeading(const v1::QueryRepeatRateRequest& request,
                              const v1::QueryRepeatRateResponse& response);

// `103 (68 … 172)`; a dash where not so many have come again.
std::string DaysQuantileText(const v1::DaysQuantile& quantile);

// Writes lines behind the header `measure,days,customers,repeat_customers,value,low,high`: that of
// the measure `repeat_rate`, in percent; one `repeat_rate_within` for each number of days; and
// `days_to_second_p25`, `days_to_second_median` and `days_to_second_p75`, in days.
void PrintRepeatRateCsv(const v1::QueryRepeatRateResponse& response, CsvWriter& csv);
// Writes the same as a heading, a table and a line about days to the second.
void PrintRepeatRateTable(const v1::QueryRepeatRateRequest& request,
                          const v1::QueryRepeatRateResponse& response, std::ostream& out);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_REPEAT_RATE_OUTPUT_H_
