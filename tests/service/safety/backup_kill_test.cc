// kill -9 in the middle of backups under load: every backup that is listed can be restored.
//
// EMPTYCHAIR_TEST_KILLS sets how often the server is killed, else 5.
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/backup/check_backup.h"
#include "storage/backup/prune.h"
#include "storage/restore/restore.h"
#include "tests/helpers/count.h"
#include "tests/helpers/seed.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/temp_dir.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

constexpr int kSenders = 2;
constexpr int kBatch = 20;
// At most so many acknowledged batches from a backup to a kill.
constexpr int kBatchesMax = 150;

v1::Feedback Record(int64_t number) {
  v1::Feedback record = Answer("nps", absl::StrCat("row ", number),
                               At("2024-01-01T00:00:00Z") + number * absl::Milliseconds(12'345),
                               static_cast<int32_t>(number % 11));
  record.set_comment(absl::StrCat("comment ", number * 7'919));
  record.set_customer_id(absl::StrCat("customer ", number % 50));
  return record;
}

// What senders sent and were told. Thread-safe.
class Observer {
 public:
  int64_t TakeNew(int64_t count) { return next_.fetch_add(count); }
  int64_t given_out() const { return next_; }

  // Notes a batch from `first` on that the server said it had at `sequence`; answers whether this
  // is the acknowledgement to kill it at.
  bool Acknowledge(int64_t first, int64_t sequence) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    batches_[first] = sequence;
    sequence_ = std::max(sequence_, sequence);
    return until_count_ <= 0 && until_kill_ > 0 && --until_kill_ == 0;
  }
  // Counts `batches` once so many `backups` were made.
  void KillAfter(int backups, int batches) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    until_count_ = backups;
    until_kill_ = batches;
  }
  void NoteBackup() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    --until_count_;
  }
  // The first numbers of batches, with the sequence by which the server had them.
  std::map<int64_t, int64_t> batches() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return batches_;
  }
  int64_t sequence() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return sequence_;
  }

 private:
  std::atomic<int64_t> next_ = 0;
  mutable absl::Mutex mutex_;
  int until_count_ ABSL_GUARDED_BY(mutex_) = 0;
  int until_kill_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t sequence_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<int64_t, int64_t> batches_ ABSL_GUARDED_BY(mutex_);
};

// Sends new records until the server is gone.
void Load(const std::string& endpoint, Observer& observer, Subprocess& server) {
  Client client = MakeClient(endpoint);
  for (;;) {
    const int64_t first = observer.TakeNew(kBatch);
    std::vector<v1::Feedback> records;
    for (int64_t number = first; number < first + kBatch; ++number) {
      records.push_back(Record(number));
    }
    const absl::StatusOr<v1::BatchSubmitFeedbackResponse> sent = TryBatch(client, records);
    if (!sent.ok()) {
      EXPECT_THAT(sent, StatusIs(absl::StatusCode::kUnavailable));
      return;
    }
    EXPECT_EQ(sent->accepted_count(), kBatch);
    if (observer.Acknowledge(first, sent->sequence())) {
      server.Signal(SIGKILL);
    }
  }
}

class BackupKillTest : public ::testing::Test {
 protected:
  // Makes one backup after the other until the server is gone.
  void MakeBackups(const std::string& endpoint) {
    const Client client = MakeClient(endpoint, 10 * kLong);
    for (bool is_gone = false; !is_gone;) {
      const int64_t acknowledged = observer_.sequence();
      for (const absl::StatusOr<v1::CreateBackupResponse>& message : client.CreateBackup()) {
        if (!message.ok()) {
          EXPECT_THAT(message, StatusIs(absl::StatusCode::kUnavailable));
          is_gone = true;
        } else if (message->has_backup()) {
          made_.insert(message->backup().backup_id());
          observer_.NoteBackup();
          EXPECT_GE(message->backup().sequence(), acknowledged);
        }
      }
    }
  }

  // Loads the server until it is killed, after so many backups.
  void LoadAndKill(int backups, std::mt19937_64& random) {
    // From seconds for a backup to no time at all.
    const int64_t rates[] = {4'000'000, 20'000'000, 0};
    RunningBinary server = Value(
        StartBinary(data_, {absl::StrCat("--backup_dir=", backups_),
                            absl::StrCat("--backup_bytes_per_second=", rates[random() % 3])}));
    Client client = MakeClient(server.endpoint);
    Create(client, NpsSurvey("nps"));
    observer_.KillAfter(backups, 1 + static_cast<int>(random() % kBatchesMax));
    std::vector<std::thread> threads;
    threads.emplace_back([&] { MakeBackups(server.endpoint); });
    for (int i = 0; i < kSenders; ++i) {
      threads.emplace_back([&] { Load(server.endpoint, observer_, *server.process); });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
    ASSERT_THAT(server.process->Wait(kLong), IsOkAndHolds(128 + SIGKILL));
  }

  std::vector<storage::ListedBackup> Listed() const {
    absl::StatusOr<std::vector<storage::ListedBackup>> listed = storage::ListBackups(directory_);
    EXPECT_OK(listed);
    return listed.ok() ? *std::move(listed) : std::vector<storage::ListedBackup>();
  }

  // All that was told to be made is listed, and what is listed is whole.
  void ExpectWhole() {
    std::set<std::string> listed;
    for (const storage::ListedBackup& backup : Listed()) {
      listed.insert(backup.backup_id);
      EXPECT_EQ(backup.damage, "");
      EXPECT_THAT(storage::CheckFiles(
                      directory_, backup.manifest, 0,
                      [](const storage::BackupProgress&) { return absl::OkStatus(); },
                      [](const storage::BackupDamage& damage) {
                        ADD_FAILURE() << damage.file << " " << damage.what;
                        return absl::OkStatus();
                      }),
                  IsOkAndHolds(0))
          << backup.backup_id;
    }
    for (const std::string& backup_id : made_) {
      EXPECT_TRUE(listed.contains(backup_id)) << backup_id;
    }
  }

  // Restores a backup, and serves what it holds: all up to its sequence, and nothing else.
  void ExpectRestores(const std::string& backup_id) {
    SCOPED_TRACE(backup_id);
    const TempDir folder;
    storage::RestoreOptions options;
    options.backup_id = backup_id;
    options.data_directory = folder.Join("data");
    options.time = absl::Now();
    const auto restored = storage::Restore(
        directory_, options, [](const storage::BackupProgress&) { return absl::OkStatus(); },
        [](const storage::BackupDamage&) { return absl::OkStatus(); });
    ASSERT_OK(restored);
    EXPECT_EQ(restored->verified.difference_count, 0);
    const auto sequence = static_cast<int64_t>(restored->backup.sequence());

    const RunningBinary server = Value(StartBinary(options.data_directory));
    Client client = MakeClient(server.endpoint);
    // One for the survey, and one for each record.
    EXPECT_EQ(Status(client).feedback_count(), sequence - 1);
    std::set<std::string> held;
    v1::ListFeedbackRequest request;
    request.set_survey_id("nps");
    request.set_page_size(1'000);
    for (const absl::StatusOr<v1::Feedback>& record : client.ListFeedback(request)) {
      ASSERT_OK(record);
      held.insert(record->external_id());
    }
    EXPECT_EQ(held.size(), sequence - 1);
    for (const auto& [first, had_by] : observer_.batches()) {
      for (int64_t number = first; had_by <= sequence && number < first + kBatch; ++number) {
        EXPECT_TRUE(held.contains(absl::StrCat("row ", number))) << number;
      }
    }
  }

  TempDir temp_dir_;
  const std::string data_ = temp_dir_.Join("data");
  const std::string backups_ = temp_dir_.Join("backups");
  const storage::BackupDirectory directory_{nullptr, backups_};
  Observer observer_;
  std::set<std::string> made_;  // Told to be.
};

TEST_F(BackupKillTest, EveryListedBackupRestoresAfterEveryKill) {
  std::mt19937_64 random(SeedFromEnvOrRandom());
  const int kills = CountFromEnvOr("EMPTYCHAIR_TEST_KILLS", 5);
  int restored = 0;
  for (int kill = 0; kill < kills; ++kill) {
    SCOPED_TRACE(absl::StrCat("kill ", kill));
    LoadAndKill(kill % 3, random);
    ASSERT_FALSE(HasFailure());
    ExpectWhole();
    if (const std::vector<storage::ListedBackup> listed = Listed(); !listed.empty()) {
      ExpectRestores(listed[random() % listed.size()].backup_id);
      ++restored;
    }
    ASSERT_FALSE(HasFailure());
  }

  // What the kills left goes, and what is kept stays.
  EXPECT_GT(restored, 0);
  const absl::StatusOr<storage::PruneResult> pruned =
      storage::PruneBackups(directory_, {.keep_last = 2}, false);
  ASSERT_OK(pruned);
  EXPECT_EQ(pruned->not_swept, "");
  made_.clear();
  ExpectWhole();
  std::set<std::string> used;
  for (const storage::ListedBackup& backup : Listed()) {
    for (const auto& file : backup.manifest.files) {
      used.insert(directory_.PoolPath(file.sha256()));
    }
    ExpectRestores(backup.backup_id);
    ++restored;
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_.PoolFolder())) {
    EXPECT_TRUE(!entry.is_regular_file() || used.contains(entry.path())) << entry.path();
  }
  std::cout << kills << " kills, " << observer_.batches().size() * kBatch
            << " records acknowledged, " << pruned->removed.size() + pruned->kept.size()
            << " backups, " << restored << " of them restored, " << pruned->files_removed
            << " files swept\n";
}

}  // namespace
}  // namespace emptychair::testing
