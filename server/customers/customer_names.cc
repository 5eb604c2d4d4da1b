#include "server/customers/customer_names.h"

namespace emptychair {
namespace {

constexpr size_t kBytesMax = size_t{8} << 20;
// Of an entry beside the text.
constexpr size_t kEntryBytes = 64;

}  // namespace

std::vector<std::optional<std::string>> CustomerNames::Find(const storage::View& view,
                                                            const std::vector<uint32_t>& ordinals) {
  std::vector<std::optional<std::string>> found(ordinals.size());
  std::vector<uint32_t> unknown;
  std::vector<size_t> positions;  // Of those.
  {
    absl::MutexLock lock(&mutex_);
    if (view.last_customer_erasure > last_erasure_) {
      last_erasure_ = view.last_customer_erasure;
      ids_.clear();
      bytes_ = 0;
    }
    for (size_t i = 0; i < ordinals.size(); ++i) {
      if (const auto known = ids_.find(ordinals[i]); known != ids_.end()) {
        found[i] = known->second;
      } else {
        unknown.push_back(ordinals[i]);
        positions.push_back(i);
      }
    }
  }
  std::vector<std::optional<std::string>> read = records_.CustomerIds(view, unknown);
  absl::MutexLock lock(&mutex_);
  for (size_t i = 0; i < read.size(); ++i) {
    if (!read[i].has_value()) {
      continue;
    }
    if (bytes_ > kBytesMax) {
      ids_.clear();
      bytes_ = 0;
    }
    if (view.last_customer_erasure == last_erasure_ && ids_.emplace(unknown[i], *read[i]).second) {
      bytes_ += read[i]->size() + kEntryBytes;
    }
    found[positions[i]] = *std::move(read[i]);
  }
  return found;
}

}  // namespace emptychair
