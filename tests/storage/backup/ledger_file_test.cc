// The ledger's file: what was written is read back, what was cut is told from what is damaged.
#include "storage/backup/ledger_file.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/temp_dir.h"

namespace emptychair::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Uuid kStore = *Uuid::Parse("6f1c1ac2-0000-4000-8000-00000000002a");

LedgerItem Item(uint8_t number) {
  LedgerItem item;
  item.id = Uuid::LowestAt(number);
  item.entry.set_kind(store::v1::LEDGER_KIND_SURVEY_DELETED);
  item.entry.set_survey_id(std::string(number, 's'));
  return item;
}

std::string FileOf(int items) {
  LedgerEncoder encoder(kStore);
  std::string bytes = LedgerEncoder::Header(kStore);
  for (int i = 1; i <= items; ++i) {
    bytes += encoder.Encode(Item(static_cast<uint8_t>(i)));
  }
  return bytes;
}

TEST(LedgerFile, IsReadBack) {
  const absl::StatusOr<LedgerContent> content = DecodeLedger(FileOf(3), "x");
  ASSERT_OK(content);
  EXPECT_EQ(content->store_id, kStore);
  ASSERT_THAT(content->items, SizeIs(3));
  EXPECT_EQ(content->items[2].id, Item(3).id);
  EXPECT_EQ(content->items[2].entry.survey_id(), "sss");
}

TEST(LedgerFile, LosesNoMoreThanTheEntryThatIsCut) {
  const std::string bytes = FileOf(3);
  const size_t two = FileOf(2).size();
  for (size_t size = two; size < bytes.size(); ++size) {
    const absl::StatusOr<LedgerContent> content = DecodeLedger(bytes.substr(0, size), "x");
    ASSERT_OK(content);
    EXPECT_THAT(content->items, SizeIs(2)) << size;
    EXPECT_EQ(content->sound_bytes, two) << size;
  }
  // Space that was given to the file and not written.
  const absl::StatusOr<LedgerContent> padded = DecodeLedger(bytes + std::string(100, '\0'), "x");
  ASSERT_OK(padded);
  EXPECT_THAT(padded->items, SizeIs(3));
}

TEST(LedgerFile, IsDamagedByAnyFlippedBit) {
  const std::string bytes = FileOf(3);
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = bytes;
      flipped[at] = static_cast<char>(flipped[at] ^ 1 << bit);
      EXPECT_EQ(ReasonOf(DecodeLedger(flipped, "x").status()), v1::ERROR_REASON_BACKUP_DAMAGED)
          << at;
    }
  }
  // Entries that changed places, and one that is gone.
  const size_t header = FileOf(0).size();
  const size_t first = FileOf(1).size();
  const size_t second = FileOf(2).size();
  EXPECT_FALSE(DecodeLedger(bytes.substr(0, header) + bytes.substr(first, second - first) +
                                bytes.substr(header, first - header) + bytes.substr(second),
                            "x")
                   .ok());
  EXPECT_FALSE(DecodeLedger(bytes.substr(0, header) + bytes.substr(first), "x").ok());
}

class LedgerFileOnDisk : public ::testing::Test {
 protected:
  std::unique_ptr<LedgerFile> Open(std::vector<Uuid>& known, const Uuid& store_id = kStore) {
    auto file = LedgerFile::Open(rocksdb::Env::Default(), path_, store_id,
                                 [&](const LedgerItem& item) { known.push_back(item.id); });
    EXPECT_OK(file);
    return *std::move(file);
  }
  std::string Bytes() const {
    std::ifstream file(path_, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }

  testing::TempDir temp_dir_;
  const std::string path_ = temp_dir_.Join("store.log");
  std::vector<Uuid> known_;
};

TEST_F(LedgerFileOnDisk, GoesOnBehindWhatIsThere) {
  ASSERT_OK(Open(known_)->Append({Item(1), Item(2)}));
  EXPECT_THAT(known_, IsEmpty());
  ASSERT_OK(Open(known_)->Append({Item(3)}));
  EXPECT_THAT(known_, ElementsAre(Item(1).id, Item(2).id));
  EXPECT_EQ(Bytes(), FileOf(3));
}

TEST_F(LedgerFileOnDisk, KnowsWhetherItIsStillThere) {
  const std::unique_ptr<LedgerFile> file = Open(known_);
  ASSERT_OK(file->Append({Item(1)}));
  EXPECT_TRUE(file->IsInPlace());
  std::filesystem::remove(path_);
  EXPECT_FALSE(file->IsInPlace());
  Open(known_);  // Another one, which is empty.
  EXPECT_FALSE(file->IsInPlace());
}

TEST_F(LedgerFileOnDisk, CutsOffWhatWasBeingWritten) {
  ASSERT_OK(Open(known_)->Append({Item(1), Item(2)}));
  std::filesystem::resize_file(path_, Bytes().size() - 1);
  ASSERT_OK(Open(known_)->Append({Item(2), Item(3)}));
  EXPECT_THAT(known_, ElementsAre(Item(1).id));
  EXPECT_EQ(Bytes(), FileOf(3));
}

TEST_F(LedgerFileOnDisk, IsPutAsideWhenItIsDamagedOrOfAnotherStore) {
  ASSERT_OK(Open(known_)->Append({Item(1)}));
  const std::string damaged = "x" + Bytes();
  std::ofstream(path_, std::ios::binary) << damaged;
  ASSERT_OK(Open(known_)->Append({Item(1)}));
  EXPECT_THAT(known_, IsEmpty());
  EXPECT_EQ(Bytes(), FileOf(1));
  EXPECT_EQ(std::filesystem::file_size(path_ + ".damaged"), damaged.size());
  Open(known_, *Uuid::Parse("00000000-0000-4000-8000-000000000001"));
  EXPECT_THAT(known_, IsEmpty());
  EXPECT_EQ(Bytes().size(), FileOf(0).size());
}

}  // namespace
}  // namespace emptychair::storage
