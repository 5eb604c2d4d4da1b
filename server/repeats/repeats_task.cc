#include "server/repeats/repeats_task.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "server/repeats/measure_repeats.h"
#include "server/repeats/repeat_curves.h"
#include "server/surveys/survey.h"
#include "storage/format/changes.h"

namespace emptychair {
namespace {

// A measurement is due once this part of the answers is new or changed, or after this time.
constexpr int64_t kAnswersPerChange = 20;
constexpr absl::Duration kPeriod = absl::Hours(24);
// A rest is so many times as long as the measurement before it.
constexpr int kRest = 50;
constexpr int64_t kChangesPerLook = 4'096;
// More than any survey has answers: what has changed is not known any more.
constexpr int64_t kUnknownChanges = std::numeric_limits<int64_t>::max() / 2;

}  // namespace

absl::StatusOr<MeasuredRepeats> MeasureAndStore(storage::Store& store, const std::string& survey_id,
                                                absl::Time as_of, const std::atomic<bool>& stop) {
  const std::shared_ptr<const storage::View> view = store.view();
  ASSIGN_OR_RETURN(const storage::SurveyView* survey, FindSurvey(*view, "survey_id", survey_id));
  ASSIGN_OR_RETURN(
      store::v1::PutRepeatEffects effects,
      MeasureRepeats(
          {.store = store, .view = *view, .survey = *survey, .as_of = as_of, .stop = stop}));
  MeasuredRepeats measured{.effects_sequence = effects.computed_at_sequence(),
                           .sequence = view->counters.sequence()};
  // That there is nothing to know need not be stored, unless something was known.
  if (effects.all().groups().empty() && !HasRepeatEffects(*survey)) {
    return measured;
  }
  auto command = storage::NewCommand();
  *command->mutable_put_derived()->mutable_repeat_effects() = std::move(effects);
  const storage::CommandResult stored = store.CarryOut(std::move(command));
  RETURN_IF_ERROR(stored.error);
  measured.sequence = stored.sequence;
  return measured;
}

absl::StatusOr<std::vector<std::string>> RepeatsTask::Due(const std::atomic<bool>& stop) {
  const std::shared_ptr<const storage::View> view = store_->view();
  Know(*view);
  RETURN_IF_ERROR(FollowChanges(*view, stop));
  std::vector<std::string> due;
  if (clock_->Now() < rests_until_) {
    return due;
  }
  for (const auto& [survey_id, survey] : *view->catalog) {
    if (IsDue(*survey, surveys_[survey->number()])) {
      due.push_back(survey_id);
    }
  }
  return due;
}

absl::Status RepeatsTask::Measure(const std::string& survey_id, const std::atomic<bool>& stop) {
  const std::shared_ptr<const storage::View> view = store_->view();
  const storage::SurveyView* found = view->FindSurvey(survey_id);
  if (found == nullptr) {
    return absl::OkStatus();  // Deleted meanwhile.
  }
  Survey& survey = surveys_[found->number()];
  const absl::Time start = clock_->Now();
  const absl::StatusOr<MeasuredRepeats> measured = MeasureAndStore(*store_, survey_id, start, stop);
  // Also after an error: it is not tried again at once.
  survey.time = clock_->Now();
  survey.changes = 0;
  survey.sequence = measured.ok() ? measured->effects_sequence : view->counters.sequence();
  rests_until_ = std::max(rests_until_, survey.time + kRest * (survey.time - start));
  return measured.status();
}

// Also what was measured by a call, or before this process.
void RepeatsTask::Know(const storage::View& view) {
  uint64_t oldest = view.counters.sequence();
  for (const auto& [survey_id, survey] : *view.catalog) {
    Survey& known = surveys_[survey->number()];
    if (survey->effects == nullptr || survey->effects->computed_at_sequence() <= known.sequence) {
      continue;
    }
    known.sequence = survey->effects->computed_at_sequence();
    known.time = absl::FromUnixMillis(survey->effects->all().measure_time_ms());
    known.changes =
        std::min(known.changes, static_cast<int64_t>(view.counters.sequence() - known.sequence));
    oldest = std::min(oldest, known.sequence);
  }
  if (!std::exchange(has_begun_, true)) {
    followed_ = oldest;
    for (auto& [number, survey] : surveys_) {
      // What came before the log is followed was never measured.
      survey.changes = survey.time == absl::InfinitePast() ? kUnknownChanges : 0;
    }
  }
}

absl::Status RepeatsTask::FollowChanges(const storage::View& view, const std::atomic<bool>& stop) {
  const absl::Status followed = store_->changes().Read(
      view, followed_,
      [&](uint64_t sequence, const storage::ChangeLogEntry& change) -> absl::StatusOr<bool> {
        if (sequence % kChangesPerLook == 0 && stop) {
          return ShuttingDownError();
        }
        followed_ = sequence;
        if (change.entity == storage::Entity::kFeedback) {
          Survey& survey = surveys_[change.number];
          survey.changes += sequence > survey.sequence ? 1 : 0;
        }
        return true;
      });
  // A log that does not go back so far, or is damaged, tells nothing of what has changed.
  if (!followed.ok() && ReasonOf(followed) != v1::ERROR_REASON_SHUTTING_DOWN) {
    for (auto& [number, survey] : surveys_) {
      survey.changes = kUnknownChanges;
    }
    followed_ = view.counters.sequence();
    return absl::OkStatus();
  }
  return followed;
}

bool RepeatsTask::IsDue(const storage::SurveyView& survey, const Survey& known) const {
  if (known.changes == 0 || RepeatMethods(*survey.definition).empty()) {
    return false;
  }
  const int64_t answers = survey.effects == nullptr ? 0 : survey.effects->all().answers();
  const int64_t enough = (answers + kAnswersPerChange - 1) / kAnswersPerChange;
  return known.changes >= enough || clock_->Now() - known.time >= kPeriod;
}

}  // namespace emptychair
