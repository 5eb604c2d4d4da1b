#include "tools/process/subprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/base/status_macros.h"

namespace emptychair {
namespace {

absl::Status SystemError(absl::string_view call) {
  return absl::InternalError(absl::StrCat(call, ": ", strerror(errno)));
}

// The environment of this process with `changes`, as "NAME=VALUE".
std::vector<std::string> Environment(
    const std::vector<std::pair<std::string, std::string>>& changes) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const bool changed = std::any_of(changes.begin(), changes.end(), [&](const auto& change) {
      return absl::StartsWith(*entry, absl::StrCat(change.first, "="));
    });
    if (!changed) {
      result.emplace_back(*entry);
    }
  }
  for (const auto& [name, value] : changes) {
    result.push_back(absl::StrCat(name, "=", value));
  }
  return result;
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (std::string& string : strings) {
    result.push_back(string.data());
  }
  result.push_back(nullptr);
  return result;
}

// Becomes the program. Runs in the child of a process with threads: only calls that are safe there.
[[noreturn]] void Exec(char** argv, char** environment, const char* working_directory,
                       int stdout_fd, int stderr_fd, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) {
    _exit(127);
  }
  const int null_fd = open("/dev/null", O_RDONLY);
  dup2(null_fd, STDIN_FILENO);
  dup2(stdout_fd, STDOUT_FILENO);
  dup2(stderr_fd, STDERR_FILENO);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (*working_directory == '\0' || chdir(working_directory) == 0) {
    execve(argv[0], argv, environment);
  }
  const char* error = strerror(errno);
  (void)!write(STDERR_FILENO, error, strlen(error));
  _exit(127);
}

// Waits for one of `fds` and answers whether one is ready.
bool PollUntil(pollfd* fds, nfds_t count, absl::Time deadline) {
  while (true) {
    const absl::Duration left = std::max(deadline - absl::Now(), absl::ZeroDuration());
    const int timeout_ms = static_cast<int>(
        std::min<int64_t>(absl::ToInt64Milliseconds(left + absl::Milliseconds(1)), 1 << 30));
    const int ready = poll(fds, count, timeout_ms);
    if (ready > 0) {
      return true;
    }
    if (ready == 0 && absl::Now() >= deadline) {
      return false;
    }
  }
}

absl::Status Late(absl::string_view what, absl::Duration timeout) {
  return absl::DeadlineExceededError(
      absl::StrCat(what, " did not come within ", absl::FormatDuration(timeout)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Subprocess>> Subprocess::Start(const std::vector<std::string>& argv,
                                                              const SubprocessOptions& options) {
  std::vector<std::string> arguments = argv;
  std::vector<std::string> environment = Environment(options.environment);
  const std::vector<char*> argument_pointers = Pointers(arguments);
  const std::vector<char*> environment_pointers = Pointers(environment);

  int pipe_fds[2];
  if (pipe2(pipe_fds, O_CLOEXEC) != 0) {
    return SystemError("pipe2");
  }
  // A file instead of a pipe: it takes all that comes while nobody reads.
  const int stderr_fd = memfd_create("stderr", MFD_CLOEXEC);
  if (stderr_fd < 0) {
    return SystemError("memfd_create");
  }
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    Exec(const_cast<char**>(argument_pointers.data()),
         const_cast<char**>(environment_pointers.data()), options.working_directory.c_str(),
         pipe_fds[1], stderr_fd, parent);
  }
  close(pipe_fds[1]);
  if (pid < 0) {
    return SystemError("fork");
  }
  const int process_fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (process_fd < 0) {
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return SystemError("pidfd_open");
  }
  return std::unique_ptr<Subprocess>(new Subprocess(pid, process_fd, pipe_fds[0], stderr_fd));
}

Subprocess::Subprocess(pid_t pid, int process_fd, int stdout_fd, int stderr_fd)
    : pid_(pid), process_fd_(process_fd), stdout_fd_(stdout_fd), stderr_fd_(stderr_fd) {}

Subprocess::~Subprocess() {
  if (exit_status_ < 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(process_fd_);
  close(stdout_fd_);
  close(stderr_fd_);
}

absl::Status Subprocess::FillBuffer(absl::Time deadline, bool or_exit) {
  pollfd fds[] = {{.fd = stdout_ended_ ? -1 : stdout_fd_, .events = POLLIN, .revents = 0},
                  {.fd = process_fd_, .events = POLLIN, .revents = 0}};
  if (!PollUntil(fds, or_exit ? 2 : 1, deadline)) {
    return absl::DeadlineExceededError("");
  }
  if (fds[0].revents != 0) {
    char bytes[65536];
    const ssize_t count = read(stdout_fd_, bytes, sizeof(bytes));
    if (count < 0 && errno != EINTR) {
      return SystemError("read");
    }
    stdout_ended_ = count == 0;
    buffer_.append(bytes, std::max<ssize_t>(count, 0));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> Subprocess::ReadLine(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  size_t end;
  while ((end = buffer_.find('\n')) == std::string::npos && !stdout_ended_) {
    const absl::Status status = FillBuffer(deadline, /*or_exit=*/false);
    if (absl::IsDeadlineExceeded(status)) {
      return Late("a line", timeout);
    }
    RETURN_IF_ERROR(status);
  }
  if (end == std::string::npos) {
    if (buffer_.empty()) {
      return absl::OutOfRangeError("standard output has ended");
    }
    return std::exchange(buffer_, "");
  }
  std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + 1);
  return line;
}

absl::StatusOr<std::string> Subprocess::ReadToEnd(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  while (!stdout_ended_) {
    const absl::Status status = FillBuffer(deadline, /*or_exit=*/false);
    if (absl::IsDeadlineExceeded(status)) {
      return Late("the end of standard output", timeout);
    }
    RETURN_IF_ERROR(status);
  }
  return std::exchange(buffer_, "");
}

// VmHWM, as proc(5) says.
std::optional<int64_t> Subprocess::PeakMemoryBytes() const {
  std::ifstream file(absl::StrCat("/proc/", pid_, "/status"));
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> words =
        absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    int64_t kibibytes = 0;
    if (words.size() == 3 && words[0] == "VmHWM:" && absl::SimpleAtoi(words[1], &kibibytes)) {
      return kibibytes << 10;
    }
  }
  return std::nullopt;
}

std::string Subprocess::StandardError() const {
  std::string result;
  char bytes[65536];
  ssize_t count;
  while ((count = pread(stderr_fd_, bytes, sizeof(bytes), static_cast<off_t>(result.size()))) > 0) {
    result.append(bytes, count);
  }
  return result;
}

void Subprocess::Signal(int signal) {
  // By the descriptor: a number could belong to another process by now.
  syscall(SYS_pidfd_send_signal, process_fd_, signal, nullptr, 0);
}

absl::StatusOr<int> Subprocess::Wait(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  while (exit_status_ < 0) {
    int status = 0;
    const pid_t reaped = waitpid(pid_, &status, WNOHANG);
    if (reaped < 0) {
      return SystemError("waitpid");
    }
    if (reaped == pid_) {
      exit_status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
      break;
    }
    const absl::Status filled = FillBuffer(deadline, /*or_exit=*/true);
    if (absl::IsDeadlineExceeded(filled)) {
      return Late("the end of the process", timeout);
    }
    RETURN_IF_ERROR(filled);
  }
  return exit_status_;
}

absl::StatusOr<FinishedProcess> RunToEnd(const std::vector<std::string>& argv,
                                         absl::Duration timeout, const SubprocessOptions& options) {
  const absl::Time deadline = absl::Now() + timeout;
  ASSIGN_OR_RETURN(std::unique_ptr<Subprocess> process, Subprocess::Start(argv, options));
  FinishedProcess result;
  ASSIGN_OR_RETURN(result.standard_output, process->ReadToEnd(timeout));
  ASSIGN_OR_RETURN(result.exit_status, process->Wait(deadline - absl::Now()));
  result.standard_error = process->StandardError();
  return result;
}

}  // namespace emptychair
