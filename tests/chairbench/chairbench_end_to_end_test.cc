// chairbench with the server, both as they are shipped. Times are not judged.
#include <signal.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "tests/chairbench/bench_runs.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/subprocess.h"
#include "tests/helpers/temp_dir.h"

namespace emptychair::testing {
namespace {

using ::google::protobuf::Struct;
using ::google::protobuf::Value;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

TEST_F(ChairbenchEndToEndTest, WatchesTheServerGrow) {
  const auto figures = RunBench({"soak", "--answers", "5000", "--batch-size", "100"});
  for (int records = 500; records <= 5'000; records += 500) {
    for (const char* name :
         {"records_per_second", "bytes_per_record", "query_median_ms", "peak_memory_mebibytes"}) {
      const std::string figure = absl::StrCat("soak_", name, "_at_", records);
      ASSERT_TRUE(figures.contains(figure)) << figure;
      EXPECT_GT(figures.at(figure).fields().at("value").number_value(), 0) << figure;
    }
  }
  EXPECT_GT(figures.at("soak_records_per_second").fields().at("value").number_value(), 0);
  const auto bytes = [&](const std::string& name) {
    return figures.at(name).fields().at("value").number_value();
  };
  EXPECT_GT(bytes("soak_feedback_bytes_per_record"), 0);
  EXPECT_EQ(bytes("soak_feedback_by_external_id_bytes_per_record"), 0);
  EXPECT_GT(bytes("soak_bytes_per_record"), bytes("soak_feedback_bytes_per_record"));
}

TEST_F(ChairbenchEndToEndTest, SoaksWithCustomersWhoReturnAndExternalIds) {
  const auto figures = RunBench(
      {"soak", "--answers", "2000", "--batch-size", "100", "--returning", "0.3", "--external-ids"});
  EXPECT_GT(figures.at("soak_feedback_by_external_id_bytes_per_record")
                .fields()
                .at("value")
                .number_value(),
            0);
}

TEST_F(ChairbenchEndToEndTest, HasChairctlWriteAndReadFiles) {
  const auto figures = RunBench({"files", "--answers", "3000"});
  for (const char* name : {"export_csv", "export_json", "list", "import"}) {
    for (const char* what : {"_records_per_second", "_peak_memory_mebibytes"}) {
      const std::string figure = absl::StrCat(name, what);
      ASSERT_TRUE(figures.contains(figure)) << figure;
      EXPECT_GT(figures.at(figure).fields().at("value").number_value(), 0) << figure;
    }
  }
  ExpectWithLimit(figures, "import_records_per_second", "records/s");
}

TEST_F(ChairbenchEndToEndTest, MeasuresSingleCallsBesideTwoEchoes) {
  const auto figures = RunBench({"unary", "--seconds", "1", "--in-flight", "32"});
  ExpectWithLimit(figures, "unary_calls_per_second", "calls/s");
  ExpectWithLimit(figures, "unary_p99_ms", "ms");
  ExpectWithLimit(figures, "unary_half_load_p99_ms", "ms");
  ExpectWithLimit(figures, "unary_group_commit_calls_per_second", "calls/s");
  ExpectWithLimit(figures, "unary_group_commit_half_load_p99_ms", "ms");
  EXPECT_GE(figures.at("unary_group_commit_group_size").fields().at("value").number_value(), 1);
  EXPECT_GT(figures.at("unary_sync_median_ms").fields().at("value").number_value(), 0);
  EXPECT_EQ(figures.at("unary_refused_records").fields().at("value").number_value(), 0);
}

TEST_F(ChairbenchEndToEndTest, MeasuresBatchesBesidePlainWrites) {
  const auto figures = RunBench({"batch", "--seconds", "1", "--batch-size", "100"});
  ExpectWithLimit(figures, "batch_records_per_second", "records/s");
  EXPECT_EQ(figures.at("batch_group_size").fields().at("limit").kind_case(), Value::kNullValue);
}

TEST_F(ChairbenchEndToEndTest, MeasuresStreamsBesidePlainWrites) {
  const auto figures =
      RunBench({"stream", "--seconds", "1", "--batch-size", "100", "--ask-every", "0.1"});
  ExpectWithLimit(figures, "stream_records_per_second", "records/s");
  EXPECT_EQ(figures.at("stream_refused_records").fields().at("value").number_value(), 0);
}

TEST_F(ChairbenchEndToEndTest, MeasuresTheWriterBesideStreams) {
  const auto figures = RunBench({"writer", "--seconds", "1", "--batch-size", "100"});
  ExpectWithLimit(figures, "writer_records_per_second", "records/s");
  ExpectWithLimit(figures, "writer_client_cpu_us", "us/record");
  for (const char* name : {"writer_add_median_us", "writer_of_limit_by_turns"}) {
    EXPECT_THAT(figures.at(name).fields().at("value").number_value(), Gt(0)) << name;
  }
}

TEST_F(ChairbenchEndToEndTest, MeasuresTheClientBesideStubsAndOverSeveralChannels) {
  const auto figures = RunBench({"client", "--seconds", "1", "--in-flight", "32"});
  for (const char* name : {"client_async", "client_channels"}) {
    ExpectWithLimit(figures, absl::StrCat(name, "_calls_per_second"), "calls/s");
    ExpectWithLimit(figures, absl::StrCat(name, "_p99_ms"), "ms");
    ExpectWithLimit(figures, absl::StrCat(name, "_client_cpu_us"), "us");
  }
}

TEST_F(ChairbenchEndToEndTest, SendsMoreThanTheServerCanTake) {
  for (const char* batch_size : {"1", "100"}) {
    const auto figures = RunBench({"overload", "--seconds", "1", "--batch-size", batch_size});
    for (const char* factor : {"3x", "10x"}) {
      const std::string name = absl::StrCat("overload_", factor);
      ExpectWithLimit(figures, name + "_records_per_second", "records/s");
      ExpectWithLimit(figures, name + "_offered_records_per_second", "records/s");
      ExpectWithLimit(figures, name + "_p99_ms", "ms");
    }
  }
}

TEST_F(ChairbenchEndToEndTest, MeasuresQueriesBesideAnEcho) {
  const auto figures =
      RunBench({"query", "--seconds", "0.2", "--answers", "20000", "--small-commits", "20"});
  ExpectWithLimit(figures, "query_median_ms", "ms");
  ExpectWithLimit(figures, "query_p99_ms", "ms");
  ExpectWithLimit(figures, "query_total_median_ms", "ms");
  ExpectWithLimit(figures, "query_days_median_ms", "ms");
  ExpectWithLimit(figures, "query_beside_latest_p99_ms", "ms");
  ExpectWithLimit(figures, "query_beside_ingest_p99_ms", "ms");
  for (const char* scan :
       {"query_latest", "query_latest_month", "query_label_filter", "query_window"}) {
    for (const char* figure : {"_first_ms", "_ms", "_answers", "_promoters", "_detractors"}) {
      EXPECT_THAT(figures.at(absl::StrCat(scan, figure)).fields().at("value").number_value(), Gt(0))
          << scan << figure;
    }
  }
  const double column_bytes =
      figures.at("column_bytes_per_record").fields().at("value").number_value();
  EXPECT_THAT(column_bytes, ::testing::AllOf(Gt(14), ::testing::Lt(40)));
  EXPECT_GE(figures.at("query_samples").fields().at("value").number_value(), 200);
  EXPECT_THAT(figures.at("query_cells_read").fields().at("value").number_value(), Gt(100));
}

TEST_F(ChairbenchEndToEndTest, AsksScansOfWhatAnotherRunHasLoaded) {
  TempDir data;
  StartServer(data);
  const auto loaded =
      RunBench({"scans", "--endpoint", endpoint_, "--answers", "5000", "--returning", "0.3"});
  const auto asked = RunBench({"scans", "--endpoint", endpoint_, "--ask-only"});
  for (const char* figure :
       {"query_latest_answers", "query_label_filter_promoters", "query_window_detractors"}) {
    EXPECT_EQ(asked.at(figure).fields().at("value").number_value(),
              loaded.at(figure).fields().at("value").number_value())
        << figure;
  }
  StopServer();
}

TEST_F(ChairbenchEndToEndTest, MeasuresBesidePostgreSql) {
  if (!std::filesystem::exists("/usr/lib/postgresql/15/bin/postgres")) {
    GTEST_SKIP() << "there is no PostgreSQL; `tools/install_packages peers` installs it";
  }
  // Started by root, PostgreSQL runs as a user of its own, who must get there.
  std::filesystem::permissions(folder_.path(), std::filesystem::perms::others_exec,
                               std::filesystem::perm_options::add);
  // More than a batch, and not a multiple of one.
  const auto figures = RunBench({"peers", "--seconds", "1", "--answers", "2500"});
  ExpectWithLimit(figures, "stream_records_per_second", "records/s");
  ExpectWithLimit(figures, "unary_calls_per_second", "calls/s");
  ExpectWithLimit(figures, "query_median_ms", "ms");
  ExpectWithLimit(figures, "query_latest_ms", "ms");
  for (const char* name : {"postgresql_copy_rows_per_second", "postgresql_inserts_per_second",
                           "postgresql_query_median_ms", "postgresql_latest_ms"}) {
    EXPECT_TRUE(figures.contains(name)) << name;
  }
}

TEST_F(ChairbenchEndToEndTest, MeasuresLoyaltyBesidePostgreSqlWhichCountsTheSame) {
  std::vector<std::string> arguments = {"loyalty",   "--customers",  "300",
                                        "--amounts", "--batch-size", "100"};
  const bool has_postgresql = std::filesystem::exists("/usr/lib/postgresql/15/bin/postgres");
  if (has_postgresql) {
    std::filesystem::permissions(folder_.path(), std::filesystem::perms::others_exec,
                                 std::filesystem::perm_options::add);
    arguments.push_back("--beside-postgresql");
  }
  const auto figures = RunBench(arguments);
  for (const char* name : {"retention_year", "cohort_triangle"}) {
    if (has_postgresql) {
      ExpectWithLimit(figures, absl::StrCat(name, "_ms"), "ms");
    }
    EXPECT_THAT(figures.at(absl::StrCat(name, "_rows_read")).fields().at("value").number_value(),
                Gt(20));
  }
  ExpectWithLimit(figures, "activities_stream_records_per_second", "records/s");
  ExpectWithLimit(figures, "customer_view_median_ms", "ms");
  for (const char* name : {"activities_load_records_per_second", "loyalty_peak_memory_mebibytes"}) {
    EXPECT_THAT(figures.at(name).fields().at("value").number_value(), Gt(0)) << name;
  }
}

TEST_F(ChairbenchEndToEndTest, AsksLoyaltyOfWhatAnotherRunHasLoaded) {
  TempDir data;
  StartServer(data);
  TempDir rows;
  const auto loaded = RunBench(
      {"loyalty", "--endpoint", endpoint_, "--customers", "200", "--rows", rows.Join("rows.csv")});
  EXPECT_THAT(std::filesystem::file_size(rows.Join("rows.csv")), Gt(200 * 8 * 50));
  const auto asked = RunBench({"loyalty", "--endpoint", endpoint_, "--ask-only"});
  EXPECT_EQ(asked.at("cohort_triangle_rows_read").fields().at("value").number_value(),
            loaded.at("cohort_triangle_rows_read").fields().at("value").number_value());
  EXPECT_FALSE(asked.contains("activities_stream_records_per_second"));
  StopServer();
}

TEST_F(ChairbenchEndToEndTest, TriesEveryPromiseOfIntervalsAndVerdicts) {
  // So few replicates judge nothing; each setting is loaded and asked.
  const FinishedProcess finished = RunToEnd({CHAIRBENCH_PATH, "honesty", "--scale", "0.001",
                                             "--output", "json", "--data", folder_.path()},
                                            kLong)
                                       .value();
  int rows = 0;
  bool all_hold = true;
  for (const auto line : absl::StrSplit(finished.standard_output, '\n', absl::SkipEmpty())) {
    Struct row;
    ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(std::string(line), &row).ok()) << line;
    std::vector<std::string> fields;
    for (const auto& [name, value] : row.fields()) {
      fields.push_back(name);
    }
    EXPECT_THAT(fields,
                UnorderedElementsAre("setting", "rate", "replicates", "low", "high", "holds"));
    EXPECT_THAT(row.fields().at("replicates").number_value(), Gt(0)) << line;
    all_hold = all_hold && row.fields().at("holds").bool_value();
    ++rows;
  }
  EXPECT_THAT(rows, Gt(50));
  EXPECT_EQ(finished.exit_status, all_hold ? 0 : 1) << finished.standard_error;
  EXPECT_THAT(finished.standard_error, HasSubstr(" calls\n"));
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(ChairbenchEndToEndTest, SaysWhenThereIsNoPostgreSql) {
  const FinishedProcess finished =
      RunToEnd({CHAIRBENCH_PATH, "peers", "--postgresql", folder_.path(), "--data", folder_.path()},
               kLong)
          .value();
  EXPECT_EQ(finished.exit_status, 1);
  EXPECT_THAT(finished.standard_error, HasSubstr("tools/install_packages peers"));
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(ChairbenchEndToEndTest, UsesAServerThatRunsAlready) {
  TempDir data;
  StartServer(data);
  // The second run counts from what the first has left.
  for (int i = 0; i < 2; ++i) {
    const auto figures = RunBench({"unary", "--seconds", "0.2", "--endpoint", endpoint_});
    ExpectWithLimit(figures, "unary_calls_per_second", "calls/s");
    EXPECT_FALSE(figures.contains("unary_server_cpu_us"));
  }
  StopServer();
}

TEST_F(ChairbenchEndToEndTest, PutsEverythingAwayWhenInterrupted) {
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Subprocess> bench,
                       Subprocess::Start({CHAIRBENCH_PATH, "query", "--answers", "100000000",
                                          "--data", folder_.path()}));
  // Its folder is there once it works.
  const absl::Time deadline = absl::Now() + kLong;
  while (std::filesystem::is_empty(folder_.path()) && absl::Now() < deadline) {
    ASSERT_FALSE(bench->Wait(absl::Milliseconds(10)).ok()) << bench->StandardError();
  }
  bench->Signal(SIGINT);
  EXPECT_THAT(bench->Wait(kLong), IsOkAndHolds(1));
  EXPECT_THAT(bench->StandardError(), HasSubstr("interrupted"));
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(ChairbenchEndToEndTest, SaysWhyTheServerDidNotStart) {
  const FinishedProcess finished =
      RunToEnd({CHAIRBENCH_PATH, "unary", "--server", "/bin/false", "--data", folder_.path()},
               kLong)
          .value();
  EXPECT_EQ(finished.exit_status, 1);
  EXPECT_THAT(finished.standard_error, HasSubstr("/bin/false"));
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

}  // namespace
}  // namespace emptychair::testing
