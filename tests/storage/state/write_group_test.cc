#include "storage/state/write_group.h"

#include <iterator>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rocksdb/transaction_log.h"
#include "storage/format/cube_row.h"
#include "tests/helpers/seed.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/temp_dir.h"
#include "tests/storage/harness/hex.h"

namespace emptychair::storage {
namespace {

TEST(RowAges, AskForAWholeRowAtFirstAndInThePlaceOfEvery64thOperand) {
  RowAges ages;
  const std::string key = CubeRowKey{1, CubeUnit::kHour, 5, 0}.Encode();
  const std::string other = CubeRowKey{1, CubeUnit::kHour, 6, 0}.Encode();
  EXPECT_FALSE(ages.TakesOperand(key, 1));
  for (int round = 0; round < 3; ++round) {
    ages.SetWhole(key, 100);
    for (int operand = 1; operand < 64; ++operand) {
      EXPECT_TRUE(ages.TakesOperand(key, 1)) << operand;
    }
    EXPECT_FALSE(ages.TakesOperand(key, 1));
  }
  EXPECT_FALSE(ages.TakesOperand(other, 1));
  ages.SetWhole(other, 100);
  EXPECT_TRUE(ages.TakesOperand(other, 1));
}

TEST(RowAges, AskForAWholeRowWhenOperandsHaveAnEighthOfItsBytes) {
  RowAges ages;
  const std::string key = CubeRowKey{1, CubeUnit::kHour, 5, 0}.Encode();
  ages.SetWhole(key, 16'000);
  EXPECT_TRUE(ages.TakesOperand(key, 1'900));
  EXPECT_TRUE(ages.TakesOperand(key, 100));
  EXPECT_FALSE(ages.TakesOperand(key, 1));
  ages.SetWhole(key, 16'000);
  EXPECT_FALSE(ages.TakesOperand(key, 2'001));
  // A small row takes 1,024 bytes all the same.
  ages.SetWhole(key, 10);
  EXPECT_TRUE(ages.TakesOperand(key, 1'024));
  EXPECT_FALSE(ages.TakesOperand(key, 1));
}

TEST(RowAges, ForgetAllRowsWhenThereAreTooMany) {
  RowAges ages;
  const std::string first = CubeRowKey{1, CubeUnit::kHour, 0, 0}.Encode();
  ages.SetWhole(first, 100);
  EXPECT_TRUE(ages.TakesOperand(first, 1));
  for (int32_t bucket = 1; bucket <= 200'000; ++bucket) {
    ages.SetWhole(CubeRowKey{1, CubeUnit::kHour, bucket, 0}.Encode(), 100);
  }
  // A row it does not remember is written whole, which is always right.
  EXPECT_FALSE(ages.TakesOperand(first, 1));
}

class GroupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(engine_, Engine::Open({.directory = dir_.Join("data")}));
  }

  // A group that counts one answer.
  static void CountOne(WriteGroup& group, int32_t score, int64_t occur_time_ms = 0) {
    FeedbackHeader header;
    header.score = score;
    group.cube().Add(1, occur_time_ms, header, /*scale_min=*/0, 1);
  }

  std::string StoredHex(Family family, const std::string& key) {
    std::string value;
    const absl::StatusOr<bool> found = engine_->Get(family, key, &value);
    EXPECT_OK(found);
    return found.value_or(false) ? HexOf(value) : "(none)";
  }

  testing::TempDir dir_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(GroupTest, ReadsItsOwnPutsBeforeWhatIsStored) {
  MergedRowAges ages;
  WriteGroup first(*engine_);
  EXPECT_TRUE(first.empty());
  first.Put(Family::kSeries, "a", "stored");
  EXPECT_FALSE(first.empty());
  ASSERT_OK(first.Commit(ages, /*sync=*/true));

  WriteGroup group(*engine_);
  std::string value;
  EXPECT_THAT(group.Get(Family::kSeries, "a", &value), testing::IsOkAndHolds(true));
  EXPECT_EQ(value, "stored");
  EXPECT_THAT(group.Get(Family::kSeries, "b", &value), testing::IsOkAndHolds(false));
  // The same key of another family is another key.
  EXPECT_THAT(group.Get(Family::kCustomer, "a", &value), testing::IsOkAndHolds(false));

  group.Put(Family::kSeries, "a", "put");
  group.Put(Family::kSeries, "b", "");
  group.Put(Family::kSeries, "a", "put again");
  EXPECT_THAT(group.Get(Family::kSeries, "a", &value), testing::IsOkAndHolds(true));
  EXPECT_EQ(value, "put again");
  EXPECT_THAT(group.Get(Family::kSeries, "b", &value), testing::IsOkAndHolds(true));
  EXPECT_EQ(value, "");
  EXPECT_EQ(StoredHex(Family::kSeries, "a"), HexOf("stored"));
  EXPECT_EQ(StoredHex(Family::kSeries, "b"), "(none)");

  ASSERT_OK(group.Commit(ages, /*sync=*/true));
  EXPECT_EQ(StoredHex(Family::kSeries, "a"), HexOf("put again"));
  EXPECT_EQ(StoredHex(Family::kSeries, "b"), "");
}

TEST_F(GroupTest, ReadsWhatTheGroupBeforeWillLeave) {
  MergedRowAges ages;
  WriteGroup stored(*engine_);
  for (const char* key : {"kept", "changed", "deleted", "deleted here", "put here"}) {
    stored.Put(Family::kSeries, key, "stored");
  }
  ASSERT_OK(stored.Commit(ages, /*sync=*/true));
  WriteGroup before(*engine_, stored.entries());
  before.Put(Family::kSeries, "changed", "in flight");
  before.Put(Family::kSeries, "new", "in flight");
  before.Put(Family::kSeries, "deleted here", "in flight");
  before.Delete(Family::kSeries, "deleted");
  before.Delete(Family::kSeries, "put here");

  WriteGroup group(*engine_, before.entries());
  group.Delete(Family::kSeries, "deleted here");
  group.Put(Family::kSeries, "put here", "here");
  const auto read = [&](absl::string_view key) {
    std::string value;
    const absl::StatusOr<bool> found = group.Get(Family::kSeries, key, &value);
    EXPECT_OK(found);
    return found.value_or(false) ? value : "(none)";
  };
  const auto expect_all = [&] {
    EXPECT_EQ(read("kept"), "stored");
    EXPECT_EQ(read("changed"), "in flight");
    EXPECT_EQ(read("new"), "in flight");
    EXPECT_EQ(read("deleted"), "(none)");
    EXPECT_EQ(read("deleted here"), "(none)");
    EXPECT_EQ(read("put here"), "here");
  };
  expect_all();
  ASSERT_OK(before.Commit(ages, /*sync=*/true));
  expect_all();
}

// All entries, as visits one way and the other find them.
std::vector<std::string> Visited(const WriteGroup& group, absl::string_view prefix,
                                 absl::string_view start, absl::string_view end) {
  std::vector<std::string> forwards;
  EXPECT_OK(
      group.Visit(Family::kActivityByCustomer, prefix, start, [&](const WriteGroup::Entry& entry) {
        forwards.push_back(entry.key + "=" + entry.value);
        return true;
      }));
  std::erase_if(forwards, [&](const std::string& text) { return text.substr(0, 2) >= end; });
  std::vector<std::string> backwards;
  EXPECT_OK(group.VisitBack(Family::kActivityByCustomer, prefix, end,
                            [&](const WriteGroup::Entry& entry) {
                              backwards.insert(backwards.begin(), entry.key + "=" + entry.value);
                              return true;
                            }));
  std::erase_if(backwards, [&](const std::string& text) { return text.substr(0, 2) < start; });
  EXPECT_EQ(forwards, backwards);
  return forwards;
}

// Beside a map, for customers with many entries in the database, the group before and this one.
TEST_F(GroupTest, VisitsWhatAMapHasWhateverWasPutAndDeletedWhere) {
  std::mt19937_64 random(testing::SeedFromEnvOrRandom());
  const auto below = [&](uint64_t limit) { return random() % limit; };
  constexpr Family kFamily = Family::kActivityByCustomer;
  const auto key = [&] {
    return absl::StrCat(below(2) == 0 ? "anna" : "bert", absl::Dec(below(400), absl::kZeroPad3));
  };
  MergedRowAges ages;
  for (int round = 0; round < 20; ++round) {
    std::map<std::string, std::string> expected;
    const auto change = [&](WriteGroup& group, const std::string& of) {
      for (uint64_t left = below(300); left > 0; --left) {
        const std::string changed = key();
        if (below(3) == 0) {
          group.Delete(kFamily, changed);
          expected.erase(changed);
        } else {
          group.Put(kFamily, changed, of);
          expected[changed] = of;
        }
      }
    };
    WriteGroup stored(*engine_);
    for (int i = 0; i < 400; ++i) {
      for (const char* customer : {"anna", "bert"}) {
        stored.Delete(kFamily, absl::StrCat(customer, absl::Dec(i, absl::kZeroPad3)));
      }
    }
    change(stored, "stored");
    ASSERT_OK(stored.Commit(ages, /*sync=*/false));
    WriteGroup before(*engine_, stored.entries());
    change(before, "before");
    WriteGroup group(*engine_, before.entries());
    change(group, "here");
    const std::string start = key();
    std::string end = absl::StrCat(start.substr(0, 4), absl::Dec(below(400), absl::kZeroPad3));
    const uint64_t most = 1 + below(60);
    std::vector<std::string> forwards;
    ASSERT_OK(group.Visit(kFamily, start.substr(0, 4), start, [&](const WriteGroup::Entry& entry) {
      forwards.push_back(entry.key + entry.value);
      return forwards.size() < most;
    }));
    std::vector<std::string> backwards;
    ASSERT_OK(group.VisitBack(kFamily, end.substr(0, 4), end, [&](const WriteGroup::Entry& entry) {
      backwards.push_back(entry.key + entry.value);
      return backwards.size() < most;
    }));
    std::vector<std::string> wanted;
    for (auto at = expected.lower_bound(start);
         at != expected.end() && absl::StartsWith(at->first, start.substr(0, 4)) &&
         wanted.size() < most;
         ++at) {
      wanted.push_back(at->first + at->second);
    }
    ASSERT_EQ(forwards, wanted);
    wanted.clear();
    for (auto at = std::make_reverse_iterator(expected.lower_bound(end));
         at != expected.rend() && absl::StartsWith(at->first, end.substr(0, 4)) &&
         wanted.size() < most;
         ++at) {
      wanted.push_back(at->first + at->second);
    }
    ASSERT_EQ(backwards, wanted);
  }
}

TEST_F(GroupTest, VisitsEntriesBothWaysAsItAndTheOneBeforeHaveThem) {
  MergedRowAges ages;
  constexpr Family kFamily = Family::kActivityByCustomer;
  WriteGroup stored(*engine_);
  for (const char* key : {"a9", "b1", "b3", "b5", "b7", "b9", "c1"}) {
    stored.Put(kFamily, key, "s");
  }
  ASSERT_OK(stored.Commit(ages, /*sync=*/true));
  WriteGroup before(*engine_, stored.entries());
  before.Put(kFamily, "b2", "f");
  before.Put(kFamily, "b3", "f");
  before.Delete(kFamily, "b5");
  before.Delete(kFamily, "b9");
  WriteGroup group(*engine_, before.entries());
  group.Put(kFamily, "b0", "g");
  group.Put(kFamily, "b9", "g");
  group.Delete(kFamily, "b2");
  for (int round = 0; round < 2; ++round) {
    EXPECT_THAT(Visited(group, "b", "b0", "c"),
                ::testing::ElementsAre("b0=g", "b1=s", "b3=f", "b7=s", "b9=g"));
    EXPECT_THAT(Visited(group, "b", "b1", "b9"), ::testing::ElementsAre("b1=s", "b3=f", "b7=s"));
    EXPECT_THAT(Visited(group, "b", "b3", "b3"), ::testing::IsEmpty());
    EXPECT_THAT(Visited(group, "", "a0", "b1"), ::testing::ElementsAre("a9=s", "b0=g"));
    EXPECT_THAT(Visited(group, "d", "d", "d9"), ::testing::IsEmpty());
    if (round == 0) {
      ASSERT_OK(before.Commit(ages, /*sync=*/true));
    }
  }
  // Further than what is read at once.
  WriteGroup many(*engine_);
  std::vector<std::string> wanted;
  for (char c = 'A'; c <= 'z'; ++c) {
    many.Put(kFamily, std::string("x") + c, "m");
    wanted.push_back(std::string("x") + c + "=m");
  }
  EXPECT_EQ(Visited(many, "x", "x", "y"), wanted);
}

TEST_F(GroupTest, ThatIsNotCommittedLeavesNothing) {
  {
    WriteGroup group(*engine_);
    group.Put(Family::kSeries, "a", "lost");
    CountOne(group, 3);
  }
  EXPECT_EQ(StoredHex(Family::kSeries, "a"), "(none)");
  EXPECT_EQ(StoredHex(Family::kCubeRow, CubeRowKey{1, CubeUnit::kDay, 0, 0}.Encode()), "(none)");
}

// Counts puts and merges of the cube's rows in the write-ahead log.
class CellWrites final : public rocksdb::WriteBatch::Handler {
 public:
  CellWrites(uint32_t family, std::string key) : family_(family), key_(std::move(key)) {}

  rocksdb::Status PutCF(uint32_t family, const rocksdb::Slice& key,
                        const rocksdb::Slice& value) override {
    if (family == family_ && key == key_) {
      operands_before_puts_.push_back(operands_);
      operands_ = 0;
    }
    return rocksdb::Status::OK();
  }
  rocksdb::Status MergeCF(uint32_t family, const rocksdb::Slice& key,
                          const rocksdb::Slice& value) override {
    operands_ += family == family_ && key == key_ ? 1 : 0;
    return rocksdb::Status::OK();
  }

  // Operands between whole writes; at [0] those before the first.
  const std::vector<int>& operands_before_puts() const { return operands_before_puts_; }

 private:
  const uint32_t family_;
  const std::string key_;
  int operands_ = 0;
  std::vector<int> operands_before_puts_;
};

TEST_F(GroupTest, WritesARowWholeAtEvery64thOperand) {
  MergedRowAges ages;
  constexpr int kGroups = 200;
  for (int i = 0; i < kGroups; ++i) {
    WriteGroup group(*engine_);
    CountOne(group, i % 11);
    CountOne(group, 10);
    group.Put(Family::kMeta, "k", "");
    ASSERT_OK(group.Commit(ages, /*sync=*/true));
  }
  const std::string key = CubeRowKey{1, CubeUnit::kHour, 0, 0}.Encode();
  CellWrites writes(engine_->handle(Family::kCubeRow)->GetID(), key);
  std::unique_ptr<rocksdb::TransactionLogIterator> log;
  ASSERT_TRUE(engine_->db()->GetUpdatesSince(0, &log).ok());
  for (; log->Valid(); log->Next()) {
    ASSERT_TRUE(log->GetBatch().writeBatchPtr->Iterate(&writes).ok());
  }
  EXPECT_THAT(writes.operands_before_puts(), ::testing::ElementsAre(0, 63, 63, 63));

  std::string row;
  ASSERT_THAT(engine_->Get(Family::kCubeRow, key, &row), testing::IsOkAndHolds(true));
  int64_t sum = 0;
  const auto counts = DecodeCubeRow(row);
  ASSERT_TRUE(counts.has_value());
  for (const CubeCount& count : *counts) {
    sum += count.count;
  }
  EXPECT_EQ(sum, 2 * kGroups);
}

TEST_F(GroupTest, WritesNothingForCountsThatCancel) {
  MergedRowAges ages;
  WriteGroup group(*engine_);
  group.Put(Family::kMeta, "k", "");
  FeedbackHeader header;
  group.cube().Add(1, 0, header, 0, 1);
  group.cube().Add(1, 0, header, 0, -1);
  ASSERT_OK(group.Commit(ages, /*sync=*/true));
  EXPECT_EQ(StoredHex(Family::kCubeRow, CubeRowKey{1, CubeUnit::kHour, 0, 0}.Encode()), "(none)");
}

TEST_F(GroupTest, LeavesADamagedRowDamagedAndCountsIt) {
  const std::string key = CubeRowKey{1, CubeUnit::kHour, 0, 0}.Encode();
  ASSERT_TRUE(engine_->db()
                  ->Put(rocksdb::WriteOptions(), engine_->handle(Family::kCubeRow), key, "damaged")
                  .ok());
  MergedRowAges ages;
  for (int i = 0; i < 2; ++i) {
    WriteGroup group(*engine_);
    group.Put(Family::kMeta, "k", "");
    CountOne(group, 0);
    ASSERT_OK(group.Commit(ages, /*sync=*/true));
  }
  EXPECT_EQ(engine_->undecodable_count(), 0);
  EXPECT_EQ(StoredHex(Family::kCubeRow, key), Packed("00 0000 01 00 01  0000 01 00 01"));
  EXPECT_GT(engine_->undecodable_count(), 0);
  EXPECT_EQ(StoredHex(Family::kCubeRow, CubeRowKey{1, CubeUnit::kDay, 0, 0}.Encode()),
            Packed("02 0000 01 00 01  0000 01 00 01"));
}

}  // namespace
}  // namespace emptychair::storage
