// Many senders of the same records, some of whose calls are cut short: each is stored once.
//
// EMPTYCHAIR_SENDER_IDS sets how many records there are, else 2,000.
#include <algorithm>
#include <atomic>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/count.h"
#include "tests/helpers/seed.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

constexpr int kSenders = 8;

int Records() { return CountFromEnvOr("EMPTYCHAIR_SENDER_IDS", 2'000); }

class ExactlyOnceTest : public ServiceTest {};

EMPTYCHAIR_ON_BOTH_BACKENDS(ExactlyOnceTest);

v1::Feedback Record(int number) {
  v1::Feedback record = Answer("nps", absl::StrCat("row ", number),
                               At("2024-01-01T00:00:00Z") + absl::Minutes(number), number % 11);
  record.set_customer_id(absl::StrCat("customer ", number % 100));
  (*record.mutable_labels())["region"] = absl::StrCat("r", number % 7);
  return record;
}

// What one sender was told.
struct Outcome {
  std::vector<int> new_records = std::vector<int>(Records());
  int cut_short = 0;
  std::vector<std::string> errors;
};

// Each way of sending answers which of the records existed.
absl::StatusOr<std::vector<bool>> SendAlone(Client& client, const v1::Feedback& record) {
  const absl::StatusOr<v1::SubmitFeedbackResponse> response = TrySubmit(client, record);
  if (!response.ok()) {
    return response.status();
  }
  return std::vector<bool>{response->already_existed()};
}

absl::StatusOr<std::vector<bool>> SendBatch(Client& client,
                                            const std::vector<v1::Feedback>& records) {
  const absl::StatusOr<v1::BatchSubmitFeedbackResponse> response = TryBatch(client, records);
  if (!response.ok()) {
    return response.status();
  }
  EXPECT_EQ(response->failures_size(), 0);
  std::vector<bool> existed(records.size());
  for (int index : response->already_existed_indexes()) {
    existed[index] = true;
  }
  return existed;
}

// Sends the records over a stream, in batches of three, and gives it up before its end if `is_cut`.
absl::StatusOr<std::vector<bool>> SendByStream(Client& client,
                                               const std::vector<v1::Feedback>& records,
                                               bool is_cut) {
  std::vector<bool> existed(records.size());
  size_t acknowledged = 0;
  const auto stream = client.StreamFeedback(
      [&](const v1::StreamFeedbackRequest& batch, const v1::StreamFeedbackResponse& response) {
        EXPECT_EQ(response.failures_size(), 0);
        for (int index : response.already_existed_indexes()) {
          existed[acknowledged + index] = true;
        }
        acknowledged += batch.feedback_size();
      });
  for (size_t i = 0; i < records.size(); i += 3) {
    v1::StreamFeedbackRequest batch;
    for (size_t j = i; j < std::min(i + 3, records.size()); ++j) {
      *batch.add_feedback() = records[j];
    }
    if (absl::Status status = stream->Send(std::move(batch)); !status.ok()) {
      return status;
    }
  }
  if (is_cut) {
    return absl::CancelledError("given up");
  }
  if (absl::Status status = stream->Finish(); !status.ok()) {
    return status;
  }
  EXPECT_EQ(acknowledged, records.size());
  return existed;
}

// Sends every record, in an order of its own, until each was acknowledged: alone, in batches and
// over streams. Before some of the calls the same is sent with a deadline that hardly any call
// meets, or over a stream that is given up.
void SendAll(const std::string& endpoint, uint64_t seed, Outcome& outcome) {
  Client patient = MakeClient(endpoint);
  Client hasty = MakeClient(endpoint, absl::Milliseconds(1));
  std::mt19937_64 random(seed);
  std::vector<int> order(Records());
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), random);
  for (size_t next = 0; next < order.size();) {
    const size_t size =
        random() % 3 == 0 ? std::min<size_t>(1 + random() % 50, order.size() - next) : 1;
    std::vector<v1::Feedback> records;
    for (size_t i = 0; i < size; ++i) {
      records.push_back(Record(order[next + i]));
    }
    if (random() % 3 == 0) {
      outcome.cut_short += TryBatch(hasty, records).ok() ? 0 : 1;
    }
    if (random() % 6 == 0) {
      outcome.cut_short += SendByStream(patient, records, /*is_cut=*/true).ok() ? 0 : 1;
    }
    const absl::StatusOr<std::vector<bool>> existed =
        size == 1           ? SendAlone(patient, records[0])
        : random() % 2 == 0 ? SendByStream(patient, records, /*is_cut=*/false)
                            : SendBatch(patient, records);
    if (!existed.ok()) {
      outcome.errors.push_back(existed.status().ToString());
    } else {
      for (size_t i = 0; i < size; ++i) {
        outcome.new_records[order[next + i]] += (*existed)[i] ? 0 : 1;
      }
    }
    next += size;
  }
}

TEST_P(ExactlyOnceTest, EachRecordOfEightSendersIsStoredOnce) {
  const uint64_t seed = SeedFromEnvOrRandom();
  const int records = Records();
  Create(client(), NpsSurvey("nps", {"region"}));
  std::vector<Outcome> outcomes(kSenders);
  std::vector<std::thread> senders;
  for (int i = 0; i < kSenders; ++i) {
    senders.emplace_back([&, i] { SendAll(endpoint(), seed + i, outcomes[i]); });
  }
  for (std::thread& sender : senders) {
    sender.join();
  }
  int cut_short = 0;
  std::vector<int> new_records(records);
  for (const Outcome& outcome : outcomes) {
    EXPECT_THAT(outcome.errors, ::testing::IsEmpty());
    cut_short += outcome.cut_short;
    for (int i = 0; i < records; ++i) {
      new_records[i] += outcome.new_records[i];
    }
  }
  // A record that nobody was told is new came in by a call that was cut short.
  EXPECT_LE(*std::max_element(new_records.begin(), new_records.end()), 1);
  EXPECT_GT(cut_short, 0);

  const v1::GetStatusResponse status = Status(client());
  EXPECT_EQ(status.feedback_count(), records);
  EXPECT_EQ(status.sequence(), records + 1);
  EXPECT_EQ(status.customer_count(), 100);
  EXPECT_EQ(status.since_start().accepted(), records);
  EXPECT_EQ(status.since_start().refused(), 0);
  std::vector<int64_t> histogram(11);
  for (int i = 0; i < records; ++i) {
    ++histogram[i % 11];
  }
  const v1::QueryMetricResponse answer =
      Query(client(),
            "survey_ids: 'nps' include_histogram: true granularity: GRANULARITY_DAY "
            "group_by: 'region'");
  EXPECT_EQ(answer.series_size(), 7);
  std::vector<int64_t> counted(11);
  for (const v1::MetricValue& point : answer.total().points()) {
    for (int score = 0; score < point.histogram_size(); ++score) {
      counted[score] += point.histogram(score);
    }
  }
  EXPECT_EQ(counted, histogram);
  for (int i = 0; i < records; i += 97) {
    EXPECT_EQ(Value(GetByExternalId(client(), "nps", absl::StrCat("row ", i))).feedback().score(),
              i % 11);
  }
}

}  // namespace
}  // namespace emptychair::testing
