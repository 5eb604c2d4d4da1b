// What the client library sends again, beside what the .proto files say of it.
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/base/method.h"
#include "emptychair/client/client.h"
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

class IdempotencyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterCallbackGenericService(&away_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
    options_.endpoint = absl::StrCat("127.0.0.1:", port);
    options_.retry_policy = std::make_shared<LimitedAttemptsRetryPolicy>(kAttempts);
    options_.backoff_policy =
        std::make_shared<ExponentialBackoffPolicy>(absl::Nanoseconds(1), absl::Nanoseconds(1));
    options_.timeout = absl::Hours(1);
  }
  void TearDown() override { server_->Shutdown(); }

  AwayService away_;
  std::unique_ptr<grpc::Server> server_;
  ClientOptions options_;
};

TEST_F(IdempotencyTest, ExactlyTheMethodsThatMayBeAreSentAgain) {
  const absl::StatusOr<std::shared_ptr<Connection>> made = MakeConnection(options_);
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
  EXPECT_EQ(away_.calls(), ExpectedCalls());
}

TEST_F(IdempotencyTest, TheSameWithoutWaiting) {
  absl::Mutex mutex;
  std::vector<absl::Status> answers;
  const auto note = [&](const auto& response) {
    absl::MutexLock lock(&mutex);
    answers.push_back(response.status());
  };
  absl::StatusOr<Client> client = Client::Create(options_);
  ASSERT_TRUE(client.ok()) << client.status();
  client->AsyncCreateSurvey({}, note);
  client->AsyncGetSurvey({}, note);
  client->AsyncListSurveys({}, note);
  client->AsyncUpdateSurvey({}, note);
  client->AsyncArchiveSurvey({}, note);
  client->AsyncDeleteSurvey({}, note);
  client->AsyncSubmitFeedback({}, note);
  client->AsyncBatchSubmitFeedback({}, note);
  client->AsyncGetFeedback({}, note);
  client->AsyncListFeedback({}, note);
  client->AsyncAmendFeedback({}, note);
  client->AsyncExcludeFeedback({}, note);
  client->AsyncIncludeFeedback({}, note);
  client->AsyncEraseFeedback({}, note);
  client->AsyncQueryMetric({}, note);
  client->AsyncCompareMetric({}, note);
  client->AsyncDecomposeChange({}, note);
  client->AsyncCompareWords({}, note);
  client->AsyncGetScorecard({}, note);
  client->AsyncExplainMetric({}, note);
  client->AsyncGetStatus({}, note);
  client->AsyncRebuildCube({}, note);
  client->AsyncCompactStore({}, note);
  client->AsyncGetRepeatProfile({}, note);
  client->AsyncListBackups({}, note);
  client->AsyncDeleteBackup({}, note);
  client->AsyncPruneBackups({}, note);
  client->AsyncMeasureRepeats({}, note);
  client->AsyncUpsertCustomer({}, note);
  client->AsyncGetCustomer({}, note);
  client->AsyncListTimeline({}, note);
  client->AsyncGetCustomerView({}, note);
  client->AsyncEraseCustomer({}, note);
  client->AsyncQueryRetention({}, note);
  client->AsyncQueryCohorts({}, note);
  client->AsyncQueryRepeatRate({}, note);
  client->AsyncDefineActivityKind({}, note);
  client->AsyncListActivityKinds({}, note);
  client->AsyncDeleteActivityKind({}, note);
  client->AsyncRecordActivity({}, note);
  client->AsyncBatchRecordActivities({}, note);
  client->AsyncListActivities({}, note);
  client->AsyncEraseActivity({}, note);
  client->AsyncCreateKey({}, note);
  client->AsyncGetKey({}, note);
  client->AsyncListKeys({}, note);
  client->AsyncUpdateKey({}, note);
  client->AsyncRotateKey({}, note);
  client->AsyncRevokeKey({}, note);
  client->AsyncGetCaller({}, note);
  client->AsyncListAuditEvents({}, note);
  const auto have_come = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex) { return answers.size() == 51; };
  absl::MutexLock lock(&mutex, absl::Condition(&have_come));
  for (const absl::Status& answer : answers) {
    EXPECT_TRUE(absl::IsUnavailable(answer)) << answer;
  }
  EXPECT_EQ(away_.calls(), ExpectedCalls());
}

}  // namespace
}  // namespace emptychair
