// Logs in memory, for tests of calls.
#ifndef EMPTYCHAIR_TESTS_RPC_CALL_HARNESS_H_
#define EMPTYCHAIR_TESTS_RPC_CALL_HARNESS_H_

#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "server/rpc/access_log.h"
#include "server/rpc/log.h"

namespace emptychair {

// Each call as "METHOD CODE REASON MICROSECONDS".
class MemoryAccessLog final : public AccessLog {
 public:
  void Record(const CallRecord& record) override {
    absl::MutexLock lock(&mutex_);
    lines_.push_back(absl::StrCat(record.method, " ", absl::StatusCodeToString(record.code), " ",
                                  record.reason, " ", absl::ToInt64Microseconds(record.duration)));
    peers_.push_back(std::string(record.peer));
  }
  int64_t dropped() const override { return 0; }

  std::vector<std::string> lines() const {
    absl::MutexLock lock(&mutex_);
    return lines_;
  }
  std::vector<std::string> peers() const {
    absl::MutexLock lock(&mutex_);
    return peers_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::vector<std::string> lines_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> peers_ ABSL_GUARDED_BY(mutex_);
};

// Collects the lines of a Log.
class LogLines {
 public:
  Log::Writer writer() {
    return [this](absl::string_view line) {
      absl::MutexLock lock(&mutex_);
      absl::StrAppend(&text_, line);
    };
  }
  std::string text() const {
    absl::MutexLock lock(&mutex_);
    return text_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::string text_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TESTS_RPC_CALL_HARNESS_H_
