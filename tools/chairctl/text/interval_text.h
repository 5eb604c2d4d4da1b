// Says what intervals take of customers who answered more than once, and what many tests at once
// come to.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_INTERVAL_TEXT_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_INTERVAL_TEXT_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "emptychair/v1/metrics_service.pb.h"

namespace emptychair {

// What the intervals of the answer rest on, on one line: `Intervals by customer: 1,000 answers of
// 200 customers count like 310.` Empty for counts, which are exact, and where no value has an
// interval. Of a query it is about the total; of a decomposition about its two sides.
std::string IntervalRuleText(const v1::QueryMetricRequest& request,
                             const v1::QueryMetricResponse& response);
std::string IntervalRuleText(const v1::CompareMetricRequest& request,
                             const v1::CompareMetricResponse& response);
std::string IntervalRuleText(const v1::DecomposeChangeRequest& request,
                             const v1::DecomposeChangeResponse& response);
std::string IntervalRuleText(const v1::GetScorecardRequest& request,
                             const v1::GetScorecardResponse& response);

// Whether the answer has a verdict that takes every answer as another customer's, which nobody
// asked for: where customers repeat, it calls chance a change too often.
bool HasUncheckedVerdict(const v1::CompareMetricRequest& request,
                         const v1::CompareMetricResponse& response);
bool HasUncheckedVerdict(const v1::DecomposeChangeRequest& request,
                         const v1::DecomposeChangeResponse& response);
bool HasUncheckedVerdict(const v1::GetScorecardRequest& request,
                         const v1::GetScorecardResponse& response);

// `40 surveys tested: of the changes shown, at most 1 in 20 is expected to be chance.`, where
// `tested` is what was tested and `shown` are those to which that applies. Empty for fewer than two
// tests.
std::string ManyTestsText(int64_t tests, double confidence, absl::string_view tested,
                          absl::string_view shown);

// The confidence of the intervals of differences: where there are many, it is higher than that of
// the values.
double DifferenceConfidence(const v1::MethodInfo& info);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_INTERVAL_TEXT_H_
