#include "tools/chairbench/load/submit_loops.h"

#include <atomic>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "common/rpc/status_conversion.h"
#include "emptychair/v1/feedback_service.grpc.pb.h"

namespace emptychair::bench {
namespace {

using SingleCalls = LoopCalls<v1::SubmitFeedbackRequest, v1::SubmitFeedbackResponse>;

// Single answers, however they are sent.
SingleCalls CallsWithoutStart(AnswerSource answers) {
  SingleCalls calls;
  calls.next = [answers = std::move(answers)](size_t slot, v1::SubmitFeedbackRequest& request) {
    const std::optional<BenchAnswer> answer = answers(slot);
    if (answer.has_value()) {
      FillFeedback(*answer, *request.mutable_feedback());
    }
    return answer.has_value();
  };
  calls.accepted = [](const v1::SubmitFeedbackResponse& response) {
    return response.already_existed() ? 0 : 1;
  };
  return calls;
}

}  // namespace

AnswerSource LiveAnswers(uint64_t seed, size_t slots) {
  auto randoms = std::make_shared<std::vector<Random>>();
  for (size_t i = 0; i < slots; ++i) {
    randoms->emplace_back(Random(seed + i).Next());
  }
  return [randoms](size_t slot) {
    return RandomAnswer(absl::ToUnixMillis(absl::Now()), (*randoms)[slot]);
  };
}

AnswerSource FirstOf(AnswerSource answers, int64_t count) {
  const auto left = std::make_shared<std::atomic<int64_t>>(count);
  return [answers = std::move(answers), left](size_t slot) -> std::optional<BenchAnswer> {
    if (left->fetch_sub(1, std::memory_order_relaxed) <= 0) {
      return std::nullopt;
    }
    return answers(slot);
  };
}

std::unique_ptr<UnaryLoop> MakeUnaryLoop(const Target& target, size_t in_flight, int connections,
                                         AnswerSource answers) {
  std::vector<std::shared_ptr<v1::FeedbackService::Stub>> stubs;
  for (int i = 0; i < connections; ++i) {
    stubs.push_back(v1::FeedbackService::NewStub(target.Connect()));
  }
  SingleCalls calls = CallsWithoutStart(std::move(answers));
  calls.start = [&target, stubs = std::move(stubs)](size_t slot, auto* context, const auto* request,
                                                    auto* response, auto finished) {
    target.AddKey(*context);
    stubs[slot % stubs.size()]->async()->SubmitFeedback(context, request, response,
                                                        std::move(finished));
  };
  return std::make_unique<UnaryLoop>(std::move(calls), in_flight);
}

std::unique_ptr<UnaryLoop> MakeAsyncLoop(Client client, size_t in_flight, AnswerSource answers) {
  SingleCalls calls = CallsWithoutStart(std::move(answers));
  calls.start = [client = std::move(client)](size_t, auto*, const auto* request, auto* response,
                                             auto finished) {
    client.AsyncSubmitFeedback(*request, [response, finished = std::move(finished)](
                                             absl::StatusOr<v1::SubmitFeedbackResponse> answer) {
      if (answer.ok()) {
        *response = *std::move(answer);
        finished(grpc::Status::OK);
      } else {
        finished(ToGrpc(answer.status()));
      }
    });
  };
  return std::make_unique<UnaryLoop>(std::move(calls), in_flight);
}

std::unique_ptr<BatchLoop> MakeBatchLoop(const Target& target, size_t in_flight, int batch_size,
                                         AnswerSource answers) {
  const std::shared_ptr<v1::FeedbackService::Stub> stub =
      v1::FeedbackService::NewStub(target.Connect());
  LoopCalls<v1::BatchSubmitFeedbackRequest, v1::BatchSubmitFeedbackResponse> calls;
  calls.next = [answers = std::move(answers), batch_size](size_t slot,
                                                          v1::BatchSubmitFeedbackRequest& request) {
    while (request.feedback_size() < batch_size) {
      const std::optional<BenchAnswer> answer = answers(slot);
      if (!answer.has_value()) {
        break;
      }
      FillFeedback(*answer, *request.add_feedback());
    }
    return request.feedback_size() > 0;
  };
  calls.start = [&target, stub](size_t slot, auto* context, const auto* request, auto* response,
                                auto finished) {
    target.AddKey(*context);
    stub->async()->BatchSubmitFeedback(context, request, response, std::move(finished));
  };
  calls.accepted = [](const v1::BatchSubmitFeedbackResponse& response) {
    return response.accepted_count();
  };
  return std::make_unique<BatchLoop>(std::move(calls), in_flight);
}

}  // namespace emptychair::bench
