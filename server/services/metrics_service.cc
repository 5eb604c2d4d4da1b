#include "server/services/metrics_service.h"

#include <utility>

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

}  // namespace emptychair
