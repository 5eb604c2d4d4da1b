// kill -9 in the middle of load: what was acknowledged is there, and nothing is there by halves.
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/count.h"
#include "tests/helpers/seed.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/temp_dir.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

constexpr int kSenders = 4;
constexpr int kBatchMax = 40;

// How often the server is killed: EMPTYCHAIR_TEST_KILLS, or 20.
int Kills() { return CountFromEnvOr("EMPTYCHAIR_TEST_KILLS", 20); }

// The same for the same number, however often it is sent.
v1::Feedback Record(int64_t number) {
  v1::Feedback record = Answer("nps", absl::StrCat("row ", number),
                               At("2024-01-01T00:00:00Z") + number * absl::Milliseconds(1'234'567));
  if (number % 9 != 0) {
    record.set_score(static_cast<int32_t>(number % 11));
  }
  record.set_comment(absl::StrCat("comment ", number));
  record.set_customer_id(absl::StrCat("customer ", number % 50));
  (*record.mutable_labels())["region"] = absl::StrCat("r", number % 5);
  return record;
}

// What senders sent and were told. Thread-safe.
class Observer {
 public:
  // `count` numbers that nobody had before.
  int64_t TakeNew(int64_t count) { return next_.fetch_add(count); }
  // Numbers that have been given out.
  int64_t given_out() const { return next_; }

  // Notes the acknowledgement of `numbers`; answers whether it is the one to kill the server at.
  bool Acknowledge(const std::vector<int64_t>& numbers) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    acknowledged_.insert(numbers.begin(), numbers.end());
    return until_kill_ > 0 && --until_kill_ == 0;
  }
  void KillAfter(int calls) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    until_kill_ = calls;
  }
  std::set<int64_t> acknowledged() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return acknowledged_;
  }

 private:
  std::atomic<int64_t> next_ = 0;
  mutable absl::Mutex mutex_;
  int until_kill_ ABSL_GUARDED_BY(mutex_) = 0;
  std::set<int64_t> acknowledged_ ABSL_GUARDED_BY(mutex_);
};

absl::Status SendBatch(Client& client, const std::vector<v1::Feedback>& records) {
  const absl::StatusOr<v1::BatchSubmitFeedbackResponse> response = TryBatch(client, records);
  if (response.ok()) {
    EXPECT_TRUE(response->failures().empty()) << response->failures(0).ShortDebugString();
  }
  return response.status();
}

absl::Status SendByStream(Client& client, const std::vector<v1::Feedback>& records) {
  const auto stream = client.StreamFeedback([](const auto&, const auto& response) {
    EXPECT_TRUE(response.failures().empty()) << response.failures(0).ShortDebugString();
  });
  for (size_t i = 0; i < records.size(); i += 5) {
    v1::StreamFeedbackRequest batch;
    for (size_t j = i; j < std::min(i + 5, records.size()); ++j) {
      *batch.add_feedback() = records[j];
    }
    if (absl::Status status = stream->Send(std::move(batch)); !status.ok()) {
      return status;
    }
  }
  return stream->Finish();
}

// Sends new records and ones sent before, alone, in batches and by the stream, until the server is
// gone.
void Load(const std::string& endpoint, uint64_t seed, Observer& observer, Subprocess& server) {
  Client client = MakeClient(endpoint);
  std::mt19937_64 random(seed);
  for (;;) {
    const int64_t size = random() % 2 == 0 ? 1 : 1 + static_cast<int64_t>(random() % kBatchMax);
    std::vector<int64_t> numbers;
    const int64_t first_new = observer.TakeNew(size);
    for (int64_t i = 0; i < size; ++i) {
      numbers.push_back(first_new + i);
      if (random() % 4 == 0) {
        numbers.push_back(static_cast<int64_t>(random() % (first_new + size)));
      }
    }
    absl::Status status;
    if (numbers.size() == 1) {
      status = TrySubmit(client, Record(numbers[0])).status();
    } else {
      std::vector<v1::Feedback> records;
      for (int64_t number : numbers) {
        records.push_back(Record(number));
      }
      status = random() % 2 == 0 ? SendBatch(client, records) : SendByStream(client, records);
    }
    if (!status.ok()) {
      EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
      return;
    }
    if (observer.Acknowledge(numbers)) {
      server.Signal(SIGKILL);
    }
  }
}

// Which of `numbers` are stored, read back one by one.
std::set<int64_t> ReadBack(const std::string& endpoint, const std::vector<int64_t>& numbers) {
  absl::Mutex mutex;
  std::set<int64_t> stored;
  std::vector<std::thread> readers;
  for (size_t first = 0; first < kSenders; ++first) {
    readers.emplace_back([&, first] {
      Client client = MakeClient(endpoint);
      for (size_t i = first; i < numbers.size(); i += kSenders) {
        const v1::Feedback sent = Record(numbers[i]);
        const absl::StatusOr<v1::GetFeedbackResponse> got =
            GetByExternalId(client, "nps", sent.external_id());
        if (!got.ok()) {
          EXPECT_THAT(got, HasReason(v1::ERROR_REASON_FEEDBACK_NOT_FOUND));
          continue;
        }
        EXPECT_EQ(got->feedback().comment(), sent.comment());
        EXPECT_EQ(got->feedback().has_score(), sent.has_score());
        EXPECT_EQ(got->feedback().score(), sent.score());
        EXPECT_EQ(got->feedback().customer_id(), sent.customer_id());
        absl::MutexLock lock(&mutex);
        stored.insert(numbers[i]);
      }
    });
  }
  for (std::thread& reader : readers) {
    reader.join();
  }
  return stored;
}

// Fails the test unless every count of the service is that of exactly `stored`.
void ExpectCounts(Client& client, const std::set<int64_t>& stored) {
  std::vector<int64_t> histogram(11);
  int64_t unscored = 0;
  for (int64_t number : stored) {
    ++(number % 9 != 0 ? histogram[number % 11] : unscored);
  }
  // By month and region: what the cube holds, not a row for the whole.
  const v1::QueryMetricResponse answer =
      Query(client,
            "survey_ids: 'nps' group_by: 'region' granularity: GRANULARITY_MONTH "
            "include_histogram: true");
  std::vector<int64_t> counted(11);
  int64_t counted_unscored = 0;
  for (const v1::MetricValue& point : answer.total().points()) {
    counted_unscored += point.unscored();
    for (int score = 0; score < point.histogram_size(); ++score) {
      counted[score] += point.histogram(score);
    }
  }
  EXPECT_EQ(counted, histogram);
  EXPECT_EQ(counted_unscored, unscored);
  const v1::GetStatusResponse status = Status(client);
  EXPECT_EQ(status.feedback_count(), stored.size());
  // One for the survey, and one for each record.
  EXPECT_EQ(status.sequence(), stored.size() + 1);
  EXPECT_EQ(status.undecodable_values(), 0);
}

TEST(KillTest, WhatWasAcknowledgedSurvivesEveryKill) {
  std::mt19937_64 random(SeedFromEnvOrRandom());
  TempDir directory;
  Observer observer;
  // All that has been read back; that none of it is lost later shows in the counts.
  std::set<int64_t> stored;
  const int kills = Kills();
  for (int kill = 0; kill < kills; ++kill) {
    SCOPED_TRACE(absl::StrCat("kill ", kill));
    ASSERT_OK_AND_ASSIGN(RunningBinary server, StartBinary(directory.path()));
    Client client = MakeClient(server.endpoint);
    Create(client, NpsSurvey("nps", {"region"}));
    observer.KillAfter(1 + static_cast<int>(random() % 60));
    std::vector<std::thread> senders;
    for (int i = 0; i < kSenders; ++i) {
      senders.emplace_back(
          [&, seed = random()] { Load(server.endpoint, seed, observer, *server.process); });
    }
    for (std::thread& sender : senders) {
      sender.join();
    }
    ASSERT_THAT(server.process->Wait(kLong), IsOkAndHolds(128 + SIGKILL));

    ASSERT_OK_AND_ASSIGN(server, StartBinary(directory.path()));
    client = MakeClient(server.endpoint);
    std::vector<int64_t> unknown;
    for (int64_t number = 0; number < observer.given_out(); ++number) {
      if (stored.count(number) == 0) {
        unknown.push_back(number);
      }
    }
    stored.merge(ReadBack(server.endpoint, unknown));
    const std::set<int64_t> acknowledged = observer.acknowledged();
    EXPECT_TRUE(
        std::includes(stored.begin(), stored.end(), acknowledged.begin(), acknowledged.end()));
    ExpectCounts(client, stored);
    ASSERT_FALSE(::testing::Test::HasFailure());
  }

  // Everything again: what is missing comes in, and nothing twice.
  ASSERT_OK_AND_ASSIGN(RunningBinary server, StartBinary(directory.path()));
  Client client = MakeClient(server.endpoint);
  std::vector<v1::Feedback> all;
  std::vector<int64_t> numbers;
  for (int64_t number = 0; number < observer.given_out(); ++number) {
    all.push_back(Record(number));
    numbers.push_back(number);
  }
  SubmitAll(client, all);
  EXPECT_EQ(Status(client).since_start().already_existed(), stored.size());
  const std::set<int64_t> every(numbers.begin(), numbers.end());
  EXPECT_EQ(ReadBack(server.endpoint, numbers), every);
  ExpectCounts(client, every);
  std::cout << kills << " kills, " << numbers.size() << " records, "
            << numbers.size() - stored.size() << " of them never stored before the end\n";
}

}  // namespace
}  // namespace emptychair::testing
