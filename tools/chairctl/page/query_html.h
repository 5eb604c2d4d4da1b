// The answer of a metric over time and groups, as a page: see metric_html_parts.h.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_QUERY_HTML_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_QUERY_HTML_H_

#include "emptychair/v1/metrics_service.pb.h"
#include "tools/chairctl/page/html_page.h"

namespace emptychair {

// Where there are more groups than can be told apart, those with the most answers are drawn.
HtmlPage QueryPage(const v1::QueryMetricRequest& request, const v1::QueryMetricResponse& response);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_QUERY_HTML_H_
