#include "server/feedback/feedback_list.h"

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "server/feedback/record_page.h"
#include "server/request/page_token.h"
#include "server/request/position.h"
#include "server/request/selection.h"
#include "server/request/validation.h"
#include "server/surveys/survey.h"
#include "storage/format/cube_row.h"

namespace emptychair {
namespace {

using storage::ScannedRecord;
using storage::SurveyView;

absl::Status CheckConditions(const v1::ListFeedbackRequest& request) {
  RETURN_IF_ERROR(CheckFilters(request.filters()));
  if (request.has_min_score() && request.has_max_score() &&
      request.max_score() < request.min_score()) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "max_score",
                      absl::StrCat("got ", request.max_score(), ", wanted at least min_score, ",
                                   request.min_score()));
  }
  RETURN_IF_ERROR(CheckEnum("exclusion", request.exclusion(), v1::ExclusionFilter_IsValid));
  return CheckEnum("order", request.order(), v1::FeedbackOrder_IsValid);
}

// What the fixed header says.
bool PassesHeader(const v1::ListFeedbackRequest& request, const storage::FeedbackHeader& header) {
  const bool is_excluded = header.exclusion_reason != storage::kCountedDisposition;
  if ((request.exclusion() == v1::EXCLUSION_FILTER_COUNTED && is_excluded) ||
      (request.exclusion() == v1::EXCLUSION_FILTER_EXCLUDED && !is_excluded)) {
    return false;
  }
  if (request.has_min_score() &&
      (!header.score.has_value() || *header.score < request.min_score())) {
    return false;
  }
  return !request.has_max_score() ||
         (header.score.has_value() && *header.score <= request.max_score());
}

bool PassesFilters(const v1::ListFeedbackRequest& request, const SurveyView& survey,
                   const storage::FeedbackRecord& record) {
  for (const v1::LabelFilter& filter : request.filters()) {
    const bool is_survey_id = filter.key() == kSurveyIdKey;
    const bool is_other = !is_survey_id && record.header.series == storage::kOtherSeries &&
                          survey.DimensionOf(filter.key()).has_value();
    const bool is_listed = Lists(filter, is_survey_id ? survey.definition->survey_id()
                                                      : LabelOf(record.body, filter.key())) ||
                           (is_other && Lists(filter, kOtherValue));
    if (is_listed == filter.negate()) {
      return false;
    }
  }
  return true;
}

// Fills one page.
class ListPage {
 public:
  ListPage(const storage::Store& store, const FeedbackList& list,
           v1::ListFeedbackResponse& response)
      : store_(store), list_(list), response_(response), page_(store, *list.view, list.page_size) {
    for (const auto& [id, survey] : *list.view->catalog) {
      surveys_[survey->number()] = survey.get();
    }
  }

  RecordPage& page() { return page_; }

  // Whether there is room for more.
  bool Visit(const ScannedRecord& scanned) {
    if (page_.IsFull()) {
      response_.set_next_page_token(
          MakePageToken(store_, list_.request, EncodePosition(page_.last())));
      return false;
    }
    page_.LookAt(scanned.position);
    // Absent: a deleted survey's, on its way out.
    auto survey = surveys_.find(scanned.position.survey_number);
    if (survey == surveys_.end() || !PassesHeader(list_.request, scanned.header)) {
      return true;
    }
    std::optional<storage::FeedbackRecord> record = page_.Decode(scanned);
    if (!record.has_value() || !PassesFilters(list_.request, *survey->second, *record)) {
      return true;
    }
    if (std::optional<v1::Feedback> feedback = page_.Take(*std::move(record), *survey->second)) {
      *response_.add_feedback() = *std::move(feedback);
    }
    return true;
  }

 private:
  const storage::Store& store_;
  const FeedbackList& list_;
  v1::ListFeedbackResponse& response_;
  RecordPage page_;
  absl::flat_hash_map<uint32_t, const SurveyView*> surveys_;
};

}  // namespace

absl::StatusOr<FeedbackList> PrepareFeedbackList(const storage::Store& store,
                                                 const v1::ListFeedbackRequest& request) {
  FeedbackList list;
  list.view = store.view();
  list.request = request;
  if (request.survey_id().empty() && request.customer_id().empty()) {
    return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, "survey_id",
                      "a survey_id or a customer_id must be given");
  }
  if (!request.survey_id().empty()) {
    ASSIGN_OR_RETURN(const SurveyView* survey,
                     FindSurvey(*list.view, "survey_id", request.survey_id()));
    list.range.surveys = {survey};
  }
  if (!request.customer_id().empty()) {
    RETURN_IF_ERROR(CheckId("customer_id", request.customer_id()));
    list.customer_id = request.customer_id();
  }
  ASSIGN_OR_RETURN(const TimeSpan interval, CheckInterval(request.interval()));
  Limit(interval, list.range);
  RETURN_IF_ERROR(CheckConditions(request));
  list.range.newest_first = request.order() != v1::FEEDBACK_ORDER_OLDEST_FIRST;
  list.range.skip_damaged = true;
  ASSIGN_OR_RETURN(list.page_size, CheckPageSize(request.page_size()));
  ASSIGN_OR_RETURN(const std::string position, ReadPageToken(store, request));
  list.range.after = DecodePosition(position);
  list.has_conditions = !request.filters().empty() || request.has_min_score() ||
                        request.has_max_score() ||
                        (request.exclusion() != v1::EXCLUSION_FILTER_UNSPECIFIED &&
                         request.exclusion() != v1::EXCLUSION_FILTER_ANY);
  return list;
}

absl::Status RunFeedbackList(const storage::Store& store, const FeedbackList& list,
                             v1::ListFeedbackResponse& response) {
  FillPosition(store, *list.view, list.view->counters.sequence(), response);
  storage::RecordRange range = list.range;
  ListPage page(store, list, response);
  if (!list.customer_id.empty()) {
    ASSIGN_OR_RETURN(range.customer_ordinal,
                     store.records().CustomerOrdinal(*list.view, list.customer_id));
    if (!range.customer_ordinal.has_value()) {
      return absl::OkStatus();
    }
    page.page().KnowCustomer(*range.customer_ordinal, list.customer_id);
  }
  return store.records().Scan(*list.view, range,
                              [&](const ScannedRecord& record) { return page.Visit(record); });
}

}  // namespace emptychair
