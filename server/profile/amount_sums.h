// Sums of money, by currency.
#ifndef EMPTYCHAIR_SERVER_PROFILE_AMOUNT_SUMS_H_
#define EMPTYCHAIR_SERVER_PROFILE_AMOUNT_SUMS_H_

#include <map>

#include "absl/numeric/int128.h"
#include "absl/status/status.h"
#include "emptychair/v1/amount.pb.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "storage/format/activities.h"

namespace emptychair {

// Adds amounts up exactly, each currency by itself: in 128 bits of billionths of a unit, which
// 10^17 of the largest amounts do not pass. Not thread-safe.
class AmountSums {
 public:
  void Add(const storage::Amount& amount);

  // Adds the sums of all before `as_of` to `sums`, by currency code; `units` and `nanos` are of one
  // sign. Errors: FIELD_INVALID on "as_of" for a sum whose units pass 64 bits; it names the
  // currency.
  absl::Status AddTo(google::protobuf::RepeatedPtrField<v1::Amount>& sums) const;

 private:
  std::map<storage::Amount::Currency, absl::int128> nanos_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_PROFILE_AMOUNT_SUMS_H_
