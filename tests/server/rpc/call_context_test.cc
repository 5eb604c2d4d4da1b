// What handlers and observers know of a call that came by gRPC.
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/rpc/status_conversion.h"
#include "emptychair/v1/survey_service.grpc.pb.h"
#include "gmock/gmock.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "tests/server/rpc/call_harness.h"

namespace emptychair {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::SizeIs;
using ::testing::StartsWith;

using Request = v1::GetSurveyRequest;
using Response = v1::GetSurveyResponse;

class CallContextTest : public ServedTest {
 protected:
  CallContextTest() : ServedTest({}) {}

  // The service runs `handler`, an absl::Status(const RequestContext&, const Request&, Response&).
  template <typename Handler>
  void Serve(Handler handler) {
    stub_ = v1::SurveyService::NewStub(ServeOn(MethodSpec::RunOn(Lane::kQuery, handler)));
  }

  absl::Status Call(grpc::ClientContext& context, const Request& request = {}) {
    Response response;
    return FromGrpc(stub_->GetSurvey(&context, request, &response));
  }
  absl::Status Call() {
    grpc::ClientContext context;
    return Call(context);
  }

  // The call is over in the logs, too.
  void WaitForEnd() {
    server_->Shutdown();
    executor_.Stop();
  }

  std::unique_ptr<v1::SurveyService::Stub> stub_;
};

TEST_F(CallContextTest, TheHandlerKnowsItsCall) {
  std::string method;
  std::string peer;
  absl::Time deadline;
  bool is_cancelled = true;
  Serve([&](const RequestContext& context, const Request&, Response&) {
    method = context.method->name;
    peer = context.caller.peer;
    deadline = context.deadline;
    is_cancelled = context.IsCancelled();
    return absl::OkStatus();
  });
  grpc::ClientContext context;
  const absl::Time start = absl::Now();
  context.set_deadline(absl::ToChronoTime(start + absl::Hours(1)));
  EXPECT_TRUE(Call(context).ok());
  EXPECT_EQ(method, "SurveyService/GetSurvey");
  EXPECT_THAT(peer, StartsWith("ipv4:127.0.0.1:"));
  EXPECT_GT(deadline, start + absl::Minutes(59));
  EXPECT_LT(deadline, absl::Now() + absl::Minutes(61));
  EXPECT_FALSE(is_cancelled);
}

TEST_F(CallContextTest, TheHandlerIsToldThatItsCallerHasGone) {
  absl::Notification started;
  absl::Status told;
  Serve([&](const RequestContext& context, const Request&, Response&) {
    started.Notify();
    while (!context.IsCancelled()) {
      std::this_thread::yield();
    }
    told = context.CheckAwaited(clock_.Now());
    return told;
  });
  grpc::ClientContext context;
  std::thread canceller([&] {
    started.WaitForNotification();
    context.TryCancel();
  });
  EXPECT_TRUE(absl::IsCancelled(Call(context)));
  canceller.join();
  WaitForEnd();
  EXPECT_TRUE(absl::IsCancelled(told)) << told;
}

TEST_F(CallContextTest, ACallHasItsCallersIdOrOneOfTheServers) {
  Serve([](const RequestContext&, const Request&, Response&) {
    return absl::NotFoundError("a bug");
  });
  for (const char* id : {"order-4711/a", "two words", "", ""}) {
    grpc::ClientContext context;
    if (*id != '\0') {
      context.AddMetadata("x-request-id", id);
    }
    EXPECT_TRUE(absl::IsNotFound(Call(context)));
  }
  WaitForEnd();
  const std::vector<std::string> ids = access_log_.request_ids();
  ASSERT_THAT(ids, SizeIs(4));
  EXPECT_EQ(ids[0], "order-4711/a");
  for (int i = 1; i < 4; ++i) {
    EXPECT_THAT(ids[i], MatchesRegex("[0-9a-f]{16}"));
    EXPECT_NE(ids[i], ids[i - 1]);
    EXPECT_THAT(log_lines_.text(), HasSubstr(absl::StrCat("\"request_id\":\"", ids[i], "\"")));
  }
}

TEST_F(CallContextTest, TheAnswerHasTheIdInItsTrailer) {
  Serve([](const RequestContext&, const Request& request, Response&) {
    return request.survey_id().empty() ? absl::OkStatus() : absl::NotFoundError("a bug");
  });
  std::vector<std::string> told;
  for (const char* id : {"order-4711/a", ""}) {
    for (const char* survey_id : {"", "none"}) {
      grpc::ClientContext context;
      if (*id != '\0') {
        context.AddMetadata("x-request-id", id);
      }
      Request request;
      request.set_survey_id(survey_id);
      Call(context, request).IgnoreError();
      const auto& trailers = context.GetServerTrailingMetadata();
      ASSERT_EQ(trailers.count("x-request-id"), 1u);
      const grpc::string_ref value = trailers.find("x-request-id")->second;
      told.emplace_back(value.data(), value.size());
    }
  }
  WaitForEnd();
  EXPECT_EQ(told, access_log_.request_ids());
  EXPECT_EQ(told[1], "order-4711/a");
}

TEST_F(CallContextTest, ObserversAreToldTheTraceOfTheCaller) {
  Serve([](const RequestContext&, const Request&, Response&) { return absl::OkStatus(); });
  const std::string trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const std::vector<std::vector<std::string>> sent = {{}, {trace}, {"nonsense"}, {trace, trace}};
  for (const std::vector<std::string>& values : sent) {
    grpc::ClientContext context;
    for (const std::string& value : values) {
      context.AddMetadata("traceparent", value);
    }
    EXPECT_TRUE(Call(context).ok());
  }
  WaitForEnd();
  EXPECT_THAT(access_log_.traces(),
              ElementsAre("", "4bf92f3577b34da6a3ce929d0e0e4736 00f067aa0ba902b7", "", ""));
}

TEST_F(CallContextTest, ObserversAreToldHowManyRecordsTheHandlerSaw) {
  Serve([](const RequestContext& context, const Request& request, Response&) {
    for (size_t i = 0; i < request.survey_id().size(); ++i) {
      EXPECT_TRUE(context.AdmitRecords(10).ok());
    }
    return absl::OkStatus();
  });
  for (const char* survey_id : {"", "ab"}) {
    grpc::ClientContext context;
    Request request;
    request.set_survey_id(survey_id);
    EXPECT_TRUE(Call(context, request).ok());
  }
  WaitForEnd();
  EXPECT_THAT(access_log_.records(), ElementsAre(0, 20));
}

TEST_F(CallContextTest, TheLineOfAHandlerThatThrewHasTheRequestId) {
  Serve([](const RequestContext&, const Request&, Response&) -> absl::Status {
    throw std::runtime_error("secret");
  });
  EXPECT_TRUE(absl::IsInternal(Call()));
  WaitForEnd();
  EXPECT_THAT(log_lines_.text(),
              HasSubstr(absl::StrCat("\"event\":\"handler threw\",\"method\":"
                                     "\"SurveyService/GetSurvey\",\"request_id\":\"",
                                     access_log_.request_ids().front(), "\"")));
}

TEST_F(CallContextTest, ObserversAreToldTheSizesOfMessages) {
  Serve([](const RequestContext&, const Request&, Response& response) {
    response.mutable_survey()->set_question(std::string(100, 'q'));
    return absl::OkStatus();
  });
  Request request;
  request.set_survey_id("nps");
  grpc::ClientContext context;
  EXPECT_TRUE(Call(context, request).ok());
  WaitForEnd();
  EXPECT_THAT(access_log_.sizes(), ElementsAre(testing::Pair(5, 104)));
}

}  // namespace
}  // namespace emptychair
