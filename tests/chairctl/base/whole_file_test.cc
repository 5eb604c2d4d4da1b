#include "tools/chairctl/base/whole_file.h"

#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/chairctl_harness.h"

namespace emptychair {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

int FilesIn(const std::string& directory) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    count += entry.exists() ? 1 : 0;
  }
  return count;
}

TEST(WriteWholeFile, WritesAndReplacesAndLeavesNothingElse) {
  const TemporaryFile file("page.html", "old");
  ASSERT_TRUE(WriteWholeFile("--html", file.path(), "new").ok());
  EXPECT_EQ(file.Read(), "new");
  const std::string other = file.directory() + "/other.html";
  ASSERT_TRUE(WriteWholeFile("--html", other, "").ok());
  EXPECT_TRUE(std::filesystem::exists(other));
  EXPECT_EQ(FilesIn(file.directory()), 2);
}

TEST(WriteWholeFile, SaysWhyItCannotWrite) {
  const TemporaryFile file("page.html", "old");
  const struct {
    std::string path;
    const char* reason;
  } cases[] = {
      {file.directory() + "/none/page.html", "No such file or directory"},
      {file.path() + "/page.html", "Not a directory"},
      {file.directory(), "it is no regular file"},
      {"/dev/null", "it is no regular file"},
      {file.directory() + "/" + std::string(300, 'x'), "File name too long"},
  };
  for (const auto& c : cases) {
    const absl::Status status = WriteWholeFile("--html", c.path, "new");
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr("--html: cannot write \""), HasSubstr(c.reason)));
  }
  EXPECT_EQ(FilesIn(file.directory()), 1);
  EXPECT_FALSE(std::filesystem::is_regular_file("/dev/null"));
}

TEST(WriteWholeFile, LeavesWhatWasThereWhenItCannotWriteAll) {
  const TemporaryFile file("page.html", "old");
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 1'000;
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const absl::Status status = WriteWholeFile("--html", file.path(), std::string(2'000, 'x'));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_THAT(std::string(status.message()), HasSubstr("File too large"));
  EXPECT_EQ(file.Read(), "old");
  EXPECT_EQ(FilesIn(file.directory()), 1);
}

}  // namespace
}  // namespace emptychair
