// Selects the series that a query counts, and puts them into groups.
#ifndef EMPTYCHAIR_SERVER_COUNTING_SERIES_GROUPS_H_
#define EMPTYCHAIR_SERVER_COUNTING_SERIES_GROUPS_H_

#include <cstdint>
#include <map>
#include <vector>

#include "absl/status/statusor.h"
#include "emptychair/store/v1/value.pb.h"
#include "server/counting/metric_query.h"
#include "server/statistics/group_part.h"
#include "storage/read/series_table.h"
#include "storage/read/view.h"

namespace emptychair {

using statistics::GroupPart;

class SeriesGroups;

// Maps the series of a query's surveys to the groups that their answers are counted in.
struct SeriesMap {
  // For each survey of the query, in its order, and for each of its series the number of its group,
  // or storage::kNoGroup for one that the query leaves out.
  std::vector<std::vector<uint32_t>> group_of_series;
  uint32_t group_count = 0;
  // Tells the groups of surveys where series do not; null: they always do. The group of a series
  // then only says whether its records count.
  SeriesGroups* by_labels = nullptr;
};

// Gives each series that the query counts a group of its own.
SeriesMap MapEachSeries(const MetricQuery& query);

// The groups of a query by its keys, over all of its surveys. Without `group_by` there is one.
// Must not outlive the query.
class SeriesGroups {
 public:
  explicit SeriesGroups(const MetricQuery& query);
  SeriesGroups(const SeriesGroups&) = delete;
  SeriesGroups& operator=(const SeriesGroups&) = delete;

  // Groups in the order of answers, with the number that each has in `series()`.
  const std::map<std::vector<GroupPart>, uint32_t>& groups() const { return groups_; }
  const SeriesMap& series() const { return series_; }

  // Number of the group, which is a new one if records can still be in it; storage::kNoGroup when
  // there is no such group.
  uint32_t NumberOf(const std::vector<GroupPart>& group);

  // Group of a record of the query's survey at `survey`, which is counted in `series` and has these
  // labels; a new one when none was in it yet. Errors: TOO_MANY_POINTS.
  absl::StatusOr<uint32_t> GroupOf(size_t survey, uint32_t series,
                                   const store::v1::StoredFeedback& body);

 private:
  void AddSurvey(const storage::SurveyView& survey, std::vector<uint32_t>& group_of_series);
  uint32_t AddGroup(std::vector<GroupPart> parts);

  const MetricQuery& query_;
  std::map<std::vector<GroupPart>, uint32_t> groups_;
  SeriesMap series_;
};

// Names the value that a code of the series table stands for.
GroupPart PartOf(const storage::SeriesTable& series, size_t dimension, storage::ValueCode code);

// Whether the query's filters on survey_id let the survey through.
bool PassesSurveyFilters(const MetricQuery& query, const storage::SurveyView& survey);

// Whether series tell the groups of the survey's answers by `key`, so that no record must.
bool SeriesTell(absl::string_view key, const storage::SurveyView& survey);

// Whether only a record's labels tell if the filter lets it through. Of what is past `max_series`
// the series says no more than that.
bool NeedsLabels(const v1::LabelFilter& filter, const storage::SurveyView& survey, uint32_t series);

// Whether only the labels of a record of the survey that is counted in `series` tell if it passes
// the query's filters.
bool NeedsLabels(const MetricQuery& query, const storage::SurveyView& survey, uint32_t series);

// Whether only records of the survey tell what the query counts, and in which group.
bool NeedsRecords(const MetricQuery& query, const storage::SurveyView& survey);

// Whether a record with these labels passes the filters for which NeedsLabels says so; all others
// are in the SeriesMap.
bool PassesLabelFilters(const MetricQuery& query, const storage::SurveyView& survey,
                        uint32_t series, const store::v1::StoredFeedback& body);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_COUNTING_SERIES_GROUPS_H_
