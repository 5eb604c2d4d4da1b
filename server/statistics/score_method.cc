#include "server/statistics/score_method.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"

namespace emptychair::statistics {
namespace {

using Kind = ScoreMethod::Kind;

// One method of one kind and scale.
struct MethodRow {
  v1::SurveyKind survey_kind;
  ScoreRange scale;  // empty: any (RATING), or none (TEXT)
  v1::ScaleDirection direction;
  v1::MetricMethod method;
  Kind kind;
  ScoreRange positive;
  ScoreRange negative;
};

constexpr auto kNps = v1::SURVEY_KIND_NPS;
constexpr auto kCsat = v1::SURVEY_KIND_CSAT;
constexpr auto kCes = v1::SURVEY_KIND_CES;
constexpr auto kRating = v1::SURVEY_KIND_RATING;
constexpr auto kText = v1::SURVEY_KIND_TEXT;
constexpr auto kNoDirection = v1::SCALE_DIRECTION_UNSPECIFIED;
constexpr auto kEase = v1::SCALE_DIRECTION_EASE;
constexpr auto kEffort = v1::SCALE_DIRECTION_EFFORT;
constexpr auto kTopBox = v1::METRIC_METHOD_TOP_BOX;
constexpr auto kTopThree = v1::METRIC_METHOD_TOP_THREE;
constexpr auto kAgree = v1::METRIC_METHOD_AGREE;
constexpr auto kNet = v1::METRIC_METHOD_NET;
constexpr auto kMean = v1::METRIC_METHOD_MEAN;

// The first scale of a kind is its default, and so is the first method of a kind and scale.
constexpr MethodRow kMethods[] = {
    {kNps, {0, 10}, kNoDirection, v1::METRIC_METHOD_NET_PROMOTER, Kind::kNet, {9, 10}, {0, 6}},
    {kCsat, {1, 5}, kNoDirection, kTopBox, Kind::kShare, {4, 5}, {}},
    {kCsat, {1, 5}, kNoDirection, kMean, Kind::kMean, {}, {}},
    {kCsat, {1, 10}, kNoDirection, kTopBox, Kind::kShare, {9, 10}, {}},
    {kCsat, {1, 10}, kNoDirection, kTopThree, Kind::kShare, {8, 10}, {}},
    {kCsat, {1, 10}, kNoDirection, kMean, Kind::kMean, {}, {}},
    {kCes, {1, 7}, kEase, kAgree, Kind::kShare, {5, 7}, {}},
    {kCes, {1, 7}, kEase, kNet, Kind::kNet, {6, 7}, {1, 3}},
    {kCes, {1, 7}, kEase, kMean, Kind::kMean, {}, {}},
    {kCes, {1, 5}, kEase, kAgree, Kind::kShare, {4, 5}, {}},
    {kCes, {1, 5}, kEase, kNet, Kind::kNet, {5, 5}, {1, 2}},
    {kCes, {1, 5}, kEase, kMean, Kind::kMean, {}, {}},
    {kCes, {1, 7}, kEffort, kAgree, Kind::kShare, {1, 3}, {}},
    {kCes, {1, 7}, kEffort, kNet, Kind::kNet, {1, 2}, {5, 7}},
    {kCes, {1, 7}, kEffort, kMean, Kind::kMean, {}, {}},
    {kCes, {1, 5}, kEffort, kAgree, Kind::kShare, {1, 2}, {}},
    {kCes, {1, 5}, kEffort, kNet, Kind::kNet, {1, 1}, {4, 5}},
    {kCes, {1, 5}, kEffort, kMean, Kind::kMean, {}, {}},
    {kRating, {}, kNoDirection, kMean, Kind::kMean, {}, {}},
    {kRating, {}, kNoDirection, kTopBox, Kind::kShare, {}, {}},
    {kText, {}, kNoDirection, v1::METRIC_METHOD_COUNT, Kind::kCount, {}, {}},
};

constexpr int64_t kScaleValuesMax = 101;

// The name of an enum value without its prefix; the number of one this version does not know.
std::string NameOf(absl::string_view full_name, absl::string_view prefix, int number) {
  return full_name.empty() ? absl::StrCat(number)
                           : std::string(absl::StripPrefix(full_name, prefix));
}

std::string NameOf(v1::SurveyKind kind) {
  return NameOf(v1::SurveyKind_Name(kind), "SURVEY_KIND_", kind);
}

std::string NameOf(v1::MetricMethod method) {
  return NameOf(v1::MetricMethod_Name(method), "METRIC_METHOD_", method);
}

std::string NameOf(v1::ScaleDirection direction) {
  return NameOf(v1::ScaleDirection_Name(direction), "SCALE_DIRECTION_", direction);
}

std::string NameOf(ScoreRange range) { return absl::StrCat(range.low, "..", range.high); }

absl::Status Invalid(absl::string_view field, absl::string_view description) {
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, field, description);
}

// The scales in the table for `kind`, each once, its default first.
std::vector<ScoreRange> ScalesOf(v1::SurveyKind kind) {
  std::vector<ScoreRange> scales;
  for (const MethodRow& row : kMethods) {
    bool known = row.scale.empty() || row.survey_kind != kind;
    for (const ScoreRange& scale : scales) {
      known = known || (scale.low == row.scale.low && scale.high == row.scale.high);
    }
    if (!known) {
      scales.push_back(row.scale);
    }
  }
  return scales;
}

absl::Status CheckRatingScale(const v1::Scale& scale, absl::string_view field) {
  const int64_t values = int64_t{scale.max()} - scale.min() + 1;
  if (values < 1 || values > kScaleValuesMax) {
    return Invalid(field, absl::StrCat("got ", NameOf(ScoreRange{scale.min(), scale.max()}),
                                       "; min must not be above max, and from min to max there "
                                       "may be at most ",
                                       kScaleValuesMax, " values"));
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::ScaleDirection> ResolveDirection(v1::SurveyKind kind,
                                                    v1::ScaleDirection direction,
                                                    absl::string_view field) {
  if (kind != kCes) {
    if (direction != kNoDirection) {
      return Invalid(absl::StrCat(field, ".direction"),
                     absl::StrCat("got ", NameOf(direction), " for a survey of kind ", NameOf(kind),
                                  "; only CES has a direction"));
    }
    return kNoDirection;
  }
  switch (direction) {
    case kNoDirection:
      return kEase;
    case kEase:
    case kEffort:
      return direction;
    default:
      return Invalid(absl::StrCat(field, ".direction"),
                     absl::StrCat("got ", NameOf(direction), "; it must be EASE or EFFORT"));
  }
}

// Sets the range of `scale` to one that `kind`, which has scales of its own, can have.
absl::Status ResolveRange(v1::SurveyKind kind, absl::string_view field, v1::Scale& scale) {
  const std::vector<ScoreRange> scales = ScalesOf(kind);
  if (scale.min() == 0 && scale.max() == 0) {
    scale.set_min(scales.front().low);
    scale.set_max(scales.front().high);
  }
  for (const ScoreRange& allowed : scales) {
    if (scale.min() == allowed.low && scale.max() == allowed.high) {
      return absl::OkStatus();
    }
  }
  const auto formatter = [](std::string* out, ScoreRange range) {
    absl::StrAppend(out, NameOf(range));
  };
  return Invalid(field, absl::StrCat("got ", NameOf(ScoreRange{scale.min(), scale.max()}),
                                     "; a survey of kind ", NameOf(kind), " has ",
                                     absl::StrJoin(scales, " or ", formatter)));
}

bool HasMethods(const MethodRow& row, v1::SurveyKind kind, const v1::Scale& scale) {
  return row.survey_kind == kind && row.direction == scale.direction() &&
         (row.scale.empty() || (row.scale.low == scale.min() && row.scale.high == scale.max()));
}

absl::Status CheckTopBoxMin(v1::SurveyKind kind, v1::MetricMethod method, ScoreRange scale,
                            std::optional<int> top_box_min) {
  constexpr absl::string_view kField = "top_box_min";
  if (kind != kRating || method != kTopBox) {
    if (top_box_min.has_value()) {
      return Invalid(kField, absl::StrCat("got ", *top_box_min, " for ", NameOf(method),
                                          " of a survey of kind ", NameOf(kind),
                                          "; only TOP_BOX of RATING takes one"));
    }
    return absl::OkStatus();
  }
  if (!top_box_min.has_value()) {
    return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, kField,
                      absl::StrCat("TOP_BOX of a survey of kind RATING needs the lowest score that "
                                   "counts as satisfied, from ",
                                   NameOf(scale)));
  }
  if (!scale.contains(*top_box_min)) {
    return Invalid(kField, absl::StrCat("got ", *top_box_min, "; it must be a score of the scale ",
                                        NameOf(scale)));
  }
  return absl::OkStatus();
}

absl::Status NoSuchMethod(v1::SurveyKind kind, const v1::Scale& scale, v1::MetricMethod method) {
  std::vector<std::string> methods;
  for (const MethodRow& row : kMethods) {
    if (HasMethods(row, kind, scale)) {
      methods.push_back(NameOf(row.method));
    }
  }
  const std::string on =
      kind == kText ? "" : absl::StrCat(" on ", NameOf(ScoreRange{scale.min(), scale.max()}));
  return Invalid("method", absl::StrCat("got ", NameOf(method), "; a survey of kind ", NameOf(kind),
                                        on, " has ", absl::StrJoin(methods, ", ")));
}

}  // namespace

absl::StatusOr<std::optional<v1::Scale>> ResolveScale(v1::SurveyKind kind, const v1::Scale* scale,
                                                      absl::string_view field) {
  switch (kind) {
    case kNps:
    case kCsat:
    case kCes:
    case kRating: {
      if (kind == kRating && scale == nullptr) {
        return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, field,
                          "a survey of kind RATING needs the range of its scores");
      }
      v1::Scale resolved = scale == nullptr ? v1::Scale() : *scale;
      ASSIGN_OR_RETURN(const v1::ScaleDirection direction,
                       ResolveDirection(kind, resolved.direction(), field));
      resolved.set_direction(direction);
      RETURN_IF_ERROR(kind == kRating ? CheckRatingScale(resolved, field)
                                      : ResolveRange(kind, field, resolved));
      return resolved;
    }
    case kText:
      if (scale != nullptr) {
        return Invalid(field, absl::StrCat("got ", NameOf(ScoreRange{scale->min(), scale->max()}),
                                           "; a survey of kind TEXT has no scores"));
      }
      return std::nullopt;
    default:
      return Invalid(field, absl::StrCat("no scale is known for the survey kind ", NameOf(kind)));
  }
}

absl::StatusOr<ScoreMethod> ScoreMethod::Resolve(v1::SurveyKind kind, const v1::Scale& scale,
                                                 v1::MetricMethod method,
                                                 std::optional<int> top_box_min) {
  ASSIGN_OR_RETURN(const std::optional<v1::Scale> resolved,
                   ResolveScale(kind, kind == kText ? nullptr : &scale, "scale"));
  const v1::Scale known = resolved.value_or(v1::Scale());
  const ScoreRange scores =
      resolved.has_value() ? ScoreRange{known.min(), known.max()} : ScoreRange();
  for (const MethodRow& row : kMethods) {
    if (!HasMethods(row, kind, known) ||
        (method != row.method && method != v1::METRIC_METHOD_UNSPECIFIED)) {
      continue;
    }
    RETURN_IF_ERROR(CheckTopBoxMin(kind, row.method, scores, top_box_min));
    const ScoreRange positive =
        top_box_min.has_value() ? ScoreRange{*top_box_min, scores.high} : row.positive;
    return ScoreMethod(row.method, row.kind, scores, positive, row.negative,
                       row.kind == Kind::kMean && row.direction == kEffort);
  }
  return NoSuchMethod(kind, known, method);
}

size_t ScoreMethod::scale_size() const {
  return scale_.empty() ? 0 : static_cast<size_t>(int64_t{scale_.high} - scale_.low + 1);
}

int32_t ScoreMethod::PointsOf(int32_t score) const {
  if (kind_ == Kind::kMean) {
    return score - scale_.low;
  }
  return (positive_.contains(score) ? 1 : 0) - (negative_.contains(score) ? 1 : 0);
}

std::optional<int32_t> ScoreMethod::top_box_min() const {
  if (method_ != v1::METRIC_METHOD_TOP_BOX && method_ != v1::METRIC_METHOD_TOP_THREE) {
    return std::nullopt;
  }
  return positive_.low;
}

std::vector<int32_t> PointsOfBins(const ScoreMethod& method) {
  std::vector<int32_t> points = {0};
  for (size_t i = 0; i < method.scale_size(); ++i) {
    points.push_back(method.PointsOf(method.scale().low + static_cast<int32_t>(i)));
  }
  return points;
}

}  // namespace emptychair::statistics
