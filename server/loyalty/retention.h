// Tells how many of the customers of one period come back in the next.
#ifndef EMPTYCHAIR_SERVER_LOYALTY_RETENTION_H_
#define EMPTYCHAIR_SERVER_LOYALTY_RETENTION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "server/loyalty/kind_query.h"
#include "server/loyalty/periods.h"
#include "server/statistics/estimate.h"
#include "storage/read/customer_sets.h"
#include "storage/read/view.h"

namespace emptychair {

// A question about retention that was found to be sound.
struct RetentionQuery : KindQuery {
  PeriodLength length;
  v1::RetentionMethod method = v1::RETENTION_METHOD_STRICT;
};

// Customers of one period, as v1::RetentionPoint describes them.
struct RetentionCounts {
  int64_t at_start = 0;
  int64_t at_end = 0;
  int64_t first_ever = 0;
  int64_t returning = 0;

  int64_t won_back() const { return at_end - first_ever - returning; }

  // In percent, by the method; absent when there is nobody at the start.
  std::optional<statistics::Estimate> Retention(v1::RetentionMethod method,
                                                statistics::Confidence confidence) const;
  std::optional<statistics::Estimate> Churn(statistics::Confidence confidence) const;

  friend bool operator==(const RetentionCounts&, const RetentionCounts&) = default;
};

struct RetentionResult {
  std::vector<Period> periods;
  std::vector<RetentionCounts> counts;  // Aligned with the periods.
  int64_t rows_read = 0;
};

// Checks the request and fills in its defaults; reads nothing from disk.
// Errors: FIELD_REQUIRED, FIELD_INVALID, KIND_NOT_FOUND, ZONE_UNKNOWN.
absl::StatusOr<RetentionQuery> PrepareRetention(std::shared_ptr<const storage::View> view,
                                                const v1::QueryRetentionRequest& request,
                                                absl::Time now);

// Reads the sets of each period, a chunk of customers at a time. Errors: TOO_MANY_POINTS,
// STORE_DAMAGED.
absl::StatusOr<RetentionResult> RunRetention(const storage::CustomerSetReader& reader,
                                             const RetentionQuery& query);

void WriteResponse(const RetentionQuery& query, const RetentionResult& result,
                   v1::QueryRetentionResponse& response);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_LOYALTY_RETENTION_H_
