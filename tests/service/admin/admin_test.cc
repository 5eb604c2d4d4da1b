// VerifyStore, RebuildCube and CompactStore over the wire.
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "client/testing/in_process_server.h"
#include "common/base/errors.h"
#include "common/base/uuid.h"
#include "common/rpc/status_conversion.h"
#include "emptychair/v1/admin_service.grpc.pb.h"
#include "gmock/gmock.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "rocksdb/env.h"
#include "server/server.h"
#include "server/telemetry/server_log.h"
#include "storage/format/cube_row.h"
#include "storage/format/keys.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"
#include "tests/storage/harness/plain_database.h"

namespace emptychair::testing {
namespace {

using storage::CubeRowKey;
using storage::CubeUnit;
using storage::PlainDatabase;

// What VerifyStore answered.
struct Verdict {
  absl::Status status;
  std::vector<v1::VerifyProgress> progress;
  std::vector<v1::StoreDifference> differences;
  std::vector<v1::VerifySummary> summaries;
};

Verdict Verify(Client& client) {
  Verdict verdict;
  for (const absl::StatusOr<v1::VerifyStoreResponse>& message : client.VerifyStore()) {
    if (!message.ok()) {
      verdict.status = message.status();
    } else if (message->has_progress()) {
      verdict.progress.push_back(message->progress());
    } else if (message->has_difference()) {
      verdict.differences.push_back(message->difference());
    } else if (message->has_summary()) {
      verdict.summaries.push_back(message->summary());
    }
  }
  return verdict;
}

// A server in the test's process that can be stopped, its store damaged, and started again.
class AdminTest : public ::testing::Test {
 protected:
  AdminTest()
      : env_(rocksdb::NewMemEnv(rocksdb::Env::Default())),
        clock_(kFakeNow),
        log_(&clock_, [](absl::string_view) {}) {
    StartServer();
    Client client = NewClient();
    EXPECT_OK(client.CreateSurvey(CreateNps("pulse")).status());
    for (int i = 0; i < 3; ++i) {
      v1::SubmitFeedbackRequest request;
      request.mutable_feedback()->set_survey_id("pulse");
      request.mutable_feedback()->set_external_id(absl::StrCat("order-", i));
      request.mutable_feedback()->set_customer_id("ann");
      request.mutable_feedback()->set_score(9);
      EXPECT_OK(client.SubmitFeedback(request).status());
    }
  }

  void StartServer() {
    ServerEnvironment environment;
    environment.clock = &clock_;
    environment.env = env_.get();
    auto server = StartInProcess("/store", &log_, std::move(environment));
    ASSERT_OK(server.status());
    server_ = *std::move(server);
  }

  Client NewClient() { return MakeClient(server_->address()); }

  static v1::CreateSurveyRequest CreateNps(const std::string& survey_id) {
    v1::CreateSurveyRequest request;
    request.mutable_survey()->set_survey_id(survey_id);
    request.mutable_survey()->set_kind(v1::SURVEY_KIND_NPS);
    return request;
  }

  // Puts rows into the cube that no record makes.
  void PlantRows(int count) {
    server_.reset();
    {
      PlainDatabase database(env_.get(), "/store", PlainDatabase::Mode::kWrite);
      for (int i = 0; i < count; ++i) {
        database.Put("cell", CubeRowKey{1, CubeUnit::kHour, i, 0}.Encode(),
                     storage::EncodeCubeRow({{0, 0, 1, 5}}));
      }
    }
    StartServer();
  }

  std::unique_ptr<rocksdb::Env> env_;
  FakeClock clock_;
  ServerLog log_;
  std::unique_ptr<Server> server_;
};

TEST_F(AdminTest, ASoundStoreHasNoDifferences) {
  Client client = NewClient();
  const Verdict verdict = Verify(client);
  ASSERT_OK(verdict.status);
  EXPECT_TRUE(verdict.differences.empty());
  ASSERT_EQ(verdict.summaries.size(), 1u);
  EXPECT_EQ(verdict.summaries[0].sequence(), 4);
  EXPECT_EQ(verdict.summaries[0].records(), 3);
  EXPECT_EQ(verdict.summaries[0].index_entries(), 6);
  EXPECT_EQ(verdict.summaries[0].cube_cells(), 3);
  EXPECT_EQ(verdict.summaries[0].difference_count(), 0);
  bool told_survey = false;
  for (const v1::VerifyProgress& progress : verdict.progress) {
    told_survey = told_survey || progress.survey_id() == "pulse";
    EXPECT_EQ(progress.records_total(), 3);
    EXPECT_LE(progress.done(), progress.total());
  }
  EXPECT_TRUE(told_survey);
  ASSERT_OK_AND_ASSIGN(const v1::GetStatusResponse status, client.GetStatus({}));
  EXPECT_FALSE(status.has_maintenance());
}

TEST_F(AdminTest, StatusCountsDamagedValuesHoweverTheyAreMet) {
  Client client = NewClient();
  const v1::Feedback stored = Value(GetByExternalId(client, "pulse", "order-1")).feedback();
  server_.reset();
  {
    PlainDatabase database(env_.get(), "/store", PlainDatabase::Mode::kWrite);
    database.Put("feedback", storage::FeedbackKey{1, *Uuid::Parse(stored.feedback_id())}.Encode(),
                 "\xFF");
  }
  StartServer();
  client = NewClient();
  int64_t counted = Status(client).undecodable_values();
  const auto expect_counted = [&](const char* how) {
    const int64_t before = std::exchange(counted, Status(client).undecodable_values());
    EXPECT_GT(counted, before) << how;
  };
  EXPECT_THAT(GetById(client, "pulse", stored.feedback_id()),
              HasReason(v1::ERROR_REASON_STORE_DAMAGED));
  expect_counted("one record");
  v1::ListFeedbackRequest list;
  list.set_survey_id("pulse");
  int listed = 0;
  for (const absl::StatusOr<v1::Feedback>& record : client.ListFeedback(list)) {
    EXPECT_OK(record);
    ++listed;
  }
  EXPECT_EQ(listed, 2);
  expect_counted("a list that goes on without it");
  v1::QueryMetricRequest query;
  query.add_survey_ids("pulse");
  query.set_respondent_rule(v1::RESPONDENT_RULE_LATEST_PER_CUSTOMER);
  EXPECT_THAT(client.QueryMetric(query), HasReason(v1::ERROR_REASON_STORE_DAMAGED));
  expect_counted("a query of records");
  EXPECT_THAT(TrySubmit(client, stored), HasReason(v1::ERROR_REASON_STORE_DAMAGED));
  expect_counted("a record that came again");
  ASSERT_OK_AND_ASSIGN(const v1::BatchSubmitFeedbackResponse batch, TryBatch(client, {stored}));
  EXPECT_EQ(batch.failures_size(), 1);
  expect_counted("a record of a batch");
}

TEST_F(AdminTest, ADamagedCubeIsNamedAndRebuilt) {
  PlantRows(1);
  Client client = NewClient();
  const Verdict verdict = Verify(client);
  ASSERT_OK(verdict.status);
  ASSERT_EQ(verdict.differences.size(), 1u);
  const v1::StoreDifference& difference = verdict.differences[0];
  EXPECT_EQ(difference.kind(), v1::DIFFERENCE_KIND_CELL_COUNT);
  EXPECT_EQ(difference.survey_id(), "pulse");
  EXPECT_EQ(difference.where(), "cell: survey pulse, hour 1970-01-01T00Z, series (other), score 0");
  EXPECT_EQ(difference.stored(), "5");
  EXPECT_EQ(difference.expected(), "0");
  EXPECT_EQ(verdict.summaries.at(0).difference_count(), 1);

  ASSERT_OK_AND_ASSIGN(const v1::RebuildCubeResponse rebuilt, client.RebuildCube({}));
  EXPECT_EQ(rebuilt.sequence(), 4);
  EXPECT_EQ(rebuilt.rows_corrected(), 1);
  EXPECT_EQ(rebuilt.cells_corrected(), 1);
  EXPECT_EQ(rebuilt.records_counted(), 3);
  EXPECT_TRUE(Verify(client).differences.empty());
}

TEST_F(AdminTest, ACompactedStoreSaysHowLargeItIs) {
  Client client = NewClient();
  ASSERT_OK_AND_ASSIGN(const v1::CompactStoreResponse compacted, client.CompactStore({}));
  EXPECT_GT(compacted.bytes_before(), 0);
  EXPECT_GT(compacted.bytes_after(), 0);
  ASSERT_OK_AND_ASSIGN(const v1::GetStatusResponse status, client.GetStatus({}));
  EXPECT_EQ(status.size().table_bytes(), compacted.bytes_after());
  int64_t bytes = 0;
  for (const v1::FamilySize& family : status.size().families()) {
    bytes += family.table_bytes();
    EXPECT_DOUBLE_EQ(family.bytes_per_record() * static_cast<double>(status.feedback_count()),
                     static_cast<double>(family.table_bytes()))
        << family.name();
  }
  EXPECT_EQ(bytes, compacted.bytes_after());
  EXPECT_EQ(status.size().families(1).name(), "feedback");
  EXPECT_GT(status.size().families(1).table_bytes(), 0);
}

// A check whose client has stopped reading, so that it is in the middle until the client goes on.
class StalledVerify {
 public:
  explicit StalledVerify(const std::string& endpoint)
      : stub_(v1::AdminService::NewStub(
            grpc::CreateChannel(endpoint, grpc::InsecureChannelCredentials()))),
        reader_(stub_->VerifyStore(&context_, {})) {
    v1::VerifyStoreResponse message;
    while (reader_->Read(&message) && !message.has_difference()) {
    }
    EXPECT_TRUE(message.has_difference());
  }

  void Cancel() { context_.TryCancel(); }

  // Reads to the end; whether there was a summary.
  std::pair<absl::Status, bool> ReadOn() {
    bool has_summary = false;
    for (v1::VerifyStoreResponse message; reader_->Read(&message);) {
      has_summary = has_summary || message.has_summary();
    }
    return {FromGrpc(reader_->Finish()), has_summary};
  }

 private:
  std::unique_ptr<v1::AdminService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::VerifyStoreResponse>> reader_;
};

// More than fits between a server and a client that does not read.
constexpr int kManyRows = 1'000;

// Asks for the status until it is as wanted.
absl::StatusOr<v1::GetStatusResponse> StatusWhen(
    Client& client,
    const std::function<bool(const absl::StatusOr<v1::GetStatusResponse>&)>& is_so) {
  const absl::Time deadline = absl::Now() + kLong;
  absl::StatusOr<v1::GetStatusResponse> status = client.GetStatus({});
  while (!is_so(status) && absl::Now() < deadline) {
    status = client.GetStatus({});
  }
  EXPECT_TRUE(is_so(status));
  return status;
}

TEST_F(AdminTest, ACheckThatIsRunningIsInTheStatusUntilItIsCancelled) {
  PlantRows(kManyRows);
  Client client = NewClient();
  StalledVerify verify(server_->address());
  ASSERT_OK_AND_ASSIGN(const v1::GetStatusResponse status, client.GetStatus({}));
  ASSERT_TRUE(status.has_maintenance());
  EXPECT_EQ(status.maintenance().name(), "VerifyStore");
  EXPECT_EQ(status.maintenance().part(), "records");
  EXPECT_EQ(status.maintenance().start_time().seconds(), absl::ToUnixSeconds(kFakeNow));
  verify.Cancel();
  EXPECT_TRUE(absl::IsCancelled(verify.ReadOn().first));
  StatusWhen(client, [](const auto& status) {
    return status.ok() && !status->has_maintenance();
  }).IgnoreError();
  // The lane is free for the next.
  EXPECT_EQ(Verify(client).summaries.size(), 1u);
}

TEST_F(AdminTest, AServerThatStopsEndsACheckInTheMiddle) {
  PlantRows(kManyRows);
  Client client = NewClient();
  StalledVerify verify(server_->address());
  std::thread stopping([&] { server_->Shutdown(absl::Now() + kLong); });
  StatusWhen(client, [](const auto& status) {
    return ReasonOf(status.status()) == v1::ERROR_REASON_SHUTTING_DOWN;
  }).IgnoreError();
  const auto [status, has_summary] = verify.ReadOn();
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_SHUTTING_DOWN) << status;
  EXPECT_FALSE(has_summary);
  stopping.join();
}

}  // namespace
}  // namespace emptychair::testing
