// The answers behind a value, as chairctl prints them.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_EXPLANATION_OUTPUT_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_EXPLANATION_OUTPUT_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "tools/chairctl/base/csv_writer.h"

namespace emptychair {

// A group's value by its name, as tables write it: `(none)` and `(other)` stand for these.
v1::GroupValue GroupNamed(const std::string& name);

// Describes the query on one line, its window in `zone`.
std::string ExplanationHeading(const v1::ExplainMetricRequest& request, absl::TimeZone zone);

// One object with all rows.
void PrintExplanationJson(const std::vector<v1::ExplainMetricRow>& rows, std::ostream& out);

// Prints what each answer counted as, then the columns of `feedback list`.
void PrintExplanationCsv(const std::vector<v1::ExplainMetricRow>& rows, CsvWriter& csv);

// A heading that repeats what was asked, and a line for each answer, its time in `zone`.
void PrintExplanationTable(const v1::ExplainMetricRequest& request,
                           const std::vector<v1::ExplainMetricRow>& rows, absl::TimeZone zone,
                           std::ostream& out);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_EXPLANATION_OUTPUT_H_
