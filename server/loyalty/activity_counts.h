// Counts what sets of customers do not tell: how many activities each customer has.
#ifndef EMPTYCHAIR_SERVER_LOYALTY_ACTIVITY_COUNTS_H_
#define EMPTYCHAIR_SERVER_LOYALTY_ACTIVITY_COUNTS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/loyalty/kind_query.h"
#include "storage/format/customer_set.h"
#include "storage/read/customer_sets.h"

namespace emptychair {

// So many chunks are counted in one pass over the activities: 1,048,576 customers, a byte for each.
inline constexpr uint16_t kChunksPerPass = 16;

// How many activities customers have, up to 255. Not thread-safe.
class ActivityCounts {
 public:
  // Counts the activities of the query's kind on local days of `days`, by the offset stored with
  // each, that are before `end`, of customers of kChunksPerPass chunks from `first_chunk` on. Reads
  // the activities one by one, and adds their number to `scanned`. Errors: STORE_DAMAGED.
  static absl::StatusOr<ActivityCounts> Read(const storage::CustomerSetReader& reader,
                                             const KindQuery& query, const DaySpan& days,
                                             absl::Time end, uint16_t first_chunk,
                                             int64_t& scanned);

  uint16_t first_chunk() const { return first_chunk_; }

  // Customers of the chunk, which is one of those counted, with at least so many: 1 to 255.
  storage::CustomerSetRow AtLeast(int32_t activities, uint16_t chunk) const;

 private:
  explicit ActivityCounts(uint16_t first_chunk);

  uint16_t first_chunk_;
  std::vector<uint8_t> counts_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_LOYALTY_ACTIVITY_COUNTS_H_
