// Checks a QueryMetricRequest and turns it into a query that the engine can run.
#ifndef EMPTYCHAIR_SERVER_COUNTING_METRIC_QUERY_H_
#define EMPTYCHAIR_SERVER_COUNTING_METRIC_QUERY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "server/request/selection.h"
#include "server/request/unmatched_filters.h"
#include "server/statistics/estimate.h"
#include "server/statistics/score_method.h"
#include "storage/read/view.h"

namespace emptychair {

// A query that was found to be sound, at one view of the store.
struct MetricQuery {
  std::shared_ptr<const storage::View> view;
  // Of one kind, scale and zone; owned by `view`.
  std::vector<const storage::SurveyView*> surveys;
  // UTC while this machine does not know that of the surveys; then only records and hours of UTC
  // tell when their answers came.
  absl::TimeZone zone;
  bool is_zone_known = true;
  std::optional<statistics::ScoreMethod> method;  // Always there once prepared.
  statistics::Confidence confidence;
  // As it is asked for.
  v1::IntervalRule interval_rule = v1::INTERVAL_RULE_UNSPECIFIED;
  // Whom the values speak of, all of them; nothing: more than anybody could hear.
  std::optional<int64_t> population;
  int32_t min_sample = 0;
  v1::Granularity granularity = v1::GRANULARITY_NONE;
  v1::WeekStart week_start = v1::WEEK_START_UNSPECIFIED;
  int32_t trailing_buckets = 1;
  TimeSpan interval;
  std::vector<std::string> group_by;
  std::vector<v1::LabelFilter> filters;
  v1::RespondentRule respondent_rule = v1::RESPONDENT_RULE_ALL;
  bool include_excluded = false;
  bool include_histogram = false;
  // Finds what nothing fits while the query runs; null without filters.
  std::shared_ptr<UnmatchedFilters> unmatched;
};

// Checks the request and fills in its defaults; reads nothing from disk.
// Errors: FIELD_REQUIRED, FIELD_INVALID, SURVEY_NOT_FOUND, SURVEYS_NOT_POOLABLE, NOT_A_DIMENSION,
// ZONE_UNKNOWN, EFFECTS_UNKNOWN.
absl::StatusOr<MetricQuery> PrepareMetricQuery(std::shared_ptr<const storage::View> view,
                                               const v1::QueryMetricRequest& request);

// Makes a query of all answers of `surveys`, of which there is at least one and all can be pooled,
// by their default method.
absl::StatusOr<MetricQuery> MakeMetricQuery(std::shared_ptr<const storage::View> view,
                                            std::vector<const storage::SurveyView*> surveys);

// Sets the length of the query's buckets, defaults filled in. Both enums are known values. Errors:
// ZONE_UNKNOWN for local days and what is made of them, where the zone is not known.
absl::Status SetGranularity(v1::Granularity granularity, v1::WeekStart week_start,
                            MetricQuery& query);

// Finds the surveys of a request, no two alike; with `pooled` all of them must be poolable. Errors
// on "survey_ids": those of FindSurvey, FIELD_INVALID, SURVEYS_NOT_POOLABLE, ZONE_UNKNOWN.
absl::StatusOr<std::vector<const storage::SurveyView*>> FindSurveys(
    const storage::View& view, const google::protobuf::RepeatedPtrField<std::string>& survey_ids,
    bool pooled);

// SURVEYS_NOT_POOLABLE on `field` unless both surveys are of one kind, scale and time zone, whose
// rules count and not its name. ZONE_UNKNOWN where these cannot be compared.
absl::Status CheckPoolable(const storage::SurveyView& first, const storage::SurveyView& other,
                           absl::string_view field);

// Keys to group answers of `surveys` by: dimensions of each of them, or survey_id, no two alike.
// Errors on `field`: FIELD_REQUIRED, FIELD_INVALID, NOT_A_DIMENSION.
absl::Status CheckGroupKeys(absl::string_view field,
                            const google::protobuf::RepeatedPtrField<std::string>& keys,
                            const std::vector<const storage::SurveyView*>& surveys);

// Adds what nothing fits of the query's filters, once it has run. Errors: STORE_DAMAGED.
absl::Status AddUnmatched(const storage::Store& store, const MetricQuery& query,
                          google::protobuf::RepeatedPtrField<v1::UnmatchedFilter>& unmatched);

// To be called when records of the query's interval were read to their end.
void ReachEnd(const MetricQuery& query);

// Makes the error of a response that would have so many points or more.
absl::Status TooManyPoints(size_t points);

// SUPPRESSED when a point of the query that rests on so many scored answers is not to be taken
// apart.
absl::Status CheckShown(const MetricQuery& query, int64_t answers);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_COUNTING_METRIC_QUERY_H_
