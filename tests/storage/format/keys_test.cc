#include "storage/format/keys.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "gtest/gtest.h"
#include "tests/helpers/seed.h"
#include "tests/storage/harness/hex.h"

namespace emptychair::storage {
namespace {

constexpr char kUuidText[] = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
constexpr char kUuidHex[] = "017f22e279b07cc398c4dc0c0c07398f";

Uuid TestUuid() { return *Uuid::Parse(kUuidText); }

IdHash TestHash() {
  IdHash hash;
  for (size_t i = 0; i < hash.size(); ++i) {
    hash[i] = static_cast<uint8_t>(0xf0 + i);
  }
  return hash;
}

constexpr char kHashHex[] = "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff";

// Every kind of key once, with its decoder.
struct KeyKind {
  const char* name;
  std::string key;
  std::string hex;
  // Whether the decoder takes the key and makes of it what was encoded.
  std::function<bool(absl::string_view)> is_same;
  std::function<bool(absl::string_view)> decodes;
};

template <typename Key>
KeyKind KindOf(const char* name, const Key& key, std::string hex) {
  return {name, key.Encode(), Packed(hex),
          [key](absl::string_view bytes) { return Key::Decode(bytes) == key; },
          [](absl::string_view bytes) { return Key::Decode(bytes).has_value(); }};
}

template <typename Decode, typename Value>
KeyKind KindOf(const char* name, std::string key, std::string hex, Decode decode, Value value) {
  return {name, std::move(key), Packed(hex),
          [decode, value](absl::string_view bytes) { return decode(bytes) == value; },
          [decode](absl::string_view bytes) { return decode(bytes).has_value(); }};
}

std::vector<KeyKind> AllKinds() {
  return {
      KindOf("survey", SurveyKey(0x01020304), "7375727665792f 01020304", DecodeSurveyKey,
             uint32_t{0x01020304}),
      KindOf("import", ImportKey(0x01020304), "696d706f72742f 01020304", DecodeImportKey,
             uint32_t{0x01020304}),
      KindOf("feedback", FeedbackKey{0x01020304, TestUuid()}, std::string("01020304") + kUuidHex),
      KindOf("feedback_by_customer", FeedbackByCustomerKey{0x0a0b0c0d, StartOf(TestUuid()), 7},
             "0a0b0c0d" + std::string(kUuidHex).substr(0, 16) + "07"),
      KindOf("external_id", ExternalIdKey{7, Shortened(TestHash())},
             "00000007" + std::string(kHashHex).substr(0, 16)),
      KindOf("series", SeriesKey{7, 0xfffffffe}, "00000007 fffffffe"),
      KindOf("hour", CubeRowKey{7, CubeUnit::kHour, 457'099, 0}, "00000007 01 8006f98b 0000"),
      KindOf("day", CubeRowKey{0xffffffff, CubeUnit::kDay, -1, 65'535},
             "ffffffff 02 7fffffff ffff"),
      KindOf("month", CubeRowKey{1, CubeUnit::kMonth, 0, 0x0102}, "00000001 03 80000000 0102"),
      KindOf("lowest", CubeRowKey{0, CubeUnit::kHour, INT32_MIN, 0}, "00000000 01 00000000 0000"),
      KindOf("highest", CubeRowKey{0, CubeUnit::kHour, INT32_MAX, 0}, "00000000 01 ffffffff 0000"),
      KindOf("customer_by_id", CustomerByIdKey(TestHash()),
             "01 " + std::string(kHashHex).substr(0, 16), DecodeCustomerByIdKey,
             Shortened(TestHash())),
      KindOf("customer_by_ordinal", CustomerByOrdinalKey(0x01020304), "02 01020304",
             DecodeCustomerByOrdinalKey, uint32_t{0x01020304}),
      KindOf("kind", ActivityKindKey(0x01020304), "6b696e642f 01020304", DecodeActivityKindKey,
             uint32_t{0x01020304}),
      KindOf("activity", ActivityKey{0x01020304, TestUuid()}, std::string("01020304") + kUuidHex),
      KindOf("activity_by_customer", ActivityByCustomerKey{0x0a0b0c0d, 7, StartOf(TestUuid())},
             "0a0b0c0d 07" + std::string(kUuidHex).substr(0, 16)),
      KindOf("activity_id", ActivityIdKey{7, Shortened(TestHash())},
             "00000007" + std::string(kHashHex).substr(0, 16)),
      KindOf("set_of_a_month", CustomerSetKey{1, CustomerSet::kActive, CubeUnit::kMonth, 648, 0},
             "00000001 01 03 80000288 0000"),
      KindOf("set_of_a_day",
             CustomerSetKey{0xffffffff, CustomerSet::kTwice, CubeUnit::kDay, -1, 65'535},
             "ffffffff 05 02 7fffffff ffff"),
      KindOf("lowest_set",
             CustomerSetKey{0, CustomerSet::kFirstEverPositive, CubeUnit::kDay, INT32_MIN, 0x0102},
             "00000000 04 02 00000000 0102"),
      KindOf("effects", RepeatEffectsKey{7, 3}, "08 00000007 03"),
      KindOf("access", AccessKey(0x0102030405060708), "01 0102030405060708", DecodeAccessKey,
             uint64_t{0x0102030405060708}),
      KindOf("access_by_name", AccessByNameKey(TestHash()), std::string("02 ") + kHashHex,
             DecodeAccessByNameKey, TestHash()),
      KindOf("audit", AuditKey(0x0102030405060708), "0102030405060708", DecodeAuditKey,
             uint64_t{0x0102030405060708}),
      KindOf("ledger", LedgerKey(TestUuid()), kUuidHex, DecodeLedgerKey, TestUuid()),
      KindOf("change", ChangeKey(0x0102030405060708), "0102030405060708", DecodeChangeKey,
             uint64_t{0x0102030405060708}),
  };
}

TEST(Keys, HaveTheseBytes) {
  for (const KeyKind& kind : AllKinds()) {
    EXPECT_EQ(HexOf(kind.key), kind.hex) << kind.name;
    EXPECT_TRUE(kind.is_same(kind.key)) << kind.name;
  }
  EXPECT_EQ(FormatKey(), "format");
  EXPECT_EQ(IdentityKey(), "identity");
  EXPECT_EQ(CountersKey(), "counters");
  EXPECT_EQ(SurveyKeyPrefix(), "survey/");
  EXPECT_EQ(ActivityKindKeyPrefix(), "kind/");
  EXPECT_EQ(AccessKeyPrefix(), "\x01");
  EXPECT_EQ(AccessByNameKeyPrefix(), "\x02");
}

TEST(Keys, OfEveryOtherLengthAreRejected) {
  for (const KeyKind& kind : AllKinds()) {
    for (size_t size = 0; size < kind.key.size(); ++size) {
      EXPECT_FALSE(kind.decodes(kind.key.substr(0, size))) << kind.name << " " << size;
      EXPECT_FALSE(kind.decodes(kind.key.substr(kind.key.size() - size)))
          << kind.name << " " << size;
    }
    for (size_t more = 1; more < 20; ++more) {
      EXPECT_FALSE(kind.decodes(kind.key + std::string(more, '\0'))) << kind.name << " " << more;
    }
  }
}

TEST(Keys, WithAWrongTagUnitOrPrefixAreRejected) {
  for (int byte = 0; byte < 256; ++byte) {
    std::string by_id = CustomerByIdKey(TestHash());
    by_id[0] = static_cast<char>(byte);
    EXPECT_EQ(DecodeCustomerByIdKey(by_id).has_value(), byte == 1) << byte;
    std::string by_ordinal = CustomerByOrdinalKey(5);
    by_ordinal[0] = static_cast<char>(byte);
    EXPECT_EQ(DecodeCustomerByOrdinalKey(by_ordinal).has_value(), byte == 2) << byte;
    std::string access = AccessKey(5);
    access[0] = static_cast<char>(byte);
    EXPECT_EQ(DecodeAccessKey(access).has_value(), byte == 1) << byte;
    std::string by_name = AccessByNameKey(TestHash());
    by_name[0] = static_cast<char>(byte);
    EXPECT_EQ(DecodeAccessByNameKey(by_name).has_value(), byte == 2) << byte;
    std::string row = CubeRowKey{1, CubeUnit::kDay, 0, 0}.Encode();
    row[4] = static_cast<char>(byte);
    EXPECT_EQ(CubeRowKey::Decode(row).has_value(), byte >= 1 && byte <= 3) << byte;
    for (const CustomerSet set : kCustomerSets) {
      std::string members = CustomerSetKey{1, set, CubeUnit::kDay, 0, 0}.Encode();
      members[5] = static_cast<char>(byte);
      // More than once is told of days alone.
      EXPECT_EQ(CustomerSetKey::Decode(members).has_value(),
                byte == 2 || (byte == 3 && set != CustomerSet::kTwice))
          << byte;
    }
    std::string members = CustomerSetKey{1, CustomerSet::kActive, CubeUnit::kDay, 0, 0}.Encode();
    members[4] = static_cast<char>(byte);
    EXPECT_EQ(CustomerSetKey::Decode(members).has_value(), byte >= 1 && byte <= 7) << byte;
  }
  for (size_t bit = 0; bit < 8 * SurveyKeyPrefix().size(); ++bit) {
    std::string key = SurveyKey(5);
    key[bit / 8] = static_cast<char>(key[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(DecodeSurveyKey(key).has_value()) << HexOf(key);
  }
  for (size_t bit = 0; bit < 8 * ActivityKindKeyPrefix().size(); ++bit) {
    std::string key = ActivityKindKey(5);
    key[bit / 8] = static_cast<char>(key[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(DecodeActivityKindKey(key).has_value()) << HexOf(key);
  }
}

// Values at which an encoding that is not big-endian, or not biased, sorts wrongly.
const std::vector<uint32_t> kUnsigned = {0,       1,          0xff,       0x100,     0xffff,
                                         0x10000, 0x7fffffff, 0x80000000, 0xffffffff};
const std::vector<int32_t> kSigned = {INT32_MIN, INT32_MIN + 1, -65'536, -256,   -1,       0,
                                      1,         255,           256,     65'536, INT32_MAX};

template <typename Key>
void ExpectAscending(const std::vector<Key>& keys) {
  for (size_t i = 1; i < keys.size(); ++i) {
    EXPECT_LT(keys[i - 1], keys[i]) << HexOf(keys[i - 1]) << " " << HexOf(keys[i]);
  }
}

TEST(Keys, SortByTheirFieldsInOrder) {
  std::vector<std::string> surveys;
  std::vector<std::string> ordinals;
  std::vector<std::string> series;
  std::vector<std::string> feedback;
  std::vector<std::string> by_customer;
  for (const uint32_t a : kUnsigned) {
    surveys.push_back(SurveyKey(a));
    ordinals.push_back(CustomerByOrdinalKey(a));
    for (const uint32_t b : kUnsigned) {
      series.push_back(SeriesKey{a, b}.Encode());
    }
    for (const int64_t ms : {0, 1, 255, 256, 65'536}) {
      feedback.push_back(FeedbackKey{a, Uuid::LowestAt(ms)}.Encode());
      by_customer.push_back(FeedbackByCustomerKey{a, StartOf(Uuid::LowestAt(ms)), 1}.Encode());
    }
  }
  ExpectAscending(surveys);
  ExpectAscending(ordinals);
  ExpectAscending(series);
  ExpectAscending(feedback);
  ExpectAscending(by_customer);
}

TEST(AccessKeys, SortByIdAndBeforeThoseByName) {
  std::vector<std::string> access;
  std::vector<std::string> audit;
  for (const uint64_t a : kUnsigned) {
    for (const uint64_t b : kUnsigned) {
      access.push_back(AccessKey(a << 32 | b));
      audit.push_back(AuditKey(a << 32 | b));
    }
  }
  access.push_back(AccessByNameKey(IdHash{}));
  access.push_back(AccessByNameKey(TestHash()));
  ExpectAscending(access);
  ExpectAscending(audit);
}

TEST(ActivityKeys, SortByTheirFieldsInOrder) {
  std::vector<std::string> kinds;
  std::vector<std::string> activities;
  std::vector<std::string> by_id;
  for (const uint32_t a : kUnsigned) {
    kinds.push_back(ActivityKindKey(a));
    for (const int64_t ms : {0, 1, 255, 256, 65'536}) {
      activities.push_back(ActivityKey{a, Uuid::LowestAt(ms)}.Encode());
    }
    for (const uint8_t start : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
      by_id.push_back(ActivityIdKey{a, {start}}.Encode());
    }
  }
  ExpectAscending(kinds);
  ExpectAscending(activities);
  ExpectAscending(by_id);
  // Of one kind each: numbers of kinds are varints, which have an order of their own.
  for (const uint32_t kind : kUnsigned) {
    std::vector<std::string> by_customer;
    for (const uint32_t a : kUnsigned) {
      for (const int64_t ms : {0, 1, 255, 256, 65'536}) {
        by_customer.push_back(ActivityByCustomerKey{a, kind, StartOf(Uuid::LowestAt(ms))}.Encode());
        const std::optional<ActivityByCustomerKey> key =
            ActivityByCustomerKey::Decode(by_customer.back());
        ASSERT_TRUE(key.has_value()) << HexOf(by_customer.back());
        EXPECT_EQ(*key, (ActivityByCustomerKey{a, kind, StartOf(Uuid::LowestAt(ms))}));
        EXPECT_EQ(key->unix_ms(), ms);
      }
    }
    ExpectAscending(by_customer);
  }
}

TEST(ActivityKeys, OfACustomerKindAndTimeAreThoseOfTheirPrefixes) {
  const auto starts = [](const std::string& key, const std::string& prefix) {
    return key.compare(0, prefix.size(), prefix) == 0;
  };
  for (const uint32_t a : kUnsigned) {
    for (const uint32_t b : kUnsigned) {
      const bool is_same = a == b;
      const std::string of_kind = KindDataPrefix(b);
      EXPECT_EQ(starts(ActivityKey{a, TestUuid()}.Encode(), of_kind), is_same);
      EXPECT_EQ(starts(ActivityIdKey{a, Shortened(TestHash())}.Encode(), of_kind), is_same);
      EXPECT_EQ(starts(CustomerSetKey{a}.Encode(), of_kind), is_same);
      EXPECT_EQ(starts(ActivityKindKey(a), ActivityKindKeyPrefix()), true);
      const std::string by_customer = ActivityByCustomerKey{a, b, StartOf(TestUuid())}.Encode();
      for (const uint32_t c : kUnsigned) {
        EXPECT_EQ(starts(by_customer, CustomerActivitiesPrefix(c)), a == c);
        // No number of a kind begins as another one.
        EXPECT_EQ(starts(by_customer, CustomerActivitiesPrefix(a, c)), b == c);
      }
      const int64_t ms = TestUuid().UnixMs();
      EXPECT_LE(CustomerActivitiesFrom(a, b, ms), by_customer);
      EXPECT_GT(CustomerActivitiesFrom(a, b, ms + 1), by_customer);
      EXPECT_TRUE(starts(CustomerActivitiesFrom(a, b, ms), CustomerActivitiesPrefix(a, b)));
    }
    EXPECT_TRUE(
        starts(ActivityKey{a, TestUuid()}.Encode(), ActivityKeyPrefix(a, StartOf(TestUuid()))));
    EXPECT_FALSE(starts(ActivityKey{a, Uuid::LowestAt(TestUuid().UnixMs())}.Encode(),
                        ActivityKeyPrefix(a, StartOf(TestUuid()))));
  }
}

TEST(CustomerSetKeys, SortByKindSetUnitBucketAndChunk) {
  std::vector<std::string> keys;
  for (const uint32_t kind : kUnsigned) {
    for (const CustomerSet set : kCustomerSets) {
      for (const CubeUnit unit : {CubeUnit::kDay, CubeUnit::kMonth}) {
        for (const int32_t bucket : kSigned) {
          for (const uint16_t chunk : {0, 1, 255, 256, 65'535}) {
            keys.push_back(CustomerSetKey{kind, set, unit, bucket, chunk}.Encode());
          }
        }
      }
    }
  }
  ExpectAscending(keys);
}

TEST(CustomerSetKeys, AreEqualOnlyWhenAllFieldsAre) {
  const CustomerSetKey key{1, CustomerSet::kActive, CubeUnit::kDay, 2, 3};
  EXPECT_EQ(key, (CustomerSetKey{1, CustomerSet::kActive, CubeUnit::kDay, 2, 3}));
  EXPECT_NE(key, (CustomerSetKey{9, CustomerSet::kActive, CubeUnit::kDay, 2, 3}));
  EXPECT_NE(key, (CustomerSetKey{1, CustomerSet::kFirstEver, CubeUnit::kDay, 2, 3}));
  EXPECT_NE(key, (CustomerSetKey{1, CustomerSet::kActive, CubeUnit::kMonth, 2, 3}));
  EXPECT_NE(key, (CustomerSetKey{1, CustomerSet::kActive, CubeUnit::kDay, 9, 3}));
  EXPECT_NE(key, (CustomerSetKey{1, CustomerSet::kActive, CubeUnit::kDay, 2, 9}));
}

TEST(CustomerSets, HaveTheNumbersThatAreOnDisk) {
  EXPECT_EQ(static_cast<int>(CustomerSet::kActive), 1);
  EXPECT_EQ(static_cast<int>(CustomerSet::kActivePositive), 2);
  EXPECT_EQ(static_cast<int>(CustomerSet::kFirstEver), 3);
  EXPECT_EQ(static_cast<int>(CustomerSet::kFirstEverPositive), 4);
  EXPECT_EQ(static_cast<int>(CustomerSet::kTwice), 5);
  EXPECT_EQ(static_cast<int>(CustomerSet::kEntered), 6);
  EXPECT_EQ(static_cast<int>(CustomerSet::kLeft), 7);
  EXPECT_EQ(kCustomersPerChunk, 65'536u);
}

TEST(CubeRowKeys, SortBySurveyUnitBucketAndChunk) {
  std::vector<std::string> keys;
  for (const uint32_t survey : kUnsigned) {
    for (const CubeUnit unit : {CubeUnit::kHour, CubeUnit::kDay, CubeUnit::kMonth}) {
      for (const int32_t bucket : kSigned) {
        for (const uint16_t chunk : {0, 1, 255, 256, 65'535}) {
          keys.push_back(CubeRowKey{survey, unit, bucket, chunk}.Encode());
        }
      }
    }
  }
  ExpectAscending(keys);
}

TEST(CubeRowKeys, AreEqualOnlyWhenAllFieldsAre) {
  const CubeRowKey key{1, CubeUnit::kDay, 2, 3};
  EXPECT_EQ(key, (CubeRowKey{1, CubeUnit::kDay, 2, 3}));
  EXPECT_NE(key, (CubeRowKey{9, CubeUnit::kDay, 2, 3}));
  EXPECT_NE(key, (CubeRowKey{1, CubeUnit::kHour, 2, 3}));
  EXPECT_NE(key, (CubeRowKey{1, CubeUnit::kDay, 9, 3}));
  EXPECT_NE(key, (CubeRowKey{1, CubeUnit::kDay, 2, 9}));
}

TEST(Keys, DecodeOnlyToWhatEncodesToTheSameBytes) {
  std::mt19937_64 random(testing::SeedFromEnvOrRandom());
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(std::uniform_int_distribution<size_t>(0, 25)(random), '\0');
    std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<char>(random() % 4); });
    if (const auto key = CubeRowKey::Decode(bytes)) {
      EXPECT_EQ(key->Encode(), bytes);
    }
    if (const auto key = FeedbackKey::Decode(bytes)) {
      EXPECT_EQ(key->Encode(), bytes);
    }
    if (const auto key = FeedbackByCustomerKey::Decode(bytes)) {
      EXPECT_EQ(key->Encode(), bytes);
    }
    if (const auto key = SeriesKey::Decode(bytes)) {
      EXPECT_EQ(key->Encode(), bytes);
    }
    if (const auto key = ActivityKey::Decode(bytes)) {
      EXPECT_EQ(key->Encode(), bytes);
    }
    if (const auto key = ActivityByCustomerKey::Decode(bytes)) {
      EXPECT_EQ(key->Encode(), bytes);
    }
    if (const auto key = ActivityIdKey::Decode(bytes)) {
      EXPECT_EQ(key->Encode(), bytes);
    }
    if (const auto key = CustomerSetKey::Decode(bytes)) {
      EXPECT_EQ(key->Encode(), bytes);
    }
    if (const auto hash = DecodeCustomerByIdKey(bytes)) {
      IdHash whole{};
      std::copy(hash->begin(), hash->end(), whole.begin());
      EXPECT_EQ(CustomerByIdKey(whole), bytes);
    }
    if (const auto ordinal = DecodeCustomerByOrdinalKey(bytes)) {
      EXPECT_EQ(CustomerByOrdinalKey(*ordinal), bytes);
    }
  }
}

}  // namespace
}  // namespace emptychair::storage
