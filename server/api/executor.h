// The threads that work which may take long, or block, runs on instead of gRPC's own.
#ifndef EMPTYCHAIR_SERVER_API_EXECUTOR_H_
#define EMPTYCHAIR_SERVER_API_EXECUTOR_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace emptychair {

// Kinds of work. Work of one lane never waits for that of another.
enum class Lane {
  // Queries of milliseconds.
  kQuery,
  // Long reads of records.
  kScan,
  // Preparing batches.
  kIngest,
  // Changes of many records, which wait for the disk most of the time.
  kChange,
  // Checking, mending and rewriting the whole store: one at a time.
  kMaintenance,
};

inline constexpr size_t kLaneCount = 5;

// "query", "scan", "ingest", "change" or "maintenance".
absl::string_view LaneName(Lane lane);

struct LaneOptions {
  // How many pieces of work run at once; at least 1.
  int threads = 1;
  // How many more may wait; at least 1. Past it, work is refused.
  int queue_max = 1;
  // When to come back after a refusal.
  absl::Duration retry_delay = absl::Milliseconds(100);
};

struct ExecutorOptions {
  LaneOptions query;
  LaneOptions scan;
  LaneOptions ingest;
  LaneOptions change;
  LaneOptions maintenance;

  // Fit for `cores` cores. A waiting batch holds up to 4 MiB and its parsed form, so few may wait.
  static ExecutorOptions ForCores(int cores);
};

// Runs work on threads of its own, in order of arrival within a lane. Thread-safe.
class Executor {
 public:
  explicit Executor(const ExecutorOptions& options);
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Stops.
  ~Executor();

  // Hands `work` to `lane`, never blocks. `work` must not throw, and must not wait for other work
  // of its lane. Errors, on which `work` is destroyed unrun:
  // QUEUE_FULL when as much waits as may, with the lane's `retry_delay`;
  // SHUTTING_DOWN after `Stop`.
  absl::Status Submit(Lane lane, absl::AnyInvocable<void() &&> work);

  // The same for work of a caller that waits with more until this is done: there is room for it
  // however much waits. Errors: SHUTTING_DOWN.
  absl::Status SubmitPaced(Lane lane, absl::AnyInvocable<void() &&> work);

  // How much work of a lane waits, and how much runs.
  struct Load {
    int64_t waiting = 0;
    int64_t running = 0;
  };
  Load LoadOf(Lane lane) const;

  // Refuses new work, finishes what was accepted, and joins the threads. Not to be called by work.
  // Later calls wait for the first.
  void Stop();

 private:
  struct LaneState {
    LaneOptions options;
    mutable absl::Mutex mutex;
    absl::CondVar changed;
    std::deque<absl::AnyInvocable<void() &&>> queue ABSL_GUARDED_BY(mutex);
    bool stopping ABSL_GUARDED_BY(mutex) = false;
    std::atomic<int64_t> running{0};
  };

  // False when so much waits already.
  absl::StatusOr<bool> Append(LaneState& lane, size_t queue_max,
                              absl::AnyInvocable<void() &&> work);
  static void Run(LaneState& lane);

  std::array<LaneState, kLaneCount> lanes_;
  absl::Mutex stop_mutex_;
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(stop_mutex_);
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_API_EXECUTOR_H_
