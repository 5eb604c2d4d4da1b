// Surveys and answers that are changed by chairctl, on the real server.
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/chairctl_harness.h"
#include "tests/service/harness/backend.h"

namespace emptychair {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class ChangesTest : public ::testing::Test {
 protected:
  ChangesTest() : backend_(testing::Backend::Start(testing::BackendKind::kInProcess)) {
    chairctl_.variables["EMPTYCHAIR_ENDPOINT"] = backend_->endpoint();
    Ok({"survey", "create", "pulse", "--kind", "nps", "--dimension", "channel"});
    Submit("1", "9", "web");
    Submit("2", "3", "shop");
  }

  ChairctlResult Run(std::vector<std::string> arguments) { return chairctl_.Run(arguments); }

  std::string Ok(const std::vector<std::string>& arguments) {
    const ChairctlResult result = Run(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.out;
  }

  void Submit(const std::string& id, const std::string& score, const std::string& channel) {
    Ok({"feedback", "submit", "pulse", "--external-id", id, "--score", score, "--customer", "ann",
        "--label", "channel=" + channel, "--time", "2024-03-0" + id});
  }

  google::protobuf::Struct Json(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--output", "json"});
    google::protobuf::Struct object;
    const std::string out = Ok(arguments);
    EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(out, &object).ok()) << out;
    return object;
  }

  std::string IdOf(const std::string& external_id) {
    return Json({"feedback", "get", "pulse", "--external-id", external_id})
        .fields()
        .at("feedbackId")
        .string_value();
  }

  // The position behind the change `sequence`.
  std::string Behind(int64_t sequence) {
    const google::protobuf::Struct status = Json({"admin", "status"});
    return absl::StrCat(status.fields().at("storeId").string_value(), ":",
                        status.fields().at("epoch").string_value(), ":", sequence);
  }

  // The external ids that a list has.
  std::vector<std::string> List(std::vector<std::string> more) {
    std::vector<std::string> arguments = {"feedback", "list"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    std::vector<std::string> ids;
    const google::protobuf::Struct list = Json(arguments);
    for (const auto& record : list.fields().at("feedback").list_value().values()) {
      ids.push_back(record.struct_value().fields().at("externalId").string_value());
    }
    return ids;
  }

  std::unique_ptr<testing::Backend> backend_;
  Chairctl chairctl_;
};

TEST_F(ChangesTest, GivesACustomerAttributesThatFillLabels) {
  EXPECT_EQ(
      Ok({"customer", "upsert", "eve", "--attribute", "channel=phone", "--attribute", "plan=gold"}),
      "customer  eve\nchannel   phone\nplan      gold\n");
  EXPECT_EQ(Ok({"customer", "upsert", "eve", "--attribute", "plan=", "--output", "csv"}),
            "customer_id,attribute,value\neve,channel,phone\n");
  EXPECT_EQ(Json({"customer", "get", "eve"})
                .fields()
                .at("attributes")
                .struct_value()
                .fields()
                .at("channel")
                .string_value(),
            "phone");
  Ok({"feedback", "submit", "pulse", "--external-id", "3", "--score", "9", "--customer-id", "eve"});
  EXPECT_THAT(List({"pulse", "--filter", "channel=phone"}), ::testing::ElementsAre("3"));
  EXPECT_EQ(Run({"customer", "get", "nobody"}).exit_code, 69);
  EXPECT_EQ(Run({"customer", "upsert", "eve", "--attribute", "plan"}).exit_code, 2);
}

TEST_F(ChangesTest, ListsWhatIsAskedFor) {
  using Ids = std::vector<std::string>;
  EXPECT_EQ(List({"pulse"}), (Ids{"2", "1"}));
  EXPECT_EQ(List({"pulse", "--order", "oldest-first"}), (Ids{"1", "2"}));
  EXPECT_EQ(List({"--customer", "ann", "--limit", "1"}), Ids{"2"});
  EXPECT_EQ(List({"pulse", "--max-score", "6"}), Ids{"2"});
  EXPECT_EQ(List({"pulse", "--min-score", "7"}), Ids{"1"});
  EXPECT_EQ(List({"pulse", "--filter", "channel!=web"}), Ids{"2"});
  EXPECT_EQ(List({"pulse", "--window", "2024-03-01"}), Ids{"1"});
  EXPECT_EQ(List({"pulse", "--exclusion", "excluded"}), Ids{});
  EXPECT_EQ(Run({"feedback", "list"}).exit_code, 2);
  EXPECT_THAT(Ok({"feedback", "list", "pulse", "--output", "csv"}),
              AllOf(StartsWith("survey_id,feedback_id,"), HasSubstr("\npulse,")));
  EXPECT_THAT(Ok({"feedback", "list", "pulse"}), StartsWith("time"));
}

TEST_F(ChangesTest, AmendsExcludesIncludesAndErases) {
  const std::string id = IdOf("1");
  EXPECT_EQ(Run({"feedback", "amend", "pulse", id}).exit_code, 2);
  EXPECT_EQ(Run({"feedback", "amend", "pulse", id, "--score", "5", "--no-score"}).exit_code, 2);
  const auto amended = Json({"feedback", "amend", "pulse", id, "--score", "5", "--comment",
                             "meant five", "--label", "channel=mail"});
  EXPECT_EQ(amended.fields().at("score").number_value(), 5);
  EXPECT_EQ(amended.fields().at("comment").string_value(), "meant five");
  const std::string old_etag = "1";
  // ABORTED is 10.
  EXPECT_EQ(Run({"feedback", "amend", "pulse", id, "--score", "6", "--etag", old_etag}).exit_code,
            74);
  EXPECT_EQ(Run({"feedback", "exclude", "pulse", id}).exit_code, 2);
  EXPECT_THAT(Ok({"feedback", "exclude", "pulse", id, "--reason", "staff", "--note", "ours"}),
              HasSubstr("staff"));
  EXPECT_EQ(List({"pulse", "--exclusion", "excluded"}), std::vector<std::string>{"1"});
  EXPECT_THAT(Ok({"feedback", "include", "pulse", id}), Not(HasSubstr("staff")));
  EXPECT_THAT(Ok({"feedback", "erase", "pulse", id}), StartsWith("sequence"));
  EXPECT_EQ(List({"pulse"}), std::vector<std::string>{"2"});
  // NOT_FOUND is 5.
  EXPECT_EQ(Run({"feedback", "get", "pulse", id}).exit_code, 69);
}

TEST_F(ChangesTest, WatchesChangesFromAPositionOn) {
  // Behind the survey, change 1.
  EXPECT_THAT(
      Ok({"feedback", "watch", "pulse", "--after", "0", "--limit", "2"}),
      AllOf(HasSubstr("       2  created   pulse"), HasSubstr("       3  created   pulse")));
  EXPECT_THAT(Ok({"feedback", "watch", "--after", Behind(2), "--limit", "1", "--output", "csv"}),
              AllOf(StartsWith("change,kind,survey_id,feedback_id,external_id,"),
                    HasSubstr("\n3,created,pulse,"), Not(HasSubstr("\n2,"))));
  const std::string json =
      Ok({"feedback", "watch", "--after", Behind(2), "--limit", "1", "--output", "json"});
  google::protobuf::Struct message;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(json, &message).ok()) << json;
  EXPECT_EQ(message.fields().at("sequence").string_value(), "3");
  EXPECT_EQ(message.fields().at("changes").list_value().values_size(), 1);
  // NOT_FOUND is 5, FAILED_PRECONDITION 9.
  EXPECT_EQ(Run({"feedback", "watch", "nobody"}).exit_code, 69);
  EXPECT_EQ(Run({"feedback", "watch", "--after", Behind(99)}).exit_code, 73);
  // Where it ended, to go on from.
  EXPECT_THAT(Run({"feedback", "watch", "--after", Behind(2), "--limit", "1"}).err,
              HasSubstr("watched 1 changes; what changes from now on: --after " + Behind(3)));
  for (const char* wrong : {"2", "x", "a:b", "a:b:c", "a:b:-1", "a:b:1:2", ":b:1", "a::1"}) {
    const ChairctlResult result = Run({"feedback", "watch", "--after", wrong});
    EXPECT_EQ(result.exit_code, 2) << wrong;
    EXPECT_THAT(result.err, HasSubstr("--after: ")) << wrong;
  }
}

TEST_F(ChangesTest, ExportsEverythingAndThenWhatHasChanged) {
  const ChairctlResult all = Run({"feedback", "export", "pulse"});
  ASSERT_EQ(all.exit_code, 0) << all.err;
  const std::vector<std::string> lines = absl::StrSplit(all.out, '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[0], AllOf(StartsWith("{"), HasSubstr("\"externalId\":\"1\"")));
  EXPECT_THAT(lines[1], HasSubstr("\"externalId\":\"2\""));
  EXPECT_THAT(all.err,
              HasSubstr("exported 2 records; what changes from now on: --since " + Behind(3)));
  EXPECT_THAT(Ok({"feedback", "export", "--output", "csv"}),
              AllOf(StartsWith("survey_id,feedback_id,"), HasSubstr("\npulse,")));

  const ChairctlResult nothing = Run({"feedback", "export", "pulse", "--since", Behind(3)});
  EXPECT_EQ(nothing.out, "");
  EXPECT_THAT(nothing.err,
              HasSubstr("exported 0 changes; what changes from now on: --since " + Behind(3)));
  Submit("3", "10", "web");
  Ok({"feedback", "erase", "pulse", IdOf("1")});
  const ChairctlResult since = Run({"feedback", "export", "pulse", "--since", Behind(3)});
  EXPECT_THAT(since.out,
              AllOf(HasSubstr("CHANGE_KIND_CREATED"), HasSubstr("CHANGE_KIND_ERASED"),
                    HasSubstr("\"externalId\":\"3\""), Not(HasSubstr("\"externalId\":\"2\""))));
  EXPECT_THAT(since.err,
              HasSubstr("exported 2 changes; what changes from now on: --since " + Behind(5)));
  EXPECT_THAT(Ok({"feedback", "export", "--since", Behind(4), "--output", "csv"}),
              AllOf(StartsWith("change,kind,"), HasSubstr("\n5,erased,pulse,")));
  EXPECT_EQ(Run({"feedback", "export", "nobody"}).exit_code, 69);
}

TEST_F(ChangesTest, ExportsWhatAListSelects) {
  Submit("3", "5", "web");
  const auto exported = [&](std::vector<std::string> flags) {
    flags.insert(flags.begin(), {"feedback", "export", "pulse"});
    std::string ids;
    const std::string out = Ok(flags);
    for (const absl::string_view line : absl::StrSplit(out, '\n', absl::SkipEmpty())) {
      absl::StrAppend(&ids, FromJson<v1::Feedback>(std::string(line)).external_id());
    }
    return ids;
  };
  EXPECT_EQ(exported({}), "123");
  EXPECT_EQ(exported({"--filter", "channel=web"}), "13");
  EXPECT_EQ(exported({"--filter", "channel=web", "--max-score", "8"}), "3");
  EXPECT_EQ(exported({"--min-score", "5"}), "13");
  EXPECT_EQ(exported({"--window", "2024-03-02..2024-03-04"}), "23");
  EXPECT_EQ(exported({"--from", "2024-03-02", "--to", "2024-03-03"}), "2");
  EXPECT_EQ(exported({"--last", "1d"}), "");
  EXPECT_EQ(exported({"--exclusion", "excluded"}), "");
  EXPECT_EQ(exported({"--customer-id", "ann"}), "123");
  EXPECT_EQ(exported({"--customer", "bob"}), "");
}

TEST_F(ChangesTest, TimesOfRecordsAlwaysHaveThreeDigits) {
  Ok({"feedback", "submit", "pulse", "--external-id", "3", "--occur-time", "2024-03-03 10:00:00.5",
      "--customer-id", "bob"});
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"feedback", "export", "--output", "csv"},
        {"feedback", "export"},
        {"feedback", "export", "--since", "0"},
        {"feedback", "list", "pulse", "--output", "csv"},
        {"feedback", "list", "pulse", "--output", "json"}}) {
    EXPECT_THAT(Ok(command), AllOf(HasSubstr("2024-03-01T00:00:00.000Z"),
                                   HasSubstr("2024-03-03T10:00:00.500Z")));
  }
  EXPECT_THAT(Ok({"feedback", "get", "pulse", "--external-id", "3", "--output", "json"}),
              AllOf(HasSubstr("\"occurTime\": \"2024-03-03T10:00:00.500Z\""),
                    HasSubstr("\"customerId\": \"bob\""), Not(HasSubstr("score"))));
  EXPECT_THAT(Ok({"feedback", "export", "pulse"}), HasSubstr("\"score\":null"));
}

TEST_F(ChangesTest, SurveysComeBackFromTheirExport) {
  Ok({"survey", "create", "old", "--kind", "csat", "--question", "So?"});
  Ok({"survey", "archive", "old"});
  const std::string all = Ok({"survey", "export"});
  EXPECT_THAT(Ok({"survey", "export", "old"}),
              AllOf(HasSubstr("\"old\""), Not(HasSubstr("pulse"))));
  EXPECT_EQ(Run({"survey", "export", "nobody"}).exit_code, 69);
  chairctl_.standard_input = all;
  EXPECT_EQ(Ok({"survey", "import", "-", "--output", "csv"}), "read,accepted,rejected\n2,2,0\n");
  for (const char* id : {"pulse", "old"}) {
    Ok({"survey", "delete", id});
  }
  Ok({"survey", "import", "-", "--keep-open"});
  EXPECT_THAT(Ok({"survey", "get", "old", "--output", "json"}), Not(HasSubstr("archiveTime")));
  Ok({"feedback", "submit", "old", "--score", "5"});
  Ok({"survey", "import", "-"});
  const auto old = FromJson<v1::Survey>(Ok({"survey", "get", "old", "--output", "json"}));
  EXPECT_TRUE(old.has_archive_time());
  EXPECT_EQ(old.question(), "So?");
  const auto pulse = FromJson<v1::Survey>(Ok({"survey", "get", "pulse", "--output", "json"}));
  EXPECT_FALSE(pulse.has_archive_time());
  EXPECT_EQ(pulse.dimensions(0), "channel");
}

TEST_F(ChangesTest, SurveysThatDifferAreErrorsOfTheirLines) {
  Ok({"survey", "create", "old", "--kind", "csat"});
  const std::string all = Ok({"survey", "export"});
  Ok({"survey", "archive", "old"});
  Ok({"survey", "update", "pulse", "--question", "Another?"});
  chairctl_.standard_input = absl::StrCat("{\"surveyId\": \"new\", \"kind\": \"no kind\"}\n\n", all,
                                          "{\"survey_id\": \"new\", \"kind\": 1}\n");
  const ChairctlResult result = Run({"survey", "import", "-", "--output", "json"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.out, "{\"read\": 4, \"accepted\": 1, \"rejected\": 3}\n");
  EXPECT_THAT(result.err, AllOf(StartsWith("line 1: FIELD_INVALID: survey: is no definition"),
                                HasSubstr("\nline 3: SURVEY_EXISTS: survey.archive_time: "),
                                HasSubstr("\nline 4: SURVEY_EXISTS: survey.survey_id: ")));
  Ok({"survey", "get", "new"});
  EXPECT_EQ(Run({"survey", "import", "/does/not/exist"}).exit_code, 1);
}

TEST_F(ChangesTest, UpdatesArchivesAndDeletesASurvey) {
  EXPECT_EQ(Run({"survey", "update", "pulse"}).exit_code, 2);
  const auto updated = Json({"survey", "update", "pulse", "--display-name", "Pulse", "--dimension",
                             "region", "--min-sample", "5"});
  EXPECT_EQ(updated.fields().at("displayName").string_value(), "Pulse");
  EXPECT_EQ(updated.fields().at("minSample").number_value(), 5);
  EXPECT_EQ(updated.fields().at("retiredDimensions").list_value().values(0).string_value(),
            "channel");
  // FAILED_PRECONDITION is 9.
  EXPECT_EQ(Run({"survey", "update", "pulse", "--time-zone", "Asia/Tokyo"}).exit_code, 73);
  Ok({"survey", "archive", "pulse"});
  EXPECT_EQ(Run({"feedback", "submit", "pulse", "--score", "1"}).exit_code, 73);
  Ok({"survey", "archive", "pulse", "--undo"});
  EXPECT_EQ(Run({"survey", "delete", "pulse", "--confirm", "puls"}).exit_code, 67);
  Ok({"survey", "delete", "pulse"});
  EXPECT_EQ(Run({"survey", "get", "pulse"}).exit_code, 69);
}

}  // namespace
}  // namespace emptychair
