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
// verdict,direction,interval_rule,customer_correlation,looks,as_of,z_limit,information_fraction`.
// What is absent is empty; times are RFC 3339 in UTC.
void PrintComparisonCsv(const v1::CompareMetricRequest& request,
                        const v1::CompareMetricResponse& response, CsvWriter& csv);

// Writes a heading that repeats both windows and the method and says what intervals rest on, a line
// for each side and one for the change, before when answers count, if not all do, how many answers
// each side leaves out as excluded, if any, how much the sides have in common by their customers,
// the verdict in words and what many looks ask of it.
void PrintComparisonTable(const v1::CompareMetricRequest& request,
                          const v1::CompareMetricResponse& response, std::ostream& out);

// The verdict in words: `no clear change: −15.4 … +3.4 at 95 %, p = 0.209`. One decimal for
// percent, two for score points.
std::string VerdictText(const v1::CompareMetricResponse& response);

// What a change must come to where it is looked at more than once: `18 of 30 days: a change is
// called from z 2.85 on.` Empty for one look, and where nothing can be said.
std::string LooksText(const v1::CompareMetricRequest& request,
                      const v1::CompareMetricResponse& response);

// `customers on both sides: correlation 0.81`; empty where there are none.
std::string SharedCustomersText(const v1::CompareMetricResponse& response);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_COMPARISON_OUTPUT_H_
