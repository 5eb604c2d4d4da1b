// Values of a record's fields out of texts.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_FIELD_TEXTS_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_FIELD_TEXTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "emptychair/v1/amount.pb.h"
#include "emptychair/v1/types.pb.h"

namespace emptychair {

// The integer that `text` is, also when written `9.0` or `9,0`; nothing when it is blank. Blanks
// around it do not count. FIELD_INVALID for all else.
absl::StatusOr<std::optional<int32_t>> ParseScore(absl::string_view text);

// The exact amount that `text` is, such as `20 EUR`, `-20.50` or `20,5`, without a currency where
// it says none. A comma is the decimal one, so it must not have three digits behind it: that could
// be thousands. Blanks around the text do not count, and it is not blank. FIELD_INVALID for all
// else, and for amounts past 10^12 or finer than 10^-9.
absl::StatusOr<v1::Amount> ParseAmount(absl::string_view text);

// The same of an amount as JSON has it, in whole units and billionths; blank stands for zero.
absl::StatusOr<v1::Amount> ParseAmountParts(absl::string_view units, absl::string_view nanos);

// The currency of three letters in upper case, whatever case they have. FIELD_INVALID for all else.
absl::StatusOr<std::string> ParseCurrency(absl::string_view text);

// The reason of an exclusion, as an export writes it: `staff` or `EXCLUSION_REASON_STAFF`, in any
// case; UNSPECIFIED when it is blank. FIELD_INVALID for all else.
absl::StatusOr<v1::ExclusionReason> ParseExclusionReason(absl::string_view text);

// Keys and values of the labels that a JSON object is. A value that is null or empty is left out.
// FIELD_INVALID for all else than an object of texts, numbers, true and false.
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ParseLabelsJson(
    absl::string_view text);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_FIELD_TEXTS_H_
