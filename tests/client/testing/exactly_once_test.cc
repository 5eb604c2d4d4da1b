// A writer whose connection is cut and whose server is restarted again and again, while clocks are
// set back: every record is stored once, and has one result.
//
// EMPTYCHAIR_TEST_KILLS sets how often that happens, else 12, and EMPTYCHAIR_WRITER_RECORDS how
// many records there are, else 20,000.
#include <atomic>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "emptychair/client/client.h"
#include "emptychair/client/feedback_writer.h"
#include "emptychair/testing/fake_server.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/count.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

constexpr char kStream[] = "emptychair.v1.FeedbackService/StreamFeedback";

// Told of results; knows how many there are of each record.
class Results {
 public:
  explicit Results(int records) : of_record_(static_cast<size_t>(records)) {}

  void Tell(const FeedbackResult& result) {
    EXPECT_EQ(result.outcome, FeedbackResult::Outcome::kStored) << result.status;
    absl::MutexLock lock(&mutex_);
    ++of_record_[static_cast<size_t>(std::any_cast<int>(result.context))];
    ++told_;
  }

  // False when there were not so many in a long time.
  bool AwaitTold(int count) {
    const auto are_told = [&] { return told_ >= count; };
    absl::MutexLock lock(&mutex_);
    return mutex_.AwaitWithTimeout(absl::Condition(&are_told), kLong);
  }

  std::vector<int> of_record() {
    absl::MutexLock lock(&mutex_);
    return of_record_;
  }

 private:
  absl::Mutex mutex_;
  std::vector<int> of_record_;
  int told_ = 0;
};

class FakeServerExactlyOnceTest : public ::testing::Test {
 protected:
  FakeServerExactlyOnceTest() {
    Create(client_, NpsSurvey("nps"));
    options_.batch_records = 100;
    options_.give_up_after = absl::ZeroDuration();
    options_.backoff_policy =
        std::make_shared<ExponentialBackoffPolicy>(absl::Milliseconds(10), absl::Milliseconds(100));
    options_.now = [this] { return is_clock_back_ ? kTime - absl::Hours(1) : kTime; };
  }

  // The next of what can happen to a connection.
  void Disturb(int number) {
    switch (number % 3) {
      case 0:
        server_->DropConnections();
        break;
      case 1:
        ASSERT_OK(server_->Restart());
        break;
      default:
        ASSERT_OK(server_->FailNext(kStream, absl::StatusCode::kUnavailable, 2));
        server_->DropConnections();
    }
  }

  // Of the writer's machine, and then, once nothing newer is under way, of the server's.
  void SetClocksBack(FeedbackWriter& writer) {
    is_clock_back_ = true;
    ASSERT_OK(writer.Flush(kLong));
    ASSERT_OK(server_->SetTime(kTime - absl::Hours(1)));
  }

  const std::unique_ptr<FakeServer> server_ = *FakeServer::Start({.time = kTime});
  Client client_ = *Client::Create({.endpoint = server_->endpoint(), .timeout = kLong});
  FeedbackWriterOptions options_;
  std::atomic<bool> is_clock_back_ = false;
};

TEST_F(FakeServerExactlyOnceTest, StoresEachRecordOnceAndTellsOfItOnce) {
  const int disturbances = CountFromEnvOr("EMPTYCHAIR_TEST_KILLS", 12);
  const int records = CountFromEnvOr("EMPTYCHAIR_WRITER_RECORDS", 20'000);
  Results results(records);
  options_.on_result = [&](const FeedbackResult& result) { results.Tell(result); };
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<FeedbackWriter> writer,
                       FeedbackWriter::Create(client_, options_));
  int disturbed = 0;
  int added_before = 0;
  for (int i = 0; i < records; ++i) {
    if (i == records / 2) {
      ASSERT_NO_FATAL_FAILURE(SetClocksBack(*writer));
    }
    if (i == records / (disturbances + 1) * (disturbed + 1) && disturbed < disturbances) {
      // An answer to what was added after the time before: the writer has connected since.
      ASSERT_TRUE(results.AwaitTold(disturbed == 0 ? 0 : added_before + 1));
      ASSERT_NO_FATAL_FAILURE(Disturb(disturbed++));
      added_before = i;
    }
    v1::Feedback feedback;
    feedback.set_survey_id("nps");
    if (i % 3 == 0) {
      feedback.set_external_id(absl::StrCat("row ", i));
    }
    feedback.set_score(i % 11);
    ASSERT_OK(writer->Add(std::move(feedback), i));
  }
  ASSERT_OK(writer->Close(2 * kLong));

  EXPECT_EQ(disturbed, disturbances);
  EXPECT_EQ(Value(client_.GetStatus()).feedback_count(), records);
  EXPECT_EQ(Total(client_, "nps").answers(), records);
  EXPECT_EQ(results.of_record(), std::vector<int>(static_cast<size_t>(records), 1));
  const FeedbackWriterCounters counters = writer->counters();
  EXPECT_EQ(counters.added, records);
  EXPECT_EQ(counters.stored, records);
  EXPECT_EQ(counters.queued_records, 0);
  EXPECT_EQ(counters.queued_bytes, 0);
  EXPECT_GE(counters.reconnects, disturbances);
  std::cout << counters.batches << " batches for " << records << " records, " << counters.reconnects
            << " reconnects\n";
}

}  // namespace
}  // namespace emptychair::testing
