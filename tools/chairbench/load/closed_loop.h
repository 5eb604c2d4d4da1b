// Keeps a number of calls under way.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_LOAD_CLOSED_LOOP_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_LOAD_CLOSED_LOOP_H_

#include <grpcpp/client_context.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/rpc/status_conversion.h"
#include "google/protobuf/arena.h"
#include "tools/chairbench/base/interrupt.h"

namespace emptychair::bench {

// Result of a loop.
struct LoopResult {
  int64_t accepted = 0;
  // Calls that the server pushed back (RESOURCE_EXHAUSTED).
  int64_t pushed_back = 0;
  // From the first call's start to the last one's end.
  absl::Duration elapsed;
  // Of each call that succeeded, in milliseconds.
  std::vector<double> latencies_ms;

  // Adds what came of a part of the loop, but for the time.
  void Add(const LoopResult& part) {
    accepted += part.accepted;
    pushed_back += part.pushed_back;
    latencies_ms.insert(latencies_ms.end(), part.latencies_ms.begin(), part.latencies_ms.end());
  }
};

// The calls of a loop. Slots are numbered from 0; calls of one slot never overlap, those of
// different ones do, on different threads.
template <typename Request, typename Response>
struct LoopCalls {
  // Fills the slot's next request, which is empty. False: the slot has nothing left to do.
  std::function<bool(size_t slot, Request& request)> next;
  // Starts a call, as a method of a callback stub does.
  std::function<void(size_t slot, grpc::ClientContext*, const Request*, Response*,
                     std::function<void(grpc::Status)>)>
      start;
  // How many records the call stored.
  std::function<int64_t(const Response&)> accepted;
};

// One loop, for one thread: each slot starts a call as soon as its one before is finished.
template <typename Request, typename Response>
class ClosedLoop {
 public:
  ClosedLoop(LoopCalls<Request, Response> calls, size_t in_flight)
      : calls_(std::move(calls)), slots_(in_flight) {}

  // Runs until every slot has nothing left, or no longer than `time_max`; then what is under way is
  // finished. Errors: the first of a call other than pushback; CANCELLED when interrupted.
  absl::StatusOr<LoopResult> Run(absl::Duration time_max) {
    stopping_ = false;
    {
      absl::MutexLock lock(&mutex_);
      running_ = slots_.size();
    }
    const absl::Time start = absl::Now();
    const absl::Time deadline = start + time_max;
    for (size_t i = 0; i < slots_.size(); ++i) {
      Start(i);
    }
    absl::Status interrupted;
    while (!AllFinishedBy(std::min(deadline, absl::Now() + kInterruptCheck))) {
      interrupted.Update(CheckInterrupted());
      if (absl::Now() >= deadline || !interrupted.ok()) {
        stopping_ = true;
        AllFinishedBy(absl::InfiniteFuture());
        break;
      }
    }
    absl::StatusOr<LoopResult> result = Collect();
    if (result.ok()) {
      result->elapsed = absl::Now() - start;
    }
    return interrupted.ok() ? std::move(result) : interrupted;
  }

 private:
  static constexpr absl::Duration kInterruptCheck = absl::Milliseconds(100);

  struct Slot {
    std::unique_ptr<grpc::ClientContext> context;
    // Of the request, so that making it costs the machine little.
    std::unique_ptr<google::protobuf::Arena> arena = std::make_unique<google::protobuf::Arena>();
    Request* request = nullptr;
    Response response;
    absl::Time sent;
    LoopResult result;
    absl::Status error;
  };

  void Start(size_t index) {
    Slot& slot = slots_[index];
    slot.arena->Reset();
    slot.request = google::protobuf::Arena::CreateMessage<Request>(slot.arena.get());
    if (stopping_.load(std::memory_order_relaxed) || !calls_.next(index, *slot.request)) {
      absl::MutexLock lock(&mutex_);
      --running_;
      return;
    }
    slot.context = std::make_unique<grpc::ClientContext>();
    slot.sent = absl::Now();
    calls_.start(index, slot.context.get(), slot.request, &slot.response,
                 [this, index](const grpc::Status& status) { Finish(index, status); });
  }

  void Finish(size_t index, const grpc::Status& status) {
    Slot& slot = slots_[index];
    if (status.ok()) {
      slot.result.latencies_ms.push_back(absl::ToDoubleMilliseconds(absl::Now() - slot.sent));
      slot.result.accepted += calls_.accepted(slot.response);
    } else if (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) {
      ++slot.result.pushed_back;
    } else {
      slot.error = FromGrpc(status);
      stopping_ = true;
    }
    Start(index);
  }

  bool AllFinishedBy(absl::Time deadline) {
    absl::MutexLock lock(&mutex_);
    const auto finished = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return running_ == 0; };
    return mutex_.AwaitWithDeadline(absl::Condition(&finished), deadline);
  }

  // The sum of the slots, which are empty afterwards.
  absl::StatusOr<LoopResult> Collect() {
    absl::Status error;
    LoopResult sum;
    for (Slot& slot : slots_) {
      error.Update(std::exchange(slot.error, absl::OkStatus()));
      sum.Add(std::exchange(slot.result, {}));
    }
    if (!error.ok()) {
      return error;
    }
    return sum;
  }

  const LoopCalls<Request, Response> calls_;
  std::vector<Slot> slots_;
  std::atomic<bool> stopping_{false};
  absl::Mutex mutex_;
  size_t running_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_LOAD_CLOSED_LOOP_H_
