#include "server/repeats/repeat_profile.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/timestamp.h"
#include "server/repeats/repeat_curves.h"
#include "server/statistics/score_method.h"

namespace emptychair {
namespace {

using store::v1::StoredGroupEffects;
using store::v1::StoredRepeatEffects;

// The place of the method among those measured.
int PlaceOf(v1::MetricMethod method, const StoredRepeatEffects& effects) {
  const auto found = std::find(effects.methods().begin(), effects.methods().end(), method);
  return found == effects.methods().end() ? -1
                                          : static_cast<int>(found - effects.methods().begin());
}

void WriteGroup(const std::string& key, const StoredGroupEffects& group, int method,
                v1::GetRepeatProfileResponse& response) {
  for (const store::v1::StoredWindowEffects& windows : group.windows()) {
    v1::RepeatEffect& effect = *response.add_effects();
    effect.set_key(key);
    if (!key.empty() && group.value().empty()) {
      effect.mutable_group_value()->set_none(true);
    } else if (!key.empty()) {
      effect.mutable_group_value()->set_value(group.value());
    }
    effect.set_days(static_cast<int32_t>(windows.days()));
    effect.set_design_effect(windows.design_effects(method));
    effect.set_answers_per_customer(windows.answers_per_customer());
    effect.set_customers(group.customers());
  }
}

// In the order of groups in answers: none comes last.
std::vector<const StoredGroupEffects*> InOrder(const StoredRepeatEffects& effects) {
  std::vector<const StoredGroupEffects*> groups;
  for (const StoredGroupEffects& group : effects.groups()) {
    groups.push_back(&group);
  }
  std::sort(groups.begin(), groups.end(),
            [](const StoredGroupEffects* a, const StoredGroupEffects* b) {
              return a->value().empty() != b->value().empty() ? b->value().empty()
                                                              : a->value() < b->value();
            });
  return groups;
}

}  // namespace

absl::Status WriteRepeatProfile(const storage::View& view, const storage::SurveyView& survey,
                                v1::GetRepeatProfileResponse& response) {
  const store::v1::StoredSurvey& definition = *survey.definition;
  if (!HasRepeatEffects(survey)) {
    return Error(v1::ERROR_REASON_EFFECTS_UNKNOWN,
                 absl::StrCat("how much the customers of the survey ", definition.survey_id(),
                              " repeat themselves has not been measured, which takes answers of 30 "
                              "days and 30 customers"),
                 {{"survey_id", definition.survey_id()}});
  }
  const storage::RepeatEffects& effects = *survey.effects;
  const absl::StatusOr<statistics::ScoreMethod> usual = statistics::ScoreMethod::Resolve(
      definition.kind(), definition.scale(), v1::METRIC_METHOD_UNSPECIFIED, std::nullopt);
  const v1::MetricMethod method = usual.ok() && PlaceOf(usual->method(), effects.all()) >= 0
                                      ? usual->method()
                                      : v1::METRIC_METHOD_MEAN;
  const int place = PlaceOf(method, effects.all());
  WriteGroup("", *effects.OfAll(), place, response);
  for (size_t i = 0; i < effects.dimensions().size(); ++i) {
    for (const StoredGroupEffects* group : InOrder(effects.dimensions()[i])) {
      WriteGroup(definition.dimensions(static_cast<int>(i)), *group, place, response);
    }
  }
  response.set_repeat_share(effects.all().repeat_share());
  response.set_effects_sequence(static_cast<int64_t>(effects.computed_at_sequence()));
  *response.mutable_measure_time() =
      ToTimestamp(absl::FromUnixMillis(effects.all().measure_time_ms()));
  response.set_measured_days(static_cast<int32_t>(effects.all().days()));
  response.set_answers(effects.all().answers());
  response.set_method(method);
  response.set_sequence(static_cast<int64_t>(view.counters.sequence()));
  return absl::OkStatus();
}

}  // namespace emptychair
