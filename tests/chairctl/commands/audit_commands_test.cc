// `audit`, against a service in the test's process.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/chairctl_harness.h"
#include "tests/chairctl/harness/fake_access_server.h"

namespace emptychair {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

using Arguments = std::vector<std::string>;

class AuditCommandsTest : public ::testing::Test {
 protected:
  AuditCommandsTest() { chairctl_.variables["EMPTYCHAIR_ENDPOINT"] = server_.endpoint(); }

  AccessPlan& plan() { return server_.plan(); }

  // A hash that is all of one digit.
  static std::string Hash(char digit) { return std::string(64, digit); }

  // The chain has the events 3 to 5, with the hashes 333…, 444… and 555….
  void SetChain() {
    plan().audit.set_event_count(5);
    plan().audit.set_head_hash(Hash('5'));
    plan().audit.set_first_number(3);
    plan().audit.set_hash_before_first(Hash('2'));
    for (int number = 5; number >= 3; --number) {
      v1::AuditEvent& event = *plan().audit.add_events();
      event.set_number(number);
      event.set_hash(Hash(static_cast<char>('0' + number)));
    }
    plan().verdict = {FromJson<v1::VerifyStoreResponse>(R"({"progress": {"part": "audit"}})"),
                      FromJson<v1::VerifyStoreResponse>(R"({"summary": {"sequence": "9"}})")};
  }

  ChairctlResult Verify(const Arguments& heads, const Arguments& more = {}) {
    Arguments arguments = {"audit", "verify"};
    for (const std::string& head : heads) {
      arguments.insert(arguments.end(), {"--head", head});
    }
    arguments.insert(arguments.end(), more.begin(), more.end());
    return chairctl_.Run(arguments);
  }

  FakeAccessServer server_;
  Chairctl chairctl_;
};

TEST_F(AuditCommandsTest, ListShowsWhatWasDone) {
  plan().audit = FromJson<v1::ListAuditEventsResponse>(R"({"eventCount": "12", "headHash": "ab12",
      "firstNumber": "10", "hashBeforeFirst": "ab09",
      "events": [
        {"number": "12", "time": "2024-01-31T11:00:00Z", "callerKind": "CALLER_KIND_KEY",
         "keyId": "04hmasw9nf6y", "method": "SurveyService/UpdateSurvey", "requestId": "r1",
         "peer": "ipv4:127.0.0.1:5", "targets": [{"kind": "survey", "id": "checkout"},
                                                 {"kind": "key", "id": "k"}],
         "fields": ["question", "time_zone"]},
        {"number": "11", "time": "2024-01-31T10:00:00Z", "callerKind": "CALLER_KIND_ANONYMOUS",
         "method": "FeedbackService/EraseFeedback", "deniedCount": "7",
         "deniedReason": "KEY_REQUIRED", "hash": "ab11"},
        {"number": "10", "time": "2024-01-31T09:00:00Z", "method": "restored"}]})");
  const ChairctlResult table = chairctl_.Run({"audit", "list"});
  EXPECT_EQ(table.exit_code, 0) << table.err;
  EXPECT_EQ(
      table.out,
      "number  time                  caller        method                         what         "
      "           fields               denied\n"
      "    12  2024-01-31T11:00:00Z  04hmasw9nf6y  SurveyService/UpdateSurvey     "
      "survey:checkout, key:k  question, time_zone  –\n"
      "    11  2024-01-31T10:00:00Z  anonymous     FeedbackService/EraseFeedback  –            "
      "           –                    7 KEY_REQUIRED\n"
      "    10  2024-01-31T09:00:00Z  –             restored                       –            "
      "           –                    –\n");
  EXPECT_EQ(table.err, "chairctl: the head of the chain is 12:ab12\n");
  EXPECT_THAT(plan().requests, SizeIs(2));
  EXPECT_EQ(FromJson<v1::ListAuditEventsResponse>(
                chairctl_.Run({"audit", "list", "--output", "json"}).out)
                .ShortDebugString(),
            plan().audit.ShortDebugString());
  EXPECT_THAT(chairctl_.Run({"audit", "list", "--output", "csv"}).out,
              AllOf(StartsWith("number,time,caller_kind,key_id,method,request_id,peer,targets,"
                               "fields,denied_count,denied_reason,hash\n"),
                    HasSubstr("12,2024-01-31T11:00:00.000Z,key,04hmasw9nf6y,SurveyService/"
                              "UpdateSurvey,r1,ipv4:127.0.0.1:5,survey:checkout key:k,question "
                              "time_zone,0,,\n")));
  plan().requests.clear();
  const ChairctlResult one =
      chairctl_.Run({"audit", "list", "--limit", "1", "--window", "2024-01", "--key", "k",
                     "--method", "SurveyService/UpdateSurvey", "--survey", "checkout"});
  EXPECT_THAT(one.out, Not(HasSubstr("EraseFeedback")));
  EXPECT_THAT(plan().requests,
              ElementsAre("ListAuditEventsRequest: interval { start_time { seconds: 1704067200 } "
                          "end_time { seconds: 1706745600 } } key_id: \"k\" method: "
                          "\"SurveyService/UpdateSurvey\" survey_id: \"checkout\" page_size: 1"));
  plan().status = Error(v1::ERROR_REASON_NOT_PERMITTED, "no");
  EXPECT_EQ(chairctl_.Run({"audit", "list"}).exit_code, 71);
  EXPECT_EQ(chairctl_.Run({"audit", "list", "--window", "soon"}).exit_code, 2);
  EXPECT_EQ(chairctl_.Run({"audit", "list", "--limit", "0"}).exit_code, 2);
}

TEST_F(AuditCommandsTest, VerifyComparesHeadsThatWereNoted) {
  SetChain();
  const ChairctlResult none = Verify({});
  EXPECT_EQ(none.exit_code, 0) << none.err;
  EXPECT_EQ(none.out, "");
  EXPECT_EQ(none.err, absl::StrCat("chairctl: the head of the chain is 5:", Hash('5'), "\n"));
  EXPECT_THAT(plan().requests, ElementsAre("VerifyStoreRequest: only_audit: true",
                                           "ListAuditEventsRequest: page_size: 1"));
  // The newest, one in between, the first that is kept and the one before that.
  const ChairctlResult same =
      Verify({"5:" + Hash('5'), "4:" + Hash('4'), "3:" + Hash('3'), "2:" + Hash('2')});
  EXPECT_EQ(same.exit_code, 0) << same.err;
  EXPECT_EQ(same.out,
            absl::StrCat("count  hash", std::string(62, ' '), "result\n", "    5  ", Hash('5'),
                         "  same\n", "    4  ", Hash('4'), "  same\n", "    3  ", Hash('3'),
                         "  same\n", "    2  ", Hash('2'), "  same\n"));
}

TEST_F(AuditCommandsTest, VerifyTellsAChangedChainFromOneThatWasCutAndOneThatIsForgotten) {
  SetChain();
  for (const char* count : {"5", "4", "3", "2"}) {
    const ChairctlResult changed = Verify({absl::StrCat(count, ":", Hash('9'))});
    EXPECT_EQ(changed.exit_code, 79) << count;
    EXPECT_THAT(changed.out, HasSubstr("  different\n"));
    EXPECT_THAT(changed.err, HasSubstr(absl::StrCat("up to ", count, " the events are not")));
  }
  const ChairctlResult cut = Verify({"6:" + Hash('6')});
  EXPECT_EQ(cut.exit_code, 79);
  EXPECT_THAT(cut.out, HasSubstr("  past-the-end\n"));
  EXPECT_THAT(cut.err, HasSubstr("has 5 events, and had 6"));
  const ChairctlResult forgotten = Verify({"1:" + Hash('1')});
  EXPECT_EQ(forgotten.exit_code, 75);
  EXPECT_THAT(forgotten.out, HasSubstr("  not-kept\n"));
  EXPECT_THAT(forgotten.err, HasSubstr("the oldest event that is kept is 3"));
  // The worst of several counts, in whatever order.
  EXPECT_EQ(Verify({"1:" + Hash('1'), "5:" + Hash('5')}).exit_code, 75);
  EXPECT_EQ(Verify({"4:" + Hash('9'), "1:" + Hash('1'), "5:" + Hash('5')}).exit_code, 79);
  // An event that is missing between others is no head either.
  plan().audit.mutable_events()->DeleteSubrange(1, 1);
  EXPECT_EQ(Verify({"4:" + Hash('4')}).exit_code, 79);
  EXPECT_EQ(Verify({"4:" + Hash('3')}).exit_code, 79);
}

TEST_F(AuditCommandsTest, VerifyTellsWhatTheServerFoundInItsChain) {
  SetChain();
  plan().verdict = {FromJson<v1::VerifyStoreResponse>(R"({"difference": {
                        "kind": "DIFFERENCE_KIND_AUDIT_CHAIN", "where": "audit event 4",
                        "stored": "an event of another hash", "expected": "the next"}})"),
                    FromJson<v1::VerifyStoreResponse>(R"({"summary": {"differenceCount": "1"}})")};
  const ChairctlResult result = Verify({"5:" + Hash('5'), "1:" + Hash('1')});
  EXPECT_EQ(result.exit_code, 79);
  EXPECT_THAT(result.err, HasSubstr("chairctl: audit event 4: stored an event of another hash, "
                                    "expected the next\n"));
  EXPECT_THAT(result.out, HasSubstr("  same\n"));
  plan().verdict.clear();
  EXPECT_THAT(Verify({}).err, HasSubstr("without a summary"));
  plan().status = Error(v1::ERROR_REASON_NOT_PERMITTED, "no");
  EXPECT_EQ(Verify({}).exit_code, 71);
}

TEST_F(AuditCommandsTest, VerifyWritesItsFindingsForProgramsToo) {
  SetChain();
  const Arguments heads = {"4:" + Hash('4'), "1:" + Hash('1')};
  EXPECT_EQ(
      Verify(heads, {"--output", "csv"}).out,
      absl::StrCat("count,hash,result\n4,", Hash('4'), ",same\n1,", Hash('1'), ",not-kept\n"));
  EXPECT_EQ(Verify(heads, {"--output", "json"}).out,
            absl::StrCat("{\"heads\": [{\"count\": \"4\", \"hash\": \"", Hash('4'),
                         "\", \"result\": \"same\"}, {\"count\": \"1\", \"hash\": \"", Hash('1'),
                         "\", \"result\": \"not-kept\"}], \"eventCount\": \"5\", "
                         "\"firstNumber\": \"3\", \"headHash\": \"",
                         Hash('5'), "\", \"differenceCount\": \"0\"}\n"));
}

TEST_F(AuditCommandsTest, AHeadThatIsNoneAsksNobody) {
  const std::string hash = Hash('a');
  for (const std::string& head :
       {std::string(), std::string("5"), "5:" + hash.substr(1), "5:" + hash + "0", "0:" + hash,
        "-1:" + hash, "x:" + hash, ":" + hash, "5:" + hash.substr(1) + "g",
        "99999999999999999999:" + hash, "5;" + hash}) {
    const ChairctlResult result = Verify({head});
    EXPECT_EQ(result.exit_code, 2) << head;
    EXPECT_THAT(result.err, HasSubstr("--head")) << head;
  }
  EXPECT_THAT(plan().requests, IsEmpty());
  // Digits in capitals are the same ones.
  SetChain();
  plan().audit.mutable_events(0)->set_hash(hash);
  EXPECT_EQ(Verify({"5:" + Hash('A')}).exit_code, 0);
}

TEST_F(AuditCommandsTest, EachCommandHasAHelpWithAnExample) {
  for (const Arguments& command :
       {Arguments{"audit"}, Arguments{"audit", "list"}, Arguments{"audit", "verify"}}) {
    Arguments arguments = command;
    arguments.push_back("--help");
    const ChairctlResult result = chairctl_.Run(arguments);
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_THAT(result.out, HasSubstr("Example:\n  chairctl " + absl::StrJoin(command, " ")));
  }
}

}  // namespace
}  // namespace emptychair
