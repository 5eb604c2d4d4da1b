// Follows the customers of a period through the periods after it.
#ifndef EMPTYCHAIR_SERVER_LOYALTY_COHORTS_H_
#define EMPTYCHAIR_SERVER_LOYALTY_COHORTS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "server/loyalty/cohort_amounts.h"
#include "server/loyalty/customer_amounts.h"
#include "server/loyalty/kind_query.h"
#include "server/loyalty/periods.h"
#include "storage/read/customer_sets.h"
#include "storage/read/view.h"

namespace emptychair {

inline constexpr int32_t kMinActivitiesMax = 100;

// A question about cohorts that was found to be sound.
struct CohortsQuery : KindQuery {
  PeriodLength length;
  // What customers come back with; owned by `view`.
  const storage::ActivityKindView* return_kind = nullptr;
  v1::CohortRule cohort_rule = v1::COHORT_RULE_FIRST_EVER;
  v1::ReturnRule return_rule = v1::RETURN_RULE_EXACT;
  int32_t min_activities = 1;
  bool with_amounts = false;
  // See AmountsAsked.
  size_t amounts_at_once = kAmountsAtOnce;

  // Sets do not tell who has so many, or how much: activities are read one by one.
  bool ReadsActivities() const { return min_activities > 2 || with_amounts; }
};

struct CohortsResult {
  std::vector<Period> periods;
  // Aligned with the periods.
  std::vector<int64_t> sizes;
  // Of each cohort those who were active in its period, the one after it, and so on. Empty where
  // the time to come back is not over.
  std::vector<std::vector<int64_t>> cells;
  CohortAmounts amounts;  // Of the cells; empty without `with_amounts`.
  int64_t rows_read = 0;
  int64_t activities_scanned = 0;
};

// Checks the request and fills in its defaults; reads nothing from disk.
// Errors: FIELD_REQUIRED, FIELD_INVALID, KIND_NOT_FOUND, ZONE_UNKNOWN.
absl::StatusOr<CohortsQuery> PrepareCohorts(std::shared_ptr<const storage::View> view,
                                            const v1::QueryCohortsRequest& request, absl::Time now);

// Reads the sets of all periods, a chunk of customers at a time. Errors: TOO_MANY_POINTS,
// STORE_DAMAGED; FIELD_INVALID for amounts whose sum an Amount cannot have.
absl::StatusOr<CohortsResult> RunCohorts(const storage::CustomerSetReader& reader,
                                         const CohortsQuery& query);

void WriteResponse(const CohortsQuery& query, const CohortsResult& result,
                   v1::QueryCohortsResponse& response);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_LOYALTY_COHORTS_H_
