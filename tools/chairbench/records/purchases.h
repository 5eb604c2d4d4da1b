// What customers buy in the two years that loyalty is measured over.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_RECORDS_PURCHASES_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_RECORDS_PURCHASES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "emptychair/v1/customer_service.pb.h"
#include "tools/chairbench/records/windows.h"

namespace emptychair::bench {

// The activity kind that is measured with, in UTC.
inline constexpr absl::string_view kPurchaseKind = "purchase";
inline constexpr int kPurchaseMonths = 24;

// The months of 2022 and 2023.
Window PurchasePeriod();

struct Purchase {
  std::string activity_id;
  uint32_t customer = 0;
  int64_t time_ms = 0;  // Since 1970.
  // Hundredths of a EUR; absent: without an amount.
  std::optional<int64_t> cents;
};

struct PurchaseOptions {
  uint64_t seed = 1;
  int customers = 1'000'000;  // At most kPurchasersMax.
  bool with_amounts = false;
};

// All purchases of some customers, the same for the same options. Two of five customers buy about
// monthly to the end, two of five stop within ten months, one of five buys three times a year; two
// of five begin in the first month, the others on any day of the two years. That makes about twelve
// purchases for each. Memory: four bytes for each. Thread-safe.
class PurchaseHistory {
 public:
  static constexpr int kPurchasersMax = 100'000'000;

  explicit PurchaseHistory(const PurchaseOptions& options);

  size_t size() const { return bought_.size(); }
  const PurchaseOptions& options() const { return options_; }

  // Purchase `index`, below size(). They are in the order in which they are heard of: by day, but
  // for one in fifty, of which is heard up to 30 days late. Within a day the order is random.
  Purchase Get(size_t index) const;

 private:
  static constexpr int kDelayBits = 5;

  const PurchaseOptions options_;
  // Where each day begins in `bought_`; behind the last one its size.
  std::vector<size_t> day_starts_;
  // The customer, and below that in kDelayBits by how many days the purchase is late.
  std::vector<uint32_t> bought_;
};

// Writes the purchase into `activity`, which is empty.
void FillActivity(const Purchase& purchase, v1::Activity& activity);

// A line of CSV with its LF: activity, customer, time with milliseconds in UTC, amount in EUR or
// nothing.
void AppendCsvLine(const Purchase& purchase, std::string& text);

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_RECORDS_PURCHASES_H_
