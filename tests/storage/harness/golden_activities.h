// What the golden databases hold of activities, from format 7 on.
#ifndef EMPTYCHAIR_TESTS_STORAGE_HARNESS_GOLDEN_ACTIVITIES_H_
#define EMPTYCHAIR_TESTS_STORAGE_HARNESS_GOLDEN_ACTIVITIES_H_

#include <string>
#include <vector>

#include "storage/format/keyed_hash.h"
#include "storage/store.h"
#include "tests/storage/harness/activity_harness.h"

namespace emptychair::storage {

// The activities in a golden database, in the order in which they came; the last one is erased.
std::vector<Deed> GoldenDeeds(const KeyedHash& hash);

// The parts of FillFirstHalf and FillSecondHalf. Both abort when a change is not accepted.
void FillFirstActivities(Store& store);
void FillSecondActivities(Store& store);

// An entry of a column family for activities, in words.
std::string ActivityEntryText(const std::string& family, const std::string& key,
                              const std::string& value);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_TESTS_STORAGE_HARNESS_GOLDEN_ACTIVITIES_H_
