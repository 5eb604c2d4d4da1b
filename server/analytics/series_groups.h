// Selects the series that a query counts, and puts them into groups.
#ifndef EMPTYCHAIR_SERVER_ANALYTICS_SERIES_GROUPS_H_
#define EMPTYCHAIR_SERVER_ANALYTICS_SERIES_GROUPS_H_

#include <cstdint>
#include <map>
#include <vector>

#include "emptychair/store/v1/value.pb.h"
#include "server/analytics/metric_query.h"
#include "server/statistics/group_part.h"
#include "storage/read/series_table.h"
#include "storage/read/view.h"

namespace emptychair {

using statistics::GroupPart;

// Maps the series of a query's surveys to the groups that their answers are counted in.
struct SeriesMap {
  // For each survey of the query, in its order, and for each of its series the number of its group,
  // or storage::kNoGroup for one that the query leaves out.
  std::vector<std::vector<uint32_t>> group_of_series;
  uint32_t group_count = 0;
};

// Gives each series that the query counts a group of its own.
SeriesMap MapEachSeries(const MetricQuery& query);

// The groups of a query by its keys, over all of its surveys. Without `group_by` there is one.
class SeriesGroups {
 public:
  explicit SeriesGroups(const MetricQuery& query);

  // Groups in the order of answers, with the number that each has in `series()`.
  const std::map<std::vector<GroupPart>, uint32_t>& groups() const { return groups_; }
  const SeriesMap& series() const { return series_; }

 private:
  void AddSurvey(const MetricQuery& query, const storage::SurveyView& survey,
                 std::vector<uint32_t>& group_of_series);

  std::map<std::vector<GroupPart>, uint32_t> groups_;
  SeriesMap series_;
};

// Names the value that a code of the series table stands for.
GroupPart PartOf(const storage::SeriesTable& series, size_t dimension, storage::ValueCode code);

// Whether the query's filters on survey_id let the survey through.
bool PassesSurveyFilters(const MetricQuery& query, const storage::SurveyView& survey);

// Whether a filter is on a label that is no dimension of the survey, so that only its records tell
// what passes.
bool HasLabelFilters(const MetricQuery& query, const storage::SurveyView& survey);

// Whether a record with these labels passes the filters on labels that are no dimension of the
// survey; all other filters are in the SeriesMap.
bool PassesLabelFilters(const MetricQuery& query, const storage::SurveyView& survey,
                        const store::v1::StoredFeedback& body);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ANALYTICS_SERIES_GROUPS_H_
