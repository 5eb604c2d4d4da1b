#include "server/feedback/change_many.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "server/feedback/feedback.h"
#include "server/feedback/feedback_list.h"
#include "server/request/validation.h"
#include "server/surveys/survey.h"
#include "storage/state/command.h"

namespace emptychair {
namespace {

using storage::CommandPtr;
using storage::CommandResult;

constexpr int32_t kRecordsPerStep = 1'000;

bool IsGone(const absl::Status& status) {
  const v1::ErrorReason reason = ReasonOf(status);
  return reason == v1::ERROR_REASON_ERASED || reason == v1::ERROR_REASON_FEEDBACK_NOT_FOUND;
}

// Carries out commands and waits until all are durable.
class Carrier {
 public:
  explicit Carrier(storage::Store& store) : store_(store) {}

  // Returns the results in the order of the commands. Errors: the first of a command's that is not
  // one of a record which went away meanwhile and needs no change.
  absl::StatusOr<std::vector<CommandResult>> Run(std::vector<CommandPtr> commands) {
    std::vector<CommandResult> results(commands.size());
    absl::BlockingCounter left(static_cast<int>(commands.size()));
    for (size_t i = 0; i < commands.size(); ++i) {
      // Rather waits for room than is refused: the caller has come with many.
      absl::Notification has_room;
      store_.WhenWritable([&has_room] { has_room.Notify(); });
      has_room.WaitForNotification();
      store_.Enqueue(std::move(commands[i]), /*want_records=*/false,
                     [&results, &left, i](CommandResult result) {
                       results[i] = std::move(result);
                       left.DecrementCount();
                     });
    }
    left.Wait();
    for (const CommandResult& result : results) {
      if (!IsGone(result.error)) {
        RETURN_IF_ERROR(result.error);
      }
    }
    return results;
  }

 private:
  storage::Store& store_;
};

// Goes through a selection step by step. `carry_out` changes the records of a step: it adds to
// `changed` and sets `sequence`.
absl::Status ForEachStep(
    storage::Store& store, const ViewSource& views, const v1::ListFeedbackRequest& selection,
    CountRecords count_records, BeforeWork before_work, OnManyProgress on_progress,
    absl::FunctionRef<absl::Status(const std::vector<SelectedRecord>&, ManyProgress&)> carry_out) {
  ManyProgress progress;
  std::optional<storage::RecordPosition> position;
  do {
    // Anew for each step, so that no view is held for as long as all takes.
    ASSIGN_OR_RETURN(FeedbackList list, PrepareFeedbackList(store, views(), selection));
    list.range.after = position;
    if (!position.has_value()) {
      RETURN_IF_ERROR(before_work());
      ASSIGN_OR_RETURN(progress.total, count_records(list.view, *list.range.surveys.front()));
    }
    progress.sequence = list.view->counters.sequence();
    std::vector<SelectedRecord> records;
    ASSIGN_OR_RETURN(position, SelectRecords(store, list, kRecordsPerStep, records, progress.done));
    if (!records.empty()) {
      RETURN_IF_ERROR(carry_out(records, progress));
    }
    // More can have come meanwhile.
    progress.total = position.has_value() ? std::max(progress.total, progress.done) : progress.done;
    RETURN_IF_ERROR(on_progress(progress));
  } while (position.has_value());
  return absl::OkStatus();
}

v1::ListFeedbackRequest SelectionOf(const v1::ChangeManyFeedbackRequest& request) {
  v1::ListFeedbackRequest selection;
  selection.set_survey_id(request.survey_id());
  selection.set_customer_id(request.customer_id());
  selection.set_import_id(request.import_id());
  *selection.mutable_interval() = request.interval();
  *selection.mutable_filters() = request.filters();
  if (request.has_min_score()) {
    selection.set_min_score(request.min_score());
  }
  if (request.has_max_score()) {
    selection.set_max_score(request.max_score());
  }
  selection.set_exclusion(request.exclusion());
  selection.set_order(v1::FEEDBACK_ORDER_OLDEST_FIRST);
  return selection;
}

store::v1::RecordTarget TargetOf(const SelectedRecord& record) {
  store::v1::RecordTarget target;
  target.set_survey_number(record.position.survey_number);
  target.set_feedback_id(std::string(record.position.feedback_id.AsBytes()));
  return target;
}

CommandPtr ChangeOf(const v1::ChangeManyFeedbackRequest& request, const SelectedRecord& record,
                    absl::Time now) {
  CommandPtr command = storage::NewCommand();
  if (request.has_exclude()) {
    store::v1::ExcludeFeedbackCommand& exclude = *command->mutable_exclude_feedback();
    *exclude.mutable_target() = TargetOf(record);
    exclude.set_reason(request.exclude().reason());
    exclude.set_note(request.exclude().note());
    exclude.set_time_ms(absl::ToUnixMillis(now));
  } else {
    *command->mutable_include_feedback()->mutable_target() = TargetOf(record);
  }
  return command;
}

absl::Status CheckChange(const v1::ChangeManyFeedbackRequest& request) {
  switch (request.change_case()) {
    case v1::ChangeManyFeedbackRequest::kExclude:
      return CheckExclusion("exclude.", request.exclude().reason(), request.exclude().note());
    case v1::ChangeManyFeedbackRequest::kInclude:
      return request.include() ? absl::OkStatus()
                               : FieldError(v1::ERROR_REASON_FIELD_INVALID, "include",
                                            "got false; wanted true, or an exclude");
    case v1::ChangeManyFeedbackRequest::CHANGE_NOT_SET:
      return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, "exclude",
                        "an exclude or an include must be given");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ChangeMany(storage::Store& store, const ViewSource& views,
                        const v1::ChangeManyFeedbackRequest& request, absl::Time now,
                        CountRecords count_records, BeforeWork before_work,
                        OnManyProgress on_progress) {
  RETURN_IF_ERROR(CheckChange(request));
  RETURN_IF_ERROR(FindSurvey(*views(), "survey_id", request.survey_id()).status());
  Carrier carrier(store);
  return ForEachStep(
      store, views, SelectionOf(request), count_records, before_work, on_progress,
      [&](const std::vector<SelectedRecord>& records, ManyProgress& progress) -> absl::Status {
        std::vector<CommandPtr> commands;
        commands.reserve(records.size());
        for (const SelectedRecord& record : records) {
          commands.push_back(ChangeOf(request, record, now));
        }
        ASSIGN_OR_RETURN(const std::vector<CommandResult> results,
                         carrier.Run(std::move(commands)));
        for (size_t i = 0; i < results.size(); ++i) {
          progress.sequence = std::max(progress.sequence, results[i].sequence);
          // A change that changes nothing takes no sequence.
          if (results[i].record != nullptr &&
              results[i].record->header.sequence > records[i].header.sequence) {
            ++progress.changed;
          }
        }
        return absl::OkStatus();
      });
}

absl::Status TakeBackImport(storage::Store& store, const ViewSource& views,
                            const v1::TakeBackImportRequest& request, CountRecords count_records,
                            BeforeWork before_work, OnManyProgress on_progress) {
  if (request.import_id().empty()) {
    return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, "import_id", "must be given");
  }
  RETURN_IF_ERROR(CheckImportId(request.import_id()));
  const std::shared_ptr<const storage::View> view = views();
  ASSIGN_OR_RETURN(const storage::SurveyView* survey,
                   FindSurvey(*view, "survey_id", request.survey_id()));
  const std::optional<uint32_t> number = survey->imports->NumberOf(request.import_id());
  if (!number.has_value()) {
    return on_progress({.sequence = view->counters.sequence()});
  }
  v1::ListFeedbackRequest selection;
  selection.set_survey_id(request.survey_id());
  selection.set_import_id(request.import_id());
  selection.set_order(v1::FEEDBACK_ORDER_OLDEST_FIRST);
  Carrier carrier(store);
  return ForEachStep(
      store, views, selection, count_records, before_work, on_progress,
      [&](const std::vector<SelectedRecord>& records, ManyProgress& progress) -> absl::Status {
        std::vector<CommandPtr> commands;
        commands.push_back(storage::NewCommand());
        store::v1::TakeBackFeedbackCommand& command =
            *commands.back()->mutable_take_back_feedback();
        command.set_survey_number(records.front().position.survey_number);
        command.set_import_number(*number);
        for (const SelectedRecord& record : records) {
          command.add_feedback_ids(std::string(record.position.feedback_id.AsBytes()));
        }
        ASSIGN_OR_RETURN(const std::vector<CommandResult> results,
                         carrier.Run(std::move(commands)));
        progress.changed += results.front().changed;
        progress.sequence = results.front().sequence;
        return absl::OkStatus();
      });
}

}  // namespace emptychair
