// The answers of the metric commands as pages: the question, what it comes to, drawings, and below
// each drawing all numbers of the answer, each with the digits of JSON as the data-value of its
// cell.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_METRIC_HTML_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_METRIC_HTML_H_

#include <vector>

#include "emptychair/v1/metrics_service.pb.h"
#include "tools/chairctl/page/html_page.h"
#include "tools/chairctl/text/words_output.h"

namespace emptychair {

// Where there are more groups than can be told apart, those with the most answers are drawn.
HtmlPage QueryPage(const v1::QueryMetricRequest& request, const v1::QueryMetricResponse& response);

HtmlPage ComparisonPage(const v1::CompareMetricRequest& request,
                        const v1::CompareMetricResponse& response);

HtmlPage ChangePage(const v1::DecomposeChangeRequest& request,
                    const v1::DecomposeChangeResponse& response);

HtmlPage WordsPage(const v1::CompareWordsRequest& request, const v1::CompareWordsResponse& response,
                   const WordSides& sides);

HtmlPage ScorecardPage(const v1::GetScorecardResponse& response);

HtmlPage ExplanationPage(const v1::ExplainMetricRequest& request,
                         const std::vector<v1::ExplainMetricRow>& rows);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_METRIC_HTML_H_
