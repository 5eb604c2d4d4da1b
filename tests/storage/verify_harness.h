// Runs Verify and RebuildCube on a store, for tests.
#ifndef EMPTYCHAIR_TESTS_STORAGE_VERIFY_HARNESS_H_
#define EMPTYCHAIR_TESTS_STORAGE_VERIFY_HARNESS_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/store.h"
#include "tests/storage/store_harness.h"

namespace emptychair::storage {

// The name of a kind of difference as the API has it.
inline std::string KindName(DifferenceKind kind) {
  const char* const kNames[] = {
      "UNDECODABLE",       "UNKNOWN_SURVEY", "RECORD", "CELL_COUNT", "INDEX_ENTRY_MISSING",
      "INDEX_ENTRY_EXTRA", "CUSTOMER",       "SERIES", "COUNTER"};
  return kNames[static_cast<size_t>(kind)];
}

struct Verdict {
  VerifySummary summary;
  // "KIND where: stored / expected", in the order found.
  std::vector<std::string> differences;
};

inline Verdict VerifyNow(const Store& store) {
  Verdict verdict;
  const auto summary = store.Verify(
      [](const TaskProgress& progress) {
        EXPECT_LE(progress.done, progress.total);
        return absl::OkStatus();
      },
      [&](const Difference& difference) {
        verdict.differences.push_back(absl::StrCat(KindName(difference.kind), " ", difference.where,
                                                   ": ", difference.stored, " / ",
                                                   difference.expected));
        return absl::OkStatus();
      });
  EXPECT_OK(summary.status());
  if (summary.ok()) {
    verdict.summary = *summary;
  }
  return verdict;
}

inline RebuildSummary RebuildNow(Store& store) {
  const auto summary = store.RebuildCube([](const TaskProgress&) { return absl::OkStatus(); });
  EXPECT_OK(summary.status());
  return summary.ok() ? *summary : RebuildSummary();
}

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_TESTS_STORAGE_VERIFY_HARNESS_H_
