// The watermark's file, and what a start makes of it.
#include "storage/engine/watermark.h"

#include <memory>
#include <set>
#include <string>

#include "common/base/errors.h"
#include "storage/engine/opening_guard.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"
#include "tests/helpers/unsynced_loss_file_system.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const WatermarkValue kValue{*Uuid::Parse("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"), 12,
                            ManifestMarks{ManifestMark{5, 700, {1}}, ManifestMark{3, 90, {2}}}};
const absl::Time kStart = absl::FromUnixMillis(kNoonMs);

TEST(WatermarkSlot, IsReadAsItWasWrittenAndInNoOtherForm) {
  const std::string slot = EncodeWatermarkSlot(kValue);
  ASSERT_EQ(slot.size(), kWatermarkSlotSize);
  EXPECT_EQ(DecodeWatermarkSlot(slot), kValue);
  for (size_t i = 0; i < slot.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = slot;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      EXPECT_EQ(DecodeWatermarkSlot(damaged), std::nullopt) << i << " " << bit;
    }
    EXPECT_EQ(DecodeWatermarkSlot(slot.substr(0, i)), std::nullopt);
  }
  EXPECT_EQ(DecodeWatermarkSlot(slot + '\0'), std::nullopt);
}

// A watermark's file on a disk that loses what was not synced.
class WatermarkFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(Watermark::Make(rocksdb::Env::Default(), path_, kValue));
    Open();
  }
  void Open() { ASSERT_OK_AND_ASSIGN(watermark_, Watermark::Open(env_.get(), path_, 12)); }
  uint64_t Read() { return (*ReadWatermark(env_.get(), path_))->sequence; }
  uint64_t ReadAfterLossOfPower() {
    files_->CutPower();
    watermark_.reset();
    EXPECT_TRUE(files_->LoseUnsynced().ok());
    return Read();
  }

  testing::TempDir dir_;
  const std::string path_ = dir_.Join("watermark");
  const std::shared_ptr<testing::UnsyncedLossFileSystem> files_ =
      std::make_shared<testing::UnsyncedLossFileSystem>();
  const std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(files_);
  std::unique_ptr<Watermark> watermark_;
};

TEST_F(WatermarkFileTest, IsSyncedOnceInAPeriod) {
  ASSERT_OK(watermark_->Advance(13, kStart));
  ASSERT_OK(watermark_->Advance(14, kStart + absl::Milliseconds(99)));
  EXPECT_EQ(watermark_->SyncDelay(kStart + absl::Milliseconds(99)), absl::Milliseconds(1));
  EXPECT_EQ(Read(), 14u);
  EXPECT_EQ(ReadAfterLossOfPower(), 12u);

  Open();
  ASSERT_OK(watermark_->Advance(13, kStart));
  ASSERT_OK(watermark_->Advance(14, kStart + absl::Milliseconds(100)));
  EXPECT_EQ(watermark_->SyncDelay(kStart), absl::InfiniteDuration());
  ASSERT_OK(watermark_->Advance(15, kStart + absl::Milliseconds(101)));
  EXPECT_EQ(Read(), 15u);
  EXPECT_EQ(ReadAfterLossOfPower(), 14u);
}

TEST_F(WatermarkFileTest, IsSyncedAlthoughTheClockIsSetBack) {
  ASSERT_OK(watermark_->Advance(13, kStart));
  ASSERT_OK(watermark_->Advance(14, kStart - absl::Hours(1)));
  EXPECT_EQ(ReadAfterLossOfPower(), 14u);
}

TEST_F(WatermarkFileTest, LeavesTheSyncedSlotAloneUntilTheOtherIsSynced) {
  uint64_t synced = 12;
  for (uint64_t sequence = 13; sequence < 40; ++sequence) {
    ASSERT_OK(watermark_->Advance(sequence, kStart));
    std::string file;
    ASSERT_TRUE(rocksdb::ReadFileToString(rocksdb::Env::Default(), path_, &file).ok());
    std::set<uint64_t> slots;
    for (const size_t at : {size_t{0}, kWatermarkSlotDistance}) {
      slots.insert(DecodeWatermarkSlot(file.substr(at, kWatermarkSlotSize))->sequence);
    }
    EXPECT_THAT(slots, ElementsAre(synced, sequence));
    if (sequence % 3 == 0) {
      ASSERT_OK(watermark_->Sync());
      synced = sequence;
    }
  }
}

TEST_F(WatermarkFileTest, HasListsOfFilesOnDiskAtOnce) {
  const ManifestMarks manifests{ManifestMark{9, 1, {3}}, ManifestMark{5, 700, {1}}};
  ASSERT_OK(watermark_->SetManifests(manifests));
  ReadAfterLossOfPower();
  EXPECT_EQ((*ReadWatermark(env_.get(), path_))->manifests, manifests);
}

class WatermarkTest : public ::testing::TestWithParam<Place> {
 protected:
  WatermarkTest() : harness_(GetParam()) {}

  void SetUp() override {
    ASSERT_OK(harness_.Open());
    CreateSurvey(harness_.store(), NpsSurvey("pulse"));
    Submit(harness_.store(), {{.id = 1, .score = 1}, {.id = 2, .score = 2}});
    harness_.Close();
  }

  rocksdb::Env* env() { return harness_.env(); }
  std::string path() { return WatermarkPath(harness_.directory()); }
  WatermarkValue Read() { return **ReadWatermark(env(), path()); }
  // As if so much more had been acknowledged than the database has.
  void Raise(uint64_t by) {
    WatermarkValue value = Read();
    value.sequence += by;
    ASSERT_OK(Watermark::Make(env(), path(), value));
  }
  void AcceptLoss() {
    ASSERT_TRUE(rocksdb::WriteStringToFile(env(), "", AcceptLossPath(harness_.directory())).ok());
  }
  Uuid StoreId() {
    EXPECT_OK(harness_.Open());
    const Uuid id = harness_.store().store_id();
    harness_.Close();
    return id;
  }

  StoreHarness harness_;
};

INSTANTIATE_TEST_SUITE_P(Places, WatermarkTest, ::testing::Values(Place::kMemory, Place::kDisk),
                         PlaceName);

TEST_P(WatermarkTest, SaysHowFarTheStoreWasAcknowledged) {
  EXPECT_EQ(Read().sequence, 3u);
  ASSERT_OK(harness_.Open());
  EXPECT_EQ(Read().store_id, harness_.store().store_id());
  SubmitOne(harness_.store(), {.id = 3});
  EXPECT_EQ(Read().sequence, 4u);
}

TEST_P(WatermarkTest, RefusesAStoreThatHoldsLess) {
  Raise(1);
  const auto before = ReadTree(env(), harness_.directory());
  EXPECT_THAT(harness_.Open(),
              AllOf(testing::HasReason(v1::ERROR_REASON_STORE_DAMAGED),
                    testing::StatusIs(
                        absl::StatusCode::kDataLoss,
                        AllOf(HasSubstr("holds changes up to 3"), HasSubstr("acknowledged up to 4"),
                              HasSubstr(AcceptLossPath(harness_.directory()))))));
  EXPECT_EQ(ReadTree(env(), harness_.directory()), before);
}

TEST_P(WatermarkTest, OpensAStoreThatHoldsMore) {
  Raise(-2);
  ASSERT_OK(harness_.Open());
  harness_.Close();
  EXPECT_EQ(Read().sequence, 3u);
}

TEST_P(WatermarkTest, RefusesTheWatermarkOfAnotherStore) {
  WatermarkValue value = Read();
  value.store_id.bytes[0] ^= 1;
  ASSERT_OK(Watermark::Make(env(), path(), value));
  EXPECT_THAT(harness_.Open(), testing::StatusIs(absl::StatusCode::kDataLoss,
                                                 HasSubstr("belongs to another store")));
}

TEST_P(WatermarkTest, RefusesAStoreThatHasLostItsWatermark) {
  ASSERT_TRUE(env()->DeleteFile(path()).ok());
  EXPECT_THAT(harness_.Open(),
              testing::StatusIs(absl::StatusCode::kDataLoss, HasSubstr("is gone")));
  ASSERT_TRUE(rocksdb::WriteStringToFile(env(), "bytes", path()).ok());
  EXPECT_THAT(harness_.Open(),
              testing::StatusIs(absl::StatusCode::kDataLoss, HasSubstr("is damaged")));
}

TEST_P(WatermarkTest, MakesNoNewStoreInThePlaceOfOneThatIsGone) {
  for (const auto& [file, content] : ReadTree(env(), harness_.DatabasePath())) {
    ASSERT_TRUE(env()->DeleteFile(file).ok());
  }
  ASSERT_TRUE(env()->DeleteDir(harness_.DatabasePath()).ok());
  EXPECT_THAT(harness_.Open(), testing::StatusIs(absl::StatusCode::kDataLoss,
                                                 HasSubstr("acknowledged changes up to 3")));
}

TEST_P(WatermarkTest, GoesOnWithoutWhatIsMissingWhenToldTo) {
  const Uuid before = StoreId();
  Raise(7);
  AcceptLoss();
  const Uuid after = StoreId();
  EXPECT_NE(after, before);
  EXPECT_EQ(Read().store_id, after);
  EXPECT_EQ(Read().sequence, 3u);
  // Once.
  EXPECT_TRUE(env()->FileExists(AcceptLossPath(harness_.directory())).IsNotFound());
  Raise(1);
  EXPECT_THAT(harness_.Open(), testing::HasReason(v1::ERROR_REASON_STORE_DAMAGED));
}

TEST_P(WatermarkTest, GoesOnWithoutAWatermarkWhenToldTo) {
  ASSERT_TRUE(env()->DeleteFile(path()).ok());
  AcceptLoss();
  ASSERT_OK(harness_.Open());
  EXPECT_EQ(harness_.store().view()->counters.feedback_count(), 2u);
  harness_.Close();
  EXPECT_THAT(FindFaults(harness_.Dump()), IsEmpty());
}

TEST_P(WatermarkTest, KeepsItsStoreIdWhenNothingIsMissing) {
  const Uuid before = StoreId();
  AcceptLoss();
  EXPECT_EQ(StoreId(), before);
  EXPECT_TRUE(env()->FileExists(AcceptLossPath(harness_.directory())).IsNotFound());
}

TEST_P(WatermarkTest, RefusesAListOfFilesThatAnotherProgramWrote) {
  const std::string current = harness_.DatabasePath() + "/CURRENT";
  ASSERT_TRUE(rocksdb::WriteStringToFile(env(), "MANIFEST-000999\n", current).ok());
  EXPECT_THAT(harness_.Open(),
              testing::StatusIs(absl::StatusCode::kDataLoss, HasSubstr("MANIFEST-999")));
}

// Nobody comes after the last answer, and the watermark is synced all the same.
TEST(WatermarkOfAnIdleStore, IsSyncedByItself) {
  testing::TempDir dir;
  ASSERT_OK(Store::Open({.directory = dir.Join("store")}));  // With the power safe.
  const auto files = std::make_shared<testing::UnsyncedLossFileSystem>();
  const std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(files);
  StoreOptions options;
  options.directory = dir.Join("store");
  options.env = env.get();
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<Store> store, Store::Open(std::move(options)));
  ASSERT_OK(CreateSurvey(*store, NpsSurvey("pulse")).error);
  SubmitOne(*store, {.id = 1});
  files->AwaitAllOverwritesSynced();
  files->CutPower();
  store.reset();
  ASSERT_TRUE(files->LoseUnsynced().ok());
  EXPECT_EQ((*ReadWatermark(env.get(), WatermarkPath(dir.Join("store"))))->sequence, 2u);
}

}  // namespace
}  // namespace emptychair::storage
