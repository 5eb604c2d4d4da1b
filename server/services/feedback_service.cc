#include "server/services/feedback_service.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "common/base/timestamp.h"
#include "server/access/permits.h"
#include "server/access/visible_view.h"
#include "server/analytics/series_overflow.h"
#include "server/customers/take_back_activities.h"
#include "server/feedback/change_many.h"
#include "server/feedback/feedback.h"
#include "server/feedback/feedback_commands.h"
#include "server/feedback/feedback_list.h"
#include "server/request/validation.h"
#include "server/services/batch.h"
#include "server/services/submit.h"
#include "server/surveys/survey.h"

namespace emptychair {
namespace {

using Outcome = storage::SubmissionOutcome;

// Fills in a record that a command answered with, as a record of its survey as that is now. Of a
// survey that was deleted since nothing is left but its id.
void FillResult(const storage::View& view, const storage::FeedbackRecord& record,
                const std::string& survey_id, v1::Feedback& feedback) {
  const storage::SurveyView* survey = view.FindSurvey(survey_id);
  if (survey == nullptr || survey->number() != record.survey_number) {
    feedback.set_survey_id(survey_id);
    feedback.set_feedback_id(record.feedback_id.ToString());
    return;
  }
  FillFeedback(record, *survey, feedback);
}

// Prepares a record as its sender may send it.
absl::Status PrepareSent(const Caller& caller, const v1::Feedback& feedback, absl::Time now,
                         const storage::View& view, const storage::KeyedHash& hash,
                         store::v1::Submission& submission) {
  if (feedback.has_exclusion()) {
    RETURN_IF_ERROR(
        CheckPermitted(caller, v1::PERMISSION_EDIT_RECORDS, "a record with an exclusion"));
  }
  return PrepareSubmission(feedback, now, view, hash, submission);
}

// Fills in what the sender of a record may know of it: no more than was sent, but for ids and
// times.
void FillReceipt(const Outcome& outcome, const std::string& survey_id,
                 const std::string& external_id, v1::Feedback& feedback) {
  feedback.set_survey_id(survey_id);
  feedback.set_feedback_id(outcome.id.ToString());
  feedback.set_external_id(external_id);
  *feedback.mutable_occur_time() = ToTimestamp(absl::FromUnixMillis(outcome.id.UnixMs()));
  *feedback.mutable_receive_time() = ToTimestamp(absl::FromUnixMillis(outcome.receive_time_ms));
}

// Answers a change of a record with the record as it is then.
template <typename Response>
auto TranslateChange(const RequestContext& context, const storage::Store& store,
                     const std::string& survey_id, Response& response) {
  return [&context, &store, survey_id, &response](const storage::CommandResult& result) {
    FillResult(*VisibleView(context.caller, store), *result.record, survey_id,
               *response.mutable_feedback());
    response.set_sequence(static_cast<int64_t>(result.sequence));
    return absl::OkStatus();
  };
}

// Counts the records of a survey.
auto CountIn(const storage::Store& store) {
  return [&store](const std::shared_ptr<const storage::View>& view,
                  const storage::SurveyView& survey) { return CountAnswers(store, view, survey); };
}

// Sends the progress of a change of many records; ends the change once the caller is gone.
template <typename Response>
auto SendTo(StreamWriter<Response>& writer) {
  return [&writer](const ManyProgress& progress) {
    Response response;
    response.set_done(progress.done);
    response.set_changed(progress.changed);
    response.set_total(progress.total);
    response.set_sequence(static_cast<int64_t>(progress.sequence));
    return writer.Write(response);
  };
}

}  // namespace

void FeedbackService::AddTo(MethodTable& table) {
  table.push_back(MethodSpec::AtOnce(Bind(this, &FeedbackService::SubmitFeedback)));
  table.push_back(
      MethodSpec::StartOn(Lane::kIngest, Bind(this, &FeedbackService::BatchSubmitFeedback))
          .WithBatches(BatchLimitsOf(v1::BatchSubmitFeedbackRequest::kFeedbackFieldNumber)));
  table.push_back(MethodSpec::PipelineOn(
                      Lane::kIngest,
                      [this](auto resume) { store_->WhenWritable(std::move(resume)); },
                      Bind(this, &FeedbackService::StreamFeedback))
                      .WithBatches(BatchLimitsOf(v1::StreamFeedbackRequest::kFeedbackFieldNumber)));
  table.push_back(MethodSpec::RunOn(Lane::kQuery, Bind(this, &FeedbackService::GetFeedback)));
  table.push_back(MethodSpec::ByRequest(Bind(this, &FeedbackService::ListFeedback)));
  table.push_back(MethodSpec::AtOnce(Bind(this, &FeedbackService::AmendFeedback)));
  table.push_back(MethodSpec::AtOnce(Bind(this, &FeedbackService::ExcludeFeedback)));
  table.push_back(MethodSpec::AtOnce(Bind(this, &FeedbackService::IncludeFeedback)));
  table.push_back(MethodSpec::AtOnce(Bind(this, &FeedbackService::EraseFeedback)));
  table.push_back(
      MethodSpec::StreamOn(Lane::kChange, Bind(this, &FeedbackService::ChangeManyFeedback)));
  table.push_back(
      MethodSpec::StreamOn(Lane::kChange, Bind(this, &FeedbackService::TakeBackImport)));
  table.push_back(MethodSpec::FeedOn(Lane::kScan, Bind(this, &FeedbackService::WatchFeedback)));
}

void FeedbackService::SubmitFeedback(const RequestContext& context,
                                     const v1::SubmitFeedbackRequest& request,
                                     v1::SubmitFeedbackResponse& response, ReplyHandle reply) {
  if (absl::Status status = context.AdmitRecords(1); !status.ok()) {
    reply(status);
    return;
  }
  const absl::Time now = clock_->Now();
  auto command = storage::NewCommand();
  store::v1::SubmitFeedbackCommand& submit = *command->mutable_submit_feedback();
  if (absl::Status status = PrepareSent(context.caller, request.feedback(), now,
                                        *VisibleView(context.caller, *store_), store_->hash(),
                                        *submit.add_submissions());
      !status.ok()) {
    reply(status);
    return;
  }
  const bool want_record = request.want_record() && context.caller.May(v1::PERMISSION_READ_RECORDS);
  SubmitSingle(*store_, std::move(command), want_record, std::move(reply),
               [this, &context, survey_id = request.feedback().survey_id(),
                external_id = request.feedback().external_id(),
                &response](const storage::CommandResult& result) {
                 const Outcome& outcome = result.outcomes.front();
                 if (outcome.kind == Outcome::Kind::kRefused) {
                   return AsToldTo(context.caller, outcome.error);
                 }
                 v1::Feedback& feedback = *response.mutable_feedback();
                 if (outcome.record != nullptr) {
                   FillResult(*VisibleView(context.caller, *store_), *outcome.record, survey_id,
                              feedback);
                 } else {
                   FillReceipt(outcome, survey_id, external_id, feedback);
                 }
                 response.set_already_existed(outcome.kind == Outcome::Kind::kAlreadyExisted);
                 response.set_sequence(static_cast<int64_t>(result.sequence));
                 return absl::OkStatus();
               });
}

void FeedbackService::BatchSubmitFeedback(const RequestContext& context,
                                          const v1::BatchSubmitFeedbackRequest& request,
                                          v1::BatchSubmitFeedbackResponse& response,
                                          ReplyHandle reply) {
  StartBatch(context, request, response, std::move(reply));
}

void FeedbackService::StreamFeedback(const RequestContext& context,
                                     const v1::StreamFeedbackRequest& request,
                                     v1::StreamFeedbackResponse& response, ReplyHandle reply) {
  response.set_batch_number(request.batch_number());
  StartBatch(context, request, response, std::move(reply));
}

template <typename Request, typename Response>
void FeedbackService::StartBatch(const RequestContext& context, const Request& request,
                                 Response& response, ReplyHandle reply) {
  if (absl::Status status = context.AdmitRecords(request.feedback_size()); !status.ok()) {
    reply(status);
    return;
  }
  if (absl::Status status = CheckImportId(request.import_id()); !status.ok()) {
    reply(status);
    return;
  }
  const absl::Time now = clock_->Now();
  const std::shared_ptr<const storage::View> view = VisibleView(context.caller, *store_);
  auto command = storage::NewCommand();
  store::v1::SubmitFeedbackCommand& submit = *command->mutable_submit_feedback();
  submit.set_import_id(request.import_id());
  if (!request.import_id().empty()) {
    submit.set_import_time_ms(absl::ToUnixMillis(now));
  }
  CheckedBatch batch =
      PrepareBatch(request.feedback(), *submit.mutable_submissions(),
                   [&](const v1::Feedback& sent, store::v1::Submission& prepared) {
                     return PrepareSent(context.caller, sent, now, *view, store_->hash(), prepared);
                   });
  SubmitCommand(*store_, std::move(command), /*want_records=*/false, std::move(reply),
                [batch = std::move(batch), store = store_, &context,
                 &response](const storage::CommandResult& result) mutable {
                  CountDamage(result, *store);
                  WriteBatch(context.caller, result, std::move(batch), response);
                  return absl::OkStatus();
                });
}

absl::Status FeedbackService::GetFeedback(const RequestContext& context,
                                          const v1::GetFeedbackRequest& request,
                                          v1::GetFeedbackResponse& response) const {
  const std::shared_ptr<const storage::View> view = VisibleView(context.caller, *store_);
  ASSIGN_OR_RETURN(const storage::SurveyView* survey,
                   FindSurvey(*view, "survey_id", request.survey_id()));
  storage::FeedbackRecord record;
  switch (request.id_case()) {
    case v1::GetFeedbackRequest::kFeedbackId: {
      ASSIGN_OR_RETURN(const Uuid id, ParseFeedbackId("feedback_id", request.feedback_id()));
      ASSIGN_OR_RETURN(record, store_->records().Get(*view, *survey, id));
      break;
    }
    case v1::GetFeedbackRequest::kExternalId: {
      RETURN_IF_ERROR(CheckId("external_id", request.external_id()));
      ASSIGN_OR_RETURN(record,
                       store_->records().GetByExternalId(*view, *survey, request.external_id()));
      break;
    }
    case v1::GetFeedbackRequest::ID_NOT_SET:
      return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, "feedback_id",
                        "a feedback_id or an external_id must be given");
  }
  FillFeedback(record, *survey, *response.mutable_feedback());
  return absl::OkStatus();
}

absl::StatusOr<ScheduledWork<v1::ListFeedbackResponse>> FeedbackService::ListFeedback(
    const RequestContext& context, const v1::ListFeedbackRequest& request) const {
  ASSIGN_OR_RETURN(FeedbackList list,
                   PrepareFeedbackList(*store_, VisibleView(context.caller, *store_), request));
  const Lane lane = list.has_conditions ? Lane::kScan : Lane::kQuery;
  return ScheduledWork<v1::ListFeedbackResponse>(
      lane, [this, list = std::move(list)](v1::ListFeedbackResponse& response) {
        return RunFeedbackList(*store_, list, *customer_names_, response);
      });
}

void FeedbackService::AmendFeedback(const RequestContext& context,
                                    const v1::AmendFeedbackRequest& request,
                                    v1::AmendFeedbackResponse& response, ReplyHandle reply) {
  SubmitCommand(
      *store_,
      auditor_.With(context, request,
                    PrepareAmend(request, clock_->Now(), *VisibleView(context.caller, *store_))),
      std::move(reply),
      TranslateChange(context, *store_, request.feedback().survey_id(), response));
}

void FeedbackService::ExcludeFeedback(const RequestContext& context,
                                      const v1::ExcludeFeedbackRequest& request,
                                      v1::ExcludeFeedbackResponse& response, ReplyHandle reply) {
  SubmitCommand(
      *store_,
      auditor_.With(context, request,
                    PrepareExclude(request, clock_->Now(), *VisibleView(context.caller, *store_))),
      std::move(reply), TranslateChange(context, *store_, request.survey_id(), response));
}

void FeedbackService::IncludeFeedback(const RequestContext& context,
                                      const v1::IncludeFeedbackRequest& request,
                                      v1::IncludeFeedbackResponse& response, ReplyHandle reply) {
  SubmitCommand(*store_,
                auditor_.With(context, request,
                              PrepareInclude(request, *VisibleView(context.caller, *store_))),
                std::move(reply), TranslateChange(context, *store_, request.survey_id(), response));
}

void FeedbackService::EraseFeedback(const RequestContext& context,
                                    const v1::EraseFeedbackRequest& request,
                                    v1::EraseFeedbackResponse& response, ReplyHandle reply) {
  SubmitCommand(
      *store_,
      auditor_.With(context, request, PrepareErase(request, *VisibleView(context.caller, *store_))),
      std::move(reply), [&response](const storage::CommandResult& result) {
        response.set_sequence(static_cast<int64_t>(result.sequence));
        return absl::OkStatus();
      });
}

absl::Status FeedbackService::ChangeManyFeedback(
    const RequestContext& context, const v1::ChangeManyFeedbackRequest& request,
    StreamWriter<v1::ChangeManyFeedbackResponse>& writer) {
  const auto note = [&] { return auditor_.Note(context, request); };
  return ChangeMany(*store_, VisibleViews(context.caller, *store_), request, clock_->Now(),
                    CountIn(*store_), note, SendTo(writer));
}

absl::Status FeedbackService::TakeBackImport(const RequestContext& context,
                                             const v1::TakeBackImportRequest& request,
                                             StreamWriter<v1::TakeBackImportResponse>& writer) {
  if (!request.survey_id().empty() && !request.kind().empty()) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "kind",
                      "must not be given beside survey_id: an import is of one of the two");
  }
  const auto note = [&] { return auditor_.Note(context, request); };
  if (!request.kind().empty()) {
    return TakeBackActivities(*store_, request.kind(), request.import_id(), note, SendTo(writer));
  }
  return emptychair::TakeBackImport(*store_, VisibleViews(context.caller, *store_), request,
                                    CountIn(*store_), note, SendTo(writer));
}

absl::StatusOr<FeedbackWatch> FeedbackService::WatchFeedback(
    const RequestContext& context, const v1::WatchFeedbackRequest& request) {
  return FeedbackWatch::Prepare(store_, VisibleViews(context.caller, *store_), request);
}

}  // namespace emptychair
