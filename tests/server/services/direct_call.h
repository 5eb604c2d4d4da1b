// Calls methods of the table as a transport does, without one.
#ifndef EMPTYCHAIR_TESTS_SERVER_SERVICES_DIRECT_CALL_H_
#define EMPTYCHAIR_TESTS_SERVER_SERVICES_DIRECT_CALL_H_

#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "common/base/status_macros.h"
#include "gtest/gtest.h"
#include "server/api/method_spec.h"
#include "tests/server/api_fakes.h"

namespace emptychair {

// Waits for one reply.
class AwaitedReply final : public PendingReply {
 public:
  void ReplyForHandler(const absl::Status& status) override {
    status_ = status;
    done_.Notify();
  }
  absl::Status Wait() {
    done_.WaitForNotification();
    return status_;
  }

 private:
  absl::Status status_;
  absl::Notification done_;
};

// The method of the table that takes `Request`.
template <typename Request>
const MethodSpec& MethodOf(const MethodTable& table) {
  for (const MethodSpec& spec : table) {
    if (spec.descriptor->input_type() == Request::descriptor()) {
      return spec;
    }
  }
  ADD_FAILURE() << "no method takes " << Request::descriptor()->full_name();
  return table.front();
}

// The status and response of a call with one response, or of one message of a stream that is
// answered with one.
template <typename Response, typename Request>
absl::StatusOr<Response> CallDirectly(const MethodTable& table, const Request& request) {
  const MethodSpec& spec = MethodOf<Request>(table);
  const RequestContext context = {.method = &spec.method, .caller = AllPowerfulCaller()};
  Response response;
  if (const auto* scheduled = std::get_if<MethodSpec::Scheduled>(&spec.handler)) {
    ASSIGN_OR_RETURN(AnyScheduledWork work, scheduled->schedule(context, request));
    RETURN_IF_ERROR(work.run(response));
    return response;
  }
  const auto* const unary = std::get_if<MethodSpec::Unary>(&spec.handler);
  const MethodSpec::StartHandler& start =
      unary != nullptr ? unary->start : std::get<MethodSpec::Pipeline>(spec.handler).start;
  AwaitedReply reply;
  start(context, request, response, ReplyHandle(&reply));
  RETURN_IF_ERROR(reply.Wait());
  return response;
}

}  // namespace emptychair

#endif  // EMPTYCHAIR_TESTS_SERVER_SERVICES_DIRECT_CALL_H_
