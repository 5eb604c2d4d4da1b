#include "server/rpc/access_log.h"

#include <fcntl.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/periodic_worker.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/sink.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "server/rpc/log.h"

namespace emptychair {
namespace {

constexpr size_t kBufferBytes = 32 * 1024;
constexpr std::chrono::seconds kFlushInterval(1);

class OffLog final : public AccessLog {
 public:
  void Record(const CallRecord&) override {}
  int64_t dropped() const override { return 0; }
};

// Gathers lines and writes them in large pieces. Used by the logger's one thread.
class FdSink final : public spdlog::sinks::sink {
 public:
  explicit FdSink(int fd) : fd_(fd) {}
  ~FdSink() override {
    flush();
    ::close(fd_);
  }

  void log(const spdlog::details::log_msg& message) override {
    buffer_.append(message.payload.data(), message.payload.size());
    buffer_.push_back('\n');
    ++lines_;
    if (buffer_.size() >= kBufferBytes) {
      flush();
    }
  }

  void flush() override {
    if (!buffer_.empty() && !WriteAll(fd_, buffer_)) {
      lost_ += lines_;
    }
    buffer_.clear();
    lines_ = 0;
  }

  // Lines come in their final form.
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

  int64_t lost() const { return lost_; }

 private:
  const int fd_;
  std::string buffer_;
  int64_t lines_ = 0;
  std::atomic<int64_t> lost_ = 0;
};

class FdLog final : public AccessLog {
 public:
  FdLog(int fd, int queue_max)
      : sink_(std::make_shared<FdSink>(fd)),
        pool_(std::make_shared<spdlog::details::thread_pool>(queue_max, 1)),
        logger_(std::make_shared<spdlog::async_logger>(
            "", sink_, pool_, spdlog::async_overflow_policy::overrun_oldest)),
        flusher_([this] { logger_->flush(); }, kFlushInterval) {}

  void Record(const CallRecord& record) override {
    JsonLine line(record.time);
    line.Add("method", record.method).Add("code", absl::StatusCodeToString(record.code));
    if (!record.reason.empty()) {
      line.Add("reason", record.reason);
    }
    line.Add("duration_us", absl::ToInt64Microseconds(record.duration)).Add("peer", record.peer);
    const std::string text = line.Finish();
    // As a view: other overloads take the text as a format.
    logger_->log(spdlog::source_loc{}, spdlog::level::info, spdlog::string_view_t(text));
  }

  int64_t dropped() const override {
    return static_cast<int64_t>(pool_->overrun_counter()) + sink_->lost();
  }

 private:
  // Destroyed from the last to the first: the pool writes what waits, then the sink flushes.
  const std::shared_ptr<FdSink> sink_;
  const std::shared_ptr<spdlog::details::thread_pool> pool_;
  const std::shared_ptr<spdlog::async_logger> logger_;
  spdlog::details::periodic_worker flusher_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<AccessLog>> AccessLog::Open(const std::string& target,
                                                           int queue_max) {
  if (target == "off") {
    return std::make_unique<OffLog>();
  }
  const int fd = target == "stderr"
                     ? ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)
                     : ::open(target.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0) {
    const int error = errno;
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "--access_log",
                      absl::StrCat("cannot open ", Quoted(target, 256), ": ", std::strerror(error),
                                   "; wanted \"stderr\", \"off\" or a file that can be written"));
  }
  return std::make_unique<FdLog>(fd, queue_max);
}

}  // namespace emptychair
