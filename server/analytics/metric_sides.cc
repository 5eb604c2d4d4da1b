#include "server/analytics/metric_sides.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "server/counting/interval_rule.h"
#include "server/counting/series_groups.h"
#include "server/request/validation.h"

namespace emptychair {
namespace {

constexpr absl::string_view kBase = "base";
constexpr absl::string_view kCandidate = "candidate";

absl::Status Invalid(absl::string_view field, absl::string_view description) {
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, field, description);
}

// A side is one value, without buckets, groups or a histogram.
absl::Status CheckOneValue(const v1::QueryMetricRequest& side) {
  RETURN_IF_ERROR(CheckEnum("granularity", side.granularity(), v1::Granularity_IsValid));
  if (side.granularity() > v1::GRANULARITY_NONE) {
    return Invalid("granularity", absl::StrCat("got ", v1::Granularity_Name(side.granularity()),
                                               ", wanted none: each side is one value"));
  }
  RETURN_IF_ERROR(CheckRange("trailing_buckets", side.trailing_buckets(), 0, 1));
  if (!side.group_by().empty()) {
    return Invalid("group_by", absl::StrCat("got ", side.group_by_size(),
                                            " keys, wanted none: each side is one value"));
  }
  RETURN_IF_ERROR(CheckNoPopulation(side));
  if (side.include_histogram()) {
    return Invalid("include_histogram", "got true, wanted false: QueryMetric has histograms");
  }
  return absl::OkStatus();
}

// A value that has an error bar.
absl::StatusOr<MetricQuery> PrepareComparable(std::shared_ptr<const storage::View> view,
                                              const v1::QueryMetricRequest& side) {
  ASSIGN_OR_RETURN(MetricQuery query, PrepareMetricSide(std::move(view), side));
  if (query.method->kind() == statistics::ScoreMethod::Kind::kCount) {
    return Invalid("method", "got COUNT, which has no error bar");
  }
  return query;
}

// `field` of the candidate, as texts.
absl::Status CheckSame(absl::string_view field, absl::string_view base,
                       absl::string_view candidate) {
  if (base != candidate) {
    return Invalid(field, absl::StrCat("got ", candidate, ", wanted that of base, ", base));
  }
  return absl::OkStatus();
}

// Both sides ask for the same value. Fields are the candidate's.
absl::Status CheckSameMetric(const MetricQuery& base, const MetricQuery& candidate) {
  RETURN_IF_ERROR(
      CheckPoolable(*base.surveys.front(), *candidate.surveys.front(), "survey_ids[0]"));
  RETURN_IF_ERROR(CheckSame("method", v1::MetricMethod_Name(base.method->method()),
                            v1::MetricMethod_Name(candidate.method->method())));
  // A method has one or none.
  RETURN_IF_ERROR(CheckSame("top_box_min", absl::StrCat(base.method->top_box_min().value_or(0)),
                            absl::StrCat(candidate.method->top_box_min().value_or(0))));
  RETURN_IF_ERROR(CheckSame("respondent_rule", v1::RespondentRule_Name(base.respondent_rule),
                            v1::RespondentRule_Name(candidate.respondent_rule)));
  RETURN_IF_ERROR(CheckSame("interval_rule", v1::IntervalRule_Name(base.interval_rule),
                            v1::IntervalRule_Name(candidate.interval_rule)));
  RETURN_IF_ERROR(CheckSame("confidence", absl::StrCat(base.confidence.level()),
                            absl::StrCat(candidate.confidence.level())));
  return CheckSame("include_excluded", base.include_excluded ? "true" : "false",
                   candidate.include_excluded ? "true" : "false");
}

bool EndsBefore(const TimeSpan& a, const TimeSpan& b) {
  return a.end.has_value() && b.start.has_value() && *a.end <= *b.start;
}

// Whether a value can pass all of these filters, which are on one key.
bool CanPassAll(const std::vector<const v1::LabelFilter*>& filters) {
  const auto first = std::find_if(filters.begin(), filters.end(),
                                  [](const v1::LabelFilter* filter) { return !filter->negate(); });
  if (first == filters.end()) {
    return true;  // All leave values out, and there are always others.
  }
  absl::flat_hash_set<absl::string_view> left((*first)->values().begin(), (*first)->values().end());
  for (const v1::LabelFilter* filter : filters) {
    const absl::flat_hash_set<absl::string_view> listed(filter->values().begin(),
                                                        filter->values().end());
    absl::erase_if(
        left, [&](absl::string_view value) { return listed.contains(value) == filter->negate(); });
  }
  return !left.empty();
}

// Whether an answer that is `(other)` can pass all of these filters, which are on one key: those
// that list `(other)` whatever its label, the rest by that.
bool CanOtherPassAll(const std::vector<const v1::LabelFilter*>& filters) {
  std::vector<const v1::LabelFilter*> on_label;
  for (const v1::LabelFilter* filter : filters) {
    if (!Lists(*filter, kOtherValue)) {
      on_label.push_back(filter);
    } else if (filter->negate()) {
      return false;
    }
  }
  return CanPassAll(on_label);
}

// Whether one answer of `survey`, which has one value for a key, can pass the filters of both.
bool CanPassBoth(const storage::SurveyView& survey, const MetricQuery& base,
                 const MetricQuery& candidate) {
  std::map<absl::string_view, std::vector<const v1::LabelFilter*>> filters_by_key;
  for (const MetricQuery* side : {&base, &candidate}) {
    for (const v1::LabelFilter& filter : side->filters) {
      filters_by_key[filter.key()].push_back(&filter);
    }
  }
  const bool has_others = survey.IsFull() || survey.definition->has_reslice();
  return std::all_of(filters_by_key.begin(), filters_by_key.end(), [&](const auto& entry) {
    const auto& [key, filters] = entry;
    return CanPassAll(filters) ||
           (has_others && survey.DimensionOf(key).has_value() && CanOtherPassAll(filters));
  });
}

// A survey an answer of which can pass the filters of both sides, or null.
const storage::SurveyView* SharedSurvey(const MetricQuery& base, const MetricQuery& candidate) {
  for (const storage::SurveyView* survey : base.surveys) {
    if (std::find(candidate.surveys.begin(), candidate.surveys.end(), survey) !=
            candidate.surveys.end() &&
        PassesSurveyFilters(base, *survey) && PassesSurveyFilters(candidate, *survey) &&
        CanPassBoth(*survey, base, candidate)) {
      return survey;
    }
  }
  return nullptr;
}

// Leaves out of a side what came at `as_of` or later.
void CutAt(absl::Time as_of, MetricQuery& side) {
  side.interval.end = std::min(side.interval.end.value_or(as_of), as_of);
  if (side.interval.start.has_value()) {
    side.interval.start = std::min(*side.interval.start, as_of);
  }
}

// The part of a whole interval's time that has passed; 1 for one without an edge.
double FractionOf(const TimeSpan& interval, absl::Time as_of) {
  if (!interval.start.has_value() || !interval.end.has_value() || *interval.end <= as_of) {
    return 1;
  }
  return std::max(0.0,
                  absl::FDivDuration(as_of - *interval.start, *interval.end - *interval.start));
}

// Whether answers can still come to an interval with both edges.
absl::StatusOr<v1::Looks> ResolveLooks(v1::Looks looks, const TimeSpan& candidate,
                                       absl::Time as_of) {
  RETURN_IF_ERROR(CheckEnum("looks", looks, v1::Looks_IsValid));
  const bool has_edges = candidate.start.has_value() && candidate.end.has_value();
  const bool is_open = has_edges && *candidate.end > as_of;
  switch (looks) {
    case v1::LOOKS_UNSPECIFIED:
      return is_open ? v1::LOOKS_UNTIL_END : v1::LOOKS_ONCE;
    case v1::LOOKS_UNTIL_END:
      if (!has_edges) {
        return Invalid("looks",
                       "got LOOKS_UNTIL_END, wanted an interval of the candidate with both edges, "
                       "or LOOKS_OPEN_ENDED");
      }
      return is_open ? v1::LOOKS_UNTIL_END : v1::LOOKS_ONCE;
    default:
      return looks;
  }
}

}  // namespace

absl::StatusOr<MetricQuery> PrepareMetricSide(std::shared_ptr<const storage::View> view,
                                              const v1::QueryMetricRequest& side) {
  RETURN_IF_ERROR(CheckOneValue(side));
  return PrepareMetricQuery(std::move(view), side);
}

absl::Status CheckDisjoint(const MetricQuery& base, const MetricQuery& candidate) {
  const storage::SurveyView* shared = SharedSurvey(base, candidate);
  if (shared == nullptr || EndsBefore(base.interval, candidate.interval) ||
      EndsBefore(candidate.interval, base.interval)) {
    return absl::OkStatus();
  }
  const bool slices = base.interval.start == candidate.interval.start &&
                      base.interval.end == candidate.interval.end &&
                      !(base.filters.empty() && candidate.filters.empty());
  const std::string& survey_id = shared->definition->survey_id();
  return slices ? Invalid("filters",
                          absl::StrCat("an answer of the survey ", survey_id,
                                       " can pass these and those of base in the same interval; "
                                       "wanted slices that share no answer"))
                : Invalid("interval",
                          absl::StrCat("it overlaps with that of base, and both count answers of "
                                       "the survey ",
                                       survey_id, "; wanted windows that share no answer"));
}

absl::StatusOr<MetricSides> PrepareMetricSides(std::shared_ptr<const storage::View> view,
                                               const v1::QueryMetricRequest& base_request,
                                               const v1::QueryMetricRequest& candidate_request) {
  absl::StatusOr<MetricQuery> base = PrepareComparable(view, base_request);
  if (!base.ok()) {
    return AtPath(kBase, base.status());
  }
  absl::StatusOr<MetricQuery> candidate = PrepareComparable(std::move(view), candidate_request);
  if (!candidate.ok()) {
    return AtPath(kCandidate, candidate.status());
  }
  absl::Status comparable = CheckSameMetric(*base, *candidate);
  comparable.Update(CheckDisjoint(*base, *candidate));
  if (!comparable.ok()) {
    return AtPath(kCandidate, comparable);
  }
  base->min_sample = candidate->min_sample = std::max(base->min_sample, candidate->min_sample);
  return MetricSides{*std::move(base), *std::move(candidate)};
}

absl::StatusOr<MetricSides> PrepareComparison(std::shared_ptr<const storage::View> view,
                                              const v1::CompareMetricRequest& request,
                                              absl::Time now) {
  ASSIGN_OR_RETURN(MetricSides sides,
                   PrepareMetricSides(std::move(view), request.base(), request.candidate()));
  sides.as_of = now;
  if (request.has_as_of()) {
    // What is still to come cannot have been looked at.
    ASSIGN_OR_RETURN(const absl::Time as_of, CheckTimestamp("as_of", request.as_of()));
    sides.as_of = std::min(as_of, now);
  }
  ASSIGN_OR_RETURN(sides.plan.looks,
                   ResolveLooks(request.looks(), sides.candidate.interval, sides.as_of));
  if (sides.plan.looks == v1::LOOKS_UNTIL_END) {
    sides.plan.base_fraction = FractionOf(sides.base.interval, sides.as_of);
    sides.plan.candidate_fraction = FractionOf(sides.candidate.interval, sides.as_of);
  }
  // Of a question that is asked at its own time, all answers count: its answer is then the same
  // whenever it is asked again.
  if (request.has_as_of() || sides.plan.looks == v1::LOOKS_UNTIL_END) {
    CutAt(sides.as_of, sides.base);
    CutAt(sides.as_of, sides.candidate);
  }
  return sides;
}

}  // namespace emptychair
