// Columns with changes, against a map of records.
#include "storage/columns/survey_columns.h"

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "tests/helpers/seed.h"

namespace emptychair::storage {
namespace {

constexpr int64_t kDayMs = 86'400'000;
constexpr int64_t kStartMs = 19'000 * kDayMs;

std::vector<ColumnRow> RowsOf(const SurveyColumns& columns) {
  std::vector<ColumnRow> rows;
  for (const auto& block : columns.blocks) {
    for (size_t i = 0; i < block->size(); ++i) {
      rows.push_back(block->RowAt(i));
    }
  }
  return rows;
}

class SurveyColumnsTest : public ::testing::Test {
 protected:
  using Records = std::map<Uuid, ColumnChange>;

  // Ids that often have a time or a tie in common.
  Uuid RandomId() {
    std::array<uint8_t, 10> entropy;
    for (uint8_t& byte : entropy) {
      byte = static_cast<uint8_t>(random_());
    }
    entropy[0] = 0;
    entropy[1] = static_cast<uint8_t>(random_() % 3);
    const int64_t ms = random_() % 3 == 0 ? static_cast<int64_t>(random_() % (90 * kDayMs))
                                          : static_cast<int64_t>(random_() % 90) * kDayMs;
    return Uuid::MakeV7(kStartMs + ms, entropy);
  }

  ColumnChange RandomRow(const Uuid& id) {
    return {id, static_cast<uint32_t>(random_() % 4),
            static_cast<uint32_t>(random_() % (random_() % 50 == 0 ? 100'000 : 5)),
            static_cast<uint8_t>(random_() % 12), static_cast<uint8_t>(random_() % 2)};
  }

  // Adds, changes and removes records; what each change did to rows, in order.
  std::vector<ColumnChange> Change(size_t count) {
    std::vector<ColumnChange> changes;
    const auto come_and_go = [&](ColumnChange row, bool is_added) {
      row.is_added = is_added;
      changes.push_back(row);
    };
    for (size_t i = 0; i < count; ++i) {
      auto found = records_.lower_bound(RandomId());
      if (random_() % 2 == 0 || found == records_.end()) {
        const Uuid id = RandomId();
        if (records_.contains(id)) {
          continue;
        }
        const ColumnChange row = RandomRow(id);
        records_[id] = row;
        come_and_go(row, true);
        // A record can change in the group that it comes with.
        found = records_.find(id);
        if (random_() % 8 != 0) {
          continue;
        }
      }
      come_and_go(found->second, false);
      if (random_() % 3 == 0) {
        records_.erase(found);
      } else {
        found->second = random_() % 4 == 0 ? found->second : RandomRow(found->first);
        come_and_go(found->second, true);
      }
    }
    return changes;
  }

  std::vector<ColumnRow> Expected() const {
    std::vector<ColumnRow> rows;
    for (const auto& [id, record] : records_) {
      rows.push_back(record.row());
    }
    std::sort(rows.begin(), rows.end());
    return rows;
  }

  static RowChanges Net(const std::vector<ColumnChange>& changes, bool undo) {
    std::vector<const ColumnChange*> pointers;
    for (const ColumnChange& change : changes) {
      pointers.push_back(&change);
    }
    return NetChanges(pointers, undo);
  }

  void CheckBlocks(const SurveyColumns& columns) {
    size_t rows = 0;
    for (size_t i = 0; i < columns.blocks.size(); ++i) {
      const ColumnBlock& block = *columns.blocks[i];
      rows += block.size();
      ASSERT_GT(block.size(), 0);
      EXPECT_LE(block.last_ms() - block.first_ms(), ColumnBlock::kSpanMax);
      if (i > 0) {
        const ColumnRow before = columns.blocks[i - 1]->RowAt(columns.blocks[i - 1]->size() - 1);
        EXPECT_FALSE(before.time_ms == block.TimeAt(0) && before.tie == block.TieAt(0))
            << "rows of one time and tie in two blocks";
      }
    }
    EXPECT_EQ(columns.row_count, rows);
  }

  std::mt19937_64 random_{testing::SeedFromEnvOrRandom()};
  Records records_;
  std::shared_ptr<ColumnMemory> memory_ = std::make_shared<ColumnMemory>();
};

TEST_F(SurveyColumnsTest, AreTheRecordsAfterAndBeforeEachChange) {
  SurveyColumns columns;
  for (uint64_t state = 1; state <= 60; ++state) {
    const std::vector<ColumnRow> before = RowsOf(columns);
    const std::vector<ColumnChange> changes = Change(state == 1 ? 20'000 : 1 + random_() % 400);
    std::optional<SurveyColumns> next = Apply(columns, Net(changes, false), state, memory_);
    ASSERT_TRUE(next.has_value()) << "state " << state;
    EXPECT_EQ(RowsOf(*next), Expected()) << "state " << state;
    CheckBlocks(*next);
    const std::optional<SurveyColumns> back = Apply(*next, Net(changes, true), state - 1, memory_);
    ASSERT_TRUE(back.has_value()) << "state " << state;
    EXPECT_EQ(RowsOf(*back), before) << "state " << state;
    columns = *std::move(next);
    if (HasFailure()) {
      return;
    }
  }
  columns = SurveyColumns();
  EXPECT_EQ(memory_->bytes(), 0);
}

TEST_F(SurveyColumnsTest, ShareTheBlocksThatDoNotChange) {
  std::optional<SurveyColumns> columns =
      Apply(SurveyColumns(), Net(Change(40'000), false), 1, memory_);
  ASSERT_TRUE(columns.has_value());
  ASSERT_GT(columns->blocks.size(), 2);
  const ColumnChange late{Uuid::MakeV7(kStartMs + 91 * kDayMs, {})};
  const std::optional<SurveyColumns> changed = Apply(*columns, Net({late}, false), 2, memory_);
  ASSERT_TRUE(changed.has_value());
  for (size_t i = 0; i + 1 < columns->blocks.size(); ++i) {
    EXPECT_EQ(changed->blocks[i], columns->blocks[i]);
  }
  EXPECT_NE(changed->blocks[columns->blocks.size() - 1], columns->blocks.back());
}

// Insertions into full blocks leave no trail of tiny ones.
TEST_F(SurveyColumnsTest, StayInBlocksOfUsefulSize) {
  SurveyColumns columns = *Apply(SurveyColumns(), Net(Change(40'000), false), 1, memory_);
  for (uint64_t state = 2; state < 30; ++state) {
    columns = *Apply(columns, Net(Change(300), false), state, memory_);
  }
  EXPECT_GT(columns.row_count / columns.blocks.size(), ColumnBlock::kRowsMax / 4);
}

TEST_F(SurveyColumnsTest, RefuseToRemoveARowThatIsNotThere) {
  const SurveyColumns columns = *Apply(SurveyColumns(), Net(Change(100), false), 1, memory_);
  ColumnChange unknown = RandomRow(Uuid::MakeV7(kStartMs + 1, {}));
  unknown.is_added = false;
  EXPECT_FALSE(Apply(columns, Net({unknown}, false), 2, memory_).has_value());
  EXPECT_FALSE(Apply(SurveyColumns(), Net({unknown}, false), 2, memory_).has_value());
}

TEST_F(SurveyColumnsTest, LeaveOutWhatIsOlderThanTheyCover) {
  SurveyColumns columns = *Apply(SurveyColumns(), Net(Change(100), false), 1, memory_);
  columns.covers_from_ms = kStartMs + 200 * kDayMs;
  const ColumnChange older{Uuid::MakeV7(kStartMs + 100 * kDayMs, {})};
  const std::optional<SurveyColumns> changed = Apply(columns, Net({older}, false), 2, memory_);
  ASSERT_TRUE(changed.has_value());
  EXPECT_EQ(changed->row_count, columns.row_count);
}

TEST_F(SurveyColumnsTest, CutBlocksThatWouldSpanTooMuchTime) {
  ColumnsBuilder builder(memory_);
  for (int i = 0; i < 6; ++i) {
    builder.Add({.time_ms = kStartMs + i * 30 * kDayMs});
  }
  builder.Cut();
  EXPECT_EQ(builder.blocks().size(), 3);
  for (const auto& block : builder.blocks()) {
    EXPECT_EQ(block->last_ms() - block->first_ms(), 30 * kDayMs);
  }
}

TEST_F(SurveyColumnsTest, FindTheFirstRowOfATime) {
  const std::vector<ColumnRow> rows = {
      {.time_ms = 10}, {.time_ms = 20}, {.time_ms = 20}, {.time_ms = 40}};
  const ColumnBlock block(rows, memory_);
  EXPECT_EQ(block.LowerBound(0), 0);
  EXPECT_EQ(block.LowerBound(10), 0);
  EXPECT_EQ(block.LowerBound(11), 1);
  EXPECT_EQ(block.LowerBound(20), 1);
  EXPECT_EQ(block.LowerBound(40), 3);
  EXPECT_EQ(block.LowerBound(41), 4);
  EXPECT_EQ(block.LowerBound(INT64_MAX), 4);
}

}  // namespace
}  // namespace emptychair::storage
