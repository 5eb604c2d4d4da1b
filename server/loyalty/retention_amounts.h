// Tells how much of the money of one period comes again in the next.
#ifndef EMPTYCHAIR_SERVER_LOYALTY_RETENTION_AMOUNTS_H_
#define EMPTYCHAIR_SERVER_LOYALTY_RETENTION_AMOUNTS_H_

#include <cstddef>
#include <map>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "emptychair/v1/loyalty_metrics.pb.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "server/loyalty/customer_amounts.h"
#include "server/statistics/estimate.h"
#include "server/statistics/ratio_of_sums.h"

namespace emptychair {

// Amounts of some customers in each of some periods, by currency, in nanos. Not thread-safe.
class RetentionAmounts {
 public:
  // Period 0 of the sums that are added is the one before the first; point i is of period i + 1.
  explicit RetentionAmounts(size_t points) : points_(points) {}

  // Adds what a customer came to in one period, and what of it came again: `next` is the customer's
  // sum in the same currency and the period behind, null for none. Errors: TOO_MANY_POINTS.
  absl::Status AddTotal(const CustomerAmount& sum);
  absl::Status AddKept(const CustomerAmount& sum, const CustomerAmount* next);

  // FIELD_INVALID where a sum has no room in an Amount.
  absl::Status Check() const;

  // Writes those of one point, by currency code; checked.
  void Write(size_t point, statistics::Confidence confidence,
             google::protobuf::RepeatedPtrField<v1::RetentionAmounts>& amounts) const;

 private:
  struct OfCurrency {
    absl::int128 total = 0;
    statistics::AmountRetention retention;
  };

  absl::StatusOr<OfCurrency*> Find(size_t point, CurrencyNumber currency);

  std::vector<std::map<CurrencyNumber, OfCurrency>> points_;
  int amounts_ = 0;
};

// The customer's sum in the same currency and the period behind that of `of_customer[i]`, or null.
// Pure.
inline const CustomerAmount* NextOf(absl::Span<const CustomerAmount> of_customer, size_t i) {
  return i + 1 < of_customer.size() && of_customer[i + 1].currency == of_customer[i].currency &&
                 of_customer[i + 1].period == of_customer[i].period + 1
             ? &of_customer[i + 1]
             : nullptr;
}

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_LOYALTY_RETENTION_AMOUNTS_H_
