#include "tools/demo/load.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "tools/demo/answers.h"
#include "tools/demo/purchases.h"

namespace emptychair::demo {
namespace {

constexpr int kBatchSize = 1000;

enum class SurveyState { kAbsent, kOurs, kForeign };

absl::StatusOr<SurveyState> StateOf(Client& client, const DemoSurvey& demo) {
  const absl::StatusOr<v1::Survey> survey = client.GetSurvey(demo.survey.survey_id());
  if (ReasonOf(survey.status()) == v1::ERROR_REASON_SURVEY_NOT_FOUND) {
    return SurveyState::kAbsent;
  }
  RETURN_IF_ERROR(survey.status());
  // Name, question and further dimensions may have been changed since.
  const std::set<std::string> dimensions(survey->dimensions().begin(), survey->dimensions().end());
  const bool is_ours = survey->kind() == demo.survey.kind() &&
                       survey->time_zone() == demo.survey.time_zone() &&
                       std::all_of(demo.survey.dimensions().begin(), demo.survey.dimensions().end(),
                                   [&](const std::string& key) { return dimensions.count(key); });
  return is_ours ? SurveyState::kOurs : SurveyState::kForeign;
}

// Whether it has surveys or activity kinds.
absl::StatusOr<bool> IsInUse(Client& client) {
  v1::ListSurveysRequest request;
  request.set_include_archived(true);
  for (const absl::StatusOr<v1::Survey>& survey : client.ListSurveys(request)) {
    RETURN_IF_ERROR(survey.status());
    return true;
  }
  ASSIGN_OR_RETURN(const v1::ListActivityKindsResponse kinds, client.ListActivityKinds({}));
  return kinds.activity_kinds_size() > 0;
}

// How many answers the survey has in the demonstration's window.
absl::StatusOr<int64_t> CountAnswers(Client& client, const DemoSurvey& demo) {
  v1::QueryMetricRequest request;
  request.add_survey_ids(demo.survey.survey_id());
  *request.mutable_interval() = DemoInterval();
  request.set_include_excluded(true);
  ASSIGN_OR_RETURN(const v1::QueryMetricResponse response, client.QueryMetric(request));
  int64_t count = 0;
  for (const v1::MetricValue& point : response.total().points()) {
    count += point.answers() + point.unscored();
  }
  return count;
}

absl::Status SendAnswers(Client& client, const DemoSurvey& demo) {
  for (int first = 0; first < demo.answer_count; first += kBatchSize) {
    v1::BatchSubmitFeedbackRequest request;
    const int end = std::min(first + kBatchSize, demo.answer_count);
    for (int index = first; index < end; ++index) {
      *request.add_feedback() = Answer(demo, index);
    }
    ASSIGN_OR_RETURN(const v1::BatchSubmitFeedbackResponse response,
                     client.BatchSubmitFeedback(request));
    if (response.failures_size() > 0) {
      return FromProto(response.failures(0).status());
    }
  }
  return absl::OkStatus();
}

// Purchases are sent in order, so that the last one tells of all.
absl::StatusOr<bool> HasPurchase(Client& client, const v1::Activity& purchase) {
  v1::ListActivitiesRequest request;
  request.set_kind(purchase.kind());
  request.set_customer_id(purchase.customer_id());
  for (const absl::StatusOr<v1::Activity>& stored : client.ListActivities(request)) {
    if (ReasonOf(stored.status()) == v1::ERROR_REASON_KIND_NOT_FOUND) {
      return false;
    }
    RETURN_IF_ERROR(stored.status());
    if (stored->activity_id() == purchase.activity_id()) {
      return true;
    }
  }
  return false;
}

absl::Status SendPurchases(Client& client, const std::vector<v1::Activity>& purchases) {
  v1::DefineActivityKindRequest kind;
  kind.set_kind(std::string(kPurchaseKind));
  RETURN_IF_ERROR(client.DefineActivityKind(kind).status());
  for (size_t first = 0; first < purchases.size(); first += kBatchSize) {
    v1::BatchRecordActivitiesRequest request;
    const size_t end = std::min(first + kBatchSize, purchases.size());
    request.mutable_activities()->Assign(purchases.begin() + static_cast<ptrdiff_t>(first),
                                         purchases.begin() + static_cast<ptrdiff_t>(end));
    ASSIGN_OR_RETURN(const v1::BatchRecordActivitiesResponse response,
                     client.BatchRecordActivities(request));
    if (response.failures_size() > 0) {
      return FromProto(response.failures(0).status());
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<LoadResult> Load(Client& client, std::ostream& progress) {
  bool is_started = false;
  for (const DemoSurvey& demo : DemoSurveys()) {
    ASSIGN_OR_RETURN(const SurveyState state, StateOf(client, demo));
    if (state == SurveyState::kForeign) {
      return LoadResult::kDatabaseInUse;
    }
    is_started |= state == SurveyState::kOurs;
  }
  if (!is_started) {
    ASSIGN_OR_RETURN(const bool is_in_use, IsInUse(client));
    if (is_in_use) {
      return LoadResult::kDatabaseInUse;
    }
  }
  LoadResult result = LoadResult::kWasComplete;
  for (const DemoSurvey& demo : DemoSurveys()) {
    ASSIGN_OR_RETURN(const SurveyState state, StateOf(client, demo));
    if (state == SurveyState::kAbsent) {
      RETURN_IF_ERROR(client.CreateSurvey(demo.survey).status());
    }
    ASSIGN_OR_RETURN(const int64_t count, CountAnswers(client, demo));
    if (count >= demo.answer_count) {
      continue;
    }
    progress << "Loading " << demo.answer_count << " answers to " << demo.survey.survey_id()
             << " ..." << std::endl;
    RETURN_IF_ERROR(SendAnswers(client, demo));
    result = LoadResult::kLoaded;
  }
  const std::vector<v1::Activity> purchases = Purchases();
  ASSIGN_OR_RETURN(const bool has_purchases, HasPurchase(client, purchases.back()));
  if (!has_purchases) {
    progress << "Loading " << purchases.size() << " purchases ..." << std::endl;
    RETURN_IF_ERROR(SendPurchases(client, purchases));
    result = LoadResult::kLoaded;
  }
  return result;
}

}  // namespace emptychair::demo
