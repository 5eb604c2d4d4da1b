#include "server/counting/metric_query.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "google/protobuf/util/message_differencer.h"
#include "server/counting/interval_rule.h"
#include "server/request/validation.h"
#include "server/surveys/survey.h"

namespace emptychair {
namespace {

constexpr int kSurveysMax = 32;
constexpr int kGroupByMax = 8;

absl::StatusOr<std::vector<const storage::SurveyView*>> CheckSurveys(
    const storage::View& view, const v1::QueryMetricRequest& request) {
  if (request.survey_ids().empty()) {
    return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, "survey_ids", "must be given");
  }
  if (request.survey_ids_size() > kSurveysMax) {
    return FieldError(
        v1::ERROR_REASON_FIELD_INVALID, "survey_ids",
        absl::StrCat("got ", request.survey_ids_size(), " ids, wanted 1 to ", kSurveysMax));
  }
  return FindSurveys(view, request.survey_ids(), /*pooled=*/true);
}

absl::Status CheckBuckets(const v1::QueryMetricRequest& request, MetricQuery& query) {
  RETURN_IF_ERROR(CheckEnum("granularity", request.granularity(), v1::Granularity_IsValid));
  RETURN_IF_ERROR(CheckEnum("week_start", request.week_start(), v1::WeekStart_IsValid));
  RETURN_IF_ERROR(SetGranularity(request.granularity(), request.week_start(), query));
  RETURN_IF_ERROR(
      CheckRange("trailing_buckets", request.trailing_buckets(), 0, kTrailingBucketsMax));
  query.trailing_buckets = std::max(request.trailing_buckets(), 1);
  if (query.trailing_buckets > 1 && query.granularity == v1::GRANULARITY_NONE) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "trailing_buckets",
                      absl::StrCat("got ", query.trailing_buckets,
                                   ", which needs a granularity other than NONE"));
  }
  ASSIGN_OR_RETURN(query.interval, CheckInterval(request.interval()));
  return absl::OkStatus();
}

absl::Status CheckRespondents(const v1::QueryMetricRequest& request, MetricQuery& query) {
  RETURN_IF_ERROR(
      CheckEnum("respondent_rule", request.respondent_rule(), v1::RespondentRule_IsValid));
  if (request.respondent_rule() > v1::RESPONDENT_RULE_ALL) {
    if (query.method->kind() == statistics::ScoreMethod::Kind::kCount) {
      return FieldError(v1::ERROR_REASON_FIELD_INVALID, "respondent_rule",
                        absl::StrCat("got ", v1::RespondentRule_Name(request.respondent_rule()),
                                     ", wanted ALL: answers of a survey of kind TEXT have no score "
                                     "to choose among"));
    }
    query.respondent_rule = request.respondent_rule();
  }
  return absl::OkStatus();
}

absl::Status CheckGroupBy(const v1::QueryMetricRequest& request, MetricQuery& query) {
  if (request.group_by_size() > kGroupByMax) {
    return FieldError(
        v1::ERROR_REASON_FIELD_INVALID, "group_by",
        absl::StrCat("got ", request.group_by_size(), " keys, wanted at most ", kGroupByMax));
  }
  RETURN_IF_ERROR(CheckGroupKeys("group_by", request.group_by(), query.surveys));
  query.group_by.assign(request.group_by().begin(), request.group_by().end());
  return absl::OkStatus();
}

absl::Status CheckIntervals(const v1::QueryMetricRequest& request, MetricQuery& query) {
  ASSIGN_OR_RETURN(query.confidence, statistics::Confidence::Of(request.confidence()));
  RETURN_IF_ERROR(CheckIntervalRule("interval_rule", request.interval_rule(), query));
  query.interval_rule = request.interval_rule();
  if (request.population() == 0) {
    return absl::OkStatus();
  }
  const auto invalid = [&](absl::string_view wanted) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "population",
                      absl::StrCat("got ", request.population(), ", wanted ", wanted));
  };
  if (request.population() < 0) {
    return invalid("at least as many customers as answered");
  }
  if (request.group_by_size() > 0) {
    return invalid("none with group_by: each group has a population of its own");
  }
  if (query.method->kind() == statistics::ScoreMethod::Kind::kCount) {
    return invalid("none: a COUNT is exact");
  }
  if (query.interval_rule != v1::INTERVAL_RULE_UNSPECIFIED &&
      query.interval_rule != v1::INTERVAL_RULE_CUSTOMERS) {
    return invalid(absl::StrCat("none with ", v1::IntervalRule_Name(query.interval_rule),
                                ": who was heard is counted by customer"));
  }
  query.population = request.population();
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<const storage::SurveyView*>> FindSurveys(
    const storage::View& view, const google::protobuf::RepeatedPtrField<std::string>& survey_ids,
    bool pooled) {
  std::vector<const storage::SurveyView*> surveys;
  absl::flat_hash_set<const storage::SurveyView*> seen;
  for (int i = 0; i < survey_ids.size(); ++i) {
    const std::string field = absl::StrCat("survey_ids[", i, "]");
    ASSIGN_OR_RETURN(const storage::SurveyView* survey, FindSurvey(view, field, survey_ids[i]));
    if (!seen.insert(survey).second) {
      return FieldError(v1::ERROR_REASON_FIELD_INVALID, field,
                        absl::StrCat("got \"", survey_ids[i], "\" twice"));
    }
    if (pooled && !surveys.empty()) {
      RETURN_IF_ERROR(CheckPoolable(*surveys.front(), *survey, field));
    }
    surveys.push_back(survey);
  }
  return surveys;
}

absl::Status CheckPoolable(const storage::SurveyView& first, const storage::SurveyView& other,
                           absl::string_view field) {
  const store::v1::StoredSurvey& a = *first.definition;
  const store::v1::StoredSurvey& b = *other.definition;
  ASSIGN_OR_RETURN(const bool have_same_days, HaveSameDays(a, b));
  if (a.kind() != b.kind() || !have_same_days ||
      !google::protobuf::util::MessageDifferencer::Equals(a.scale(), b.scale())) {
    return FieldError(v1::ERROR_REASON_SURVEYS_NOT_POOLABLE, field,
                      absl::StrCat("the surveys ", a.survey_id(), " and ", b.survey_id(),
                                   " differ in kind, scale or time zone, so their answers cannot "
                                   "be counted together or compared"));
  }
  return absl::OkStatus();
}

absl::Status CheckGroupKeys(absl::string_view field,
                            const google::protobuf::RepeatedPtrField<std::string>& keys,
                            const std::vector<const storage::SurveyView*>& surveys) {
  for (auto key = keys.begin(); key != keys.end(); ++key) {
    const std::string path = absl::StrCat(field, "[", key - keys.begin(), "]");
    RETURN_IF_ERROR(CheckName(path, *key));
    if (std::find(keys.begin(), key, *key) != key) {
      return FieldError(v1::ERROR_REASON_FIELD_INVALID, path,
                        absl::StrCat("got \"", *key, "\" twice"));
    }
    for (const storage::SurveyView* survey : surveys) {
      if (*key != kSurveyIdKey && !survey->DimensionOf(*key).has_value()) {
        const std::string& survey_id = survey->definition->survey_id();
        return FieldError(v1::ERROR_REASON_NOT_A_DIMENSION, path,
                          absl::StrCat("got \"", *key, "\", which the survey ", survey_id,
                                       " does not declare as a dimension"),
                          {{"survey_id", survey_id}});
      }
    }
  }
  return absl::OkStatus();
}

absl::Status SetGranularity(v1::Granularity granularity, v1::WeekStart week_start,
                            MetricQuery& query) {
  query.granularity =
      granularity == v1::GRANULARITY_UNSPECIFIED ? v1::GRANULARITY_NONE : granularity;
  query.week_start = query.granularity != v1::GRANULARITY_WEEK  ? v1::WEEK_START_UNSPECIFIED
                     : week_start == v1::WEEK_START_UNSPECIFIED ? v1::WEEK_START_MONDAY
                                                                : week_start;
  const bool has_local_days =
      query.granularity != v1::GRANULARITY_NONE && query.granularity != v1::GRANULARITY_HOUR;
  return has_local_days ? ZoneOf(*query.surveys.front()->definition).status() : absl::OkStatus();
}

absl::StatusOr<MetricQuery> MakeMetricQuery(std::shared_ptr<const storage::View> view,
                                            std::vector<const storage::SurveyView*> surveys) {
  MetricQuery query;
  query.view = std::move(view);
  query.surveys = std::move(surveys);
  const store::v1::StoredSurvey& definition = *query.surveys.front()->definition;
  const absl::StatusOr<absl::TimeZone> zone = ZoneOf(definition);
  query.zone = zone.value_or(absl::UTCTimeZone());
  query.is_zone_known = zone.ok();
  ASSIGN_OR_RETURN(query.method, statistics::ScoreMethod::Resolve(
                                     definition.kind(), definition.scale(),
                                     v1::METRIC_METHOD_UNSPECIFIED, /*top_box_min=*/std::nullopt));
  for (const storage::SurveyView* survey : query.surveys) {
    query.min_sample =
        std::max(query.min_sample, static_cast<int32_t>(survey->definition->min_sample()));
  }
  return query;
}

absl::StatusOr<MetricQuery> PrepareMetricQuery(std::shared_ptr<const storage::View> view,
                                               const v1::QueryMetricRequest& request) {
  ASSIGN_OR_RETURN(std::vector<const storage::SurveyView*> surveys, CheckSurveys(*view, request));
  ASSIGN_OR_RETURN(MetricQuery query, MakeMetricQuery(std::move(view), std::move(surveys)));
  RETURN_IF_ERROR(CheckEnum("method", request.method(), v1::MetricMethod_IsValid));
  std::optional<int> top_box_min;
  if (request.has_top_box_min()) {
    top_box_min = request.top_box_min();
  }
  const store::v1::StoredSurvey& definition = *query.surveys.front()->definition;
  ASSIGN_OR_RETURN(query.method,
                   statistics::ScoreMethod::Resolve(definition.kind(), definition.scale(),
                                                    request.method(), top_box_min));
  RETURN_IF_ERROR(CheckRespondents(request, query));
  RETURN_IF_ERROR(CheckBuckets(request, query));
  RETURN_IF_ERROR(CheckGroupBy(request, query));
  RETURN_IF_ERROR(CheckFilters(request.filters()));
  query.filters.assign(request.filters().begin(), request.filters().end());
  if (!query.filters.empty()) {
    query.unmatched = std::make_shared<UnmatchedFilters>(query.surveys, query.filters);
  }
  RETURN_IF_ERROR(CheckIntervals(request, query));
  RETURN_IF_ERROR(CheckRange("min_sample", request.min_sample(), 0, kMinSampleMax));
  query.min_sample = std::max(query.min_sample, request.min_sample());
  query.include_excluded = request.include_excluded();
  query.include_histogram = request.include_histogram();
  return query;
}

absl::Status AddUnmatched(const storage::Store& store, const MetricQuery& query,
                          google::protobuf::RepeatedPtrField<v1::UnmatchedFilter>& unmatched) {
  return query.unmatched == nullptr ? absl::OkStatus()
                                    : query.unmatched->AddTo(store, *query.view, unmatched);
}

void ReachEnd(const MetricQuery& query) {
  if (query.unmatched != nullptr && !query.interval.start.has_value() &&
      !query.interval.end.has_value()) {
    query.unmatched->ReachEnd();
  }
}

absl::Status TooManyPoints(size_t points) {
  const std::string count = absl::StrCat(points);
  const std::string limit = absl::StrCat(kPointsMax);
  return Error(v1::ERROR_REASON_TOO_MANY_POINTS,
               absl::StrCat("the answer would have ", count, " points or more, wanted at most ",
                            limit, "; ask for longer buckets, a shorter interval or fewer groups"),
               {{"points", count}, {"limit", limit}});
}

absl::Status CheckShown(const MetricQuery& query, int64_t answers) {
  if (answers >= query.min_sample ||
      query.method->kind() == statistics::ScoreMethod::Kind::kCount) {
    return absl::OkStatus();
  }
  return Error(
      v1::ERROR_REASON_SUPPRESSED,
      absl::StrCat("the point rests on ", answers, " scored answers, wanted at least ",
                   query.min_sample, " to show what it is made of"),
      {{"answers", absl::StrCat(answers)}, {"min_sample", absl::StrCat(query.min_sample)}});
}

}  // namespace emptychair
