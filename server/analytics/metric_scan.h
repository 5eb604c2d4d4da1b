// Reads the answers of a query one by one, for what the cube cannot answer: filters on labels that
// are no dimension, and rules that choose among a customer's answers.
#ifndef EMPTYCHAIR_SERVER_ANALYTICS_METRIC_SCAN_H_
#define EMPTYCHAIR_SERVER_ANALYTICS_METRIC_SCAN_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "emptychair/store/v1/value.pb.h"
#include "server/analytics/metric_query.h"
#include "server/analytics/series_groups.h"
#include "storage/cube/cube_plan.h"
#include "storage/cube/cube_reader.h"
#include "storage/cube/tally_grid.h"
#include "storage/read/records.h"
#include "storage/read/view.h"
#include "storage/store.h"

namespace emptychair {

// Which records a query's filters let through. Must not outlive what it is given. Not thread-safe.
class RecordFilter {
 public:
  RecordFilter(const MetricQuery& query, const SeriesGroups& groups);

  // Surveys that filters on survey_id leave in; records of others are none of the query's.
  const std::vector<const storage::SurveyView*>& surveys() const { return surveys_; }

  // The record's group, or storage::kNoGroup for one that a filter leaves out.
  // Errors: STORE_DAMAGED.
  absl::StatusOr<uint32_t> GroupOf(const storage::ScannedRecord& record);

  // What is behind the record's header. Errors: STORE_DAMAGED.
  absl::Status Decode(const storage::ScannedRecord& record, store::v1::StoredFeedback& body) const;

  // The survey of a record of `surveys()`.
  const storage::SurveyView& SurveyOf(const storage::ScannedRecord& record) const {
    return *surveys_[IndexOf(record)];
  }

 private:
  struct Survey {
    const std::vector<uint32_t>* group_of_series = nullptr;
    bool has_label_filters = false;  // On labels that are no dimension of it.
  };

  size_t IndexOf(const storage::ScannedRecord& record) const;

  const MetricQuery& query_;
  std::vector<const storage::SurveyView*> surveys_;
  std::vector<Survey> parts_;       // Aligned with `surveys_`.
  store::v1::StoredFeedback body_;  // Kept for its memory.
};

// Whether the query's respondent rule chooses among answers like this: it has a score, counts and
// has a customer.
bool IsChosenAmong(const MetricQuery& query, const storage::FeedbackHeader& header);

// Adds the answers in `buckets`, those of the lookback included, to `grid`, which must not itself
// include excluded answers. What it adds are changes: the sum of a group's tallies up to the bucket
// that a point ends with is the tally of the point. Stops early when the grid is full. With
// `only_what_stays`, which can be slower, it adds nothing that it takes away again.
//
// A respondent rule takes eight bytes for each customer that the store knows, whatever the query
// covers. Errors: STORE_DAMAGED.
absl::Status ScanAnswers(const storage::Store& store, const MetricQuery& query,
                         const SeriesGroups& groups, absl::Span<const storage::MsSpan> buckets,
                         bool only_what_stays, storage::TallyGrid& grid, storage::ReadCost& cost);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ANALYTICS_METRIC_SCAN_H_
