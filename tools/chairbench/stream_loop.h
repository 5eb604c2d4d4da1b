// Keeps streams of batches under way.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_STREAM_LOOP_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_STREAM_LOOP_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "emptychair/client/client.h"
#include "tools/chairbench/closed_loop.h"
#include "tools/chairbench/submit_loops.h"

namespace emptychair::bench {

// One loop, for one thread: streams of the client library, a thread each, that send random answers.
class StreamLoop {
 public:
  StreamLoop(Client client, size_t streams, int batch_size, AnswerSource answers)
      : client_(std::move(client)),
        streams_(streams),
        batch_size_(batch_size),
        answers_(std::move(answers)) {}

  // Sends for `time_max`, then waits until all is acknowledged. Latencies are those of batches,
  // from when one is handed to its stream. Errors: the first of a stream; CANCELLED when
  // interrupted.
  absl::StatusOr<LoopResult> Run(absl::Duration time_max);

 private:
  absl::Status RunStream(size_t index, absl::Time deadline, LoopResult& result);

  const Client client_;
  const size_t streams_;
  const int batch_size_;
  const AnswerSource answers_;
};

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_STREAM_LOOP_H_
