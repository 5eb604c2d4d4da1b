#include "tools/chairctl/base/markup.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/errors.h"

namespace emptychair {

std::string EscapeHtml(absl::string_view text) {
  return absl::StrReplaceAll(
      Visible(text, /*keeps_marks=*/true),
      {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"}});
}

Markup DataText(absl::string_view text) {
  return {absl::StrCat("<bdi>", EscapeHtml(text), "</bdi>")};
}

}  // namespace emptychair
