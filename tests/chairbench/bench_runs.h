// chairbench with the server, both as they are shipped.
#ifndef EMPTYCHAIR_TESTS_CHAIRBENCH_BENCH_RUNS_H_
#define EMPTYCHAIR_TESTS_CHAIRBENCH_BENCH_RUNS_H_

#include <signal.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/subprocess.h"
#include "tests/helpers/temp_dir.h"

namespace emptychair::testing {

inline constexpr absl::Duration kLong = absl::Seconds(100);

// The figures that were written, by name; every line is an object with exactly the five fields.
inline std::map<std::string, google::protobuf::Struct> ParseFigures(const std::string& output) {
  std::map<std::string, google::protobuf::Struct> figures;
  for (const auto line : absl::StrSplit(output, '\n', absl::SkipEmpty())) {
    google::protobuf::Struct figure;
    const auto parsed = google::protobuf::util::JsonStringToMessage(std::string(line), &figure);
    EXPECT_TRUE(parsed.ok()) << line;
    std::vector<std::string> fields;
    for (const auto& [name, value] : figure.fields()) {
      fields.push_back(name);
    }
    EXPECT_THAT(fields, ::testing::UnorderedElementsAre("name", "value", "unit", "limit", "ratio"))
        << line;
    figures[figure.fields().at("name").string_value()] = figure;
  }
  return figures;
}

// Checks a figure that has a limit.
inline void ExpectWithLimit(const std::map<std::string, google::protobuf::Struct>& figures,
                            const std::string& name, const std::string& unit) {
  ASSERT_TRUE(figures.contains(name)) << name;
  const auto& fields = figures.at(name).fields();
  EXPECT_EQ(fields.at("unit").string_value(), unit);
  const double value = fields.at("value").number_value();
  const double limit = fields.at("limit").number_value();
  EXPECT_THAT(value, ::testing::Gt(0)) << name;
  EXPECT_THAT(limit, ::testing::Gt(0)) << name;
  EXPECT_THAT(fields.at("ratio").number_value(), ::testing::DoubleNear(value / limit, 1e-9))
      << name;
}

// Runs chairbench, which must put everything away.
class ChairbenchEndToEndTest : public ::testing::Test {
 protected:
  std::map<std::string, google::protobuf::Struct> RunBench(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), CHAIRBENCH_PATH);
    arguments.insert(arguments.end(), {"--output", "json", "--data", folder_.path()});
    const FinishedProcess finished = RunToEnd(arguments, kLong).value();
    EXPECT_EQ(finished.exit_status, 0) << finished.standard_error;
    EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
    return ParseFigures(finished.standard_output);
  }

  void StartServer(const TempDir& data, const std::vector<std::string>& flags = {}) {
    std::vector<std::string> argv = {EMPTYCHAIRD_PATH, absl::StrCat("--data=", data.Join("data")),
                                     "--listen=127.0.0.1:0", "--http_listen=off",
                                     "--access_log=off"};
    argv.insert(argv.end(), flags.begin(), flags.end());
    ASSERT_OK_AND_ASSIGN(server_, Subprocess::Start(argv));
    ASSERT_OK_AND_ASSIGN(const std::string line, server_->ReadLine(kLong));
    endpoint_ = std::string(absl::StripPrefix(line, "listening on "));
  }

  void StopServer() {
    server_->Signal(SIGTERM);
    EXPECT_THAT(server_->Wait(kLong), IsOkAndHolds(0));
  }

  TempDir folder_;
  std::unique_ptr<Subprocess> server_;
  std::string endpoint_;
};

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_CHAIRBENCH_BENCH_RUNS_H_
