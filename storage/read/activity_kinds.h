// Kinds of activities, as queries see them.
#ifndef EMPTYCHAIR_STORAGE_READ_ACTIVITY_KINDS_H_
#define EMPTYCHAIR_STORAGE_READ_ACTIVITY_KINDS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "emptychair/store/v1/value.pb.h"
#include "storage/read/import_table.h"

namespace emptychair::storage {

// At most so many kinds, those that are being purged included.
inline constexpr size_t kActivityKindsMax = 256;

// A kind at one point in the store's history. Immutable.
struct ActivityKindView {
  std::shared_ptr<const store::v1::StoredActivityKind> definition;
  std::shared_ptr<const ImportTable> imports = std::make_shared<const ImportTable>();

  uint32_t number() const { return definition->kind_number(); }
  // Made of the activities of two other kinds.
  bool is_subscription() const { return definition->start_kind_number() != 0; }
};

// Kinds by name. Immutable once published.
using ActivityKinds = std::map<std::string, std::shared_ptr<const ActivityKindView>, std::less<>>;

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_READ_ACTIVITY_KINDS_H_
