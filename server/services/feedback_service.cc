#include "server/services/feedback_service.h"

#include <algorithm>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "server/feedback/feedback.h"
#include "server/feedback/feedback_commands.h"
#include "server/feedback/feedback_list.h"
#include "server/feedback/feedback_watch.h"
#include "server/request/validation.h"
#include "server/rpc/feed_call.h"
#include "server/rpc/message_arena.h"
#include "server/rpc/pipeline_call.h"
#include "server/rpc/raw_message.h"
#include "server/services/submit.h"
#include "server/surveys/survey.h"

namespace emptychair {
namespace {

using Outcome = storage::SubmissionOutcome;

// Failures of a batch that are answered in full.
constexpr size_t kFullFailuresMax = 100;

}  // namespace

// A record of a batch that was refused. Named for the linker, because what StartBatch hands on has
// it.
struct BatchRefusal {
  int32_t index = 0;
  absl::Status status;
};

namespace {

absl::Status BatchTooLarge(absl::string_view got, int64_t limit, absl::string_view unit) {
  const std::string text = absl::StrCat(limit);
  return FieldError(v1::ERROR_REASON_BATCH_TOO_LARGE, "feedback",
                    absl::StrCat("got ", got, " ", unit, ", wanted at most ", text),
                    {{"limit", text}});
}

absl::Status NoBatch() {
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, "feedback",
                    "got bytes that are no batch, or text that is not UTF-8");
}

// A batch of a size that may be, in an arena.
template <typename Request>
absl::StatusOr<const Request*> ParseBatch(const grpc::ByteBuffer& bytes, MessageArena& arena) {
  if (bytes.Length() > kBatchBytesMax) {
    return BatchTooLarge(absl::StrCat(bytes.Length()), kBatchBytesMax, "bytes");
  }
  const std::optional<int64_t> count =
      CountElements(bytes, Request::kFeedbackFieldNumber, kBatchRecordsMax);
  if (!count.has_value()) {
    return NoBatch();
  }
  if (*count == 0) {
    return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, "feedback",
                      "got no records, wanted 1 to 10,000");
  }
  if (*count > kBatchRecordsMax) {
    return BatchTooLarge(absl::StrCat("more than ", kBatchRecordsMax), kBatchRecordsMax, "records");
  }
  Request& request = arena.Make<Request>();
  if (!ParseMessage(bytes, request)) {
    return NoBatch();
  }
  return &request;
}

// Past the first hundred failures an answer has code and reason alone, which bounds its size.
absl::Status Shortened(const absl::Status& status) {
  const v1::ErrorReason reason = ReasonOf(status);
  return reason == v1::ERROR_REASON_UNSPECIFIED ? absl::Status(status.code(), "")
                                                : Error(reason, "");
}

// Merges what was refused before the store was asked with what the store made of the rest.
// `indexes` are the positions in the request of the submissions that were sent to the store.
template <typename Response>
void WriteBatch(const storage::CommandResult& result, const std::vector<int32_t>& indexes,
                std::vector<BatchRefusal> failures, Response& response) {
  int32_t accepted = 0;
  for (size_t i = 0; i < result.outcomes.size(); ++i) {
    switch (result.outcomes[i].kind) {
      case Outcome::Kind::kAccepted:
        ++accepted;
        break;
      case Outcome::Kind::kAlreadyExisted:
        response.add_already_existed_indexes(indexes[i]);
        break;
      case Outcome::Kind::kRefused:
        failures.push_back({indexes[i], result.outcomes[i].error});
        break;
    }
  }
  std::sort(failures.begin(), failures.end(),
            [](const BatchRefusal& a, const BatchRefusal& b) { return a.index < b.index; });
  for (size_t i = 0; i < failures.size(); ++i) {
    v1::BatchFailure& failure = *response.add_failures();
    failure.set_index(failures[i].index);
    *failure.mutable_status() =
        ToProto(i < kFullFailuresMax ? failures[i].status : Shortened(failures[i].status));
  }
  response.set_accepted_count(accepted);
  response.set_already_existed_count(response.already_existed_indexes_size());
  response.set_sequence(static_cast<int64_t>(result.sequence));
}

// Answers a change of a record with the record as it is then.
template <typename Response>
auto TranslateChange(const std::string& survey_id, Response& response) {
  return [survey_id, &response](const storage::CommandResult& result) {
    FillFeedback(*result.record, survey_id, *response.mutable_feedback());
    response.set_sequence(static_cast<int64_t>(result.sequence));
    return absl::OkStatus();
  };
}

}  // namespace

grpc::ServerUnaryReactor* FeedbackServiceImpl::SubmitFeedback(grpc::CallbackServerContext* context,
                                                              const grpc::ByteBuffer* request,
                                                              grpc::ByteBuffer* response) {
  return runner_->Start<v1::SubmitFeedbackRequest, v1::SubmitFeedbackResponse>(
      context, "FeedbackService/SubmitFeedback", request, response,
      [this](const auto& request, auto& response, ReplyHandle finish) {
        StartSubmit(request, response, std::move(finish));
      });
}

void FeedbackServiceImpl::StartSubmit(const v1::SubmitFeedbackRequest& request,
                                      v1::SubmitFeedbackResponse& response, ReplyHandle finish) {
  const absl::Time now = clock_->Now();
  auto command = storage::NewCommand();
  store::v1::SubmitFeedbackCommand& submit = *command->mutable_submit_feedback();
  if (absl::Status status = PrepareSubmission(request.feedback(), now, *store_->view(),
                                              store_->hash(), *submit.add_submissions());
      !status.ok()) {
    finish(status);
    return;
  }
  SubmitCommand(*store_, std::move(command), /*want_records=*/true, std::move(finish),
                [survey_id = request.feedback().survey_id(),
                 &response](const storage::CommandResult& result) {
                  const Outcome& outcome = result.outcomes.front();
                  if (outcome.kind == Outcome::Kind::kRefused) {
                    return outcome.error;
                  }
                  FillFeedback(*outcome.record, survey_id, *response.mutable_feedback());
                  response.set_already_existed(outcome.kind == Outcome::Kind::kAlreadyExisted);
                  response.set_sequence(static_cast<int64_t>(result.sequence));
                  return absl::OkStatus();
                });
  // Since this thread is awake.
  store_->CompleteOnePending();
}

grpc::ServerUnaryReactor* FeedbackServiceImpl::BatchSubmitFeedback(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return runner_->Start<grpc::ByteBuffer, grpc::ByteBuffer>(
      context, "FeedbackService/BatchSubmitFeedback", Lane::kIngest, request, response,
      [this](const auto& request, auto& response, ReplyHandle finish) {
        StartBatch<v1::BatchSubmitFeedbackRequest, v1::BatchSubmitFeedbackResponse>(
            request, response, std::move(finish));
      });
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* FeedbackServiceImpl::StreamFeedback(
    grpc::CallbackServerContext* context) {
  return runner_->ExecutePipeline<grpc::ByteBuffer, grpc::ByteBuffer>(
      context, "FeedbackService/StreamFeedback", Lane::kIngest,
      [this](auto go_on) { store_->WhenWritable(std::move(go_on)); },
      [this](const auto& request, auto& response, ReplyHandle finish) {
        StartBatch<v1::StreamFeedbackRequest, v1::StreamFeedbackResponse>(request, response,
                                                                          std::move(finish));
      });
}

template <typename Request, typename Response>
void FeedbackServiceImpl::StartBatch(const grpc::ByteBuffer& bytes, grpc::ByteBuffer& answer,
                                     ReplyHandle finish) {
  MessageArena arena;
  const absl::StatusOr<const Request*> parsed = ParseBatch<Request>(bytes, arena);
  if (!parsed.ok()) {
    finish(parsed.status());
    return;
  }
  const Request& request = **parsed;
  int64_t batch_number = 0;
  if constexpr (std::is_same_v<Request, v1::StreamFeedbackRequest>) {
    batch_number = request.batch_number();
  }
  const absl::Time now = clock_->Now();
  const std::shared_ptr<const storage::View> view = store_->view();
  auto command = storage::NewCommand();
  store::v1::SubmitFeedbackCommand& submit = *command->mutable_submit_feedback();
  submit.mutable_submissions()->Reserve(request.feedback_size());
  std::vector<int32_t> indexes;
  indexes.reserve(request.feedback_size());
  std::vector<BatchRefusal> failures;
  for (int32_t i = 0; i < request.feedback_size(); ++i) {
    absl::Status status = PrepareSubmission(request.feedback(i), now, *view, store_->hash(),
                                            *submit.add_submissions());
    if (status.ok()) {
      indexes.push_back(i);
    } else {
      submit.mutable_submissions()->RemoveLast();
      failures.push_back({i, std::move(status)});
    }
  }
  SubmitCommand(*store_, std::move(command), /*want_records=*/false, std::move(finish),
                [indexes = std::move(indexes), failures = std::move(failures), batch_number,
                 &answer](const storage::CommandResult& result) mutable {
                  Response response;
                  if constexpr (std::is_same_v<Response, v1::StreamFeedbackResponse>) {
                    response.set_batch_number(batch_number);
                  }
                  WriteBatch(result, indexes, std::move(failures), response);
                  SerializeMessage(response, answer);
                  return absl::OkStatus();
                });
}

grpc::ServerUnaryReactor* FeedbackServiceImpl::GetFeedback(grpc::CallbackServerContext* context,
                                                           const grpc::ByteBuffer* request,
                                                           grpc::ByteBuffer* response) {
  return runner_->Execute<v1::GetFeedbackRequest, v1::GetFeedbackResponse>(
      context, "FeedbackService/GetFeedback", Lane::kQuery, request, response,
      [this](const auto& request, auto& response) { return Get(request, response); });
}

absl::Status FeedbackServiceImpl::Get(const v1::GetFeedbackRequest& request,
                                      v1::GetFeedbackResponse& response) const {
  const std::shared_ptr<const storage::View> view = store_->view();
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
  FillFeedback(record, request.survey_id(), *response.mutable_feedback());
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* FeedbackServiceImpl::ListFeedback(grpc::CallbackServerContext* context,
                                                            const grpc::ByteBuffer* request,
                                                            grpc::ByteBuffer* response) {
  return runner_->ExecuteScheduled<v1::ListFeedbackRequest, v1::ListFeedbackResponse>(
      context, "FeedbackService/ListFeedback", request, response,
      [this](const auto& request) -> absl::StatusOr<ScheduledWork<v1::ListFeedbackResponse>> {
        ASSIGN_OR_RETURN(FeedbackList list, PrepareFeedbackList(*store_, request));
        const Lane lane = list.has_conditions ? Lane::kScan : Lane::kQuery;
        return ScheduledWork<v1::ListFeedbackResponse>{
            lane, [this, list = std::move(list)](v1::ListFeedbackResponse& response) {
              return RunFeedbackList(*store_, list, response);
            }};
      });
}

grpc::ServerUnaryReactor* FeedbackServiceImpl::AmendFeedback(grpc::CallbackServerContext* context,
                                                             const grpc::ByteBuffer* request,
                                                             grpc::ByteBuffer* response) {
  return runner_->Start<v1::AmendFeedbackRequest, v1::AmendFeedbackResponse>(
      context, "FeedbackService/AmendFeedback", request, response,
      [this](const auto& request, auto& response, ReplyHandle finish) {
        SubmitCommand(*store_, PrepareAmend(request, *store_->view()), std::move(finish),
                      TranslateChange(request.feedback().survey_id(), response));
      });
}

grpc::ServerUnaryReactor* FeedbackServiceImpl::ExcludeFeedback(grpc::CallbackServerContext* context,
                                                               const grpc::ByteBuffer* request,
                                                               grpc::ByteBuffer* response) {
  return runner_->Start<v1::ExcludeFeedbackRequest, v1::ExcludeFeedbackResponse>(
      context, "FeedbackService/ExcludeFeedback", request, response,
      [this](const auto& request, auto& response, ReplyHandle finish) {
        SubmitCommand(*store_, PrepareExclude(request, clock_->Now(), *store_->view()),
                      std::move(finish), TranslateChange(request.survey_id(), response));
      });
}

grpc::ServerUnaryReactor* FeedbackServiceImpl::IncludeFeedback(grpc::CallbackServerContext* context,
                                                               const grpc::ByteBuffer* request,
                                                               grpc::ByteBuffer* response) {
  return runner_->Start<v1::IncludeFeedbackRequest, v1::IncludeFeedbackResponse>(
      context, "FeedbackService/IncludeFeedback", request, response,
      [this](const auto& request, auto& response, ReplyHandle finish) {
        SubmitCommand(*store_, PrepareInclude(request, *store_->view()), std::move(finish),
                      TranslateChange(request.survey_id(), response));
      });
}

grpc::ServerUnaryReactor* FeedbackServiceImpl::EraseFeedback(grpc::CallbackServerContext* context,
                                                             const grpc::ByteBuffer* request,
                                                             grpc::ByteBuffer* response) {
  return runner_->Start<v1::EraseFeedbackRequest, v1::EraseFeedbackResponse>(
      context, "FeedbackService/EraseFeedback", request, response,
      [this](const auto& request, auto& response, ReplyHandle finish) {
        SubmitCommand(*store_, PrepareErase(request, *store_->view()), std::move(finish),
                      [&response](const storage::CommandResult& result) {
                        response.set_sequence(static_cast<int64_t>(result.sequence));
                        return absl::OkStatus();
                      });
      });
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* FeedbackServiceImpl::WatchFeedback(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) {
  return runner_->ExecuteFeed<v1::WatchFeedbackRequest, v1::WatchFeedbackResponse>(
      context, "FeedbackService/WatchFeedback", Lane::kScan, request,
      [this](const auto& request) { return FeedbackWatch::Prepare(store_, request); });
}

}  // namespace emptychair
