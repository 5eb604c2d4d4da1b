#include "server/services/metrics_service.h"

#include <memory>
#include <utility>

#include "common/base/status_macros.h"
#include "server/access/visible_view.h"
#include "server/analytics/compare.h"
#include "server/analytics/compare_words.h"
#include "server/analytics/decompose.h"
#include "server/analytics/explain.h"
#include "server/analytics/metric_runs.h"
#include "server/analytics/metric_sides.h"
#include "server/analytics/metric_wire.h"
#include "server/analytics/scorecard.h"
#include "server/counting/answer_source.h"
#include "server/counting/metric_engine.h"
#include "server/counting/metric_query.h"
#include "server/loyalty/cohorts.h"
#include "server/loyalty/loyalty_sources.h"
#include "server/loyalty/repeat_rate.h"
#include "server/loyalty/retention.h"
#include "server/repeats/repeat_profile.h"
#include "server/surveys/survey.h"

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

// Schedules a run, whose interval rule may depend on how many answers it counts: these are counted
// on the lane of what counts them, and the rest is done on that of what is left to read. `prepared`
// is what the run is of, `write` writes its result.
template <typename Response, typename Run, typename Prepared, typename Write>
ScheduledWork<Response> WorkOf(const storage::Store* store, std::shared_ptr<Run> run,
                               const Prepared& prepared, Write write) {
  const Lane lane = LaneOf(run->first_source());
  ScheduledWork<Response> work(lane,
                               [store, run, &prepared, write](Response& response) -> absl::Status {
                                 ASSIGN_OR_RETURN(const auto result, run->Run());
                                 write(result, response);
                                 return FinishAnswer(*store, prepared, response);
                               });
  work.plan = [run = std::move(run)]() -> absl::StatusOr<Lane> {
    ASSIGN_OR_RETURN(const AnswerSource source, run->Plan());
    return LaneOf(source);
  };
  return work;
}

// Schedules `run` of a question about activities; `reads_more`: sets do not tell all of it.
template <typename Response, typename Query, typename Run>
ScheduledWork<Response> WorkOf(Query query, bool reads_more, Run run) {
  return {reads_more ? Lane::kScan : Lane::kQuery,
          [query = std::move(query), run](Response& response) -> absl::Status {
            ASSIGN_OR_RETURN(const auto result, run(query));
            WriteResponse(query, result, response);
            return absl::OkStatus();
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
  table.push_back(MethodSpec::RunOn(Lane::kQuery, Bind(this, &MetricsService::GetRepeatProfile)));
  table.push_back(MethodSpec::ByRequest(Bind(this, &MetricsService::QueryRetention)));
  table.push_back(MethodSpec::ByRequest(Bind(this, &MetricsService::QueryCohorts)));
  table.push_back(MethodSpec::ByRequest(Bind(this, &MetricsService::QueryRepeatRate)));
}

absl::StatusOr<ScheduledWork<v1::QueryMetricResponse>> MetricsService::QueryMetric(
    const RequestContext& context, const v1::QueryMetricRequest& request) const {
  ASSIGN_OR_RETURN(MetricQuery query,
                   PrepareMetricQuery(VisibleView(context.caller, *store_), request));
  auto run = std::make_shared<SingleRun>(*store_, std::move(query));
  const MetricQuery& prepared = run->query();
  return WorkOf<v1::QueryMetricResponse>(
      store_, std::move(run), prepared,
      [&prepared, clock = clock_](const MetricResult& result, v1::QueryMetricResponse& response) {
        WriteResponse(prepared, result, clock->Now(), response);
      });
}

absl::StatusOr<ScheduledWork<v1::CompareMetricResponse>> MetricsService::CompareMetric(
    const RequestContext& context, const v1::CompareMetricRequest& request) const {
  ASSIGN_OR_RETURN(const MetricSides sides,
                   PrepareComparison(VisibleView(context.caller, *store_), request, clock_->Now()));
  auto run = std::make_shared<MetricComparison>(*store_, sides);
  const MetricSides& prepared = run->sides();
  return WorkOf<v1::CompareMetricResponse>(
      store_, std::move(run), prepared,
      [&prepared](const ComparisonResult& result, v1::CompareMetricResponse& response) {
        WriteResponse(prepared, result, response);
      });
}

absl::StatusOr<ScheduledWork<v1::DecomposeChangeResponse>> MetricsService::DecomposeChange(
    const RequestContext& context, const v1::DecomposeChangeRequest& request) const {
  ASSIGN_OR_RETURN(MetricDecomposition decomposition,
                   PrepareMetricDecomposition(VisibleView(context.caller, *store_), request));
  auto run = std::make_shared<DecompositionRun>(*store_, std::move(decomposition));
  const MetricDecomposition& prepared = run->decomposition();
  return WorkOf<v1::DecomposeChangeResponse>(
      store_, std::move(run), prepared,
      [&prepared](const DecompositionResult& result, v1::DecomposeChangeResponse& response) {
        WriteResponse(prepared, result, response);
      });
}

absl::StatusOr<ScheduledWork<v1::ExplainMetricResponse>> MetricsService::ExplainMetric(
    const RequestContext& context, const v1::ExplainMetricRequest& request) const {
  ASSIGN_OR_RETURN(
      MetricExplanation explanation,
      PrepareMetricExplanation(*store_, VisibleView(context.caller, *store_), request));
  const AnswerSource source = PlanSource(explanation);
  return WorkOf(store_, std::move(explanation), source, &RunMetricExplanation);
}

absl::StatusOr<ScheduledWork<v1::CompareWordsResponse>> MetricsService::CompareWords(
    const RequestContext& context, const v1::CompareWordsRequest& request) const {
  ASSIGN_OR_RETURN(auto words,
                   PrepareWordComparison(VisibleView(context.caller, *store_), request));
  return WorkOf(store_, std::move(words), AnswerSource::kRecords, &RunWordComparison);
}

absl::Status MetricsService::GetRepeatProfile(const RequestContext& context,
                                              const v1::GetRepeatProfileRequest& request,
                                              v1::GetRepeatProfileResponse& response) const {
  const std::shared_ptr<const storage::View> view = VisibleView(context.caller, *store_);
  ASSIGN_OR_RETURN(const storage::SurveyView* survey,
                   FindSurvey(*view, "survey_id", request.survey_id()));
  return WriteRepeatProfile(*view, *survey, response);
}

absl::StatusOr<ScheduledWork<v1::GetScorecardResponse>> MetricsService::GetScorecard(
    const RequestContext& context, const v1::GetScorecardRequest& request) const {
  ASSIGN_OR_RETURN(const Scorecard scorecard,
                   PrepareScorecard(VisibleView(context.caller, *store_), request, clock_->Now()));
  auto run = std::make_shared<ScorecardRun>(*store_, scorecard);
  const Scorecard& prepared = run->scorecard();
  return WorkOf<v1::GetScorecardResponse>(
      store_, std::move(run), prepared,
      [&prepared](const ScorecardResult& result, v1::GetScorecardResponse& response) {
        WriteResponse(prepared, result, response);
      });
}

absl::StatusOr<ScheduledWork<v1::QueryRetentionResponse>> MetricsService::QueryRetention(
    const RequestContext& context, const v1::QueryRetentionRequest& request) const {
  ASSIGN_OR_RETURN(RetentionQuery query,
                   PrepareRetention(VisibleView(context.caller, *store_), request, clock_->Now()));
  const bool reads_more = query.ReadsOneByOne();
  return WorkOf<v1::QueryRetentionResponse>(
      std::move(query), reads_more, [store = store_](const RetentionQuery& prepared) {
        return RunRetention(LoyaltySources::Of(*store), prepared);
      });
}

absl::StatusOr<ScheduledWork<v1::QueryCohortsResponse>> MetricsService::QueryCohorts(
    const RequestContext& context, const v1::QueryCohortsRequest& request) const {
  ASSIGN_OR_RETURN(CohortsQuery query,
                   PrepareCohorts(VisibleView(context.caller, *store_), request, clock_->Now()));
  const bool reads_more = query.ReadsActivities();
  return WorkOf<v1::QueryCohortsResponse>(std::move(query), reads_more,
                                          [store = store_](const CohortsQuery& prepared) {
                                            return RunCohorts(store->customer_sets(), prepared);
                                          });
}

absl::StatusOr<ScheduledWork<v1::QueryRepeatRateResponse>> MetricsService::QueryRepeatRate(
    const RequestContext& context, const v1::QueryRepeatRateRequest& request) const {
  ASSIGN_OR_RETURN(RepeatRateQuery query,
                   PrepareRepeatRate(VisibleView(context.caller, *store_), request, clock_->Now()));
  const bool reads_more = query.ReadsActivities();
  return WorkOf<v1::QueryRepeatRateResponse>(
      std::move(query), reads_more, [store = store_](const RepeatRateQuery& prepared) {
        return RunRepeatRate(store->customer_sets(), prepared);
      });
}

}  // namespace emptychair
