// Writes sums of money into messages.
#ifndef EMPTYCHAIR_SERVER_LOYALTY_AMOUNT_WIRE_H_
#define EMPTYCHAIR_SERVER_LOYALTY_AMOUNT_WIRE_H_

#include "absl/numeric/int128.h"
#include "absl/status/status.h"
#include "emptychair/v1/amount.pb.h"
#include "server/loyalty/customer_amounts.h"

namespace emptychair {

// FIELD_INVALID on "with_amounts" for a sum, in nanos, whose units have no room in an Amount. Pure.
absl::Status CheckFitsAmount(absl::int128 nanos, CurrencyNumber currency);

// The sum, which fits, as an Amount. Pure.
void WriteAmount(absl::int128 nanos, CurrencyNumber currency, v1::Amount& amount);

// An answer would have more amounts than there may be points: TOO_MANY_POINTS.
absl::Status TooManyAmounts();

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_LOYALTY_AMOUNT_WIRE_H_
