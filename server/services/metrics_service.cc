#include "server/services/metrics_service.h"

#include <utility>

#include "server/domain/metric_change.h"
#include "server/domain/metric_compare.h"
#include "server/domain/metric_explain.h"
#include "server/domain/metric_query.h"
#include "server/domain/metric_sides.h"
#include "server/domain/scorecard.h"
#include "server/domain/word_comparison.h"

namespace emptychair {

template <typename Prepared, typename Request, typename Response>
grpc::ServerUnaryReactor* MetricsServiceImpl::Answer(
    grpc::CallbackServerContext* context, const char* method, absl::StatusOr<Prepared> prepared,
    bool needs_scan, absl::Status (*run)(const storage::Store&, const Prepared&, Response&),
    const Request* request, Response* response) {
  return runner_->Execute(
      context, method, needs_scan ? Lane::kScan : Lane::kQuery, request, response,
      [this, prepared = std::move(prepared), run](const Request&, Response& response) {
        return prepared.ok() ? run(*store_, *prepared, response) : prepared.status();
      });
}

grpc::ServerUnaryReactor* MetricsServiceImpl::QueryMetric(grpc::CallbackServerContext* context,
                                                          const v1::QueryMetricRequest* request,
                                                          v1::QueryMetricResponse* response) {
  absl::StatusOr<MetricQuery> query = PrepareMetricQuery(store_->view(), *request);
  const bool needs_scan = query.ok() && query->needs_scan;
  return Answer(context, "MetricsService/QueryMetric", std::move(query), needs_scan,
                &RunMetricQuery, request, response);
}

grpc::ServerUnaryReactor* MetricsServiceImpl::CompareMetric(grpc::CallbackServerContext* context,
                                                            const v1::CompareMetricRequest* request,
                                                            v1::CompareMetricResponse* response) {
  absl::StatusOr<MetricSides> sides =
      PrepareMetricSides(store_->view(), request->base(), request->candidate());
  const bool needs_scan = sides.ok() && sides->needs_scan();
  return Answer(context, "MetricsService/CompareMetric", std::move(sides), needs_scan,
                &RunMetricComparison, request, response);
}

grpc::ServerUnaryReactor* MetricsServiceImpl::DecomposeChange(
    grpc::CallbackServerContext* context, const v1::DecomposeChangeRequest* request,
    v1::DecomposeChangeResponse* response) {
  absl::StatusOr<MetricChange> change = PrepareMetricChange(store_->view(), *request);
  const bool needs_scan = change.ok() && change->needs_scan();
  return Answer(context, "MetricsService/DecomposeChange", std::move(change), needs_scan,
                &RunMetricChange, request, response);
}

grpc::ServerUnaryReactor* MetricsServiceImpl::ExplainMetric(grpc::CallbackServerContext* context,
                                                            const v1::ExplainMetricRequest* request,
                                                            v1::ExplainMetricResponse* response) {
  absl::StatusOr<MetricExplanation> explanation = PrepareMetricExplanation(*store_, *request);
  const Lane lane = explanation.ok() && explanation->needs_scan() ? Lane::kScan : Lane::kQuery;
  return runner_->Execute(
      context, "MetricsService/ExplainMetric", lane, request, response,
      [this, explanation = std::move(explanation)](const v1::ExplainMetricRequest&,
                                                   v1::ExplainMetricResponse& response) {
        return explanation.ok() ? RunMetricExplanation(*store_, *explanation, response)
                                : explanation.status();
      });
}

grpc::ServerUnaryReactor* MetricsServiceImpl::CompareWords(grpc::CallbackServerContext* context,
                                                           const v1::CompareWordsRequest* request,
                                                           v1::CompareWordsResponse* response) {
  return Answer(context, "MetricsService/CompareWords",
                PrepareWordComparison(store_->view(), *request), /*needs_scan=*/true,
                &RunWordComparison, request, response);
}

grpc::ServerUnaryReactor* MetricsServiceImpl::GetScorecard(grpc::CallbackServerContext* context,
                                                           const v1::GetScorecardRequest* request,
                                                           v1::GetScorecardResponse* response) {
  return Answer(context, "MetricsService/GetScorecard",
                PrepareScorecard(store_->view(), *request, clock_->Now()), /*needs_scan=*/false,
                &RunScorecard, request, response);
}

}  // namespace emptychair
