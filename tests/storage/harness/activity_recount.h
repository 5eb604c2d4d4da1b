// Whether kinds, indexes and sets of customers agree with the activities.
#ifndef EMPTYCHAIR_TESTS_STORAGE_HARNESS_ACTIVITY_RECOUNT_H_
#define EMPTYCHAIR_TESTS_STORAGE_HARNESS_ACTIVITY_RECOUNT_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "tests/storage/harness/plain_database.h"

namespace emptychair::storage {

// A set of customers: kind, set, unit (2 day, 3 month), bucket. And the ordinals in it.
using SetRow = std::tuple<uint32_t, int, int, int64_t>;
using CustomerSets = std::map<SetRow, std::set<uint32_t>>;

// The sets as they are stored, without those that have nobody. Rows that cannot be decoded are
// added to `faults`.
CustomerSets StoredSets(const DatabaseDump& dump, std::vector<std::string>& faults);

// Adds each difference to `faults`. Of a deleted kind, which is purged in steps, less must agree.
void RecountActivities(const DatabaseDump& dump, std::vector<std::string>& faults);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_TESTS_STORAGE_HARNESS_ACTIVITY_RECOUNT_H_
