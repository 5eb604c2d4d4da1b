// RebuildCube makes the cube what the records say, also while others write; Compact leaves all as
// it is.
#include <atomic>

#include "common/base/errors.h"
#include "storage/format/keys.h"
#include "tests/storage/check/verify_harness.h"

namespace emptychair::storage {
namespace {

using ::testing::IsEmpty;

// Without a merge on top, the row would go on being counted as damage at every reading.
TEST(RebuildCube, LeavesEveryRowDecodable) {
  TestStore store;
  ASSERT_NO_FATAL_FAILURE(store.Damage([](PlainDatabase& database, const DatabaseDump&) {
    database.Put("cell", DayRow().Encode(), "\x01\xff");
  }));
  EXPECT_EQ(RebuildNow(store.store()).rows_corrected, 1);
  const int64_t undecodable = store.store().Stats().undecodable_values;
  VerifyNow(store.store());
  Submit(store.store(), {{.id = 9, .score = 3}});
  EXPECT_THAT(VerifyNow(store.store()).differences, IsEmpty());
  EXPECT_EQ(store.store().Stats().undecodable_values, undecodable);
}

TEST(RebuildCube, SaysWhatItDid) {
  TestStore store;
  ASSERT_NO_FATAL_FAILURE(store.Damage([](PlainDatabase& database, const DatabaseDump&) {
    database.Delete("cell", DayRow().Encode());
  }));
  const RebuildSummary summary = RebuildNow(store.store());
  EXPECT_EQ(summary.sequence, 5u);
  EXPECT_EQ(summary.rows_corrected, 1);
  EXPECT_EQ(summary.cells_corrected, 2);
  EXPECT_EQ(summary.records_counted, 3);
}

TEST(RebuildCube, EndsWithTheErrorOfItsProgress) {
  TestStore store;
  EXPECT_EQ(store.store()
                .RebuildCube([](const TaskProgress&) { return absl::CancelledError("enough"); })
                .status(),
            absl::CancelledError("enough"));
}

// What is stored between the count and the correction of a row goes into neither.
TEST(RebuildCube, KeepsWhatIsStoredWhileItRuns) {
  for (const char* damaged : {"damaged", "", "\x02 not a row"}) {
    TestStore store;
    ASSERT_NO_FATAL_FAILURE(
        store.Damage([damaged](PlainDatabase& database, const DatabaseDump& dump) {
          for (const auto& [key, value] : dump.at("cell")) {
            database.Put("cell", key, damaged);
          }
        }));
    Submit(store.store(), {{.id = 8, .score = 1}});
    bool has_submitted = false;
    const auto summary = store.store().RebuildCube([&](const TaskProgress&) {
      if (!has_submitted) {
        Submit(store.store(), {{.id = 9, .score = 2}});
      }
      has_submitted = true;
      return absl::OkStatus();
    });
    ASSERT_OK(summary.status());
    EXPECT_EQ(summary->records_counted, 4);
    EXPECT_THAT(VerifyNow(store.store()).differences, IsEmpty());
  }
}

TEST(RebuildCube, EndsExactWhileOthersWrite) {
  for (int round = 0; round < 5; ++round) {
    TestStore store;
    ASSERT_NO_FATAL_FAILURE(
        store.Damage([round](PlainDatabase& database, const DatabaseDump& dump) {
          for (const auto& [key, value] : dump.at("cell")) {
            if (round % 2 == 0) {
              database.Delete("cell", key);
            } else {
              database.Put("cell", key, "damaged");
            }
          }
        }));
    {
      Writer writer(store.store());
      RebuildNow(store.store());
    }
    EXPECT_THAT(VerifyNow(store.store()).differences, IsEmpty());
    std::vector<std::string> faults;
    const DatabaseDump dump = store.Dump();
    EXPECT_EQ(StoredCube(dump, faults), RecountedCube(dump, faults));
    EXPECT_THAT(faults, IsEmpty());
  }
}

TEST(Compact, LeavesEverythingReadable) {
  TestStore store;
  std::atomic<bool> stop{false};
  const auto summary =
      store.store().Compact(&stop, [](const TaskProgress&) { return absl::OkStatus(); });
  ASSERT_OK(summary.status());
  EXPECT_GT(summary->bytes_before, 0);
  EXPECT_GT(summary->bytes_after, 0);
  EXPECT_THAT(VerifyNow(store.store()).differences, IsEmpty());
}

TEST(Compact, EndsWhenItIsTold) {
  TestStore store;
  std::atomic<bool> stop{true};
  const auto summary =
      store.store().Compact(&stop, [](const TaskProgress&) { return absl::OkStatus(); });
  EXPECT_EQ(ReasonOf(summary.status()), v1::ERROR_REASON_SHUTTING_DOWN);
}

}  // namespace
}  // namespace emptychair::storage
