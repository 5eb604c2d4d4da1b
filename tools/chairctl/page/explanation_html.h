// The answers behind a value, as a page: see metric_html_parts.h.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_EXPLANATION_HTML_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_EXPLANATION_HTML_H_

#include <vector>

#include "absl/time/time.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "tools/chairctl/page/html_page.h"

namespace emptychair {

// Times and the window are shown in `zone`.
HtmlPage ExplanationPage(const v1::ExplainMetricRequest& request,
                         const std::vector<v1::ExplainMetricRow>& rows, absl::TimeZone zone);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_EXPLANATION_HTML_H_
