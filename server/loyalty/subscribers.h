// Tells who is subscribed when a local day begins, from the sets of a subscription.
#ifndef EMPTYCHAIR_SERVER_LOYALTY_SUBSCRIBERS_H_
#define EMPTYCHAIR_SERVER_LOYALTY_SUBSCRIBERS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "server/loyalty/kind_query.h"
#include "server/loyalty/periods.h"
#include "storage/format/customer_set.h"
#include "storage/read/customer_sets.h"
#include "storage/read/view.h"

namespace emptychair {

// Checks what a request asks of a subscription, and finds the kind that starts it, owned by
// `query.view`. Errors: FIELD_INVALID for amounts, which a subscription has none of; KIND_CHANGED
// while it is being built; STORE_DAMAGED.
absl::StatusOr<const storage::ActivityKindView*> CheckSubscription(
    const KindQuery& query, const v1::QueryRetentionRequest& request);

// The local days, `[first, end)`, from the first that anybody was subscribed at the end of to that
// of `as_of`; nothing where nobody ever was. Errors: STORE_DAMAGED.
absl::StatusOr<std::optional<storage::UnitSpan>> SubscriptionExtent(
    const storage::CustomerSetReader& reader, const KindQuery& query);

// Follows subscribers from day to day, a chunk of customers at a time: months as far as they go,
// then days. Must not outlive reader and view. Not thread-safe.
class Subscribers {
 public:
  // `start_kind`: the kind that starts the subscription.
  Subscribers(const storage::CustomerSetReader& reader, const storage::View& view,
              const storage::ActivityKindView& subscription,
              const storage::ActivityKindView& start_kind);

  // The chunks, ascending, that have anybody who was ever subscribed before the day begins.
  // Errors: STORE_DAMAGED.
  absl::StatusOr<std::vector<uint16_t>> Chunks(int32_t local_day);

  // Begins with a chunk, before all days.
  void Begin(uint16_t chunk);

  // Goes on to the start of a day, no earlier than the one before: who of the chunk is subscribed
  // then. Errors: STORE_DAMAGED.
  absl::StatusOr<storage::CustomerSetRow> At(int32_t local_day);

  // Who of the chunk started for the first time ever in the period. Errors: STORE_DAMAGED.
  absl::StatusOr<storage::CustomerSetRow> FirstEver(const Period& period);

  // Rows that were decoded so far.
  int64_t rows_read() const { return rows_->rows_read() + start_rows_->rows_read(); }

 private:
  absl::Status Follow(const storage::UnitSpan& span, storage::CustomerSetRow& subscribed);

  const std::unique_ptr<storage::CustomerSetCursor> rows_;
  const std::unique_ptr<storage::CustomerSetCursor> start_rows_;
  uint16_t chunk_ = 0;
  // The months before this one are in `at_month_`, those and the days before `day_` in `now_`.
  int32_t month_ = 0;
  int32_t day_ = 0;
  storage::CustomerSetRow at_month_;
  storage::CustomerSetRow now_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_LOYALTY_SUBSCRIBERS_H_
