#include "server/feedback/feedback_watch.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "server/feedback/feedback.h"
#include "server/request/position.h"
#include "server/surveys/survey.h"
#include "storage/format/changes.h"

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
    case storage::ChangeKind::kChanged:
      return v1::CHANGE_KIND_AMENDED;
    case storage::ChangeKind::kExcluded:
      return v1::CHANGE_KIND_EXCLUDED;
    case storage::ChangeKind::kIncluded:
      return v1::CHANGE_KIND_INCLUDED;
    case storage::ChangeKind::kErased:
      return v1::CHANGE_KIND_ERASED;
    default:
      return v1::CHANGE_KIND_UNSPECIFIED;
  }
}

// The numbers of all surveys that have or had the id; those that had it only where the caller may
// not have heard of their deletion.
absl::Status AddNumbers(const storage::View& view, const std::string& field,
                        const std::string& survey_id, bool former_too,
                        absl::flat_hash_set<uint32_t>& numbers) {
  const size_t before = numbers.size();
  if (former_too) {
    for (const auto& [number, id] : *view.former_surveys) {
      if (id == survey_id) {
        numbers.insert(number);
      }
    }
  }
  const absl::StatusOr<const storage::SurveyView*> survey =
      emptychair::FindSurvey(view, field, survey_id);
  if (survey.ok()) {
    numbers.insert((*survey)->number());
  }
  return numbers.size() > before ? absl::OkStatus() : survey.status();
}

}  // namespace

absl::StatusOr<FeedbackWatch> FeedbackWatch::Prepare(storage::Store* store, ViewSource views,
                                                     const v1::WatchFeedbackRequest& request) {
  const std::shared_ptr<const storage::View> view = views();
  absl::flat_hash_set<uint32_t> surveys;
  for (int i = 0; i < request.survey_ids_size(); ++i) {
    RETURN_IF_ERROR(AddNumbers(*view, absl::StrCat("survey_ids[", i, "]"), request.survey_ids(i),
                               request.has_after_sequence(), surveys));
  }
  RequestedPosition position{std::nullopt, request.store_id(), request.epoch()};
  if (request.has_after_sequence()) {
    position.after_sequence = request.after_sequence();
  }
  ASSIGN_OR_RETURN(const uint64_t start, CheckPosition(*store, *view, position));
  FeedbackWatch watch(store, std::move(views), start);
  watch.surveys_ = std::move(surveys);
  return watch;
}

absl::StatusOr<bool> FeedbackWatch::Next(v1::WatchFeedbackResponse& response) {
  const std::shared_ptr<const storage::View> view = views_();
  RETURN_IF_ERROR(CheckSurveys(*view));
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
  FillPosition(*store_, *view, position_, response);
  return true;
}

bool FeedbackWatch::NotifyWhenMore(const std::shared_ptr<Waiter>& waiter) const {
  return store_->NotifyWhenPast(position_, waiter);
}

void FeedbackWatch::Unsubscribe(const std::shared_ptr<Waiter>& waiter) const {
  store_->Unsubscribe(waiter);
}

// One that was deleted is remembered; one that is gone without a trace the caller may not use.
absl::Status FeedbackWatch::CheckSurveys(const storage::View& view) {
  for (const uint32_t number : surveys_) {
    if (FindSurvey(view, number) == nullptr && !view.former_surveys->contains(number)) {
      return Error(v1::ERROR_REASON_SURVEY_NOT_FOUND, "a survey that was watched is not there");
    }
  }
  return absl::OkStatus();
}

bool FeedbackWatch::Watches(uint32_t survey_number) const {
  return surveys_.empty() || surveys_.contains(survey_number);
}

const storage::SurveyView* FeedbackWatch::FindSurvey(const storage::View& view, uint32_t number) {
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
  if (!Watches(change.number)) {
    return;
  }
  if (change.entity == storage::Entity::kFeedback) {
    AddRecord(view, sequence, change, response);
  } else if (change.entity == storage::Entity::kSurvey &&
             change.kind == storage::ChangeKind::kDeleted) {
    const auto former = view.former_surveys->find(change.number);
    if (former == view.former_surveys->end()) {
      return;
    }
    v1::FeedbackChange& told = *response.add_changes();
    told.set_kind(v1::CHANGE_KIND_SURVEY_DELETED);
    told.set_sequence(static_cast<int64_t>(sequence));
    told.mutable_feedback()->set_survey_id(former->second);
  }
}

void FeedbackWatch::AddRecord(const storage::View& view, uint64_t sequence,
                              const storage::ChangeLogEntry& change,
                              v1::WatchFeedbackResponse& response) {
  const storage::SurveyView* survey = FindSurvey(view, change.number);
  if (survey == nullptr) {
    return;
  }
  const absl::StatusOr<storage::FeedbackRecord> record =
      store_->records().GetOrTombstone(view, *survey, change.id);
  // One that was taken back with its import has left no tombstone.
  const bool is_gone = ReasonOf(record.status()) == v1::ERROR_REASON_FEEDBACK_NOT_FOUND;
  if (!record.ok() && !is_gone) {
    // Must not keep the caller from all that comes behind it.
    store_->CountUndecodable();
    return;
  }
  v1::FeedbackChange& told = *response.add_changes();
  told.set_kind(ToApi(change.kind));
  told.set_sequence(static_cast<int64_t>(sequence));
  v1::Feedback& feedback = *told.mutable_feedback();
  // An import that was taken back can have come again, under the same ids.
  const bool was_erased = change.kind == storage::ChangeKind::kErased;
  if (record.ok() && !record->header.is_erased && !was_erased) {
    FillFeedback(*record, *survey, feedback);
    return;
  }
  feedback.set_survey_id(survey->definition->survey_id());
  feedback.set_feedback_id(change.id.ToString());
  feedback.set_sequence(
      static_cast<int64_t>(is_gone || was_erased ? sequence : record->header.sequence));
}

}  // namespace emptychair
