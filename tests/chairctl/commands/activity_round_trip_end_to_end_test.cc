// Activities out of files and into them by chairctl, on the real server.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/chairctl_harness.h"
#include "tests/helpers/seed.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Random = std::mt19937_64;
using testing::At;
using testing::EqualsMessage;

// A server, and chairctl that talks to it.
struct Place {
  Place() { chairctl.variables["EMPTYCHAIR_ENDPOINT"] = backend->endpoint(); }

  ChairctlResult Run(const std::vector<std::string>& arguments, const std::string& input = "") {
    chairctl.standard_input = input;
    return chairctl.Run(arguments);
  }

  std::string Ok(const std::vector<std::string>& arguments, const std::string& input = "") {
    const ChairctlResult result = Run(arguments, input);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.out;
  }

  // The activities of a kind, without what only the store that has them gives.
  std::map<std::string, v1::Activity> ActivitiesOf(const std::string& kind) {
    std::map<std::string, v1::Activity> activities;
    v1::ListActivitiesRequest request;
    request.set_kind(kind);
    for (const absl::StatusOr<v1::Activity>& activity : client.ListActivities(request)) {
      EXPECT_TRUE(activity.ok()) << activity.status();
      v1::Activity content = *activity;
      content.clear_receive_time();
      content.clear_sequence();
      content.clear_import_id();
      activities[content.activity_id()] = content;
    }
    return activities;
  }

  int64_t sequence() { return testing::Status(client).sequence(); }

  std::unique_ptr<testing::Backend> backend =
      testing::Backend::Start(testing::BackendKind::kInProcess);
  Chairctl chairctl;
  Client client = testing::MakeClient(backend->endpoint());
};

// Draws activities that have everything an activity can have.
class RandomActivities {
 public:
  explicit RandomActivities(Random& random) : random_(random) {}

  int Uniform(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  bool OneIn(int n) { return Uniform(1, n) == 1; }

  // Text that a careless writer or reader would break.
  std::string Text(const std::string& prefix, int number) {
    static const std::vector<std::string> kPieces = {
        "a",  "Ä",   "李",   "🪑", "\"",  "\"\"", ",", ";",  "'", "=1+1",  "\\", "\\n",
        "{}", "[1]", "null", "0",    "007", "1e5",  "|", "#1", "%", "sep=;", "-",  "<b>"};
    std::string text = absl::StrCat(OneIn(4) ? " " : "", prefix, number, " ");
    for (int i = Uniform(0, 4); i > 0; --i) {
      text += kPieces[static_cast<size_t>(Uniform(0, static_cast<int>(kPieces.size()) - 1))];
      text += OneIn(6) ? "\u00a0" : "";
    }
    return text;
  }

  v1::Amount Amount() {
    static constexpr int64_t kUnits[] = {0, 0, 1, 20, 1'234, 999'999'999'999, 1'000'000'000'000};
    static constexpr int32_t kNanos[] = {0,          0,           1,          500'000'000,
                                         50'000'000, 234'000'000, 999'999'999};
    const int sign = OneIn(3) ? -1 : 1;
    v1::Amount amount;
    amount.set_units(sign * kUnits[Uniform(0, std::size(kUnits) - 1)]);
    amount.set_nanos(sign * kNanos[Uniform(0, std::size(kNanos) - 1)]);
    amount.set_currency_code(OneIn(2) ? "EUR" : "JPY");
    return amount;
  }

  v1::Activity Activity(const std::string& kind, int number) {
    v1::Activity activity;
    activity.set_kind(kind);
    activity.set_activity_id(Text("row ", number));
    activity.set_customer_id(Text("customer ", Uniform(1, 20)));
    *activity.mutable_occur_time() = ToTimestamp(
        At("2024-02-01T00:00:00Z") +
        absl::Milliseconds(OneIn(3) ? 0 : static_cast<int64_t>(random_() % 5'000'000'000)));
    if (!OneIn(3)) {
      *activity.mutable_amount() = Amount();
    }
    for (const char* key : {"channel", "x-1_y"}) {
      if (!OneIn(3)) {
        (*activity.mutable_labels())[key] = Text("v", Uniform(1, 3));
      }
    }
    return activity;
  }

 private:
  Random& random_;
};

class ActivityRoundTripTest : public ::testing::TestWithParam<std::string> {
 protected:
  ActivityRoundTripTest() : random_(testing::SeedFromEnvOrRandom()), content_(random_) {
    from_.Ok({"activity", "define", "purchase", "--time-zone", "America/St_Johns"});
    for (const char* kind : {"purchase", "visit"}) {
      v1::BatchRecordActivitiesRequest request;
      for (int i = 0; i < 200; ++i) {
        *request.add_activities() = content_.Activity(kind, i);
      }
      const auto response = testing::Value(from_.client.BatchRecordActivities(request));
      EXPECT_EQ(response.accepted_count(), 200) << response.DebugString();
    }
  }

  void ExpectSame(const std::string& kind, const std::string& as_kind = "") {
    SCOPED_TRACE(kind);
    const auto expected = from_.ActivitiesOf(kind);
    const auto found = to_.ActivitiesOf(as_kind.empty() ? kind : as_kind);
    EXPECT_EQ(found.size(), expected.size());
    for (const auto& [id, activity] : expected) {
      const auto other = found.find(id);
      ASSERT_NE(other, found.end()) << activity.DebugString();
      v1::Activity wanted = activity;
      wanted.set_kind(as_kind.empty() ? kind : as_kind);
      ASSERT_THAT(other->second, EqualsMessage(wanted));
    }
  }

  const std::string& format() const { return GetParam(); }

  Random random_;
  RandomActivities content_;
  Place from_;
  Place to_;
};

INSTANTIATE_TEST_SUITE_P(Formats, ActivityRoundTripTest, ::testing::Values("csv", "json"),
                         [](const auto& info) { return info.param; });

TEST_P(ActivityRoundTripTest, AnExportComesBackAsItWasAndAgainAddsNothing) {
  for (const char* kind : {"purchase", "visit"}) {
    const std::string file = from_.Ok({"activity", "export", kind, "--output", format()});
    const std::vector<std::string> import = {"activity", "import",   "-",   "--kind",
                                             kind,       "--output", "json"};
    EXPECT_THAT(to_.Ok(import, file), HasSubstr("\"accepted\": 200"));
    const int64_t before = to_.sequence();
    EXPECT_THAT(to_.Ok(import, file), HasSubstr("\"alreadyExisted\": 200"));
    EXPECT_EQ(to_.sequence(), before);
    ExpectSame(kind);
    // Also where it came from.
    EXPECT_THAT(from_.Ok(import, file), HasSubstr("\"alreadyExisted\": 200"));
  }
}

TEST_P(ActivityRoundTripTest, EachRowSaysItsKindAndAnotherCanBeAskedFor) {
  const std::string file = from_.Ok({"activity", "export", "visit", "--output", format()});
  to_.Ok({"activity", "import", "-"}, file);
  ExpectSame("visit");
  to_.Ok({"activity", "import", "-", "--kind", "walk", "--where", "kind=visit"}, file);
  ExpectSame("visit", "walk");
  const ChairctlResult refused = to_.Run({"activity", "import", "-", "--kind", "run"}, file);
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("--where kind=visit"));
}

TEST_P(ActivityRoundTripTest, ATimeZoneOfCsvAndASelectionAreReadBack) {
  const std::string customer = from_.ActivitiesOf("visit").begin()->second.customer_id();
  std::vector<std::string> arguments = {"activity", "export",   "visit", "--customer-id",
                                        customer,   "--output", format()};
  if (format() == "csv") {
    arguments.insert(arguments.end(), {"--time-zone", "Asia/Kolkata"});
  }
  to_.Ok({"activity", "import", "-", "--kind", "visit"}, from_.Ok(arguments));
  const auto all = from_.ActivitiesOf("visit");
  const auto found = to_.ActivitiesOf("visit");
  EXPECT_EQ(static_cast<int64_t>(found.size()),
            std::count_if(all.begin(), all.end(), [&customer](const auto& activity) {
              return activity.second.customer_id() == customer;
            }));
  for (const auto& [id, activity] : found) {
    EXPECT_THAT(activity, EqualsMessage(all.at(id)));
  }
}

class ActivityImportTest : public ::testing::Test {
 protected:
  ChairctlResult Import(const std::string& text, std::vector<std::string> more) {
    std::vector<std::string> arguments = {"activity", "import", "-", "--output", "json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return place_.Run(arguments, text);
  }

  Place place_;
};

constexpr char kRows[] =
    "customer_id,occur_time,amount\nann,2024-03-01,20 EUR\nann,2024-03-01,20 "
    "EUR\nbob,2024-03-02,\n";

TEST_F(ActivityImportTest, DeclaresANewKindInTheZoneThatIsSaidAndThePlanSaysSo) {
  const ChairctlResult dry =
      Import(kRows, {"--kind", "purchase", "--time-zone", "Asia/Tokyo", "--dry-run"});
  EXPECT_EQ(dry.exit_code, 0) << dry.err;
  EXPECT_THAT(dry.out, AllOf(HasSubstr("\"kinds\": [\"purchase, new: declared in Asia/Tokyo\"]"),
                             HasSubstr("\"withoutAmount\": 1"), HasSubstr("\"read\": 3")));
  EXPECT_THAT(place_.Ok({"activity", "kinds"}), Not(HasSubstr("purchase")));

  const ChairctlResult result =
      Import(kRows, {"--kind", "purchase", "--time-zone", "Asia/Tokyo", "--import-id", "i"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, AllOf(HasSubstr("kind: purchase, new: declared in Asia/Tokyo\n"),
                                HasSubstr("time zone: Asia/Tokyo (--time-zone)")));
  EXPECT_THAT(result.out, HasSubstr("\"accepted\": 3, \"alreadyExisted\": 0"));
  EXPECT_THAT(place_.Ok({"activity", "kinds"}), HasSubstr("Asia/Tokyo"));
  EXPECT_THAT(place_.Ok({"activity", "list", "purchase", "--output", "csv"}),
              HasSubstr("bob,2024-03-01T15:00:00.000Z,,,"));
  // Again without the flag: the kind has its zone by now.
  const ChairctlResult again = Import(kRows, {"--kind", "purchase"});
  EXPECT_THAT(again.out, HasSubstr("\"accepted\": 0, \"alreadyExisted\": 3"));
  EXPECT_THAT(again.err, AllOf(HasSubstr("kind: purchase, in Asia/Tokyo\n"),
                               HasSubstr("time zone: Asia/Tokyo (of the kind)")));
  // Without a zone a new kind gets UTC.
  EXPECT_THAT(Import(kRows, {"--kind", "visit"}).err, HasSubstr("visit, new: declared in UTC"));
}

TEST_F(ActivityImportTest, IsTakenBackAsAWholeAndItsIdsAreFreeAgain) {
  Import(kRows, {"--kind", "purchase", "--import-id", "march"});
  EXPECT_THAT(place_.Ok({"activity", "list", "purchase", "--import", "march"}), HasSubstr("bob"));
  place_.Ok({"activity", "erase", "purchase", "--import", "march"});
  EXPECT_TRUE(place_.ActivitiesOf("purchase").empty());
  EXPECT_THAT(Import(kRows, {"--kind", "purchase"}).out, HasSubstr("\"accepted\": 3"));
}

TEST_F(ActivityImportTest, RejectsRowsWithTheirReasonAndTakesThemMended) {
  const std::string rejects = ::testing::TempDir() + "/activity_rejects.csv";
  const ChairctlResult result = Import(
      "Who,When,Total\nann,2024-03-01,\"1,234\"\nbob,2024-03-01,5.25\n,2024-03-01,5\n"
      "ann,2060-01-01,5\n",
      {"--kind", "purchase", "--map", "customer_id=Who", "--map", "occur_time=When", "--map",
       "amount=Total", "--currency", "EUR", "--rejects", rejects});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("line 2: FIELD_INVALID: amount: is \"1,234\""),
                                HasSubstr("line 4: FIELD_REQUIRED: customer_id"),
                                HasSubstr("line 5: TIME_OUT_OF_RANGE"),
                                HasSubstr("rejected amounts: \"1,234\" (1)")));
  EXPECT_THAT(result.out, HasSubstr("\"accepted\": 1, \"alreadyExisted\": 0, \"updated\": 0, "
                                    "\"rejected\": 3"));
  std::ifstream in(rejects);
  const std::string file{std::istreambuf_iterator<char>(in), {}};
  EXPECT_THAT(file, AllOf(HasSubstr("Who,When,Total,activity_id,error_line,error_reason\n"),
                          HasSubstr("ann,2024-03-01,\"1,234\",import-row-")));
  std::string mended = file.substr(0, file.find('\n', file.find('\n') + 1) + 1);
  mended.replace(mended.find("\"1,234\""), 7, "1234");
  const ChairctlResult second =
      Import(mended, {"--kind", "purchase", "--map", "customer_id=Who", "--map", "occur_time=When",
                      "--map", "amount=Total", "--currency", "EUR"});
  EXPECT_EQ(second.exit_code, 0) << second.err;
  EXPECT_THAT(second.out, HasSubstr("\"accepted\": 1"));
  std::filesystem::remove(rejects);
}

TEST_F(ActivityImportTest, IsRefusedWhenTheFileWasImportedWithOtherColumnsBefore) {
  Import(kRows, {"--kind", "purchase", "--id-from", "amount", "--id-from", "customer_id"});
  const ChairctlResult result = Import(kRows, {"--kind", "purchase"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("the store has most of the first activities under other ids"));
  EXPECT_EQ(Import(kRows, {"--kind", "purchase", "--source", "shop"}).exit_code, 0);
}

TEST_F(ActivityImportTest, SaysWhatIsWrongBeforeAnythingIsSent) {
  place_.Ok({"activity", "define", "began"});
  place_.Ok({"activity", "define", "ended"});
  v1::DefineActivityKindRequest subscription;
  subscription.set_kind("member");
  subscription.set_start_kind("began");
  subscription.set_end_kind("ended");
  testing::Value(place_.client.DefineActivityKind(subscription));
  const int64_t before = place_.sequence();
  const struct {
    std::vector<std::string> flags;
    const char* error;
  } rows[] = {
      {{"--kind", "member"}, "member is a subscription"},
      {{"--kind", "purchase", "--time-zone", "Mars/Base"}, "--time-zone: "},
      {{"--kind", "purchase", "--map", "amount=Total"}, "--map: names the column \"Total\""},
      {{}, "kind: has no column"},
      {{"--kind", "Purchase"}, "--kind: is \"Purchase\""},
      {{"--kind", "purchase", "--update"}, "--update"},
      {{"--kind", "purchase", "--preset", "typeform"}, "wanted one of shopify"},
  };
  for (const auto& row : rows) {
    const ChairctlResult result = Import(kRows, row.flags);
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_THAT(result.err, HasSubstr(row.error));
  }
  EXPECT_EQ(place_.sequence(), before);
}

TEST_F(ActivityImportTest, TakesAnOrderOfSeveralItemsOnceWithThePresetOfItsShop) {
  const ChairctlResult result = Import(
      "Name,Email,Financial Status,Paid at,Fulfillment Status,Currency,Subtotal,Total,Created at,"
      "Lineitem quantity,Lineitem name,Id\n"
      "#1001,ann@example.org,paid,2023-10-07 09:50:26 +0200,fulfilled,EUR,50.00,53.91,"
      "2023-10-07 09:50:26 +0200,3,Lamp,7410991464714\n"
      "#1001,ann@example.org,,,,,,,2023-10-07 09:50:26 +0200,1,Cable,\n"
      "#1002,,paid,2023-10-08 10:00:00 +0200,fulfilled,EUR,5.00,5.00,2023-10-08 10:00:00 +0200,1,"
      "Cable,7410991464715\n",
      {"--kind", "purchase", "--preset", "shopify"});
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_THAT(result.err, HasSubstr("line 4: FIELD_REQUIRED: customer_id"));
  EXPECT_THAT(result.out, HasSubstr("\"read\": 3, \"accepted\": 1, \"alreadyExisted\": 0, "
                                    "\"updated\": 0, \"rejected\": 1, \"skipped\": 1"));
  EXPECT_THAT(place_.Ok({"activity", "list", "purchase", "--output", "csv"}),
              HasSubstr("purchase,#1001,ann@example.org,2023-10-07T07:50:26.000Z,53.91,EUR,,"));
}

// 15,273 real purchases, of which 1,003 are like another one (the README beside the file).
TEST_F(ActivityImportTest, OfRealPurchasesGivesTheFiguresOfACountByHand) {
  const std::filesystem::path file =
      std::filesystem::path(EMPTYCHAIR_REAL_INPUT_DIR) / "transactions.csv";
  if (!std::filesystem::exists(file)) {
    GTEST_SKIP() << file << " is not there";
  }
  const std::vector<std::string> import = {
      "activity",       "import", file.string(),     "--kind",   "purchase", "--map",
      "customer_id=id", "--map",  "occur_time=date", "--output", "json"};
  EXPECT_THAT(place_.Ok(import), HasSubstr("\"read\": 15273, \"accepted\": 15273"));
  EXPECT_THAT(place_.Ok(import), HasSubstr("\"accepted\": 0, \"alreadyExisted\": 15273"));
  EXPECT_EQ(place_.ActivitiesOf("purchase").size(), 15273u);
  EXPECT_THAT(place_.Ok({"metric", "retention", "--kind", "purchase", "--window", "2014", "--as-of",
                         "2015-01-01", "--output", "csv"}),
              AllOf(HasSubstr("842,853,582,238,33"), HasSubstr("28.26603325415677")));
}

}  // namespace
}  // namespace emptychair
