// Answers that come as a stream, as a range.
#ifndef EMPTYCHAIR_CLIENT_STREAM_RANGE_H_
#define EMPTYCHAIR_CLIENT_STREAM_RANGE_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/sync_stream.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/api_key.h"
#include "client/utf8.h"
#include "common/base/trace_parent.h"
#include "common/rpc/status_conversion.h"
#include "emptychair/client/result_range.h"

namespace emptychair {

// An open stream. When it is destroyed before its end, or `stop` is requested, the call is
// cancelled.
template <typename Response>
class Stream {
 public:
  Stream(std::unique_ptr<grpc::ClientContext> context,
         std::unique_ptr<grpc::ClientReaderInterface<Response>> reader, std::stop_token stop = {})
      : context_(std::move(context)),
        reader_(std::move(reader)),
        on_stop_(std::move(stop), [this] { context_->TryCancel(); }) {}

  ~Stream() {
    if (is_open_) {
      context_->TryCancel();
      // gRPC wants what has come to be read before a call is finished.
      Response discarded;
      while (reader_->Read(&discarded)) {
      }
      reader_->Finish();
    }
  }

  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // The next response, the error that ended the stream, or nothing when it ended well.
  std::optional<absl::StatusOr<Response>> Next() {
    Response response;
    if (reader_->Read(&response)) {
      return response;
    }
    is_open_ = false;
    absl::Status status = FromGrpc(reader_->Finish());
    if (status.ok()) {
      return std::nullopt;
    }
    return status;
  }

 private:
  // The reader's call lives in the context.
  const std::unique_ptr<grpc::ClientContext> context_;
  const std::unique_ptr<grpc::ClientReaderInterface<Response>> reader_;
  bool is_open_ = true;
  // Last, so that it goes first.
  const std::stop_callback<std::function<void()>> on_stop_;
};

// Adds the key of a call's next attempt, if there is one.
inline void AddKey(CallKey& key, grpc::ClientContext& context) {
  if (const std::string authorization = key.Authorization(); !authorization.empty()) {
    context.AddMetadata("authorization", authorization);
  }
}

// Adds the trace that the caller is in, if it says so. What is no traceparent is not sent: gRPC
// ends a call for what it cannot send.
inline void AddTrace(const std::string& traceparent, grpc::ClientContext& context) {
  if (TraceParent::Parse(traceparent).has_value()) {
    context.AddMetadata("traceparent", traceparent);
  }
}
inline void AddTrace(const std::function<std::string()>& traceparent,
                     grpc::ClientContext& context) {
  if (traceparent != nullptr) {
    AddTrace(traceparent(), context);
  }
}

// Calls `method` of `stub`, which answers with a stream. A request with a string that is not UTF-8
// is not sent: the range has its error. A stream that breaks is not opened again, because only the
// caller knows where to go on; one that is refused for its key at once, and for which there is
// another by then, is. After `time_limit` it ends with DEADLINE_EXCEEDED.
template <typename Stub, typename Request, typename Response>
ResultRange<Response> StreamRange(Stub& stub,
                                  std::unique_ptr<grpc::ClientReader<Response>> (Stub::*method)(
                                      grpc::ClientContext*, const Request&),
                                  const Request& request, absl::Duration time_limit,
                                  CallKey key = {},
                                  std::function<std::string()> traceparent = nullptr) {
  if (absl::Status status = CheckUtf8(request); !status.ok()) {
    return ResultRange<Response>([status] { return absl::StatusOr<Response>(status); });
  }
  const auto deadline = std::chrono::system_clock::now() + absl::ToChronoMicroseconds(time_limit);
  // The range can outlive the stub that it was made by.
  auto open = [stub = stub, method, deadline, traceparent = std::move(traceparent)](
                  const Request& request, CallKey& key) mutable {
    auto context = std::make_unique<grpc::ClientContext>();
    context->set_deadline(deadline);
    AddKey(key, *context);
    AddTrace(traceparent, *context);
    auto reader = (stub.*method)(context.get(), request);
    return std::make_unique<Stream<Response>>(std::move(context), std::move(reader));
  };
  auto stream = open(request, key);
  return ResultRange<Response>([open = std::move(open), request, key = std::move(key),
                                stream = std::move(stream), has_begun = false]() mutable {
    std::optional<absl::StatusOr<Response>> next = stream->Next();
    if (!std::exchange(has_begun, true) && next.has_value() && key.RenewAfter(next->status())) {
      stream = open(request, key);
      next = stream->Next();
    }
    return next;
  });
}

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_STREAM_RANGE_H_
