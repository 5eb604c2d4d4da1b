#include "storage/format/effects.h"

#include <algorithm>

#include "storage/format/values.h"

namespace emptychair::storage {

bool DecodeRepeatEffects(absl::string_view value, store::v1::StoredRepeatEffects& effects) {
  return DecodeMessage(value, effects) &&
         std::all_of(effects.groups().begin(), effects.groups().end(),
                     [&](const store::v1::StoredGroupEffects& group) {
                       return !group.windows().empty() && !effects.methods().empty() &&
                              std::all_of(group.windows().begin(), group.windows().end(),
                                          [&](const store::v1::StoredWindowEffects& windows) {
                                            return windows.design_effects_size() ==
                                                   effects.methods_size();
                                          });
                     });
}

}  // namespace emptychair::storage
