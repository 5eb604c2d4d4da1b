#include "server/rpc/grpc_log.h"

#include <cassert>
#include <utility>

#include "absl/base/const_init.h"
#include "absl/strings/str_cat.h"

namespace emptychair {
namespace {

constexpr size_t kMessageBytesMax = 512;

// Held by a line on its way, so that the log does not go meanwhile.
ABSL_CONST_INIT absl::Mutex current_mutex(absl::kConstInit);
GrpcLog* current ABSL_GUARDED_BY(current_mutex) = nullptr;

// The name of a file without its folders.
absl::string_view BaseName(absl::string_view path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

GrpcLog::GrpcLog(ServerLog* log, const Clock* clock) : log_(log), clock_(clock) {
  absl::MutexLock lock(&current_mutex);
  assert(current == nullptr);
  current = this;
  gpr_set_log_function(&GrpcLog::OnLine);
}

GrpcLog::~GrpcLog() {
  absl::MutexLock lock(&current_mutex);
  current = nullptr;
  gpr_set_log_function(nullptr);
}

void GrpcLog::OnLine(gpr_log_func_args* line) {
  absl::MutexLock lock(&current_mutex);
  if (current != nullptr) {
    current->Write(line->severity, absl::StrCat(BaseName(line->file), ":", line->line),
                   line->message);
  }
}

void GrpcLog::Write(gpr_log_severity severity, absl::string_view source,
                    absl::string_view message) {
  int64_t dropped = 0;
  {
    absl::MutexLock lock(&mutex_);
    const absl::Time second = absl::FromUnixSeconds(absl::ToUnixSeconds(clock_->Now()));
    if (std::exchange(second_, second) != second) {
      lines_ = 0;
    }
    if (lines_ == kLinesPerSecondMax) {
      ++dropped_;
      return;
    }
    ++lines_;
    dropped = std::exchange(dropped_, 0);
  }
  const auto write = severity == GPR_LOG_SEVERITY_ERROR ? &ServerLog::Error : &ServerLog::Info;
  const absl::string_view cut = message.substr(0, kMessageBytesMax);
  if (dropped == 0) {
    (log_->*write)("grpc", {{"source", source}, {"message", cut}});
  } else {
    (log_->*write)(
        "grpc", {{"source", source}, {"message", cut}, {"dropped_before", absl::StrCat(dropped)}});
  }
}

}  // namespace emptychair
