// Retention of each period with its interval, and below all numbers, as a page: see
// loyalty_html_parts.h.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_RETENTION_HTML_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_RETENTION_HTML_H_

#include "emptychair/v1/metrics_service.pb.h"
#include "tools/chairctl/page/html_page.h"

namespace emptychair {

HtmlPage RetentionPage(const v1::QueryRetentionRequest& request,
                       const v1::QueryRetentionResponse& response);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_RETENTION_HTML_H_
