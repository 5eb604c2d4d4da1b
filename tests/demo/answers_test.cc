#include "tools/demo/answers.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emptychair::demo {
namespace {

// FNV-1a, 64 bits.
uint64_t Hash(const std::string& text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return hash;
}

// Every field that an answer has, in an order that does not change.
std::string Text(const v1::Feedback& feedback) {
  std::string text = absl::StrCat(
      feedback.survey_id(), "|", feedback.external_id(), "|", feedback.customer_id(), "|",
      feedback.has_score() ? absl::StrCat(feedback.score()) : "-", "|", feedback.comment(), "|",
      feedback.occur_time().seconds(), ".", feedback.occur_time().nanos());
  const std::map<std::string, std::string> labels(feedback.labels().begin(),
                                                  feedback.labels().end());
  for (const auto& [key, value] : labels) {
    absl::StrAppend(&text, "|", key, "=", value);
  }
  return text;
}

absl::Time TimeOf(const v1::Feedback& feedback) {
  return absl::FromUnixSeconds(feedback.occur_time().seconds()) +
         absl::Nanoseconds(feedback.occur_time().nanos());
}

absl::CivilMonth MonthOf(const v1::Feedback& feedback) {
  return absl::ToCivilMonth(TimeOf(feedback), absl::UTCTimeZone());
}

constexpr char kLetters[] = "abcdefghijklmnopqrstuvwxyz";

// Lower-case letters, as many as every kind of name may have.
bool IsWord(const std::string& text) {
  return !text.empty() && text.size() <= 63 && text.find_first_not_of(kLetters) == text.npos;
}

// A word, a hyphen and digits.
bool IsId(const std::string& text) {
  const size_t hyphen = text.find('-');
  return hyphen != text.npos && hyphen + 1 < text.size() && IsWord(text.substr(0, hyphen)) &&
         text.find_first_not_of("0123456789", hyphen + 1) == text.npos && text.size() <= 128;
}

const DemoSurvey& SurveyNamed(const std::string& id) {
  for (const DemoSurvey& demo : DemoSurveys()) {
    if (demo.survey.survey_id() == id) {
      return demo;
    }
  }
  ADD_FAILURE() << "no survey " << id;
  return DemoSurveys().front();
}

TEST(Random, IsSplitMix64) {
  // The first outputs for the seed 1234567, as published with the algorithm.
  Random random(1234567);
  EXPECT_EQ(random.Next(), 6457827717110365317u);
  EXPECT_EQ(random.Next(), 3203168211198807973u);
  EXPECT_EQ(random.Next(), 9817491932198370423u);
}

TEST(Random, StaysBelowItsBoundAndFollowsWeights) {
  Random random(1);
  std::map<int, int> below;
  std::map<int, int> weighted;
  for (int i = 0; i < 30000; ++i) {
    ++below[random.Below(3)];
    ++weighted[random.Weighted({1, 0, 2})];
  }
  ASSERT_EQ(below.size(), 3);
  for (const auto& [value, count] : below) {
    EXPECT_NEAR(count, 10000, 400) << value;
  }
  EXPECT_NEAR(weighted[0], 10000, 400);
  EXPECT_EQ(weighted.count(1), 0);
  EXPECT_NEAR(weighted[2], 20000, 400);
}

TEST(Answers, AreTheSameOnEveryMachine) {
  std::string text;
  int count = 0;
  for (const DemoSurvey& demo : DemoSurveys()) {
    count += demo.answer_count;
    for (int index = 0; index < 500; ++index) {
      absl::StrAppend(&text, Text(Answer(demo, index)), "\n");
    }
  }
  EXPECT_EQ(count, 80000);
  EXPECT_EQ(Hash(text), 244934497674811442u) << text.substr(0, 500);
}

TEST(Answers, KeepTheLimitsOfTheApi) {
  const v1::TimeInterval interval = DemoInterval();
  EXPECT_EQ(
      absl::FormatTime(absl::FromUnixSeconds(interval.start_time().seconds()), absl::UTCTimeZone()),
      "2024-01-01T00:00:00+00:00");
  EXPECT_EQ(
      absl::FormatTime(absl::FromUnixSeconds(interval.end_time().seconds()), absl::UTCTimeZone()),
      "2025-07-01T00:00:00+00:00");
  for (const DemoSurvey& demo : DemoSurveys()) {
    EXPECT_TRUE(IsWord(demo.survey.survey_id()));
    const bool is_nps = demo.survey.kind() == v1::SURVEY_KIND_NPS;
    const int highest = is_nps ? 10 : demo.survey.kind() == v1::SURVEY_KIND_CSAT ? 5 : 7;
    EXPECT_LE(demo.survey.dimensions_size(), 8);
    for (int index = 0; index < demo.answer_count; ++index) {
      const v1::Feedback feedback = Answer(demo, index);
      SCOPED_TRACE(Text(feedback));
      ASSERT_EQ(feedback.survey_id(), demo.survey.survey_id());
      ASSERT_TRUE(IsId(feedback.external_id()));
      ASSERT_TRUE(feedback.customer_id().empty() || IsId(feedback.customer_id()));
      if (feedback.has_score()) {
        ASSERT_GE(feedback.score(), is_nps ? 0 : 1);
        ASSERT_LE(feedback.score(), highest);
      }
      ASSERT_LE(feedback.comment().size(), 16 * 1024);
      ASSERT_GE(feedback.occur_time().seconds(), interval.start_time().seconds());
      ASSERT_LT(feedback.occur_time().seconds(), interval.end_time().seconds());
      ASSERT_GE(feedback.occur_time().nanos(), 0);
      ASSERT_LT(feedback.occur_time().nanos(), 1'000'000'000);
      ASSERT_EQ(feedback.occur_time().nanos() % 1'000'000, 0);
      for (const auto& [key, value] : feedback.labels()) {
        ASSERT_THAT(demo.survey.dimensions(), ::testing::Contains(key));
        ASSERT_TRUE(IsWord(value));
      }
    }
  }
}

TEST(Answers, HaveIdsOfTheirOwnAndComeInTheOrderOfMonths) {
  for (const DemoSurvey& demo : DemoSurveys()) {
    std::set<std::string> ids;
    std::set<absl::CivilMonth> months;
    for (int index = 0; index < demo.answer_count; ++index) {
      const v1::Feedback feedback = Answer(demo, index);
      ASSERT_TRUE(ids.insert(feedback.external_id()).second) << feedback.external_id();
      ASSERT_TRUE(months.empty() || MonthOf(feedback) >= *months.rbegin()) << Text(feedback);
      months.insert(MonthOf(feedback));
    }
    EXPECT_EQ(months.size(), 18);
  }
}

TEST(Answers, HaveTheirShareOfBlanksCommentsAndReturningCustomers) {
  for (const DemoSurvey& demo : DemoSurveys()) {
    SCOPED_TRACE(demo.survey.survey_id());
    int unscored = 0;
    int commented = 0;
    int anonymous = 0;
    std::map<std::string, int> customers;
    for (int index = 0; index < demo.answer_count; ++index) {
      const v1::Feedback feedback = Answer(demo, index);
      unscored += feedback.has_score() ? 0 : 1;
      commented += feedback.comment().empty() ? 0 : 1;
      if (feedback.customer_id().empty()) {
        ++anonymous;
      } else {
        ++customers[feedback.customer_id()];
      }
    }
    int returning = 0;
    for (const auto& [id, count] : customers) {
      returning += count > 1 ? 1 : 0;
    }
    EXPECT_NEAR(100.0 * unscored / demo.answer_count, 6, 0.5);
    EXPECT_NEAR(100.0 * commented / demo.answer_count, 33, 3);
    EXPECT_NEAR(100.0 * anonymous / demo.answer_count, 18, 1.5);
    EXPECT_GT(returning, 1000);
    EXPECT_GT(customers.size(), 3500);
  }
}

// Promoters less detractors, in percent, of a slice of the deliveries.
class Nps {
 public:
  void Add(int score) {
    ++count_;
    balance_ += score >= 9 ? 1 : score <= 6 ? -1 : 0;
  }
  double value() const { return 100.0 * balance_ / count_; }
  int count() const { return count_; }

 private:
  int count_ = 0;
  int balance_ = 0;
};

enum class Period { kBefore, kTrouble, kAfter };

TEST(Answers, TellTheStoryOfTheSouth) {
  std::map<std::pair<bool, Period>, Nps> slices;
  const DemoSurvey& demo = SurveyNamed("delivery");
  for (int index = 0; index < demo.answer_count; ++index) {
    const v1::Feedback feedback = Answer(demo, index);
    if (!feedback.has_score()) {
      continue;
    }
    const bool is_affected =
        feedback.labels().at("region") == "south" && feedback.labels().at("carrier") == "swiftvan";
    const absl::CivilMonth month = MonthOf(feedback);
    if (month < absl::CivilMonth(2024, 9)) {
      slices[{is_affected, Period::kBefore}].Add(feedback.score());
    } else if (month >= absl::CivilMonth(2024, 10) && month <= absl::CivilMonth(2025, 1)) {
      slices[{is_affected, Period::kTrouble}].Add(feedback.score());
    } else if (month >= absl::CivilMonth(2025, 4)) {
      slices[{is_affected, Period::kAfter}].Add(feedback.score());
    }
  }
  for (const auto& [slice, nps] : slices) {
    EXPECT_GT(nps.count(), 500);
  }
  const double before = slices.at({true, Period::kBefore}).value();
  EXPECT_GT(before, 25);
  EXPECT_LT(slices.at({true, Period::kTrouble}).value(), before - 60);
  EXPECT_NEAR(slices.at({true, Period::kAfter}).value(), before, 12);
  const double elsewhere = slices.at({false, Period::kBefore}).value();
  EXPECT_NEAR(slices.at({false, Period::kTrouble}).value(), elsewhere, 5);
  EXPECT_NEAR(slices.at({false, Period::kAfter}).value(), elsewhere, 5);
}

// The share of scores of at least `lowest`, in percent, among the answers of a slice and of the
// months from `first` to before `end`.
double ShareOf(const DemoSurvey& demo, int lowest, const std::string& key, const std::string& value,
               absl::CivilMonth first, absl::CivilMonth end) {
  int count = 0;
  int scored = 0;
  for (int index = 0; index < demo.answer_count; ++index) {
    const v1::Feedback feedback = Answer(demo, index);
    if (feedback.has_score() && feedback.labels().at(key) == value && MonthOf(feedback) >= first &&
        MonthOf(feedback) < end) {
      ++scored;
      count += feedback.score() >= lowest ? 1 : 0;
    }
  }
  EXPECT_GT(scored, 300);
  return 100.0 * count / scored;
}

TEST(Answers, TellOfParcelsInSupportAndOfANewApp) {
  const absl::CivilMonth start(2024, 1), trouble(2024, 10), relief(2025, 2), app(2025, 6),
      end(2025, 7);
  const DemoSurvey& support = SurveyNamed("support");
  EXPECT_NEAR(ShareOf(support, 4, "topic", "parcel", start, absl::CivilMonth(2024, 9)), 80, 4);
  EXPECT_LT(ShareOf(support, 4, "topic", "parcel", trouble, relief), 60);
  EXPECT_NEAR(ShareOf(support, 4, "topic", "return", trouble, relief), 80, 4);
  const DemoSurvey& ordering = SurveyNamed("ordering");
  EXPECT_NEAR(ShareOf(ordering, 5, "device", "phone", start, app), 62, 3);
  EXPECT_NEAR(ShareOf(ordering, 5, "device", "phone", app, end), 79, 5);
  EXPECT_NEAR(ShareOf(ordering, 5, "device", "desktop", app, end), 78, 5);
}

}  // namespace
}  // namespace emptychair::demo
