#include "server/tls/published_files.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/temp_dir.h"

namespace emptychair::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::Time kNow = absl::FromUnixSeconds(1'706'700'000);

TlsMaterial Material(const std::string& mark, bool has_ca = true) {
  return {.certificate_pem = "cert " + mark,
          .key_pem = "key " + mark,
          .client_ca_pem = has_ca ? "ca " + mark : ""};
}

class PublishedFilesTest : public ::testing::Test {
 protected:
  static std::string Read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  static mode_t ModeOf(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 07777;
  }

  static time_t SecondOf(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
    return status.st_mtime;
  }

  std::set<std::string> Names() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      names.insert(entry.path().filename().string());
    }
    return names;
  }

  PublishedFiles Open() {
    absl::StatusOr<PublishedFiles> files = PublishedFiles::Open(path_);
    EXPECT_OK(files);
    return *std::move(files);
  }

  TempDir directory_;
  const std::string path_ = directory_.Join("tls");
};

TEST_F(PublishedFilesTest, OnlyTheOwnerCanReadThem) {
  const mode_t before = umask(0);
  PublishedFiles files = Open();
  EXPECT_OK(files.Publish(Material("a"), kNow));
  umask(before);
  EXPECT_EQ(ModeOf(path_), 0700);
  for (const char* name : {"key.pem", "cert.pem", "ca.pem"}) {
    EXPECT_EQ(ModeOf(files.CurrentPath(name)), 0600) << name;
  }
  EXPECT_EQ(Read(path_ + "/current/key.pem"), "key a");
  EXPECT_EQ(Read(path_ + "/current/cert.pem"), "cert a");
  EXPECT_EQ(Read(path_ + "/current/ca.pem"), "ca a");
}

TEST_F(PublishedFilesTest, AFolderThatIsThereIsClosedToOthers) {
  std::filesystem::create_directory(path_);
  std::filesystem::permissions(path_, std::filesystem::perms::all);
  Open();
  EXPECT_EQ(ModeOf(path_), 0700);
}

TEST_F(PublishedFilesTest, ASetReplacesTheOneBeforeAsAWhole) {
  PublishedFiles files = Open();
  EXPECT_OK(files.Publish(Material("a"), kNow));
  // Who has opened the folder goes on in it.
  const std::filesystem::path a = std::filesystem::canonical(path_ + "/current");
  EXPECT_OK(files.Publish(Material("b", /*has_ca=*/false), kNow));
  EXPECT_EQ(Read(path_ + "/current/key.pem"), "key b");
  EXPECT_FALSE(std::filesystem::exists(path_ + "/current/ca.pem"));
  EXPECT_EQ(Read((a / "cert.pem").string()), "cert a");
}

// gRPC takes two files for a pair when their times, in whole seconds, stay as they are.
TEST_F(PublishedFilesTest, EachSetHasASecondOfItsOwn) {
  PublishedFiles files = Open();
  std::set<time_t> seconds;
  for (const absl::Time now :
       {kNow, kNow, kNow, kNow + absl::Seconds(1), kNow - absl::Hours(1), kNow + absl::Hours(1)}) {
    EXPECT_OK(files.Publish(Material("x"), now));
    const time_t second = SecondOf(files.CurrentPath("key.pem"));
    EXPECT_EQ(SecondOf(files.CurrentPath("cert.pem")), second);
    EXPECT_TRUE(seconds.insert(second).second) << second;
  }
  EXPECT_EQ(*seconds.rbegin(), absl::ToTimeT(kNow + absl::Hours(1)));
}

TEST_F(PublishedFilesTest, OldSetsGoAfterAMinute) {
  PublishedFiles files = Open();
  EXPECT_OK(files.Publish(Material("a"), kNow));
  EXPECT_OK(files.Publish(Material("b"), kNow));
  EXPECT_OK(files.Publish(Material("c"), kNow + absl::Seconds(30)));
  EXPECT_THAT(Names(), SizeIs(4));
  files.RemoveOld(kNow + absl::Seconds(59));
  EXPECT_THAT(Names(), SizeIs(4));
  files.RemoveOld(kNow + absl::Seconds(60));
  EXPECT_THAT(Names(), SizeIs(3));
  files.RemoveOld(kNow + absl::Hours(1));
  EXPECT_THAT(Names(), SizeIs(2));
  EXPECT_EQ(Read(path_ + "/current/key.pem"), "key c");
}

TEST_F(PublishedFilesTest, AStartClearsWhatTheOneBeforeLeftAndNothingElse) {
  {
    PublishedFiles files = Open();
    EXPECT_OK(files.Publish(Material("a"), kNow));
    EXPECT_OK(files.Publish(Material("b"), kNow));
  }
  std::filesystem::create_symlink("nowhere", path_ + "/next");
  std::ofstream(path_ + "/mine") << "mine";
  PublishedFiles files = Open();
  EXPECT_THAT(Names(), ElementsAre("mine"));
}

TEST_F(PublishedFilesTest, WhatCannotBePublishedLeavesTheSetBefore) {
  PublishedFiles files = Open();
  EXPECT_OK(files.Publish(Material("a"), kNow));
  const std::set<std::string> before = Names();
  // In the way of the link.
  std::filesystem::create_directories(path_ + "/next/full");
  const absl::Status failed = files.Publish(Material("b"), kNow);
  EXPECT_THAT(failed, StatusIs(absl::StatusCode::kUnavailable, HasSubstr(path_ + "/next")));
  EXPECT_EQ(Read(path_ + "/current/key.pem"), "key a");
  std::filesystem::remove_all(path_ + "/next");
  EXPECT_EQ(Names(), before);
  EXPECT_OK(files.Publish(Material("c"), kNow));
  EXPECT_EQ(Read(path_ + "/current/key.pem"), "key c");
}

TEST_F(PublishedFilesTest, AFolderThatCannotBeUsedIsAnErrorWithItsPath) {
  std::ofstream(path_) << "a file";
  EXPECT_THAT(PublishedFiles::Open(path_).status(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr(path_)));
  const std::string deep = directory_.Join("missing/tls");
  EXPECT_THAT(PublishedFiles::Open(deep).status(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr(deep)));
  // A link could lead anywhere.
  std::filesystem::create_directory(directory_.Join("elsewhere"));
  std::filesystem::create_symlink(directory_.Join("elsewhere"), directory_.Join("link"));
  EXPECT_THAT(PublishedFiles::Open(directory_.Join("link")).status(),
              StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace emptychair::testing
