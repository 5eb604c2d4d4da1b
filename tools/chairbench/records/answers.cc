#include "tools/chairbench/records/answers.h"

#include "absl/strings/str_format.h"
#include "common/base/timestamp.h"

namespace emptychair::bench {
namespace {

constexpr std::array<absl::string_view, 10> kTouchpoints = {
    "account",    "billing", "checkout", "delivery", "installation",
    "onboarding", "renewal", "repair",   "returns",  "support"};
// A touchpoint is reached by one channel, so that this dimension adds no combinations.
constexpr std::array<absl::string_view, 10> kChannelOfTouchpoint = {
    "app", "app", "web", "visit", "visit", "app", "web", "visit", "web", "phone"};
constexpr std::array<absl::string_view, 5> kRegions = {"central", "east", "north", "south", "west"};
constexpr std::array<absl::string_view, 5> kPlans = {"basic", "business", "family", "free", "plus"};
constexpr std::array<absl::string_view, 2> kTenures = {"established", "new"};
static_assert(kTouchpoints.size() * kRegions.size() * kPlans.size() * kTenures.size() ==
              kCombinations);

constexpr absl::string_view kSentences =
    "The courier called before he came and waited until we had looked at everything. The second "
    "invoice was wrong again, and nobody could tell us why. Setting it up took ten minutes. ";

}  // namespace

v1::Survey BenchSurvey() {
  v1::Survey survey;
  survey.set_survey_id("chairbench");
  survey.set_display_name("Load generator");
  survey.set_kind(v1::SURVEY_KIND_NPS);
  for (const DimensionValue& dimension : CombinationOf(0)) {
    survey.add_dimensions(std::string(dimension.key));
  }
  return survey;
}

std::array<DimensionValue, kDimensions> CombinationOf(uint32_t combination) {
  const size_t touchpoint = combination % kTouchpoints.size();
  uint32_t rest = combination / kTouchpoints.size();
  const size_t region = rest % kRegions.size();
  rest /= kRegions.size();
  const size_t plan = rest % kPlans.size();
  const size_t tenure = rest / kPlans.size();
  return {{{"channel", kChannelOfTouchpoint[touchpoint]},
           {"plan", kPlans[plan]},
           {"region", kRegions[region]},
           {"tenure", kTenures[tenure]},
           {kTenValues, kTouchpoints[touchpoint]}}};
}

std::string CustomerId(uint32_t customer) { return absl::StrFormat("customer-%08d", customer); }

std::string StoreName(uint32_t store) { return absl::StrFormat("store %d", store); }

BenchAnswer RandomAnswer(int64_t time_ms, Random& random) {
  std::array<uint8_t, 10> entropy;
  for (size_t i = 0; i < entropy.size(); i += 5) {
    const uint64_t bits = random.Next();
    for (size_t j = 0; j < 5; ++j) {
      entropy[i + j] = static_cast<uint8_t>(bits >> (8 * j));
    }
  }
  BenchAnswer answer;
  answer.feedback_id = Uuid::MakeV7(time_ms, entropy);
  answer.combination = static_cast<uint32_t>(random.Below(kCombinations));
  answer.customer = static_cast<uint32_t>(random.Below(kCustomers));
  if (random.Below(30) != 0) {
    answer.score = random.Weighted({1, 1, 1, 2, 2, 5, 7, 12, 20, 24, 25});
  }
  if (random.Below(5) == 0) {
    const size_t size = 20 + static_cast<size_t>(random.Below(100));
    answer.comment = std::string(kSentences.substr(random.Below(40), size));
  }
  return answer;
}

void FillFeedback(const BenchAnswer& answer, v1::Feedback& feedback) {
  feedback.set_survey_id("chairbench");
  if (answer.external_id.empty()) {
    feedback.set_feedback_id(answer.feedback_id.ToString());
  } else {
    feedback.set_external_id(answer.external_id);
    *feedback.mutable_occur_time() = ToTimestamp(absl::FromUnixMillis(answer.feedback_id.UnixMs()));
  }
  feedback.set_customer_id(CustomerId(answer.customer));
  if (answer.score.has_value()) {
    feedback.set_score(*answer.score);
  }
  feedback.set_comment(answer.comment);
  for (const auto& [key, value] : CombinationOf(answer.combination)) {
    (*feedback.mutable_labels())[std::string(key)] = std::string(value);
  }
  if (answer.store.has_value()) {
    (*feedback.mutable_labels())[std::string(kStoreKey)] = StoreName(*answer.store);
  }
}

}  // namespace emptychair::bench
