#include "tools/demo/purchases.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/random.h"
#include "common/base/timestamp.h"
#include "tools/demo/answers.h"

namespace emptychair::demo {
namespace {

constexpr absl::CivilMonth kFirstMonth(2024, 1);
constexpr int kMonths = 18;
// 2^32 from the seeds of answers.
constexpr uint64_t kFirstSeed = uint64_t{4} << 32;

// How a customer's habit changes with the last answer, per cent: detractor, passive, promoter;
// none.
constexpr std::array<int, 4> kOfHabit = {68, 100, 122, 92};
constexpr int kNoAnswer = 3;

int ClassOf(int score) { return score <= 6 ? 0 : score <= 8 ? 1 : 2; }

// By customer the times of their scored answers, ascending, with the class of each.
using Answers = std::map<std::string, std::vector<std::pair<absl::Time, int>>>;

Answers RelationshipAnswers() {
  Answers answers;
  const DemoSurvey& demo = DemoSurveys().front();
  for (int index = 0; index < demo.answer_count; ++index) {
    const v1::Feedback feedback = Answer(demo, index);
    if (!feedback.customer_id().empty()) {
      auto& own = answers[feedback.customer_id()];
      if (feedback.has_score()) {
        own.emplace_back(FromTimestamp(feedback.occur_time()), ClassOf(feedback.score()));
      }
    }
  }
  for (auto& [customer, own] : answers) {
    std::sort(own.begin(), own.end());
  }
  return answers;
}

int ClassBefore(absl::Time time, const std::vector<std::pair<absl::Time, int>>& answers) {
  int found = kNoAnswer;
  for (const auto& [answered, answer_class] : answers) {
    found = answered < time ? answer_class : found;
  }
  return found;
}

// In the day, and not in the night in which a month ends.
absl::Time TimeIn(absl::CivilMonth month, Random& random) {
  const int days = static_cast<int>(absl::CivilDay(month + 1) - absl::CivilDay(month));
  return absl::FromCivil(absl::CivilDay(month) + random.Below(days), absl::UTCTimeZone()) +
         absl::Hours(6) + absl::Milliseconds(random.Below(14 * 60 * 60 * 1000));
}

v1::Activity Purchase(const std::string& customer, absl::CivilMonth month, Random& random) {
  v1::Activity purchase;
  purchase.set_kind(std::string(kPurchaseKind));
  purchase.set_customer_id(customer);
  *purchase.mutable_occur_time() = ToTimestamp(TimeIn(month, random));
  purchase.mutable_amount()->set_units(5 + random.Below(60) + random.Below(60));
  purchase.mutable_amount()->set_nanos(random.Below(100) * 10'000'000);
  purchase.mutable_amount()->set_currency_code("EUR");
  return purchase;
}

void AddPurchasesOf(const std::string& customer,
                    const std::vector<std::pair<absl::Time, int>>& answers, Random random,
                    std::vector<v1::Activity>& purchases) {
  const int habit = 120 + random.Below(330);  // Per mille of months.
  const int joined = random.Chance(450) ? 0 : random.Below(kMonths);
  for (int month = joined; month < kMonths; ++month) {
    const absl::CivilMonth civil = kFirstMonth + month;
    const absl::Time start = absl::FromCivil(civil, absl::UTCTimeZone());
    if (month == joined || random.Chance(habit * kOfHabit[ClassBefore(start, answers)] / 100)) {
      for (int left = random.Chance(220) ? 2 : 1; left > 0; --left) {
        purchases.push_back(Purchase(customer, civil, random));
      }
    }
  }
}

}  // namespace

std::vector<v1::Activity> Purchases() {
  std::vector<v1::Activity> purchases;
  uint64_t seed = kFirstSeed;
  for (const auto& [customer, answers] : RelationshipAnswers()) {
    AddPurchasesOf(customer, answers, Random(seed++), purchases);
  }
  std::stable_sort(purchases.begin(), purchases.end(), [](const auto& a, const auto& b) {
    return FromTimestamp(a.occur_time()) < FromTimestamp(b.occur_time());
  });
  for (size_t i = 0; i < purchases.size(); ++i) {
    purchases[i].set_activity_id(absl::StrCat("basket-", 100'000 + i));
  }
  return purchases;
}

}  // namespace emptychair::demo
