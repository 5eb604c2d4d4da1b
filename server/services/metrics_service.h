// MetricsService: checks and translates.
#ifndef EMPTYCHAIR_SERVER_SERVICES_METRICS_SERVICE_H_
#define EMPTYCHAIR_SERVER_SERVICES_METRICS_SERVICE_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "emptychair/v1/metrics_service.grpc.pb.h"
#include "server/rpc/call.h"
#include "storage/store.h"

namespace emptychair {

// Thread-safe. What it is given must outlive it.
class MetricsServiceImpl final : public v1::MetricsService::CallbackService {
 public:
  MetricsServiceImpl(const storage::Store* store, CallRunner* runner, const Clock* clock)
      : store_(store), runner_(runner), clock_(clock) {}

  grpc::ServerUnaryReactor* QueryMetric(grpc::CallbackServerContext* context,
                                        const v1::QueryMetricRequest* request,
                                        v1::QueryMetricResponse* response) override;
  grpc::ServerUnaryReactor* CompareMetric(grpc::CallbackServerContext* context,
                                          const v1::CompareMetricRequest* request,
                                          v1::CompareMetricResponse* response) override;
  grpc::ServerUnaryReactor* ExplainMetric(grpc::CallbackServerContext* context,
                                          const v1::ExplainMetricRequest* request,
                                          v1::ExplainMetricResponse* response) override;
  grpc::ServerUnaryReactor* DecomposeChange(grpc::CallbackServerContext* context,
                                            const v1::DecomposeChangeRequest* request,
                                            v1::DecomposeChangeResponse* response) override;
  grpc::ServerUnaryReactor* CompareWords(grpc::CallbackServerContext* context,
                                         const v1::CompareWordsRequest* request,
                                         v1::CompareWordsResponse* response) override;
  grpc::ServerUnaryReactor* GetScorecard(grpc::CallbackServerContext* context,
                                         const v1::GetScorecardRequest* request,
                                         v1::GetScorecardResponse* response) override;

 private:
  // Answers what was asked, once `prepared`, by `run`; `needs_scan` says on which lane. Preparing
  // comes first because the lane depends on it; it reads nothing from disk.
  template <typename Prepared, typename Request, typename Response>
  grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context, const char* method,
                                   absl::StatusOr<Prepared> prepared, bool needs_scan,
                                   absl::Status (*run)(const storage::Store&, const Prepared&,
                                                       Response&),
                                   const Request* request, Response* response);

  const storage::Store* const store_;
  CallRunner* const runner_;
  const Clock* const clock_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_SERVICES_METRICS_SERVICE_H_
