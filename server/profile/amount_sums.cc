#include "server/profile/amount_sums.h"

#include <cstdint>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"

namespace emptychair {
namespace {

constexpr int64_t kNanosPerUnit = 1'000'000'000;

}  // namespace

void AmountSums::Add(const storage::Amount& amount) {
  nanos_[amount.currency] += absl::int128(amount.units) * kNanosPerUnit + amount.nanos;
}

absl::Status AmountSums::AddTo(google::protobuf::RepeatedPtrField<v1::Amount>& sums) const {
  for (const auto& [currency, nanos] : nanos_) {
    const std::string code(currency.begin(), currency.end());
    const absl::int128 units = nanos / kNanosPerUnit;
    if (units > std::numeric_limits<int64_t>::max() ||
        units < std::numeric_limits<int64_t>::min()) {
      return FieldError(v1::ERROR_REASON_FIELD_INVALID, "as_of",
                        absl::StrCat("the amounts in ", code,
                                     " before it add up to more units than an Amount can have; "
                                     "ask for an earlier time"));
    }
    v1::Amount& sum = *sums.Add();
    sum.set_units(static_cast<int64_t>(units));
    sum.set_nanos(static_cast<int32_t>(nanos % kNanosPerUnit));
    sum.set_currency_code(code);
  }
  return absl::OkStatus();
}

}  // namespace emptychair
