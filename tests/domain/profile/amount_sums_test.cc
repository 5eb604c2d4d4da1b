#include "server/profile/amount_sums.h"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair {
namespace {

using ::emptychair::testing::HasField;
using ::emptychair::testing::HasReason;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();

std::vector<std::string> TextsOf(const AmountSums& sums) {
  google::protobuf::RepeatedPtrField<v1::Amount> amounts;
  EXPECT_OK(sums.AddTo(amounts));
  std::vector<std::string> texts;
  for (const v1::Amount& amount : amounts) {
    texts.push_back(absl::StrCat(amount.currency_code(), " ", amount.units(), " ", amount.nanos()));
  }
  return texts;
}

TEST(AmountSums, KeepCurrenciesApartAndAddNanosExactly) {
  AmountSums sums;
  EXPECT_THAT(TextsOf(sums), IsEmpty());
  sums.Add({.units = 1, .nanos = 999'999'999, .currency = {'U', 'S', 'D'}});
  sums.Add({.units = 0, .nanos = 1, .currency = {'U', 'S', 'D'}});
  sums.Add({.units = 3, .nanos = 0, .currency = {'E', 'U', 'R'}});
  sums.Add({.units = -3, .nanos = -500'000'000, .currency = {'E', 'U', 'R'}});
  EXPECT_THAT(TextsOf(sums), ElementsAre("EUR 0 -500000000", "USD 2 0"));
}

TEST(AmountSums, SaySoWhereASumHasNoRoom) {
  AmountSums most;
  most.Add({.units = kMost, .nanos = 0, .currency = {'E', 'U', 'R'}});
  most.Add({.units = 0, .nanos = 999'999'999, .currency = {'E', 'U', 'R'}});
  EXPECT_THAT(TextsOf(most), ElementsAre(absl::StrCat("EUR ", kMost, " 999999999")));
  most.Add({.units = 0, .nanos = 1, .currency = {'E', 'U', 'R'}});
  google::protobuf::RepeatedPtrField<v1::Amount> amounts;
  const absl::Status no_room = most.AddTo(amounts);
  EXPECT_THAT(no_room, HasReason(v1::ERROR_REASON_FIELD_INVALID));
  EXPECT_THAT(no_room, HasField("as_of"));
  EXPECT_THAT(no_room.message(), HasSubstr("EUR"));
  most.Add({.units = 0, .nanos = -1, .currency = {'E', 'U', 'R'}});
  EXPECT_THAT(TextsOf(most), ElementsAre(absl::StrCat("EUR ", kMost, " 999999999")));

  AmountSums least;
  least.Add({.units = kLeast, .nanos = 0, .currency = {'E', 'U', 'R'}});
  EXPECT_THAT(TextsOf(least), ElementsAre(absl::StrCat("EUR ", kLeast, " 0")));
  least.Add({.units = -1, .nanos = 0, .currency = {'E', 'U', 'R'}});
  EXPECT_THAT(least.AddTo(amounts), HasReason(v1::ERROR_REASON_FIELD_INVALID));
}

}  // namespace
}  // namespace emptychair
