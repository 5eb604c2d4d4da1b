// Adds up the money of each customer: what activities say of it, which sets of customers do not.
#ifndef EMPTYCHAIR_SERVER_LOYALTY_CUSTOMER_AMOUNTS_H_
#define EMPTYCHAIR_SERVER_LOYALTY_CUSTOMER_AMOUNTS_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/numeric/int128.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "server/loyalty/kind_query.h"
#include "storage/format/activities.h"
#include "storage/read/customer_sets.h"
#include "storage/read/view.h"

namespace emptychair {

// A currency code as a number, below 26³; in the order of codes. Pure.
using CurrencyNumber = uint16_t;
CurrencyNumber NumberOf(const storage::Amount::Currency& code);
std::string CodeOf(CurrencyNumber currency);

// What one customer came to in one currency and period.
struct CustomerAmount {
  uint32_t customer = 0;
  CurrencyNumber currency = 0;
  uint16_t period = 0;  // Place among the periods that were asked for.
  // The sum in nanos, 10^-9 of the currency's unit, in halves: whole it would take 32 bytes.
  int64_t high = 0;
  uint64_t low = 0;

  absl::int128 nanos() const { return absl::MakeInt128(high, low); }
  void set_nanos(absl::int128 nanos) {
    high = absl::Int128High64(nanos);
    low = absl::Int128Low64(nanos);
  }
};
static_assert(sizeof(CustomerAmount) == 24);

// So many sums are kept in memory, 100 MB; while they are added up, half as much comes to it.
inline constexpr size_t kAmountsAtOnce = size_t{1} << 22;

// Which amounts are added up.
struct AmountsAsked {
  const storage::ActivityKindView* kind = nullptr;
  bool positive_amounts_only = false;
  // Ascending, each beginning where the one before it ends; at least one, at most 65,536.
  std::vector<DaySpan> periods;
  // At least 2.
  size_t at_once = kAmountsAtOnce;
};

// Reads the activities of the periods one by one, and adds up those with an amount; an amount of
// zero is one. Whoever is being erased is not there. Where not all customers' sums have room, the
// activities are read again for the customers behind those that have: memory does not depend on how
// many there are, time does. One customer's sums always have room. Not thread-safe; must not
// outlive what it is given.
class CustomerAmounts {
 public:
  CustomerAmounts(const storage::CustomerSetReader& reader, const storage::View& view,
                  AmountsAsked asked);

  // Visits the customers of the chunk that have amounts, ascending, each with all its sums by
  // currency and period. To be called for ascending chunks. Errors: those of `visit`,
  // STORE_DAMAGED.
  using Visit = absl::FunctionRef<absl::Status(absl::Span<const CustomerAmount> of_customer)>;
  absl::Status ForEachCustomer(uint16_t chunk, Visit visit);

  // Activities that were read so far, each as often as it was.
  int64_t activities_scanned() const { return activities_scanned_; }

 private:
  // Fills the sums of the customers from `first_customer` on, of as many as there is room for.
  absl::Status Read(uint64_t first_customer);
  void Add(const storage::ActivityHeader& header, int32_t local_day);
  // Adds up what is of one customer, currency and period, and lets go of the last customers where
  // that leaves too little room.
  void Compact();
  void LetLastGo();
  uint16_t PeriodOf(int32_t local_day);

  const storage::CustomerSetReader& reader_;
  const storage::View& view_;
  const AmountsAsked asked_;
  int64_t activities_scanned_ = 0;
  // Sums of the customers in `[first_customer_, end_customer_)`, in order but for the newest.
  std::vector<CustomerAmount> sums_;
  uint64_t first_customer_ = 0;
  uint64_t end_customer_ = 0;
  size_t in_order_ = 0;    // So many of them.
  size_t compact_at_ = 0;  // When there are so many.
  size_t next_ = 0;        // The first that was not visited.
  uint16_t last_period_ = 0;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_LOYALTY_CUSTOMER_AMOUNTS_H_
