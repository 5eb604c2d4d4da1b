// Server reflection: what services there are, and their schemas, for grpcurl and its like.
#ifndef EMPTYCHAIR_SERVER_RPC_REFLECTION_H_
#define EMPTYCHAIR_SERVER_RPC_REFLECTION_H_

#include <string>
#include <vector>

#include "server/api/method_spec.h"

namespace emptychair {

// Streams of each version that a connection may have open.
inline constexpr int kReflectionStreamsPerConnectionMax = 8;

// Serves grpc.reflection.v1 and v1alpha, which differ in their names alone, of the schemas that are
// linked into the process. A stream costs no thread. Thread-safe.
class Reflection {
 public:
  // Adds both to `table`. They list the services of all that is in it then, and of `api`. The
  // reflection must outlive the table.
  void AddTo(MethodTable& table, const MethodTable& api);

  // Full names, in their order.
  const std::vector<std::string>& services() const { return services_; }

 private:
  std::vector<std::string> services_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_RPC_REFLECTION_H_
