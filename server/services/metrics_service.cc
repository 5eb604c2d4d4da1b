#include "server/services/metrics_service.h"

#include <utility>

#include "common/base/status_macros.h"
#include "server/analytics/answer_source.h"
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

using Unmatched = google::protobuf::RepeatedPtrField<v1::UnmatchedFilter>;

absl::Status AddUnmatched(const storage::Store& store, const MetricSides& sides,
                          Unmatched& unmatched) {
  RETURN_IF_ERROR(AddUnmatched(store, sides.base, unmatched));
  return AddUnmatched(store, sides.candidate, unmatched);
}

absl::Status AddUnmatched(const storage::Store& store, const MetricDecomposition& decomposition,
                          Unmatched& unmatched) {
  return AddUnmatched(store, decomposition.sides, unmatched);
}

absl::Status AddUnmatched(const storage::Store& store, const MetricExplanation& explanation,
                          Unmatched& unmatched) {
  // With the first page alone.
  return explanation.after.has_value() ? absl::OkStatus()
                                       : AddUnmatched(store, explanation.query, unmatched);
}

absl::Status AddUnmatched(const storage::Store& store, const WordComparisonQuery& words,
                          Unmatched& unmatched) {
  RETURN_IF_ERROR(AddUnmatched(store, words.base, unmatched));
  return words.candidate.has_value() ? AddUnmatched(store, *words.candidate, unmatched)
                                     : absl::OkStatus();
}

// Adds what nothing fits of the filters to an answer to filters.
template <typename Prepared, typename Response>
absl::Status FinishAnswer(const storage::Store& store, const Prepared& prepared,
                          Response& response) {
  if constexpr (requires { response.mutable_unmatched(); }) {
    return AddUnmatched(store, prepared, *response.mutable_unmatched());
  }
  return absl::OkStatus();
}

// Schedules `run` of what was prepared on the lane of its source.
template <typename Prepared, typename Response>
ScheduledWork<Response> WorkOf(const storage::Store* store, Prepared prepared, AnswerSource source,
                               absl::Status (*run)(const storage::Store&, const Prepared&,
                                                   Response&)) {
  return {LaneOf(source),
          [store, prepared = std::move(prepared), run](Response& response) -> absl::Status {
            RETURN_IF_ERROR(run(*store, prepared, response));
            return FinishAnswer(*store, prepared, response);
          }};
}

// Schedules the same for a result that has its wire form apart.
template <typename Response, typename Prepared, typename Result>
ScheduledWork<Response> WorkOf(const storage::Store* store, Prepared prepared, AnswerSource source,
                               absl::StatusOr<Result> (*run)(const storage::Store&,
                                                             const Prepared&)) {
  return {LaneOf(source),
          [store, prepared = std::move(prepared), run](Response& response) -> absl::Status {
            ASSIGN_OR_RETURN(const Result result, run(*store, prepared));
            WriteResponse(prepared, result, response);
            return FinishAnswer(*store, prepared, response);
          }};
}

}  // namespace

void MetricsService::AddTo(MethodTable& table) {
  table.push_back(MethodSpec::ByRequest(Bind(this, &MetricsService::QueryMetric)));
  table.push_back(MethodSpec::ByRequest(Bind(this, &MetricsService::CompareMetric)));
  table.push_back(MethodSpec::ByRequest(Bind(this, &MetricsService::DecomposeChange)));
  table.push_back(MethodSpec::ByRequest(Bind(this, &MetricsService::ExplainMetric)));
  table.push_back(MethodSpec::ByRequest(Bind(this, &MetricsService::CompareWords)));
  table.push_back(MethodSpec::ByRequest(Bind(this, &MetricsService::GetScorecard)));
}

absl::StatusOr<ScheduledWork<v1::QueryMetricResponse>> MetricsService::QueryMetric(
    const RequestContext&, const v1::QueryMetricRequest& request) const {
  ASSIGN_OR_RETURN(MetricQuery query, PrepareMetricQuery(store_->view(), request));
  const Lane lane = LaneOf(PlanSource(query));
  return ScheduledWork<v1::QueryMetricResponse>{
      lane, [this, query = std::move(query)](v1::QueryMetricResponse& response) -> absl::Status {
        ASSIGN_OR_RETURN(const MetricResult result, RunMetricQuery(*store_, query));
        WriteResponse(query, result, clock_->Now(), response);
        return FinishAnswer(*store_, query, response);
      }};
}

absl::StatusOr<ScheduledWork<v1::CompareMetricResponse>> MetricsService::CompareMetric(
    const RequestContext&, const v1::CompareMetricRequest& request) const {
  ASSIGN_OR_RETURN(MetricSides sides,
                   PrepareMetricSides(store_->view(), request.base(), request.candidate()));
  const AnswerSource source = PlanSource(sides);
  return WorkOf<v1::CompareMetricResponse>(store_, std::move(sides), source, &RunMetricComparison);
}

absl::StatusOr<ScheduledWork<v1::DecomposeChangeResponse>> MetricsService::DecomposeChange(
    const RequestContext&, const v1::DecomposeChangeRequest& request) const {
  ASSIGN_OR_RETURN(MetricDecomposition decomposition,
                   PrepareMetricDecomposition(store_->view(), request));
  const AnswerSource source = PlanSource(decomposition);
  return WorkOf<v1::DecomposeChangeResponse>(store_, std::move(decomposition), source,
                                             &RunMetricDecomposition);
}

absl::StatusOr<ScheduledWork<v1::ExplainMetricResponse>> MetricsService::ExplainMetric(
    const RequestContext&, const v1::ExplainMetricRequest& request) const {
  ASSIGN_OR_RETURN(MetricExplanation explanation, PrepareMetricExplanation(*store_, request));
  const AnswerSource source = PlanSource(explanation);
  return WorkOf(store_, std::move(explanation), source, &RunMetricExplanation);
}

absl::StatusOr<ScheduledWork<v1::CompareWordsResponse>> MetricsService::CompareWords(
    const RequestContext&, const v1::CompareWordsRequest& request) const {
  ASSIGN_OR_RETURN(auto words, PrepareWordComparison(store_->view(), request));
  return WorkOf(store_, std::move(words), AnswerSource::kRecords, &RunWordComparison);
}

absl::StatusOr<ScheduledWork<v1::GetScorecardResponse>> MetricsService::GetScorecard(
    const RequestContext&, const v1::GetScorecardRequest& request) const {
  ASSIGN_OR_RETURN(auto scorecard, PrepareScorecard(store_->view(), request, clock_->Now()));
  return WorkOf<v1::GetScorecardResponse>(store_, std::move(scorecard), AnswerSource::kCube,
                                          &RunScorecard);
}

}  // namespace emptychair
