#include "server/api/executor.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"

namespace emptychair {
absl::string_view LaneName(Lane lane) {
  switch (lane) {
    case Lane::kQuery:
      return "query";
    case Lane::kScan:
      return "scan";
    case Lane::kIngest:
      return "ingest";
    case Lane::kChange:
      return "change";
    case Lane::kMaintenance:
      return "maintenance";
  }
  return "";
}

ExecutorOptions ExecutorOptions::ForCores(int cores) {
  cores = std::max(cores, 1);
  const int half = std::max(cores / 2, 1);
  return {
      .query = {.threads = std::max(cores, 2),
                .queue_max = 1'024,
                .retry_delay = absl::Milliseconds(100)},
      .scan = {.threads = half, .queue_max = 32, .retry_delay = absl::Seconds(1)},
      .ingest = {.threads = half, .queue_max = 32, .retry_delay = absl::Milliseconds(250)},
      .change = {.threads = 2, .queue_max = 16, .retry_delay = absl::Seconds(1)},
      .maintenance = {.threads = 1, .queue_max = 4, .retry_delay = absl::Seconds(10)},
  };
}

Executor::Executor(const ExecutorOptions& options) {
  lanes_[static_cast<size_t>(Lane::kQuery)].options = options.query;
  lanes_[static_cast<size_t>(Lane::kScan)].options = options.scan;
  lanes_[static_cast<size_t>(Lane::kIngest)].options = options.ingest;
  lanes_[static_cast<size_t>(Lane::kChange)].options = options.change;
  lanes_[static_cast<size_t>(Lane::kMaintenance)].options = options.maintenance;
  absl::MutexLock lock(&stop_mutex_);
  for (LaneState& lane : lanes_) {
    assert(lane.options.threads >= 1 && lane.options.queue_max >= 1);
    for (int i = 0; i < lane.options.threads; ++i) {
      threads_.emplace_back([&lane] { Run(lane); });
    }
  }
}

Executor::~Executor() { Stop(); }

absl::Status Executor::Submit(Lane lane, absl::AnyInvocable<void() &&> work) {
  LaneState& state = lanes_[static_cast<size_t>(lane)];
  ASSIGN_OR_RETURN(const bool has_room,
                   Append(state, static_cast<size_t>(state.options.queue_max), std::move(work)));
  if (has_room) {
    return absl::OkStatus();
  }
  return RetryableError(
      v1::ERROR_REASON_QUEUE_FULL,
      absl::StrCat("the server has ", state.options.queue_max, " calls waiting in its ",
                   LaneName(lane), " lane, which is all it accepts; send this one again later"),
      state.options.retry_delay);
}

absl::Status Executor::SubmitPaced(Lane lane, absl::AnyInvocable<void() &&> work) {
  return Append(lanes_[static_cast<size_t>(lane)], SIZE_MAX, std::move(work)).status();
}

absl::StatusOr<bool> Executor::Append(LaneState& lane, size_t queue_max,
                                      absl::AnyInvocable<void() &&> work) {
  absl::MutexLock lock(&lane.mutex);
  if (lane.stopping) {
    return ShuttingDownError();
  }
  if (lane.queue.size() >= queue_max) {
    return false;
  }
  lane.queue.push_back(std::move(work));
  lane.changed.Signal();
  return true;
}

Executor::Load Executor::LoadOf(Lane lane) const {
  const LaneState& state = lanes_[static_cast<size_t>(lane)];
  absl::MutexLock lock(&state.mutex);
  return {static_cast<int64_t>(state.queue.size()), state.running.load(std::memory_order_relaxed)};
}

void Executor::Stop() {
  for (LaneState& lane : lanes_) {
    absl::MutexLock lock(&lane.mutex);
    lane.stopping = true;
    lane.changed.SignalAll();
  }
  absl::MutexLock lock(&stop_mutex_);
  for (std::thread& thread : threads_) {
    thread.join();
  }
  threads_.clear();
}

void Executor::Run(LaneState& lane) {
  while (true) {
    absl::AnyInvocable<void() &&> work;
    {
      absl::MutexLock lock(&lane.mutex);
      while (lane.queue.empty() && !lane.stopping) {
        lane.changed.Wait(&lane.mutex);
      }
      if (lane.queue.empty()) {
        return;
      }
      work = std::move(lane.queue.front());
      lane.queue.pop_front();
      lane.running.fetch_add(1, std::memory_order_relaxed);
    }
    std::move(work)();
    lane.running.fetch_sub(1, std::memory_order_relaxed);
  }
}

}  // namespace emptychair
