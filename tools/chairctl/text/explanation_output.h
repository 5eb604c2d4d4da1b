// The answers behind a value, as chairctl prints them.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_EXPLANATION_OUTPUT_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_EXPLANATION_OUTPUT_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "emptychair/v1/metrics_service.pb.h"

namespace emptychair {

// A group's value by its name, as tables write it: `(none)` and `(other)` stand for these.
v1::GroupValue GroupNamed(const std::string& name);

// Describes the query on one line.
std::string ExplanationHeading(const v1::ExplainMetricRequest& request);

// One object with all rows.
void PrintExplanationJson(const std::vector<v1::ExplainMetricRow>& rows, std::ostream& out);

// Prints what each answer counted as, then the columns of `feedback list`.
void PrintExplanationCsv(const std::vector<v1::ExplainMetricRow>& rows, std::ostream& out);

// A heading that repeats what was asked, and a line for each answer.
void PrintExplanationTable(const v1::ExplainMetricRequest& request,
                           const std::vector<v1::ExplainMetricRow>& rows, std::ostream& out);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_EXPLANATION_OUTPUT_H_
