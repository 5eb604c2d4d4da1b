// Commands that change many answers, and the watch, against a service in the test's process.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/chairctl_harness.h"
#include "tests/chairctl/harness/fake_server.h"

namespace emptychair {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

class FeedbackCommandsTest : public ::testing::Test {
 protected:
  FeedbackCommandsTest() { chairctl_.variables["EMPTYCHAIR_ENDPOINT"] = server_.endpoint(); }

  ChairctlResult Run(const std::vector<std::string>& arguments) { return chairctl_.Run(arguments); }

  // The request that a command sends.
  std::string Sent(const std::vector<std::string>& arguments) {
    const size_t before = server_.requests().size();
    const ChairctlResult result = Run(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    const std::vector<std::string> requests = server_.requests();
    return requests.size() == before + 1 ? requests.back() : "not one request";
  }

  FakeServer server_;
  Chairctl chairctl_;
};

TEST_F(FeedbackCommandsTest, ChangesTakeEitherIdOfTheAnswer) {
  EXPECT_EQ(Sent({"feedback", "exclude", "nps", "id", "--reason", "test", "--etag", "7"}),
            "ExcludeFeedbackRequest: survey_id: \"nps\" feedback_id: \"id\" reason: "
            "EXCLUSION_REASON_TEST etag: \"7\"");
  EXPECT_EQ(Sent({"feedback", "exclude", "nps", "--external-id", "e", "--reason", "test"}),
            "ExcludeFeedbackRequest: survey_id: \"nps\" reason: EXCLUSION_REASON_TEST external_id: "
            "\"e\"");
  EXPECT_EQ(Sent({"feedback", "include", "nps", "--external-id", "e"}),
            "IncludeFeedbackRequest: survey_id: \"nps\" external_id: \"e\"");
  EXPECT_EQ(Sent({"feedback", "erase", "nps", "--external-id", "e"}),
            "EraseFeedbackRequest: survey_id: \"nps\" external_id: \"e\"");
  EXPECT_EQ(Sent({"feedback", "amend", "nps", "--external-id", "e", "--score", "3"}),
            "AmendFeedbackRequest: feedback { survey_id: \"nps\" external_id: \"e\" score: 3 } "
            "update_mask { paths: \"score\" }");
}

TEST_F(FeedbackCommandsTest, ChangesOfManyTakeAnImportOrTheFlagsOfAList) {
  EXPECT_EQ(Sent({"feedback", "exclude", "nps", "--import", "spring", "--reason", "bot", "--note",
                  "a script"}),
            "ChangeManyFeedbackRequest: survey_id: \"nps\" import_id: \"spring\" interval { } "
            "exclude { reason: EXCLUSION_REASON_BOT note: \"a script\" }");
  EXPECT_EQ(
      Sent({"feedback", "include", "nps", "--customer-id", "c", "--from", "2024-01-01T00:00:00Z",
            "--filter", "channel=web", "--min-score", "1", "--max-score", "2", "--exclusion",
            "excluded", "--yes"}),
      "ChangeManyFeedbackRequest: survey_id: \"nps\" customer_id: \"c\" interval { start_time { "
      "seconds: 1704067200 } } filters { key: \"channel\" values: \"web\" } min_score: 1 "
      "max_score: 2 exclusion: EXCLUSION_FILTER_EXCLUDED include: true");
  EXPECT_EQ(Sent({"feedback", "erase", "nps", "--import", "spring"}),
            "TakeBackImportRequest: survey_id: \"nps\" import_id: \"spring\"");
}

TEST_F(FeedbackCommandsTest, ChangesOfManyPrintHowManyThereWereInEveryForm) {
  const std::vector<std::string> erase = {"feedback", "erase", "nps", "--import", "spring"};
  const auto with = [&](const std::string& format) {
    std::vector<std::string> arguments = erase;
    arguments.insert(arguments.end(), {"--output", format});
    return Run(arguments);
  };
  EXPECT_EQ(with("table").out, "done     8\nchanged  3\n");
  EXPECT_EQ(with("csv").out, "done,changed\n8,3\n");
  EXPECT_THAT(with("json").out,
              AllOf(HasSubstr("\"done\": \"8\""), HasSubstr("\"changed\": \"3\"")));
  EXPECT_EQ(with("table").err, "");
  chairctl_.is_terminal = true;
  EXPECT_THAT(with("table").err, AllOf(HasSubstr("7 answers  [##"), HasSubstr("35 %")));
}

TEST_F(FeedbackCommandsTest, AChangeOfManyThatBreaksOffSaysHowFarItCame) {
  server_.EndChangesWith(Error(v1::ERROR_REASON_SHUTTING_DOWN, "stopping"));
  const ChairctlResult result =
      Run({"feedback", "exclude", "nps", "--import", "spring", "--reason", "test"});
  EXPECT_EQ(result.exit_code, 78);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err,
            "chairctl: SHUTTING_DOWN: stopping\n"
            "chairctl: 3 answers were changed; the same command goes on with the rest\n");
}

v1::WatchFeedbackResponse Message(int64_t sequence) {
  v1::WatchFeedbackResponse message;
  message.set_sequence(sequence);
  message.set_store_id("store");
  message.set_epoch("00000000000000a1");
  v1::FeedbackChange& change = *message.add_changes();
  change.set_kind(v1::CHANGE_KIND_CREATED);
  change.set_sequence(sequence);
  change.mutable_feedback()->set_external_id(absl::StrCat("e", sequence));
  return message;
}

TEST_F(FeedbackCommandsTest, WatchGoesOnBehindTheLastChangeWhenTheServerIsBack) {
  const absl::Status away = Error(v1::ERROR_REASON_SHUTTING_DOWN, "stopping");
  server_.PlanWatches(
      {{{Message(1), Message(2)}, away}, {{}, away}, {{}, away}, {{Message(3)}, {}}});
  const ChairctlResult result =
      Run({"feedback", "watch", "nps", "--limit", "3", "--output", "json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  for (const char* id : {"\"e1\"", "\"e2\"", "\"e3\""}) {
    EXPECT_THAT(result.out, HasSubstr(id));
  }
  EXPECT_THAT(result.err,
              StartsWith("chairctl: SHUTTING_DOWN: stopping; waiting for the server, to go on "
                         "after store:00000000000000a1:2\n"
                         "chairctl: watched 3 changes"));
  EXPECT_THAT(chairctl_.slept, SizeIs(3));
  const std::string after_two =
      "WatchFeedbackRequest: survey_ids: \"nps\" after_sequence: 2 store_id: \"store\" epoch: "
      "\"00000000000000a1\"";
  EXPECT_THAT(server_.requests(), ElementsAre("WatchFeedbackRequest: survey_ids: \"nps\"",
                                              after_two, after_two, after_two));
}

TEST_F(FeedbackCommandsTest, WatchSaysOfEachTimeThatTheServerIsAwayOnce) {
  const absl::Status away = Error(v1::ERROR_REASON_SHUTTING_DOWN, "stopping");
  server_.PlanWatches({{{Message(1)}, away}, {{}, away}, {{Message(2)}, away}, {{Message(3)}, {}}});
  EXPECT_THAT(Run({"feedback", "watch", "--limit", "3"}).err,
              AllOf(HasSubstr("go on after store:00000000000000a1:1\n"),
                    HasSubstr("go on after store:00000000000000a1:2\n")));
}

TEST_F(FeedbackCommandsTest, WatchEndsWithWhatNoWaitingMends) {
  const absl::Status away = Error(v1::ERROR_REASON_SHUTTING_DOWN, "stopping");
  server_.PlanWatches({{{Message(1)}, away}});
  ChairctlResult result = Run({"feedback", "watch"});
  EXPECT_EQ(result.exit_code, 73);
  EXPECT_THAT(result.err, HasSubstr("chairctl: STORE_CHANGED: "));
  server_.PlanWatches({{{}, away}});
  chairctl_.slept.clear();
  result = Run({"feedback", "watch"});
  EXPECT_EQ(result.exit_code, 78);
  EXPECT_THAT(result.err, Not(HasSubstr("waiting")));
  EXPECT_THAT(chairctl_.slept, IsEmpty());
}

}  // namespace
}  // namespace emptychair
