#include "storage/engine/merge_operators.h"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "rocksdb/db.h"
#include "rocksdb/env.h"
#include "storage/format/cube_row.h"
#include "tests/helpers/seed.h"
#include "tests/storage/harness/hex.h"

namespace emptychair::storage {
namespace {

using Rows = std::vector<std::string>;

// A full merge into a string that is not empty, as under RocksDB's iterators.
std::string FullMerge(const CubeMergeOperator& merge, const std::optional<std::string>& base,
                      const Rows& operands) {
  const rocksdb::Slice base_slice = base.has_value() ? *base : rocksdb::Slice();
  const std::vector<rocksdb::Slice> slices(operands.begin(), operands.end());
  const rocksdb::MergeOperator::MergeOperationInput in(
      "key", base.has_value() ? &base_slice : nullptr, slices, nullptr);
  std::string new_value = "left over from the row before";
  rocksdb::Slice existing_operand(nullptr, 0);
  rocksdb::MergeOperator::MergeOperationOutput out(new_value, existing_operand);
  EXPECT_TRUE(merge.FullMergeV2(in, &out));
  EXPECT_EQ(existing_operand.data(), nullptr);
  return new_value;
}

std::string PartialMerge(const CubeMergeOperator& merge, const Rows& operands) {
  const std::deque<rocksdb::Slice> slices(operands.begin(), operands.end());
  std::string new_value = "left over";
  EXPECT_TRUE(merge.PartialMergeMulti("key", slices, &new_value, nullptr));
  return new_value;
}

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}
  uint64_t Below(uint64_t limit) { return random_() % limit; }

  std::string Row() {
    CubeCounts counts(Below(5));
    for (CubeCount& count : counts) {
      count = {static_cast<uint16_t>(Below(3)), static_cast<uint8_t>(Below(2)),
               static_cast<uint8_t>(Below(3)), static_cast<int64_t>(Below(7)) - 3};
    }
    Normalize(counts);
    return EncodeCubeRow(counts);
  }

  std::string Garbage() {
    std::string bytes(Below(6), '\0');
    for (char& byte : bytes) {
      byte = static_cast<char>(random_());
    }
    // Version 2 could be a row by chance.
    return absl::StrCat("\x07", bytes);
  }

 private:
  std::mt19937_64 random_;
};

CubeCounts SumOf(const Rows& rows) {
  CubeCounts sum;
  for (const std::string& row : rows) {
    const auto counts = DecodeCubeRow(row);
    EXPECT_TRUE(counts.has_value()) << HexOf(row);
    sum.insert(sum.end(), counts->begin(), counts->end());
  }
  Normalize(sum);
  return sum;
}

TEST(CubeMergeOperator, AppendsOperandsToTheRow) {
  const CubeMergeOperator merge;
  const std::string one = Bytes("02 0000 00 00 01");
  const std::string two = Bytes("02 0500 00 00 02");
  EXPECT_EQ(FullMerge(merge, std::nullopt, {one}), one);
  EXPECT_EQ(FullMerge(merge, one, {}), one);
  EXPECT_EQ(HexOf(FullMerge(merge, two, {one, two})),
            Packed("02 0500 00 00 02  0000 00 00 01  0500 00 00 02"));
  EXPECT_EQ(HexOf(PartialMerge(merge, {one, one})), Packed("02 0000 00 00 01  0000 00 00 01"));
  EXPECT_EQ(FullMerge(merge, Bytes("02"), {Bytes("02")}), Bytes("02"));
  EXPECT_EQ(merge.undecodable_count(), 0);
}

TEST(CubeMergeOperator, HasTheNameThatIsOnDisk) {
  EXPECT_STREQ(CubeMergeOperator().Name(), "emptychair.CubeRow");
}

// What begins with 0 is no row, so damage is not hidden by what is added to it.
TEST(CubeMergeOperator, MakesNoRowOfWhatIsNoRowAndCountsIt) {
  const CubeMergeOperator merge;
  const std::string one = Bytes("02 0000 00 00 01");
  const std::string damage_and_one = Bytes("00 0000 00 00 01");
  EXPECT_EQ(FullMerge(merge, "", {one}), damage_and_one);
  EXPECT_EQ(FullMerge(merge, "", {one, "garbage"}), damage_and_one);
  EXPECT_EQ(FullMerge(merge, damage_and_one, {one}), Bytes("00 0000 00 00 01 0000 00 00 01"));
  EXPECT_EQ(FullMerge(merge, one, {damage_and_one}), Bytes("00 0000 00 00 01 0000 00 00 01"));
  EXPECT_EQ(FullMerge(merge, std::nullopt, {"garbage"}), Bytes("00"));
  EXPECT_EQ(PartialMerge(merge, {one, Bytes("01")}), damage_and_one);
  EXPECT_EQ(merge.undecodable_count(), 7);
}

TEST(CubeMergeOperator, NeverFailsWhateverTheBytes) {
  Generator random(testing::SeedFromEnvOrRandom());
  const CubeMergeOperator merge;
  int64_t damaged = 0;
  for (int round = 0; round < 2'000; ++round) {
    Rows rows = {random.Row()};
    Rows sound = rows;
    for (uint64_t count = random.Below(6); count > 0; --count) {
      if (random.Below(6) == 0) {
        rows.push_back(random.Garbage());
      } else {
        sound.push_back(random.Row());
        rows.push_back(sound.back());
      }
    }
    const std::string merged = FullMerge(merge, rows.front(), Rows(rows.begin() + 1, rows.end()));
    const bool has_garbage = sound.size() != rows.size();
    EXPECT_EQ(DecodeCubeRow(merged).has_value(), !has_garbage);
    EXPECT_EQ(DecodeCubeRow(has_garbage ? RowAddedToDamage(merged) : merged), SumOf(sound));
    damaged += static_cast<int64_t>(rows.size() - sound.size());
    EXPECT_EQ(merge.undecodable_count(), damaged);
  }
}

TEST(CubeMergeOperator, MakesTheSameBytesInAnyGrouping) {
  Generator random(testing::SeedFromEnvOrRandom());
  const CubeMergeOperator merge;
  for (int round = 0; round < 1'000; ++round) {
    const std::string base = random.Row();
    Rows operands(1 + random.Below(12));
    for (std::string& operand : operands) {
      operand = random.Below(12) == 0 ? random.Garbage() : random.Row();
    }
    const std::string at_once = FullMerge(merge, base, operands);
    // Neighbours are merged until a few are left, as compactions do.
    Rows grouped = operands;
    while (grouped.size() > 1 && random.Below(4) != 0) {
      const size_t first = random.Below(grouped.size() - 1);
      const size_t size = 2 + random.Below(grouped.size() - first - 1);
      const auto begin = grouped.begin() + first;
      const std::string merged = PartialMerge(merge, Rows(begin, begin + size));
      *begin = merged;
      grouped.erase(begin + 1, begin + size);
    }
    EXPECT_EQ(HexOf(FullMerge(merge, base, grouped)), HexOf(at_once));
    // Or one after the other.
    std::string step = base;
    for (const std::string& operand : operands) {
      step = FullMerge(merge, step, {operand});
    }
    EXPECT_EQ(HexOf(step), HexOf(at_once));
  }
}

class MergedDatabase : public ::testing::Test {
 protected:
  void SetUp() override {
    rocksdb::Options options;
    options.create_if_missing = true;
    options.env = env_.get();
    options.merge_operator = merge_;
    options.write_buffer_size = 64 << 10;
    options.disable_auto_compactions = true;
    rocksdb::DB* db = nullptr;
    const rocksdb::Status opened = rocksdb::DB::Open(options, "/merged", &db);
    ASSERT_TRUE(opened.ok()) << opened.ToString();
    db_.reset(db);
  }

  using Contents = std::map<std::string, std::string>;

  Contents ByIterator(bool forward, const rocksdb::Snapshot* snapshot = nullptr) {
    Contents contents;
    rocksdb::ReadOptions options;
    options.snapshot = snapshot;
    std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options));
    if (forward) {
      for (it->SeekToFirst(); it->Valid(); it->Next()) {
        contents[it->key().ToString()] = HexOf(it->value().ToString());
      }
    } else {
      for (it->SeekToLast(); it->Valid(); it->Prev()) {
        contents[it->key().ToString()] = HexOf(it->value().ToString());
      }
    }
    EXPECT_TRUE(it->status().ok()) << it->status().ToString();
    return contents;
  }

  void ExpectContents(const Contents& wanted) {
    EXPECT_EQ(ByIterator(/*forward=*/true), wanted);
    EXPECT_EQ(ByIterator(/*forward=*/false), wanted);
    for (const auto& [key, hex] : wanted) {
      std::string value;
      ASSERT_TRUE(db_->Get(rocksdb::ReadOptions(), key, &value).ok());
      EXPECT_EQ(HexOf(value), hex) << key;
    }
  }

  const std::unique_ptr<rocksdb::Env> env_{rocksdb::NewMemEnv(rocksdb::Env::Default())};
  const std::shared_ptr<CubeMergeOperator> merge_ = std::make_shared<CubeMergeOperator>();
  std::unique_ptr<rocksdb::DB> db_;
};

TEST_F(MergedDatabase, ReadsTheSameByGetIteratorSnapshotAndAfterCompaction) {
  Generator random(testing::SeedFromEnvOrRandom());
  Contents model;
  const auto add = [&](const std::string& key, const std::string& row) {
    const auto before = model.find(key);
    std::string sum = before == model.end() ? "" : Bytes(before->second);
    ASSERT_TRUE(AppendCubeRow(row, sum));
    model[key] = HexOf(sum);
  };
  for (int round = 0; round < 40; ++round) {
    const Contents before = model;
    const rocksdb::Snapshot* snapshot = db_->GetSnapshot();
    for (int i = 0; i < 60; ++i) {
      const std::string key = absl::StrCat("row", random.Below(8));
      const std::string row = random.Row();
      if (random.Below(20) == 0) {
        ASSERT_TRUE(db_->Put(rocksdb::WriteOptions(), key, row).ok());
        model[key] = HexOf(row);
      } else {
        ASSERT_TRUE(db_->Merge(rocksdb::WriteOptions(), key, row).ok());
        add(key, row);
      }
    }
    EXPECT_EQ(ByIterator(/*forward=*/true, snapshot), before);
    if (random.Below(2) == 0) {
      ASSERT_TRUE(db_->Flush(rocksdb::FlushOptions()).ok());
    }
    if (random.Below(6) == 0) {
      // With a snapshot alive, compaction can only merge what lies on one side of it.
      ASSERT_TRUE(db_->CompactRange(rocksdb::CompactRangeOptions(), nullptr, nullptr).ok());
      EXPECT_EQ(ByIterator(/*forward=*/true, snapshot), before);
    }
    db_->ReleaseSnapshot(snapshot);
    ExpectContents(model);
  }
  EXPECT_EQ(merge_->undecodable_count(), 0);
}

TEST_F(MergedDatabase, GoesOnAfterDamage) {
  const std::string one = Bytes("02 0000 00 00 01");
  ASSERT_TRUE(db_->Put(rocksdb::WriteOptions(), "a", "not a row").ok());
  ASSERT_TRUE(db_->Merge(rocksdb::WriteOptions(), "a", one).ok());
  ASSERT_TRUE(db_->Flush(rocksdb::FlushOptions()).ok());
  ASSERT_TRUE(db_->Merge(rocksdb::WriteOptions(), "a", "nor this").ok());
  ASSERT_TRUE(db_->Merge(rocksdb::WriteOptions(), "a", one).ok());
  ASSERT_TRUE(db_->Flush(rocksdb::FlushOptions()).ok());
  ASSERT_TRUE(db_->CompactRange(rocksdb::CompactRangeOptions(), nullptr, nullptr).ok());
  ExpectContents({{"a", HexOf(Bytes("00 0000 00 00 01 0000 00 00 01"))}});
  EXPECT_GE(merge_->undecodable_count(), 2);
  ASSERT_TRUE(db_->Put(rocksdb::WriteOptions(), "b", one).ok());
}

}  // namespace
}  // namespace emptychair::storage
