// Tells how many customers come more than once, and how soon they come again.
#ifndef EMPTYCHAIR_SERVER_LOYALTY_REPEAT_RATE_H_
#define EMPTYCHAIR_SERVER_LOYALTY_REPEAT_RATE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "server/loyalty/kind_query.h"
#include "server/statistics/kaplan_meier.h"
#include "storage/read/customer_sets.h"
#include "storage/read/view.h"

namespace emptychair {

inline constexpr int kWithinDaysMax = 32;
inline constexpr int32_t kWithinMax = 400;

// A question about the repeat rate that was found to be sound.
struct RepeatRateQuery : KindQuery {
  v1::RepeatRateMethod method = v1::REPEAT_RATE_METHOD_BY_DAY;
  std::vector<int32_t> within_days;

  // The activities of a day are to be counted one by one: `as_of` is within it, and it may be in
  // the interval.
  bool ReadsActivities() const;
};

// Some customers, and those of them who came again.
struct RepeatCounts {
  int64_t customers = 0;
  int64_t repeating = 0;

  friend bool operator==(const RepeatCounts&, const RepeatCounts&) = default;
};

struct RepeatRateResult {
  // What was counted; nothing when nothing is stored.
  std::optional<TimeSpan> interval;
  RepeatCounts in_interval;
  std::vector<RepeatCounts> within;  // Aligned with `within_days`.
  // Days from a customer's first to the second.
  statistics::SurvivalCurve time_to_second;
  int64_t rows_read = 0;
  int64_t activities_scanned = 0;
};

// Checks the request and fills in its defaults; reads nothing from disk.
// Errors: FIELD_REQUIRED, FIELD_INVALID, KIND_NOT_FOUND, ZONE_UNKNOWN.
absl::StatusOr<RepeatRateQuery> PrepareRepeatRate(std::shared_ptr<const storage::View> view,
                                                  const v1::QueryRepeatRateRequest& request,
                                                  absl::Time now);

// Reads the sets of each day, a chunk of customers at a time. Errors: STORE_DAMAGED.
absl::StatusOr<RepeatRateResult> RunRepeatRate(const storage::CustomerSetReader& reader,
                                               const RepeatRateQuery& query);

void WriteResponse(const RepeatRateQuery& query, const RepeatRateResult& result,
                   v1::QueryRepeatRateResponse& response);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_LOYALTY_REPEAT_RATE_H_
