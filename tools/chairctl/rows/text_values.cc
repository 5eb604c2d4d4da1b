#include "tools/chairctl/rows/text_values.h"

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"
#include "unicode/unistr.h"

namespace emptychair {
namespace {

constexpr absl::string_view kBlanks[] = {"\xC2\xA0", "\xE2\x80\x8B", "\xEF\xBB\xBF"};

}  // namespace

absl::string_view WithoutBlanks(absl::string_view text) {
  for (bool again = true; again;) {
    text = absl::StripAsciiWhitespace(text);
    again = false;
    for (const absl::string_view blank : kBlanks) {
      again |= absl::ConsumePrefix(&text, blank) || absl::ConsumeSuffix(&text, blank);
    }
  }
  return text;
}

std::string Folded(absl::string_view text) {
  std::string folded;
  icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int32_t>(text.size())))
      .foldCase()
      .toUTF8String(folded);
  return folded;
}

std::string LooseName(absl::string_view name) {
  std::string loose;
  for (const char c : Folded(WithoutBlanks(name))) {
    if (c != ' ' && c != '_' && c != '-') {
      loose.push_back(c);
    }
  }
  return loose;
}

}  // namespace emptychair
