// Which series a query counts, and in which group.
#ifndef EMPTYCHAIR_SERVER_ANALYTICS_SERIES_GROUPS_H_
#define EMPTYCHAIR_SERVER_ANALYTICS_SERIES_GROUPS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "emptychair/store/v1/value.pb.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "server/analytics/metric_query.h"
#include "storage/read/view.h"

namespace emptychair {

// A group's value for one key; ordered as answers are: by bytes, none and other last.
struct GroupPart {
  enum class Kind : uint8_t { kValue, kNone, kOther };

  Kind kind = Kind::kValue;
  std::string text;

  friend auto operator<=>(const GroupPart&, const GroupPart&) = default;
};

// The groups of a query over all of its surveys. Without `group_by` there is one.
class SeriesGroups {
 public:
  explicit SeriesGroups(const MetricQuery& query);

  // Groups in the order of answers, with the number that each has in `GroupOfSeries`.
  const std::map<std::vector<GroupPart>, uint32_t>& groups() const { return groups_; }

  // For each series of the survey at `position` in the query its group, or storage::kNoGroup if a
  // filter on a dimension or on the survey leaves it out.
  const std::vector<uint32_t>& GroupOfSeries(size_t position) const {
    return group_of_series_[position];
  }

 private:
  void AddSurvey(const MetricQuery& query, const storage::SurveyView& survey);

  std::map<std::vector<GroupPart>, uint32_t> groups_;
  std::vector<std::vector<uint32_t>> group_of_series_;
};

// Whether the query's filters on survey_id let the survey through.
bool PassesSurveyFilters(const MetricQuery& query, const storage::SurveyView& survey);

// Whether a record with these labels passes the filters on labels that are no dimension of the
// survey; all other filters are in SeriesGroups.
bool PassesLabelFilters(const MetricQuery& query, const storage::SurveyView& survey,
                        const store::v1::StoredFeedback& body);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ANALYTICS_SERIES_GROUPS_H_
