// A disk with as much free space as the test says.
#ifndef EMPTYCHAIR_TESTS_STORAGE_HARNESS_SMALL_DISK_ENV_H_
#define EMPTYCHAIR_TESTS_STORAGE_HARNESS_SMALL_DISK_ENV_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "rocksdb/env.h"

namespace emptychair::storage {

// The files of `env`. Thread-safe.
class SmallDiskEnv final : public rocksdb::EnvWrapper {
 public:
  SmallDiskEnv(rocksdb::Env* env, uint64_t free_bytes) : EnvWrapper(env), free_(free_bytes) {}

  void SetFree(uint64_t bytes) { free_ = bytes; }
  rocksdb::Status GetFreeSpace(const std::string& /*path*/, uint64_t* bytes) override {
    *bytes = free_;
    return is_known ? rocksdb::Status::OK() : rocksdb::Status::NotSupported("free space");
  }

  std::atomic<bool> is_known{true};

 private:
  std::atomic<uint64_t> free_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_TESTS_STORAGE_HARNESS_SMALL_DISK_ENV_H_
