// Gathers what a group changes in sets of customers.
#ifndef EMPTYCHAIR_STORAGE_STATE_CUSTOMER_SET_FOLD_H_
#define EMPTYCHAIR_STORAGE_STATE_CUSTOMER_SET_FOLD_H_

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "storage/format/customer_set.h"
#include "storage/format/keys.h"

namespace emptychair::storage {

// Of each row and customer the last change stays. For one thread.
class CustomerSetFold {
 public:
  // Puts a customer into the row (true) or takes it out.
  void Change(const CustomerSetKey& row, uint16_t member, bool comes) {
    rows_[row].emplace_back(member, comes);
  }

  void Drop(uint32_t kind_number) {
    absl::erase_if(rows_, [&](const auto& row) { return row.first.kind_number == kind_number; });
  }

  bool empty() const { return rows_.empty(); }

  // Takes all rows out; the changes of each ascend by member.
  absl::flat_hash_map<CustomerSetKey, std::vector<SetMemberChange>> TakeRows() {
    for (auto& [key, changes] : rows_) {
      std::stable_sort(changes.begin(), changes.end(),
                       [](const auto& a, const auto& b) { return a.first < b.first; });
      size_t kept = 0;
      for (size_t i = 0; i < changes.size(); ++i) {
        if (i + 1 == changes.size() || changes[i + 1].first != changes[i].first) {
          changes[kept++] = changes[i];
        }
      }
      changes.resize(kept);
    }
    return std::exchange(rows_, {});
  }

 private:
  absl::flat_hash_map<CustomerSetKey, std::vector<SetMemberChange>> rows_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_STATE_CUSTOMER_SET_FOLD_H_
