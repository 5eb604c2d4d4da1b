#include "server/profile/customer_view.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "common/base/timestamp.h"
#include "server/customers/activity_kind.h"
#include "server/customers/customer.h"
#include "server/feedback/feedback.h"
#include "server/loyalty/kind_query.h"
#include "server/profile/amount_sums.h"
#include "server/request/validation.h"
#include "server/statistics/rhythm.h"
#include "storage/cube/cube_fold.h"
#include "storage/format/cube_row.h"
#include "storage/read/activities.h"
#include "storage/read/record_labels.h"
#include "storage/read/records.h"

namespace emptychair {
namespace {

// The time in whole milliseconds up to which things are before `time`.
int64_t EndMs(absl::Time time) {
  const int64_t ms = absl::ToUnixMillis(time);
  return absl::FromUnixMillis(ms) == time ? ms : ms + 1;
}

v1::ChangeDirection TrendOf(const v1::CustomerSurvey& survey,
                            const store::v1::StoredSurvey& definition) {
  if (!survey.has_previous_score() || survey.last_score() == survey.previous_score()) {
    return v1::CHANGE_DIRECTION_NEITHER;
  }
  const bool is_lower = survey.last_score() < survey.previous_score();
  const bool lower_is_better = definition.scale().direction() == v1::SCALE_DIRECTION_EFFORT;
  return is_lower == lower_is_better ? v1::CHANGE_DIRECTION_BETTER : v1::CHANGE_DIRECTION_WORSE;
}

// Who is summed up, and when.
struct Subject {
  const storage::Store& store;
  const storage::View& view;
  std::string customer_id;
  uint32_t ordinal = 0;
  absl::Time as_of;
};

// Sums up what the customer said in each survey.
class SurveySums {
 public:
  explicit SurveySums(const Subject& subject) : subject_(subject) {
    for (const auto& [id, survey] : *subject.view.catalog) {
      surveys_[survey->number()] = survey.get();
    }
  }

  absl::Status AddTo(v1::GetCustomerViewResponse& response) {
    storage::RecordRange range;
    range.customer_ordinal = subject_.ordinal;
    range.end_ms = EndMs(subject_.as_of);
    range.newest_first = true;
    RETURN_IF_ERROR(subject_.store.records().Scan(
        subject_.view, range,
        [this](const storage::ScannedRecord& scanned) -> absl::StatusOr<bool> {
          // Absent: a deleted survey's, on its way out.
          const auto survey = surveys_.find(scanned.position.survey_number);
          if (survey != surveys_.end()) {
            RETURN_IF_ERROR(Visit(scanned, *survey->second));
          }
          return true;
        }));
    for (auto& [survey_id, sum] : sums_) {
      sum.api.set_trend(TrendOf(sum.api, *sum.survey->definition));
      *response.add_surveys() = std::move(sum.api);
    }
    return absl::OkStatus();
  }

 private:
  struct Sum {
    const storage::SurveyView* survey = nullptr;
    v1::CustomerSurvey api;
  };

  // Answers come newest first.
  absl::Status Visit(const storage::ScannedRecord& scanned, const storage::SurveyView& survey) {
    Sum& sum = sums_[survey.definition->survey_id()];
    if (sum.survey == nullptr) {
      sum.survey = &survey;
      sum.api.set_survey_id(survey.definition->survey_id());
      RETURN_IF_ERROR(FillLast(scanned, survey, *sum.api.mutable_last()));
    }
    sum.api.set_answers(sum.api.answers() + 1);
    const bool is_counted = scanned.header.exclusion_reason == storage::kCountedDisposition;
    if (is_counted && scanned.header.score.has_value() && !sum.api.has_previous_score()) {
      if (sum.api.has_last_score()) {
        sum.api.set_previous_score(*scanned.header.score);
      } else {
        sum.api.set_last_score(*scanned.header.score);
      }
    }
    return absl::OkStatus();
  }

  absl::Status FillLast(const storage::ScannedRecord& scanned, const storage::SurveyView& survey,
                        v1::Feedback& feedback) const {
    ASSIGN_OR_RETURN(storage::FeedbackRecord record,
                     storage::DecodeFeedbackRecord(survey.all_series(),
                                                   scanned.position.feedback_id, scanned.value));
    record.customer_id = subject_.customer_id;
    FillFeedback(record, survey, feedback);
    return absl::OkStatus();
  }

  const Subject& subject_;
  absl::flat_hash_map<uint32_t, const storage::SurveyView*> surveys_;
  std::map<absl::string_view, Sum> sums_;  // By survey id.
};

// Sums up what the customer did of each kind.
class KindSums {
 public:
  explicit KindSums(const Subject& subject) : subject_(subject) {}

  absl::Status AddTo(v1::GetCustomerViewResponse& response) {
    ASSIGN_OR_RETURN(const auto kinds,
                     subject_.store.activities().KindsOf(subject_.view, subject_.ordinal));
    for (const std::shared_ptr<const storage::ActivityKindView>& kind : kinds) {
      RETURN_IF_ERROR(Read(*kind));
    }
    for (const auto& [name, kind] : *subject_.view.kinds) {
      AddSubscription(*kind->definition);
    }
    for (auto& [name, sum] : sums_) {
      *response.add_kinds() = std::move(sum);
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Read(const storage::ActivityKindView& kind) {
    v1::CustomerKind sum;
    AmountSums amounts;
    std::vector<int32_t> days;
    int64_t first_ms = 0;
    int64_t last_ms = 0;
    const storage::ActivityRange range{.kind_number = kind.number(),
                                       .customer_ordinal = subject_.ordinal,
                                       .end_ms = EndMs(subject_.as_of),
                                       .fails_on_damage = true};
    RETURN_IF_ERROR(subject_.store.activities().Scan(
        subject_.view, range, [&](const storage::ActivityRecord& record) {
          last_ms = record.id.UnixMs();
          first_ms = sum.activities() == 0 ? last_ms : first_ms;
          sum.set_activities(sum.activities() + 1);
          if (record.header.amount.has_value()) {
            amounts.Add(*record.header.amount);
          }
          const int32_t day = storage::BucketsOf(last_ms, record.header.zone_offset_seconds).day;
          if (days.empty() || days.back() != day) {
            days.push_back(day);
          }
          return true;
        }));
    if (sum.activities() == 0) {
      return absl::OkStatus();
    }
    last_ms_[kind.number()] = last_ms;
    *sum.mutable_first_time() = ToTimestamp(absl::FromUnixMillis(first_ms));
    *sum.mutable_last_time() = ToTimestamp(absl::FromUnixMillis(last_ms));
    RETURN_IF_ERROR(amounts.AddTo(*sum.mutable_totals()));
    RETURN_IF_ERROR(AddRhythm(*kind.definition, std::move(days), sum));
    sum.set_kind(kind.definition->kind());
    sums_[kind.definition->kind()] = std::move(sum);
    return absl::OkStatus();
  }

  // `days` are the local days of the activities.
  absl::Status AddRhythm(const store::v1::StoredActivityKind& kind, std::vector<int32_t> days,
                         v1::CustomerKind& sum) const {
    ASSIGN_OR_RETURN(const absl::TimeZone zone, ZoneOf(kind));
    const int32_t as_of = LocalDayOf(zone, subject_.as_of);
    // A time zone's day can come twice: offsets are those of the database of their time.
    std::sort(days.begin(), days.end());
    days.erase(std::unique(days.begin(), days.end()), days.end());
    days.erase(std::lower_bound(days.begin(), days.end(), as_of), days.end());
    const statistics::Rhythm rhythm = statistics::RhythmOf(days, as_of);
    sum.set_active_days(rhythm.active_days);
    if (rhythm.usual_days.has_value()) {
      sum.set_usual_days(*rhythm.usual_days);
    }
    if (rhythm.limit_days.has_value()) {
      sum.set_limit_days(*rhythm.limit_days);
    }
    if (rhythm.silence_days.has_value()) {
      sum.set_silence_days(*rhythm.silence_days);
    }
    sum.set_is_past_limit(rhythm.is_past_limit);
    return absl::OkStatus();
  }

  // The last event before the time decides; of one time, the end comes first.
  void AddSubscription(const store::v1::StoredActivityKind& kind) {
    if (kind.start_kind_number() == 0) {
      return;
    }
    const auto start = last_ms_.find(kind.start_kind_number());
    const auto end = last_ms_.find(kind.end_kind_number());
    if (start == last_ms_.end() && end == last_ms_.end()) {
      return;
    }
    v1::CustomerKind& sum = sums_[kind.kind()];
    sum.set_kind(kind.kind());
    sum.set_is_subscribed(start != last_ms_.end() &&
                          (end == last_ms_.end() || start->second >= end->second));
  }

  const Subject& subject_;
  std::map<absl::string_view, v1::CustomerKind> sums_;  // By kind.
  absl::flat_hash_map<uint32_t, int64_t> last_ms_;      // By kind number: the newest activity.
};

}  // namespace

absl::Status SumUpCustomer(const storage::Store& store, const v1::GetCustomerViewRequest& request,
                           absl::Time now, v1::GetCustomerViewResponse& response) {
  absl::Time as_of = now;
  if (request.has_as_of()) {
    ASSIGN_OR_RETURN(as_of, CheckAsOf("as_of", request.as_of()));
  }
  const std::shared_ptr<const storage::View> view = store.view();
  ASSIGN_OR_RETURN(*response.mutable_customer(), FindCustomer(store, *view, request.customer_id()));
  ASSIGN_OR_RETURN(const uint32_t ordinal,
                   FindCustomerOrdinal(store, *view, request.customer_id()));
  const Subject subject{store, *view, request.customer_id(), ordinal, as_of};
  RETURN_IF_ERROR(SurveySums(subject).AddTo(response));
  RETURN_IF_ERROR(KindSums(subject).AddTo(response));
  *response.mutable_as_of() = ToTimestamp(as_of);
  response.set_sequence(static_cast<int64_t>(view->counters.sequence()));
  return absl::OkStatus();
}

}  // namespace emptychair
