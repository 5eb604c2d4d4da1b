// The answer of a comparison, for people and as CSV.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_COMPARISON_OUTPUT_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_COMPARISON_OUTPUT_H_

#include <ostream>
#include <string>

#include "emptychair/v1/metrics_service.pb.h"
#include "tools/chairctl/base/csv_writer.h"

namespace emptychair {

// Writes one line, exact, behind the header `base_start,base_end,base_value,base_low,base_high,
// base_answers,base_suppressed`, the same of the candidate, `delta,delta_low,delta_high,z,p_value,
// verdict,direction`. What is absent is empty; times are RFC 3339 in UTC.
void PrintComparisonCsv(const v1::CompareMetricRequest& request,
                        const v1::CompareMetricResponse& response, CsvWriter& csv);

// Writes a heading that repeats both windows and the method, a line for each side and one for the
// change, how many answers each side leaves out as excluded, if any, and the verdict in words.
void PrintComparisonTable(const v1::CompareMetricRequest& request,
                          const v1::CompareMetricResponse& response, std::ostream& out);

// The verdict in words: `no clear change: −15.4 … +3.4 at 95 %, p = 0.209`. One decimal for
// percent, two for score points.
std::string VerdictText(const v1::CompareMetricResponse& response);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_COMPARISON_OUTPUT_H_
