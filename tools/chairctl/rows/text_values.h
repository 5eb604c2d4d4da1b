// What counts as blank in files of others, and how texts are compared.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_ROWS_TEXT_VALUES_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_ROWS_TEXT_VALUES_H_

#include <string>

#include "absl/strings/string_view.h"

namespace emptychair {

// `text`, which is UTF-8, without the blanks around it: ASCII ones, no-break spaces (U+00A0),
// zero-width spaces (U+200B) and byte order marks (U+FEFF).
absl::string_view WithoutBlanks(absl::string_view text);

// The form in which texts that differ by case alone are equal, in any language.
std::string Folded(absl::string_view text);

// The form in which names of columns are compared when they are not exactly those wanted: without
// regard to case, outer blanks, ` `, `_` and `-`.
std::string LooseName(absl::string_view name);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_ROWS_TEXT_VALUES_H_
