#include "tests/helpers/unsynced_loss_file_system.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rocksdb/db.h"
#include "rocksdb/env.h"
#include "rocksdb/options.h"
#include "tests/helpers/temp_dir.h"

namespace emptychair::testing {
namespace {

// Files, without a store.
class UnsyncedFilesTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(std::filesystem::create_directory(folder_)); }

  std::string Path(absl::string_view name) const { return absl::StrCat(folder_, "/", name); }

  // Writes to `name`; `sync` syncs the file, not its directory.
  void Write(absl::string_view name, const std::string& text, bool sync) {
    std::unique_ptr<rocksdb::FSWritableFile> file;
    ASSERT_TRUE(files_.NewWritableFile(Path(name), {}, &file, nullptr).ok());
    ASSERT_TRUE(file->Append(text, {}, nullptr).ok());
    if (sync) {
      ASSERT_TRUE(file->Sync({}, nullptr).ok());
    }
    ASSERT_TRUE(file->Close({}, nullptr).ok());
  }

  void SyncDirectory() {
    std::unique_ptr<rocksdb::FSDirectory> directory;
    ASSERT_TRUE(files_.NewDirectory(folder_ + "/", {}, &directory, nullptr).ok());
    ASSERT_TRUE(directory->Fsync({}, nullptr).ok());
  }

  bool Rename(absl::string_view from, absl::string_view to) {
    return files_.RenameFile(Path(from), Path(to), {}, nullptr).ok();
  }

  bool Delete(absl::string_view name) { return files_.DeleteFile(Path(name), {}, nullptr).ok(); }

  void LosePower() {
    files_.CutPower();
    ASSERT_TRUE(files_.LoseUnsynced().ok());
    EXPECT_FALSE(std::filesystem::exists(folder_ + ".kept") &&
                 !std::filesystem::is_empty(folder_ + ".kept"));
  }

  // The content of `name`, or "(none)".
  std::string Read(absl::string_view name) {
    std::ifstream file(Path(name));
    return file ? std::string(std::istreambuf_iterator<char>(file), {}) : "(none)";
  }

  TempDir dir_;
  // Inside, because deleted bytes are kept beside it.
  const std::string folder_ = dir_.Join("files");
  UnsyncedLossFileSystem files_;
};

TEST_F(UnsyncedFilesTest, LoseTheBytesAfterTheLastSync) {
  std::unique_ptr<rocksdb::FSWritableFile> file;
  ASSERT_TRUE(files_.NewWritableFile(Path("log"), {}, &file, nullptr).ok());
  SyncDirectory();
  ASSERT_TRUE(file->Append("synced", {}, nullptr).ok());
  ASSERT_TRUE(file->Fsync({}, nullptr).ok());
  ASSERT_TRUE(file->Append(" and not", {}, nullptr).ok());
  ASSERT_TRUE(file->RangeSync(0, 14, {}, nullptr).ok());
  ASSERT_TRUE(file->Flush({}, nullptr).ok());
  EXPECT_EQ(files_.UnsyncedBytes(), 8);
  EXPECT_EQ(Read("log"), "synced and not");

  files_.CutPower();
  EXPECT_TRUE(file->Append(" after", {}, nullptr).ok());
  EXPECT_TRUE(file->Sync({}, nullptr).IsIOError());
  file.reset();
  ASSERT_TRUE(files_.LoseUnsynced().ok());
  EXPECT_EQ(Read("log"), "synced");
}

TEST_F(UnsyncedFilesTest, VanishWhenTheirDirectoryWasNotSynced) {
  Write("early", "1", /*sync=*/true);
  SyncDirectory();
  Write("late", "2", /*sync=*/true);
  LosePower();
  EXPECT_EQ(Read("early"), "1");
  EXPECT_EQ(Read("late"), "(none)");
}

TEST_F(UnsyncedFilesTest, HaveTheirOldNamesAndReplacedBytesBack) {
  Write("CURRENT", "old", /*sync=*/true);
  Write("tmp", "new", /*sync=*/true);
  SyncDirectory();
  ASSERT_TRUE(Rename("tmp", "CURRENT"));
  EXPECT_EQ(Read("CURRENT"), "new");
  LosePower();
  EXPECT_EQ(Read("CURRENT"), "old");
  EXPECT_EQ(Read("tmp"), "new");

  ASSERT_TRUE(Rename("tmp", "CURRENT"));
  SyncDirectory();
  LosePower();
  EXPECT_EQ(Read("CURRENT"), "new");
  EXPECT_EQ(Read("tmp"), "(none)");
}

TEST_F(UnsyncedFilesTest, AreBackWhenTheirDeletionWasNotSynced) {
  Write("a", "synced", /*sync=*/true);
  Write("b", "unsynced", /*sync=*/false);
  Write("c", "gone", /*sync=*/true);
  SyncDirectory();
  ASSERT_TRUE(Delete("c"));
  SyncDirectory();
  ASSERT_TRUE(Delete("a"));
  ASSERT_TRUE(Delete("b"));
  LosePower();
  EXPECT_EQ(Read("a"), "synced");
  EXPECT_EQ(Read("b"), "");
  EXPECT_EQ(Read("c"), "(none)");
}

TEST_F(UnsyncedFilesTest, AreUndoneFromTheLastChangeToTheFirst) {
  Write("a", "first", /*sync=*/true);
  SyncDirectory();
  Write("a", "second", /*sync=*/true);
  ASSERT_TRUE(Rename("a", "b"));
  Write("a", "third", /*sync=*/true);
  ASSERT_TRUE(Delete("b"));
  LosePower();
  EXPECT_EQ(Read("a"), "first");
  EXPECT_EQ(Read("b"), "(none)");
}

TEST_F(UnsyncedFilesTest, HaveOverwrittenBytesBack) {
  Write("slots", "aaaa", /*sync=*/true);
  SyncDirectory();
  std::unique_ptr<rocksdb::FSRandomRWFile> file;
  ASSERT_TRUE(files_.NewRandomRWFile(Path("slots"), {}, &file, nullptr).ok());
  ASSERT_TRUE(file->Write(0, "b", {}, nullptr).ok());
  ASSERT_TRUE(file->Sync({}, nullptr).ok());
  ASSERT_TRUE(file->Write(1, "cc", {}, nullptr).ok());
  ASSERT_TRUE(file->Write(2, "dd", {}, nullptr).ok());
  EXPECT_EQ(Read("slots"), "bcdd");
  files_.CutPower();
  EXPECT_TRUE(file->Write(0, "eeee", {}, nullptr).ok());
  EXPECT_TRUE(file->Sync({}, nullptr).IsIOError());
  file.reset();
  ASSERT_TRUE(files_.LoseUnsynced().ok());
  EXPECT_EQ(Read("slots"), "baaa");
}

TEST_F(UnsyncedFilesTest, CannotChangeWithoutPower) {
  Write("a", "1", /*sync=*/true);
  SyncDirectory();
  files_.CutPower();
  std::unique_ptr<rocksdb::FSWritableFile> file;
  EXPECT_TRUE(files_.NewWritableFile(Path("b"), {}, &file, nullptr).IsIOError());
  EXPECT_TRUE(files_.ReopenWritableFile(Path("a"), {}, &file, nullptr).IsIOError());
  EXPECT_TRUE(files_.CreateDir(Path("d"), {}, nullptr).IsIOError());
  EXPECT_FALSE(Rename("a", "b"));
  EXPECT_FALSE(Delete("a"));
  EXPECT_EQ(Read("a"), "1");
  ASSERT_TRUE(files_.LoseUnsynced().ok());
  EXPECT_TRUE(Delete("a"));
}

// A store on such a file system.
class UnsyncedStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<rocksdb::DB> Open(rocksdb::Env* env) {
    rocksdb::Options options;
    options.create_if_missing = true;
    options.env = env;
    rocksdb::DB* store = nullptr;
    const rocksdb::Status status = rocksdb::DB::Open(options, dir_.Join("db"), &store);
    opened_ = status.ok();
    return std::unique_ptr<rocksdb::DB>(store);
  }

  // Puts the keys FIRST.. until LAST and answers how many were acknowledged, at the first failure.
  static int Put(rocksdb::DB* store, int first, int last, bool sync) {
    rocksdb::WriteOptions options;
    options.sync = sync;
    for (int key = first; key < last; ++key) {
      if (!store->Put(options, absl::StrCat(key), "value").ok()) {
        return key - first;
      }
    }
    return last - first;
  }

  // How many of the keys 0.. are there, without a gap.
  static int Count(rocksdb::DB* store) {
    std::string value;
    int count = 0;
    while (store->Get({}, absl::StrCat(count), &value).ok()) {
      ++count;
    }
    return count;
  }

  int CountOnPlainFileSystem() {
    std::unique_ptr<rocksdb::DB> store = Open(rocksdb::Env::Default());
    return store == nullptr ? -1 : Count(store.get());
  }

  TempDir dir_;
  std::shared_ptr<UnsyncedLossFileSystem> files_ = std::make_shared<UnsyncedLossFileSystem>();
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(files_);
  bool opened_ = false;
};

TEST_F(UnsyncedStoreTest, KeepsSyncedWritesAndLosesOthers) {
  std::unique_ptr<rocksdb::DB> store = Open(env_.get());
  ASSERT_TRUE(opened_);
  ASSERT_EQ(Put(store.get(), 0, 100, /*sync=*/true), 100);
  ASSERT_EQ(Put(store.get(), 100, 200, /*sync=*/false), 100);
  EXPECT_EQ(Count(store.get()), 200);
  EXPECT_GT(files_->UnsyncedBytes(), 0);
  files_->CutPower();
  EXPECT_EQ(Put(store.get(), 200, 201, /*sync=*/true), 0);
  store.reset();
  ASSERT_TRUE(files_->LoseUnsynced().ok());
  EXPECT_EQ(CountOnPlainFileSystem(), 100);
}

TEST_F(UnsyncedStoreTest, WithoutSyncsLosesEverything) {
  std::unique_ptr<rocksdb::DB> store = Open(env_.get());
  ASSERT_TRUE(opened_);
  ASSERT_EQ(Put(store.get(), 0, 100, /*sync=*/false), 100);
  files_->CutPower();
  store.reset();
  ASSERT_TRUE(files_->LoseUnsynced().ok());
  EXPECT_EQ(CountOnPlainFileSystem(), 0);
}

TEST_F(UnsyncedStoreTest, KeepsWhatWasFlushedToTables) {
  std::unique_ptr<rocksdb::DB> store = Open(env_.get());
  ASSERT_TRUE(opened_);
  ASSERT_EQ(Put(store.get(), 0, 100, /*sync=*/false), 100);
  ASSERT_TRUE(store->Flush({}).ok());
  ASSERT_EQ(Put(store.get(), 100, 150, /*sync=*/false), 50);
  files_->CutPower();
  store.reset();
  ASSERT_TRUE(files_->LoseUnsynced().ok());
  EXPECT_EQ(CountOnPlainFileSystem(), 100);
}

TEST_F(UnsyncedStoreTest, KeepsWhatWasAcknowledgedWhereverTheCutFalls) {
  int acknowledged = 0;
  for (int cut = 1; cut <= 40; cut += 2) {
    SCOPED_TRACE(cut);
    files_->CutPowerAtSync(cut);
    std::unique_ptr<rocksdb::DB> store = Open(env_.get());
    if (store != nullptr) {
      const int before = Count(store.get());
      ASSERT_GE(before, acknowledged);
      acknowledged = before + Put(store.get(), before, before + 5, /*sync=*/true);
      store->Flush({}).PermitUncheckedError();
    }
    files_->CutPower();
    store.reset();
    ASSERT_TRUE(files_->LoseUnsynced().ok());
  }
  EXPECT_GT(acknowledged, 25);
  EXPECT_GE(CountOnPlainFileSystem(), acknowledged);
}

}  // namespace
}  // namespace emptychair::testing
