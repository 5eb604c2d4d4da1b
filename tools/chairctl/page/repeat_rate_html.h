// The repeat rate, and how soon customers came again, as a page: see loyalty_html_parts.h.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_REPEAT_RATE_HTML_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_REPEAT_RATE_HTML_H_

#include "emptychair/v1/metrics_service.pb.h"
#include "tools/chairctl/page/html_page.h"

namespace emptychair {

HtmlPage RepeatRatePage(const v1::QueryRepeatRateRequest& request,
                        const v1::QueryRepeatRateResponse& response);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_REPEAT_RATE_HTML_H_
