// The answer of a comparison, as a page: see metric_html_parts.h.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_COMPARISON_HTML_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_COMPARISON_HTML_H_

#include "emptychair/v1/metrics_service.pb.h"
#include "tools/chairctl/page/html_page.h"

namespace emptychair {

HtmlPage ComparisonPage(const v1::CompareMetricRequest& request,
                        const v1::CompareMetricResponse& response);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_COMPARISON_HTML_H_
