// Changes as they happen.
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/errors.h"
#include "common/base/timestamp.h"
#include "emptychair/v1/feedback_service.grpc.pb.h"
#include "gmock/gmock.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A watch that is read message by message.
class Watch {
 public:
  Watch(const Client& client, const std::string& request)
      : range_(client.WatchFeedback(FromText<v1::WatchFeedbackRequest>(request))) {}

  absl::StatusOr<v1::WatchFeedbackResponse> Next() {
    if (position_.has_value()) {
      ++*position_;
    } else {
      position_.emplace(range_.begin());
    }
    return **position_;
  }

  // "SEQUENCE KIND EXTERNAL_ID", up to the change `sequence`.
  std::vector<std::string> Until(int64_t sequence) {
    std::vector<std::string> changes;
    while (sequence_ < sequence) {
      const auto message = Next();
      if (!message.ok()) {
        ADD_FAILURE() << message.status();
        break;
      }
      EXPECT_GE(message->sequence(), sequence_);
      for (const v1::FeedbackChange& change : message->changes()) {
        EXPECT_GT(change.sequence(), sequence_);
        sequence_ = change.sequence();
        changes.push_back(absl::StrCat(change.sequence(), " ",
                                       v1::ChangeKind_Name(change.kind()).substr(12), " ",
                                       change.feedback().external_id()));
      }
      sequence_ = message->sequence();
    }
    return changes;
  }

 private:
  ResultRange<v1::WatchFeedbackResponse> range_;
  std::optional<ResultRange<v1::WatchFeedbackResponse>::Iterator> position_;
  int64_t sequence_ = 0;
};

class WatchTest : public ServiceTest {
 protected:
  WatchTest() {
    Create(client(), NpsSurvey("nps"));
    Create(client(), NpsSurvey("other"));
  }

  int64_t SubmitTo(const std::string& survey, const std::string& id, int score = 9) {
    return Submit(client(), Answer(survey, id, kTime, score)).sequence();
  }

  // A position of the store's present history, as a request has it.
  std::string Behind(int64_t sequence) {
    const v1::GetStatusResponse status = Status(client());
    return absl::StrCat("after_sequence: ", sequence, " store_id: '", status.store_id(),
                        "' epoch: '", status.epoch(), "'");
  }

  absl::Status Refusal(const std::string& request) {
    return Watch(client(), request).Next().status();
  }
};

EMPTYCHAIR_ON_BOTH_BACKENDS(WatchTest);

TEST_P(WatchTest, PassesOverWhatWasMeasured) {
  std::vector<v1::Feedback> answers;
  for (int i = 0; i < 31; ++i) {
    answers.push_back(Answer("nps", absl::StrCat(i), kTime - (1 + i) * absl::Hours(24), i % 11));
  }
  SubmitAll(client(), answers);
  const int64_t before = Status(client()).sequence();
  v1::MeasureRepeatsRequest measure;
  measure.set_survey_id("nps");
  *measure.mutable_as_of() = ToTimestamp(kTime);
  ASSERT_EQ(Value(client().MeasureRepeats(measure)).sequence(), before + 1);
  const int64_t last = SubmitTo("nps", "last");
  EXPECT_EQ(last, before + 2);
  EXPECT_THAT(Watch(client(), Behind(before)).Until(last),
              ElementsAre(absl::StrCat(last, " CREATED last")));
}

TEST_P(WatchTest, SendsEveryChangeInOrderWithTheRecordAsItIsNow) {
  const v1::Feedback first = Submit(client(), Answer("nps", "a", kTime, 9)).feedback();
  const v1::Feedback second = Submit(client(), Answer("nps", "b", kTime, 3)).feedback();
  v1::AmendFeedbackRequest amend;
  *amend.mutable_feedback() = first;
  amend.mutable_feedback()->set_score(5);
  amend.mutable_update_mask()->add_paths("score");
  ASSERT_OK(client().AmendFeedback(amend));
  v1::ExcludeFeedbackRequest exclude;
  exclude.set_survey_id("nps");
  exclude.set_feedback_id(first.feedback_id());
  exclude.set_reason(v1::EXCLUSION_REASON_BOT);
  ASSERT_OK(client().ExcludeFeedback(exclude));
  v1::IncludeFeedbackRequest include;
  include.set_survey_id("nps");
  include.set_feedback_id(first.feedback_id());
  ASSERT_OK(client().IncludeFeedback(include));
  v1::EraseFeedbackRequest erase;
  erase.set_survey_id("nps");
  erase.set_feedback_id(second.feedback_id());
  ASSERT_OK(client().EraseFeedback(erase));

  const v1::WatchFeedbackResponse message = Value(Watch(client(), "after_sequence: 0").Next());
  EXPECT_EQ(message.sequence(), Status(client()).sequence());
  EXPECT_EQ(message.store_id(), Status(client()).store_id());
  EXPECT_EQ(message.epoch(), Status(client()).epoch());
  EXPECT_EQ(message.epoch().size(), 16u);
  ASSERT_EQ(message.changes_size(), 6);
  v1::Feedback erased;
  erased.set_survey_id("nps");
  erased.set_feedback_id(second.feedback_id());
  erased.set_sequence(message.sequence());
  v1::GetFeedbackRequest get;
  get.set_survey_id("nps");
  get.set_feedback_id(first.feedback_id());
  const v1::Feedback now = Value(client().GetFeedback(get)).feedback();
  EXPECT_EQ(now.score(), 5);
  const v1::ChangeKind kinds[] = {v1::CHANGE_KIND_CREATED,  v1::CHANGE_KIND_CREATED,
                                  v1::CHANGE_KIND_AMENDED,  v1::CHANGE_KIND_EXCLUDED,
                                  v1::CHANGE_KIND_INCLUDED, v1::CHANGE_KIND_ERASED};
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(message.changes(i).kind(), kinds[i]) << i;
    EXPECT_EQ(message.changes(i).sequence(), i + 3) << i;  // Behind the two surveys.
    EXPECT_THAT(message.changes(i).feedback(), EqualsMessage(i == 1 || i == 5 ? erased : now)) << i;
  }
}

TEST_P(WatchTest, BeginsWithNowAndTellsAtOnceWhereThatIs) {
  const int64_t sequence = SubmitTo("nps", "a");
  Watch watch(client(), "");
  const v1::WatchFeedbackResponse first = Value(watch.Next());
  EXPECT_EQ(first.sequence(), sequence);
  EXPECT_THAT(first.changes(), IsEmpty());
  SubmitTo("nps", "b");
  EXPECT_THAT(watch.Until(SubmitTo("nps", "c")), ElementsAre("4 CREATED b", "5 CREATED c"));
}

TEST_P(WatchTest, GoesOnFromAnyPositionWithoutGapsOrRepeats) {
  std::vector<std::string> all;
  for (int i = 0; i < 30; ++i) {
    const std::string id = absl::StrCat("row ", i);
    all.push_back(absl::StrCat(SubmitTo(i % 3 == 0 ? "other" : "nps", id), " CREATED ", id));
  }
  for (int i = 0; i <= 30; ++i) {
    Watch watch(client(), Behind(i + 2));
    EXPECT_EQ(watch.Until(32), std::vector<std::string>(all.begin() + i, all.end()));
  }
}

TEST_P(WatchTest, SendsOnlyTheSurveysAskedForAndStillSaysHowFarItIs) {
  SubmitTo("nps", "a");
  const int64_t sequence = SubmitTo("other", "b");
  const v1::WatchFeedbackResponse nothing =
      Value(Watch(client(), absl::StrCat("survey_ids: 'nps' ", Behind(sequence - 1))).Next());
  EXPECT_EQ(nothing.sequence(), sequence);
  EXPECT_THAT(nothing.changes(), IsEmpty());
  Watch watch(client(), "survey_ids: 'other' after_sequence: 0");
  EXPECT_THAT(watch.Until(sequence), ElementsAre(absl::StrCat(sequence, " CREATED b")));
  // Of a survey that nobody asked for comes a word when many changes have been passed over.
  std::vector<v1::Feedback> many;
  for (int i = 0; i < 10'000; ++i) {
    many.push_back(Answer("nps", absl::StrCat("many ", i), kTime, 7));
  }
  SubmitAll(client(), many);
  const v1::WatchFeedbackResponse passed_over = Value(watch.Next());
  EXPECT_GE(passed_over.sequence(), sequence + 10'000);
  EXPECT_THAT(passed_over.changes(), IsEmpty());
}

TEST_P(WatchTest, SendsMuchInPartsThatAClientTakes) {
  std::vector<v1::Feedback> records;
  for (int i = 0; i < 2'500; ++i) {
    records.push_back(Answer("nps", absl::StrCat("row ", i), kTime, 9));
    if (i < 100) {
      records.back().set_comment(std::string(16'000, 'x'));
    }
  }
  SubmitAll(client(), records);
  Watch watch(client(), Behind(2));
  int64_t next = 3;
  while (next < 2'503) {
    const v1::WatchFeedbackResponse message = Value(watch.Next());
    ASSERT_FALSE(message.changes().empty());
    EXPECT_LE(message.changes_size(), 1'000);
    EXPECT_LE(message.ByteSizeLong(), 300'000u);
    for (const v1::FeedbackChange& change : message.changes()) {
      EXPECT_EQ(change.sequence(), next);
      EXPECT_EQ(change.feedback().external_id(), absl::StrCat("row ", next - 3));
      ++next;
    }
  }
}

TEST_P(WatchTest, LeavesOutWhatWasDeletedWithItsSurvey) {
  SubmitTo("other", "a");
  const int64_t sequence = SubmitTo("nps", "b");
  v1::DeleteSurveyRequest request;
  request.set_survey_id("other");
  request.set_confirm_survey_id("other");
  ASSERT_OK(client().DeleteSurvey(request));
  EXPECT_THAT(Watch(client(), "after_sequence: 0").Until(sequence),
              ElementsAre(absl::StrCat(sequence, " CREATED b"),
                          absl::StrCat(sequence + 1, " SURVEY_DELETED ")));
}

TEST_P(WatchTest, TellsOfADeletedSurveyByItsId) {
  Watch all(client(), "");
  Watch other(client(), "survey_ids: 'other'");
  Watch nps(client(), "survey_ids: 'nps'");
  ASSERT_OK(all.Next());
  ASSERT_OK(other.Next());
  ASSERT_OK(nps.Next());
  const std::string before = Behind(2);
  v1::DeleteSurveyRequest request;
  request.set_survey_id("other");
  request.set_confirm_survey_id("other");
  ASSERT_OK(client().DeleteSurvey(request));
  v1::FeedbackChange expected;
  expected.set_kind(v1::CHANGE_KIND_SURVEY_DELETED);
  expected.set_sequence(3);
  expected.mutable_feedback()->set_survey_id("other");
  EXPECT_THAT(Value(all.Next()).changes(), ElementsAre(EqualsMessage(expected)));
  EXPECT_THAT(Value(other.Next()).changes(), ElementsAre(EqualsMessage(expected)));
  SubmitTo("nps", "a");
  EXPECT_THAT(nps.Until(4), ElementsAre("4 CREATED a"));
  // Who was away hears of the deletion by the id, also when another survey has that by now.
  EXPECT_THAT(Watch(client(), "survey_ids: 'other' " + before).Until(4),
              ElementsAre("3 SURVEY_DELETED "));
  EXPECT_THAT(Refusal("survey_ids: 'other'"), HasReason(v1::ERROR_REASON_SURVEY_NOT_FOUND));
  Create(client(), NpsSurvey("other"));
  EXPECT_THAT(Watch(client(), "survey_ids: 'other' " + before).Until(SubmitTo("other", "b")),
              ElementsAre("3 SURVEY_DELETED ", "6 CREATED b"));
}

TEST_P(WatchTest, RefusesWhatItCannotBeginWith) {
  struct Row {
    std::string request;
    v1::ErrorReason reason;
    std::string field;
  };
  const std::string other_store = "store_id: '00000000-0000-4000-8000-000000000000'";
  const Row rows[] = {
      {"after_sequence: -1", v1::ERROR_REASON_FIELD_INVALID, "after_sequence"},
      {Behind(3), v1::ERROR_REASON_STORE_CHANGED, "after_sequence"},
      {Behind(9'223'372'036'854'775'807), v1::ERROR_REASON_STORE_CHANGED, "after_sequence"},
      {"after_sequence: 1", v1::ERROR_REASON_FIELD_REQUIRED, "store_id"},
      {"after_sequence: 1 epoch: '0123456789abcdef'", v1::ERROR_REASON_FIELD_REQUIRED, "store_id"},
      {absl::StrCat("after_sequence: 1 store_id: '", Status(client()).store_id(), "'"),
       v1::ERROR_REASON_FIELD_REQUIRED, "epoch"},
      {"after_sequence: 0 epoch: 'x'", v1::ERROR_REASON_FIELD_INVALID, "epoch"},
      {"after_sequence: 0 epoch: '0x23456789abcdef'", v1::ERROR_REASON_FIELD_INVALID, "epoch"},
      {absl::StrCat("after_sequence: 1 epoch: '0123456789abcdef' store_id: '",
                    Status(client()).store_id(), "'"),
       v1::ERROR_REASON_STORE_CHANGED, "epoch"},
      {other_store + " after_sequence: 1 epoch: '0123456789abcdef'", v1::ERROR_REASON_STORE_CHANGED,
       "store_id"},
      {other_store, v1::ERROR_REASON_STORE_CHANGED, "store_id"},
      {other_store + " after_sequence: 0", v1::ERROR_REASON_STORE_CHANGED, "store_id"},
      {"store_id: 'x'", v1::ERROR_REASON_STORE_CHANGED, "store_id"},
      {"survey_ids: ''", v1::ERROR_REASON_FIELD_REQUIRED, "survey_ids[0]"},
      {"survey_ids: 'NPS'", v1::ERROR_REASON_FIELD_INVALID, "survey_ids[0]"},
      {"survey_ids: 'nps' survey_ids: 'a b'", v1::ERROR_REASON_FIELD_INVALID, "survey_ids[1]"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.request);
    const absl::Status refusal = Refusal(row.request);
    EXPECT_THAT(refusal, HasReason(row.reason));
    EXPECT_THAT(refusal, HasField(row.field));
    EXPECT_EQ(refusal.code(), CodeOf(row.reason));
  }
  EXPECT_THAT(Refusal("survey_ids: 'nobody'"), HasReason(v1::ERROR_REASON_SURVEY_NOT_FOUND));
  // Twice the same, and the store's own id, are fine.
  EXPECT_OK(Refusal("survey_ids: 'nps' survey_ids: 'nps'"));
  EXPECT_OK(Refusal(absl::StrCat("store_id: '", Status(client()).store_id(), "'")));
}

TEST_P(WatchTest, EndsWhenItIsToldToStop) {
  std::stop_source stop;
  v1::WatchFeedbackRequest request;
  ResultRange<v1::WatchFeedbackResponse> range = client().WatchFeedback(request, stop.get_token());
  auto message = range.begin();
  ASSERT_OK(*message);
  std::thread stopper([&] { stop.request_stop(); });
  ++message;
  EXPECT_TRUE(absl::IsCancelled(message->status())) << message->status();
  stopper.join();
}

// Watchers that begin anew again and again, each at its own pace, while four clients submit.
TEST_P(WatchTest, SeesEachChangeOnceWhileOthersWrite) {
  constexpr int kWriters = 4;
  constexpr int kEach = 150;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      for (int i = 0; i < kEach; ++i) {
        SubmitTo("nps", absl::StrCat(writer, " ", i));
      }
    });
  }
  constexpr int64_t kLast = 2 + kWriters * kEach;
  std::vector<std::thread> watchers;
  for (int watcher = 0; watcher < 3; ++watcher) {
    watchers.emplace_back([&, watcher] {
      int64_t sequence = 2;
      while (sequence < kLast) {
        Watch watch(client(), Behind(sequence));
        for (int messages = 0; messages <= watcher * 5 && sequence < kLast; ++messages) {
          const auto message = watch.Next();
          ASSERT_OK(message);
          for (const v1::FeedbackChange& change : message->changes()) {
            ASSERT_EQ(change.sequence(), ++sequence);
            ASSERT_EQ(change.feedback().sequence(), sequence);
          }
          ASSERT_EQ(message->sequence(), sequence);
        }
      }
    });
  }
  for (std::thread& thread : writers) {
    thread.join();
  }
  for (std::thread& thread : watchers) {
    thread.join();
  }
}

// None of them reads: no thread of the server waits for any of them, and it stops in time.
TEST_P(WatchTest, ManyWatchersThatDoNotReadHoldUpNobody) {
  std::vector<v1::Feedback> records;
  for (int i = 0; i < 2'000; ++i) {
    records.push_back(Answer("nps", absl::StrCat("row ", i), kTime, 9));
    records.back().set_comment(std::string(2'000, 'x'));
  }
  SubmitAll(client(), records);
  const auto stub = v1::FeedbackService::NewStub(
      grpc::CreateChannel(endpoint(), grpc::InsecureChannelCredentials()));
  v1::WatchFeedbackRequest request;
  request.set_after_sequence(0);
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::WatchFeedbackResponse>>> readers;
  for (int i = 0; i < 30; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    readers.push_back(stub->WatchFeedback(contexts.back().get(), request));
    readers.back()->WaitForInitialMetadata();
  }
  EXPECT_EQ(Total(client(), "nps").answers(), 2'000);
  Watch watch(client(), "");
  ASSERT_OK(watch.Next());
  EXPECT_THAT(watch.Until(SubmitTo("nps", "new")), ElementsAre("2003 CREATED new"));
  for (const auto& context : contexts) {
    context->TryCancel();
  }
  for (const auto& reader : readers) {
    v1::WatchFeedbackResponse message;
    while (reader->Read(&message)) {
    }
    reader->Finish();
  }
}

}  // namespace
}  // namespace emptychair::testing
