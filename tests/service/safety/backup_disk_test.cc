// Backups onto real disks that are full, read-only or taken away, and of two servers onto one.
#include <filesystem>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/restore/restore.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/temp_dir.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"
#include "tests/service/harness/small_disk.h"

namespace emptychair::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr uint64_t kStep = uint64_t{64} << 10;

// A backup that was made, or why none was.
absl::StatusOr<v1::Backup> MakeBackup(const Client& client) {
  absl::StatusOr<v1::Backup> made = absl::UnknownError("no backup was told of");
  for (const absl::StatusOr<v1::CreateBackupResponse>& message : client.CreateBackup()) {
    if (!message.ok()) {
      return message.status();
    }
    if (message->has_backup()) {
      made = message->backup();
    }
  }
  return made;
}

void ExpectSound(const Client& client, const std::string& backup_id) {
  v1::VerifyBackupRequest request;
  request.set_backup_id(backup_id);
  request.set_depth(v1::BACKUP_CHECK_DEPTH_RECOUNT);
  bool has_ended = false;
  for (const absl::StatusOr<v1::VerifyBackupResponse>& message : client.VerifyBackup(request)) {
    ASSERT_OK(message);
    EXPECT_FALSE(message->has_damage() || message->has_difference()) << message->DebugString();
    has_ended = has_ended || message->has_summary();
  }
  EXPECT_TRUE(has_ended);
}

// How often the server has told of the event.
int CountEvents(const RunningBinary& server, const std::string& event) {
  const std::string log = server.process->StandardError();
  const std::string text = absl::StrCat("\"event\":\"", event, "\"");
  int count = 0;
  for (size_t at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) {
    ++count;
  }
  return count;
}

v1::PruneBackupsResponse Prune(const Client& client) {
  v1::PruneBackupsRequest request;
  request.set_keep_last(1);
  return Value(client.PruneBackups(request));
}

class BackupDiskTest : public ::testing::Test {
 protected:
  // A server that has some answers and makes backups in `backups`.
  RunningBinary Start(const std::string& backups, const std::vector<std::string>& more_flags = {}) {
    std::vector<std::string> flags = {absl::StrCat("--backup_dir=", backups)};
    flags.insert(flags.end(), more_flags.begin(), more_flags.end());
    RunningBinary server =
        Value(StartBinary(temp_dir_.Join(absl::StrCat("data", ++servers_)), flags));
    Client client = MakeClient(server.endpoint);
    Create(client, NpsSurvey("nps"));
    std::mt19937_64 random(1);
    std::vector<v1::Feedback> answers;
    for (int i = 0; i < 500; ++i) {
      answers.push_back(Answer("nps", absl::StrCat("row ", i), kTime + absl::Minutes(i), i % 11));
      // What cannot be compressed: a backup of some steps.
      for (int j = 0; j < 1'500; ++j) {
        answers.back().mutable_comment()->push_back(static_cast<char>('!' + random() % 90));
      }
    }
    SubmitAll(client, answers);
    return server;
  }

  // The server goes on.
  void Submit(const RunningBinary& server) {
    Client client = MakeClient(server.endpoint);
    EXPECT_OK(TrySubmit(client, Answer("nps", absl::StrCat("more ", ++submitted_), kTime, 9)));
  }

  // Restores a backup and finds nothing wrong.
  void ExpectRestores(const std::string& backups, const std::string& backup_id) {
    storage::RestoreOptions options;
    options.backup_id = backup_id;
    options.data_directory = temp_dir_.Join(absl::StrCat("restored", ++restored_));
    options.time = absl::Now();
    const auto restored = storage::Restore(
        storage::BackupDirectory(nullptr, backups), options,
        [](const storage::BackupProgress&) { return absl::OkStatus(); },
        [](const storage::BackupDamage&) { return absl::OkStatus(); });
    ASSERT_OK(restored);
    EXPECT_EQ(restored->verified.difference_count, 0);
  }

  TempDir temp_dir_;
  int servers_ = 0;
  int submitted_ = 0;
  int restored_ = 0;
};

TEST_F(BackupDiskTest, OneThatIsFullAtAnySizeFailsTheBackupAlone) {
  SmallDisk disk;
  if (!disk.is_mounted()) {
    GTEST_SKIP() << "mounting a file system needs root";
  }
  const RunningBinary server = Start(disk.Path("backups"));
  const Client client = MakeClient(server.endpoint);
  EXPECT_THAT(Value(client.ListBackups()).backups(), IsEmpty());
  int refused = 0;
  absl::StatusOr<v1::Backup> made = absl::UnknownError("none yet");
  for (uint64_t left = 0; !made.ok() && !HasFailure(); left += kStep) {
    SCOPED_TRACE(absl::StrCat(left, " bytes left"));
    disk.Fill(left);
    made = MakeBackup(client);
    disk.Free();
    Submit(server);
    if (!made.ok()) {
      ++refused;
      EXPECT_THAT(made, HasReason(v1::ERROR_REASON_BACKUP_DISK_FULL));
      EXPECT_THAT(Value(client.ListBackups()).backups(), IsEmpty());
      EXPECT_EQ(CountEvents(server, "backup failed"), refused);
    }
    Prune(client);
  }
  EXPECT_GT(refused, 5);
  ASSERT_OK(made);
  EXPECT_EQ(CountEvents(server, "backup made"), 1);
  ExpectSound(client, made->backup_id());
  ExpectRestores(disk.Path("backups"), made->backup_id());
}

TEST_F(BackupDiskTest, OneThatCanOnlyBeReadFailsTheBackupAlone) {
  const std::string backups = temp_dir_.Join("backups");
  const RunningBinary server = Start(backups);
  const Client client = MakeClient(server.endpoint);
  const v1::Backup first = Value(MakeBackup(client));
  Submit(server);
  {
    const ReadOnlyFolder read_only(backups);
    if (!read_only.is_read_only()) {
      GTEST_SKIP() << "mounting a file system needs root";
    }
    EXPECT_THAT(MakeBackup(client), ::testing::Not(IsOk()));
    EXPECT_EQ(CountEvents(server, "backup failed"), 1);
    Submit(server);
    EXPECT_THAT(Value(client.ListBackups()).backups(), SizeIs(1));
  }
  const v1::Backup second = Value(MakeBackup(client));
  ExpectSound(client, first.backup_id());
  ExpectSound(client, second.backup_id());
}

TEST_F(BackupDiskTest, OneThatIsTakenAwayInTheMiddleFailsTheBackupAlone) {
  const std::string backups = temp_dir_.Join("backups");
  const RunningBinary server = Start(backups, {"--backup_bytes_per_second=400000"});
  const Client client = MakeClient(server.endpoint);
  absl::Status status;
  bool is_there = true;
  for (const absl::StatusOr<v1::CreateBackupResponse>& message : client.CreateBackup()) {
    status = message.status();
    if (message.ok() && message->progress().bytes_done() > 0 && is_there) {
      // Again where the server makes something meanwhile.
      std::error_code error;
      do {
        std::filesystem::remove_all(backups, error);
      } while (std::filesystem::exists(backups));
      is_there = false;
    }
  }
  EXPECT_FALSE(is_there);
  EXPECT_THAT(status, ::testing::Not(IsOk()));
  EXPECT_EQ(CountEvents(server, "backup failed"), 1);
  Submit(server);
  const v1::Backup made = Value(MakeBackup(client));
  ExpectSound(client, made.backup_id());
  ExpectRestores(backups, made.backup_id());
}

TEST_F(BackupDiskTest, OfTwoServersEachWaitsOrIsRefusedAndAllBackupsAreWhole) {
  constexpr int kBackups = 4;
  const std::string backups = temp_dir_.Join("backups");
  const std::vector<RunningBinary> servers = [&] {
    std::vector<RunningBinary> started;
    started.push_back(Start(backups));
    started.push_back(Start(backups));
    return started;
  }();
  std::set<std::string> made[2];
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] {
      const Client client = MakeClient(servers[i].endpoint);
      Client writer = MakeClient(servers[i].endpoint);
      const absl::Time give_up = absl::Now() + kLong;
      while (made[i].size() < kBackups && absl::Now() < give_up) {
        EXPECT_OK(TrySubmit(writer,
                            Answer("nps", absl::StrCat("of ", i, ", ", made[i].size()), kTime, 9)));
        const absl::StatusOr<v1::Backup> backup = MakeBackup(client);
        if (backup.ok()) {
          EXPECT_TRUE(backup->is_of_this_store());
          made[i].insert(backup->backup_id());
        } else {
          EXPECT_THAT(backup, HasReason(v1::ERROR_REASON_BACKUP_RUNNING));
        }
        v1::PruneBackupsRequest prune;
        prune.set_keep_last(kBackups);
        if (const auto pruned = client.PruneBackups(prune); pruned.ok()) {
          EXPECT_THAT(pruned->removed_backup_ids(), IsEmpty());
        } else {
          EXPECT_THAT(pruned, HasReason(v1::ERROR_REASON_BACKUP_RUNNING));
        }
        const v1::ListBackupsResponse listed = Value(client.ListBackups());
        for (const v1::Backup& one : listed.backups()) {
          EXPECT_EQ(one.damage(), "");
        }
      }
      EXPECT_EQ(made[i].size(), kBackups);
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  const Client client = MakeClient(servers[0].endpoint);
  EXPECT_THAT(Value(client.ListBackups()).backups(), SizeIs(2 * kBackups));
  for (const auto& of_one : made) {
    for (const std::string& backup_id : of_one) {
      ExpectSound(client, backup_id);
      ExpectRestores(backups, backup_id);
    }
  }
}

}  // namespace
}  // namespace emptychair::testing
