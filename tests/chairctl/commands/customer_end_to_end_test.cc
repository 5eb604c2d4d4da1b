// One customer by chairctl, on the real server: seen, exported, erased.
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/chairctl_harness.h"
#include "tests/service/harness/backend.h"

namespace emptychair {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

class CustomerTest : public ::testing::Test {
 protected:
  CustomerTest() : backend_(testing::Backend::Start(testing::BackendKind::kInProcess)) {
    chairctl_.variables["EMPTYCHAIR_ENDPOINT"] = backend_->endpoint();
    Ok({"survey", "create", "nps", "--kind", "nps"});
    Ok({"customer", "upsert", "ann", "--attribute", "plan=gold"});
    Ok({"feedback", "submit", "nps", "--external-id", "1", "--score", "6", "--customer-id", "ann",
        "--occur-time", "2024-01-02"});
    Ok({"feedback", "submit", "nps", "--external-id", "2", "--score", "9", "--customer", "ann",
        "--comment", "better now", "--time", "2024-01-04"});
    Ok({"activity", "record", "purchase", "ann", "--id", "o-1", "--amount", "12.5 EUR",
        "--occur-time", "2024-01-03"});
    Ok({"activity", "record", "purchase", "--customer", "bob", "--id", "o-2", "--time",
        "2024-01-05"});
  }

  std::string Ok(const std::vector<std::string>& arguments) {
    const ChairctlResult result = chairctl_.Run(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.out;
  }

  std::unique_ptr<testing::Backend> backend_;
  Chairctl chairctl_;
};

TEST_F(CustomerTest, IsSummedUpAndListed) {
  EXPECT_THAT(
      Ok({"customer", "view", "ann", "--as-of", "2024-02"}),
      AllOf(HasSubstr("as of     2024-02-01T00:00:00Z\nplan      gold\n"),
            HasSubstr("nps           2  2024-01-04T00:00:00Z      9       6  better  better now\n"),
            HasSubstr("purchase           1  2024-01-03T00:00:00Z  2024-01-03T00:00:00Z     1"),
            HasSubstr("12.50 EUR\n")));
  // The second answer is not given yet.
  EXPECT_THAT(Ok({"customer", "view", "ann", "--as-of", "2024-01-04"}),
              HasSubstr("nps           1  2024-01-02T00:00:00Z      6       –"));
  EXPECT_EQ(Ok({"customer", "timeline", "ann", "--limit", "2"}),
            "time                  what      of        detail\n"
            "2024-01-04T00:00:00Z  answer    nps       score 9, better now\n"
            "2024-01-03T00:00:00Z  activity  purchase  12.50 EUR, o-1\n");
  EXPECT_THAT(
      Ok({"customer", "export", "ann"}),
      MatchesRegex("\\{\"customer\":[^\n]*\n\\{\"feedback\":[^\n]*\n\\{\"feedback\":[^\n]*\n"
                   "\\{\"activity\":[^\n]*\n"));
}

TEST_F(CustomerTest, IsErasedOnceThatIsMeant) {
  EXPECT_EQ(chairctl_.Run({"customer", "erase", "ann", "--mode", "delete"}).exit_code, 2);
  EXPECT_THAT(Ok({"customer", "get", "ann"}), HasSubstr("gold"));
  EXPECT_THAT(Ok({"customer", "erase", "ann", "--mode", "delete", "--yes", "--wait"}),
              HasSubstr("was_known    true\n"));
  EXPECT_EQ(chairctl_.Run({"customer", "view", "ann"}).exit_code, 64 + 5);
  EXPECT_THAT(Ok({"activity", "list", "purchase"}), AllOf(HasSubstr("bob"), Not(HasSubstr("ann"))));
  const ChairctlResult again =
      chairctl_.Run({"customer", "erase", "ann", "--mode", "delete", "--yes"});
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_THAT(again.err, HasSubstr("nothing is known of customer ann"));
}

}  // namespace
}  // namespace emptychair
