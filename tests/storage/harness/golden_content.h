// What the golden databases hold: an example of everything that the format can say.
#ifndef EMPTYCHAIR_TESTS_STORAGE_HARNESS_GOLDEN_CONTENT_H_
#define EMPTYCHAIR_TESTS_STORAGE_HARNESS_GOLDEN_CONTENT_H_

#include <string>
#include <vector>

#include "storage/store.h"
#include "tests/storage/harness/plain_database.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {

// The answers in a golden database, in the order they were submitted.
std::vector<Answer> GoldenAnswers();

// Fills a new store. In two steps, between which make_golden_database closes the store and moves
// what there is into tables, so that the database has tables and a log. Both abort when a change is
// not accepted.
void FillFirstHalf(Store& store);
void FillSecondHalf(Store& store);

// Everything in a database, a line for each entry: its family, key and value, decoded as far as the
// code knows them, and as hexadecimal digits where it does not.
std::string GoldenText(const DatabaseDump& dump);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_TESTS_STORAGE_HARNESS_GOLDEN_CONTENT_H_
