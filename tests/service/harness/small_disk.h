// A real file system that a test can fill, and make unwritable. Mounting one needs root.
#ifndef EMPTYCHAIR_TESTS_SERVICE_HARNESS_SMALL_DISK_H_
#define EMPTYCHAIR_TESTS_SERVICE_HARNESS_SMALL_DISK_H_

#include <sys/mount.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "tests/helpers/temp_dir.h"

namespace emptychair::testing {

// A file system in memory of 256 MiB, gone with this object. Not thread-safe.
class SmallDisk {
 public:
  SmallDisk()
      : is_mounted_(::mount("emptychair-test", dir_.path().c_str(), "tmpfs", 0, "size=256m") == 0) {
  }
  ~SmallDisk() {
    if (is_mounted_) {
      ::umount2(dir_.path().c_str(), MNT_DETACH);
    }
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  // False: this process may not mount.
  bool is_mounted() const { return is_mounted_; }
  std::string Path(const std::string& name) const { return dir_.Join(name); }

  // Takes all space but `left` bytes, to a page.
  void Fill(uint64_t left) {
    Free();
    const uint64_t free = std::filesystem::space(dir_.path()).free;
    std::ofstream file(Path("ballast"));
    const std::string block(kPage, 'x');
    for (uint64_t size = 0; size + left < free; size += kPage) {
      file.write(block.data(), kPage);
    }
  }
  void Free() { std::filesystem::remove(Path("ballast")); }

 private:
  static constexpr uint64_t kPage = 4'096;

  TempDir dir_;
  const bool is_mounted_;
};

// While this lives, nothing in the folder can be changed by paths, which must be there. Files that
// are open go on.
class ReadOnlyFolder {
 public:
  explicit ReadOnlyFolder(std::string path) : path_(std::move(path)) {
    is_mounted_ = ::mount(path_.c_str(), path_.c_str(), nullptr, MS_BIND, nullptr) == 0;
    is_read_only_ = is_mounted_ && ::mount(nullptr, path_.c_str(), nullptr,
                                           MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) == 0;
  }
  ~ReadOnlyFolder() {
    if (is_mounted_) {
      ::umount2(path_.c_str(), MNT_DETACH);
    }
  }
  ReadOnlyFolder(const ReadOnlyFolder&) = delete;
  ReadOnlyFolder& operator=(const ReadOnlyFolder&) = delete;

  bool is_read_only() const { return is_read_only_; }

 private:
  const std::string path_;
  bool is_mounted_ = false;
  bool is_read_only_ = false;
};

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_SERVICE_HARNESS_SMALL_DISK_H_
