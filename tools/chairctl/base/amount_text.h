// Amounts of money as text.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_AMOUNT_TEXT_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_AMOUNT_TEXT_H_

#include <string>

#include "emptychair/v1/amount.pb.h"

namespace emptychair {

// The amount in units, exact and in as few digits as that takes: `-12.5`, `20`.
std::string AmountDigits(const v1::Amount& amount);

// The same for people: with two decimals at least, and the minus sign of other numbers.
std::string AmountNumber(const v1::Amount& amount);

// The same with its currency: `−12.50 EUR`.
std::string AmountText(const v1::Amount& amount);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_AMOUNT_TEXT_H_
