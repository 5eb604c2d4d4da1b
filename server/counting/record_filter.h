// Admits records to a query.
#ifndef EMPTYCHAIR_SERVER_COUNTING_RECORD_FILTER_H_
#define EMPTYCHAIR_SERVER_COUNTING_RECORD_FILTER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "emptychair/store/v1/value.pb.h"
#include "server/counting/metric_query.h"
#include "server/counting/series_groups.h"
#include "storage/format/values.h"
#include "storage/read/records.h"
#include "storage/read/view.h"

namespace emptychair {

// Decides which records a query counts, and in which group. Must not outlive what it is given. Not
// thread-safe.
class RecordFilter {
 public:
  RecordFilter(const MetricQuery& query, const SeriesMap& series);

  // Surveys that filters on survey_id leave in; records of others are none of the query's.
  const std::vector<const storage::SurveyView*>& surveys() const { return surveys_; }

  // The record's group, or storage::kNoGroup for one that the query leaves out. The one place where
  // a record is admitted: a further condition, as on the record's customer, belongs here.
  // Errors: STORE_DAMAGED, TOO_MANY_POINTS.
  absl::StatusOr<uint32_t> GroupOf(const storage::ScannedRecord& record);

  // The same in two steps, for whoever has columns instead of records. The group of the survey's
  // records in the series, the survey being that at `survey` of surveys(); nothing when their
  // labels tell ...
  std::optional<uint32_t> GroupOfSeries(size_t survey, uint32_t series) const;
  // ... of which these are needed, also for the group if `groups_by_labels` ...
  std::vector<std::string> LabelKeys(size_t survey) const;
  // ... and the group of those with these labels. Errors: TOO_MANY_POINTS.
  absl::StatusOr<uint32_t> GroupOfLabels(size_t survey, uint32_t series,
                                         const store::v1::StoredFeedback& body);
  bool groups_by_labels(size_t survey) const { return parts_[survey].groups_by_labels; }
  // The group of the series whatever filters on labels say.
  uint32_t UnfilteredGroupOf(size_t survey, uint32_t series) const {
    return (*parts_[survey].group_of_series)[series];
  }
  // To be called when a record is left out whose labels might have told what filters fit.
  void Skip() const {
    if (query_.unmatched != nullptr) {
      query_.unmatched->Skip();
    }
  }

  // Decodes what is behind the record's header. Errors: STORE_DAMAGED.
  absl::Status Decode(const storage::ScannedRecord& record, store::v1::StoredFeedback& body) const;

  // The survey of a record of `surveys()`.
  const storage::SurveyView& SurveyOf(const storage::ScannedRecord& record) const {
    return *surveys_[IndexOf(record)];
  }

 private:
  struct Survey {
    size_t index = 0;  // Among the query's.
    const std::vector<uint32_t>* group_of_series = nullptr;
    bool filters_labels = false;         // Of records with a series.
    bool filters_others_labels = false;  // Of those that are `(other)`.
    bool groups_by_labels = false;
  };

  size_t IndexOf(const storage::ScannedRecord& record) const;

  const MetricQuery& query_;
  SeriesGroups* const groups_by_labels_;
  std::vector<const storage::SurveyView*> surveys_;
  std::vector<Survey> parts_;       // Aligned with `surveys_`.
  store::v1::StoredFeedback body_;  // Kept for its memory.
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_COUNTING_RECORD_FILTER_H_
