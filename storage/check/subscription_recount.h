// Follows the starts and ends of a subscription again and compares its stored sets with that.
#ifndef EMPTYCHAIR_STORAGE_CHECK_SUBSCRIPTION_RECOUNT_H_
#define EMPTYCHAIR_STORAGE_CHECK_SUBSCRIPTION_RECOUNT_H_

#include <cstdint>
#include <map>
#include <optional>

#include "absl/status/status.h"
#include "storage/check/open_rows.h"
#include "storage/check/stored_set.h"
#include "storage/engine/engine.h"
#include "storage/format/activities.h"
#include "storage/format/customer_set.h"
#include "storage/read/view.h"

namespace emptychair::storage {

// Compares the stored sets of one subscription, at a view, with what its starts and ends make, both
// ways, for a window of chunks. Of a chunk it holds who is subscribed now and at the start of the
// month, and the days that events to come can still belong to, 5 at most of two rows: 12 rows of
// 8 KiB. Not thread-safe; engine and view must outlive it.
class SubscriptionComparison {
 public:
  SubscriptionComparison(const Engine& engine, const View& view, uint32_t kind_number,
                         ChunkWindow window, OnSetDifference on_difference);

  // Follows one event. Times must not descend; of those at one time ends come first. Events that
  // WhyInNoSet names must be left out. Errors: those of `on_difference`, STORE_DAMAGED.
  absl::Status Add(int64_t unix_ms, const ActivityHeader& header, bool is_start);

  // Compares all that is left, after the last event. Errors: as for Add.
  absl::Status Finish();

 private:
  // Who has an event on a day, and whose last one is a start.
  struct Day {
    CustomerSetRow seen;
    CustomerSetRow started;
  };
  // The stored sets in one unit.
  struct Sets {
    StoredSet entered;
    StoredSet left;
  };

  absl::Status CompleteDay(int32_t day, uint16_t chunk, const Day& events);
  absl::Status CompleteMonth();
  static absl::Status Compare(Sets& sets, int32_t bucket, uint16_t chunk,
                              const CustomerSetRow& before, const CustomerSetRow& after);

  const ChunkWindow window_;
  Sets days_;
  Sets months_;
  OpenRows<Day> open_;
  std::optional<int64_t> utc_day_;  // Of the newest event.
  // By chunk, as of the last day that is complete.
  std::map<uint16_t, CustomerSetRow> subscribed_;
  std::optional<int32_t> month_;  // Of that day.
  // Of the chunks that have events in that month.
  std::map<uint16_t, CustomerSetRow> subscribed_before_month_;
};

// Compares the sets of a subscription, all customers. Activities that do not decode or that
// WhyInNoSet names are passed over. Errors: those of `steps` and `on_difference`, STORE_DAMAGED.
absl::Status CompareSubscriptionSets(const Engine& engine, const View& view,
                                     const store::v1::StoredActivityKind& kind, TaskSteps& steps,
                                     OnSetDifference on_difference);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_CHECK_SUBSCRIPTION_RECOUNT_H_
