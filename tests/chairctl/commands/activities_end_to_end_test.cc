// Activities and their kinds by chairctl, on the real server.
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
using ::testing::Not;

class ActivitiesTest : public ::testing::Test {
 protected:
  ActivitiesTest() : backend_(testing::Backend::Start(testing::BackendKind::kInProcess)) {
    chairctl_.variables["EMPTYCHAIR_ENDPOINT"] = backend_->endpoint();
  }

  ChairctlResult Run(std::vector<std::string> arguments) { return chairctl_.Run(arguments); }

  std::string Ok(const std::vector<std::string>& arguments) {
    const ChairctlResult result = Run(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.out;
  }

  std::unique_ptr<testing::Backend> backend_;
  Chairctl chairctl_;
};

TEST_F(ActivitiesTest, AreRecordedListedAndErased) {
  Ok({"activity", "define", "purchase", "--time-zone", "Europe/Berlin"});
  EXPECT_THAT(Ok({"activity", "kinds"}), HasSubstr("Europe/Berlin"));
  EXPECT_THAT(Ok({"activity", "record", "purchase", "ann", "--id", "o-1", "--amount", "-12.05 EUR",
                  "--time", "2024-03-01 09:30", "--label", "shop=berlin"}),
              AllOf(HasSubstr("2024-03-01T08:30:00.000Z"), HasSubstr("false")));
  Ok({"activity", "record", "purchase", "bob", "--id", "o-2", "--time", "2024-04-01"});
  EXPECT_THAT(Ok({"activity", "list", "purchase"}),
              AllOf(HasSubstr("−12.05 EUR"), HasSubstr("2024-03-01T09:30:00+01:00"),
                    HasSubstr("bob"), HasSubstr("shop=berlin")));
  EXPECT_EQ(
      Ok({"activity", "list", "purchase", "--window", "2024-04", "--output", "csv"}).substr(0, 95),
      "kind,activity_id,customer_id,occur_time,amount,currency,labels,receive_time,sequence,"
      "import_id\n")
      << "the header of CSV is stable";
  EXPECT_THAT(
      Ok({"activity", "list", "purchase", "--window", "2024-04", "--output", "csv"}),
      AllOf(HasSubstr("purchase,o-2,bob,2024-03-31T22:00:00.000Z,,,,"), Not(HasSubstr("ann"))));
  EXPECT_THAT(Ok({"activity", "list", "purchase", "--customer", "ann", "--output", "csv"}),
              HasSubstr("purchase,o-1,ann,2024-03-01T08:30:00.000Z,-12.05,EUR,\"{\"\"shop\"\":"));
  EXPECT_THAT(Ok({"activity", "list", "purchase", "--customer", "ann", "--output", "json"}),
              AllOf(HasSubstr("\"units\": \"-12\""), HasSubstr("\"nanos\": -50000000")));

  Ok({"activity", "erase", "purchase", "--id", "o-1"});
  const ChairctlResult again = Run({"activity", "record", "purchase", "ann", "--id", "o-1"});
  EXPECT_EQ(again.exit_code, 64 + 9);
  EXPECT_THAT(again.err, HasSubstr("ERASED"));
  EXPECT_THAT(Ok({"activity", "list", "purchase", "--newest-first", "--limit", "1"}),
              AllOf(HasSubstr("bob"), Not(HasSubstr("ann"))));
}

TEST_F(ActivitiesTest, AreMadeASubscriptionOf) {
  Ok({"activity", "define", "join", "--time-zone", "Europe/Berlin"});
  Ok({"activity", "define", "cancel", "--time-zone", "Europe/Berlin"});
  Ok({"activity", "define", "member", "--start-kind", "join", "--end-kind", "cancel"});
  EXPECT_THAT(Ok({"activity", "kinds"}),
              AllOf(HasSubstr("starts with"), HasSubstr("join"), HasSubstr("cancel")));
  const std::string csv = Ok({"activity", "kinds", "--output", "csv"});
  EXPECT_THAT(csv, HasSubstr("kind,time_zone,create_time,start_kind,end_kind\n"));
  EXPECT_THAT(csv, HasSubstr("Z,join,cancel\n"));
  EXPECT_THAT(Ok({"activity", "kinds", "--output", "json"}), HasSubstr("\"startKind\": \"join\""));
  Ok({"activity", "record", "join", "ann", "--id", "1", "--time", "2024-03-01"});
  EXPECT_THAT(Ok({"metric", "retention", "--kind", "member", "--window", "2024-03..2024-05",
                  "--as-of", "2024-06-01"}),
              AllOf(HasSubstr("2024-03"), HasSubstr("100.00")));
  const ChairctlResult half = Run({"activity", "define", "guest", "--start-kind", "join"});
  EXPECT_EQ(half.exit_code, 64 + 3);
  EXPECT_THAT(half.err, HasSubstr("end_kind"));
  EXPECT_EQ(Run({"activity", "delete", "join"}).exit_code, 64 + 9);
}

TEST_F(ActivitiesTest, SayWhatIsWrong) {
  EXPECT_THAT(Ok({"activity", "record", "purchse", "ann", "--id", "1"}), HasSubstr("kind_created"));
  const struct {
    std::vector<std::string> arguments;
    int exit_code;
    const char* error;
  } rows[] = {
      {{"activity", "record", "buy", "ann", "--id", "1", "--amount", "12,500 EUR"}, 2, "--amount"},
      {{"activity", "record", "buy", "ann", "--id", "1", "--amount", "12"}, 2, "--amount"},
      {{"activity", "record", "buy", "ann", "--id", "1", "--amount", "1.0000000001 EUR"},
       2,
       "--amount"},
      {{"activity", "record", "buy", "ann", "--id", "1", "--amount", "12 euro"}, 2, "--amount"},
      {{"activity", "record", "buy", "ann"}, 2, "--id"},
      {{"activity", "erase", "purchse"}, 2, "--id and --import"},
      {{"activity", "erase", "purchse", "--id", "2"}, 64 + 5, "ACTIVITY_NOT_FOUND"},
      {{"activity", "list", "purchase"}, 64 + 5, "KIND_NOT_FOUND"},
      {{"activity", "define", "purchse", "--time-zone", "Asia/Tokyo"},
       64 + 9,
       "KIND_HAS_ACTIVITIES"},
  };
  for (const auto& row : rows) {
    const ChairctlResult result = Run(row.arguments);
    EXPECT_EQ(result.exit_code, row.exit_code) << result.err;
    EXPECT_THAT(result.err, HasSubstr(row.error));
  }
  Ok({"activity", "delete", "purchse", "--confirm", "purchse"});
  EXPECT_THAT(Ok({"activity", "kinds"}), Not(HasSubstr("purchse")));
}

}  // namespace
}  // namespace emptychair
