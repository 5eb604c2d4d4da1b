#include "tests/service/model/metric_model.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "absl/strings/str_cat.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

constexpr size_t kPointsMax = 10'000;

// Begins the names of customers who are nobody known; no id begins so.
constexpr char kNobody[] = "\n";

// The first day of the calendar unit that `day` lies in.
absl::CivilDay UnitOf(v1::Granularity granularity, v1::WeekStart week_start, absl::CivilDay day) {
  switch (granularity) {
    case v1::GRANULARITY_WEEK: {
      const absl::Weekday first =
          week_start == v1::WEEK_START_SUNDAY ? absl::Weekday::sunday : absl::Weekday::monday;
      while (absl::GetWeekday(day) != first) {
        --day;
      }
      return day;
    }
    case v1::GRANULARITY_MONTH:
      return absl::CivilDay(day.year(), day.month(), 1);
    case v1::GRANULARITY_QUARTER:
      return absl::CivilDay(day.year(), (day.month() - 1) / 3 * 3 + 1, 1);
    case v1::GRANULARITY_YEAR:
      return absl::CivilDay(day.year(), 1, 1);
    default:
      return day;
  }
}

// The first day of the unit after, or (for -1) before the one that begins with `day`.
absl::CivilDay Step(v1::Granularity granularity, absl::CivilDay day, int direction) {
  switch (granularity) {
    case v1::GRANULARITY_WEEK:
      return day + 7 * direction;
    case v1::GRANULARITY_MONTH:
      return absl::CivilDay(day.year(), day.month() + direction, 1);
    case v1::GRANULARITY_QUARTER:
      return absl::CivilDay(day.year(), day.month() + 3 * direction, 1);
    case v1::GRANULARITY_YEAR:
      return absl::CivilDay(day.year() + direction, 1, 1);
    default:
      return day + direction;
  }
}

absl::Time HourOf(absl::Time time) {
  return absl::FromUnixSeconds(absl::ToUnixSeconds(time) / 3600 * 3600);
}

// All units of the query's granularity that lie, at least in part, in `span`, whole; before them
// `lookback` more.
std::vector<ModelSpan> UnitsOf(const v1::QueryMetricRequest& query, ModelSpan span, int lookback,
                               ModelCalendar& calendar) {
  std::vector<ModelSpan> units;
  if (query.granularity() == v1::GRANULARITY_HOUR) {
    for (absl::Time start = HourOf(span.start) - lookback * absl::Hours(1); start < span.end;
         start += absl::Hours(1)) {
      units.push_back({start, start + absl::Hours(1)});
    }
    return units;
  }
  const auto start_of = [&](absl::CivilDay day) { return calendar.FirstInstantFrom(day); };
  absl::CivilDay day = UnitOf(query.granularity(), query.week_start(), calendar.DayOf(span.start));
  for (int left = lookback; left > 0;) {
    const absl::CivilDay before = Step(query.granularity(), day, -1);
    left -= start_of(before) < start_of(day) ? 1 : 0;
    day = before;
  }
  while (start_of(day) < span.end) {
    const absl::CivilDay next = Step(query.granularity(), day, 1);
    if (start_of(day) < start_of(next)) {
      units.push_back({start_of(day), start_of(next)});
    }
    day = next;
  }
  return units;
}

bool Lists(const v1::LabelFilter& filter, const std::set<std::string>& names) {
  return std::any_of(filter.values().begin(), filter.values().end(),
                     [&](const std::string& value) { return names.count(value) == 1; });
}

bool Passes(const v1::QueryMetricRequest& query, const ModelSurvey& survey,
            const ModelAnswer& answer) {
  return std::none_of(
      query.filters().begin(), query.filters().end(), [&](const v1::LabelFilter& filter) {
        return Lists(filter, survey.NamesOf(answer, filter.key())) == filter.negate();
      });
}

// Whether an answer that `key` has these names of passes the filters of both sides on it.
bool PassesBoth(const v1::CompareMetricRequest& request, const std::string& key,
                const std::set<std::string>& names) {
  for (const v1::QueryMetricRequest* side : {&request.base(), &request.candidate()}) {
    for (const v1::LabelFilter& filter : side->filters()) {
      if (filter.key() == key && Lists(filter, names) == filter.negate()) {
        return false;
      }
    }
  }
  return true;
}

// Whether an answer of the survey can pass the filters of both sides on each key but `survey_id`.
bool CanPassBoth(const v1::CompareMetricRequest& request, const ModelSurvey& survey) {
  std::map<std::string, std::set<std::string>> values;
  for (const v1::QueryMetricRequest* side : {&request.base(), &request.candidate()}) {
    for (const v1::LabelFilter& filter : side->filters()) {
      values[filter.key()].insert(filter.values().begin(), filter.values().end());
      values[filter.key()].insert("a value that no filter names");
    }
  }
  values.erase("survey_id");
  return std::all_of(values.begin(), values.end(), [&](const auto& entry) {
    const auto& [key, some] = entry;
    const bool can_be_other = survey.IsDimension(key) && !survey.has_room();
    return std::any_of(some.begin(), some.end(), [&, &key = key](const std::string& value) {
      return PassesBoth(request, key, {value}) ||
             (can_be_other && PassesBoth(request, key, {value, "(other)"}));
    });
  });
}

ModelSpan SpanOf(const v1::TimeInterval& interval, ModelSpan open) {
  return {interval.has_start_time() ? FromTimestamp(interval.start_time()) : open.start,
          interval.has_end_time() ? FromTimestamp(interval.end_time()) : open.end};
}

// What both intervals cover; empty or turned round when that is nothing.
ModelSpan Overlap(const v1::CompareMetricRequest& request) {
  const ModelSpan all{absl::InfinitePast(), absl::InfiniteFuture()};
  const ModelSpan base = SpanOf(request.base().interval(), all);
  const ModelSpan candidate = SpanOf(request.candidate().interval(), all);
  return {std::max(base.start, candidate.start), std::min(base.end, candidate.end)};
}

void Add(const ModelPoint& from, ModelPoint& to) {
  for (const auto& [score, count] : from.histogram) {
    to.histogram[score] += count;
  }
  to.unscored += from.unscored;
  for (const auto& [reason, count] : from.excluded) {
    to.excluded[reason] += count;
  }
  to.customers += from.customers;
  for (const auto& [customer, scores] : from.by_customer) {
    std::vector<int>& all = to.by_customer[customer];
    all.insert(all.end(), scores.begin(), scores.end());
  }
}

ModelPoint PointOf(const ModelAnswer& answer, bool include_excluded) {
  ModelPoint point;
  const bool is_excluded = answer.exclusion != v1::EXCLUSION_REASON_UNSPECIFIED;
  if (is_excluded) {
    point.excluded[answer.exclusion] = 1;
  }
  if (is_excluded && !include_excluded) {
    return point;
  }
  if (answer.score.has_value()) {
    point.histogram[*answer.score] = 1;
    point.by_customer[answer.customer.empty()
                          ? absl::StrCat(kNobody, absl::Hex(reinterpret_cast<uintptr_t>(&answer)))
                          : answer.customer] = {*answer.score};
  } else {
    point.unscored = 1;
  }
  return point;
}

// An answer that passes the filters of a query.
struct PassingAnswer {
  std::string id;
  const ModelSurvey* survey;
  const ModelAnswer* answer;
  bool is_chosen = true;
};

// Those that pass, oldest first.
std::vector<PassingAnswer> PassingAnswers(const v1::QueryMetricRequest& query,
                                          const std::vector<const ModelSurvey*>& surveys) {
  std::vector<PassingAnswer> passing;
  for (const ModelSurvey* survey : surveys) {
    for (const auto& [id, answer] : survey->answers()) {
      if (Passes(query, *survey, answer)) {
        passing.push_back({id, survey, &answer});
      }
    }
  }
  std::sort(passing.begin(), passing.end(),
            [](const PassingAnswer& a, const PassingAnswer& b) { return a.id < b.id; });
  return passing;
}

bool ChoosesAmongCustomers(const v1::QueryMetricRequest& query) {
  return query.respondent_rule() > v1::RESPONDENT_RULE_ALL;
}

// Those of `passing` in `span`, the respondent rule applied to them.
std::vector<PassingAnswer> Respondents(const v1::QueryMetricRequest& query, ModelSpan span,
                                       const std::vector<PassingAnswer>& passing) {
  std::vector<PassingAnswer> inside;
  std::copy_if(passing.begin(), passing.end(), std::back_inserter(inside),
               [&](const PassingAnswer& one) {
                 return one.answer->time >= span.start && one.answer->time < span.end;
               });
  if (!ChoosesAmongCustomers(query)) {
    return inside;
  }
  std::map<std::string, PassingAnswer*> chosen;
  for (PassingAnswer& one : inside) {
    const bool is_excluded = one.answer->exclusion != v1::EXCLUSION_REASON_UNSPECIFIED;
    if (one.answer->customer.empty() || !one.answer->score.has_value() ||
        (is_excluded && !query.include_excluded())) {
      continue;
    }
    one.is_chosen = false;
    PassingAnswer*& choice = chosen[one.answer->customer];
    if (choice == nullptr || query.respondent_rule() == v1::RESPONDENT_RULE_LATEST_PER_CUSTOMER) {
      choice = &one;
    }
  }
  for (const auto& [customer, choice] : chosen) {
    choice->is_chosen = true;
  }
  return inside;
}

std::vector<std::string> GroupOf(const v1::QueryMetricRequest& query, const PassingAnswer& one) {
  std::vector<std::string> group;
  for (const std::string& key : query.group_by()) {
    group.push_back(one.survey->ValueOf(*one.answer, key));
  }
  return group;
}

// Counts each point by itself: of each, the buckets from `spans[i]` on, `trailing` of them.
void CountRespondents(const v1::QueryMetricRequest& query,
                      const std::vector<const ModelSurvey*>& surveys,
                      const std::vector<ModelSpan>& spans, size_t trailing, ModelResult& result) {
  const std::vector<PassingAnswer> passing = PassingAnswers(query, surveys);
  const size_t points = spans.size() + 1 - trailing;
  result.total.resize(points);
  for (size_t i = 0; i < points; ++i) {
    for (const PassingAnswer& one :
         Respondents(query, {spans[i].start, spans[i + trailing - 1].end}, passing)) {
      ModelPoint point = PointOf(*one.answer, query.include_excluded());
      if (!one.is_chosen) {
        if (point.excluded.empty()) {
          continue;
        }
        point.histogram = {};
        point.by_customer = {};
      }
      point.customers = point.scored() > 0 && !one.answer->customer.empty() ? 1 : 0;
      Add(point, result.groups.try_emplace(GroupOf(query, one), points).first->second[i]);
      Add(point, result.total[i]);
    }
  }
}

// Each point with those of the `trailing` - 1 buckets before it.
std::vector<ModelPoint> Trail(const std::vector<ModelPoint>& points, size_t trailing) {
  std::vector<ModelPoint> trailed;
  for (size_t last = trailing - 1; last < points.size(); ++last) {
    ModelPoint& sum = trailed.emplace_back();
    for (size_t i = last + 1 - trailing; i <= last; ++i) {
      Add(points[i], sum);
    }
  }
  return trailed;
}

// The interval of the query, its open edges set to those of the units with answers. Nothing when
// there is nothing to show.
std::optional<ModelSpan> IntervalOf(const v1::QueryMetricRequest& query,
                                    const std::vector<const ModelSurvey*>& surveys,
                                    ModelCalendar& calendar) {
  ModelSpan span{absl::InfinitePast(), absl::InfiniteFuture()};
  if (query.granularity() > v1::GRANULARITY_NONE &&
      !(query.interval().has_start_time() && query.interval().has_end_time())) {
    absl::Time first = absl::InfiniteFuture();
    absl::Time last = absl::InfinitePast();
    for (const ModelSurvey* survey : surveys) {
      for (const auto& [id, answer] : survey->answers()) {
        first = std::min(first, answer.time);
        last = std::max(last, answer.time);
      }
    }
    if (first > last) {
      return std::nullopt;
    }
    const absl::Duration tick = absl::Milliseconds(1);
    span.start = UnitsOf(query, {first, first + tick}, 0, calendar).front().start;
    span.end = UnitsOf(query, {last, last + tick}, 0, calendar).front().end;
  }
  span = SpanOf(query.interval(), span);
  if (span.start >= span.end) {
    return std::nullopt;
  }
  return span;
}

}  // namespace

absl::CivilDay ModelCalendar::DayOf(absl::Time time) const {
  absl::CivilDay day(zone_.At(time).cs);
  // The civil time just before the last change of the clock may have been further on.
  absl::TimeZone::CivilTransition change;
  // Changes are at whole seconds, and those before one are looked up by it.
  const absl::Time next_second = absl::FromUnixSeconds(absl::ToUnixSeconds(time) + 1);
  if (zone_.PrevTransition(next_second, &change)) {
    const absl::Time changed = zone_.At(change.to).trans;
    if (time - changed < absl::Hours(24)) {
      day = std::max(day, absl::CivilDay(change.from - 1));
    }
  }
  return day;
}

absl::Time ModelCalendar::FirstInstantFrom(absl::CivilDay day) {
  const auto [known, is_new] = known_.try_emplace(day);
  if (is_new) {
    // No zone is as much as two days off UTC.
    const int64_t utc_ms = absl::ToUnixMillis(absl::FromCivil(day, absl::UTCTimeZone()));
    int64_t before = utc_ms - 2 * 86'400'000;
    int64_t from = utc_ms + 2 * 86'400'000;
    while (from - before > 1) {
      const int64_t middle = before + (from - before) / 2;
      (DayOf(absl::FromUnixMillis(middle)) < day ? before : from) = middle;
    }
    known->second = absl::FromUnixMillis(from);
  }
  return known->second;
}

int64_t ModelPoint::Count(int low, int high) const {
  int64_t count = 0;
  for (const auto& [score, times] : histogram) {
    count += low <= score && score <= high ? times : 0;
  }
  return count;
}

int64_t ModelPoint::known_customers() const {
  return std::count_if(by_customer.begin(), by_customer.end(),
                       [](const auto& customer) { return customer.first[0] != kNobody[0]; });
}

int64_t ModelPoint::scored() const {
  return Count(std::numeric_limits<int>::min(), std::numeric_limits<int>::max());
}

ModelResult Recount(const v1::QueryMetricRequest& query,
                    const std::vector<const ModelSurvey*>& surveys, ModelCalendar& calendar) {
  ModelResult result;
  result.min_sample = query.min_sample();
  for (const ModelSurvey* survey : surveys) {
    result.min_sample = std::max(result.min_sample, survey->min_sample());
  }
  const std::optional<ModelSpan> interval = IntervalOf(query, surveys, calendar);
  if (!interval.has_value()) {
    if (query.group_by().empty()) {
      result.groups[{}];
    }
    return result;
  }
  const size_t trailing = std::max(query.trailing_buckets(), 1);
  std::vector<ModelSpan> spans;
  if (query.granularity() <= v1::GRANULARITY_NONE) {
    spans.push_back(*interval);
  } else {
    spans = UnitsOf(query, *interval, static_cast<int>(trailing) - 1, calendar);
    spans.back().end = std::min(spans.back().end, interval->end);
    if (trailing == 1) {
      spans.front().start = std::max(spans.front().start, interval->start);
    }
  }
  result.buckets.assign(spans.begin() + trailing - 1, spans.end());
  result.buckets.front().start = std::max(result.buckets.front().start, interval->start);

  if (ChoosesAmongCustomers(query)) {
    CountRespondents(query, surveys, spans, trailing, result);
    result.too_many =
        result.buckets.size() > kPointsMax ||
        (result.groups.size() > 1 && result.groups.size() * spans.size() > kPointsMax);
    if (query.group_by().empty()) {
      result.groups.try_emplace(std::vector<std::string>(), result.buckets.size());
    }
    return result;
  }
  std::map<std::vector<std::string>, std::vector<ModelPoint>> groups;
  std::vector<ModelPoint> total(spans.size());
  for (const ModelSurvey* survey : surveys) {
    for (const auto& [id, answer] : survey->answers()) {
      if (answer.time < spans.front().start || answer.time >= spans.back().end ||
          !Passes(query, *survey, answer)) {
        continue;
      }
      std::vector<std::string> group;
      for (const std::string& key : query.group_by()) {
        group.push_back(survey->ValueOf(answer, key));
      }
      const size_t bucket = std::partition_point(spans.begin(), spans.end(),
                                                 [time = answer.time](const ModelSpan& span) {
                                                   return span.end <= time;
                                                 }) -
                            spans.begin();
      const ModelPoint one = PointOf(answer, query.include_excluded());
      Add(one, groups.try_emplace(group, spans.size()).first->second[bucket]);
      Add(one, total[bucket]);
    }
  }
  // Of the buckets before the interval, one group has any number.
  result.too_many = result.buckets.size() > kPointsMax ||
                    (groups.size() > 1 && groups.size() * spans.size() > kPointsMax);
  if (result.too_many) {
    return result;
  }
  if (query.group_by().empty()) {
    groups.try_emplace(std::vector<std::string>(), spans.size());
  }
  for (const auto& [group, points] : groups) {
    result.groups[group] = Trail(points, trailing);
  }
  result.total = Trail(total, trailing);
  return result;
}

std::vector<std::pair<std::string, v1::CountedAs>> ExplainPoint(
    const v1::QueryMetricRequest& query, const std::vector<const ModelSurvey*>& surveys,
    const std::optional<std::vector<std::string>>& group, ModelSpan span) {
  std::vector<std::pair<std::string, v1::CountedAs>> rows;
  for (const PassingAnswer& one : Respondents(query, span, PassingAnswers(query, surveys))) {
    if (!one.is_chosen || (group.has_value() && GroupOf(query, one) != *group)) {
      continue;
    }
    const std::optional<int> score = one.answer->score;
    const bool is_left_out =
        one.answer->exclusion != v1::EXCLUSION_REASON_UNSPECIFIED && !query.include_excluded();
    rows.emplace_back(one.id, is_left_out          ? v1::COUNTED_AS_EXCLUDED
                              : !score.has_value() ? v1::COUNTED_AS_UNSCORED
                              : *score >= 9        ? v1::COUNTED_AS_PROMOTER
                              : *score >= 7        ? v1::COUNTED_AS_PASSIVE
                                                   : v1::COUNTED_AS_DETRACTOR);
  }
  std::reverse(rows.begin(), rows.end());
  return rows;
}

bool CanShare(const v1::CompareMetricRequest& request,
              const std::vector<const ModelSurvey*>& surveys) {
  const ModelSpan overlap = Overlap(request);
  if (overlap.start >= overlap.end) {
    return false;
  }
  const auto asks = [](const v1::QueryMetricRequest& side, const std::string& id) {
    return std::find(side.survey_ids().begin(), side.survey_ids().end(), id) !=
           side.survey_ids().end();
  };
  return std::any_of(surveys.begin(), surveys.end(), [&](const ModelSurvey* survey) {
    const std::string& id = survey->survey_id();
    return asks(request.base(), id) && asks(request.candidate(), id) &&
           PassesBoth(request, "survey_id", {id}) && CanPassBoth(request, *survey);
  });
}

int CountShared(const v1::CompareMetricRequest& request,
                const std::vector<const ModelSurvey*>& surveys) {
  const ModelSpan overlap = Overlap(request);
  int shared = 0;
  for (const ModelSurvey* survey : surveys) {
    const auto asks = [&](const v1::QueryMetricRequest& side, const ModelAnswer& answer) {
      return std::find(side.survey_ids().begin(), side.survey_ids().end(), survey->survey_id()) !=
                 side.survey_ids().end() &&
             Passes(side, *survey, answer);
    };
    for (const auto& [id, answer] : survey->answers()) {
      shared += answer.time >= overlap.start && answer.time < overlap.end &&
                asks(request.base(), answer) && asks(request.candidate(), answer);
    }
  }
  return shared;
}

}  // namespace emptychair::testing
