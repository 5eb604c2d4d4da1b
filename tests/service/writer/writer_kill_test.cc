// A writer whose server is killed again and again, and one that is killed itself: every record is
// stored once, and has one result.
//
// EMPTYCHAIR_TEST_KILLS sets how many kills there are, else 5, and EMPTYCHAIR_WRITER_RECORDS how
// many records, else 20,000.
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "emptychair/client/feedback_writer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/count.h"
#include "tests/helpers/seed.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/subprocess.h"
#include "tests/helpers/temp_dir.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using ::testing::HasSubstr;

int Kills() { return CountFromEnvOr("EMPTYCHAIR_TEST_KILLS", 5); }

int64_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  int64_t pages = 0;
  file >> pages >> pages;
  return pages * sysconf(_SC_PAGESIZE);
}

class WriterKillTest : public ::testing::Test {
 protected:
  WriterKillTest() {
    absl::StatusOr<RunningBinary> server = StartBinary(data_);
    EXPECT_OK(server);
    endpoint_ = server->endpoint;
    server_ = std::move(server->process);
    Client client = MakeClient(endpoint_);
    Create(client, NpsSurvey("nps"));
  }

  void Kill() {
    server_->Signal(SIGKILL);
    ASSERT_OK(server_->Wait(kLong));
  }
  void Restart() {
    absl::StatusOr<std::unique_ptr<Subprocess>> server =
        Subprocess::Start({EMPTYCHAIRD_PATH, absl::StrCat("--data=", data_),
                           absl::StrCat("--listen=", endpoint_), "--access_log=off"});
    ASSERT_OK(server);
    server_ = *std::move(server);
    ASSERT_THAT(server_->ReadLine(kLong), IsOkAndHolds(HasSubstr("listening")));
  }

  int64_t Stored() {
    Client client = MakeClient(endpoint_);
    return Status(client).feedback_count();
  }

  TempDir dir_;
  const std::string data_ = dir_.Join("data");
  std::string endpoint_;
  std::unique_ptr<Subprocess> server_;
};

TEST_F(WriterKillTest, StoresEachRecordOnceWhileItsServerIsKilledAgainAndAgain) {
  const int kills = Kills();
  const int records = CountFromEnvOr("EMPTYCHAIR_WRITER_RECORDS", 20'000);
  absl::Mutex mutex;
  std::vector<int> results(static_cast<size_t>(records));
  int told = 0;
  std::atomic<bool> is_clock_back = false;
  FeedbackWriterOptions options;
  options.batch_records = 100;
  options.give_up_after = absl::ZeroDuration();
  options.backoff_policy =
      std::make_shared<ExponentialBackoffPolicy>(absl::Milliseconds(10), absl::Milliseconds(100));
  options.now = [&] { return absl::Now() - (is_clock_back ? absl::Hours(1) : absl::Hours(0)); };
  options.on_result = [&](const FeedbackResult& result) {
    EXPECT_EQ(result.outcome, FeedbackResult::Outcome::kStored) << result.status;
    absl::MutexLock lock(&mutex);
    ++results[static_cast<size_t>(std::any_cast<int>(result.context))];
    ++told;
  };
  ASSERT_OK_AND_ASSIGN(const Client client, Client::Create({.endpoint = endpoint_}));
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<FeedbackWriter> writer,
                       FeedbackWriter::Create(client, options));
  std::jthread adder([&] {
    for (int i = 0; i < records; ++i) {
      v1::Feedback feedback;
      feedback.set_survey_id("nps");
      if (i % 3 == 0) {
        feedback.set_external_id(absl::StrCat("row ", i));
      }
      feedback.set_score(i % 11);
      is_clock_back = i > records / 2;
      ASSERT_OK(writer->Add(std::move(feedback), i));
    }
  });
  for (int kill = 1; kill <= kills; ++kill) {
    {
      const auto are_told = [&] { return told >= records / (kills + 1) * kill; };
      absl::MutexLock lock(&mutex);
      ASSERT_TRUE(mutex.AwaitWithTimeout(absl::Condition(&are_told), kLong));
    }
    ASSERT_NO_FATAL_FAILURE(Kill());
    ASSERT_NO_FATAL_FAILURE(Restart());
  }
  adder.join();
  ASSERT_OK(writer->Close(2 * kLong));
  EXPECT_EQ(Stored(), records);
  for (size_t i = 0; i < results.size(); ++i) {
    ASSERT_EQ(results[i], 1) << i;
  }
  const FeedbackWriterCounters counters = writer->counters();
  EXPECT_EQ(counters.added, records);
  EXPECT_EQ(counters.stored, records);
  EXPECT_EQ(counters.queued_records, 0);
  EXPECT_EQ(counters.queued_bytes, 0);
  EXPECT_GE(counters.reconnects, kills);
  std::cout << counters.batches << " batches for " << records << " records, " << counters.reconnects
            << " reconnects\n";
}

TEST_F(WriterKillTest, LosesNoRecordOfTheSpoolWhenItIsKilledItself) {
  std::mt19937_64 random(SeedFromEnvOrRandom());
  const int kills = Kills();
  const int rows = (kills + 1) * 400;
  const std::string spool = dir_.Join("spool");
  int next = 0;
  for (int kill = 0; kill < kills; ++kill) {
    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Subprocess> worker,
                         Subprocess::Start({WRITER_WORKER_PATH, endpoint_, spool,
                                            absl::StrCat(next), absl::StrCat(rows)}));
    for (auto lines = 1 + random() % 400; lines-- > 0;) {
      const absl::StatusOr<std::string> line = worker->ReadLine(kLong);
      ASSERT_THAT(line, IsOkAndHolds(absl::StrCat("added ", next))) << worker->StandardError();
      ++next;
    }
    worker->Signal(SIGKILL);
    ASSERT_OK(worker->Wait(kLong));
    // What was added and not read of its output is added again, under the same id.
  }
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Subprocess> worker,
                       Subprocess::Start({WRITER_WORKER_PATH, endpoint_, spool, absl::StrCat(next),
                                          absl::StrCat(next)}));
  ASSERT_THAT(worker->Wait(2 * kLong), IsOkAndHolds(0)) << worker->StandardError();
  // All of them, and perhaps what the last to be killed had added before it said so.
  Client client = MakeClient(endpoint_);
  for (int row = 0; row < next; ++row) {
    ASSERT_OK(GetByExternalId(client, "nps", absl::StrCat("row ", row))) << row;
  }
  EXPECT_GE(Stored(), next);
  EXPECT_LE(Stored(), rows);
  std::cout << kills << " kills, " << next << " rows\n";
}

TEST_F(WriterKillTest, KeepsItsMemoryBoundedWhileThereIsNoServer) {
  ASSERT_NO_FATAL_FAILURE(Kill());
  const FeedbackWriterOptions options;
  ASSERT_OK_AND_ASSIGN(const Client client, Client::Create({.endpoint = endpoint_}));
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<FeedbackWriter> writer,
                       FeedbackWriter::Create(client, options));
  const int64_t before = ResidentBytes();
  v1::Feedback feedback;
  feedback.set_survey_id("nps");
  feedback.set_score(9);
  feedback.set_customer_id("customer 1234567");
  feedback.set_comment("It was all right, I would say.");
  (*feedback.mutable_labels())["channel"] = "web";
  int64_t added = 0;
  while (writer->Add(feedback, added).ok()) {
    ++added;
  }
  const int64_t grown = ResidentBytes() - before;
  EXPECT_GT(added, 400'000);
  EXPECT_GE(writer->counters().queued_bytes, options.queue_bytes - 200);
  EXPECT_LE(grown, options.queue_bytes + (int64_t{64} << 20));
  EXPECT_FALSE(writer->Close(absl::ZeroDuration()).ok());
  std::cout << added << " records, " << (grown >> 20) << " MiB\n";
}

}  // namespace
}  // namespace emptychair::testing
