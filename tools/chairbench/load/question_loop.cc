#include "tools/chairbench/load/question_loop.h"

#include <atomic>
#include <utility>

#include "emptychair/v1/metrics_service.grpc.pb.h"

namespace emptychair::bench {

std::unique_ptr<QuestionLoop> MakeQuestionLoop(const Target& target, size_t in_flight,
                                               std::vector<v1::QueryMetricRequest> questions) {
  const std::shared_ptr<v1::MetricsService::Stub> stub =
      v1::MetricsService::NewStub(target.Connect());
  const auto next = std::make_shared<std::atomic<size_t>>(0);
  LoopCalls<v1::QueryMetricRequest, v1::QueryMetricResponse> calls;
  calls.next = [questions = std::move(questions), next](size_t, v1::QueryMetricRequest& request) {
    request = questions[next->fetch_add(1, std::memory_order_relaxed) % questions.size()];
    return true;
  };
  calls.start = [&target, stub](size_t, auto* context, const auto* request, auto* response,
                                auto finished) {
    target.AddKey(*context);
    stub->async()->QueryMetric(context, request, response, std::move(finished));
  };
  calls.accepted = [](const v1::QueryMetricResponse&) { return 1; };
  return std::make_unique<QuestionLoop>(std::move(calls), in_flight);
}

}  // namespace emptychair::bench
