// MetricsService: checks and translates.
#ifndef EMPTYCHAIR_SERVER_SERVICES_METRICS_SERVICE_H_
#define EMPTYCHAIR_SERVER_SERVICES_METRICS_SERVICE_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "emptychair/v1/metrics_service.grpc.pb.h"
#include "server/analytics/answer_source.h"
#include "server/rpc/call.h"
#include "server/rpc/raw_methods.h"
#include "storage/store.h"

namespace emptychair {

using MetricsServiceBase =
    RawMethods<v1::MetricsService::Service, v1::MetricsService::WithRawCallbackMethod_QueryMetric,
               v1::MetricsService::WithRawCallbackMethod_CompareMetric,
               v1::MetricsService::WithRawCallbackMethod_ExplainMetric,
               v1::MetricsService::WithRawCallbackMethod_DecomposeChange,
               v1::MetricsService::WithRawCallbackMethod_CompareWords,
               v1::MetricsService::WithRawCallbackMethod_GetScorecard>::Type;

// Thread-safe. What it is given must outlive it.
class MetricsServiceImpl final : public MetricsServiceBase {
 public:
  MetricsServiceImpl(const storage::Store* store, CallRunner* runner, const Clock* clock)
      : store_(store), runner_(runner), clock_(clock) {}

  grpc::ServerUnaryReactor* QueryMetric(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* CompareMetric(grpc::CallbackServerContext* context,
                                          const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ExplainMetric(grpc::CallbackServerContext* context,
                                          const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* DecomposeChange(grpc::CallbackServerContext* context,
                                            const grpc::ByteBuffer* request,
                                            grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* CompareWords(grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* GetScorecard(grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;

 private:
  // Schedules a call that `run` answers, once it is prepared, on the lane of its source.
  template <typename Prepared, typename Response>
  ScheduledWork<Response> PlanFor(Prepared prepared, AnswerSource source,
                                  absl::Status (*run)(const storage::Store&, const Prepared&,
                                                      Response&)) const;

  // The same for a result that takes its wire form apart.
  template <typename Response, typename Prepared, typename Result>
  ScheduledWork<Response> PlanFor(Prepared prepared, AnswerSource source,
                                  absl::StatusOr<Result> (*run)(const storage::Store&,
                                                                const Prepared&)) const;

  const storage::Store* const store_;
  CallRunner* const runner_;
  const Clock* const clock_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_SERVICES_METRICS_SERVICE_H_
