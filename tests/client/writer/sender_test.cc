// What a writer does when something is wrong on the way: every record is answered once.
#include "client/writer/sender.h"

#include <atomic>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "tests/client/writer/writer_harness.h"
#include "tests/helpers/seed.h"

namespace emptychair {
namespace {

using ::emptychair::testing::SeedFromEnvOrRandom;
using ::emptychair::testing::StatusIs;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

using Answer = ScriptedServer::Answer;

bool Has(const v1::StreamFeedbackRequest& batch, absl::string_view external_id) {
  for (const v1::Feedback& feedback : batch.feedback()) {
    if (feedback.external_id() == external_id) {
      return true;
    }
  }
  return false;
}

class SenderTest : public WriterTest {
 protected:
  SenderTest() { options_.batch_records = 2; }

  // The first stream fails so, the next ones store.
  void FailOnce(absl::Status error, bool is_stored = false) {
    server_.SetScript([this, error, is_stored](int stream, const auto& batch) {
      return stream == 1 ? Answer{.error = error, .is_stored = is_stored}
                         : Answer{.response = server_.Store(batch)};
    });
  }
};

TEST_F(SenderTest, SendsTheSameBatchesAgainInTheSameOrder) {
  // Three batches were stored, and their answers are lost.
  FailOnce(absl::UnavailableError("gone"), /*is_stored=*/true);
  Start();
  for (int i = 0; i < 6; ++i) {
    EXPECT_OK(writer_->Add(Record(""), {}));  // Ids of the writer's.
  }
  AwaitResults(6, absl::Milliseconds(50));
  const std::vector<std::string> batches = server_.batches();
  const size_t first = batches.size() - 3;
  for (size_t i = 0; i < first; ++i) {
    EXPECT_EQ(batches[i], batches[first + i]);
  }
  EXPECT_THAT(server_.stored(), SizeIs(6));
  // It cannot be known which time stored them.
  EXPECT_THAT(results(), Each(EndsWith(" stored")));
  EXPECT_EQ(writer_->counters().reconnects, 1);
  EXPECT_OK(writer_->counters().last_error);
}

TEST_F(SenderTest, WaitsBeforeItSendsAgain) {
  FailOnce(ShuttingDownError());  // Asks for a second.
  Start();
  AddAll({"a", "b"});
  AwaitError(absl::StatusCode::kUnavailable);
  clock_.Advance(absl::Milliseconds(999));
  Pause();
  EXPECT_THAT(server_.received(), SizeIs(1));
  EXPECT_EQ(writer_->counters().oldest_age, absl::Milliseconds(999));
  clock_.Advance(absl::Milliseconds(1));
  AwaitResults(2);
}

TEST_F(SenderTest, KeepsGatheringWhileItWaits) {
  FailOnce(absl::InternalError("broken"));
  Start();
  AddAll({"a", "b"});
  AwaitError(absl::StatusCode::kInternal);
  AddAll({"c", "d", "e"});
  EXPECT_THAT(writer_->Flush(absl::ZeroDuration()),
              StatusIs(absl::StatusCode::kDeadlineExceeded,
                       HasSubstr("5 records are not answered; the last error: INTERNAL: broken")));
  AwaitResults(5, absl::Milliseconds(100));
  EXPECT_THAT(server_.received(), ElementsAre("1: a b", "2: a b", "2: c d", "2: e"));
}

TEST_F(SenderTest, TriesARefusedKeyOnceMoreAtOnceThenEveryThirtySeconds) {
  std::atomic<bool> is_right = false;
  server_.SetScript([&](int, const auto& batch) {
    return is_right ? Answer{.response = server_.Store(batch)}
                    : Answer{.error = Error(v1::ERROR_REASON_KEY_INVALID, "no such key")};
  });
  Start();
  AddAll({"a", "b"});
  AwaitBatches(2);  // At once: the key may have been renewed.
  AwaitBatches(3, absl::Seconds(1));
  EXPECT_GE(clock_.Monotonic(), absl::Seconds(30));
  EXPECT_THAT(writer_->counters().last_error, StatusIs(absl::StatusCode::kUnauthenticated));
  is_right = true;
  AwaitResults(2, absl::Seconds(1));
  EXPECT_GE(clock_.Monotonic(), absl::Seconds(60));
  EXPECT_THAT(results(), Each(EndsWith(" stored")));
}

TEST_F(SenderTest, WaitsForPermissionsAndQuotasToo) {
  for (const absl::Status& error : {Error(v1::ERROR_REASON_NOT_PERMITTED, "no"),
                                    Error(v1::ERROR_REASON_QUOTA_EXCEEDED, "no")}) {
    std::atomic<bool> is_first = true;
    server_.SetScript([&](int, const auto& batch) {
      return is_first.exchange(false) ? Answer{.error = error}
                                      : Answer{.response = server_.Store(batch)};
    });
    const size_t before = server_.received().size();
    Start();
    AddAll({"a", "b"});
    AwaitError(error.code());
    clock_.Advance(absl::Milliseconds(29'999));
    Pause();
    EXPECT_THAT(server_.received(), SizeIs(before + 1));
    clock_.Advance(absl::Milliseconds(1));
    EXPECT_OK(writer_->Close(kLong));
    EXPECT_THAT(server_.received(), SizeIs(before + 2));
  }
}

TEST_F(SenderTest, FindsTheRecordThatNoBatchCanHave) {
  options_.batch_records = 5;
  server_.SetScript([this](int, const v1::StreamFeedbackRequest& batch) {
    return Has(batch, "bad")
               ? Answer{.error = FieldError(v1::ERROR_REASON_FIELD_INVALID, "feedback", "no")}
               : Answer{.response = server_.Store(batch)};
  });
  Start();
  std::vector<std::string> ids;
  for (int i = 0; i < 20; ++i) {
    ids.push_back(i == 13 ? "bad" : absl::StrCat(i));
  }
  AddAll(ids);
  EXPECT_OK(writer_->Flush(kLong));
  EXPECT_THAT(results(), SizeIs(20));
  EXPECT_THAT(results(), Contains("bad rejected: FIELD_INVALID"));
  EXPECT_EQ(server_.stored().size(), 19u);
  // No time passed: what is wrong with a batch is not waited for. Then all goes on as before.
  EXPECT_EQ(clock_.Monotonic(), absl::ZeroDuration());
  AddAll({"x", "y"});
  EXPECT_OK(writer_->Flush(kLong));
}

TEST_F(SenderTest, FindsItWhenItIsNotInTheFirstThatIsUnacknowledged) {
  // A message that is too large can end the call before the ones before it are answered.
  options_.batch_records = 1;
  server_.SetScript([this](int stream, const v1::StreamFeedbackRequest& batch) {
    if (Has(batch, "bad")) {
      return Answer{.error = absl::ResourceExhaustedError("Received message larger than max"),
                    .ends_at_once = true};
    }
    return stream == 1 ? Answer{.is_held = true} : Answer{.response = server_.Store(batch)};
  });
  Start();
  AddAll({"a", "b", "bad", "c"});
  EXPECT_OK(writer_->Flush(kLong));
  EXPECT_THAT(results(),
              ElementsAre("a stored", "b stored", "bad rejected: RESOURCE_EXHAUSTED", "c stored"));
}

TEST_F(SenderTest, RefusesAllOfABatchInWhichAllAreGuilty) {
  options_.batch_records = 7;
  server_.SetScript(
      [](int, const auto&) { return Answer{.error = absl::InvalidArgumentError("never")}; });
  Start();
  AddAll({"a", "b", "c", "d", "e", "f", "g"});
  EXPECT_OK(writer_->Flush(kLong));
  EXPECT_THAT(results(), ElementsAre("a rejected: INVALID_ARGUMENT", "b rejected: INVALID_ARGUMENT",
                                     "c rejected: INVALID_ARGUMENT", "d rejected: INVALID_ARGUMENT",
                                     "e rejected: INVALID_ARGUMENT", "f rejected: INVALID_ARGUMENT",
                                     "g rejected: INVALID_ARGUMENT"));
}

TEST_F(SenderTest, GivesUpWhatIsTooOldAndNothingElse) {
  server_.SetScript(
      [](int, const auto&) { return Answer{.error = absl::UnavailableError("away")}; });
  options_.give_up_after = absl::Minutes(1);
  Start();
  AddAll({"a"});
  clock_.Advance(options_.linger);
  AwaitBatches(1);
  clock_.Advance(absl::Seconds(30));
  AddAll({"b", "c", "d"});
  clock_.Advance(absl::Seconds(29));
  Pause();
  EXPECT_THAT(results(), IsEmpty());
  clock_.Advance(absl::Seconds(1));
  AwaitResults(1);
  EXPECT_THAT(results(), ElementsAre("a gave up: UNAVAILABLE"));
  clock_.Advance(absl::Seconds(30));
  AwaitResults(4);
  EXPECT_OK(writer_->Close(kLong));
  EXPECT_EQ(writer_->counters().gave_up, 4);
  EXPECT_EQ(writer_->counters().dropped, 0);
}

TEST_F(SenderTest, NeverGivesUpWhenItIsToldNotTo) {
  server_.SetScript(
      [](int, const auto&) { return Answer{.error = absl::UnavailableError("away")}; });
  options_.give_up_after = absl::ZeroDuration();
  Start();
  AddAll({"a"});
  clock_.Advance(absl::Hours(10'000));
  AwaitBatches(5, absl::Hours(1));
  EXPECT_THAT(results(), IsEmpty());
}

TEST_F(SenderTest, SendsARecordAgainThatTheServerCouldNotTakeYet) {
  std::atomic<bool> is_first = true;
  server_.SetScript([&](int, const v1::StreamFeedbackRequest& batch) {
    if (!is_first.exchange(false)) {
      return Answer{.response = server_.Store(batch)};
    }
    Answer answer;
    v1::BatchFailure& failure = *answer.response.add_failures();
    failure.set_index(0);
    *failure.mutable_status() =
        ToProto(RetryableError(v1::ERROR_REASON_SURVEY_CHANGED, "again", absl::Milliseconds(100)));
    return answer;
  });
  Start();
  AddAll({"a", "b"});
  AwaitResults(1);
  clock_.Advance(absl::Milliseconds(99));
  Pause();
  EXPECT_THAT(server_.received(), SizeIs(1));
  EXPECT_EQ(writer_->counters().queued_records, 1);
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_OK(writer_->Flush(kLong));
  EXPECT_THAT(results(), ElementsAre("b stored", "a stored"));
  EXPECT_THAT(server_.received(), ElementsAre("1: a b", "1: a"));
}

TEST_F(SenderTest, SaysWhenTheMachinesClockIsAhead) {
  std::string message;
  options_.on_result = [&](const FeedbackResult& result) {
    absl::StrAppend(&message, result.status.message(), "\n", ReasonNameOf(result.status), "\n");
  };
  server_.SetScript([](int, const v1::StreamFeedbackRequest& batch) {
    Answer answer;
    for (int i = 0; i < batch.feedback_size(); ++i) {
      v1::BatchFailure& failure = *answer.response.add_failures();
      failure.set_index(i);
      *failure.mutable_status() =
          ToProto(FieldError(v1::ERROR_REASON_TIME_OUT_OF_RANGE, "feedback.feedback_id", "no"));
    }
    return answer;
  });
  Start();
  EXPECT_OK(writer_->Add(Record(""), {}));
  v1::Feedback own_time = Record("");
  own_time.mutable_occur_time()->set_seconds(4'000'000'000);
  EXPECT_OK(writer_->Add(own_time, {}));
  EXPECT_OK(writer_->Close(kLong));
  EXPECT_EQ(message,
            "this machine's clock, of which the record's time is, is ahead of the server's; "
            "feedback.feedback_id: no\nTIME_OUT_OF_RANGE\n"
            "feedback.feedback_id: no\nTIME_OUT_OF_RANGE\n");
}

TEST_F(SenderTest, CloseEndsTheWaitOnTheServerAndTheWaitAfterAnError) {
  for (const bool is_held : {true, false}) {
    server_.SetScript([is_held](int, const auto&) {
      return Answer{.error = absl::UnavailableError("away"), .is_held = is_held};
    });
    const size_t before = server_.received().size();
    Start();
    AddAll({"a", "b"});
    AwaitBatches(before + 1);
    EXPECT_THAT(writer_->Close(absl::ZeroDuration()),
                StatusIs(absl::StatusCode::kDeadlineExceeded));
  }
  EXPECT_THAT(results(), SizeIs(4));
}

// Whatever happens on the way, each record is stored once and has one result.
TEST_F(SenderTest, RandomTroubleLosesAndRepeatsNothing) {
  const uint64_t seed = SeedFromEnvOrRandom();
  std::mt19937_64 random(seed);
  options_.batch_records = 5;
  const std::vector<absl::Status> errors = {
      absl::UnavailableError("x"), ShuttingDownError(), absl::InternalError("x"),
      Error(v1::ERROR_REASON_KEY_INVALID, "x"), absl::InvalidArgumentError("x")};
  server_.SetScript([&](int, const v1::StreamFeedbackRequest& batch) {
    for (const v1::Feedback& feedback : batch.feedback()) {
      if (absl::StartsWith(feedback.external_id(), "bad")) {
        return Answer{.error = absl::InvalidArgumentError("bad")};
      }
    }
    const uint64_t draw = random() % 12;
    if (draw < 4) {
      return Answer{.error = errors[draw], .is_stored = random() % 2 == 0};
    }
    return Answer{.response = server_.Store(batch)};
  });
  options_.give_up_after = absl::ZeroDuration();
  Start();
  size_t bad = 0;
  constexpr size_t kRecords = 600;
  std::mt19937_64 names(seed + 1);
  for (size_t i = 0; i < kRecords; ++i) {
    const bool is_bad = names() % 40 == 0;
    bad += is_bad ? 1 : 0;
    Add(absl::StrCat(is_bad ? "bad " : "good ", i));
  }
  AwaitResults(kRecords, absl::Seconds(5));
  std::set<std::string> told;
  for (const std::string& result : results()) {
    EXPECT_TRUE(told.insert(result).second) << result;
    EXPECT_THAT(result, absl::StartsWith(result, "bad")
                            ? ::testing::Matcher<std::string>(HasSubstr("rejected"))
                            : ::testing::Matcher<std::string>(EndsWith(" stored")));
  }
  EXPECT_EQ(server_.stored().size(), kRecords - bad);
  EXPECT_OK(writer_->Flush(kLong));
  EXPECT_EQ(writer_->counters().queued_bytes, 0);
}

}  // namespace
}  // namespace emptychair
