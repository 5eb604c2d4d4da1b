#include "client/batch_upload.h"

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair {
namespace {

using ::emptychair::testing::HasReason;
using ::emptychair::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// How a call goes: it takes some batches, acknowledges some of them, and ends.
struct CallPlan {
  int takes = 1'000;
  int acknowledges = 1'000;
  absl::Status end;
};

class UploadTest : public ::testing::Test {
 protected:
  // Notes what it does in `events`.
  class PlannedCall final : public FeedbackUpload::Call {
   public:
    PlannedCall(CallPlan plan, std::vector<std::string>* events)
        : plan_(std::move(plan)), events_(events) {
      events_->push_back("open");
    }

    bool Write(const v1::StreamFeedbackRequest& batch) override {
      if (plan_.takes-- == 0) {
        return false;
      }
      events_->push_back(absl::StrCat("write ", batch.batch_number()));
      taken_.push_back(batch.batch_number());
      return true;
    }

    bool AwaitRead(absl::Duration) override { return !taken_.empty() && plan_.acknowledges > 0; }
    std::optional<v1::StreamFeedbackResponse> Read() override {
      if (taken_.empty() || plan_.acknowledges == 0) {
        return std::nullopt;
      }
      --plan_.acknowledges;
      v1::StreamFeedbackResponse response;
      response.set_batch_number(taken_.front());
      response.set_accepted_count(1);
      taken_.pop_front();
      return response;
    }

    void WritesDone() override { events_->push_back("done"); }
    absl::Status Finish() override { return plan_.end; }

   private:
    CallPlan plan_;
    std::vector<std::string>* const events_;
    std::deque<int64_t> taken_;
  };

  UploadTest() {
    options_.timeout = absl::Seconds(10);
    options_.now = [this] { return clock_.Now(); };
    options_.sleep = [this](absl::Duration duration) {
      ++sleeps_;
      clock_.Advance(duration);
    };
  }

  // Calls go as planned, the last one again and again.
  std::unique_ptr<FeedbackUpload> Upload(std::vector<CallPlan> plans,
                                         StreamOptions stream_options = {}) {
    return std::make_unique<FeedbackUpload>(
        options_,
        [this, plans = std::move(plans), next = size_t{0}]() mutable {
          const CallPlan& plan = plans[next];
          next = std::min(next + 1, plans.size() - 1);
          return std::make_unique<PlannedCall>(plan, &events_);
        },
        [this](const v1::StreamFeedbackRequest& batch,
               const v1::StreamFeedbackResponse& acknowledgement) {
          EXPECT_EQ(batch.batch_number(), acknowledgement.batch_number());
          acknowledged_.push_back(batch.feedback(0).external_id());
        },
        nullptr, std::move(stream_options));
  }

  static v1::StreamFeedbackRequest Batch(const std::string& external_id) {
    v1::StreamFeedbackRequest batch;
    batch.add_feedback()->set_external_id(external_id);
    return batch;
  }

  FakeClock clock_{absl::UnixEpoch()};
  ClientOptions options_;
  int sleeps_ = 0;
  std::vector<std::string> events_;
  std::vector<std::string> acknowledged_;
};

TEST_F(UploadTest, NumbersBatchesAndTellsTheirAcknowledgementsInOrder) {
  const auto upload = Upload({{}});
  EXPECT_OK(upload->Send(Batch("a")));
  EXPECT_OK(upload->Send(Batch("b")));
  EXPECT_THAT(acknowledged_, IsEmpty());
  EXPECT_OK(upload->Finish());
  EXPECT_THAT(acknowledged_, ElementsAre("a", "b"));
  EXPECT_THAT(events_, ElementsAre("open", "write 1", "write 2", "done"));
  EXPECT_EQ(sleeps_, 0);
}

TEST_F(UploadTest, CallsNobodyWithoutABatch) {
  EXPECT_OK(Upload({{}})->Finish());
  EXPECT_THAT(events_, IsEmpty());
}

TEST_F(UploadTest, KeepsNoMoreThanEightBatchesUnacknowledged) {
  const auto upload = Upload({{}});
  for (int i = 0; i < 20; ++i) {
    EXPECT_OK(upload->Send(Batch(absl::StrCat(i))));
    EXPECT_EQ(static_cast<int>(acknowledged_.size()), std::max(0, i + 1 - 8));
  }
}

TEST_F(UploadTest, SendsWhatIsUnacknowledgedAgainOverANewCall) {
  const auto upload = Upload({{.takes = 3, .acknowledges = 1, .end = ShuttingDownError()}, {}});
  for (const char* id : {"a", "b", "c"}) {
    EXPECT_OK(upload->Send(Batch(id)));
  }
  EXPECT_OK(upload->Finish());
  EXPECT_THAT(acknowledged_, ElementsAre("a", "b", "c"));
  EXPECT_THAT(events_, ElementsAre("open", "write 1", "write 2", "write 3", "open", "write 2",
                                   "write 3", "done"));
  EXPECT_EQ(sleeps_, 1);
}

TEST_F(UploadTest, ResumesWhenABatchCannotBeSent) {
  const auto upload = Upload({{.takes = 1, .end = ShuttingDownError()}, {}});
  EXPECT_OK(upload->Send(Batch("a")));
  EXPECT_OK(upload->Send(Batch("b")));
  EXPECT_OK(upload->Finish());
  EXPECT_THAT(acknowledged_, ElementsAre("a", "b"));
}

TEST_F(UploadTest, TellsWhatWasAcknowledgedBeforeABatchCouldNotBeSent) {
  const auto upload = Upload({{.takes = 2, .acknowledges = 1, .end = ShuttingDownError()}, {}});
  for (const char* id : {"a", "b", "c"}) {
    EXPECT_OK(upload->Send(Batch(id)));
  }
  EXPECT_THAT(acknowledged_, ElementsAre("a"));
  EXPECT_OK(upload->Finish());
  EXPECT_THAT(events_,
              ElementsAre("open", "write 1", "write 2", "open", "write 2", "write 3", "done"));
}

TEST_F(UploadTest, EndsWithAnErrorThatIsNotWorthARetry) {
  const absl::Status error = FieldError(v1::ERROR_REASON_BATCH_TOO_LARGE, "feedback", "too many");
  const auto upload = Upload({{.acknowledges = 1, .end = error}});
  EXPECT_OK(upload->Send(Batch("a")));
  EXPECT_OK(upload->Send(Batch("b")));
  EXPECT_EQ(upload->Finish(), error);
  EXPECT_EQ(upload->Finish(), error);
  EXPECT_EQ(upload->Send(Batch("c")), error);
  EXPECT_THAT(acknowledged_, ElementsAre("a"));
  EXPECT_EQ(sleeps_, 0);
}

TEST_F(UploadTest, GivesUpWhenTheTimeSinceTheLastAcknowledgementIsOver) {
  const auto upload = Upload({{.acknowledges = 0, .end = ShuttingDownError()}});
  EXPECT_OK(upload->Send(Batch("a")));
  EXPECT_THAT(upload->Finish(), HasReason(v1::ERROR_REASON_SHUTTING_DOWN));
  EXPECT_LE(clock_.Now() - absl::UnixEpoch(), options_.timeout);
  EXPECT_GT(sleeps_, 2);
}

TEST_F(UploadTest, BeginsTheTimeAnewWithEachAcknowledgement) {
  // Every call acknowledges one batch, and costs a retry.
  const auto upload = Upload({{.acknowledges = 1, .end = ShuttingDownError()}});
  for (int i = 0; i < 200; ++i) {
    ASSERT_OK(upload->Send(Batch(absl::StrCat(i))));
  }
  ASSERT_OK(upload->Finish());
  EXPECT_EQ(acknowledged_.size(), 200u);
  EXPECT_GT(clock_.Now() - absl::UnixEpoch(), options_.timeout);
}

TEST_F(UploadTest, RefusesWhatIsNotUtf8AndGoesOn) {
  const auto upload = Upload({{}});
  EXPECT_THAT(upload->Send(Batch("\xff")), HasReason(v1::ERROR_REASON_FIELD_INVALID));
  EXPECT_OK(upload->Send(Batch("a")));
  EXPECT_OK(upload->Finish());
  EXPECT_THAT(events_, ElementsAre("open", "write 1", "done"));
}

TEST_F(UploadTest, EndsWhenTheServerAcknowledgesLessThanItTookAndSaysAllIsWell) {
  const auto upload = Upload({{.acknowledges = 0, .end = absl::OkStatus()}});
  EXPECT_OK(upload->Send(Batch("a")));
  EXPECT_THAT(upload->Finish(), StatusIs(absl::StatusCode::kInternal));
}

TEST_F(UploadTest, WaitsForOneAcknowledgementAndNoLongerThanItMay) {
  const auto upload = Upload({{.acknowledges = 1}});
  EXPECT_OK(upload->AwaitAcknowledgement(absl::Seconds(1)));  // There is none to come.
  EXPECT_OK(upload->Send(Batch("a")));
  EXPECT_OK(upload->Send(Batch("b")));
  EXPECT_OK(upload->AwaitAcknowledgement(absl::Seconds(1)));
  EXPECT_THAT(acknowledged_, ElementsAre("a"));
  EXPECT_OK(upload->AwaitAcknowledgement(absl::Seconds(1)));
  EXPECT_THAT(acknowledged_, ElementsAre("a"));
}

TEST_F(UploadTest, GivesBackWhatIsUnacknowledgedInPlaceOfSendingItAgain) {
  const auto upload =
      Upload({{.takes = 3, .acknowledges = 1, .end = ShuttingDownError()}}, {.resends = false});
  for (const char* id : {"a", "b", "c"}) {
    EXPECT_OK(upload->Send(Batch(id)));
  }
  EXPECT_EQ(upload->Send(Batch("d")), ShuttingDownError());
  EXPECT_EQ(upload->AwaitAcknowledgement(absl::Seconds(1)), ShuttingDownError());
  EXPECT_THAT(acknowledged_, ElementsAre("a"));
  std::vector<std::string> left;
  for (const v1::StreamFeedbackRequest& batch : upload->TakeUnacknowledged()) {
    left.push_back(batch.feedback(0).external_id());
  }
  EXPECT_THAT(left, ElementsAre("b", "c", "d"));
  EXPECT_EQ(sleeps_, 0);
}

TEST_F(UploadTest, GivesBackABatchThatCameTooLateForItsStream) {
  const auto upload = Upload({{.acknowledges = 0, .end = ShuttingDownError()}}, {.resends = false});
  for (int i = 0; i < 8; ++i) {
    EXPECT_OK(upload->Send(Batch(absl::StrCat(i))));
  }
  EXPECT_EQ(upload->Send(Batch("8")), ShuttingDownError());
  EXPECT_EQ(upload->TakeUnacknowledged().size(), 9u);
}

TEST_F(UploadTest, DoesNotSendAgainOnceItIsStopped) {
  std::stop_source stop;
  const auto upload = Upload({{.takes = 1, .acknowledges = 0, .end = ShuttingDownError()}},
                             {.stop = stop.get_token()});
  EXPECT_OK(upload->Send(Batch("a")));
  stop.request_stop();
  EXPECT_EQ(upload->Finish(), ShuttingDownError());
  EXPECT_THAT(events_, ElementsAre("open", "write 1"));
}

// The same upload of activities.
TEST_F(UploadTest, SendsActivitiesInBatchesAndRefusesWhatIsNotUtf8) {
  class Call final : public ActivityUpload::Call {
   public:
    explicit Call(std::vector<std::string>* sent) : sent_(sent) {}
    bool Write(const v1::StreamActivitiesRequest& batch) override {
      sent_->push_back(batch.activities(0).activity_id());
      numbers_.push_back(batch.batch_number());
      return true;
    }
    bool AwaitRead(absl::Duration) override { return true; }
    std::optional<v1::StreamActivitiesResponse> Read() override {
      if (numbers_.empty()) {
        return std::nullopt;
      }
      v1::StreamActivitiesResponse response;
      response.set_batch_number(numbers_.front());
      numbers_.pop_front();
      return response;
    }
    void WritesDone() override {}
    absl::Status Finish() override { return absl::OkStatus(); }

   private:
    std::vector<std::string>* const sent_;
    std::deque<int64_t> numbers_;
  };
  std::vector<std::string> sent;
  ActivityUpload upload(
      options_, [&sent] { return std::make_unique<Call>(&sent); },
      [this](const v1::StreamActivitiesRequest& batch, const v1::StreamActivitiesResponse&) {
        acknowledged_.push_back(batch.activities(0).activity_id());
      });
  const auto batch = [](const std::string& id) {
    v1::StreamActivitiesRequest request;
    request.add_activities()->set_activity_id(id);
    return request;
  };
  EXPECT_OK(upload.Send(batch("a")));
  EXPECT_THAT(upload.Send(batch("\xff")), HasReason(v1::ERROR_REASON_FIELD_INVALID));
  EXPECT_OK(upload.Send(batch("b")));
  EXPECT_OK(upload.Finish());
  EXPECT_THAT(sent, ElementsAre("a", "b"));
  EXPECT_THAT(acknowledged_, ElementsAre("a", "b"));
}

}  // namespace
}  // namespace emptychair
