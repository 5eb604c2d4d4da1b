#include "server/feedback/feedback_watch.h"

#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "server/feedback/feedback.h"
#include "server/surveys/survey.h"

namespace emptychair {
namespace {

// A message ends when it has so many changes or about so many bytes ...
constexpr int kChangesMax = 1'000;
constexpr size_t kMessageBytesMax = size_t{256} << 10;
// ... or when so many changes have been passed over. Then the caller is told of them even if none
// is for it, so that its position does not fall behind what is kept.
constexpr uint64_t kPassedOverMax = 10'000;

v1::ChangeKind ToApi(storage::ChangeKind kind) {
  switch (kind) {
    case storage::ChangeKind::kCreated:
      return v1::CHANGE_KIND_CREATED;
    case storage::ChangeKind::kAmended:
      return v1::CHANGE_KIND_AMENDED;
    case storage::ChangeKind::kExcluded:
      return v1::CHANGE_KIND_EXCLUDED;
    case storage::ChangeKind::kIncluded:
      return v1::CHANGE_KIND_INCLUDED;
    case storage::ChangeKind::kErased:
      return v1::CHANGE_KIND_ERASED;
    case storage::ChangeKind::kSurvey:
      break;
  }
  return v1::CHANGE_KIND_UNSPECIFIED;
}

absl::Status StoreChanged(absl::string_view field, absl::string_view what,
                          const std::string& store_id) {
  return FieldError(v1::ERROR_REASON_STORE_CHANGED, field,
                    absl::StrCat(what, "; it was replaced or restored, so read everything anew"),
                    {{"store_id", store_id}});
}

absl::StatusOr<uint64_t> StartOf(const v1::WatchFeedbackRequest& request, uint64_t newest,
                                 const std::string& store_id) {
  if (!request.store_id().empty() && absl::AsciiStrToLower(request.store_id()) != store_id) {
    return StoreChanged(
        "store_id", absl::StrCat("got ", Quoted(request.store_id()), ", but this is ", store_id),
        store_id);
  }
  if (!request.has_after_sequence()) {
    return newest;
  }
  if (request.after_sequence() < 0) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "after_sequence",
                      absl::StrCat("got ", request.after_sequence(), ", wanted at least 0"));
  }
  const auto after = static_cast<uint64_t>(request.after_sequence());
  if (after > newest) {
    return StoreChanged(
        "after_sequence",
        absl::StrCat("got ", after, ", but the newest change of this store is ", newest), store_id);
  }
  return after;
}

}  // namespace

absl::StatusOr<FeedbackWatch> FeedbackWatch::Prepare(storage::Store* store,
                                                     const v1::WatchFeedbackRequest& request) {
  const std::shared_ptr<const storage::View> view = store->view();
  absl::flat_hash_set<uint32_t> surveys;
  for (int i = 0; i < request.survey_ids_size(); ++i) {
    ASSIGN_OR_RETURN(
        const storage::SurveyView* survey,
        emptychair::FindSurvey(*view, absl::StrCat("survey_ids[", i, "]"), request.survey_ids(i)));
    surveys.insert(survey->number());
  }
  ASSIGN_OR_RETURN(const uint64_t start,
                   StartOf(request, view->counters.sequence(), store->store_id().ToString()));
  FeedbackWatch watch(store, start);
  watch.surveys_ = std::move(surveys);
  return watch;
}

absl::StatusOr<bool> FeedbackWatch::Next(v1::WatchFeedbackResponse& response) {
  const std::shared_ptr<const storage::View> view = store_->view();
  response.Clear();
  size_t bytes = 0;
  RETURN_IF_ERROR(store_->changes().Read(
      *view, position_,
      [&](uint64_t sequence, const storage::ChangeLogEntry& change) -> absl::StatusOr<bool> {
        const int count = response.changes_size();
        Add(*view, sequence, change, response);
        position_ = sequence;
        if (response.changes_size() > count) {
          bytes += response.changes(count).ByteSizeLong();
        }
        return response.changes_size() < kChangesMax && bytes < kMessageBytesMax &&
               position_ - told_position_ < kPassedOverMax;
      }));
  const bool tells_of_start = !has_told_of_start_ && position_ >= view->counters.sequence();
  if (response.changes().empty() && !tells_of_start &&
      position_ - told_position_ < kPassedOverMax) {
    return false;
  }
  has_told_of_start_ = has_told_of_start_ || tells_of_start;
  told_position_ = position_;
  response.set_sequence(static_cast<int64_t>(position_));
  response.set_store_id(store_->store_id().ToString());
  return true;
}

bool FeedbackWatch::NotifyWhenMore(const std::shared_ptr<Waiter>& waiter) const {
  return store_->NotifyWhenPast(position_, waiter);
}

void FeedbackWatch::Unsubscribe(const std::shared_ptr<Waiter>& waiter) const {
  store_->Unsubscribe(waiter);
}

const storage::SurveyView* FeedbackWatch::FindSurvey(const storage::View& view, uint32_t number) {
  if (!surveys_.empty() && !surveys_.contains(number)) {
    return nullptr;
  }
  if (catalog_ != view.catalog) {
    catalog_ = view.catalog;
    by_number_.clear();
    for (const auto& [survey_id, survey] : *catalog_) {
      by_number_[survey->number()] = survey.get();
    }
  }
  const auto found = by_number_.find(number);
  return found == by_number_.end() ? nullptr : found->second;
}

void FeedbackWatch::Add(const storage::View& view, uint64_t sequence,
                        const storage::ChangeLogEntry& change,
                        v1::WatchFeedbackResponse& response) {
  const storage::SurveyView* survey = change.kind == storage::ChangeKind::kSurvey
                                          ? nullptr
                                          : FindSurvey(view, change.survey_number);
  if (survey == nullptr) {
    return;
  }
  const absl::StatusOr<storage::FeedbackRecord> record =
      store_->records().GetOrTombstone(view, *survey, change.feedback_id);
  if (!record.ok()) {
    // Must not keep the caller from all that comes behind it.
    store_->CountUndecodable();
    return;
  }
  v1::FeedbackChange& told = *response.add_changes();
  told.set_kind(ToApi(change.kind));
  told.set_sequence(static_cast<int64_t>(sequence));
  const std::string& survey_id = survey->definition->survey_id();
  if (!record->header.is_erased) {
    FillFeedback(*record, survey_id, *told.mutable_feedback());
    return;
  }
  told.mutable_feedback()->set_survey_id(survey_id);
  told.mutable_feedback()->set_feedback_id(record->feedback_id.ToString());
  told.mutable_feedback()->set_sequence(static_cast<int64_t>(record->header.sequence));
}

}  // namespace emptychair
