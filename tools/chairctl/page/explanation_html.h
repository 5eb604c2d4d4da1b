// The answers behind a value, as a page: see metric_html_parts.h.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_EXPLANATION_HTML_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_EXPLANATION_HTML_H_

#include <vector>

#include "emptychair/v1/metrics_service.pb.h"
#include "tools/chairctl/page/html_page.h"

namespace emptychair {

HtmlPage ExplanationPage(const v1::ExplainMetricRequest& request,
                         const std::vector<v1::ExplainMetricRow>& rows);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_EXPLANATION_HTML_H_
