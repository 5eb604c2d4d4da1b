#include "server/services/metrics_service.h"

#include <utility>

#include "server/domain/metric_compare.h"
#include "server/domain/metric_explain.h"
#include "server/domain/metric_query.h"

namespace emptychair {

grpc::ServerUnaryReactor* MetricsServiceImpl::QueryMetric(grpc::CallbackServerContext* context,
                                                          const v1::QueryMetricRequest* request,
                                                          v1::QueryMetricResponse* response) {
  // Prepared here because the lane depends on it; it reads nothing from disk.
  absl::StatusOr<MetricQuery> query = PrepareMetricQuery(store_->view(), *request);
  const Lane lane = query.ok() && query->needs_scan ? Lane::kScan : Lane::kQuery;
  return runner_->Execute(context, "MetricsService/QueryMetric", lane, request, response,
                          [this, query = std::move(query)](const v1::QueryMetricRequest&,
                                                           v1::QueryMetricResponse& response) {
                            return query.ok() ? RunMetricQuery(*store_, *query, response)
                                              : query.status();
                          });
}

grpc::ServerUnaryReactor* MetricsServiceImpl::CompareMetric(grpc::CallbackServerContext* context,
                                                            const v1::CompareMetricRequest* request,
                                                            v1::CompareMetricResponse* response) {
  absl::StatusOr<MetricComparison> comparison = PrepareMetricComparison(store_->view(), *request);
  const Lane lane = comparison.ok() && comparison->needs_scan() ? Lane::kScan : Lane::kQuery;
  return runner_->Execute(
      context, "MetricsService/CompareMetric", lane, request, response,
      [this, comparison = std::move(comparison)](const v1::CompareMetricRequest&,
                                                 v1::CompareMetricResponse& response) {
        return comparison.ok() ? RunMetricComparison(*store_, *comparison, response)
                               : comparison.status();
      });
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

}  // namespace emptychair
