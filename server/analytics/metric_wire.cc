#include "server/analytics/metric_wire.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "common/base/timestamp.h"
#include "google/protobuf/repeated_ptr_field.h"

namespace emptychair {
namespace {

using statistics::Bucket;
using statistics::GroupPart;
using statistics::MetricValue;

int64_t SequenceOf(const storage::View& view) {
  return static_cast<int64_t>(view.counters.sequence());
}

// Writes the edges of a bucket, those that it has, into a message that has fields for them.
template <typename Message>
void WriteEdges(const Bucket& bucket, Message& message) {
  if (bucket.start != absl::InfinitePast()) {
    *message.mutable_start_time() = ToTimestamp(bucket.start);
  }
  if (bucket.end != absl::InfiniteFuture()) {
    *message.mutable_end_time() = ToTimestamp(bucket.end);
  }
}

void WritePoints(const std::vector<MetricValue>& points, bool show_histogram,
                 google::protobuf::RepeatedPtrField<v1::MetricValue>& messages) {
  messages.Reserve(static_cast<int>(points.size()));
  for (const MetricValue& point : points) {
    WriteValue(point, show_histogram, *messages.Add());
  }
}

// Of a query that has effects.
int64_t EffectsSequenceOf(const MetricQuery& query) {
  return static_cast<int64_t>(query.surveys.front()->effects->computed_at_sequence());
}

void WriteMethod(const MetricQuery& query, v1::IntervalRule interval_rule, v1::MethodInfo& info) {
  info.set_method(query.method->method());
  info.set_respondent_rule(query.respondent_rule);
  info.set_granularity(query.granularity);
  info.set_week_start(query.week_start);
  info.set_trailing_buckets(query.trailing_buckets);
  info.set_time_zone(query.surveys.front()->definition->time_zone());
  info.set_confidence(query.confidence.level());
  info.set_min_sample(query.min_sample);
  info.set_include_excluded(query.include_excluded);
  if (const std::optional<int32_t> top_box_min = query.method->top_box_min()) {
    info.set_top_box_min(*top_box_min);
  }
  info.set_interval_rule(interval_rule);
  if (interval_rule == v1::INTERVAL_RULE_ESTIMATED) {
    info.set_effects_sequence(EffectsSequenceOf(query));
  }
  info.set_population(query.population.value_or(0));
}

// Writes what many tests at once change.
void WriteTests(const statistics::ManyTests& tests, v1::MethodInfo& info) {
  info.set_tests(tests.tests);
  if (tests.tests > 1) {
    info.set_interval_confidence(tests.interval_confidence);
  }
}

// Writes what was compared into a message that has fields for it.
template <typename Message>
void WriteComparison(const statistics::Comparison& compared, Message& message) {
  if (compared.delta.has_value()) {
    message.set_delta(*compared.delta);
  }
  if (compared.interval.has_value()) {
    message.set_delta_low(compared.interval->low);
    message.set_delta_high(compared.interval->high);
  }
  if (compared.z.has_value()) {
    message.set_z(*compared.z);
    message.set_p_value(*compared.p_value);
  }
  message.set_verdict(compared.verdict);
  message.set_direction(compared.direction);
}

// Writes the values of two sides and what they have in common into a message that has fields for
// them.
template <typename Result, typename Message>
void WriteSides(const MetricSides& sides, const Result& result, Message& message) {
  WriteValue(result.base, /*show_histogram=*/false, *message.mutable_base());
  WriteValue(result.candidate, /*show_histogram=*/false, *message.mutable_candidate());
  v1::MethodInfo& method = *message.mutable_method_info();
  WriteMethod(sides.base, result.interval_rule, method);
  if (method.has_effects_sequence()) {
    method.set_effects_sequence(
        std::min(method.effects_sequence(), EffectsSequenceOf(sides.candidate)));
  }
  message.set_sequence(SequenceOf(*sides.base.view));
}

void WriteContribution(const statistics::Contribution& contribution, v1::Contribution& message) {
  WriteGroup(contribution.group, *message.mutable_group_value());
  WriteValue(contribution.base, /*show_histogram=*/false, *message.mutable_base());
  WriteValue(contribution.candidate, /*show_histogram=*/false, *message.mutable_candidate());
  if (!contribution.effect.has_value()) {
    message.set_verdict(v1::VERDICT_TOO_FEW);
    message.set_suppressed(true);
    return;
  }
  message.set_mix(contribution.effect->mix);
  message.set_score(contribution.effect->score);
  message.set_total(contribution.effect->total());
  message.set_verdict(contribution.effect->verdict);
  if (contribution.effect->interval.has_value()) {
    message.set_low(contribution.effect->interval->low);
    message.set_high(contribution.effect->interval->high);
  }
  if (contribution.effect->p_value.has_value()) {
    message.set_p_value(*contribution.effect->p_value);
    message.set_q_value(*contribution.effect->q_value);
  }
}

void WriteScore(const MetricQuery& trend, const SurveyScore& score, v1::SurveyScore& message) {
  const store::v1::StoredSurvey& survey = *trend.surveys.front()->definition;
  message.set_survey_id(survey.survey_id());
  message.set_display_name(survey.display_name());
  message.set_kind(survey.kind());
  for (const Bucket& period : score.trend.buckets) {
    WriteEdges(period, *message.add_periods());
  }
  WritePoints(score.trend.total.points, /*show_histogram=*/false, *message.mutable_trend());
  *message.mutable_previous() = message.trend(message.trend_size() - 2);
  *message.mutable_current() = message.trend(message.trend_size() - 1);
  WriteComparison(score.comparison, message);
  if (score.comparison.q_value.has_value()) {
    message.set_q_value(*score.comparison.q_value);
  }
  WriteMethod(trend, score.trend.interval_rule, *message.mutable_method_info());
}

}  // namespace

void WriteResponse(const MetricQuery& query, const MetricResult& result, absl::Time now,
                   v1::QueryMetricResponse& response) {
  response.mutable_buckets()->Reserve(static_cast<int>(result.buckets.size()));
  for (const Bucket& bucket : result.buckets) {
    v1::MetricBucket& message = *response.add_buckets();
    WriteEdges(bucket, message);
    message.set_is_open(bucket.end > now);
  }
  response.mutable_series()->Reserve(static_cast<int>(result.series.size()));
  for (const MetricSeries& series : result.series) {
    v1::MetricSeries& message = *response.add_series();
    for (const GroupPart& part : series.group) {
      WriteGroup(part, *message.add_group_values());
    }
    WritePoints(series.points, query.include_histogram, *message.mutable_points());
  }
  WritePoints(result.total.points, query.include_histogram,
              *response.mutable_total()->mutable_points());
  WriteMethod(query, result.interval_rule, *response.mutable_method_info());
  response.set_sequence(SequenceOf(*query.view));
  response.set_cells_read(result.cost.cells_read);
  response.set_records_scanned(result.cost.records_scanned);
}

void WriteResponse(const MetricSides& sides, const ComparisonResult& result,
                   v1::CompareMetricResponse& response) {
  WriteSides(sides, result, response);
  WriteComparison(result.comparison, response);
  if (result.customer_correlation.has_value()) {
    response.set_customer_correlation(*result.customer_correlation);
  }
  response.set_looks(sides.plan.looks);
  *response.mutable_as_of() = ToTimestamp(sides.as_of);
  if (result.comparison.z_limit.has_value()) {
    response.set_z_limit(*result.comparison.z_limit);
  }
  if (result.comparison.information_fraction.has_value()) {
    response.set_information_fraction(*result.comparison.information_fraction);
  }
}

void WriteResponse(const MetricDecomposition& decomposition, const DecompositionResult& result,
                   v1::DecomposeChangeResponse& response) {
  WriteSides(decomposition.sides, result, response);
  WriteTests(result.tests, *response.mutable_method_info());
  if (result.delta.has_value()) {
    response.set_delta(*result.delta);
  }
  for (const KeyContributions& by_key : result.keys) {
    v1::DimensionContributions& message = *response.add_dimensions();
    message.set_key(by_key.key);
    message.mutable_contributions()->Reserve(static_cast<int>(by_key.contributions.size()));
    for (const statistics::Contribution& contribution : by_key.contributions) {
      WriteContribution(contribution, *message.add_contributions());
    }
  }
}

void WriteResponse(const Scorecard& scorecard, const ScorecardResult& result,
                   v1::GetScorecardResponse& response) {
  *response.mutable_as_of() = ToTimestamp(scorecard.as_of);
  response.set_sequence(SequenceOf(*scorecard.view));
  for (size_t i = 0; i < result.surveys.size(); ++i) {
    v1::SurveyScore& survey = *response.add_surveys();
    WriteScore(scorecard.trends[i], result.surveys[i], survey);
    WriteTests(result.tests, *survey.mutable_method_info());
  }
}

void WriteValue(const MetricValue& value, bool show_histogram, v1::MetricValue& message) {
  message.set_answers(value.answers);
  message.set_unscored(value.unscored);
  for (size_t i = 0; i < value.excluded.size(); ++i) {
    if (value.excluded[i] != 0) {
      v1::ExcludedCount& excluded = *message.add_excluded();
      excluded.set_reason(static_cast<v1::ExclusionReason>(i + 1));
      excluded.set_count(value.excluded[i]);
    }
  }
  message.set_suppressed(value.suppressed);
  if (value.customers.has_value()) {
    message.set_customers(*value.customers);
  }
  if (value.anonymous.has_value()) {
    message.set_anonymous(*value.anonymous);
  }
  if (show_histogram) {
    message.mutable_histogram()->Add(value.histogram.begin(), value.histogram.end());
  }
  if (value.estimate.has_value()) {
    message.set_value(value.estimate->value);
    if (value.estimate->standard_error.has_value()) {
      message.set_standard_error(*value.estimate->standard_error);
    }
    if (value.estimate->interval.has_value()) {
      message.set_low(value.estimate->interval->low);
      message.set_high(value.estimate->interval->high);
    }
  }
  if (value.numerator.has_value()) {
    message.set_numerator(*value.numerator);
  }
  if (value.denominator.has_value()) {
    message.set_denominator(*value.denominator);
  }
  if (value.classes.has_value()) {
    message.set_promoters(value.classes->promoters);
    message.set_passives(value.classes->passives);
    message.set_detractors(value.classes->detractors);
  }
  if (value.sample.has_value()) {
    message.set_effective_sample(value.sample->answers);
    message.set_design_effect(value.sample->design_effect);
  }
  message.set_grade(value.grade);
  message.set_grade_is_certain(value.grade_is_certain);
}

void WriteGroup(const GroupPart& part, v1::GroupValue& message) {
  switch (part.kind) {
    case GroupPart::Kind::kValue:
      message.set_value(part.text);
      break;
    case GroupPart::Kind::kNone:
      message.set_none(true);
      break;
    case GroupPart::Kind::kOther:
      message.set_other(true);
      break;
  }
}

}  // namespace emptychair
