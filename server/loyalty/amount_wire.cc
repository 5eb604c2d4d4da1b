#include "server/loyalty/amount_wire.h"

#include <cstdint>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "server/request/validation.h"

namespace emptychair {
namespace {

constexpr absl::int128 kNanosPerUnit = 1'000'000'000;

}  // namespace

absl::Status CheckFitsAmount(absl::int128 nanos, CurrencyNumber currency) {
  const absl::int128 units = nanos / kNanosPerUnit;
  if (units >= std::numeric_limits<int64_t>::min() &&
      units <= std::numeric_limits<int64_t>::max()) {
    return absl::OkStatus();
  }
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, "with_amounts",
                    absl::StrCat("the amounts in ", CodeOf(currency),
                                 " add up to more units than an Amount can have; ask for shorter "
                                 "periods or without amounts"));
}

void WriteAmount(absl::int128 nanos, CurrencyNumber currency, v1::Amount& amount) {
  // Both have the sign of the sum.
  amount.set_units(static_cast<int64_t>(nanos / kNanosPerUnit));
  amount.set_nanos(static_cast<int32_t>(nanos % kNanosPerUnit));
  amount.set_currency_code(CodeOf(currency));
}

absl::Status TooManyAmounts() {
  const std::string limit = absl::StrCat(kPointsMax);
  const std::string points = absl::StrCat(kPointsMax + 1);
  return Error(v1::ERROR_REASON_TOO_MANY_POINTS,
               absl::StrCat("with_amounts: the answer would have ", points,
                            " amounts or more, of each period and currency, wanted at most ", limit,
                            "; ask for longer periods or a shorter interval"),
               {{"points", points}, {"limit", limit}});
}

}  // namespace emptychair
