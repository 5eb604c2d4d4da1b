#include "storage/apply/apply_derived.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "storage/apply/apply_record.h"
#include "storage/format/changes.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"

namespace emptychair::storage {
namespace {

using store::v1::StoredRepeatEffects;

void PutOrDelete(const RepeatEffectsKey& key, const StoredRepeatEffects* effects,
                 WriteGroup& group) {
  if (effects != nullptr) {
    group.Put(Family::kDerived, key.Encode(), EncodeMessage(*effects));
  } else {
    group.Delete(Family::kDerived, key.Encode());
  }
}

// Those of a dimension that has some; null behind the last.
const StoredRepeatEffects* AtPlace(const std::vector<StoredRepeatEffects>& dimensions,
                                   size_t place) {
  return place < dimensions.size() && !dimensions[place].groups().empty() ? &dimensions[place]
                                                                          : nullptr;
}

CommandResult ApplyRepeatEffects(const store::v1::PutRepeatEffects& command, WorkingState& state,
                                 WriteGroup& group) {
  CommandResult result;
  const uint32_t number = command.survey_number();
  WorkingSurvey* survey = state.FindSurvey(number);
  if (survey == nullptr) {
    result.error = SurveyGoneError();
    return result;
  }
  const std::shared_ptr<const RepeatEffects> before = survey->effects;
  if (before != nullptr && before->computed_at_sequence() >= command.computed_at_sequence()) {
    return result;
  }
  StoredRepeatEffects all = command.all();
  all.set_computed_at_sequence(command.computed_at_sequence());
  PutOrDelete({.survey_number = number}, &all, group);
  std::vector<StoredRepeatEffects> dimensions(command.dimensions().begin(),
                                              command.dimensions().end());
  dimensions.resize(std::min(dimensions.size(), kDimensionsMax));
  for (StoredRepeatEffects& effects : dimensions) {
    effects.set_computed_at_sequence(command.computed_at_sequence());
  }
  const size_t places =
      std::max(dimensions.size(), before != nullptr ? before->dimensions().size() : 0);
  for (size_t place = 0; place < places; ++place) {
    PutOrDelete({.survey_number = number, .dimension = static_cast<uint8_t>(place + 1)},
                AtPlace(dimensions, place), group);
  }
  survey->effects = std::make_shared<const RepeatEffects>(std::move(all), std::move(dimensions));
  state.MarkCatalogChanged();
  TakeSequence({ChangeKind::kChanged, Entity::kEffects, number, Uuid()}, state, group);
  return result;
}

}  // namespace

CommandResult ApplyPutDerived(const store::v1::PutDerivedCommand& command, WorkingState& state,
                              WriteGroup& group) {
  switch (command.derived_case()) {
    case store::v1::PutDerivedCommand::kRepeatEffects:
      return ApplyRepeatEffects(command.repeat_effects(), state, group);
    case store::v1::PutDerivedCommand::DERIVED_NOT_SET:
      break;
  }
  CommandResult result;
  result.error = absl::InternalError("a command that derives nothing");
  return result;
}

}  // namespace emptychair::storage
