// admin verify, rebuild and compact against a fake service.
#include <string>
#include <vector>

#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/chairctl_harness.h"
#include "tests/chairctl/harness/fake_server.h"

namespace emptychair {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

v1::VerifyStoreResponse Progress(int64_t done, int64_t total) {
  v1::VerifyStoreResponse message;
  message.mutable_progress()->set_part("records");
  message.mutable_progress()->set_survey_id("pulse");
  message.mutable_progress()->set_done(done);
  message.mutable_progress()->set_total(total);
  return message;
}

v1::VerifyStoreResponse Difference() {
  v1::VerifyStoreResponse message;
  v1::StoreDifference& difference = *message.mutable_difference();
  difference.set_kind(v1::DIFFERENCE_KIND_INDEX_ENTRY_MISSING);
  difference.set_survey_id("pulse");
  difference.set_where("feedback_by_customer: the entry of x");
  difference.set_expected("an entry");
  return message;
}

v1::VerifyStoreResponse Summary(int64_t difference_count) {
  v1::VerifyStoreResponse message;
  v1::VerifySummary& summary = *message.mutable_summary();
  summary.set_sequence(9);
  summary.set_records(7);
  summary.set_index_entries(5);
  summary.set_cube_cells(21);
  summary.set_difference_count(difference_count);
  return message;
}

class AdminCommandsTest : public ::testing::Test {
 protected:
  ChairctlResult Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--endpoint", server_.endpoint()});
    return chairctl_.Run(arguments);
  }

  FakeServer server_;
  Chairctl chairctl_;
};

TEST_F(AdminCommandsTest, StatusTellsHowFarASurveyIsSlicedAnew) {
  v1::GetStatusResponse status;
  v1::SurveyReslice& reslice = *status.add_reslices();
  reslice.set_survey_id("pulse");
  reslice.add_dimensions("channel");
  reslice.add_dimensions("plan");
  reslice.set_records_done(500);
  reslice.set_records_total(2'000);
  server_.SetStatus(status);
  EXPECT_THAT(Run({"admin", "status"}).out, AllOf(HasSubstr("slicing anew: pulse"),
                                                  HasSubstr("channel, plan"), HasSubstr("25 %")));
}

TEST_F(AdminCommandsTest, StatusTellsOfCustomersThatAreBeingErased) {
  v1::GetStatusResponse status;
  server_.SetStatus(status);
  EXPECT_THAT(Run({"admin", "status"}).out, Not(HasSubstr("customers_erasing")));
  const std::string csv = Run({"admin", "status", "--output", "csv"}).out;
  EXPECT_THAT(csv, HasSubstr(",customers_erasing\n"));
  status.set_customers_erasing(3);
  server_.SetStatus(status);
  EXPECT_THAT(Run({"admin", "status"}).out, HasSubstr("customers_erasing"));
  EXPECT_THAT(Run({"admin", "status", "--output", "csv"}).out, HasSubstr(",3\n"));
}

TEST_F(AdminCommandsTest, VerifyOfASoundStoreEndsWith0) {
  server_.SetVerdict({Progress(1, 2), Summary(0)});
  const ChairctlResult result = Run({"admin", "verify"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out,
            "sequence       9\n"
            "records        7\n"
            "index_entries  5\n"
            "cube_cells     21\n"
            "differences    0\n");
  EXPECT_EQ(result.err, "");
}

TEST_F(AdminCommandsTest, VerifyListsDifferencesAndEndsWith79) {
  server_.SetVerdict({Progress(1, 2), Difference(), Summary(1)});
  const ChairctlResult table = Run({"admin", "verify"});
  EXPECT_EQ(table.exit_code, 79);
  EXPECT_THAT(
      table.out,
      HasSubstr("kind                 survey_id  where                                 stored  "
                "expected\n"
                "INDEX_ENTRY_MISSING  pulse      feedback_by_customer: the entry of x  –       "
                "an entry\n\nsequence"));
  const ChairctlResult csv = Run({"admin", "verify", "--output", "csv"});
  EXPECT_EQ(csv.exit_code, 79);
  EXPECT_EQ(csv.out,
            "kind,survey_id,where,stored,expected\n"
            "INDEX_ENTRY_MISSING,pulse,feedback_by_customer: the entry of x,,an entry\n");
  const ChairctlResult json = Run({"admin", "verify", "--output", "json"});
  EXPECT_EQ(json.exit_code, 79);
  EXPECT_EQ(
      json.out,
      "{\"difference\":{\"kind\":\"DIFFERENCE_KIND_INDEX_ENTRY_MISSING\",\"surveyId\":\"pulse\","
      "\"where\":\"feedback_by_customer: the entry of x\",\"stored\":\"\",\"expected\":\"an "
      "entry\"}}\n"
      "{\"summary\":{\"sequence\":\"9\",\"records\":\"7\",\"indexEntries\":\"5\",\"cubeCells\":"
      "\"21\",\"differenceCount\":\"1\",\"zoneChangeCount\":\"0\"}}\n");
}

TEST_F(AdminCommandsTest, VerifySaysHowManyDifferencesAreNotListed) {
  server_.SetVerdict({Difference(), Summary(2'001)});
  const ChairctlResult result = Run({"admin", "verify"});
  EXPECT_EQ(result.exit_code, 79);
  EXPECT_THAT(result.err, HasSubstr("2000 more differences are not listed"));
}

TEST_F(AdminCommandsTest, VerifyTellsOfZonesThatChangedAndEndsWith0) {
  v1::VerifyStoreResponse changed = Difference();
  changed.mutable_difference()->set_kind(v1::DIFFERENCE_KIND_ZONE_CHANGED);
  v1::VerifyStoreResponse summary = Summary(0);
  summary.mutable_summary()->set_zone_change_count(1);
  server_.SetVerdict({changed, summary});
  const ChairctlResult result = Run({"admin", "verify"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.err, "");
  EXPECT_THAT(result.out, AllOf(HasSubstr("ZONE_CHANGED  pulse"), HasSubstr("differences    0\n"),
                                HasSubstr("zone_changes   1\n")));
}

TEST_F(AdminCommandsTest, VerifyThatIsCutShortIsAnError) {
  server_.SetVerdict({Difference()});
  server_.FailMaintenance(ShuttingDownError());
  const ChairctlResult result = Run({"admin", "verify"});
  EXPECT_EQ(result.exit_code, 78);
  EXPECT_THAT(result.err, HasSubstr("SHUTTING_DOWN"));
  EXPECT_THAT(result.out, AllOf(HasSubstr("INDEX_ENTRY_MISSING"), Not(HasSubstr("sequence"))));
}

TEST_F(AdminCommandsTest, ProgressIsDrawnOnATerminalAndTakenAwayAgain) {
  server_.SetVerdict({Progress(1, 2), Summary(0)});
  chairctl_.is_terminal = true;
  const std::string line = "records of pulse  [###############...............]  50 %";
  EXPECT_EQ(Run({"admin", "verify"}).err, line + "\r" + std::string(line.size(), ' ') + "\r");
}

TEST_F(AdminCommandsTest, RebuildAndCompactSayWhatTheyDid) {
  const ChairctlResult rebuilt = Run({"admin", "rebuild"});
  EXPECT_EQ(rebuilt.exit_code, 0);
  EXPECT_EQ(rebuilt.out,
            "sequence         12\n"
            "rows_corrected   2\n"
            "cells_corrected  3\n"
            "records_counted  4\n");
  EXPECT_EQ(Run({"admin", "compact", "--output", "csv"}).out,
            "bytes_before,bytes_after\n1000,600\n");
  EXPECT_THAT(Run({"admin", "compact", "--output", "json"}).out,
              HasSubstr("\"bytesAfter\": \"600\""));
  // Nobody looks: nobody asks.
  EXPECT_EQ(server_.calls("GetStatus"), 0);
  server_.FailMaintenance(Error(v1::ERROR_REASON_STORE_DAMAGED, "a table cannot be read"));
  EXPECT_EQ(Run({"admin", "rebuild"}).exit_code, 79);
  EXPECT_EQ(Run({"admin", "compact"}).exit_code, 79);
}

TEST_F(AdminCommandsTest, ALongCallIsWatchedOnATerminal) {
  v1::GetStatusResponse status;
  status.mutable_maintenance()->set_name("RebuildCube");
  status.mutable_maintenance()->set_part("records");
  status.mutable_maintenance()->set_done(3);
  status.mutable_maintenance()->set_total(4);
  server_.SetStatus(status);
  server_.EndMaintenanceAfterStatusCalls(2);
  chairctl_.is_terminal = true;
  const ChairctlResult result = Run({"admin", "rebuild"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err,
              HasSubstr("RebuildCube: records  [######################........]  75 %"));
  EXPECT_THAT(Run({"admin", "status"}).out,
              HasSubstr("RebuildCube: records  [######################........]  75 %"));
}

TEST_F(AdminCommandsTest, LongCallsAreWaitedForUnlessATimeoutIsGiven) {
  server_.SetVerdict({Summary(0)});
  for (const char* command : {"verify", "rebuild", "compact"}) {
    EXPECT_EQ(Run({"admin", command}).exit_code, 0);
    EXPECT_GT(server_.last_timeout(), absl::Hours(23)) << command;
    EXPECT_EQ(Run({"admin", command, "--timeout", "40s"}).exit_code, 0);
    // gRPC rounds up on the wire.
    EXPECT_LT(server_.last_timeout(), absl::Seconds(41)) << command;
  }
}

}  // namespace
}  // namespace emptychair
