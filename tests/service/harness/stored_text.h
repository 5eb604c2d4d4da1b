// What can be read in a file of a store.
#ifndef EMPTYCHAIR_TESTS_SERVICE_HARNESS_STORED_TEXT_H_
#define EMPTYCHAIR_TESTS_SERVICE_HARNESS_STORED_TEXT_H_

#include <string>

namespace emptychair::testing {

struct StoredText {
  // The column family of a table; else empty.
  std::string family;
  // The file's bytes, and behind them those of a table's entries, which are compressed in it. Rows
  // that are merged ("cell", "active_set") are not among them: they hold numbers alone.
  std::string bytes;
};

// Fails the test for a table that cannot be read.
StoredText ReadStored(const std::string& path, bool is_table);

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_SERVICE_HARNESS_STORED_TEXT_H_
