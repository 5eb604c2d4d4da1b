#include "server/loyalty/cohort_amounts.h"

#include "absl/numeric/int128.h"
#include "common/base/status_macros.h"
#include "server/loyalty/amount_wire.h"
#include "server/request/validation.h"

namespace emptychair {

absl::Status CohortAmounts::Add(size_t cohort, size_t cells,
                                absl::Span<const CustomerAmount> sums) {
  if (cohorts_.size() <= cohort) {
    cohorts_.resize(cohort + 1);
  }
  while (!sums.empty()) {
    const CurrencyNumber currency = sums.front().currency;
    size_t count = 1;
    while (count < sums.size() && sums[count].currency == currency) {
      ++count;
    }
    if (sums[count - 1].period >= cohort) {
      const auto [at, is_new] = cohorts_[cohort].try_emplace(currency);
      if (is_new) {
        at->second.resize(cells);
      }
      RETURN_IF_ERROR(AddCurrency(cohort, sums.first(count), at->second));
    }
    sums.remove_prefix(count);
  }
  return absl::OkStatus();
}

absl::Status CohortAmounts::AddCurrency(size_t cohort, absl::Span<const CustomerAmount> sums,
                                        Cells& cells) {
  absl::int128 so_far = 0;
  bool has_any = false;
  for (size_t k = 0; k < cells.size(); ++k) {
    while (!sums.empty() && sums.front().period <= cohort + k) {
      // With another kind customers come back with, they may have been there before.
      if (sums.front().period >= cohort) {
        so_far += sums.front().nanos();
        has_any = true;
      }
      sums.remove_prefix(1);
    }
    if (!has_any) {
      continue;
    }
    if (cells[k].customers() == 0 && ++amounts_ > kPointsMax) {
      return TooManyAmounts();
    }
    cells[k].Add(so_far);
  }
  return absl::OkStatus();
}

absl::Status CohortAmounts::Check() const {
  for (const auto& cohort : cohorts_) {
    for (const auto& [currency, cells] : cohort) {
      for (const statistics::AmountPerCustomer& cell : cells) {
        RETURN_IF_ERROR(CheckFitsAmount(cell.sum(), currency));
      }
    }
  }
  return absl::OkStatus();
}

void CohortAmounts::Write(size_t cohort, size_t cell, int64_t size,
                          statistics::Confidence confidence,
                          google::protobuf::RepeatedPtrField<v1::CohortAmounts>& amounts) const {
  if (cohort >= cohorts_.size()) {
    return;
  }
  for (const auto& [currency, cells] : cohorts_[cohort]) {
    const statistics::AmountPerCustomer& of_cell = cells[cell];
    if (of_cell.customers() == 0) {
      continue;
    }
    v1::CohortAmounts& written = *amounts.Add();
    written.set_currency_code(CodeOf(currency));
    WriteAmount(of_cell.sum(), currency, *written.mutable_total());
    const auto mean = of_cell.Mean(size, confidence);
    written.set_mean(mean->value);
    if (mean->interval.has_value()) {
      written.set_mean_low(mean->interval->low);
      written.set_mean_high(mean->interval->high);
    }
  }
}

}  // namespace emptychair
