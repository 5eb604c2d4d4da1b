// A plain recount of answers, which shares no code with the server: what a query must answer.
#ifndef EMPTYCHAIR_TESTS_SERVICE_METRIC_MODEL_H_
#define EMPTYCHAIR_TESTS_SERVICE_METRIC_MODEL_H_

#include <array>
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

// An answer as it was submitted.
struct ModelAnswer {
  absl::Time time;
  std::optional<int> score;
  std::map<std::string, std::string> labels;
  // The survey had no room for its combination of dimension values.
  bool is_other = false;
};

// An NPS survey and its answers, in the order in which they were accepted.
class ModelSurvey {
 public:
  ModelSurvey(std::string survey_id, std::vector<std::string> dimensions, size_t max_series)
      : survey_id_(std::move(survey_id)),
        dimensions_(std::move(dimensions)),
        max_series_(max_series) {}

  void Add(ModelAnswer answer);

  const std::string& survey_id() const { return survey_id_; }
  const std::vector<std::string>& dimensions() const { return dimensions_; }
  size_t max_series() const { return max_series_; }
  const std::vector<ModelAnswer>& answers() const { return answers_; }

  // What filters and groups see for `key`: a value, "(none)" or "(other)".
  std::string ValueOf(const ModelAnswer& answer, const std::string& key) const;

 private:
  const std::string survey_id_;
  const std::vector<std::string> dimensions_;
  const size_t max_series_;
  std::set<std::vector<std::string>> combinations_;
  std::vector<ModelAnswer> answers_;
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

// One point: answers by score, and without one.
struct ModelPoint {
  std::array<int64_t, 11> histogram{};
  int64_t unscored = 0;

  int64_t Count(int low, int high) const;
};

struct ModelResult {
  // More than 10,000 points; nothing else is said then.
  bool too_many = false;
  std::vector<ModelSpan> buckets;
  // Points by group values, in no order of answers.
  std::map<std::vector<std::string>, std::vector<ModelPoint>> groups;
  std::vector<ModelPoint> total;
};

// What the service must answer to `query` on `surveys`, those that it names.
ModelResult Recount(const v1::QueryMetricRequest& query,
                    const std::vector<const ModelSurvey*>& surveys, ModelCalendar& calendar);

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_SERVICE_METRIC_MODEL_H_
