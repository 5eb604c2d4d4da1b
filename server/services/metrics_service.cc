#include "server/services/metrics_service.h"

#include <utility>

#include "common/base/status_macros.h"
#include "server/analytics/compare.h"
#include "server/analytics/compare_words.h"
#include "server/analytics/decompose.h"
#include "server/analytics/explain.h"
#include "server/analytics/metric_engine.h"
#include "server/analytics/metric_query.h"
#include "server/analytics/metric_sides.h"
#include "server/analytics/metric_wire.h"
#include "server/analytics/scorecard.h"

namespace emptychair {

namespace {

// Records hold up only those that read records too.
Lane LaneOf(AnswerSource source) {
  return source == AnswerSource::kCube ? Lane::kQuery : Lane::kScan;
}

}  // namespace

template <typename Prepared, typename Response>
ScheduledWork<Response> MetricsServiceImpl::PlanFor(Prepared prepared, AnswerSource source,
                                                    absl::Status (*run)(const storage::Store&,
                                                                        const Prepared&,
                                                                        Response&)) const {
  return {LaneOf(source), [this, prepared = std::move(prepared), run](Response& response) {
            return run(*store_, prepared, response);
          }};
}

template <typename Response, typename Prepared, typename Result>
ScheduledWork<Response> MetricsServiceImpl::PlanFor(
    Prepared prepared, AnswerSource source,
    absl::StatusOr<Result> (*run)(const storage::Store&, const Prepared&)) const {
  return {LaneOf(source),
          [this, prepared = std::move(prepared), run](Response& response) -> absl::Status {
            ASSIGN_OR_RETURN(const Result result, run(*store_, prepared));
            WriteResponse(prepared, result, response);
            return absl::OkStatus();
          }};
}

grpc::ServerUnaryReactor* MetricsServiceImpl::QueryMetric(grpc::CallbackServerContext* context,
                                                          const grpc::ByteBuffer* request,
                                                          grpc::ByteBuffer* response) {
  return runner_->ExecuteScheduled<v1::QueryMetricRequest, v1::QueryMetricResponse>(
      context, "MetricsService/QueryMetric", request, response,
      [this](const auto& request) -> absl::StatusOr<ScheduledWork<v1::QueryMetricResponse>> {
        ASSIGN_OR_RETURN(MetricQuery query, PrepareMetricQuery(store_->view(), request));
        const AnswerSource source = PlanSource(query);
        return PlanFor<v1::QueryMetricResponse>(std::move(query), source, &RunMetricQuery);
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
        const AnswerSource source = PlanSource(sides);
        return PlanFor<v1::CompareMetricResponse>(std::move(sides), source, &RunMetricComparison);
      });
}

grpc::ServerUnaryReactor* MetricsServiceImpl::DecomposeChange(grpc::CallbackServerContext* context,
                                                              const grpc::ByteBuffer* request,
                                                              grpc::ByteBuffer* response) {
  return runner_->ExecuteScheduled<v1::DecomposeChangeRequest, v1::DecomposeChangeResponse>(
      context, "MetricsService/DecomposeChange", request, response,
      [this](const auto& request) -> absl::StatusOr<ScheduledWork<v1::DecomposeChangeResponse>> {
        ASSIGN_OR_RETURN(MetricDecomposition decomposition,
                         PrepareMetricDecomposition(store_->view(), request));
        const AnswerSource source = PlanSource(decomposition.sides);
        return PlanFor<v1::DecomposeChangeResponse>(std::move(decomposition), source,
                                                    &RunMetricDecomposition);
      });
}

grpc::ServerUnaryReactor* MetricsServiceImpl::ExplainMetric(grpc::CallbackServerContext* context,
                                                            const grpc::ByteBuffer* request,
                                                            grpc::ByteBuffer* response) {
  return runner_->ExecuteScheduled<v1::ExplainMetricRequest, v1::ExplainMetricResponse>(
      context, "MetricsService/ExplainMetric", request, response,
      [this](const auto& request) -> absl::StatusOr<ScheduledWork<v1::ExplainMetricResponse>> {
        ASSIGN_OR_RETURN(MetricExplanation explanation, PrepareMetricExplanation(*store_, request));
        const AnswerSource source = PlanSource(explanation);
        return PlanFor(std::move(explanation), source, &RunMetricExplanation);
      });
}

grpc::ServerUnaryReactor* MetricsServiceImpl::CompareWords(grpc::CallbackServerContext* context,
                                                           const grpc::ByteBuffer* request,
                                                           grpc::ByteBuffer* response) {
  return runner_->ExecuteScheduled<v1::CompareWordsRequest, v1::CompareWordsResponse>(
      context, "MetricsService/CompareWords", request, response,
      [this](const auto& request) -> absl::StatusOr<ScheduledWork<v1::CompareWordsResponse>> {
        ASSIGN_OR_RETURN(auto words, PrepareWordComparison(store_->view(), request));
        return PlanFor(std::move(words), AnswerSource::kRecords, &RunWordComparison);
      });
}

grpc::ServerUnaryReactor* MetricsServiceImpl::GetScorecard(grpc::CallbackServerContext* context,
                                                           const grpc::ByteBuffer* request,
                                                           grpc::ByteBuffer* response) {
  return runner_->ExecuteScheduled<v1::GetScorecardRequest, v1::GetScorecardResponse>(
      context, "MetricsService/GetScorecard", request, response,
      [this](const auto& request) -> absl::StatusOr<ScheduledWork<v1::GetScorecardResponse>> {
        ASSIGN_OR_RETURN(auto scorecard, PrepareScorecard(store_->view(), request, clock_->Now()));
        return PlanFor<v1::GetScorecardResponse>(std::move(scorecard), AnswerSource::kCube,
                                                 &RunScorecard);
      });
}

}  // namespace emptychair
