// Random deeds, the purchases of the public data set, and short ways to write times.
#ifndef EMPTYCHAIR_TESTS_DOMAIN_LOYALTY_LOYALTY_TESTING_H_
#define EMPTYCHAIR_TESTS_DOMAIN_LOYALTY_LOYALTY_TESTING_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/timestamp.h"
#include "common/base/zone_rules.h"
#include "emptychair/v1/selection.pb.h"
#include "gtest/gtest.h"
#include "tests/domain/loyalty/loyalty_model.h"

namespace emptychair::testing {

// The first instant of a date such as 2014-01-31.
inline absl::Time StartOf(absl::string_view date,
                          const absl::TimeZone& zone = absl::UTCTimeZone()) {
  absl::CivilDay day;
  return absl::ParseCivilTime(date, &day) ? absl::FromCivil(day, zone) : absl::InfinitePast();
}

// An interval; an empty edge is open.
inline v1::TimeInterval Between(absl::string_view start, absl::string_view end,
                                const absl::TimeZone& zone = absl::UTCTimeZone()) {
  v1::TimeInterval interval;
  if (!start.empty()) {
    *interval.mutable_start_time() = ToTimestamp(StartOf(start, zone));
  }
  if (!end.empty()) {
    *interval.mutable_end_time() = ToTimestamp(StartOf(end, zone));
  }
  return interval;
}

inline v1::TimeInterval Between(const LoyaltyModel::Days& days, const absl::TimeZone& zone) {
  v1::TimeInterval interval;
  *interval.mutable_start_time() = ToTimestamp(absl::FromCivil(days.first, zone));
  *interval.mutable_end_time() = ToTimestamp(absl::FromCivil(days.end, zone));
  return interval;
}

// Deeds of some customers over a few months around the turn of 2014, in any order, in three chunks.
inline std::vector<Deed> RandomDeeds(std::mt19937_64& random) {
  const auto below = [&](uint64_t limit) { return random() % limit; };
  const uint64_t customers = 1 + below(60);
  const int64_t start_ms = absl::ToUnixMillis(StartOf("2013-11-20"));
  const uint64_t days = 1 + below(220);
  std::vector<Deed> deeds;
  for (uint64_t i = below(400); i > 0; --i) {
    Deed deed;
    const uint64_t customer = below(customers);
    deed.customer = static_cast<uint32_t>(1 + customer + customer % 3 * 65'535);
    deed.unix_ms = start_ms + static_cast<int64_t>(below(days * 86'400'000));
    if (below(3) > 0) {
      deed.units = static_cast<int32_t>(below(4)) - 1;
    }
    deeds.push_back(deed);
    if (below(8) == 0) {
      deeds.push_back(deed);
    }
  }
  return deeds;
}

// Gives some deeds another currency, and larger amounts.
inline void VaryMoney(std::mt19937_64& random, std::vector<Deed>& deeds) {
  static constexpr const char* kCurrencies[] = {"EUR", "EUR", "USD", "CHF"};
  for (Deed& deed : deeds) {
    deed.currency = kCurrencies[random() % 4];
    if (deed.units.has_value() && random() % 2 == 0) {
      deed.units = static_cast<int32_t>(random() % 2'000) - 500;
    }
  }
}

// Compares a value with the model's; both may be absent.
inline void ExpectNear(const ModelValue& expected, std::optional<double> value,
                       std::optional<double> low, std::optional<double> high,
                       const std::string& what) {
  const auto compare = [&](const std::optional<double>& wanted, const std::optional<double>& got) {
    ASSERT_EQ(got.has_value(), wanted.has_value()) << what;
    if (wanted.has_value()) {
      EXPECT_NEAR(*got, *wanted, 1e-7 * std::max(1.0, std::abs(*wanted))) << what;
    }
  };
  compare(expected.value, value);
  compare(expected.low, low);
  compare(expected.high, high);
}

// Time zones whose clocks are not put back across midnight.
inline const char* RandomZone(std::mt19937_64& random) {
  static constexpr const char* kZones[] = {"UTC", "America/New_York", "Asia/Kolkata",
                                           "Pacific/Auckland"};
  return kZones[random() % 4];
}

inline std::string TransactionsPath() {
  const char* const directory = std::getenv("EMPTYCHAIR_REAL_INPUT_DIR");
  return absl::StrCat(directory == nullptr ? EMPTYCHAIR_REAL_INPUT_DIR : directory,
                      "/transactions.csv");
}

// The purchases of the public data set; nothing when it is not there.
inline std::optional<std::vector<Deed>> ReadTransactions() {
  std::ifstream input(TransactionsPath());
  if (!input) {
    return std::nullopt;
  }
  std::vector<Deed> deeds;
  std::string line;
  std::getline(input, line);
  while (std::getline(input, line)) {
    const std::vector<std::string> cells =
        absl::StrSplit(absl::StripAsciiWhitespace(line), absl::MaxSplits(',', 1));
    Deed deed;
    absl::Time time;
    std::string error;
    if (cells.size() != 2 || !absl::SimpleAtoi(cells[1], &deed.customer) ||
        !absl::ParseTime("%Y-%m-%d %H:%M:%S", cells[0], &time, &error)) {
      return std::nullopt;
    }
    ++deed.customer;  // 0 is nobody's number.
    deed.unix_ms = absl::ToUnixMillis(time);
    deeds.push_back(deed);
  }
  return deeds;
}

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_DOMAIN_LOYALTY_LOYALTY_TESTING_H_
