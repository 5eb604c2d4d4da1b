// Batches by the stream.
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/rpc/status_conversion.h"
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
using ::testing::SizeIs;

v1::StreamFeedbackRequest BatchOf(int first, int count) {
  v1::StreamFeedbackRequest batch;
  for (int i = first; i < first + count; ++i) {
    *batch.add_feedback() = Answer("nps", absl::StrCat("row ", i), kTime, i % 11);
  }
  return batch;
}

class StreamFeedbackTest : public ServiceTest {
 protected:
  StreamFeedbackTest()
      : stub_(v1::FeedbackService::NewStub(
            grpc::CreateChannel(endpoint(), grpc::InsecureChannelCredentials()))) {
    Create(client(), NpsSurvey("nps"));
  }

  // The acknowledgements of `batches`, sent as they are, and how the stream ended.
  absl::Status Send(const std::vector<v1::StreamFeedbackRequest>& batches) {
    acknowledgements_.clear();
    grpc::ClientContext context;
    const auto stream = stub_->StreamFeedback(&context);
    for (const v1::StreamFeedbackRequest& batch : batches) {
      if (!stream->Write(batch)) {
        break;
      }
    }
    stream->WritesDone();
    for (v1::StreamFeedbackResponse response; stream->Read(&response);) {
      acknowledgements_.push_back(response);
    }
    return FromGrpc(stream->Finish());
  }

  const std::unique_ptr<v1::FeedbackService::Stub> stub_;
  std::vector<v1::StreamFeedbackResponse> acknowledgements_;
};

EMPTYCHAIR_ON_BOTH_BACKENDS(StreamFeedbackTest);

TEST_P(StreamFeedbackTest, AcknowledgesEachBatchInOrderWithTheSequenceThatHasIt) {
  std::vector<v1::StreamFeedbackRequest> batches;
  for (int i = 0; i < 50; ++i) {
    batches.push_back(BatchOf(10 * i, 10));
    batches.back().set_batch_number(1'000 - i);
  }
  ASSERT_OK(Send(batches));
  ASSERT_THAT(acknowledgements_, SizeIs(50));
  int64_t sequence = 0;
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(acknowledgements_[i].batch_number(), 1'000 - i);
    EXPECT_EQ(acknowledgements_[i].accepted_count(), 10);
    EXPECT_GE(acknowledgements_[i].sequence(), sequence + 10);
    sequence = acknowledgements_[i].sequence();
  }
  EXPECT_EQ(Total(client(), "nps").answers(), 500);
}

TEST_P(StreamFeedbackTest, EndsWellWithoutABatch) {
  EXPECT_OK(Send({}));
  EXPECT_THAT(acknowledgements_, IsEmpty());
}

TEST_P(StreamFeedbackTest, JudgesEachRecordByItself) {
  v1::StreamFeedbackRequest batch = BatchOf(0, 4);
  batch.mutable_feedback(1)->set_score(11);
  batch.mutable_feedback(2)->set_survey_id("nobody");
  ASSERT_OK(Send({batch, batch}));
  ASSERT_THAT(acknowledgements_, SizeIs(2));
  for (int i = 0; i < 2; ++i) {
    const v1::StreamFeedbackResponse& response = acknowledgements_[i];
    EXPECT_EQ(response.accepted_count(), i == 0 ? 2 : 0);
    EXPECT_EQ(response.already_existed_count(), i == 0 ? 0 : 2);
    ASSERT_THAT(response.failures(), SizeIs(2));
    EXPECT_EQ(response.failures(0).index(), 1);
    EXPECT_THAT(FromProto(response.failures(0).status()),
                HasReason(v1::ERROR_REASON_SCORE_OUT_OF_RANGE));
    EXPECT_EQ(response.failures(1).index(), 2);
    EXPECT_THAT(FromProto(response.failures(1).status()),
                HasReason(v1::ERROR_REASON_SURVEY_NOT_FOUND));
  }
  EXPECT_THAT(acknowledgements_[1].already_existed_indexes(), ElementsAre(0, 3));
  EXPECT_EQ(Total(client(), "nps").answers(), 2);
}

TEST_P(StreamFeedbackTest, ABatchThatIsWrongEndsItAndStoresNothing) {
  struct Row {
    v1::StreamFeedbackRequest batch;
    v1::ErrorReason reason;
  };
  v1::StreamFeedbackRequest large = BatchOf(100, 300);
  for (v1::Feedback& feedback : *large.mutable_feedback()) {
    feedback.set_comment(std::string(16'000, 'x'));
  }
  v1::StreamFeedbackRequest long_one;
  for (int i = 0; i < 10'001; ++i) {
    long_one.add_feedback();
  }
  for (const Row& row : {Row{BatchOf(0, 0), v1::ERROR_REASON_FIELD_REQUIRED},
                         Row{large, v1::ERROR_REASON_BATCH_TOO_LARGE},
                         Row{long_one, v1::ERROR_REASON_BATCH_TOO_LARGE}}) {
    const absl::Status status = Send({BatchOf(0, 2), row.batch, BatchOf(2, 2)});
    EXPECT_THAT(status, HasReason(row.reason));
    EXPECT_EQ(MetadataOf(status)["field"], "feedback");
    EXPECT_THAT(acknowledgements_, SizeIs(1));
    EXPECT_EQ(Total(client(), "nps").answers(), 2);
  }
}

TEST_P(StreamFeedbackTest, TheClientSendsAndIsToldWhatCameOfIt) {
  std::vector<int> accepted;
  std::vector<std::string> refused;
  const std::unique_ptr<FeedbackStream> stream = client().StreamFeedback(
      [&](const v1::StreamFeedbackRequest& batch, const v1::StreamFeedbackResponse& response) {
        accepted.push_back(response.accepted_count());
        for (const v1::BatchFailure& failure : response.failures()) {
          refused.push_back(batch.feedback(failure.index()).external_id());
        }
      });
  for (int i = 0; i < 30; ++i) {
    v1::StreamFeedbackRequest batch = BatchOf(3 * i, 3);
    batch.mutable_feedback(1)->clear_external_id();  // Gets an id from the client.
    if (i == 20) {
      batch.mutable_feedback(2)->set_score(-1);
    }
    ASSERT_OK(stream->Send(batch));
  }
  ASSERT_OK(stream->Finish());
  EXPECT_THAT(accepted, SizeIs(30));
  EXPECT_THAT(refused, ElementsAre("row 62"));
  EXPECT_EQ(Total(client(), "nps").answers(), 89);
}

TEST_P(StreamFeedbackTest, TheSameRecordsOverManyStreamsAreStoredOnce) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      const auto stream = client().StreamFeedback([](const auto&, const auto&) {});
      for (int i = 0; i < 50; ++i) {
        EXPECT_OK(stream->Send(BatchOf(20 * i, 20)));
      }
      EXPECT_OK(stream->Finish());
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(Total(client(), "nps").answers(), 1'000);
  EXPECT_EQ(Status(client()).since_start().already_existed(), 3'000);
}

}  // namespace
}  // namespace emptychair::testing
