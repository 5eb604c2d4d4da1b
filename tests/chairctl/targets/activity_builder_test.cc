#include "tools/chairctl/targets/activity_builder.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/timestamp.h"
#include "emptychair/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/chairctl/import/reader_harness.h"
#include "tools/chairctl/import/field_texts.h"
#include "tools/chairctl/import/odd_values.h"
#include "tools/chairctl/import/understanding.h"
#include "tools/chairctl/targets/activity_target.h"

namespace emptychair {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::SizeIs;

using Flags = std::vector<std::pair<std::string, std::string>>;

const Flags kPurchase = {{"kind", "purchase"}};

Flags With(Flags flags, const Flags& more) {
  flags.insert(flags.end(), more.begin(), more.end());
  return flags;
}

// There are the kinds purchase, in Berlin, and visit, in Tokyo.
ActivityTarget Target() {
  return ActivityTarget({{"purchase", "Europe/Berlin"}, {"visit", "Asia/Tokyo"}});
}

// What becomes of the rows of `text`.
std::vector<BuiltRecord> Build(const std::string& text, const Flags& flags = kPurchase) {
  const ImportRules rules = RulesOf(flags, RecordType::kActivity);
  const auto file = OpenText(text, rules);
  const std::vector<Row> rows = ReadFirstRows(*file->reader);
  const ActivityTarget target = Target();
  const ColumnMatcher matcher(rules, {});
  auto layout = FindLayout(rules, target, matcher, file->reader->columns());
  EXPECT_TRUE(layout.ok()) << layout.status();
  auto builder = target.MakeBuilder(rules, *std::move(layout));
  EXPECT_TRUE(builder.ok()) << builder.status();
  std::vector<BuiltRecord> records;
  for (const Row& row : rows) {
    (*builder)->Build(row, records.emplace_back());
  }
  return records;
}

// Why the file is refused as a whole.
std::string Refusal(const std::string& text, const Flags& flags = kPurchase) {
  const ImportRules rules = RulesOf(flags, RecordType::kActivity);
  const auto file = OpenText(text, rules);
  const std::vector<Row> rows = ReadFirstRows(*file->reader);
  const ActivityTarget target = Target();
  const ColumnMatcher matcher(rules, {});
  auto layout = FindLayout(rules, target, matcher, file->reader->columns());
  if (!layout.ok()) {
    return std::string(layout.status().message());
  }
  const auto builder = target.MakeBuilder(rules, *std::move(layout));
  return std::string(!builder.ok() ? builder.status().message()
                                   : LookAtFirstRows(target, **builder, rows).status().message());
}

std::vector<std::string> Ids(const std::string& text, const Flags& flags = kPurchase) {
  std::vector<std::string> ids;
  for (const BuiltRecord& record : Build(text, flags)) {
    EXPECT_TRUE(record.status.ok()) << record.status;
    ids.push_back(record.activity().activity_id());
  }
  return ids;
}

TEST(ActivityBuilder, FillsTheFieldsOfTheActivity) {
  const auto records = Build(
      "Activity ID,customer_id,occur_time,Amount,Currency,label.shop,labels\n"
      " o-1 , c ,2024-01-31 12:00,\"20,5\",eur, web ,\"{\"\"plan\"\":\"\" gold\"\"}\"\n");
  ASSERT_THAT(records, SizeIs(1));
  ASSERT_TRUE(records[0].status.ok()) << records[0].status;
  const v1::Activity& activity = records[0].activity();
  EXPECT_EQ(activity.kind(), "purchase");
  EXPECT_EQ(activity.activity_id(), "o-1");
  EXPECT_EQ(activity.customer_id(), "c");
  EXPECT_EQ(FromTimestamp(activity.occur_time()), absl::FromUnixSeconds(1'706'698'800));
  EXPECT_EQ(activity.amount().units(), 20);
  EXPECT_EQ(activity.amount().nanos(), 500'000'000);
  EXPECT_EQ(activity.amount().currency_code(), "EUR");
  EXPECT_EQ(activity.labels().at("shop"), "web");
  EXPECT_EQ(activity.labels().at("plan"), "gold");
}

TEST(ActivityBuilder, ReadsTimesInTheZoneOfTheirKindUnlessAFlagSaysAnother) {
  const std::string text =
      "kind,customer_id,occur_time\npurchase,a,2024-01-31\nvisit,a,2024-01-31\n"
      "walk,a,2024-01-31\nvisit,a,2024-01-31T00:00:00Z\n";
  const auto seconds = [](const std::vector<BuiltRecord>& records) {
    std::vector<int64_t> out;
    for (const BuiltRecord& record : records) {
      EXPECT_TRUE(record.status.ok()) << record.status;
      out.push_back(record.activity().occur_time().seconds() - 1'706'659'200);
    }
    return out;
  };
  EXPECT_THAT(seconds(Build(text, {})), ElementsAre(-3600, -9 * 3600, 0, 0));
  EXPECT_THAT(seconds(Build(text, {{"time-zone", "America/Bogota"}})),
              ElementsAre(5 * 3600, 5 * 3600, 5 * 3600, 0));
  EXPECT_THAT(
      seconds(Build("kind,customer_id\nvisit,a\nwalk,a\n", {{"set", "occur_time=2024-01-31"}})),
      ElementsAre(-9 * 3600, 0));
}

TEST(ActivityBuilder, TakesAmountsAndCurrenciesInEachForm) {
  const auto records = Build(
      "{\"customer_id\":\"a\",\"occur_time\":\"2024-01-31\",\"amount\":null}\n"
      "{\"customer_id\":\"a\",\"occur_time\":\"2024-01-31\",\"amount\":{\"units\":\"-3\","
      "\"nanos\":-5,\"currencyCode\":\"USD\"}}\n"
      "{\"customer_id\":\"a\",\"occur_time\":\"2024-01-31\",\"amount\":{\"units\":7,"
      "\"currency_code\":\"USD\"}}\n"
      "{\"customer_id\":\"a\",\"occur_time\":\"2024-01-31\",\"amount\":20.25}\n"
      "{\"customer_id\":\"a\",\"occur_time\":\"2024-01-31\",\"amount\":\"1 chf\"}\n"
      "{\"customer_id\":\"a\",\"occur_time\":\"2024-01-31\",\"amount\":{\"units\":1,\"nanos\":-1,"
      "\"currency_code\":\"USD\"}}\n",
      With(kPurchase, {{"currency", "eur"}}));
  std::vector<std::string> amounts;
  for (const BuiltRecord& record : records) {
    const v1::Amount& amount = record.activity().amount();
    amounts.push_back(
        !record.status.ok() ? "rejected"
        : !record.activity().has_amount()
            ? "none"
            : absl::StrCat(amount.units(), ":", amount.nanos(), " ", amount.currency_code()));
  }
  EXPECT_THAT(amounts, ElementsAre("none", "-3:-5 USD", "7:0 USD", "20:250000000 EUR", "1:0 CHF",
                                   "rejected"));
}

TEST(ActivityBuilder, RejectsWhatCannotBeRead) {
  const struct {
    const char* row;
    v1::ErrorReason reason;
    const char* message;
  } cases[] = {
      {",2024-01-31,1,EUR,", v1::ERROR_REASON_FIELD_REQUIRED, "customer_id: is empty"},
      {"a,,1,EUR,", v1::ERROR_REASON_FIELD_REQUIRED, "occur_time: is empty; wanted when they did"},
      {"a,soon,1,EUR,", v1::ERROR_REASON_FIELD_INVALID, "occur_time: is \"soon\""},
      {"a,2024-01-31,1,,", v1::ERROR_REASON_FIELD_REQUIRED, "currency: is not said"},
      {"a,2024-01-31,1,euro,", v1::ERROR_REASON_FIELD_INVALID, "currency: is \"euro\""},
      {"a,2024-01-31,1 USD,EUR,", v1::ERROR_REASON_FIELD_INVALID, "currency: is \"EUR\""},
      {"a,2024-01-31,$1,USD,", v1::ERROR_REASON_FIELD_INVALID, "amount: is \"$1\""},
      {"a,2024-01-31,1,EUR,visit", v1::ERROR_REASON_FIELD_INVALID, "--where kind=visit"},
  };
  for (const auto& c : cases) {
    const auto records =
        Build(absl::StrCat("customer_id,occur_time,amount,currency,kind\n", c.row));
    EXPECT_EQ(ReasonOf(records[0].status), c.reason) << c.row;
    EXPECT_THAT(records[0].status.message(), HasSubstr(c.message)) << c.row;
  }
  const auto kinds = Build("customer_id,occur_time,kind\na,2024-01-31,\na,2024-01-31,Visit\n", {});
  EXPECT_THAT(kinds[0].status.message(), HasSubstr("kind: is empty"));
  EXPECT_THAT(kinds[1].status.message(), HasSubstr("kind: is \"Visit\""));
}

TEST(ActivityBuilder, DerivesIdsFromTheActivityAlone) {
  const std::string header = "customer_id,occur_time,amount,currency,Shop\n";
  const std::vector<std::string> ids =
      Ids(header + "a,2024-01-31,5,EUR,x\na,2024-01-31,5,EUR,x\nb,2024-01-31,,,x\n");
  EXPECT_THAT(ids[0], MatchesRegex("import-[0-9a-f]{32}"));
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 3u) << "equal rows stay two";
  // Other forms, labels and orders; a file that has grown.
  EXPECT_EQ(
      Ids("occur_time,label.shop,customer_id,amount\n2024-02-01,z,c,\n"
          "2024-01-30T23:00:00Z,y,a,5.00 EUR\n2024-01-31,,a,5 eur\n2024-01-31,,b,\n"),
      (std::vector<std::string>{Ids(header + "c,2024-02-01,,,\n")[0], ids[0], ids[1], ids[2]}));
  std::set<std::string> others;
  for (const char* row : {"a,2024-01-31,5,EUR,", "a,2024-01-31,,,", "a,2024-01-31,0,EUR,",
                          "a,2024-01-31,5,USD,", "a,2024-01-31,-5,EUR,", "b,2024-01-31,5,EUR,",
                          "a,2024-02-01,5,EUR,", "a,2024-01-31,0.000000005,EUR,"}) {
    others.insert(Ids(header + row)[0]);
    others.insert(Ids(header + row, {{"kind", "visit"}, {"time-zone", "Europe/Berlin"}})[0]);
    others.insert(Ids(header + row, With(kPurchase, {{"source", "shop"}}))[0]);
  }
  EXPECT_THAT(others, SizeIs(24));
  // The ids of files that were imported before must never change.
  EXPECT_THAT(Ids("customer_id,occur_time,amount\na,2024-01-31,5 EUR\na,2024-01-31,5 EUR\n"),
              ElementsAre("import-2e268b98018ca8fce38316a7e82d871d",
                          "import-de29de6578dcb58d1163547b4e44bb90"));
}

TEST(ActivityBuilder, DerivesIdsFromTheColumnsThatAreNamed) {
  const Flags flags = With(kPurchase, {{"id-from", "Order"}});
  const auto first = Ids("Order,customer_id,occur_time\n7,a,2024-01-31\n", flags);
  EXPECT_EQ(Ids("Order,customer_id,occur_time\n 7 ,b,2024-02-01\n", flags), first);
  EXPECT_NE(Ids("Order,customer_id,occur_time\n8,a,2024-01-31\n", flags), first);
}

TEST(ActivityLayout, RefusesWhatIsNotUnderstood) {
  EXPECT_THAT(Refusal("customer_id,occur_time\n", {}),
              AllOf(HasSubstr("kind: has no column"), HasSubstr("--kind KIND")));
  EXPECT_THAT(Refusal("id,date\n"),
              AllOf(HasSubstr("customer_id: has no column"), HasSubstr("\"id\", \"date\"")));
  EXPECT_THAT(Refusal("customer_id,date\n"), HasSubstr("occur_time: has no column"));
  EXPECT_THAT(Refusal("customer_id,occur_time,Total\n", With(kPurchase, {{"currency", "EUR"}})),
              HasSubstr("amount: has no column"));
  EXPECT_THAT(Refusal("customer_id\n", With(kPurchase, {{"set", "occur_time=now"}})),
              HasSubstr("activity_id: has no column"));
  EXPECT_THAT(Refusal("customer_id,occur_time,amount\na,2024-01-31,5\nb,2024-01-31,6\n"),
              AllOf(HasSubstr("currency: is not said"), HasSubstr("--currency EUR")));
  EXPECT_EQ(Refusal("customer_id,occur_time,amount\na,2024-01-31,5\nb,2024-01-31,6 EUR\n"), "")
      << "one of them is rejected";
  EXPECT_EQ(Refusal("customer_id,occur_time\na,2024-01-31\n"), "");
  const std::string kinds = "kind,customer_id,occur_time\nvisit,a,2024-01-31\n";
  EXPECT_THAT(Refusal(kinds), AllOf(HasSubstr("line 2"), HasSubstr("--where kind=visit")));
  EXPECT_EQ(Refusal(kinds, With(kPurchase, {{"where", "kind=visit"}})), "");
  EXPECT_EQ(Refusal(kinds, {}), "");
}

TEST(ActivityRules, RefuseFlagsAndFieldsOfAnswers) {
  const auto refusal = [](const char* name, const char* value) {
    const auto rules = ReadRules(RecordType::kActivity, {{name, value, "flag"}});
    return std::string(rules.status().message());
  };
  EXPECT_THAT(refusal("no-score", "true"), HasSubstr("--no-score: is no flag of an import of"));
  EXPECT_THAT(refusal("update", "true"), HasSubstr("--update: is no flag"));
  EXPECT_THAT(refusal("map", "score=x"), HasSubstr("--map: names the field \"score\""));
  EXPECT_THAT(refusal("map", "receive_time=x"), HasSubstr("--map: names the field"));
  EXPECT_THAT(refusal("set", "amount=5"), HasSubstr("--set: sets amount"));
  EXPECT_THAT(refusal("value", "amount:free=nothing"), HasSubstr("--value: is "));
  EXPECT_THAT(refusal("currency", "EURO"), HasSubstr("--currency: "));
  EXPECT_THAT(refusal("kind", "Purchase"), HasSubstr("--kind: is \"Purchase\""));
  EXPECT_THAT(
      std::string(ReadRules(RecordType::kFeedback, {{"kind", "a", "flag"}}).status().message()),
      HasSubstr("--kind: is no flag of an import of answers"));
}

TEST(ParseAmount, ReadsAmountsExactlyAndNothingElse) {
  const struct {
    const char* text;
    const char* wanted;  // UNITS:NANOS CURRENCY; empty: refused.
  } cases[] = {
      {"20 EUR", "20:0 EUR"},
      {"20.50", "20:500000000 "},
      {" -20,5EUR ", "-20:-500000000 EUR"},
      {"+7", "7:0 "},
      {"0", "0:0 "},
      {"-0.000000001 usd", "0:-1 USD"},
      {"1,2345", "1:234500000 "},
      {"1.234", "1:234000000 "},
      {"1000000000000.999999999 JPY", "1000000000000:999999999 JPY"},
      {"\u221212.05 EUR", "-12:-50000000 EUR"},
      {"1,234", ""},
      {"1.234,56", ""},
      {"1,234.56", ""},
      {"1 234", ""},
      {"1000000000001", ""},
      {"1.0000000001", ""},
      {"1e5", ""},
      {"$5", ""},
      {"5 euros", ""},
      {"5.", ""},
      {".5", ""},
      {"-", ""},
      {"EUR", ""},
      {"--5", ""},
      {"99999999999999999999", ""},
  };
  for (const auto& c : cases) {
    const absl::StatusOr<v1::Amount> amount = ParseAmount(c.text);
    EXPECT_EQ(amount.ok() ? absl::StrCat(amount->units(), ":", amount->nanos(), " ",
                                         amount->currency_code())
                          : "",
              c.wanted)
        << c.text;
  }
}

TEST(OddActivities, AreAmountsThatLookLikeThousands) {
  OddValues odd({});
  for (int i = 0; i < 20; ++i) {
    v1::Activity activity;
    activity.set_activity_id("a");
    activity.mutable_amount()->set_units(1);
    activity.mutable_amount()->set_nanos(i < 9 ? 500'000'000 : 234'000'000);
    odd.Add(activity, true);
  }
  EXPECT_THAT(odd.Sentences(),
              ElementsAre("amounts have three digits behind the point in 11 rows, as thousands "
                          "have: \"1.234\"",
                          "1 activity_id more than once, for example \"a\" in 20 rows"));
  EXPECT_THAT(OddValues({}).Sentences(), IsEmpty());
}

}  // namespace
}  // namespace emptychair
