// Whether indexes, customers, series, counters and the change log agree with the records.
#ifndef EMPTYCHAIR_TESTS_STORAGE_HARNESS_INDEX_RECOUNT_H_
#define EMPTYCHAIR_TESTS_STORAGE_HARNESS_INDEX_RECOUNT_H_

#include <string>
#include <vector>

#include "tests/storage/harness/plain_database.h"

namespace emptychair::storage {

// Adds each difference to `faults`.
void RecountIndexes(const DatabaseDump& dump, std::vector<std::string>& faults);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_TESTS_STORAGE_HARNESS_INDEX_RECOUNT_H_
