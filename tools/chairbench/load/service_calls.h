// Single calls of one service, each waited for.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_LOAD_SERVICE_CALLS_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_LOAD_SERVICE_CALLS_H_

#include <grpcpp/client_context.h>

#include <memory>

#include "absl/status/status.h"
#include "common/rpc/status_conversion.h"
#include "tools/chairbench/servers/target.h"

namespace emptychair::bench {

// Calls by the stub alone, without the client library's retries and deadlines, over a connection of
// its own. `Service` is generated, as v1::MetricsService. Thread-safe.
template <typename Service>
class ServiceCalls {
 public:
  // `target` must outlive the calls.
  explicit ServiceCalls(const Target& target)
      : target_(target), stub_(Service::NewStub(target.Connect())) {}

  // Call(&v1::MetricsService::Stub::QueryMetric, question, answer).
  template <typename Request, typename Response>
  absl::Status Call(grpc::Status (Service::Stub::*method)(grpc::ClientContext*, const Request&,
                                                          Response*),
                    const Request& request, Response& response) const {
    grpc::ClientContext context;
    target_.AddKey(context);
    return FromGrpc((stub_.get()->*method)(&context, request, &response));
  }

 private:
  const Target& target_;
  const std::unique_ptr<typename Service::Stub> stub_;
};

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_LOAD_SERVICE_CALLS_H_
