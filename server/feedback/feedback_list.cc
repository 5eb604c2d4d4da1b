#include "server/feedback/feedback_list.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "server/feedback/feedback.h"
#include "server/feedback/record_page.h"
#include "server/request/page_token.h"
#include "server/request/position.h"
#include "server/request/selection.h"
#include "server/request/unmatched_filters.h"
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

// What the header says.
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
  if (!request.import_id().empty() &&
      survey.imports->IdOf(record.body.import_number()) != request.import_id()) {
    return false;
  }
  for (const v1::LabelFilter& filter : request.filters()) {
    if (filter.key() == kSurveyIdKey
            ? !Passes(filter, survey.definition->survey_id())
            : !PassesLabels(filter, survey, record.header.series, record.body)) {
      return false;
    }
  }
  return true;
}

// The survey of the request, or all that a customer may have answered.
std::vector<const SurveyView*> SurveysAsked(const FeedbackList& list) {
  std::vector<const SurveyView*> surveys = list.range.surveys;
  if (surveys.empty()) {
    for (const auto& [id, survey] : *list.view->catalog) {
      surveys.push_back(survey.get());
    }
  }
  return surveys;
}

// Goes through the records of a list that it wants, up to where a page ends.
class ListPage {
 public:
  // Gets a record, which serves for the next one too, and its survey.
  using Take =
      absl::FunctionRef<void(const ScannedRecord& scanned, const storage::FeedbackRecord& record,
                             const SurveyView& survey)>;

  ListPage(const storage::Store& store, const FeedbackList& list, int32_t page_size)
      : store_(store),
        list_(list),
        page_(store, *list.view, page_size),
        unmatched_(SurveysAsked(list),
                   {list.request.filters().begin(), list.request.filters().end()}) {
    for (const auto& [id, survey] : *list.view->catalog) {
      surveys_[survey->number()] = survey.get();
    }
  }

  // Says what nothing fits of the filters with AddUnmatched: to be called before Read.
  void BeginUnmatched() { unmatched_.Begin(); }

  RecordPage& page() { return page_; }
  int64_t looked_at() const { return looked_at_; }

  // Reads the page. Returns the position behind which the next one begins; nothing at the end.
  absl::StatusOr<std::optional<storage::RecordPosition>> Read(Take take) {
    storage::RecordRange range = list_.range;
    if (!list_.customer_id.empty()) {
      ASSIGN_OR_RETURN(range.customer_ordinal,
                       store_.records().CustomerOrdinal(*list_.view, list_.customer_id));
      if (!range.customer_ordinal.has_value()) {
        return std::nullopt;
      }
      page_.KnowCustomer(*range.customer_ordinal, list_.customer_id);
    }
    std::optional<storage::RecordPosition> next;
    RETURN_IF_ERROR(store_.records().Scan(*list_.view, range, [&](const ScannedRecord& scanned) {
      if (page_.IsFull()) {
        next = page_.last();
        return false;
      }
      Visit(scanned, take);
      return true;
    }));
    return next;
  }

  // Adds what nothing fits of the filters, once the first page was read up to `next`. Errors:
  // STORE_DAMAGED.
  absl::Status AddUnmatched(const std::optional<storage::RecordPosition>& next,
                            v1::ListFeedbackResponse& response) {
    const v1::ListFeedbackRequest& request = list_.request;
    if (!next.has_value() && request.customer_id().empty() && list_.range.start_ms == 0 &&
        list_.range.end_ms == INT64_MAX) {
      unmatched_.ReachEnd();
    }
    return unmatched_.AddTo(store_, *list_.view, *response.mutable_unmatched());
  }

 private:
  void Visit(const ScannedRecord& scanned, Take take) {
    page_.LookAt(scanned.position);
    ++looked_at_;
    // Absent: a deleted survey's, on its way out.
    const auto survey = surveys_.find(scanned.position.survey_number);
    if (survey == surveys_.end() || !PassesHeader(list_.request, scanned.header)) {
      unmatched_.Skip();
      return;
    }
    if (!page_.Decode(scanned, *survey->second, record_)) {
      return;
    }
    if (unmatched_.is_open()) {
      unmatched_.See(record_.body);
    }
    if (PassesFilters(list_.request, *survey->second, record_)) {
      take(scanned, record_, *survey->second);
    }
  }

  const storage::Store& store_;
  const FeedbackList& list_;
  RecordPage page_;
  int64_t looked_at_ = 0;
  UnmatchedFilters unmatched_;
  storage::FeedbackRecord record_;  // The one visited; its memory serves for the next.
  absl::flat_hash_map<uint32_t, const SurveyView*> surveys_;
};

}  // namespace

absl::StatusOr<FeedbackList> PrepareFeedbackList(const storage::Store& store,
                                                 std::shared_ptr<const storage::View> view,
                                                 const v1::ListFeedbackRequest& request) {
  FeedbackList list;
  list.view = std::move(view);
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
  RETURN_IF_ERROR(CheckImportId(request.import_id()));
  RETURN_IF_ERROR(CheckConditions(request));
  list.range.newest_first = request.order() != v1::FEEDBACK_ORDER_OLDEST_FIRST;
  list.range.skip_damaged = true;
  ASSIGN_OR_RETURN(list.page_size, CheckPageSize(request.page_size()));
  ASSIGN_OR_RETURN(const std::string position, ReadPageToken(store, request));
  list.range.after = DecodePosition(position);
  list.has_conditions = !request.filters().empty() || request.has_min_score() ||
                        request.has_max_score() || !request.import_id().empty() ||
                        (request.exclusion() != v1::EXCLUSION_FILTER_UNSPECIFIED &&
                         request.exclusion() != v1::EXCLUSION_FILTER_ANY);
  return list;
}

absl::Status RunFeedbackList(const storage::Store& store, const FeedbackList& list,
                             CustomerNames& names, v1::ListFeedbackResponse& response) {
  FillPosition(store, *list.view, list.view->counters.sequence(), response);
  ListPage page(store, list, list.page_size);
  // Those who ask for the next page were told with the first.
  const bool tells_unmatched = list.request.page_token().empty();
  if (tells_unmatched) {
    page.BeginUnmatched();
  }
  ASSIGN_OR_RETURN(const std::optional<storage::RecordPosition> next,
                   page.Read([&](const ScannedRecord& scanned,
                                 const storage::FeedbackRecord& record, const SurveyView& survey) {
                     page.page().Take(scanned, record, survey, *response.add_feedback());
                   }));
  if (const auto damaged = page.page().FillCustomers(names); !damaged.empty()) {
    auto& records = *response.mutable_feedback();
    records.erase(std::remove_if(records.begin(), records.end(),
                                 [&](const v1::Feedback& f) { return damaged.contains(&f); }),
                  records.end());
  }
  if (next.has_value()) {
    response.set_next_page_token(MakePageToken(store, list.request, EncodePosition(*next)));
  }
  return tells_unmatched ? page.AddUnmatched(next, response) : absl::OkStatus();
}

absl::StatusOr<std::optional<storage::RecordPosition>> SelectRecords(
    const storage::Store& store, const FeedbackList& list, int32_t records_max,
    std::vector<SelectedRecord>& records, int64_t& looked_at) {
  ListPage page(store, list, records_max);
  ASSIGN_OR_RETURN(const std::optional<storage::RecordPosition> next,
                   page.Read([&](const ScannedRecord& scanned,
                                 const storage::FeedbackRecord& record, const SurveyView&) {
                     records.push_back({scanned.position, record.header});
                     page.page().CountTaken();
                   }));
  looked_at += page.looked_at();
  return next;
}

}  // namespace emptychair
