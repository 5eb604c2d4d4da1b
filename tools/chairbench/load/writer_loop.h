// Sends answers by the client library's writer.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_LOAD_WRITER_LOOP_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_LOAD_WRITER_LOOP_H_

#include <cstddef>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "emptychair/client/client.h"
#include "tools/chairbench/load/closed_loop.h"
#include "tools/chairbench/load/submit_loops.h"

namespace emptychair::bench {

// One loop, for one thread: threads that give their answers to one writer.
class WriterLoop {
 public:
  // `answers` has a slot for each of the threads.
  WriterLoop(Client client, int batch_size, size_t threads, AnswerSource answers);

  // Adds answers for `time_max`, with a new writer, then waits until all is stored. Latencies are
  // those of Add, of every hundredth, so that the clock costs the others nothing. No Add finds the
  // queue full: the threads wait between them. Errors: the first of Add; INTERNAL when not all was
  // stored; CANCELLED when interrupted.
  absl::StatusOr<LoopResult> Run(absl::Duration time_max);

 private:
  const Client client_;
  const int batch_size_;
  const size_t threads_;
  const AnswerSource answers_;
};

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_LOAD_WRITER_LOOP_H_
