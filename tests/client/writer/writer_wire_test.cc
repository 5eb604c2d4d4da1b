// A writer over a real connection.
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "emptychair/client/feedback_writer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/keyed_server.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair {
namespace {

using ::emptychair::testing::StatusIs;
using ::testing::Each;
using ::testing::ElementsAre;

constexpr absl::Duration kLong = absl::Seconds(60);

class WriterWireTest : public ::testing::Test {
 protected:
  WriterWireTest() {
    client_options_.endpoint = absl::StrCat("127.0.0.1:", server_.port());
    client_options_.api_key_source = [this]() -> absl::StatusOr<std::string> { return key_; };
    options_.on_result = [this](const FeedbackResult& result) {
      outcomes_.push_back(result.outcome);
    };
  }

  std::unique_ptr<FeedbackWriter> Writer() {
    const absl::StatusOr<Client> client = Client::Create(client_options_);
    EXPECT_OK(client);
    absl::StatusOr<std::unique_ptr<FeedbackWriter>> writer =
        FeedbackWriter::Create(*client, options_);
    EXPECT_OK(writer);
    return *std::move(writer);
  }

  static v1::Feedback Record() {
    v1::Feedback feedback;
    feedback.set_survey_id("nps");
    feedback.set_score(9);
    return feedback;
  }

  const std::string old_key_ = "eck_0000000000aa_old";
  const std::string new_key_ = "eck_0000000000aa_new";
  std::string key_ = old_key_;
  KeyedServer server_{old_key_};
  ClientOptions client_options_;
  FeedbackWriterOptions options_;
  std::vector<FeedbackResult::Outcome> outcomes_;
};

TEST_F(WriterWireTest, SendsBatchesThatTheServerCanRead) {
  options_.batch_records = 10;
  options_.linger = kLong;  // Only full batches.
  const std::unique_ptr<FeedbackWriter> writer = Writer();
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_OK(writer->Add(Record()));
  }
  // KeyedServer acknowledges a batch by the number that it reads in it: any other ends the stream.
  EXPECT_OK(writer->Close(kLong));
  EXPECT_EQ(outcomes_.size(), 1'000u);
  EXPECT_THAT(outcomes_, Each(FeedbackResult::Outcome::kStored));
  EXPECT_EQ(writer->counters().batches, 100);
  EXPECT_THAT(server_.calls(), ElementsAre(absl::StrCat("StreamFeedback: Bearer ", old_key_)));
}

TEST_F(WriterWireTest, GoesOnWithANewKey) {
  server_.SetKey(new_key_);
  const std::unique_ptr<FeedbackWriter> writer = Writer();
  key_ = new_key_;
  ASSERT_OK(writer->Add(Record()));
  EXPECT_OK(writer->Close(kLong));
  EXPECT_THAT(server_.calls(), ElementsAre(absl::StrCat("StreamFeedback: Bearer ", old_key_),
                                           absl::StrCat("StreamFeedback: Bearer ", new_key_)));
}

TEST_F(WriterWireTest, ClosesWhileTheServerRefusesAll) {
  server_.RefuseAll(ShuttingDownError());
  const std::unique_ptr<FeedbackWriter> writer = Writer();
  ASSERT_OK(writer->Add(Record()));
  EXPECT_THAT(writer->Close(absl::Milliseconds(50)), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(outcomes_, ElementsAre(FeedbackResult::Outcome::kGaveUp));
}

}  // namespace
}  // namespace emptychair
