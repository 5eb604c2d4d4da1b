// A plain recount of answers, which shares no code with the server: what a query must answer.
#ifndef EMPTYCHAIR_TESTS_SERVICE_MODEL_METRIC_MODEL_H_
#define EMPTYCHAIR_TESTS_SERVICE_MODEL_METRIC_MODEL_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "emptychair/v1/metrics_service.pb.h"

namespace emptychair::testing {

// An answer as it stands now.
struct ModelAnswer {
  absl::Time time;
  std::optional<int> score;
  std::string customer;  // Empty: anonymous.
  std::map<std::string, std::string> labels;
  std::string comment;
  // Unspecified while it counts.
  v1::ExclusionReason exclusion = v1::EXCLUSION_REASON_UNSPECIFIED;

  // How it is sliced, which ModelSurvey settles: the labels that were dimensions when it got them,
  // and whether the survey had no room for their combination.
  std::map<std::string, std::string> slice;
  bool is_other = false;
};

// A survey and its answers by their feedback id, in lower case.
class ModelSurvey {
 public:
  ModelSurvey(std::string survey_id, std::vector<std::string> dimensions, size_t max_series)
      : survey_id_(std::move(survey_id)),
        dimensions_(std::move(dimensions)),
        max_series_(max_series) {}

  // An answer in the form `answer`, sliced by what is a dimension now.
  void Add(const std::string& id, ModelAnswer answer);
  // Other labels for an answer. The same again leave it sliced as it was.
  void Relabel(const std::string& id, const std::map<std::string, std::string>& labels);
  ModelAnswer& answer(const std::string& id) { return answers_.at(id); }
  void Erase(const std::string& id) { answers_.erase(id); }

  // Makes `dimensions` those in use. Once there were answers, others are retired and new ones come
  // last. Slices the answers anew when that or a higher `max_series` says more of them.
  void Redefine(const std::vector<std::string>& dimensions, size_t max_series);
  void set_min_sample(int min_sample) { min_sample_ = min_sample; }

  const std::string& survey_id() const { return survey_id_; }
  // In use, or retired.
  std::vector<std::string> Dimensions(bool retired) const;
  bool IsDimension(const std::string& key) const;
  size_t max_series() const { return max_series_; }
  int min_sample() const { return min_sample_; }
  bool has_room() const { return combinations_.size() < max_series_; }
  const std::map<std::string, ModelAnswer>& answers() const { return answers_; }

  // What groups see for `key`: a value, "(none)" or "(other)".
  std::string ValueOf(const ModelAnswer& answer, const std::string& key) const;
  // What filters see: the label's value or "(none)", and "(other)" for an answer that is.
  std::set<std::string> NamesOf(const ModelAnswer& answer, const std::string& key) const;

 private:
  void Declare(const std::vector<std::string>& dimensions);
  void Slice(ModelAnswer& answer);

  std::string survey_id_;
  // Retired ones keep their place.
  std::vector<std::string> dimensions_;
  std::set<std::string> retired_;
  size_t max_series_;
  int min_sample_ = 0;
  bool had_answers_ = false;
  std::set<std::map<std::string, std::string>> combinations_;
  std::map<std::string, ModelAnswer> answers_;
};

// Days of one zone. The day of an instant never goes back: where a clock is put back across
// midnight, the new day goes on.
class ModelCalendar {
 public:
  explicit ModelCalendar(const absl::TimeZone& zone) : zone_(zone) {}

  absl::CivilDay DayOf(absl::Time time) const;

  // The first instant, to the millisecond, whose day is `day` or later: found by bisection.
  absl::Time FirstInstantFrom(absl::CivilDay day);

 private:
  const absl::TimeZone zone_;
  std::map<absl::CivilDay, absl::Time> known_;
};

struct ModelSpan {
  absl::Time start;
  absl::Time end;
};

// One point: answers by score, and without one; those that are excluded by reason.
struct ModelPoint {
  std::map<int, int64_t> histogram;
  int64_t unscored = 0;
  std::map<v1::ExclusionReason, int64_t> excluded;
  int64_t customers = 0;  // Only for rules that choose among a customer's answers.
  // The scores of each customer; an anonymous answer is a customer of its own.
  std::map<std::string, std::vector<int>> by_customer;

  int64_t Count(int low, int high) const;
  int64_t scored() const;
  int64_t known_customers() const;
};

struct ModelResult {
  // More than 10,000 points; nothing else is said then.
  bool too_many = false;
  // Points with fewer scored answers are suppressed.
  int min_sample = 0;
  std::vector<ModelSpan> buckets;
  // Points by group values, in no order of answers.
  std::map<std::vector<std::string>, std::vector<ModelPoint>> groups;
  std::vector<ModelPoint> total;
};

// What the service must answer to `query` on `surveys`, those that it names.
ModelResult Recount(const v1::QueryMetricRequest& query,
                    const std::vector<const ModelSurvey*>& surveys, ModelCalendar& calendar);

// What ExplainMetric must list of the answers in `span` and of the group with these values, or of
// all without: feedback ids, newest first, and what each counts as.
std::vector<std::pair<std::string, v1::CountedAs>> ExplainPoint(
    const v1::QueryMetricRequest& query, const std::vector<const ModelSurvey*>& surveys,
    const std::optional<std::vector<std::string>>& group, ModelSpan span);

// Whether some answer, be it stored or not, could be in both of two queries without granularity:
// tries each of `surveys`, and for each key every value that a filter tells from others.
bool CanShare(const v1::CompareMetricRequest& request,
              const std::vector<const ModelSurvey*>& surveys);

// How many stored answers are in both.
int CountShared(const v1::CompareMetricRequest& request,
                const std::vector<const ModelSurvey*>& surveys);

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_SERVICE_MODEL_METRIC_MODEL_H_
