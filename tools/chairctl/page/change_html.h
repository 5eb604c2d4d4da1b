// The answer of a decomposition, as a page: see metric_html_parts.h.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_CHANGE_HTML_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_CHANGE_HTML_H_

#include "emptychair/v1/metrics_service.pb.h"
#include "tools/chairctl/page/html_page.h"

namespace emptychair {

HtmlPage ChangePage(const v1::DecomposeChangeRequest& request,
                    const v1::DecomposeChangeResponse& response);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_CHANGE_HTML_H_
