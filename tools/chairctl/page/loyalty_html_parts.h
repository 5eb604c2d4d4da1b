// Parts of the pages of loyalty; what they have in common with the pages of metrics is in
// metric_html_parts.h.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_LOYALTY_HTML_PARTS_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_LOYALTY_HTML_PARTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "emptychair/v1/amount.pb.h"
#include "emptychair/v1/loyalty_metrics.pb.h"
#include "tools/chairctl/page/html_page.h"
#include "tools/chairctl/plot/number_axis.h"

namespace emptychair {

// An amount for a cell: units and what is behind the point are numbers of their own.
HtmlCell AmountCell(const v1::Amount& amount);

// `22.5 (19.5 … 25.9)`; `no value` without one.
std::string MarkText(const IntervalMark& mark);

// The same behind what it is a share of: `144 of 639 customers, 22.5 % (19.5 … 25.9)`.
std::string ShareText(int64_t part, int64_t whole, const IntervalMark& mark);

// `22.5 (19.5 … 25.9), n = 639`, for the rows of a drawing.
std::string RowText(const IntervalMark& mark, int64_t whole);

// A share in percent, large; the counts that it is made of, and its interval.
KeyNumber KeyShare(absl::string_view caption, int64_t part, int64_t whole, const IntervalMark& mark,
                   const v1::LoyaltyMethodInfo& info);

// Lists how a result was computed, at the end of a page: the numbers of `info`, then `facts`.
Markup LoyaltyDetails(const v1::LoyaltyMethodInfo& info, const std::vector<Fact>& facts);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_LOYALTY_HTML_PARTS_H_
