// What the client library sends again, beside what the .proto files say of it.
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/base/method.h"
#include "emptychair/client/connection.h"
#include "emptychair/v1/access_service.pb.h"
#include "emptychair/v1/admin_service.pb.h"
#include "emptychair/v1/feedback_service.pb.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "emptychair/v1/survey_service.pb.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"

namespace emptychair {
namespace {

constexpr int kAttempts = 3;

// Counts calls by method and answers all of them with UNAVAILABLE.
class AwayService final : public grpc::CallbackGenericService {
 public:
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    absl::MutexLock lock(&mutex_);
    ++calls_[context->method()];
    return new Reactor();
  }

  std::map<std::string, int> calls() const {
    absl::MutexLock lock(&mutex_);
    return calls_;
  }

 private:
  class Reactor final : public grpc::ServerGenericBidiReactor {
   public:
    Reactor() { Finish({grpc::StatusCode::UNAVAILABLE, "away"}); }
    void OnDone() override { delete this; }
  };

  mutable absl::Mutex mutex_;
  std::map<std::string, int> calls_ ABSL_GUARDED_BY(mutex_);
};

// How often each unary method of the API should be sent by its path, as the .proto says.
std::map<std::string, int> ExpectedCalls() {
  std::map<std::string, int> expected;
  for (const google::protobuf::Descriptor* message :
       {v1::GetSurveyRequest::descriptor(), v1::GetFeedbackRequest::descriptor(),
        v1::QueryMetricRequest::descriptor(), v1::GetStatusRequest::descriptor(),
        v1::GetCustomerRequest::descriptor(), v1::GetCallerRequest::descriptor()}) {
    const google::protobuf::ServiceDescriptor& service = *message->file()->service(0);
    for (int m = 0; m < service.method_count(); ++m) {
      const google::protobuf::MethodDescriptor& method = *service.method(m);
      if (!method.client_streaming() && !method.server_streaming()) {
        expected[absl::StrCat("/", service.full_name(), "/", method.name())] =
            ToMethod(method).is_idempotent ? kAttempts : 1;
      }
    }
  }
  return expected;
}

TEST(Idempotency, ExactlyTheMethodsThatMayBeAreSentAgain) {
  AwayService away;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterCallbackGenericService(&away);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  ASSERT_NE(server, nullptr);
  ClientOptions options{.endpoint = absl::StrCat("127.0.0.1:", port)};
  options.retry_policy = std::make_shared<LimitedAttemptsRetryPolicy>(kAttempts);
  options.sleep = [](absl::Duration) {};
  const absl::StatusOr<std::shared_ptr<Connection>> made = MakeConnection(options);
  ASSERT_TRUE(made.ok()) << made.status();
  Connection& connection = **made;

  const absl::Status answers[] = {connection.CreateSurvey({}).status(),
                                  connection.GetSurvey({}).status(),
                                  connection.ListSurveys({}).status(),
                                  connection.UpdateSurvey({}).status(),
                                  connection.ArchiveSurvey({}).status(),
                                  connection.DeleteSurvey({}).status(),
                                  connection.SubmitFeedback({}).status(),
                                  connection.BatchSubmitFeedback({}).status(),
                                  connection.GetFeedback({}).status(),
                                  connection.ListFeedback({}).status(),
                                  connection.AmendFeedback({}).status(),
                                  connection.ExcludeFeedback({}).status(),
                                  connection.IncludeFeedback({}).status(),
                                  connection.EraseFeedback({}).status(),
                                  connection.QueryMetric({}).status(),
                                  connection.CompareMetric({}).status(),
                                  connection.DecomposeChange({}).status(),
                                  connection.CompareWords({}).status(),
                                  connection.GetScorecard({}).status(),
                                  connection.ExplainMetric({}).status(),
                                  connection.GetStatus({}).status(),
                                  connection.RebuildCube({}).status(),
                                  connection.CompactStore({}).status(),
                                  connection.GetRepeatProfile({}).status(),
                                  connection.ListBackups({}).status(),
                                  connection.DeleteBackup({}).status(),
                                  connection.PruneBackups({}).status(),
                                  connection.MeasureRepeats({}).status(),
                                  connection.UpsertCustomer({}).status(),
                                  connection.GetCustomer({}).status(),
                                  connection.ListTimeline({}).status(),
                                  connection.GetCustomerView({}).status(),
                                  connection.EraseCustomer({}).status(),
                                  connection.QueryRetention({}).status(),
                                  connection.QueryCohorts({}).status(),
                                  connection.QueryRepeatRate({}).status(),
                                  connection.DefineActivityKind({}).status(),
                                  connection.ListActivityKinds({}).status(),
                                  connection.DeleteActivityKind({}).status(),
                                  connection.RecordActivity({}).status(),
                                  connection.BatchRecordActivities({}).status(),
                                  connection.ListActivities({}).status(),
                                  connection.EraseActivity({}).status(),
                                  connection.CreateKey({}).status(),
                                  connection.GetKey({}).status(),
                                  connection.ListKeys({}).status(),
                                  connection.UpdateKey({}).status(),
                                  connection.RotateKey({}).status(),
                                  connection.RevokeKey({}).status(),
                                  connection.GetCaller({}).status(),
                                  connection.ListAuditEvents({}).status()};
  for (const absl::Status& answer : answers) {
    EXPECT_TRUE(absl::IsUnavailable(answer)) << answer;
  }
  EXPECT_EQ(away.calls(), ExpectedCalls());
  server->Shutdown();
}

}  // namespace
}  // namespace emptychair
