// Finds of customers the days from their first to their second.
#ifndef EMPTYCHAIR_SERVER_LOYALTY_SECOND_DAYS_H_
#define EMPTYCHAIR_SERVER_LOYALTY_SECOND_DAYS_H_

#include <cstdint>
#include <map>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "server/loyalty/kind_query.h"
#include "server/statistics/kaplan_meier.h"
#include "storage/format/customer_set.h"
#include "storage/read/customer_sets.h"

namespace emptychair {

// Counts customers whose first day of all, f, is one of `first_days`, by the days to the second day
// g, as far as these are before `end_day`. Not thread-safe.
class SecondDays {
 public:
  // `first_days` end no later than `end_day`. Those within d days are those with `f + d < end_day`;
  // among them `g - f <= d`.
  SecondDays(const DaySpan& first_days, int32_t end_day, absl::Span<const int32_t> within_days);

  // Adds the customers of one chunk. Errors: STORE_DAMAGED.
  absl::Status AddChunk(storage::CustomerSetCursor& rows, const KindQuery& query, uint16_t chunk);

  struct Within {
    int64_t customers = 0;
    int64_t repeating = 0;
  };
  // Aligned with `within_days`.
  const std::vector<Within>& within() const { return within_; }

  // The days from f to g, ascending; of those without g the days to the last that was looked at,
  // censored.
  std::vector<statistics::DurationCount> Durations() const;

 private:
  // Takes in those whose first day it is.
  void Begin(int32_t day, const storage::CustomerSetRow& customers);
  // Looks at those who were active on the day, days in their order.
  void Visit(int32_t day, storage::CustomerSetRow customers);

  const DaySpan first_days_;
  const int32_t end_day_;
  const std::vector<int32_t> within_days_;
  std::vector<Within> within_;
  std::map<int32_t, statistics::DurationCount> durations_;
  // Of the chunk at hand: the first day of each customer, and who has no second one yet.
  std::vector<int32_t> first_day_;
  storage::CustomerSetRow waiting_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_LOYALTY_SECOND_DAYS_H_
