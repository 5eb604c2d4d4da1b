// Whether everything that a database holds agrees with its records.
#ifndef EMPTYCHAIR_TESTS_STORAGE_HARNESS_RECOUNT_H_
#define EMPTYCHAIR_TESTS_STORAGE_HARNESS_RECOUNT_H_

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "tests/storage/harness/plain_database.h"

namespace emptychair::storage {

// One count of the cube: survey, unit (1 hour, 2 day, 3 month), bucket, series, state, bin.
using CubeCell = std::tuple<uint32_t, int, int64_t, uint32_t, int, int>;
using CubeCells = std::map<CubeCell, int64_t>;

// The cube as it is stored. Rows that cannot be decoded are added to `faults`.
CubeCells StoredCube(const DatabaseDump& dump, std::vector<std::string>& faults);

// The cube that the records make, counted one by one from their headers.
CubeCells RecountedCube(const DatabaseDump& dump, std::vector<std::string>& faults);

// Every difference between what is stored and what follows from the records: the cube, the indexes
// both ways, customers, series, counters, sequences, and the same for activities and the sets of
// customers who did them. Empty for a sound database.
std::vector<std::string> FindFaults(const DatabaseDump& dump);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_TESTS_STORAGE_HARNESS_RECOUNT_H_
