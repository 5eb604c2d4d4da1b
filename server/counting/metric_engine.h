// Runs queries: adds up what they count, and computes the values.
#ifndef EMPTYCHAIR_SERVER_COUNTING_METRIC_ENGINE_H_
#define EMPTYCHAIR_SERVER_COUNTING_METRIC_ENGINE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "server/counting/customer_answers.h"
#include "server/counting/interval_rule.h"
#include "server/counting/metric_query.h"
#include "server/counting/metric_result.h"
#include "server/counting/series_groups.h"
#include "server/statistics/calendar.h"
#include "server/statistics/effective_sample.h"
#include "server/statistics/metric_value.h"
#include "storage/cube/cube_reader.h"
#include "storage/cube/tally_grid.h"
#include "storage/store.h"

namespace emptychair {

// The counts that a query's values are computed from, wherever they were read.
struct PointTallies {
  // Those of the lookback included, which end with no point.
  std::vector<statistics::Bucket> buckets;
  // By group and by the bucket that a point ends with. Full, and then of no use, when more groups
  // have answers than it has room for: kPointsMax by the number of buckets.
  storage::TallyGrid grid;
  storage::ReadCost cost;
  // The answers, by the groups of the grid and by the bucket that they are in. Null where they were
  // not to be kept.
  std::shared_ptr<const CustomerAnswers> customers;
};

// What is kept of answers beside their counts.
enum class Keep : uint8_t {
  kNothing,
  // Their customers, so that they are read one by one: of queries without a respondent rule, or of
  // one bucket.
  kCustomers,
};

// Adds up the answers of the query, in the groups of `series`, which is made from it. Each record
// and row is read once, or twice when groups whose counts cancel have taken the grid's room.
// Errors: STORE_DAMAGED.
absl::StatusOr<PointTallies> ReadTallies(const storage::Store& store, const MetricQuery& query,
                                         const SeriesMap& series, Keep keep = Keep::kNothing);

// How far the customers of a tally repeat themselves, as the interval rule has it: by one of the
// two; neither: each answer is of another.
struct TallyRepeats {
  const statistics::CustomerSums* by_customer = nullptr;  // Of the same answers.
  std::optional<statistics::RepeatEffect> estimated;
};

// Replaces `value` by that of a tally of the query, or of a sum of tallies, laid out as in `grid`.
// Pure.
void EvaluateTally(const MetricQuery& query, const storage::TallyGrid& grid,
                   absl::Span<const int64_t> tally, const TallyRepeats& repeats,
                   bool include_histogram, statistics::MetricValue& value);

// A query that is run once, whose answers may be counted before it is known by which rule. Not
// thread-safe.
class MetricRun {
 public:
  // `store` must outlive this.
  MetricRun(const storage::Store& store, MetricQuery query, Purpose purpose);
  MetricRun(const MetricRun&) = delete;
  MetricRun& operator=(const MetricRun&) = delete;

  const MetricQuery& query() const { return query_; }

  struct Count {
    int64_t scored = 0;
    int64_t all = 0;  // Also those without a score and those that are excluded.
  };

  // Counts the answers of all points together, read as PlanSource says. Nothing when there are too
  // many groups to tell: Run says so. Errors: STORE_DAMAGED.
  absl::StatusOr<std::optional<Count>> CountAnswers();

  // Computes the values, under a rule that is not UNSPECIFIED; ESTIMATED only where HasEffects.
  // What was counted is not read again, unless it lacks the customers. Errors: TOO_MANY_POINTS,
  // STORE_DAMAGED, FIELD_INVALID on "population" when more customers answered.
  absl::StatusOr<MetricResult> Run(v1::IntervalRule rule);

  // The answers behind the values, by group and bucket: after Run by customer, without a respondent
  // rule or for a verdict. Else null.
  const CustomerAnswers* customers() const { return tallies_->customers.get(); }

 private:
  absl::Status Read(Keep keep);

  const storage::Store& store_;
  const MetricQuery query_;
  const Purpose purpose_;
  SeriesGroups groups_;
  std::optional<PointTallies> tallies_;
};

// Customers of answers in the view are below this number.
size_t CustomersOf(const storage::View& view);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_COUNTING_METRIC_ENGINE_H_
