// Adds up what customers of cohorts came to, period after period.
#ifndef EMPTYCHAIR_SERVER_LOYALTY_COHORT_AMOUNTS_H_
#define EMPTYCHAIR_SERVER_LOYALTY_COHORT_AMOUNTS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "emptychair/v1/loyalty_metrics.pb.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "server/loyalty/customer_amounts.h"
#include "server/statistics/estimate.h"
#include "server/statistics/ratio_of_sums.h"

namespace emptychair {

// The amounts of the cells of cohorts, by currency. Cohort i is of period i; its cell k has what
// its customers came to from period i to period i + k. Not thread-safe.
class CohortAmounts {
 public:
  // Adds the sums of one customer, by currency and period, to those of a cohort that the customer
  // is in and that has so many cells. Errors: TOO_MANY_POINTS.
  absl::Status Add(size_t cohort, size_t cells, absl::Span<const CustomerAmount> sums);

  // FIELD_INVALID where a sum has no room in an Amount.
  absl::Status Check() const;

  // Writes those of one cell of a cohort of `size` customers, by currency code; checked.
  void Write(size_t cohort, size_t cell, int64_t size, statistics::Confidence confidence,
             google::protobuf::RepeatedPtrField<v1::CohortAmounts>& amounts) const;

 private:
  // Cells are filled from the first one on that a customer has an amount in.
  using Cells = std::vector<statistics::AmountPerCustomer>;

  absl::Status AddCurrency(size_t cohort, absl::Span<const CustomerAmount> sums, Cells& cells);

  // By cohort and currency.
  std::vector<std::map<CurrencyNumber, Cells>> cohorts_;
  int amounts_ = 0;  // Of cells.
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_LOYALTY_COHORT_AMOUNTS_H_
