// What was acknowledged is still there after the machine's own file system has lost its power: ext4
// on a loop device, shut down without writing its journal out. Needs root and loop devices, and
// runs only when asked for: EMPTYCHAIR_POWER_CUTS=N cuts N times, about a second each.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "tests/helpers/count.h"
#include "tests/storage/engine/fault_answers.h"
#include "tools/process/subprocess.h"

namespace emptychair::storage {
namespace {

constexpr uintmax_t kDiskBytes = uintmax_t{512} << 20;
constexpr char kDirectory[] = "/store";

int Cuts() { return testing::CountFromEnvOr("EMPTYCHAIR_POWER_CUTS", 0); }

bool Run(const std::vector<std::string>& argv) {
  const absl::StatusOr<FinishedProcess> ended = RunToEnd(argv);
  return ended.ok() && ended->exit_status == 0;
}

// An ext4 file system that can lose its power.
class LoopDisk {
 public:
  // Answers whether this machine can.
  bool Make() {
    std::filesystem::create_directory(mount_);
    std::ofstream(image_).close();
    std::filesystem::resize_file(image_, kDiskBytes);
    return Run({"/usr/sbin/mkfs.ext4", "-q", "-F", image_}) && Mount();
  }
  bool Mount() {
    is_mounted_ = Run({"/bin/mount", "-o", "loop", image_, mount_});
    return is_mounted_;
  }
  bool Unmount() {
    is_mounted_ = !Run({"/bin/umount", mount_});
    return !is_mounted_;
  }
  ~LoopDisk() {
    if (is_mounted_) {
      Unmount();
    }
  }

  // What is not on the device by now never will be.
  bool CutPower() const {
    // EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH, which no header of ours has.
    constexpr auto kShutdown = _IOR('X', 125, uint32_t);
    uint32_t without_journal = 2;
    const int fd = ::open(mount_.c_str(), O_RDONLY | O_CLOEXEC);
    const bool is_cut = fd >= 0 && ::ioctl(fd, kShutdown, &without_journal) == 0;
    ::close(fd);
    return is_cut;
  }

  std::string directory() const { return mount_ + kDirectory; }

 private:
  testing::TempDir dir_;
  const std::string image_ = dir_.Join("image");
  const std::string mount_ = dir_.Join("mount");
  bool is_mounted_ = false;
};

// Lets a worker store answers, cuts the power after so many acknowledgements, and answers with
// their ids. What the worker says after the cut nobody has heard.
std::vector<uint64_t> StoreUntilCut(const LoopDisk& disk, uint64_t first_id, size_t count) {
  std::vector<uint64_t> acknowledged;
  const absl::StatusOr<std::unique_ptr<Subprocess>> worker =
      Subprocess::Start({EMPTYCHAIR_POWER_CUT_WORKER, disk.directory(), absl::StrCat(first_id)});
  while (worker.ok() && acknowledged.size() < count) {
    const absl::StatusOr<std::string> line = (*worker)->ReadLine(absl::Seconds(60));
    absl::string_view text = line.ok() ? absl::string_view(*line) : absl::string_view();
    uint64_t id = 0;
    if (!absl::ConsumePrefix(&text, "acknowledged ") || !absl::SimpleAtoi(text, &id)) {
      ADD_FAILURE() << "the worker ended: " << line.status() << (*worker)->StandardError();
      break;
    }
    acknowledged.push_back(id);
  }
  EXPECT_TRUE(disk.CutPower());
  return acknowledged;
}

int64_t CountLost(const Store& store, const std::vector<uint64_t>& acknowledged) {
  const auto view = store.view();
  const SurveyView* survey = view->FindSurvey("pulse");
  int64_t lost = 0;
  for (const uint64_t id : acknowledged) {
    lost += survey == nullptr || !store.records().Get(*view, *survey, IdOf(FaultAnswer(id))).ok();
  }
  return lost;
}

TEST(PowerCutTest, OfARealFileSystemLosesNoAcknowledgedAnswer) {
  const int cuts = Cuts();
  if (cuts == 0) {
    GTEST_SKIP() << "runs for EMPTYCHAIR_POWER_CUTS=N alone";
  }
  LoopDisk disk;
  if (!disk.Make()) {
    GTEST_SKIP() << "needs root and loop devices";
  }
  std::vector<uint64_t> acknowledged;
  uint64_t next_id = 1;
  for (int cut = 0; cut <= cuts; ++cut) {
    SCOPED_TRACE(absl::StrCat("cut ", cut));
    ASSERT_OK_AND_ASSIGN(std::unique_ptr<Store> store,
                         Store::Open({.directory = disk.directory()}));
    if (const int64_t lost = CountLost(*store, acknowledged); lost > 0) {
      FAIL() << lost << " of " << acknowledged.size() << " acknowledged answers are lost";
    }
    ASSERT_OK(store->Verify([](const TaskProgress&) { return absl::OkStatus(); },
                            [](const Difference& difference) {
                              ADD_FAILURE() << "a difference: " << difference.where;
                              return absl::OkStatus();
                            }));
    if (cut < cuts) {
      store.reset();
      for (const uint64_t id : StoreUntilCut(disk, next_id, /*count=*/2'000)) {
        acknowledged.push_back(id);
        next_id = std::max(next_id, id + 1'000);
      }
      ASSERT_TRUE(disk.Unmount());
      ASSERT_TRUE(disk.Mount());
    }
  }
  std::cout << cuts << " cuts, " << acknowledged.size() << " acknowledged answers" << std::endl;
}

}  // namespace
}  // namespace emptychair::storage
