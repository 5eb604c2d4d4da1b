// A scorecard, as a page: see metric_html_parts.h.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_SCORECARD_HTML_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_SCORECARD_HTML_H_

#include "emptychair/v1/metrics_service.pb.h"
#include "tools/chairctl/page/html_page.h"

namespace emptychair {

HtmlPage ScorecardPage(const v1::GetScorecardRequest& request,
                       const v1::GetScorecardResponse& response);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_SCORECARD_HTML_H_
