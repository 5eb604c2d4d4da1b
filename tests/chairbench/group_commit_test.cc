#include "tools/chairbench/servers/group_commit.h"

#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/temp_dir.h"

namespace emptychair::bench {
namespace {

using ::emptychair::testing::TempDir;
using ::testing::HasSubstr;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

TEST(GroupCommit, WritesBeforeItAnswers) {
  constexpr int kThreads = 4;
  constexpr int kAppends = 50;
  TempDir folder;
  const std::string path = folder.Join("log");
  int written = 0;  // On the writing thread only.
  {
    auto log = GroupCommit::Open(path);
    ASSERT_OK(log.status());
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        for (int j = 0; j < kAppends; ++j) {
          const std::string bytes = absl::StrCat("<", i, ":", j, ">");
          (*log)->Append(bytes, [&, bytes](const absl::Status& status) {
            EXPECT_OK(status);
            written += ReadFile(path).find(bytes) != std::string::npos ? 1 : 0;
          });
        }
      });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
  }
  EXPECT_EQ(written, kThreads * kAppends);
}

TEST(GroupCommit, WritesTogetherWhatGatheredMeanwhile) {
  TempDir folder;
  const std::string path = folder.Join("log");
  auto log = GroupCommit::Open(path);
  ASSERT_OK(log.status());
  absl::Notification others_are_there;
  absl::Notification all_are_done;
  (*log)->Append("a", [&](const absl::Status&) { others_are_there.WaitForNotification(); });
  (*log)->Append("b", [](const absl::Status&) {});
  (*log)->Append("c", [](const absl::Status&) {});
  others_are_there.Notify();
  (*log)->Append("d", [&](const absl::Status&) { all_are_done.Notify(); });
  all_are_done.WaitForNotification();
  EXPECT_LE((*log)->groups(), 3);
  EXPECT_EQ(ReadFile(path), "abcd");
}

TEST(GroupCommit, SaysWhatCouldNotBeWritten) {
  auto log = GroupCommit::Open("/dev/full");
  ASSERT_OK(log.status());
  absl::Status said;
  absl::Notification done;
  (*log)->Append("a", [&](const absl::Status& status) {
    said = status;
    done.Notify();
  });
  done.WaitForNotification();
  EXPECT_EQ(said.code(), absl::StatusCode::kUnavailable);

  TempDir folder;
  EXPECT_THAT(GroupCommit::Open(folder.Join("no/such/folder/log")).status().message(),
              HasSubstr("no/such/folder/log"));
}

}  // namespace
}  // namespace emptychair::bench
