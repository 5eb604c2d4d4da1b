// Records in order, forwards and backwards, of a survey and of a customer.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "storage/format/keys.h"
#include "tests/helpers/seed.h"
#include "tests/storage/check/verify_harness.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RecordScanTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    CreateSurvey(store(), NpsSurvey("one"));
    CreateSurvey(store(), NpsSurvey("two"));
    // Two of one time, in both surveys, and one that was erased.
    Submit(store(), {{.survey = 1, .id = 1, .time_ms = 1'000, .customer_id = "ann"},
                     {.survey = 1, .id = 2, .time_ms = 2'000, .customer_id = "bob"},
                     {.survey = 1, .id = 3, .time_ms = 2'000, .customer_id = "ann"},
                     {.survey = 2, .id = 3, .time_ms = 2'000, .customer_id = "ann"},
                     {.survey = 1, .id = 4, .time_ms = 3'000, .customer_id = "ann"},
                     {.survey = 1, .id = 5, .time_ms = 4'000, .customer_id = "ann"},
                     {.survey = 2, .id = 6, .time_ms = 5'000}});
    ASSERT_OK(Erase(store(), {.survey = 1, .id = 4, .time_ms = 3'000}).error);
  }

  // "survey:id" of what is visited in the surveys ("one two" are both), up to `visits_max`.
  std::vector<std::string> Scan(const std::string& survey_ids, const std::string& customer_id,
                                RecordRange range = {}, size_t visits_max = 100) {
    const auto view = store().view();
    for (const absl::string_view id : absl::StrSplit(survey_ids, ' ', absl::SkipEmpty())) {
      range.surveys.push_back(&Survey(*view, std::string(id)));
    }
    if (!customer_id.empty()) {
      range.customer_ordinal = *store().records().CustomerOrdinal(*view, customer_id);
    }
    std::vector<std::string> visited;
    EXPECT_OK(store().records().Scan(
        *view, range, [&](const ScannedRecord& record) -> absl::StatusOr<bool> {
          visited.push_back(absl::StrCat(record.position.survey_number, ":",
                                         record.position.feedback_id.bytes.back()));
          last_ = record.position;
          return visited.size() < visits_max;
        }));
    return visited;
  }

  RecordPosition last_;
};

INSTANTIATE_TEST_SUITE_P(Places, RecordScanTest, ::testing::Values(Place::kMemory, Place::kDisk),
                         PlaceName);

TEST_P(RecordScanTest, GoesThroughASurveyBothWays) {
  EXPECT_THAT(Scan("one", ""), ElementsAre("1:1", "1:2", "1:3", "1:5"));
  EXPECT_THAT(Scan("one", "", {.newest_first = true}), ElementsAre("1:5", "1:3", "1:2", "1:1"));
}

TEST_P(RecordScanTest, GoesThroughSeveralSurveysInOneOrder) {
  const std::vector<std::string> oldest_first = {"1:1", "1:2", "1:3", "2:3", "1:5", "2:6"};
  for (const char* both : {"one two", "two one"}) {
    EXPECT_EQ(Scan(both, ""), oldest_first);
    EXPECT_THAT(Scan(both, "", {.newest_first = true}),
                ElementsAre("2:6", "1:5", "2:3", "1:3", "1:2", "1:1"));
    EXPECT_THAT(Scan(both, "", {.start_ms = 2'000, .end_ms = 5'000}),
                ElementsAre("1:2", "1:3", "2:3", "1:5"));
    EXPECT_THAT(Scan(both, "ann"), ElementsAre("1:1", "1:3", "2:3", "1:5"));
  }
}

TEST_P(RecordScanTest, GoesThroughACustomerBothWays) {
  EXPECT_THAT(Scan("", "ann"), ElementsAre("1:1", "1:3", "2:3", "1:5"));
  EXPECT_THAT(Scan("", "ann", {.newest_first = true}), ElementsAre("1:5", "2:3", "1:3", "1:1"));
  EXPECT_THAT(Scan("two", "ann"), ElementsAre("2:3"));
  EXPECT_THAT(Scan("two", "bob"), IsEmpty());
}

TEST_P(RecordScanTest, KeepsToTheTimes) {
  EXPECT_THAT(Scan("one", "", {.start_ms = 1'001, .end_ms = 4'000}), ElementsAre("1:2", "1:3"));
  EXPECT_THAT(Scan("", "ann", {.start_ms = 2'000, .end_ms = 4'001, .newest_first = true}),
              ElementsAre("1:5", "2:3", "1:3"));
  EXPECT_THAT(Scan("one", "", {.start_ms = 2'000, .end_ms = 2'000}), IsEmpty());
  EXPECT_THAT(Scan("one", "", {.start_ms = INT64_MIN, .end_ms = 1'001}), ElementsAre("1:1"));
}

TEST_P(RecordScanTest, GoesOnWhereItStoppedInAnyOrder) {
  for (const bool newest_first : {false, true}) {
    for (const auto& [survey, customer] : std::vector<std::pair<std::string, std::string>>{
             {"one", ""}, {"one two", ""}, {"", "ann"}, {"one two", "ann"}}) {
      std::vector<std::string> all;
      RecordRange range{.newest_first = newest_first};
      for (std::vector<std::string> page = Scan(survey, customer, range, 1); !page.empty();
           page = Scan(survey, customer, range, 1)) {
        all.push_back(page.front());
        range.after = last_;
      }
      EXPECT_EQ(all, Scan(survey, customer, {.newest_first = newest_first}));
    }
  }
}

TEST_P(RecordScanTest, GoesOnBehindARecordThatIsGone) {
  RecordRange range{.newest_first = true};
  range.after = RecordPosition{IdOf({.id = 4, .time_ms = 3'000}), 1};
  EXPECT_THAT(Scan("one", "", range), ElementsAre("1:3", "1:2", "1:1"));
  EXPECT_THAT(Scan("", "ann", range), ElementsAre("2:3", "1:3", "1:1"));
}

// Of these, whole crowds share their entry by customer: ids of one millisecond start alike here.
TEST_P(RecordScanTest, FindsEveryRecordOfACustomerThoughManyShareAnEntry) {
  const uint64_t seed = emptychair::testing::SeedFromEnvOrRandom();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  const char* const customers[] = {"cat", "dog"};
  std::vector<Answer> answers;
  for (uint64_t id = 7; id < 207; ++id) {
    answers.push_back({.survey = static_cast<uint32_t>(1 + random() % 2),
                       .id = id,
                       .time_ms = static_cast<int64_t>(8'000 + random() % 3),
                       .customer_id = customers[random() % 2]});
  }
  Submit(store(), answers);
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 40; ++i) {
      const size_t gone = random() % answers.size();
      ASSERT_OK(Erase(store(), answers[gone]).error);
      answers.erase(answers.begin() + static_cast<std::ptrdiff_t>(gone));
    }
    for (const char* customer : customers) {
      std::vector<std::pair<RecordPosition, std::string>> wanted;
      for (const Answer& answer : answers) {
        if (answer.customer_id == customer) {
          wanted.push_back({{IdOf(answer), answer.survey},
                            absl::StrCat(answer.survey, ":", IdOf(answer).bytes.back())});
        }
      }
      std::sort(wanted.begin(), wanted.end());
      std::vector<std::string> oldest_first;
      for (const auto& [position, text] : wanted) {
        oldest_first.push_back(text);
      }
      EXPECT_EQ(Scan("", customer), oldest_first);
      std::vector<std::string> paged;
      RecordRange range{.newest_first = true};
      for (std::vector<std::string> page = Scan("", customer, range, 1 + random() % 7);
           !page.empty(); page = Scan("", customer, range, 1 + random() % 7)) {
        paged.insert(paged.end(), page.begin(), page.end());
        range.after = last_;
      }
      EXPECT_EQ(paged, std::vector<std::string>(oldest_first.rbegin(), oldest_first.rend()));
    }
    EXPECT_THAT(VerifyNow(store()).differences, IsEmpty());
    EXPECT_THAT(FindFaults(harness_.Dump()), IsEmpty());
    Reopen();
  }
}

TEST_P(RecordScanTest, ReadsTheIdsOfManyCustomersInTheOrderAskedFor) {
  for (const bool is_reopened : {false, true}) {
    if (is_reopened) {
      Reopen();
    }
    const auto view = store().view();
    const uint32_t ann = **store().records().CustomerOrdinal(*view, "ann");
    const uint32_t bob = **store().records().CustomerOrdinal(*view, "bob");
    EXPECT_THAT(store().records().CustomerIds(*view, {bob, 99, ann}),
                ElementsAre("bob", std::nullopt, "ann"));
    EXPECT_THAT(store().records().CustomerIds(*view, {}), IsEmpty());
  }
}

TEST_P(RecordScanTest, NamesNoNumberForACustomerItDoesNotKnow) {
  const auto ordinal = store().records().CustomerOrdinal(*store().view(), "zoe");
  ASSERT_OK(ordinal);
  EXPECT_EQ(*ordinal, std::nullopt);
}

}  // namespace
}  // namespace emptychair::storage
