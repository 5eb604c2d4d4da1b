#include "tests/service/model/metric_random.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {

const std::vector<ZoneRow>& ZoneRows() {
  static const auto* const rows = new std::vector<ZoneRow>{
      {"UTC", "2023-10-01T00:00:00Z", {"2024-01-01T00:00:00Z", "2024-02-29T00:00:00Z"}},
      {"Europe/Berlin", "2023-10-01T00:00:00Z", {"2023-10-29T01:00:00Z", "2024-03-31T01:00:00Z"}},
      {"Asia/Kathmandu", "2023-12-01T00:00:00Z", {"2023-12-31T18:15:00Z"}},
      {"Australia/Lord_Howe", "2023-09-15T00:00:00Z", {"2023-09-30T15:30:00Z"}},
      // The clock goes back, and forth, at midnight.
      {"America/Sao_Paulo", "2018-01-15T00:00:00Z", {"2018-02-18T02:00:00Z"}},
      {"America/Sao_Paulo", "2018-09-15T00:00:00Z", {"2018-11-04T03:00:00Z"}},
      // At a minute past midnight it goes back into the day before.
      {"America/St_Johns", "2010-09-15T00:00:00Z", {"2010-11-07T02:31:00Z"}},
      // A date is skipped.
      {"Pacific/Apia", "2011-11-01T00:00:00Z", {"2011-12-30T10:00:00Z"}},
  };
  return *rows;
}

const std::vector<std::string>& LabelKeys() {
  static const auto* const keys = new std::vector<std::string>{"region", "channel", "agent"};
  return *keys;
}

std::vector<std::string> MetricRandom::SomeOf(std::vector<std::string> keys) {
  std::shuffle(keys.begin(), keys.end(), random_);
  keys.resize(Uniform(0, static_cast<int>(keys.size())));
  return keys;
}

absl::Time MetricRandom::Time(const ZoneRow& row) {
  const absl::Time anywhere =
      At(row.start) + absl::Hours(Uniform(0, 180 * 24)) + absl::Milliseconds(Uniform(0, 3'600'000));
  switch (Uniform(0, 3)) {
    case 0:
      return anywhere;
    case 1:
      return At(OneOf(row.moments)) + absl::Milliseconds(Uniform(-10'000'000, 10'000'000));
    case 2:
      return At(OneOf(row.moments)) + absl::Minutes(Uniform(-120, 120)) +
             absl::Milliseconds(Uniform(-1, 1));
    default: {
      const absl::TimeZone zone = Zone(row.name);
      return absl::FromCivil(absl::CivilMonth(zone.At(anywhere).cs), zone) +
             absl::Milliseconds(Uniform(-2, 2));
    }
  }
}

std::optional<int> MetricRandom::Score() {
  return OneIn(8) ? std::nullopt : std::optional<int>(Uniform(0, 10));
}

std::string MetricRandom::Customer() {
  return OneIn(4) ? "" : absl::StrCat("customer ", Uniform(1, 60));
}

std::map<std::string, std::string> MetricRandom::Labels() {
  std::map<std::string, std::string> labels;
  for (const std::string& key : LabelKeys()) {
    if (!OneIn(5)) {
      labels[key] = absl::StrCat(key, Uniform(1, key == "region" ? 4 : 3));
    }
  }
  return labels;
}

std::string MetricRandom::Comment() {
  static const std::vector<std::string>* const words = new std::vector<std::string>{
      "slow", "Slow", "FAST", "fast", "friendly", "price", "Price", "the", "42", "!", "-"};
  std::string comment;
  for (int i = Uniform(0, 6); i > 0; --i) {
    absl::StrAppend(&comment, OneOf(*words), i == 1 ? "" : " ");
  }
  return comment;
}

v1::TimeInterval MetricRandom::Interval(const ZoneRow& row, v1::Granularity granularity) {
  absl::Time start = Time(row);
  absl::Time end = Time(row);
  if (end < start) {
    std::swap(start, end);
  }
  // Sometimes the points are too many, but rarely.
  if (granularity == v1::GRANULARITY_HOUR && !OneIn(10)) {
    end = std::min(end, start + absl::Hours(300));
  }
  end = std::max(end, start + absl::Milliseconds(1));
  v1::TimeInterval interval;
  if (!OneIn(4)) {
    *interval.mutable_start_time() = Timestamp(start);
  }
  if (!OneIn(4)) {
    *interval.mutable_end_time() = Timestamp(end);
  }
  return interval;
}

v1::LabelFilter MetricRandom::Filter(const std::vector<const ModelSurvey*>& surveys) {
  v1::LabelFilter filter;
  filter.set_key(OneIn(4) ? "survey_id" : OneOf(LabelKeys()));
  filter.set_negate(OneIn(2));
  for (int i = Uniform(1, 3); i > 0; --i) {
    filter.add_values(filter.key() == "survey_id" ? OneOf(surveys)->survey_id()
                      : OneIn(4)                  ? "(none)"
                      : OneIn(4)                  ? "(other)"
                                                  : absl::StrCat(filter.key(), Uniform(1, 4)));
  }
  return filter;
}

std::vector<std::string> MetricRandom::SomeKeys(const std::vector<const ModelSurvey*>& surveys) {
  std::vector<std::string> groupable = {"survey_id"};
  std::copy_if(LabelKeys().begin(), LabelKeys().end(), std::back_inserter(groupable),
               [&](const std::string& key) {
                 return std::all_of(surveys.begin(), surveys.end(), [&](const ModelSurvey* survey) {
                   return survey->IsDimension(key);
                 });
               });
  return SomeOf(groupable);
}

v1::QueryMetricRequest MetricRandom::Query(const ZoneRow& row,
                                           const std::vector<const ModelSurvey*>& surveys) {
  v1::QueryMetricRequest query;
  for (const ModelSurvey* survey : surveys) {
    query.add_survey_ids(survey->survey_id());
  }
  query.set_granularity(static_cast<v1::Granularity>(Uniform(0, 7)));
  query.set_week_start(static_cast<v1::WeekStart>(Uniform(0, 2)));
  if (query.granularity() > v1::GRANULARITY_NONE && OneIn(3)) {
    query.set_trailing_buckets(Uniform(0, OneIn(4) ? 40 : 4));
  }
  *query.mutable_interval() = Interval(row, query.granularity());
  for (const std::string& key : SomeKeys(surveys)) {
    query.add_group_by(key);
  }
  for (int i = Uniform(-1, 3); i > 0; --i) {
    *query.add_filters() = Filter(surveys);
  }
  if (OneIn(2)) {
    query.set_respondent_rule(static_cast<v1::RespondentRule>(Uniform(0, 3)));
  }
  const double confidences[] = {0, 0.80, 0.90, 0.95, 0.99};
  query.set_confidence(OneOf(confidences));
  const v1::IntervalRule rules[] = {v1::INTERVAL_RULE_UNSPECIFIED, v1::INTERVAL_RULE_UNSPECIFIED,
                                    v1::INTERVAL_RULE_CUSTOMERS, v1::INTERVAL_RULE_ANSWERS};
  query.set_interval_rule(OneOf(rules));
  query.set_min_sample(OneIn(3) ? Uniform(0, 20) : 0);
  query.set_include_excluded(OneIn(2));
  query.set_include_histogram(OneIn(2));
  return query;
}

v1::CompareMetricRequest MetricRandom::Comparison(
    const ZoneRow& row, const std::vector<const ModelSurvey*>& base_surveys,
    const std::vector<const ModelSurvey*>& candidate_surveys) {
  v1::CompareMetricRequest request;
  v1::QueryMetricRequest& base = *request.mutable_base();
  v1::QueryMetricRequest& candidate = *request.mutable_candidate();
  base = Query(row, base_surveys);
  candidate = Query(row, candidate_surveys);
  for (v1::QueryMetricRequest* side : {&base, &candidate}) {
    side->set_granularity(OneIn(2) ? v1::GRANULARITY_NONE : v1::GRANULARITY_UNSPECIFIED);
    side->clear_trailing_buckets();
    side->clear_group_by();
    side->clear_include_histogram();
    if (OneIn(2)) {
      side->clear_filters();
    }
  }
  candidate.set_confidence(base.confidence());
  candidate.set_interval_rule(base.interval_rule());
  // Some end after the server's clock.
  request.set_looks(v1::LOOKS_ONCE);
  candidate.set_include_excluded(base.include_excluded());
  // The default is ALL.
  base.set_respondent_rule(std::max(base.respondent_rule(), v1::RESPONDENT_RULE_ALL));
  candidate.set_respondent_rule(base.respondent_rule());
  switch (Uniform(0, 3)) {
    case 0: {
      const google::protobuf::Timestamp edge = Timestamp(Time(row));
      base.clear_interval();
      candidate.clear_interval();
      *base.mutable_interval()->mutable_end_time() = edge;
      *candidate.mutable_interval()->mutable_start_time() = edge;
      if (OneIn(2)) {
        base.mutable_interval()->Swap(candidate.mutable_interval());
      }
      break;
    }
    case 1: {
      *candidate.mutable_interval() = base.interval();
      const v1::LabelFilter filter = Filter(base_surveys);
      *base.add_filters() = filter;
      *candidate.add_filters() = filter;
      candidate.mutable_filters(candidate.filters_size() - 1)->set_negate(!filter.negate());
      break;
    }
    case 2:
      *candidate.mutable_interval() = base.interval();
      break;
    default:
      break;
  }
  return request;
}

v1::DecomposeChangeRequest MetricRandom::Change(const ZoneRow& row,
                                                const std::vector<const ModelSurvey*>& base,
                                                const std::vector<const ModelSurvey*>& candidate) {
  std::vector<const ModelSurvey*> both = base;
  both.insert(both.end(), candidate.begin(), candidate.end());
  return ChangeOf(Comparison(row, base, candidate), SomeKeys(both));
}

v1::CompareWordsRequest MetricRandom::Words(const ZoneRow& row,
                                            const std::vector<const ModelSurvey*>& base,
                                            const std::vector<const ModelSurvey*>& candidate) {
  v1::CompareMetricRequest sides = Comparison(row, base, candidate);
  v1::CompareWordsRequest request;
  sides.mutable_base()->clear_interval_rule();
  sides.mutable_candidate()->clear_interval_rule();
  request.mutable_base()->Swap(sides.mutable_base());
  request.set_by_class(OneIn(3));
  if (!request.by_class()) {
    request.mutable_candidate()->Swap(sides.mutable_candidate());
    // Each side can ask in its own way.
    request.mutable_candidate()->set_include_excluded(OneIn(2));
  }
  request.set_min_comments(Uniform(0, 12));
  request.set_limit(Uniform(0, 6));
  return request;
}

}  // namespace emptychair::testing
