#include "server/services/metrics_service.h"

#include <utility>

#include "common/base/status_macros.h"
#include "server/analytics/compare.h"
#include "server/analytics/compare_words.h"
#include "server/analytics/decompose.h"
#include "server/analytics/explain.h"
#include "server/analytics/metric_query.h"
#include "server/analytics/metric_sides.h"
#include "server/analytics/scorecard.h"

namespace emptychair {

template <typename Prepared, typename Response>
ScheduledWork<Response> MetricsServiceImpl::PlanFor(Prepared prepared, bool needs_scan,
                                                    absl::Status (*run)(const storage::Store&,
                                                                        const Prepared&,
                                                                        Response&)) const {
  return {needs_scan ? Lane::kScan : Lane::kQuery,
          [this, prepared = std::move(prepared), run](Response& response) {
            return run(*store_, prepared, response);
          }};
}

grpc::ServerUnaryReactor* MetricsServiceImpl::QueryMetric(grpc::CallbackServerContext* context,
                                                          const grpc::ByteBuffer* request,
                                                          grpc::ByteBuffer* response) {
  return runner_->ExecuteScheduled<v1::QueryMetricRequest, v1::QueryMetricResponse>(
      context, "MetricsService/QueryMetric", request, response,
      [this](const auto& request) -> absl::StatusOr<ScheduledWork<v1::QueryMetricResponse>> {
        ASSIGN_OR_RETURN(MetricQuery query, PrepareMetricQuery(store_->view(), request));
        const bool needs_scan = query.needs_scan;
        return PlanFor(std::move(query), needs_scan, &RunMetricQuery);
      });
}

grpc::ServerUnaryReactor* MetricsServiceImpl::CompareMetric(grpc::CallbackServerContext* context,
                                                            const grpc::ByteBuffer* request,
                                                            grpc::ByteBuffer* response) {
  return runner_->ExecuteScheduled<v1::CompareMetricRequest, v1::CompareMetricResponse>(
      context, "MetricsService/CompareMetric", request, response,
      [this](const auto& request) -> absl::StatusOr<ScheduledWork<v1::CompareMetricResponse>> {
        ASSIGN_OR_RETURN(MetricSides sides,
                         PrepareMetricSides(store_->view(), request.base(), request.candidate()));
        const bool needs_scan = sides.needs_scan();
        return PlanFor(std::move(sides), needs_scan, &RunMetricComparison);
      });
}

grpc::ServerUnaryReactor* MetricsServiceImpl::DecomposeChange(grpc::CallbackServerContext* context,
                                                              const grpc::ByteBuffer* request,
                                                              grpc::ByteBuffer* response) {
  return runner_->ExecuteScheduled<v1::DecomposeChangeRequest, v1::DecomposeChangeResponse>(
      context, "MetricsService/DecomposeChange", request, response,
      [this](const auto& request) -> absl::StatusOr<ScheduledWork<v1::DecomposeChangeResponse>> {
        ASSIGN_OR_RETURN(MetricDecomposition change,
                         PrepareMetricDecomposition(store_->view(), request));
        const bool needs_scan = change.needs_scan();
        return PlanFor(std::move(change), needs_scan, &RunMetricDecomposition);
      });
}

grpc::ServerUnaryReactor* MetricsServiceImpl::ExplainMetric(grpc::CallbackServerContext* context,
                                                            const grpc::ByteBuffer* request,
                                                            grpc::ByteBuffer* response) {
  return runner_->ExecuteScheduled<v1::ExplainMetricRequest, v1::ExplainMetricResponse>(
      context, "MetricsService/ExplainMetric", request, response,
      [this](const auto& request) -> absl::StatusOr<ScheduledWork<v1::ExplainMetricResponse>> {
        ASSIGN_OR_RETURN(MetricExplanation explanation, PrepareMetricExplanation(*store_, request));
        const bool needs_scan = explanation.needs_scan();
        return PlanFor(std::move(explanation), needs_scan, &RunMetricExplanation);
      });
}

grpc::ServerUnaryReactor* MetricsServiceImpl::CompareWords(grpc::CallbackServerContext* context,
                                                           const grpc::ByteBuffer* request,
                                                           grpc::ByteBuffer* response) {
  return runner_->ExecuteScheduled<v1::CompareWordsRequest, v1::CompareWordsResponse>(
      context, "MetricsService/CompareWords", request, response,
      [this](const auto& request) -> absl::StatusOr<ScheduledWork<v1::CompareWordsResponse>> {
        ASSIGN_OR_RETURN(auto words, PrepareWordComparison(store_->view(), request));
        return PlanFor(std::move(words), /*needs_scan=*/true, &RunWordComparison);
      });
}

grpc::ServerUnaryReactor* MetricsServiceImpl::GetScorecard(grpc::CallbackServerContext* context,
                                                           const grpc::ByteBuffer* request,
                                                           grpc::ByteBuffer* response) {
  return runner_->ExecuteScheduled<v1::GetScorecardRequest, v1::GetScorecardResponse>(
      context, "MetricsService/GetScorecard", request, response,
      [this](const auto& request) -> absl::StatusOr<ScheduledWork<v1::GetScorecardResponse>> {
        ASSIGN_OR_RETURN(auto scorecard, PrepareScorecard(store_->view(), request, clock_->Now()));
        return PlanFor(std::move(scorecard), /*needs_scan=*/false, &RunScorecard);
      });
}

}  // namespace emptychair
