#include "tools/chairctl/text/metric_text.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/civil_time.h"
#include "common/base/local_day.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/base/written_time.h"

namespace emptychair {
namespace {

// The edge of a window: a date where it is a midnight of the zone.
std::string EdgeText(bool present, const google::protobuf::Timestamp& timestamp,
                     absl::TimeZone zone, absl::string_view open) {
  if (!present) {
    return std::string(open);
  }
  const absl::Time time = FromTimestamp(timestamp);
  const absl::CivilDay day = absl::ToCivilDay(time, zone);
  return FirstInstantOf(zone, day) == time ? absl::FormatCivilTime(day) : FormatInstant(time, zone);
}

}  // namespace

absl::string_view ValueHeading(v1::MetricMethod method) {
  switch (method) {
    case v1::METRIC_METHOD_NET_PROMOTER:
      return "NPS";
    case v1::METRIC_METHOD_NET:
      return "net";
    case v1::METRIC_METHOD_MEAN:
      return "mean";
    case v1::METRIC_METHOD_COUNT:
      return "count";
    default:
      return "percent";
  }
}

std::string MetricName(v1::MetricMethod method) {
  switch (method) {
    case v1::METRIC_METHOD_NET_PROMOTER:
      return "NPS";
    case v1::METRIC_METHOD_TOP_BOX:
      return "satisfied %";
    case v1::METRIC_METHOD_TOP_THREE:
      return "satisfied %, top three";
    case v1::METRIC_METHOD_MEAN:
      return "mean score";
    case v1::METRIC_METHOD_AGREE:
      return "found it easy %";
    case v1::METRIC_METHOD_NET:
      return "net ease";
    case v1::METRIC_METHOD_COUNT:
      return "answers";
    default:
      return EnumFlag(method);
  }
}

std::string VerdictWord(v1::Verdict verdict, v1::ChangeDirection direction,
                        v1::MetricMethod method) {
  if (method == v1::METRIC_METHOD_COUNT) {
    return std::string(kAbsent);
  }
  return direction == v1::CHANGE_DIRECTION_BETTER || direction == v1::CHANGE_DIRECTION_WORSE
             ? EnumFlag(direction)
             : absl::StrReplaceAll(EnumFlag(verdict), {{"-", " "}});
}

bool HasClasses(v1::MetricMethod method) {
  return method == v1::METRIC_METHOD_NET_PROMOTER || method == v1::METRIC_METHOD_NET;
}

absl::TimeZone ZoneOf(const v1::MethodInfo& info) { return ZoneOrUtc(info.time_zone()); }

bool SameSurveys(const v1::QueryMetricRequest& base, const v1::QueryMetricRequest& candidate) {
  return std::equal(base.survey_ids().begin(), base.survey_ids().end(),
                    candidate.survey_ids().begin(), candidate.survey_ids().end());
}

std::string SurveysText(const v1::QueryMetricRequest& base,
                        const v1::QueryMetricRequest& candidate) {
  const std::string text = absl::StrJoin(base.survey_ids(), ", ");
  return SameSurveys(base, candidate)
             ? text
             : absl::StrCat(text, " and ", absl::StrJoin(candidate.survey_ids(), ", "));
}

std::string FiltersText(const google::protobuf::RepeatedPtrField<v1::LabelFilter>& filters) {
  std::string text;
  for (const v1::LabelFilter& filter : filters) {
    absl::StrAppend(&text, ", ", filter.key(), filter.negate() ? "!=" : "=",
                    absl::StrJoin(filter.values(), "|"));
  }
  return text;
}

std::string GroupName(const v1::GroupValue& group) {
  switch (group.kind_case()) {
    case v1::GroupValue::kValue:
      return group.value();
    case v1::GroupValue::kNone:
      return "(none)";
    case v1::GroupValue::kOther:
      return "(other)";
    default:
      return "";
  }
}

std::string WindowText(const v1::TimeInterval& interval, absl::TimeZone zone) {
  if (!interval.has_start_time() && !interval.has_end_time()) {
    return "everything";
  }
  return absl::StrCat(
      EdgeText(interval.has_start_time(), interval.start_time(), zone, "the beginning"), " to ",
      EdgeText(interval.has_end_time(), interval.end_time(), zone, "now and after"),
      interval.has_end_time() ? ", end not included" : "");
}

std::string MethodText(const v1::MethodInfo& info) {
  std::string text = absl::StrFormat("%s, %g %% intervals", EnumFlag(info.respondent_rule()),
                                     100 * info.confidence());
  if (info.min_sample() > 0) {
    absl::StrAppend(&text, ", suppressed under ", info.min_sample(), " answers");
  }
  if (info.trailing_buckets() > 1) {
    absl::StrAppend(&text, ", each point over ", info.trailing_buckets(), " buckets");
  }
  if (info.has_top_box_min()) {
    absl::StrAppend(&text, ", satisfied from ", info.top_box_min());
  }
  absl::StrAppend(&text, info.include_excluded() ? ", excluded answers counted" : "");
  return text;
}

std::string SelectionText(const v1::QueryMetricRequest& side, const v1::MethodInfo& info,
                          bool names_surveys) {
  return absl::StrCat(names_surveys ? absl::StrJoin(side.survey_ids(), ", ") + ", " : "",
                      WindowText(side.interval(), ZoneOf(info)), ", ", info.time_zone(),
                      FiltersText(side.filters()));
}

std::string SidesHeading(const v1::QueryMetricRequest& base,
                         const v1::QueryMetricRequest& candidate, const v1::MethodInfo& info,
                         absl::string_view intervals) {
  const bool names_surveys = !SameSurveys(base, candidate);
  return absl::StrCat(SurveysText(base, candidate), ": ", EnumFlag(info.method()),
                      "\nbase: ", Printable(SelectionText(base, info, names_surveys)),
                      "\ncandidate: ", Printable(SelectionText(candidate, info, names_surveys)),
                      "\nmethod: ", MethodText(info), "\n", intervals,
                      intervals.empty() ? "" : "\n");
}

int DecimalsOf(v1::MetricMethod method) {
  switch (method) {
    case v1::METRIC_METHOD_MEAN:
      return 2;
    case v1::METRIC_METHOD_COUNT:
      return 0;
    default:
      return 1;
  }
}

std::string SignedText(double number, int decimals) {
  return absl::StrFormat("%s%.*f", std::signbit(number) ? "−" : "+", decimals, std::abs(number));
}

std::string IntervalText(double low, double high, int decimals) {
  return absl::StrCat(NumberText(low, decimals), " … ", NumberText(high, decimals));
}

std::string SignedIntervalText(double low, double high, int decimals) {
  return absl::StrCat(SignedText(low, decimals), " … ", SignedText(high, decimals));
}

std::string GroupValueText(const v1::MetricValue& group, int min_sample) {
  return group.answers() == 0 ? std::string(kAbsent) : ValueText(group, min_sample);
}

std::string ValueText(const v1::MetricValue& point, int min_sample) {
  return point.suppressed() ? absl::StrCat("(n<", min_sample, ")")
                            : RoundedOrAbsent(point.has_value(), point.value());
}

std::string GradeText(const v1::MetricValue& point) {
  if (point.grade() == v1::GRADE_UNSPECIFIED) {
    return std::string(kAbsent);
  }
  return absl::StrCat(EnumFlag(point.grade()), point.grade_is_certain() ? "" : ", uncertain");
}

std::string RoundedOrAbsent(bool present, double number) {
  return present ? RoundedNumber(number) : std::string(kAbsent);
}

std::string CountOrAbsent(bool present, int64_t count) {
  return present ? absl::StrCat(count) : std::string(kAbsent);
}

int64_t ExcludedCountOf(const v1::MetricValue& point) {
  int64_t count = 0;
  for (const v1::ExcludedCount& excluded : point.excluded()) {
    count += excluded.count();
  }
  return count;
}

CsvNumber ExactOrEmpty(bool present, double number) { return {present ? ExactNumber(number) : ""}; }

CsvNumber CountOrEmpty(bool present, int64_t count) { return {present ? absl::StrCat(count) : ""}; }

}  // namespace emptychair
