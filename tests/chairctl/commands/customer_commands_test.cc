// `customer view`, `timeline`, `export` and `erase`, against a service in the test's process.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/chairctl_harness.h"
#include "tests/chairctl/harness/fake_loyalty_server.h"

namespace emptychair {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const char* const kAnswer =
    R"({"surveyId": "nps", "feedbackId": "018d2f00-0000-7000-8000-000000000001",
        "customerId": "c-17", "score": 9, "comment": "quick, \"kind\"", "labels": {"channel": "web"},
        "occurTime": "2024-01-30T09:00:00Z", "receiveTime": "2024-01-30T09:00:01Z",
        "sequence": 41})";

const char* const kPurchase =
    R"({"customerId": "c-17", "kind": "purchase", "activityId": "o-1",
        "occurTime": "2024-01-29T08:00:00Z",
        "amount": {"units": "12", "nanos": 500000000, "currencyCode": "EUR"},
        "receiveTime": "2024-01-29T08:00:02Z", "sequence": 40})";

class CustomerCommandsTest : public ::testing::Test {
 protected:
  CustomerCommandsTest() {
    chairctl_.variables["EMPTYCHAIR_ENDPOINT"] = server_.endpoint();
    plan_.view = FromJson<v1::GetCustomerViewResponse>(absl::StrCat(
        R"({"customer": {"customerId": "c-17", "attributes": {"plan": "gold"}},
            "surveys": [{"surveyId": "nps", "answers": 3, "last": )",
        kAnswer, R"(, "lastScore": 9, "previousScore": 6, "trend": "CHANGE_DIRECTION_BETTER"},
                    {"surveyId": "pulse", "answers": 1, "last": {}}],
            "kinds": [{"kind": "purchase", "activities": 14, "firstTime": "2024-01-01T08:00:00Z",
                       "lastTime": "2024-01-29T08:00:00Z", "totals": [
                         {"units": "240", "nanos": 500000000, "currencyCode": "EUR"},
                         {"units": "-3", "currencyCode": "USD"}],
                       "activeDays": 12, "usualDays": 4.5, "limitDays": 12, "silenceDays": 41,
                       "isPastLimit": true},
                      {"kind": "contract", "isSubscribed": true}],
            "asOf": "2024-01-31T11:20:00Z", "sequence": 50})"));
    const auto entry = [](const std::string& json) { return FromJson<v1::TimelineEntry>(json); };
    plan_.timeline = {
        entry(R"({"time": "2024-01-31T10:00:00Z", "correction": {"kind": "KIND_EXCLUDED",
                  "surveyId": "nps", "feedbackId": "018d", "exclusionReason":
                  "EXCLUSION_REASON_STAFF", "exclusionNote": "ours"}})"),
        entry(R"({"time": "2024-01-30T10:00:00Z", "correction": {"kind": "KIND_AMENDED",
                  "surveyId": "nps", "feedbackId": "018d"}})"),
        entry(absl::StrCat(R"({"time": "2024-01-30T09:00:00Z", "feedback": )", kAnswer, "}")),
        entry(absl::StrCat(R"({"time": "2024-01-29T08:00:00Z", "activity": )", kPurchase, "}"))};
    plan_.customer_export = {
        FromJson<v1::ExportCustomerResponse>(
            R"({"customer": {"customerId": "c-17", "attributes": {"plan": "gold"},
                             "sequence": 39}, "sequence": 50})"),
        FromJson<v1::ExportCustomerResponse>(
            absl::StrCat(R"({"feedback": [)", kAnswer, R"(], "sequence": 50})")),
        FromJson<v1::ExportCustomerResponse>(
            absl::StrCat(R"({"activities": [)", kPurchase, R"(], "sequence": 50})"))};
    plan_.erased.set_was_known(true);
    plan_.erased.set_sequence(51);
  }

  ChairctlResult Customer(const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"customer"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return chairctl_.Run(arguments);
  }

  std::string Ok(const std::vector<std::string>& more) {
    const ChairctlResult result = Customer(more);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.out;
  }

  FakeLoyaltyServer server_;
  LoyaltyPlan& plan_ = server_.plan();
  Chairctl chairctl_;
};

TEST_F(CustomerCommandsTest, ViewSumsUpAndWarnsOfSilence) {
  EXPECT_EQ(
      Ok({"view", "c-17"}),
      "customer  c-17\n"
      "as of     2024-01-31T11:20:00Z\n"
      "plan      gold\n"
      "\n"
      "survey  answers  last answer           score  before  trend   comment\n"
      "nps           3  2024-01-30T09:00:00Z      9       6  better  quick, \"kind\"\n"
      "pulse         1  –                         –       –  –       –\n"
      "\n"
      "kind      activities  first                 last                  days  usual gap  limit  "
      "silent  subscribed  amounts\n"
      "purchase          14  2024-01-01T08:00:00Z  2024-01-29T08:00:00Z    12        4.5     12  "
      "    41  –           240.50 EUR, −3.00 USD\n"
      "contract           0  –                     –                        0          –      –  "
      "     –  yes         –\n"
      "purchase: silent for 41 days, past this customer's limit of 12. With an unchanged habit, "
      "too, 10 to 18 % of gaps are longer than that.\n");
  EXPECT_FALSE(plan_.asked_view.has_as_of());
  Ok({"view", "c-17", "--as-of", "2024-11"});
  EXPECT_EQ(plan_.asked_view.customer_id(), "c-17");
  EXPECT_EQ(plan_.asked_view.as_of().seconds(), 1'730'419'200);
  EXPECT_EQ(Customer({"view", "c-17", "--as-of", "soon"}).exit_code, 2);
  EXPECT_EQ(Customer({"view"}).exit_code, 2);
}

TEST_F(CustomerCommandsTest, ViewOfTwoEqualScoresIsTheSame) {
  v1::CustomerSurvey& survey = *plan_.view.mutable_surveys(0);
  survey.set_previous_score(9);
  survey.set_trend(v1::CHANGE_DIRECTION_NEITHER);
  plan_.view.mutable_kinds(0)->set_is_past_limit(false);
  EXPECT_THAT(Ok({"view", "c-17"}),
              AllOf(HasSubstr("       9  same   quick"), Not(HasSubstr("silent for"))));
}

TEST_F(CustomerCommandsTest, ViewAsJsonAndCsv) {
  EXPECT_THAT(Ok({"view", "c-17", "--output", "json"}),
              AllOf(HasSubstr("\"isPastLimit\": true"), HasSubstr("\"trend\": \"CHANGE_DIR")));
  EXPECT_EQ(Ok({"view", "c-17", "--output", "csv"}),
            "customer_id,entry,name,value,count,first_time,last_time,last_score,previous_score,"
            "trend,totals,active_days,usual_days,limit_days,silence_days,is_past_limit,"
            "is_subscribed\n"
            "c-17,attribute,plan,gold,,,,,,,,,,,,,\n"
            "c-17,survey,nps,,3,,2024-01-30T09:00:00.000Z,9,6,better,,,,,,,\n"
            "c-17,survey,pulse,,1,,,,,,,,,,,,\n"
            "c-17,kind,purchase,,14,2024-01-01T08:00:00.000Z,2024-01-29T08:00:00.000Z,,,,"
            "240.5 EUR; -3 USD,12,4.5,12,41,true,\n"
            "c-17,kind,contract,,0,,,,,,,0,,,,false,true\n");
}

TEST_F(CustomerCommandsTest, TimelineReadsAllPagesUpToTheLimit) {
  EXPECT_EQ(Ok({"timeline", "c-17"}),
            "time                  what      of        detail\n"
            "2024-01-31T10:00:00Z  excluded  nps       staff, ours, 018d\n"
            "2024-01-30T10:00:00Z  amended   nps       018d\n"
            "2024-01-30T09:00:00Z  answer    nps       score 9, channel=web, quick, \"kind\"\n"
            "2024-01-29T08:00:00Z  activity  purchase  12.50 EUR, o-1\n");
  EXPECT_THAT(plan_.timeline_page_sizes, ElementsAre(1'000, 1'000));
  plan_.timeline_page_sizes.clear();
  const auto three = Ok({"timeline", "c-17", "--limit", "3"});
  EXPECT_THAT(three, AllOf(HasSubstr("answer"), Not(HasSubstr("o-1"))));
  EXPECT_THAT(plan_.timeline_page_sizes, ElementsAre(3, 3));
  EXPECT_EQ(Customer({"timeline", "c-17", "--limit", "0"}).exit_code, 2);
}

TEST_F(CustomerCommandsTest, TimelineAsJsonIsOneObjectAndAsCsvHasAStableHeader) {
  const auto list =
      FromJson<v1::ListTimelineResponse>(Ok({"timeline", "c-17", "--output", "json"}));
  EXPECT_EQ(list.entries_size(), 4);
  EXPECT_EQ(list.entries(3).activity().activity_id(), "o-1");
  plan_.timeline.resize(4);
  EXPECT_EQ(
      Ok({"timeline", "c-17", "--output", "csv"}),
      "time,entry,survey_id,feedback_id,external_id,customer_id,score,comment,labels,occur_time,"
      "receive_time,exclusion,sequence,exclusion_note,exclusion_time,etag,import_id,kind,"
      "activity_id,amount,currency\n"
      "2024-01-31T10:00:00.000Z,excluded,nps,018d,,,,,,,,staff,,ours,,,,,,,\n"
      "2024-01-30T10:00:00.000Z,amended,nps,018d,,,,,,,,,,,,,,,,,\n"
      "2024-01-30T09:00:00.000Z,feedback,nps,018d2f00-0000-7000-8000-000000000001,,c-17,9,"
      "\"quick, \"\"kind\"\"\",\"{\"\"channel\"\":\"\"web\"\"}\",2024-01-30T09:00:00.000Z,"
      "2024-01-30T09:00:01.000Z,,41,,,,,,,,\n"
      "2024-01-29T08:00:00.000Z,activity,,,,c-17,,,,2024-01-29T08:00:00.000Z,"
      "2024-01-29T08:00:02.000Z,,40,,,,,purchase,o-1,12.5,EUR\n");
}

TEST_F(CustomerCommandsTest, AnUnknownCustomerIsAnErrorOfTheService) {
  plan_.customer_status = Error(v1::ERROR_REASON_CUSTOMER_NOT_FOUND, "no customer \"c-17\"");
  for (const char* command : {"view", "timeline", "export"}) {
    plan_.timeline.clear();
    plan_.customer_export.clear();
    const ChairctlResult result = Customer({command, "c-17"});
    EXPECT_EQ(result.exit_code, 64 + 5) << command;
    EXPECT_THAT(result.err, HasSubstr("CUSTOMER_NOT_FOUND")) << command;
    EXPECT_EQ(result.out, "") << command;
  }
}

TEST_F(CustomerCommandsTest, ExportWritesALineForEachRecord) {
  const std::string text = Ok({"export", "c-17"});
  const std::vector<std::string> lines = absl::StrSplit(text, '\n');
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0],
            R"({"customer":{"customerId":"c-17","attributes":{"plan":"gold"},"sequence":"39"}})");
  // Records are written as `feedback export` and `activity export` write them.
  EXPECT_THAT(lines[1], AllOf(StartsWith(R"({"feedback":{"surveyId":"nps",)"),
                              HasSubstr(R"("comment":"quick, \"kind\"")"), EndsWith("}}"),
                              HasSubstr(R"("occurTime":"2024-01-30T09:00:00.000Z")")));
  EXPECT_THAT(lines[2], AllOf(StartsWith(R"({"activity":{"customerId":"c-17",)"),
                              HasSubstr(R"("activityId":"o-1")"), EndsWith("}}"),
                              HasSubstr(R"("nanos":500000000)"),
                              HasSubstr(R"("occurTime":"2024-01-29T08:00:00.000Z")")));
  EXPECT_EQ(lines[3], "");
  const TemporaryFile file("export.jsonl", "old");
  EXPECT_EQ(Ok({"export", "c-17", "--output-file", file.path()}), "");
  EXPECT_EQ(file.Read(), text);
  EXPECT_THAT(
      Ok({"export", "c-17", "--output", "csv"}),
      AllOf(StartsWith("entry,survey_id,"),
            HasSubstr("\ncustomer,,,,c-17,,,\"{\"\"plan\"\":\"\"gold\"\"}\",,,,39,,,,,,,,\n"),
            HasSubstr("\nfeedback,nps,"), HasSubstr("\nactivity,,,,c-17,")));
}

TEST_F(CustomerCommandsTest, AnExportThatBreaksLeavesTheFileAsItWas) {
  plan_.customer_status = Error(v1::ERROR_REASON_STORE_DAMAGED, "damaged");
  const TemporaryFile file("export.jsonl", "old");
  EXPECT_EQ(Customer({"export", "c-17", "--output-file", file.path()}).exit_code, 64 + 15);
  EXPECT_EQ(file.Read(), "old");
  plan_.customer_status = absl::OkStatus();
  const ChairctlResult result =
      Customer({"export", "c-17", "--output-file", file.directory() + "/none/x"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("--output-file: cannot write"));
}

TEST_F(CustomerCommandsTest, EraseWithoutYesSaysWhatWouldGoAndChangesNothing) {
  const ChairctlResult result = Customer({"erase", "c-17", "--mode", "delete"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, StartsWith("chairctl: customer erase: would erase customer c-17 with 1 "
                                     "attribute, 4 answers and 14 activities, for ever. Nothing "
                                     "stays, and past numbers change. To do that, add --yes\n"));
  EXPECT_THAT(Customer({"erase", "c-17", "--mode", "anonymize"}).err,
              HasSubstr("past numbers stay too"));
  plan_.customer_status = Error(v1::ERROR_REASON_CUSTOMER_NOT_FOUND, "no customer");
  const ChairctlResult unknown = Customer({"erase", "c-18", "--mode", "delete"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("nothing is known of customer c-18"));
  EXPECT_EQ(plan_.erase_calls, 0);
  EXPECT_EQ(Customer({"erase", "c-17", "--yes"}).exit_code, 2);
  EXPECT_EQ(Customer({"erase", "c-17", "--yes", "--mode", "hide"}).exit_code, 2);
  EXPECT_EQ(plan_.erase_calls, 0);
}

TEST_F(CustomerCommandsTest, EraseWithYesErases) {
  EXPECT_EQ(Ok({"erase", "c-17", "--mode", "anonymize", "--yes"}),
            "customer_id  c-17\n"
            "mode         anonymize\n"
            "was_known    true\n"
            "sequence     51\n");
  EXPECT_EQ(plan_.asked_erase.customer_id(), "c-17");
  EXPECT_EQ(plan_.asked_erase.mode(), v1::ERASE_MODE_ANONYMIZE);
  EXPECT_EQ(Ok({"erase", "c-17", "--mode", "delete", "--yes", "--output", "csv"}),
            "customer_id,mode,was_known,sequence\nc-17,delete,true,51\n");
  EXPECT_TRUE(FromJson<v1::EraseCustomerResponse>(
                  Ok({"erase", "c-17", "--mode", "delete", "--yes", "--output", "json"}))
                  .was_known());
  plan_.erased.set_was_known(false);
  const ChairctlResult unknown = Customer({"erase", "c-17", "--mode", "delete", "--yes"});
  EXPECT_EQ(unknown.exit_code, 0);
  EXPECT_EQ(unknown.err, "chairctl: nothing is known of customer c-17\n");
  EXPECT_TRUE(chairctl_.slept.empty());
}

TEST_F(CustomerCommandsTest, EraseWaitsOnlyIfAsked) {
  plan_.customers_erasing = {2, 1};
  EXPECT_EQ(Ok({"erase", "c-17", "--mode", "delete", "--yes", "--wait", "--output", "csv"}),
            "customer_id,mode,was_known,sequence\nc-17,delete,true,51\n");
  EXPECT_EQ(chairctl_.slept.size(), 2u);
  EXPECT_TRUE(plan_.customers_erasing.empty());
  plan_.customers_erasing.assign(100, 1);
  const ChairctlResult late =
      Customer({"erase", "c-17", "--mode", "delete", "--yes", "--wait", "--timeout", "3s"});
  EXPECT_EQ(late.exit_code, 1);
  EXPECT_EQ(late.err, "chairctl: 1 customer is being erased still; it goes on by itself\n");
}

}  // namespace
}  // namespace emptychair
