// Compares the words of two sets of comments.
#ifndef EMPTYCHAIR_SERVER_ANALYTICS_COMPARE_WORDS_H_
#define EMPTYCHAIR_SERVER_ANALYTICS_COMPARE_WORDS_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "server/counting/metric_query.h"
#include "storage/read/view.h"
#include "storage/store.h"

namespace emptychair {

struct WordComparisonQuery {
  MetricQuery base;
  // Absent: the answers of `base` are split by class.
  std::optional<MetricQuery> candidate;
  int32_t min_comments = 0;
  int32_t limit = 0;
};

// Checks the request and fills in its defaults; reads nothing from disk.
// Errors: those of PrepareMetricSide and CheckDisjoint, below "base" and "candidate"; FIELD_INVALID
// for what v1::CompareWordsRequest does not allow.
absl::StatusOr<WordComparisonQuery> PrepareWordComparison(std::shared_ptr<const storage::View> view,
                                                          const v1::CompareWordsRequest& request);

// Writes the comparison, reading the records of both sides: once, and again for each further part
// of at most half a million words, so that memory is bounded. Errors: SUPPRESSED, STORE_DAMAGED.
absl::Status RunWordComparison(const storage::Store& store, const WordComparisonQuery& query,
                               v1::CompareWordsResponse& response);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ANALYTICS_COMPARE_WORDS_H_
