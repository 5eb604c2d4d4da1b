// The commands of chairbench that start servers with flags of their own. Times are not judged.
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/chairbench/bench_runs.h"
#include "tests/helpers/certificates.h"

namespace emptychair::testing {
namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::Gt;
using ::testing::Lt;

class ChairbenchOperationsTest : public ChairbenchEndToEndTest {
 protected:
  double ValueOf(const std::string& name) {
    const auto found = figures_.find(name);
    EXPECT_TRUE(found != figures_.end()) << name;
    return found == figures_.end() ? 0 : found->second.fields().at("value").number_value();
  }

  // Both sides were measured, as a rate and by the processor time of the server.
  void ExpectSides(const std::string& name, const std::string& rate, const std::string& unit) {
    ExpectWithLimit(figures_, absl::StrCat(name, "_", rate), unit);
    ExpectWithLimit(figures_, absl::StrCat(name, "_p99_ms"), "ms");
    ExpectWithLimit(figures_, absl::StrCat(name, "_server_cpu_us"), "us");
    EXPECT_THAT(ValueOf(absl::StrCat(name, "_of_limit_by_turns")), Gt(0));
  }

  std::map<std::string, google::protobuf::Struct> figures_;
  TestAuthority authority_;
};

TEST_F(ChairbenchOperationsTest, MeasureCallersWithAKeyBesideAnonymousOnes) {
  figures_ = RunBench({"keys", "--seconds", "0.5", "--answers", "2000", "--in-flight", "8"});
  ExpectSides("key_unary", "calls_per_second", "calls/s");
  ExpectSides("key_query", "calls_per_second", "calls/s");
}

TEST_F(ChairbenchOperationsTest, MeasureTlsBesidePlainText) {
  if (!std::filesystem::exists("/usr/bin/openssl")) {
    GTEST_SKIP() << "there is no openssl, which makes the certificate";
  }
  figures_ = RunBench({"tls", "--seconds", "0.5", "--in-flight", "8", "--batch-size", "100"});
  ExpectSides("tls_unary", "calls_per_second", "calls/s");
  ExpectSides("tls_stream", "records_per_second", "records/s");
}

TEST_F(ChairbenchOperationsTest, ReachAServerThatAsksForAKeyOverTls) {
  const IssuedCertificate certificate = authority_.Issue();
  // Each with a server of its own: their records have the same ids.
  for (std::vector<std::string> command : {std::vector<std::string>{"unary", "--seconds", "0.2"},
                                           {"query", "--seconds", "0.2", "--answers", "2000"},
                                           {"files", "--answers", "500"},
                                           {"loyalty", "--customers", "50"}}) {
    SCOPED_TRACE(command.front());
    TempDir data;
    ReplaceFile(data.Join("ca.pem"), authority_.certificate_pem());
    ReplaceFile(data.Join("server.pem"), certificate.certificate_pem);
    ReplaceFile(data.Join("server.key"), certificate.key_pem);
    StartServer(data, {absl::StrCat("--tls_certificate=", data.Join("server.pem")),
                       absl::StrCat("--tls_key=", data.Join("server.key"))});
    const FinishedProcess made =
        RunToEnd({CHAIRCTL_PATH, "key", "create", "bench", "--role", "admin", "--all-surveys",
                  "--out", data.Join("bench.key"), "--endpoint",
                  absl::StrCat("unix:", data.Join("data/admin.sock"))},
                 kLong)
            .value();
    ASSERT_EQ(made.exit_status, 0) << made.standard_error;
    command.insert(command.end(), {"--endpoint", endpoint_, "--tls", "--ca-file",
                                   data.Join("ca.pem"), "--key-file", data.Join("bench.key")});
    EXPECT_FALSE(RunBench(command).empty());
    StopServer();
  }
}

TEST_F(ChairbenchOperationsTest, MeasureAScrapedServerBesideOneThatIsNot) {
  figures_ = RunBench({"telemetry", "--seconds", "0.5", "--in-flight", "8"});
  ExpectSides("telemetry_unary", "calls_per_second", "calls/s");
  ExpectSides("access_log_unary", "calls_per_second", "calls/s");
}

TEST_F(ChairbenchOperationsTest, MeasureScrapes) {
  figures_ = RunBench({"scrape", "--seconds", "1", "--surveys", "3"});
  EXPECT_THAT(ValueOf("scrapes"), 10);
  EXPECT_THAT(ValueOf("scrape_median_ms"), Gt(0));
  EXPECT_THAT(ValueOf("scrape_lines"), Gt(1'000));
  EXPECT_THAT(ValueOf("scrape_bytes"), Gt(ValueOf("scrape_lines")));
  EXPECT_TRUE(figures_.contains("scrape_cpu_ms"));
}

TEST_F(ChairbenchOperationsTest, MeasureStreamsWhileBackupsAreMade) {
  figures_ = RunBench({"backups", "--seconds", "0.5", "--answers", "2000", "--batch-size", "100"});
  ExpectSides("backup_stream", "records_per_second", "records/s");
  ExpectWithLimit(figures_, "backup_single_max_ms", "ms");
  // One in each turn at least.
  EXPECT_THAT(ValueOf("backups"), Ge(10));
  EXPECT_THAT(ValueOf("backup_copied_median_mebibytes"), Gt(0));
}

TEST_F(ChairbenchOperationsTest, MeasureWhatBackupsCopy) {
  figures_ = RunBench({"increments", "--answers", "5000", "--batch-size", "100"});
  EXPECT_THAT(ValueOf("first_backup_mebibytes"), Gt(0));
  // MANIFEST and CURRENT at least.
  EXPECT_THAT(ValueOf("idle_backup_new_files"), Ge(2));
  EXPECT_THAT(ValueOf("idle_backup_bytes"), AllOf(Gt(0), Lt(1 << 20)));
  EXPECT_THAT(ValueOf("increment_median_percent"), AllOf(Gt(0), Lt(100)));
  EXPECT_THAT(ValueOf("increment_max_percent"), Ge(ValueOf("increment_median_percent")));
}

TEST_F(ChairbenchOperationsTest, MeasureARestoreOfAllThatWasNotErased) {
  figures_ = RunBench({"restore", "--answers", "3000"});
  EXPECT_EQ(ValueOf("restore_records"), 2'000);
  EXPECT_EQ(ValueOf("restore_differences"), 0);
  EXPECT_THAT(ValueOf("restore_minutes"), Gt(0));
}

}  // namespace
}  // namespace emptychair::testing
