#include "server/repeats/repeat_curves.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "server/request/validation.h"

namespace emptychair {
namespace {

using statistics::GroupPart;
using statistics::MeasuredEffect;
using statistics::RepeatCurve;

GroupPart PartOf(const std::string& value) {
  if (value == kNoneValue) {
    return {GroupPart::Kind::kNone, ""};
  }
  return value == kOtherValue ? GroupPart{GroupPart::Kind::kOther, ""}
                              : GroupPart{GroupPart::Kind::kValue, value};
}

}  // namespace

bool HasRepeatEffects(const storage::SurveyView& survey) {
  return survey.effects != nullptr && survey.effects->OfAll() != nullptr;
}

std::optional<RepeatCurves> RepeatCurves::Find(const storage::SurveyView& survey,
                                               const statistics::ScoreMethod& method,
                                               absl::Span<const v1::LabelFilter> filters) {
  if (!HasRepeatEffects(survey)) {
    return std::nullopt;
  }
  const auto& methods = survey.effects->all().methods();
  auto place = std::find(methods.begin(), methods.end(), method.method());
  if (place == methods.end()) {
    place = std::find(methods.begin(), methods.end(), v1::METRIC_METHOD_MEAN);
  }
  if (place == methods.end()) {
    return std::nullopt;
  }
  RepeatCurves curves(survey, static_cast<int>(std::distance(methods.begin(), place)));
  for (const v1::LabelFilter& filter : filters) {
    curves.Choose(filter);
  }
  return curves;
}

RepeatCurve RepeatCurves::OfGroup(const std::vector<std::string>& keys,
                                  const std::vector<GroupPart>& group) const {
  std::vector<Effects> slices = chosen_;
  for (size_t i = 0; i < group.size(); ++i) {
    if (const std::optional<size_t> dimension = survey_->DimensionOf(keys[i])) {
      if (const Effects effects = Of(*dimension, group[i])) {
        slices.push_back(effects);
      }
    }
  }
  return Largest(slices);
}

void RepeatCurves::Choose(const v1::LabelFilter& filter) {
  const std::optional<size_t> dimension = survey_->DimensionOf(filter.key());
  if (!dimension.has_value() || filter.negate()) {
    return;
  }
  const bool is_one = filter.values_size() == 1;
  for (const std::string& value : filter.values()) {
    if (const Effects effects = Of(*dimension, PartOf(value))) {
      chosen_.push_back(effects);
    }
  }
  if (!is_one) {
    chosen_.push_back(survey_->effects->OfAll());
  }
}

RepeatCurves::Effects RepeatCurves::Of(size_t dimension, const GroupPart& part) const {
  return part.kind == GroupPart::Kind::kOther ? nullptr
                                              : survey_->effects->Of(dimension, part.text);
}

RepeatCurve RepeatCurves::CurveOf(Effects effects) const {
  std::vector<MeasuredEffect> measured;
  for (const store::v1::StoredWindowEffects& windows : effects->windows()) {
    measured.push_back({.days = static_cast<double>(windows.days()),
                        .effect = {.design_effect = windows.design_effects(method_),
                                   .answers_per_customer = windows.answers_per_customer()}});
  }
  return RepeatCurve(std::move(measured));
}

RepeatCurve RepeatCurves::Largest(const std::vector<Effects>& slices) const {
  RepeatCurve curve = CurveOf(slices.empty() ? survey_->effects->OfAll() : slices.front());
  for (size_t i = 1; i < slices.size(); ++i) {
    curve.Join(CurveOf(slices[i]));
  }
  return curve;
}

}  // namespace emptychair
