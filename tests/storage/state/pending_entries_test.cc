#include "storage/state/pending_entries.h"

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/helpers/seed.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/temp_dir.h"

namespace emptychair::storage {
namespace {

// What a batch does, in its order, as "family key=value" and "family key deleted".
class Steps final : public rocksdb::WriteBatch::Handler {
 public:
  rocksdb::Status PutCF(uint32_t family, const rocksdb::Slice& key,
                        const rocksdb::Slice& value) override {
    steps_.push_back(std::to_string(family) + " " + key.ToString() + "=" + value.ToString());
    return rocksdb::Status::OK();
  }
  rocksdb::Status DeleteCF(uint32_t family, const rocksdb::Slice& key) override {
    steps_.push_back(std::to_string(family) + " " + key.ToString() + " deleted");
    return rocksdb::Status::OK();
  }
  const std::vector<std::string>& steps() const { return steps_; }

 private:
  std::vector<std::string> steps_;
};

class PendingEntriesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(engine_, Engine::Open({.directory = dir_.Join("data")}));
  }

  std::vector<std::string> StepsOf(const PendingEntries& entries) {
    rocksdb::WriteBatch batch;
    EXPECT_TRUE(entries.AppendTo(*engine_, batch).ok());
    Steps steps;
    EXPECT_TRUE(batch.Iterate(&steps).ok());
    EXPECT_GE(entries.byte_size() + rocksdb::WriteBatch().GetDataSize(), batch.GetDataSize());
    return steps.steps();
  }

  std::string Step(Family family, const std::string& rest) {
    return std::to_string(engine_->handle(family)->GetID()) + " " + rest;
  }

  testing::TempDir dir_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(PendingEntriesTest, KeepTheLastChangeOfEachKey) {
  PendingEntries entries;
  EXPECT_TRUE(entries.empty());
  entries.Put(Family::kSeries, "put", "first");
  entries.Put(Family::kSeries, "put", "second");
  entries.Put(Family::kSeries, "gone", "value");
  entries.Delete(Family::kSeries, "gone");
  entries.Delete(Family::kSeries, "back");
  entries.Put(Family::kSeries, "back", "");
  EXPECT_FALSE(entries.empty());

  ASSERT_NE(entries.Find(Family::kSeries, "put"), nullptr);
  EXPECT_EQ(*entries.Find(Family::kSeries, "put"), "second");
  ASSERT_NE(entries.Find(Family::kSeries, "gone"), nullptr);
  EXPECT_EQ(*entries.Find(Family::kSeries, "gone"), std::nullopt);
  ASSERT_NE(entries.Find(Family::kSeries, "back"), nullptr);
  EXPECT_EQ(*entries.Find(Family::kSeries, "back"), "");
  EXPECT_EQ(entries.Find(Family::kSeries, "other"), nullptr);
  EXPECT_EQ(entries.Find(Family::kCustomer, "put"), nullptr);
  EXPECT_THAT(StepsOf(entries), ::testing::ElementsAre(Step(Family::kSeries, "back="),
                                                       Step(Family::kSeries, "gone deleted"),
                                                       Step(Family::kSeries, "put=second")));
}

TEST_F(PendingEntriesTest, DoNotNeedTheBytesTheyWereMadeFrom) {
  PendingEntries entries;
  std::string key = "key";
  std::string value = "value";
  entries.Put(Family::kMeta, key, value);
  key = "XXX";
  value = "XXXXX";
  ASSERT_NE(entries.Find(Family::kMeta, "key"), nullptr);
  EXPECT_EQ(*entries.Find(Family::kMeta, "key"), "value");
}

TEST_F(PendingEntriesTest, ListThoseWithAPrefix) {
  PendingEntries entries;
  entries.Put(Family::kSeries, "ab1", "1");
  entries.Put(Family::kSeries, "ab2", "2");
  entries.Delete(Family::kSeries, "ab3");
  entries.Put(Family::kSeries, "b", "4");
  entries.Put(Family::kCubeRow, "ab5", "5");
  std::map<std::string, std::string> seen;
  entries.List(Family::kSeries, "ab", "", [&](absl::string_view key, const auto& value) {
    seen[std::string(key)] = std::string(value.value_or("deleted"));
    return true;
  });
  EXPECT_THAT(seen, ::testing::ElementsAre(std::pair("ab1", "1"), std::pair("ab2", "2"),
                                           std::pair("ab3", "deleted")));
  int visits = 0;
  entries.List(Family::kSeries, "", "",
               [&](absl::string_view, const auto&) { return ++visits < 2; });
  EXPECT_EQ(visits, 2);
}

// They are kept by customer, whose ordinal is the first four bytes.
TEST_F(PendingEntriesTest, ListActivitiesByWhateverTheirKeysBeginWith) {
  PendingEntries entries;
  for (const char* key : {"abcd1x", "abcd1y", "abcd2", "abce1", "zbcd1"}) {
    entries.Put(Family::kActivityByCustomer, key, key);
  }
  entries.Put(Family::kActivityByCustomer, "abcd2", "again");
  const auto listed = [&](absl::string_view prefix) {
    std::map<std::string, std::string> seen;
    entries.List(Family::kActivityByCustomer, prefix, "",
                 [&](absl::string_view key, const auto& value) {
                   EXPECT_FALSE(seen.contains(std::string(key))) << key;
                   seen[std::string(key)] = std::string(value.value_or("deleted"));
                   return true;
                 });
    return seen;
  };
  EXPECT_THAT(listed("abcd"),
              ::testing::ElementsAre(std::pair("abcd1x", "abcd1x"), std::pair("abcd1y", "abcd1y"),
                                     std::pair("abcd2", "again")));
  EXPECT_THAT(listed("abcd1"),
              ::testing::ElementsAre(std::pair("abcd1x", "abcd1x"), std::pair("abcd1y", "abcd1y")));
  EXPECT_THAT(listed("abc"), ::testing::SizeIs(4));
  EXPECT_THAT(listed("abcf"), ::testing::IsEmpty());
  EXPECT_THAT(listed(""), ::testing::SizeIs(5));
}

// Beside a map: the same keys, in the same order, whatever their length and bytes.
TEST_F(PendingEntriesTest, AreWrittenInTheOrderOfTheirKeys) {
  std::mt19937_64 random(testing::SeedFromEnvOrRandom());
  for (int round = 0; round < 50; ++round) {
    PendingEntries entries;
    std::map<std::string, std::optional<std::string>> model;
    for (int i = 0; i < 200; ++i) {
      // Few bytes and long common starts, so that keys differ late, in length alone, or not at all.
      std::string key(random() % 18, random() % 2 == 0 ? '\0' : '\xff');
      for (uint64_t length = random() % 3; length > 0; --length) {
        key.push_back(static_cast<char>(random() % 3 * 127));
      }
      if (random() % 5 == 0) {
        entries.Delete(Family::kCustomer, key);
        model[key] = std::nullopt;
      } else {
        entries.Put(Family::kCustomer, key, std::to_string(i));
        model[key] = std::to_string(i);
      }
    }
    std::vector<std::string> wanted;
    for (const auto& [key, value] : model) {
      wanted.push_back(
          Step(Family::kCustomer, value.has_value() ? key + "=" + *value : key + " deleted"));
    }
    ASSERT_EQ(StepsOf(entries), wanted);
  }
}

}  // namespace
}  // namespace emptychair::storage
