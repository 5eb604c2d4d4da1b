// Runs other programs.
#ifndef EMPTYCHAIR_TOOLS_PROCESS_SUBPROCESS_H_
#define EMPTYCHAIR_TOOLS_PROCESS_SUBPROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace emptychair {

struct SubprocessOptions {
  // Set in the child beside the environment of this process.
  std::vector<std::pair<std::string, std::string>> environment;
  // The child's working directory; empty: that of this process.
  std::string working_directory;
};

// A child process with an empty standard input. Not thread-safe, but for `Signal`.
//
// The kernel kills the child when the *thread* that started it ends: start it on a thread that
// lives longer, usually the main one.
class Subprocess {
 public:
  // Runs the program `argv[0]`, a path, with `argv`. A program that cannot be run exits with 127.
  static absl::StatusOr<std::unique_ptr<Subprocess>> Start(const std::vector<std::string>& argv,
                                                           const SubprocessOptions& options = {});

  // Kills and reaps the child if it still runs.
  ~Subprocess();
  Subprocess(const Subprocess&) = delete;
  Subprocess& operator=(const Subprocess&) = delete;

  pid_t pid() const { return pid_; }

  // The next line of standard output, without its end. OUT_OF_RANGE when there is none any more,
  // DEADLINE_EXCEEDED when none came in time.
  absl::StatusOr<std::string> ReadLine(absl::Duration timeout);

  // What is left of standard output; waits until the child has closed it.
  absl::StatusOr<std::string> ReadToEnd(absl::Duration timeout);

  // The most memory that the child has had in use so far, as its resident set. Nothing once it has
  // ended.
  std::optional<int64_t> PeakMemoryBytes() const;

  // What the child has written to standard error so far.
  std::string StandardError() const;

  // Sends `signal`; nothing happens once `Wait` has seen the end.
  void Signal(int signal);

  // Waits for the end and answers with the exit status, 128 + N after signal N. Can be called
  // again. DEADLINE_EXCEEDED when the child still runs. Standard output is read meanwhile, so that
  // a child that writes much can end.
  absl::StatusOr<int> Wait(absl::Duration timeout);

 private:
  Subprocess(pid_t pid, int process_fd, int stdout_fd, int stderr_fd);

  // Reads what is there or waits for it; with `or_exit` the child's end ends the waiting, too.
  absl::Status FillBuffer(absl::Time deadline, bool or_exit);

  const pid_t pid_;
  const int process_fd_;
  const int stdout_fd_;
  const int stderr_fd_;
  std::string buffer_;
  bool stdout_ended_ = false;
  int exit_status_ = -1;
};

struct FinishedProcess {
  int exit_status = 0;
  std::string standard_output;
  std::string standard_error;
};

// Runs `argv` to its end.
absl::StatusOr<FinishedProcess> RunToEnd(const std::vector<std::string>& argv,
                                         absl::Duration timeout = absl::Seconds(60),
                                         const SubprocessOptions& options = {});

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_PROCESS_SUBPROCESS_H_
