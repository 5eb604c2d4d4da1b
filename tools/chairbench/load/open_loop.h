// Sends calls at a rate that does not depend on how the server keeps up.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_LOAD_OPEN_LOOP_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_LOAD_OPEN_LOOP_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/random.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/byte_buffer.h"
#include "tools/chairbench/load/closed_loop.h"
#include "tools/chairbench/load/submit_loops.h"
#include "tools/chairbench/servers/target.h"

namespace emptychair::bench {

// One loop, for one thread. Calls come as they do from many callers that know nothing of each
// other: at random times, whether those before them are answered or not. What was refused is sent
// again instead of something new, as its callers would, so that making requests costs little.
class OpenLoop {
 public:
  // Of BatchSubmitFeedback with `batch_size` answers, of SubmitFeedback when that is 1. `target`
  // must outlive the loop.
  OpenLoop(const Target& target, int batch_size, uint64_t seed);

  // Calls per second on average. The gaps between them are exponentially distributed, as those of a
  // Poisson process. To be set before a run.
  void set_rate(double calls_per_second) { calls_per_second_ = calls_per_second; }

  // Starts calls for `time`, then waits for their answers. Latencies are those of calls that
  // succeeded, from when each was due, so that a sender which falls behind does not hide them.
  // Errors: the first of a call other than pushback; INTERNAL for pushback that does not say when
  // to come back; CANCELLED when interrupted.
  absl::StatusOr<LoopResult> Run(absl::Duration time);

 private:
  struct Call;

  grpc::ByteBuffer NextRequest() ABSL_LOCKS_EXCLUDED(mutex_);
  void Start(absl::Time due) ABSL_LOCKS_EXCLUDED(mutex_);
  void Finish(std::unique_ptr<Call> call, const grpc::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status FirstError() const ABSL_LOCKS_EXCLUDED(mutex_);

  const Target& target_;
  const int batch_size_;
  const AnswerSource answers_;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs_;
  Random random_;
  double calls_per_second_ = 0;
  size_t calls_started_ = 0;

  mutable absl::Mutex mutex_;
  int64_t unanswered_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<grpc::ByteBuffer> refused_ ABSL_GUARDED_BY(mutex_);
  LoopResult result_ ABSL_GUARDED_BY(mutex_);
  absl::Status error_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_LOAD_OPEN_LOOP_H_
