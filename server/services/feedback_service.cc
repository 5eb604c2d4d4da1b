#include "server/services/feedback_service.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "server/domain/feedback.h"
#include "server/domain/feedback_change.h"
#include "server/domain/feedback_list.h"
#include "server/domain/feedback_watch.h"
#include "server/domain/survey.h"
#include "server/domain/validation.h"
#include "server/rpc/feed_call.h"
#include "server/rpc/pipeline_call.h"
#include "server/services/submit.h"

namespace emptychair {
namespace {

using Outcome = storage::SubmissionOutcome;

// Failures of a batch that are answered in full.
constexpr size_t kFullFailuresMax = 100;

struct Failure {
  int32_t index = 0;
  absl::Status status;
};

template <typename Request>
absl::Status CheckBatch(const Request& request) {
  if (request.feedback().empty()) {
    return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, "feedback",
                      "got no records, wanted 1 to "
                      "10,000");
  }
  if (request.feedback_size() > kBatchRecordsMax) {
    const std::string limit = absl::StrCat(kBatchRecordsMax);
    return FieldError(
        v1::ERROR_REASON_BATCH_TOO_LARGE, "feedback",
        absl::StrCat("got ", request.feedback_size(), " records, wanted at most ", limit),
        {{"limit", limit}});
  }
  if (request.ByteSizeLong() > kBatchBytesMax) {
    const std::string limit = absl::StrCat(kBatchBytesMax);
    return FieldError(
        v1::ERROR_REASON_BATCH_TOO_LARGE, "feedback",
        absl::StrCat("got ", request.ByteSizeLong(), " bytes, wanted at most ", limit),
        {{"limit", limit}});
  }
  return absl::OkStatus();
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
                std::vector<Failure> failures, Response& response) {
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
            [](const Failure& a, const Failure& b) { return a.index < b.index; });
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
  return [&survey_id, &response](const storage::CommandResult& result) {
    *response.mutable_feedback() = ToApi(*result.record, survey_id);
    response.set_sequence(static_cast<int64_t>(result.sequence));
    return absl::OkStatus();
  };
}

}  // namespace

grpc::ServerUnaryReactor* FeedbackServiceImpl::SubmitFeedback(
    grpc::CallbackServerContext* context, const v1::SubmitFeedbackRequest* request,
    v1::SubmitFeedbackResponse* response) {
  return runner_->Start(context, "FeedbackService/SubmitFeedback", request, response,
                        [this](const auto& request, auto& response, Finisher finish) {
                          StartSubmit(request, response, std::move(finish));
                        });
}

void FeedbackServiceImpl::StartSubmit(const v1::SubmitFeedbackRequest& request,
                                      v1::SubmitFeedbackResponse& response, Finisher finish) {
  const absl::Time now = clock_->Now();
  auto command = storage::NewCommand();
  store::v1::SubmitFeedbackCommand& submit = *command->mutable_submit_feedback();
  submit.set_receive_time_ms(absl::ToUnixMillis(now));
  if (absl::Status status = PrepareSubmission(request.feedback(), now, *store_->view(),
                                              store_->hash(), *submit.add_submissions());
      !status.ok()) {
    finish(status);
    return;
  }
  SubmitCommand(*store_, std::move(command), /*want_records=*/true, std::move(finish),
                [&request, &response](const storage::CommandResult& result) {
                  const Outcome& outcome = result.outcomes.front();
                  if (outcome.kind == Outcome::Kind::kRefused) {
                    return outcome.error;
                  }
                  *response.mutable_feedback() =
                      ToApi(*outcome.record, request.feedback().survey_id());
                  response.set_already_existed(outcome.kind == Outcome::Kind::kAlreadyExisted);
                  response.set_sequence(static_cast<int64_t>(result.sequence));
                  return absl::OkStatus();
                });
}

grpc::ServerUnaryReactor* FeedbackServiceImpl::BatchSubmitFeedback(
    grpc::CallbackServerContext* context, const v1::BatchSubmitFeedbackRequest* request,
    v1::BatchSubmitFeedbackResponse* response) {
  return runner_->Start(context, "FeedbackService/BatchSubmitFeedback", Lane::kIngest, request,
                        response, [this](const auto& request, auto& response, Finisher finish) {
                          StartBatch(request, response, std::move(finish));
                        });
}

grpc::ServerBidiReactor<v1::StreamFeedbackRequest, v1::StreamFeedbackResponse>*
FeedbackServiceImpl::StreamFeedback(grpc::CallbackServerContext* context) {
  using Request = v1::StreamFeedbackRequest;
  using Response = v1::StreamFeedbackResponse;
  return runner_->ExecutePipeline<Request, Response>(
      context, "FeedbackService/StreamFeedback", Lane::kIngest,
      [this](auto go_on) { store_->WhenRoom(std::move(go_on)); },
      [this](const Request& request, Response& response, Finisher finish) {
        response.set_batch_number(request.batch_number());
        StartBatch(request, response, std::move(finish));
      });
}

template <typename Request, typename Response>
void FeedbackServiceImpl::StartBatch(const Request& request, Response& response, Finisher finish) {
  if (absl::Status status = CheckBatch(request); !status.ok()) {
    finish(status);
    return;
  }
  const absl::Time now = clock_->Now();
  const std::shared_ptr<const storage::View> view = store_->view();
  auto command = storage::NewCommand();
  store::v1::SubmitFeedbackCommand& submit = *command->mutable_submit_feedback();
  submit.set_receive_time_ms(absl::ToUnixMillis(now));
  submit.mutable_submissions()->Reserve(request.feedback_size());
  std::vector<int32_t> indexes;
  indexes.reserve(request.feedback_size());
  std::vector<Failure> failures;
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
                [indexes = std::move(indexes), failures = std::move(failures),
                 &response](const storage::CommandResult& result) mutable {
                  WriteBatch(result, indexes, std::move(failures), response);
                  return absl::OkStatus();
                });
}

grpc::ServerUnaryReactor* FeedbackServiceImpl::GetFeedback(grpc::CallbackServerContext* context,
                                                           const v1::GetFeedbackRequest* request,
                                                           v1::GetFeedbackResponse* response) {
  return runner_->Execute(
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
  *response.mutable_feedback() = ToApi(record, request.survey_id());
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* FeedbackServiceImpl::ListFeedback(grpc::CallbackServerContext* context,
                                                            const v1::ListFeedbackRequest* request,
                                                            v1::ListFeedbackResponse* response) {
  // Prepared here because the lane depends on it; it reads nothing from disk.
  absl::StatusOr<FeedbackList> list = PrepareFeedbackList(*store_, *request);
  const Lane lane = list.ok() && list->has_conditions ? Lane::kScan : Lane::kQuery;
  return runner_->Execute(context, "FeedbackService/ListFeedback", lane, request, response,
                          [this, list = std::move(list)](const v1::ListFeedbackRequest&,
                                                         v1::ListFeedbackResponse& response) {
                            return list.ok() ? RunFeedbackList(*store_, *list, response)
                                             : list.status();
                          });
}

grpc::ServerUnaryReactor* FeedbackServiceImpl::AmendFeedback(
    grpc::CallbackServerContext* context, const v1::AmendFeedbackRequest* request,
    v1::AmendFeedbackResponse* response) {
  return runner_->Start(context, "FeedbackService/AmendFeedback", request, response,
                        [this](const auto& request, auto& response, Finisher finish) {
                          SubmitCommand(*store_, PrepareAmend(request, *store_->view()),
                                        std::move(finish),
                                        TranslateChange(request.feedback().survey_id(), response));
                        });
}

grpc::ServerUnaryReactor* FeedbackServiceImpl::ExcludeFeedback(
    grpc::CallbackServerContext* context, const v1::ExcludeFeedbackRequest* request,
    v1::ExcludeFeedbackResponse* response) {
  return runner_->Start(context, "FeedbackService/ExcludeFeedback", request, response,
                        [this](const auto& request, auto& response, Finisher finish) {
                          SubmitCommand(
                              *store_, PrepareExclude(request, clock_->Now(), *store_->view()),
                              std::move(finish), TranslateChange(request.survey_id(), response));
                        });
}

grpc::ServerUnaryReactor* FeedbackServiceImpl::IncludeFeedback(
    grpc::CallbackServerContext* context, const v1::IncludeFeedbackRequest* request,
    v1::IncludeFeedbackResponse* response) {
  return runner_->Start(context, "FeedbackService/IncludeFeedback", request, response,
                        [this](const auto& request, auto& response, Finisher finish) {
                          SubmitCommand(*store_, PrepareInclude(request, *store_->view()),
                                        std::move(finish),
                                        TranslateChange(request.survey_id(), response));
                        });
}

grpc::ServerUnaryReactor* FeedbackServiceImpl::EraseFeedback(
    grpc::CallbackServerContext* context, const v1::EraseFeedbackRequest* request,
    v1::EraseFeedbackResponse* response) {
  return runner_->Start(context, "FeedbackService/EraseFeedback", request, response,
                        [this](const auto& request, auto& response, Finisher finish) {
                          SubmitCommand(
                              *store_, PrepareErase(request, *store_->view()), std::move(finish),
                              [&response](const storage::CommandResult& result) {
                                response.set_sequence(static_cast<int64_t>(result.sequence));
                                return absl::OkStatus();
                              });
                        });
}

grpc::ServerWriteReactor<v1::WatchFeedbackResponse>* FeedbackServiceImpl::WatchFeedback(
    grpc::CallbackServerContext* context, const v1::WatchFeedbackRequest* request) {
  return runner_->ExecuteFeed<v1::WatchFeedbackResponse>(context, "FeedbackService/WatchFeedback",
                                                         Lane::kScan,
                                                         FeedbackWatch::Prepare(store_, *request));
}

}  // namespace emptychair
