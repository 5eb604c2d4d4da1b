// The answer of a comparison of words, as a page: see metric_html_parts.h.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_WORDS_HTML_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_WORDS_HTML_H_

#include "emptychair/v1/metrics_service.pb.h"
#include "tools/chairctl/page/html_page.h"
#include "tools/chairctl/text/words_output.h"

namespace emptychair {

HtmlPage WordsPage(const v1::CompareWordsRequest& request, const v1::CompareWordsResponse& response,
                   const WordSides& sides);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_WORDS_HTML_H_
