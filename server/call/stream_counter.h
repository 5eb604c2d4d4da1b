// Bounds how many streams are open.
#ifndef EMPTYCHAIR_SERVER_CALL_STREAM_COUNTER_H_
#define EMPTYCHAIR_SERVER_CALL_STREAM_COUNTER_H_

#include <cstdint>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "common/base/method.h"
#include "server/api/request_context.h"

namespace emptychair {

// Streams that a caller may have open at once: a key, a certificate, the admin socket, or all
// together who do not say who they are.
inline constexpr int kStreamsPerCallerMax = 1'000;

// Where a stream came in.
struct StreamOrigin {
  // Tells its connection from all others while it is open; null: not known, and as one with others.
  const void* connection = nullptr;
  // Streams of its method that a connection may have open; 0: as many as it has calls.
  int per_connection_max = 0;
};

// Counts streams from Enter to Leave. Not thread-safe.
class StreamCounter {
 public:
  // Errors: RATE_LIMITED, which names the limit, and then the stream is not counted.
  absl::Status Enter(const Method& method, const Caller& caller, const StreamOrigin& origin);

  // Of a stream that was let in, with the same.
  void Leave(const Method& method, const Caller& caller, const StreamOrigin& origin);

 private:
  absl::flat_hash_map<std::pair<Caller::Kind, uint64_t>, int> of_callers_;
  absl::flat_hash_map<std::pair<const void*, const Method*>, int> of_connections_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_CALL_STREAM_COUNTER_H_
