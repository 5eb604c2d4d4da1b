// Backups onto a disk that becomes full, at every 64 KiB of what they need.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rocksdb/file_system.h"
#include "storage/backup/prune.h"
#include "tests/storage/harness/backup_harness.h"

namespace emptychair::storage {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;
using ::testing::IsEmpty;

constexpr int64_t kStep = int64_t{64} << 10;

// The machine's file system, which takes so many more bytes. What is removed frees none.
class FillingFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  FillingFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}

  // `free` bytes from now on. With `says_so` the disk tells; else others fill it only later.
  void SetFree(int64_t free, bool says_so) {
    free_ = free;
    says_so_ = says_so;
  }

  const char* Name() const override { return "FillingFileSystem"; }

  IOStatus GetFreeSpace(const std::string& /*path*/, const IOOptions& /*options*/, uint64_t* bytes,
                        IODebugContext* /*debug*/) override {
    *bytes = says_so_ ? static_cast<uint64_t>(std::max<int64_t>(free_, 1)) : uint64_t{1} << 40;
    return IOStatus::OK();
  }

  IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* result,
                           IODebugContext* debug) override {
    IOStatus status = target()->NewWritableFile(path, options, result, debug);
    if (status.ok()) {
      *result = std::make_unique<File>(this, std::move(*result));
    }
    return status;
  }

 private:
  class File final : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    File(FillingFileSystem* disk, std::unique_ptr<rocksdb::FSWritableFile> file)
        : FSWritableFileOwnerWrapper(std::move(file)), disk_(disk) {}

    IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
      const auto wanted = static_cast<int64_t>(data.size());
      const int64_t taken = std::clamp<int64_t>(disk_->free_, 0, wanted);
      disk_->free_ -= taken;
      const IOStatus status =
          target()->Append({data.data(), static_cast<size_t>(taken)}, options, debug);
      return taken == wanted ? status : IOStatus::NoSpace("append", "the disk is full");
    }
    IOStatus Append(const Slice& data, const IOOptions& options,
                    const rocksdb::DataVerificationInfo& /*verification*/,
                    IODebugContext* debug) override {
      return Append(data, options, debug);
    }

   private:
    FillingFileSystem* const disk_;
  };

  std::atomic<int64_t> free_{INT64_MAX};
  std::atomic<bool> says_so_{true};
};

class BackupDiskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(harness_.Open());
    ASSERT_OK(CreateSurvey(harness_.store(), NpsSurvey("shop")).error);
    // What cannot be compressed: a backup of some steps.
    std::mt19937_64 random(1);
    for (uint64_t i = 0; i < 1'000; ++i) {
      std::string comment(1'000, ' ');
      for (char& c : comment) {
        c = static_cast<char>('!' + random() % 90);
      }
      Send(std::move(comment));
    }
  }

  void Send(std::string comment = "") {
    EXPECT_EQ(ToText(SubmitOne(harness_.store(),
                               {.id = next_id_++, .score = 5, .comment = std::move(comment)})),
              "accepted");
  }

  // Gives a first backup 64 KiB more each time until it is made; answers how often it was not.
  int FillUntilMade(bool says_so) {
    int refused = 0;
    for (int64_t free = 0;; free += kStep) {
      disk_->SetFree(free, says_so);
      const absl::StatusOr<BackupManifest> made = backups_.Backup(harness_.store());
      disk_->SetFree(INT64_MAX, true);
      Send();  // The store goes on.
      if (made.ok() || ::testing::Test::HasFailure()) {
        return refused;
      }
      ++refused;
      EXPECT_EQ(ReasonOf(made.status()), v1::ERROR_REASON_BACKUP_DISK_FULL) << made.status();
      EXPECT_TRUE(MetadataOf(made.status()).contains("needed_bytes")) << made.status();
      const auto listed = ListBackups(backups_.directory());
      EXPECT_OK(listed);
      EXPECT_THAT(*listed, IsEmpty());
    }
  }

  const std::shared_ptr<FillingFileSystem> disk_ = std::make_shared<FillingFileSystem>();
  const std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(disk_);
  StoreHarness harness_{Place::kDisk};
  BackupHarness backups_{env_.get()};
  uint64_t next_id_ = 1;
};

TEST_F(BackupDiskTest, OneThatIsFullIsSeenBeforeAnythingIsCopied) {
  ASSERT_OK(backups_.directory().Make());
  EXPECT_GT(FillUntilMade(/*says_so=*/true), 10);
  const absl::StatusOr<PruneResult> pruned = PruneBackups(backups_.directory(), {}, false);
  ASSERT_OK(pruned);
  EXPECT_EQ(pruned->files_removed, 0);
  ASSERT_OK(backups_.WriteLedger(harness_.store()));
  EXPECT_OK(backups_.RestoreTo(backups_.NewFolder()));
}

TEST_F(BackupDiskTest, OneThatBecomesFullWhereverItIsLeavesNoBackupAndOrphansThatPruneRemoves) {
  ASSERT_OK(backups_.directory().Make());
  EXPECT_GT(FillUntilMade(/*says_so=*/false), 10);
  const absl::StatusOr<PruneResult> pruned = PruneBackups(backups_.directory(), {}, false);
  ASSERT_OK(pruned);
  EXPECT_GT(pruned->files_removed, 0);
  ASSERT_OK(backups_.WriteLedger(harness_.store()));
  const absl::StatusOr<RestoreReport> restored = backups_.RestoreTo(backups_.NewFolder());
  ASSERT_OK(restored);
  EXPECT_EQ(restored->verified.difference_count, 0);
}

}  // namespace
}  // namespace emptychair::storage
