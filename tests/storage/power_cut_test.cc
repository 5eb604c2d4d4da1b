// What was acknowledged is still there after the machine's own file system has lost its power: ext4
// on a loop device, shut down without writing its journal out. Needs root and loop devices, and
// runs only when asked for: EMPTYCHAIR_POWER_CUTS=N cuts N times, about a second each.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "tests/storage/store_harness.h"
#include "tools/process/subprocess.h"

namespace emptychair::storage {
namespace {

constexpr int kSenders = 8;
constexpr uintmax_t kDiskBytes = uintmax_t{512} << 20;
constexpr char kDirectory[] = "/store";

int Cuts() {
  int cuts = 0;
  if (const char* text = std::getenv("EMPTYCHAIR_POWER_CUTS"); text != nullptr) {
    EXPECT_TRUE(absl::SimpleAtoi(text, &cuts)) << text;
  }
  return cuts;
}

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

Answer AnswerOf(uint64_t id) {
  return {.id = id,
          .time_ms = kNoonMs + static_cast<int64_t>(id % 100'000) * 61'000,
          .score = static_cast<int32_t>(id % 11),
          .customer_id = absl::StrCat("c", id % 500)};
}

// Sends answers until the power is cut.
class Load {
 public:
  explicit Load(uint64_t first_id) : next_id_(first_id) {}

  void RunUntilCut(Store& store, const LoopDisk& disk, size_t acknowledgements) {
    std::vector<std::thread> senders;
    for (int sender = 0; sender < kSenders; ++sender) {
      senders.emplace_back([&] {
        while (!is_cut_) {
          const uint64_t id = next_id_++;
          const CommandResult result = RunCommand(store, SubmitCommand({AnswerOf(id)}), false);
          absl::MutexLock lock(&mutex_);
          // Nobody hears an answer that comes after the cut.
          if (is_cut_ || !result.error.ok()) {
            is_cut_ = true;
          } else {
            acknowledged_.push_back(id);
            if (acknowledged_.size() >= acknowledgements) {
              is_cut_ = true;
              EXPECT_TRUE(disk.CutPower());
            }
          }
        }
      });
    }
    for (std::thread& sender : senders) {
      sender.join();
    }
  }

  uint64_t next_id() const { return next_id_; }
  const std::vector<uint64_t>& acknowledged() const { return acknowledged_; }

 private:
  std::atomic<uint64_t> next_id_;
  std::atomic<bool> is_cut_{false};
  absl::Mutex mutex_;
  std::vector<uint64_t> acknowledged_;  // Under the mutex while senders run.
};

int64_t CountLost(const Store& store, const std::vector<uint64_t>& acknowledged) {
  const auto view = store.view();
  const SurveyView* survey = view->FindSurvey("pulse");
  int64_t lost = 0;
  for (const uint64_t id : acknowledged) {
    lost += survey == nullptr || !store.records().Get(*view, *survey, IdOf(AnswerOf(id))).ok();
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
    CreateSurvey(*store, NpsSurvey("pulse"));
    if (const int64_t lost = CountLost(*store, acknowledged); lost > 0) {
      FAIL() << lost << " of " << acknowledged.size() << " acknowledged answers are lost";
    }
    ASSERT_OK(store->Verify([](const TaskProgress&) { return absl::OkStatus(); },
                            [](const Difference& difference) {
                              ADD_FAILURE() << "a difference: " << difference.where;
                              return absl::OkStatus();
                            }));
    if (cut < cuts) {
      Load load(next_id);
      load.RunUntilCut(*store, disk, /*acknowledgements=*/1'000);
      next_id = load.next_id();
      acknowledged.insert(acknowledged.end(), load.acknowledged().begin(),
                          load.acknowledged().end());
      store.reset();
      ASSERT_TRUE(disk.Unmount());
      ASSERT_TRUE(disk.Mount());
    }
  }
  std::cout << cuts << " cuts, " << acknowledged.size() << " acknowledged answers" << std::endl;
}

}  // namespace
}  // namespace emptychair::storage
