// What a writer does with a server that works, and with code that adds too much.
#include "emptychair/client/feedback_writer.h"

#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "emptychair/client/mocks/mock_connection.h"
#include "tests/client/writer/writer_harness.h"

namespace emptychair {
namespace {

using ::emptychair::testing::HasField;
using ::emptychair::testing::HasReason;
using ::emptychair::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

class FeedbackWriterTest : public WriterTest {};

TEST_F(FeedbackWriterTest, SendsABatchOnceItsFirstRecordIsOldEnough) {
  Start();
  Add("a");
  clock_.Advance(absl::Milliseconds(9));
  Add("b");
  Pause();
  EXPECT_THAT(server_.received(), IsEmpty());
  clock_.Advance(absl::Milliseconds(1));
  AwaitResults(2);
  EXPECT_THAT(server_.received(), ElementsAre("1: a b"));
  EXPECT_THAT(results(), ElementsAre("a stored", "b stored"));
}

TEST_F(FeedbackWriterTest, SendsABatchOnceItHasRecordsOrBytesEnough) {
  options_.batch_records = 3;
  options_.batch_bytes = 1'000;
  Start();
  for (const char* id : {"a", "b", "c", "d"}) {
    Add(id);
  }
  AwaitResults(3);
  EXPECT_THAT(server_.received(), ElementsAre("1: a b c"));
  v1::Feedback large = Record("large");
  large.set_comment(std::string(990, 'x'));
  // It would not fit: what is there goes first.
  EXPECT_OK(writer_->Add(large, {}));
  AwaitResults(5);
  EXPECT_THAT(server_.received(), ElementsAre("1: a b c", "1: d", "1: large"));
}

TEST_F(FeedbackWriterTest, FlushSendsAtOnceAndWaitsForTheResults) {
  Start();
  Add("a");
  EXPECT_OK(writer_->Flush(kLong));
  EXPECT_THAT(results(), ElementsAre("a stored"));
  EXPECT_OK(writer_->Flush(absl::ZeroDuration()));
}

TEST_F(FeedbackWriterTest, FlushSaysHowManyAreNotAnswered) {
  server_.SetScript([](int, const auto&) { return ScriptedServer::Answer{.is_held = true}; });
  Start();
  Add("a");
  Add("b");
  WaitWhileTimePasses(absl::Seconds(1), [this] {
    EXPECT_THAT(writer_->Flush(absl::Seconds(1)),
                StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("2 records")));
  });
  AwaitBatches(1);
  server_.Release();
  EXPECT_OK(writer_->Flush(kLong));
}

TEST_F(FeedbackWriterTest, SendsSoManyBatchesBeforeOneIsAcknowledged) {
  server_.SetScript([](int, const auto&) { return ScriptedServer::Answer{.is_held = true}; });
  options_.batch_records = 1;
  options_.in_flight_batches = 3;
  Start();
  for (int i = 0; i < 10; ++i) {
    Add(absl::StrCat(i));
  }
  AwaitBatches(3);
  Pause();
  EXPECT_THAT(server_.received(), SizeIs(3));
  server_.Release();
  AwaitResults(10);
  EXPECT_EQ(results().back(), "9 stored");
}

TEST_F(FeedbackWriterTest, TellsWhatExistedAndWhatIsRefused) {
  server_.SetScript([](int, const v1::StreamFeedbackRequest& batch) {
    ScriptedServer::Answer answer;
    answer.response.set_accepted_count(1);
    answer.response.add_already_existed_indexes(1);
    answer.response.add_already_existed_indexes(3);
    for (int index : {0, 4}) {
      v1::BatchFailure& failure = *answer.response.add_failures();
      failure.set_index(index);
      *failure.mutable_status() = ToProto(Error(
          index == 0 ? v1::ERROR_REASON_SURVEY_NOT_FOUND : v1::ERROR_REASON_CONTENT_DIFFERS, "no"));
    }
    EXPECT_EQ(batch.feedback_size(), 5);
    return answer;
  });
  Start();
  for (const char* id : {"a", "b", "c", "d", "e"}) {
    Add(id);
  }
  EXPECT_OK(writer_->Flush(kLong));
  EXPECT_THAT(results(), ElementsAre("a rejected: SURVEY_NOT_FOUND", "b existed", "c stored",
                                     "d existed", "e rejected: CONTENT_DIFFERS"));
  const FeedbackWriterCounters counters = writer_->counters();
  EXPECT_EQ(counters.added, 5);
  EXPECT_EQ(counters.stored, 1);
  EXPECT_EQ(counters.already_existed, 2);
  EXPECT_EQ(counters.rejected, 2);
  EXPECT_EQ(counters.batches, 1);
  EXPECT_EQ(counters.queued_records, 0);
  EXPECT_EQ(counters.queued_bytes, 0);
  EXPECT_EQ(counters.oldest_age, absl::ZeroDuration());
}

TEST_F(FeedbackWriterTest, GivesARecordWithoutIdsOneOfNowAndItsTime) {
  Start();
  v1::Feedback feedback = Record("");
  EXPECT_OK(writer_->Add(feedback, {}));
  feedback.mutable_occur_time()->set_seconds(1'709'251'199);
  feedback.mutable_occur_time()->set_nanos(999'000'000);
  EXPECT_OK(writer_->Add(feedback, {}));
  EXPECT_OK(writer_->Flush(kLong));
  EXPECT_THAT(server_.received(), ElementsAre("1: 018d5f3f-4b7b 018df74f-83ff"));
  EXPECT_EQ(server_.stored().begin()->second.occur_time().ShortDebugString(),
            "seconds: 1706700000 nanos: 123000000");
}

TEST_F(FeedbackWriterTest, RefusesWhatTheServerWould) {
  Start();
  const auto add = [this](const std::function<void(v1::Feedback&)>& spoil) {
    v1::Feedback feedback = Record("a");
    spoil(feedback);
    return writer_->Add(feedback, {});
  };
  const auto fails = [](v1::ErrorReason reason, const char* field) {
    return AllOf(HasReason(reason), HasField(field));
  };
  EXPECT_THAT(add([](auto& f) { f.clear_survey_id(); }),
              fails(v1::ERROR_REASON_FIELD_REQUIRED, "feedback.survey_id"));
  EXPECT_THAT(add([](auto& f) { f.set_external_id("a\n"); }),
              fails(v1::ERROR_REASON_FIELD_INVALID, "feedback.external_id"));
  EXPECT_THAT(add([](auto& f) { f.set_comment("\xff"); }),
              fails(v1::ERROR_REASON_FIELD_INVALID, "feedback.comment"));
  EXPECT_THAT(add([](auto& f) { (*f.mutable_labels())["k"] = "(none)"; }),
              fails(v1::ERROR_REASON_FIELD_INVALID, "feedback.labels[\"k\"]"));
  EXPECT_THAT(add([](auto& f) { f.mutable_occur_time(); }),
              fails(v1::ERROR_REASON_FIELD_INVALID, "feedback.occur_time"));
  EXPECT_THAT(add([](auto& f) { f.mutable_occur_time()->set_seconds(-1); }),
              AllOf(HasReason(v1::ERROR_REASON_TIME_OUT_OF_RANGE),
                    StatusIs(absl::StatusCode::kInvalidArgument,
                             ::testing::EndsWith("wanted a time after 1970 began"))));
  EXPECT_THAT(add([](auto& f) {
                f.clear_external_id();
                f.mutable_occur_time()->set_nanos(-1);
              }),
              fails(v1::ERROR_REASON_FIELD_INVALID, "feedback.occur_time"));
  EXPECT_THAT(add([](auto& f) { f.mutable_exclusion(); }),
              fails(v1::ERROR_REASON_FIELD_REQUIRED, "feedback.exclusion.reason"));
  // Only the server's clock can tell.
  EXPECT_OK(add([](auto& f) { f.mutable_occur_time()->set_seconds(4'000'000'000); }));
  EXPECT_OK(writer_->Flush(kLong));
  EXPECT_EQ(writer_->counters().added, 1);
}

// A record of 20 bytes has 22 in a batch.
v1::Feedback SmallRecord(char id) {
  v1::Feedback feedback;
  feedback.set_survey_id("nps");
  feedback.set_external_id(std::string(13, id));
  EXPECT_EQ(feedback.ByteSizeLong(), 20u);
  return feedback;
}

class FullWriterTest : public WriterTest {
 protected:
  FullWriterTest() {
    options_.queue_bytes = 3 * 22;
    options_.batch_records = 1;
    options_.in_flight_batches = 1;
    server_.SetScript([](int, const auto&) { return ScriptedServer::Answer{.is_held = true}; });
  }

  // One on its way, two that wait.
  void Fill() {
    Start();
    ASSERT_OK(writer_->Add(SmallRecord('a'), {}));
    AwaitBatches(1);
    ASSERT_OK(writer_->Add(SmallRecord('b'), {}));
    ASSERT_OK(writer_->Add(SmallRecord('c'), {}));
  }
};

TEST_F(FullWriterTest, Refuses) {
  Fill();
  EXPECT_THAT(writer_->Add(SmallRecord('d'), {}),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("66 of 66")));
  EXPECT_EQ(writer_->counters().queued_bytes, 66);
  server_.Release();
  EXPECT_OK(writer_->Flush(kLong));
  EXPECT_OK(writer_->Add(SmallRecord('d'), {}));
  EXPECT_OK(writer_->Flush(kLong));
  EXPECT_THAT(results(), SizeIs(4));
}

TEST_F(FullWriterTest, BlocksUntilThereIsRoomOrTimeIsOver) {
  options_.when_full = WhenFull::kBlock;
  Fill();
  WaitWhileTimePasses(options_.block_timeout, [this] {
    EXPECT_THAT(writer_->Add(SmallRecord('d'), {}), StatusIs(absl::StatusCode::kResourceExhausted));
  });
  std::thread in_time([this] { EXPECT_OK(writer_->Add(SmallRecord('e'), {})); });
  Pause();
  server_.Release();
  in_time.join();
  EXPECT_OK(writer_->Flush(kLong));
  EXPECT_THAT(results(), ElementsAre("aaaaaaaaaaaaa stored", "bbbbbbbbbbbbb stored",
                                     "ccccccccccccc stored", "eeeeeeeeeeeee stored"));
}

TEST_F(FullWriterTest, BlocksNoLongerThanTheWriterIsOpen) {
  options_.when_full = WhenFull::kBlock;
  Fill();
  std::thread blocked([this] {
    EXPECT_THAT(writer_->Add(SmallRecord('d'), {}),
                StatusIs(absl::StatusCode::kFailedPrecondition));
  });
  Pause();
  WaitWhileTimePasses(absl::Milliseconds(1),
                      [this] { EXPECT_FALSE(writer_->Close(absl::Seconds(1)).ok()); });
  blocked.join();
}

TEST_F(FullWriterTest, DropsTheOldestThatIsNotOnItsWay) {
  options_.when_full = WhenFull::kDropOldest;
  Fill();
  EXPECT_OK(writer_->Add(SmallRecord('d'), {}));
  AwaitResults(1);
  EXPECT_OK(writer_->Add(SmallRecord('e'), {}));
  AwaitResults(2);
  server_.Release();
  EXPECT_OK(writer_->Flush(kLong));
  EXPECT_THAT(results(),
              ElementsAre("bbbbbbbbbbbbb gave up: QUEUE_FULL", "ccccccccccccc gave up: QUEUE_FULL",
                          "aaaaaaaaaaaaa stored", "ddddddddddddd stored", "eeeeeeeeeeeee stored"));
  const FeedbackWriterCounters counters = writer_->counters();
  EXPECT_EQ(counters.dropped, 2);
  EXPECT_EQ(counters.gave_up, 2);
  EXPECT_EQ(counters.queued_records, 0);
  EXPECT_EQ(counters.queued_bytes, 0);
}

TEST_F(FullWriterTest, RefusesWhatIsTooLargeForAllOfIt) {
  options_.when_full = WhenFull::kDropOldest;
  Start();
  v1::Feedback large = SmallRecord('a');
  large.set_comment(std::string(100, 'x'));
  EXPECT_THAT(writer_->Add(large, {}), StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(FeedbackWriterTest, ClosesAndGivesUpWhatIsNotAnswered) {
  server_.SetScript([](int, const auto&) { return ScriptedServer::Answer{.is_held = true}; });
  options_.batch_records = 1;
  options_.in_flight_batches = 1;
  Start();
  Add("on its way");
  AwaitBatches(1);
  Add("waiting");
  WaitWhileTimePasses(absl::Seconds(3), [this] {
    EXPECT_THAT(writer_->Close(absl::Seconds(3)),
                StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("2 records")));
  });
  EXPECT_THAT(results(),
              ElementsAre("on its way gave up: CANCELLED", "waiting gave up: CANCELLED"));
  EXPECT_THAT(writer_->Add(Record("late"), {}), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(writer_->Close(kLong), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_EQ(writer_->counters().gave_up, 2);
}

TEST_F(FeedbackWriterTest, EndsWithAllThatWasAdded) {
  Start();
  for (int i = 0; i < 2'500; ++i) {
    Add(absl::StrCat(i));
  }
  EXPECT_OK(writer_->Close(kLong));
  EXPECT_OK(writer_->Close(kLong));
  EXPECT_THAT(results(), SizeIs(2'500));
  EXPECT_EQ(server_.stored().size(), 2'500u);
}

TEST_F(FeedbackWriterTest, AnExceptionOfOnResultIsCountedAndChangesNothing) {
  options_.on_result = [note = options_.on_result](const FeedbackResult& result) {
    note(result);
    throw std::runtime_error("no");
  };
  Start();
  Add("a");
  Add("b");
  EXPECT_OK(writer_->Flush(kLong));
  EXPECT_THAT(results(), ElementsAre("a stored", "b stored"));
  EXPECT_EQ(writer_->counters().exceptions, 2);
}

TEST_F(FeedbackWriterTest, OnResultCanAddButNotWait) {
  absl::Status flushed;
  options_.on_result = [&, note = options_.on_result](const FeedbackResult& result) {
    note(result);
    if (result.feedback().external_id() == "a") {
      EXPECT_OK(writer_->Add(Record("b"), {}));
      flushed = writer_->Flush(kLong);
    }
  };
  Start();
  Add("a");
  AwaitResults(2, absl::Milliseconds(1));
  EXPECT_OK(writer_->Close(kLong));
  EXPECT_THAT(flushed, StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(FeedbackWriterTest, ManyThreadsAdd) {
  options_.batch_records = 7;
  Start();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < 500; ++i) {
        Add(absl::StrCat(t, "-", i));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_OK(writer_->Close(kLong));
  EXPECT_EQ(server_.stored().size(), 2'000u);
  EXPECT_THAT(results(), SizeIs(2'000));
  EXPECT_EQ(writer_->counters().stored, 2'000);
}

TEST_F(FeedbackWriterTest, IsOfNoUseInAForkedProcess) {
  Start();
  const pid_t child = fork();
  if (child == 0) {
    const bool is_refused = absl::IsFailedPrecondition(writer_->Add(Record("a"), {})) &&
                            absl::IsFailedPrecondition(writer_->Flush(kLong)) &&
                            absl::IsFailedPrecondition(writer_->Close(kLong));
    _exit(is_refused ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  Add("a");
  EXPECT_OK(writer_->Flush(kLong));
}

TEST_F(FeedbackWriterTest, NamesTheOptionThatIsOutOfItsRange) {
  const auto start = [](const std::function<void(FeedbackWriterOptions&)>& spoil) {
    FeedbackWriterOptions options;
    spoil(options);
    return FeedbackWriter::Create(Client(std::make_shared<MockConnection>()), options).status();
  };
  EXPECT_THAT(start([](auto& o) { o.batch_records = 10'001; }), HasField("batch_records"));
  EXPECT_THAT(start([](auto& o) { o.batch_bytes = (4 << 20) + 1; }), HasField("batch_bytes"));
  EXPECT_THAT(start([](auto& o) { o.queue_bytes = 0; }), HasField("queue_bytes"));
  EXPECT_THAT(start([](auto& o) { o.in_flight_batches = 9; }), HasField("in_flight_batches"));
  EXPECT_THAT(start([](auto& o) { o.linger = -absl::Seconds(1); }), HasField("linger"));
  EXPECT_THAT(start([](auto& o) { o.block_timeout = -absl::Seconds(1); }),
              HasField("block_timeout"));
  EXPECT_THAT(start([](auto& o) { o.give_up_after = -absl::Seconds(1); }),
              HasField("give_up_after"));
  EXPECT_THAT(start([](auto& o) { o.spool.bytes_max = 0; }), HasField("spool.bytes_max"));
  EXPECT_OK(start([](auto&) {}));
}

}  // namespace
}  // namespace emptychair
