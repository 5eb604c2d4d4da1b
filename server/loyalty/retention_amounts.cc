#include "server/loyalty/retention_amounts.h"

#include <optional>

#include "common/base/status_macros.h"
#include "server/loyalty/amount_wire.h"
#include "server/request/validation.h"

namespace emptychair {

absl::StatusOr<RetentionAmounts::OfCurrency*> RetentionAmounts::Find(size_t point,
                                                                     CurrencyNumber currency) {
  const auto [at, is_new] = points_[point].try_emplace(currency);
  if (is_new && ++amounts_ > kPointsMax) {
    return TooManyAmounts();
  }
  return &at->second;
}

absl::Status RetentionAmounts::AddTotal(const CustomerAmount& sum) {
  if (sum.period == 0) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(OfCurrency* const amounts, Find(sum.period - size_t{1}, sum.currency));
  amounts->total += sum.nanos();
  return absl::OkStatus();
}

absl::Status RetentionAmounts::AddKept(const CustomerAmount& sum, const CustomerAmount* next) {
  if (sum.period == points_.size()) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(OfCurrency* const amounts, Find(sum.period, sum.currency));
  amounts->retention.Add(sum.nanos(), next == nullptr ? absl::int128(0) : next->nanos());
  return absl::OkStatus();
}

absl::Status RetentionAmounts::Check() const {
  for (const auto& point : points_) {
    for (const auto& [currency, amounts] : point) {
      RETURN_IF_ERROR(CheckFitsAmount(amounts.total, currency));
      RETURN_IF_ERROR(CheckFitsAmount(amounts.retention.before(), currency));
      RETURN_IF_ERROR(CheckFitsAmount(amounts.retention.now(), currency));
    }
  }
  return absl::OkStatus();
}

void RetentionAmounts::Write(
    size_t point, statistics::Confidence confidence,
    google::protobuf::RepeatedPtrField<v1::RetentionAmounts>& amounts) const {
  for (const auto& [currency, of_currency] : points_[point]) {
    const statistics::AmountRetention& retention = of_currency.retention;
    v1::RetentionAmounts& written = *amounts.Add();
    written.set_currency_code(CodeOf(currency));
    WriteAmount(of_currency.total, currency, *written.mutable_total());
    WriteAmount(retention.before(), currency, *written.mutable_before());
    WriteAmount(retention.now(), currency, *written.mutable_kept());
    if (const auto net = retention.Net(confidence); net.has_value()) {
      written.set_net_retention(net->value);
      if (net->interval.has_value()) {
        written.set_net_retention_low(net->interval->low);
        written.set_net_retention_high(net->interval->high);
      }
    }
    if (const auto gross = retention.Gross(confidence); gross.has_value()) {
      written.set_gross_retention(gross->value);
      if (gross->interval.has_value()) {
        written.set_gross_retention_low(gross->interval->low);
        written.set_gross_retention_high(gross->interval->high);
      }
    }
  }
}

}  // namespace emptychair
