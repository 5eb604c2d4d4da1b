#include "server/telemetry/access_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <deque>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "common/base/errors.h"
#include "common/base/key_id.h"
#include "common/base/status_macros.h"
#include "server/telemetry/server_log.h"

namespace emptychair {
namespace {

constexpr absl::Duration kWriteInterval = absl::Seconds(1);

class OffLog final : public AccessLog {
 public:
  void CallFinished(const FinishedCall&) override {}
  absl::Status Reopen() override { return absl::OkStatus(); }
  int64_t dropped() const override { return 0; }
};

// Who calls, without anything that it proves itself with.
std::string PrincipalOf(const Caller& caller) {
  switch (caller.kind) {
    case Caller::Kind::kAdminSocket:
      return "socket";
    case Caller::Kind::kKey:
      return absl::StrCat("key:", KeyIdText(caller.key_id));
    case Caller::Kind::kCertificate:
      return absl::StrCat("cert:", KeyIdText(caller.key_id));
    case Caller::Kind::kAnonymous:
      break;
  }
  return "anonymous";
}

// A descriptor of what `target` names.
absl::StatusOr<int> OpenTarget(const std::string& target) {
  const int fd = target == "stderr"
                     ? ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)
                     : ::open(target.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0) {
    const int error = errno;
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "--access_log",
                      absl::StrCat("cannot open ", Quoted(target, 256), ": ", std::strerror(error),
                                   "; wanted \"stderr\", \"off\" or a file that can be written"));
  }
  return fd;
}

// Its thread wakes up every second, or when half of the lines that may wait do: to wake it for each
// line cost a call more than the line did.
class FdLog final : public AccessLog {
 public:
  FdLog(std::string target, int fd, int queue_max)
      : target_(std::move(target)),
        queue_max_(static_cast<size_t>(queue_max)),
        fd_(fd),
        writer_([this] { RunWriter(); }) {}

  ~FdLog() override {
    {
      absl::MutexLock lock(&mutex_);
      stopping_ = true;
    }
    writer_.join();
  }

  absl::Status Reopen() override {
    ASSIGN_OR_RETURN(const int fd, OpenTarget(target_));
    absl::MutexLock lock(&mutex_);
    // One that the writer has not come to yet is not needed any more.
    if (reopened_fd_ >= 0) {
      ::close(reopened_fd_);
    }
    reopened_fd_ = fd;
    return absl::OkStatus();
  }

  void CallFinished(const FinishedCall& call) override {
    JsonLine line(call.start_time);
    line.Add("method", call.context.method->name)
        .Add("request_id", call.context.request_id.text())
        .Add("principal", PrincipalOf(call.context.caller))
        .Add("code", absl::StatusCodeToString(call.code));
    if (!call.reason.empty()) {
      line.Add("reason", call.reason);
    }
    if (call.records > 0) {
      line.Add("records", call.records);
    }
    line.Add("duration_us", absl::ToInt64Microseconds(call.duration))
        .Add("peer", call.context.caller.peer);
    if (const auto& trace = call.context.trace; trace.has_value()) {
      line.Add("trace_id", trace->trace_id()).Add("span_id", trace->span_id());
    }
    std::string text = line.Finish();
    absl::MutexLock lock(&mutex_);
    if (queue_.size() >= queue_max_) {
      queue_.pop_front();
      dropped_.fetch_add(1, std::memory_order_relaxed);
    }
    queue_.push_back(std::move(text));
  }

  int64_t dropped() const override { return dropped_.load(std::memory_order_relaxed); }

 private:
  void RunWriter() {
    for (bool is_last = false; !is_last;) {
      std::deque<std::string> lines;
      int reopened_fd = -1;
      {
        absl::MutexLock lock(&mutex_);
        mutex_.AwaitWithTimeout(absl::Condition(this, &FdLog::IsTimeToWrite), kWriteInterval);
        lines.swap(queue_);
        std::swap(reopened_fd, reopened_fd_);
        is_last = stopping_;
      }
      if (reopened_fd >= 0) {
        ::close(std::exchange(fd_, reopened_fd));
      }
      if (!lines.empty() && !WriteAll(fd_, absl::StrJoin(lines, "\n") + "\n")) {
        dropped_.fetch_add(static_cast<int64_t>(lines.size()), std::memory_order_relaxed);
      }
    }
    ::close(fd_);
  }

  bool IsTimeToWrite() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return stopping_ || reopened_fd_ >= 0 || queue_.size() > queue_max_ / 2;
  }

  const std::string target_;
  const size_t queue_max_;
  int fd_;  // Of the writer's thread alone.
  std::atomic<int64_t> dropped_{0};
  absl::Mutex mutex_;
  std::deque<std::string> queue_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  int reopened_fd_ ABSL_GUARDED_BY(mutex_) = -1;
  std::thread writer_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<AccessLog>> AccessLog::Open(const std::string& target,
                                                           int queue_max) {
  if (target == "off") {
    return std::make_unique<OffLog>();
  }
  ASSIGN_OR_RETURN(const int fd, OpenTarget(target));
  return std::make_unique<FdLog>(target, fd, queue_max);
}

}  // namespace emptychair
