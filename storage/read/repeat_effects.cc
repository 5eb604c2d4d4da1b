#include "storage/read/repeat_effects.h"

#include <algorithm>
#include <utility>

namespace emptychair::storage {

RepeatEffects::RepeatEffects(store::v1::StoredRepeatEffects all,
                             std::vector<store::v1::StoredRepeatEffects> dimensions)
    : all_(std::move(all)), dimensions_(std::move(dimensions)) {}

const store::v1::StoredGroupEffects* RepeatEffects::OfAll() const {
  return all_.groups().empty() ? nullptr : &all_.groups(0);
}

const store::v1::StoredGroupEffects* RepeatEffects::Of(size_t dimension,
                                                       absl::string_view value) const {
  if (dimension >= dimensions_.size()) {
    return nullptr;
  }
  const auto& groups = dimensions_[dimension].groups();
  const auto found = std::find_if(
      groups.begin(), groups.end(),
      [&](const store::v1::StoredGroupEffects& group) { return group.value() == value; });
  return found == groups.end() ? nullptr : &*found;
}

}  // namespace emptychair::storage
