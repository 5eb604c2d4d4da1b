#include "tools/chairctl/base/amount_text.h"

#include <cstddef>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"

namespace emptychair {
namespace {

// `decimals_min` are written even when they are zero; without any there is no point.
std::string Digits(const v1::Amount& amount, absl::string_view minus, size_t decimals_min) {
  const bool is_negative = amount.units() < 0 || amount.nanos() < 0;
  std::string fraction = absl::StrFormat("%09d", std::abs(amount.nanos()));
  while (fraction.size() > decimals_min && fraction.back() == '0') {
    fraction.pop_back();
  }
  return absl::StrCat(is_negative ? minus : "", std::abs(amount.units()),
                      fraction.empty() ? "" : ".", fraction);
}

}  // namespace

std::string AmountDigits(const v1::Amount& amount) { return Digits(amount, "-", 0); }

std::string AmountNumber(const v1::Amount& amount) { return Digits(amount, "−", 2); }

std::string AmountText(const v1::Amount& amount) {
  return absl::StrCat(AmountNumber(amount), " ", amount.currency_code());
}

}  // namespace emptychair
