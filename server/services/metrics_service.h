// Handles the methods of MetricsService: checks, and chooses the lane.
#ifndef EMPTYCHAIR_SERVER_SERVICES_METRICS_SERVICE_H_
#define EMPTYCHAIR_SERVER_SERVICES_METRICS_SERVICE_H_

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "server/api/method_spec.h"
#include "storage/store.h"

namespace emptychair {

// Thread-safe. `store` and `clock` must outlive the service, which must outlive all its calls.
class MetricsService {
 public:
  MetricsService(const storage::Store* store, const Clock* clock) : store_(store), clock_(clock) {}
  MetricsService(const MetricsService&) = delete;
  MetricsService& operator=(const MetricsService&) = delete;

  void AddTo(MethodTable& table);

  absl::StatusOr<ScheduledWork<v1::QueryMetricResponse>> QueryMetric(
      const RequestContext& context, const v1::QueryMetricRequest& request) const;
  absl::StatusOr<ScheduledWork<v1::CompareMetricResponse>> CompareMetric(
      const RequestContext& context, const v1::CompareMetricRequest& request) const;
  absl::StatusOr<ScheduledWork<v1::DecomposeChangeResponse>> DecomposeChange(
      const RequestContext& context, const v1::DecomposeChangeRequest& request) const;
  absl::StatusOr<ScheduledWork<v1::ExplainMetricResponse>> ExplainMetric(
      const RequestContext& context, const v1::ExplainMetricRequest& request) const;
  absl::StatusOr<ScheduledWork<v1::CompareWordsResponse>> CompareWords(
      const RequestContext& context, const v1::CompareWordsRequest& request) const;
  absl::StatusOr<ScheduledWork<v1::GetScorecardResponse>> GetScorecard(
      const RequestContext& context, const v1::GetScorecardRequest& request) const;
  absl::Status GetRepeatProfile(const RequestContext& context,
                                const v1::GetRepeatProfileRequest& request,
                                v1::GetRepeatProfileResponse& response) const;
  absl::StatusOr<ScheduledWork<v1::QueryRetentionResponse>> QueryRetention(
      const RequestContext& context, const v1::QueryRetentionRequest& request) const;
  absl::StatusOr<ScheduledWork<v1::QueryCohortsResponse>> QueryCohorts(
      const RequestContext& context, const v1::QueryCohortsRequest& request) const;
  absl::StatusOr<ScheduledWork<v1::QueryRepeatRateResponse>> QueryRepeatRate(
      const RequestContext& context, const v1::QueryRepeatRateRequest& request) const;

 private:
  const storage::Store* const store_;
  const Clock* const clock_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_SERVICES_METRICS_SERVICE_H_
