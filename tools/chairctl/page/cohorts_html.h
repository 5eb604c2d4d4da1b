// Cohorts as a heat map, and below it all numbers, as a page: see loyalty_html_parts.h.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_COHORTS_HTML_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_COHORTS_HTML_H_

#include "emptychair/v1/metrics_service.pb.h"
#include "tools/chairctl/page/html_page.h"

namespace emptychair {

HtmlPage CohortsPage(const v1::QueryCohortsRequest& request,
                     const v1::QueryCohortsResponse& response);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_COHORTS_HTML_H_
