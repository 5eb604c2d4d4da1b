// What chairbench accepts, without any server.
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/chairbench/cli.h"

namespace emptychair::bench {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct Outcome {
  int exit_code;
  std::string out;
  std::string err;
};

Outcome RunWith(const std::vector<std::string>& arguments) {
  std::ostringstream out;
  std::ostringstream err;
  const int exit_code = RunChairbench(arguments, out, err);
  return {exit_code, out.str(), err.str()};
}

TEST(ChairbenchUsage, IsWrongWith2) {
  const std::vector<std::string> wrong[] = {
      {},
      {"fly"},
      {"unary", "batch"},
      {"unary", "--seconds"},
      {"unary", "--seconds", "soon"},
      {"unary", "--seconds", "0"},
      {"unary", "--seconds", "-1"},
      {"unary", "--output", "csv"},
      {"unary", "--in-flight", "0"},
      {"unary", "--batch-size", "10"},
      {"unary", "--data", "/no/such/folder"},
      {"batch", "--batch-size", "0"},
      {"batch", "--batch-size", "10001"},
      {"stream", "--streams", "0"},
      {"stream", "--in-flight", "2"},
      {"overload", "--batch-size", "0"},
      {"overload", "--in-flight", "2"},
      {"query", "--answers", "0"},
      {"query", "--answers", "many"},
      {"query", "--small-commits", "-1"},
      {"query", "--colour", "red"},
      {"loyalty", "--customers", "0"},
      {"loyalty", "--answers", "10"},
      {"loyalty", "--batch-size", "10001"},
      {"honesty", "--scale", "0"},
      {"honesty", "--scale", "2"},
      {"honesty", "--in-flight", "2"},
      {"honesty", "--endpoint", "127.0.0.1:7443"},
      {"keys", "--endpoint", "127.0.0.1:7443"},
      {"tls", "--answers", "10"},
      {"scrape", "--surveys", "0"},
      {"backups", "--in-flight", "2"},
      {"restore", "--answers", "0"},
      {"unary", "--key-file", "some.key"},
      {"unary", "--tls"},
      {"unary", "--endpoint", "127.0.0.1:7443", "--ca-file", "ca.pem"},
      {"unary", "--endpoint", "127.0.0.1:7443", "--tls", "--cert-file", "client.pem"},
  };
  for (const std::vector<std::string>& arguments : wrong) {
    const Outcome run = RunWith(arguments);
    EXPECT_EQ(run.exit_code, 2) << ::testing::PrintToString(arguments);
    EXPECT_THAT(run.err, Not(IsEmpty())) << ::testing::PrintToString(arguments);
    EXPECT_THAT(run.out, IsEmpty()) << ::testing::PrintToString(arguments);
  }
}

TEST(ChairbenchUsage, TellsWhatLimitAndRatioAre) {
  const Outcome run = RunWith({"--help"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.out, HasSubstr("ratio: value / limit"));
  EXPECT_THAT(run.out, HasSubstr("unary"));
  EXPECT_THAT(run.out, Not(HasSubstr("echo-server")));
}

TEST(ChairbenchUsage, FailsWith1WhereNoServerIs) {
  const Outcome run = RunWith({"unary", "--server", "/no/such/program"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("/no/such/program"));
}

}  // namespace
}  // namespace emptychair::bench
