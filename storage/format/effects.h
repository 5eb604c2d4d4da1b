// Stored design effects.
#ifndef EMPTYCHAIR_STORAGE_FORMAT_EFFECTS_H_
#define EMPTYCHAIR_STORAGE_FORMAT_EFFECTS_H_

#include "absl/strings/string_view.h"
#include "emptychair/store/v1/value.pb.h"

namespace emptychair::storage {

// False for bytes that are none, and for groups that lack windows, or a window that lacks the
// effect of a method.
bool DecodeRepeatEffects(absl::string_view value, store::v1::StoredRepeatEffects& effects);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_FORMAT_EFFECTS_H_
