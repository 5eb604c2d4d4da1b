// Says of each method of the API how it is handled, so that every transport serves them alike.
#ifndef EMPTYCHAIR_SERVER_API_METHOD_SPEC_H_
#define EMPTYCHAIR_SERVER_API_METHOD_SPEC_H_

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/method.h"
#include "common/base/status_macros.h"
#include "common/base/waiter.h"
#include "google/protobuf/message.h"
#include "server/api/executor.h"
#include "server/api/feed_source.h"
#include "server/api/reply_handle.h"
#include "server/api/request_context.h"
#include "server/api/stream_writer.h"

namespace emptychair {

// Bounds a request that holds a batch of records.
struct BatchLimits {
  // The repeated field of the request that holds the records.
  int field_number = 0;
  int64_t elements_max = 0;
  size_t bytes_max = 0;
};

// The work of a call whose lane depends on its request.
struct AnyScheduledWork {
  Lane lane = Lane::kQuery;
  absl::AnyInvocable<absl::Status(google::protobuf::Message& response)> run;
  // Where the request does not tell the lane: called on `lane`, once, and says on which to run.
  // Null where it does.
  absl::AnyInvocable<absl::StatusOr<Lane>()> plan;
};

// The same for one type of response: `run` is an absl::Status(Response&).
template <typename ResponseType>
struct ScheduledWork : AnyScheduledWork {
  using Response = ResponseType;

  template <typename Run>
  ScheduledWork(Lane lane, Run run)
      : AnyScheduledWork{lane,
                         [run = std::move(run)](google::protobuf::Message& response) mutable {
                           return run(static_cast<Response&>(response));
                         },
                         nullptr} {}
};

// One method of the API: what the .proto says of it, and how the server handles it. Made of a
// handler, a function that takes the context and the request of a call and whose other parameters
// and result depend on the shape of the method:
//
//   RunOn        absl::Status(const RequestContext&, const Request&, Response&)
//   AtOnce,      void(const RequestContext&, const Request&, Response&, ReplyHandle)
//   StartOn
//   ByRequest    absl::StatusOr<ScheduledWork<Response>>(const RequestContext&, const Request&)
//   StreamOn     absl::Status(const RequestContext&, const Request&, StreamWriter<Response>&)
//   PipelineOn   as AtOnce
//   FeedOn       absl::StatusOr<Source>(const RequestContext&, const Request&)
//
// Context and response live until the call is answered, or for a stream until it has ended; the
// request lives until the handler returns. Handlers must be thread-safe. What throws is answered
// with INTERNAL and logged.
struct MethodSpec {
  using Message = google::protobuf::Message;
  using StartHandler = absl::AnyInvocable<void(const RequestContext&, const Message& request,
                                               Message& response, ReplyHandle) const>;
  // Calls `resume` once the next message of a stream may be read, maybe at once.
  using WhenReady = absl::AnyInvocable<void(absl::AnyInvocable<void()> resume) const>;

  // One request, one response.
  struct Unary {
    // Absent: the handler runs at once, on the transport's thread, where it must not block.
    std::optional<Lane> lane;
    StartHandler start;
  };
  // The same, on the lane that `schedule` chooses, at once on the transport's thread, where it must
  // not block.
  struct Scheduled {
    absl::AnyInvocable<absl::StatusOr<AnyScheduledWork>(const RequestContext&,
                                                        const Message& request) const>
        schedule;
  };
  // One request, many responses, which the handler writes on its lane.
  struct Stream {
    Lane lane;
    absl::AnyInvocable<absl::Status(const RequestContext&, const Message& request,
                                    MessageWriter& writer) const>
        run;
    // Called at once, before the call waits for its lane, and must not block; an error ends it.
    // Null: nothing is checked.
    absl::AnyInvocable<absl::Status() const> check;
  };
  // Many requests, each answered with one response, in their order. An answer that is an error ends
  // the call; so does the client's half-close, once all is answered.
  struct Pipeline {
    Lane lane;
    WhenReady when_ready;
    StartHandler start;
  };
  // One request, responses as something happens, or as the client takes them. `open` runs at once
  // on the transport's thread, where it must not block; the source is read on the lane.
  struct Feed {
    Lane lane;
    absl::AnyInvocable<absl::StatusOr<std::unique_ptr<FeedSource>>(const RequestContext&,
                                                                   const Message& request) const>
        open;
  };
  using Handler = std::variant<Unary, Scheduled, Stream, Pipeline, Feed>;

  template <typename Function>
  static MethodSpec RunOn(Lane lane, Function handler);
  template <typename Function>
  static MethodSpec AtOnce(Function handler);
  template <typename Function>
  static MethodSpec StartOn(Lane lane, Function handler);
  template <typename Function>
  static MethodSpec ByRequest(Function handler);
  template <typename Function>
  static MethodSpec StreamOn(Lane lane, Function handler);
  template <typename Function>
  static MethodSpec PipelineOn(Lane lane, WhenReady when_ready, Function handler);
  // The source that `handler` makes has the methods of FeedSource, with its own type of response;
  // IsOver only if it can end.
  template <typename Function>
  static MethodSpec FeedOn(Lane lane, Function handler);

  // The same method for requests that hold batches.
  MethodSpec WithBatches(const BatchLimits& limits) && {
    batch = limits;
    return std::move(*this);
  }

  // The same stream, of which a connection may have so many open.
  MethodSpec WithStreamsPerConnection(int max) && {
    streams_per_connection_max = max;
    return std::move(*this);
  }

  // The same stream, begun only where `check` is OK; see Stream::check.
  MethodSpec WithCheck(absl::AnyInvocable<absl::Status() const> check) && {
    std::get<Stream>(handler).check = std::move(check);
    return std::move(*this);
  }

  // The same as `other`, where several methods take one message, as those of the API do not.
  MethodSpec As(const google::protobuf::MethodDescriptor& other) && {
    descriptor = &other;
    method = ToMethod(other);
    return std::move(*this);
  }

  // The same for a method whose .proto cannot say what a caller needs: one that gRPC defines.
  MethodSpec Needing(v1::Permission permission) && {
    method.permission = permission;
    return std::move(*this);
  }

  Method method;
  const google::protobuf::MethodDescriptor* descriptor;
  // Empty messages of the types of the method.
  const Message* request;
  const Message* response;
  std::optional<BatchLimits> batch;
  // 0: as many as it may have calls.
  int streams_per_connection_max = 0;
  Handler handler;

 private:
  template <typename Request, typename Response>
  static MethodSpec Make(Handler handler);
  template <typename Function>
  static StartHandler Starter(Function handler);
};

// All methods that a server serves. Calls point at their methods, which must outlive them.
using MethodTable = std::deque<MethodSpec>;

// Makes a handler of a method of `service`, which must outlive the handler.
template <typename Service, typename Result, typename... Args>
auto Bind(Service* service, Result (Service::*method)(Args...)) {
  return [service, method](Args... args) -> Result {
    return (service->*method)(std::forward<Args>(args)...);
  };
}
template <typename Service, typename Result, typename... Args>
auto Bind(const Service* service, Result (Service::*method)(Args...) const) {
  return [service, method](Args... args) -> Result {
    return (service->*method)(std::forward<Args>(args)...);
  };
}

// Details only from here on.

namespace internal {

// The types that a function, or a pointer to a method, takes and returns.
template <typename Function>
struct Signature : Signature<decltype(&Function::operator())> {};
template <typename Class, typename ResultType, typename... Args>
struct Signature<ResultType (Class::*)(Args...)> {
  using Result = ResultType;
  template <size_t kIndex>
  using Argument = std::remove_cvref_t<std::tuple_element_t<kIndex, std::tuple<Args...>>>;
};
template <typename Class, typename Result, typename... Args>
struct Signature<Result (Class::*)(Args...) const> : Signature<Result (Class::*)(Args...)> {};

template <typename Function, size_t kIndex>
using ArgumentOf = typename Signature<Function>::template Argument<kIndex>;

template <typename WriterType>
struct Written;
template <typename Response>
struct Written<StreamWriter<Response>> {
  using Type = Response;
};

// A source of one type of response.
template <typename Source, typename Response>
class TypedFeedSource final : public FeedSource {
 public:
  explicit TypedFeedSource(Source source) : source_(std::move(source)) {}

  absl::StatusOr<bool> Next(google::protobuf::Message& response) override {
    return source_.Next(static_cast<Response&>(response));
  }
  bool IsOver() const override {
    if constexpr (requires { source_.IsOver(); }) {
      return source_.IsOver();
    } else {
      return false;
    }
  }
  bool NotifyWhenMore(const std::shared_ptr<Waiter>& waiter) override {
    return source_.NotifyWhenMore(waiter);
  }
  void Unsubscribe(const std::shared_ptr<Waiter>& waiter) override { source_.Unsubscribe(waiter); }

 private:
  Source source_;
};

}  // namespace internal

template <typename Request, typename Response>
MethodSpec MethodSpec::Make(Handler handler) {
  const google::protobuf::MethodDescriptor* const descriptor = FindMethod(*Request::descriptor());
  assert(descriptor != nullptr && descriptor->output_type() == Response::descriptor());
  MethodSpec spec{.method = ToMethod(*descriptor),
                  .descriptor = descriptor,
                  .request = &Request::default_instance(),
                  .response = &Response::default_instance(),
                  .batch = std::nullopt,
                  .streams_per_connection_max = 0,
                  .handler = std::move(handler)};
  return spec;
}

template <typename Function>
MethodSpec::StartHandler MethodSpec::Starter(Function handler) {
  using Request = internal::ArgumentOf<Function, 1>;
  using Response = internal::ArgumentOf<Function, 2>;
  return [handler = std::move(handler)](const RequestContext& context, const Message& request,
                                        Message& response, ReplyHandle reply) {
    handler(context, static_cast<const Request&>(request), static_cast<Response&>(response),
            std::move(reply));
  };
}

template <typename Function>
MethodSpec MethodSpec::RunOn(Lane lane, Function handler) {
  using Request = internal::ArgumentOf<Function, 1>;
  using Response = internal::ArgumentOf<Function, 2>;
  return StartOn(
      lane, [handler = std::move(handler)](const RequestContext& context, const Request& request,
                                           Response& response, ReplyHandle reply) {
        reply(handler(context, request, response));
      });
}

template <typename Function>
MethodSpec MethodSpec::AtOnce(Function handler) {
  return Make<internal::ArgumentOf<Function, 1>, internal::ArgumentOf<Function, 2>>(
      Unary{std::nullopt, Starter(std::move(handler))});
}

template <typename Function>
MethodSpec MethodSpec::StartOn(Lane lane, Function handler) {
  return Make<internal::ArgumentOf<Function, 1>, internal::ArgumentOf<Function, 2>>(
      Unary{lane, Starter(std::move(handler))});
}

template <typename Function>
MethodSpec MethodSpec::ByRequest(Function handler) {
  using Request = internal::ArgumentOf<Function, 1>;
  using Response = typename internal::Signature<Function>::Result::value_type::Response;
  return Make<Request, Response>(Scheduled{
      [handler = std::move(handler)](const RequestContext& context,
                                     const Message& request) -> absl::StatusOr<AnyScheduledWork> {
        return handler(context, static_cast<const Request&>(request));
      }});
}

template <typename Function>
MethodSpec MethodSpec::StreamOn(Lane lane, Function handler) {
  using Request = internal::ArgumentOf<Function, 1>;
  using Response = typename internal::Written<internal::ArgumentOf<Function, 2>>::Type;
  return Make<Request, Response>(
      Stream{lane, [handler = std::move(handler)](const RequestContext& context,
                                                  const Message& request, MessageWriter& writer) {
               StreamWriter<Response> typed(&writer);
               return handler(context, static_cast<const Request&>(request), typed);
             }});
}

template <typename Function>
MethodSpec MethodSpec::PipelineOn(Lane lane, WhenReady when_ready, Function handler) {
  return Make<internal::ArgumentOf<Function, 1>, internal::ArgumentOf<Function, 2>>(
      Pipeline{lane, std::move(when_ready), Starter(std::move(handler))});
}

template <typename Function>
MethodSpec MethodSpec::FeedOn(Lane lane, Function handler) {
  using Request = internal::ArgumentOf<Function, 1>;
  using Source = typename internal::Signature<Function>::Result::value_type;
  using Response = internal::ArgumentOf<decltype(&Source::Next), 0>;
  return Make<Request, Response>(Feed{
      lane,
      [handler = std::move(handler)](const RequestContext& context, const Message& request)
          -> absl::StatusOr<std::unique_ptr<FeedSource>> {
        ASSIGN_OR_RETURN(Source source, handler(context, static_cast<const Request&>(request)));
        return std::make_unique<internal::TypedFeedSource<Source, Response>>(std::move(source));
      }});
}

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_API_METHOD_SPEC_H_
