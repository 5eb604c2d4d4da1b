// Tells how many of the customers of one period come back in the next.
#ifndef EMPTYCHAIR_SERVER_LOYALTY_RETENTION_H_
#define EMPTYCHAIR_SERVER_LOYALTY_RETENTION_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "emptychair/v1/selection.pb.h"
#include "server/loyalty/customer_amounts.h"
#include "server/loyalty/kind_query.h"
#include "server/loyalty/loyalty_sources.h"
#include "server/loyalty/nps_classes.h"
#include "server/loyalty/periods.h"
#include "server/loyalty/retention_amounts.h"
#include "server/statistics/estimate.h"
#include "storage/read/view.h"

namespace emptychair {

// A question about retention that was found to be sound.
struct RetentionQuery : KindQuery {
  PeriodLength length;
  // Of a subscription the kind that starts it, owned by `view`; else null.
  const storage::ActivityKindView* start_kind = nullptr;
  v1::RetentionMethod method = v1::RETENTION_METHOD_STRICT;
  // On attributes; none: everybody counts.
  std::vector<v1::LabelFilter> filters;
  // The NPS survey that makes classes, owned by `view`; null: none.
  const storage::SurveyView* class_survey = nullptr;
  bool with_amounts = false;
  // See AmountsAsked.
  size_t amounts_at_once = kAmountsAtOnce;

  // Sets do not tell all: activities, answers or customers are read one by one.
  bool ReadsOneByOne() const { return with_amounts || class_survey != nullptr || !filters.empty(); }
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

// What is known of some of the customers.
struct RetentionGroup {
  explicit RetentionGroup(size_t periods) : counts(periods), amounts(periods) {}

  std::vector<RetentionCounts> counts;  // Aligned with the periods.
  RetentionAmounts amounts;             // Empty without `with_amounts`.
};

struct RetentionResult {
  explicit RetentionResult(size_t periods) : all(periods) {}

  std::vector<Period> periods;
  RetentionGroup all;
  // By the place of NpsClasses; without them empty.
  std::vector<RetentionGroup> classes;
  // How many customers were in a class at the start of any period, by class.
  std::array<int64_t, kNpsClasses> class_customers = {};
  std::vector<v1::UnmatchedFilter> unmatched;
  // Rows of sets, customers and answers.
  int64_t rows_read = 0;
  int64_t activities_scanned = 0;
};

// Checks the request and fills in its defaults; reads nothing from disk.
// Errors: FIELD_REQUIRED, FIELD_INVALID, KIND_NOT_FOUND, KIND_CHANGED, SURVEY_NOT_FOUND,
// ZONE_UNKNOWN, STORE_DAMAGED.
absl::StatusOr<RetentionQuery> PrepareRetention(std::shared_ptr<const storage::View> view,
                                                const v1::QueryRetentionRequest& request,
                                                absl::Time now);

// Reads the sets of each period, a chunk of customers at a time. Errors: TOO_MANY_POINTS,
// STORE_DAMAGED; FIELD_INVALID for amounts whose sum an Amount cannot have.
absl::StatusOr<RetentionResult> RunRetention(const LoyaltySources& sources,
                                             const RetentionQuery& query);

void WriteResponse(const RetentionQuery& query, const RetentionResult& result,
                   v1::QueryRetentionResponse& response);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_LOYALTY_RETENTION_H_
