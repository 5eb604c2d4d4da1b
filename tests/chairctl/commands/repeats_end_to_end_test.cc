// `survey repeats` on the real server.
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/chairctl_harness.h"
#include "tests/helpers/temp_dir.h"
#include "tests/service/harness/backend.h"

namespace emptychair {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class RepeatsTest : public ::testing::Test {
 protected:
  RepeatsTest() : backend_(testing::Backend::Start(testing::BackendKind::kInProcess)) {
    chairctl_.variables["EMPTYCHAIR_ENDPOINT"] = backend_->endpoint();
    EXPECT_EQ(Run({"survey", "create", "pulse", "--kind", "nps", "--dimension", "channel"}).err,
              "");
    // Forty customers, each twice and alike, in March of 2024.
    std::string csv = "external_id,customer_id,score,label.channel,occur_time\n";
    for (int i = 0; i < 80; ++i) {
      absl::StrAppend(&csv, i, ",c", i % 40, ",", i % 40 < 30 ? 9 : 3, ",web,2024-03-", i % 20 + 10,
                      "T10:00:00Z\n");
    }
    csv += "first,c0,9,web,2024-02-01T10:00:00Z\n";
    const std::string file = temp_dir_.Join("answers.csv");
    std::ofstream(file) << csv;
    EXPECT_EQ(Run({"feedback", "import", "pulse", file}).exit_code, 0);
  }

  ChairctlResult Run(std::vector<std::string> arguments) { return chairctl_.Run(arguments); }

  testing::TempDir temp_dir_;
  std::unique_ptr<testing::Backend> backend_;
  Chairctl chairctl_;
};

TEST_F(RepeatsTest, SaysThatNothingWasMeasured) {
  const ChairctlResult result = Run({"survey", "repeats", "pulse"});
  EXPECT_EQ(result.exit_code, 73);
  EXPECT_THAT(result.err, HasSubstr("EFFECTS_UNKNOWN"));
  EXPECT_EQ(Run({"survey", "repeats", "pulse", "--as-of", "2024-04-01"}).exit_code, 2);
}

TEST_F(RepeatsTest, MeasuresAndShowsWhatThereIs) {
  ChairctlResult result = Run({"survey", "repeats", "pulse", "--measure", "--as-of", "2024-04-01"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(
      result.out,
      AllOf(StartsWith("NPS of 81 answers in 60 days, measured 2024-04-01T00:00:00"),
            HasSubstr("\n49.4 % of the answers of a month are not their customer's first\n"),
            HasSubstr("\nslice        days  design effect  answers a customer  customers  "
                      "1,000 count like\n"),
            HasSubstr("\n(all)          30           2.00                1.99         40           "
                      "    501\n"),
            HasSubstr("\nchannel=web    30 ")));
  result = Run({"survey", "repeats", "pulse", "--output", "csv"});
  EXPECT_THAT(
      result.out,
      AllOf(
          StartsWith("key,group_value,days,design_effect,answers_per_customer,customers\n,,1,1.99"),
          HasSubstr("\nchannel,web,30,1.9959522363893951,1.9876543209876543,40\n")));
  result = Run({"survey", "repeats", "pulse", "--output", "json"});
  EXPECT_THAT(result.out, HasSubstr("\"measuredDays\": 60"));
  // A chart then says what it rests on.
  result = Run({"metric", "query", "pulse", "--window", "2024-03"});
  EXPECT_THAT(result.out,
              HasSubstr("\nIntervals estimated: customers repeat; answers count like "));
  result = Run({"metric", "query", "pulse", "--window", "2024-03", "--interval", "customers"});
  EXPECT_THAT(result.out, HasSubstr("\nIntervals by customer: 80 answers of 40 customers count "));
}

}  // namespace
}  // namespace emptychair
