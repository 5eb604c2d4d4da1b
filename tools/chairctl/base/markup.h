// HTML and SVG as a type, and text made safe to stand in them.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_MARKUP_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_MARKUP_H_

#include <string>

#include "absl/strings/string_view.h"

namespace emptychair {

// HTML that is complete and escaped. A type of its own, so that no text becomes markup by accident.
struct Markup {
  std::string html;
};

// `text` for content and for quoted attributes: control characters made visible, `&<>"'` escaped.
std::string EscapeHtml(absl::string_view text);

// Text from data: escaped, and kept from turning the direction of what stands around it.
Markup DataText(absl::string_view text);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_MARKUP_H_
