#include "storage/format/changes.h"

#include <limits>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "storage/format/varint.h"
#include "tests/helpers/seed.h"
#include "tests/storage/harness/hex.h"

namespace emptychair::storage {
namespace {

const Uuid kId = *Uuid::Parse("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
// No version 7.
const Uuid kOther = *Uuid::Parse("017f22e2-79b0-4cc3-98c4-dc0c0c07398f");

std::vector<ChangeLogEntry> AFew() {
  return {{ChangeKind::kCreated, Entity::kFeedback, 1, kId},
          {ChangeKind::kCreated, Entity::kFeedback, 1, kId},
          {ChangeKind::kErased, Entity::kFeedback, 0xffffffff, kOther},
          {ChangeKind::kDeleted, Entity::kSurvey, 7, Uuid()},
          {ChangeKind::kCubeCorrected, Entity::kSurvey, 7, Uuid()},
          {ChangeKind::kCreated, Entity::kFeedback, 1, Uuid::MakeV7(0, {})},
          {ChangeKind::kCreated, Entity::kActivityKind, 3, Uuid()},
          {ChangeKind::kCreated, Entity::kActivity, 3, kId},
          {ChangeKind::kErased, Entity::kActivity, 3, kId},
          {ChangeKind::kChanged, Entity::kAccess, 0, kOther}};
}

TEST(Varint, IsReadAsItWasWrittenAndInNoOtherForm) {
  for (const uint64_t value : {uint64_t{0}, uint64_t{1}, uint64_t{127}, uint64_t{128},
                               uint64_t{1} << 32, std::numeric_limits<uint64_t>::max()}) {
    std::string bytes;
    AppendVarint(bytes, value);
    bytes += "x";
    absl::string_view rest = bytes;
    uint64_t read = 0;
    ASSERT_TRUE(ConsumeVarint(rest, read)) << value;
    EXPECT_EQ(read, value);
    EXPECT_EQ(rest, "x");
    uint32_t small = 0;
    rest = bytes;
    EXPECT_EQ(ConsumeVarint(rest, small), value <= 0xffffffff) << value;
  }
  for (const char* hex :
       {"", "80", "8000", "808000", "ffffffffffffffffff02", "ffffffffffffffffffff01"}) {
    const std::string bytes = Bytes(hex);
    absl::string_view rest = bytes;
    uint64_t read = 0;
    EXPECT_FALSE(ConsumeVarint(rest, read)) << hex;
  }
  for (const int64_t value :
       {int64_t{0}, int64_t{-1}, int64_t{-12'600}, int64_t{1} << 40,
        std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()}) {
    std::string bytes;
    AppendSignedVarint(bytes, value);
    absl::string_view rest = bytes;
    int64_t read = 0;
    ASSERT_TRUE(ConsumeSignedVarint(rest, read)) << value;
    EXPECT_EQ(read, value);
    int32_t small = 0;
    rest = bytes;
    EXPECT_EQ(ConsumeSignedVarint(rest, small), value == static_cast<int32_t>(value)) << value;
  }
}

TEST(Changes, DecodeToWhatWasEncodedAndToNothingElse) {
  const std::string value = EncodeChanges(AFew());
  ASSERT_EQ(DecodeChanges(value), AFew());
  for (size_t size = 0; size < value.size(); ++size) {
    EXPECT_EQ(DecodeChanges(value.substr(0, size)), std::nullopt) << size;
  }
  EXPECT_EQ(DecodeChanges(value + '\0'), std::nullopt);
  // Each byte matters, or makes damage of it.
  for (size_t at = 0; at < value.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string other = value;
      other[at] = static_cast<char>(byte);
      const auto decoded = DecodeChanges(other);
      EXPECT_EQ(decoded == AFew(), other == value) << at << " " << byte;
      if (decoded.has_value()) {
        EXPECT_EQ(EncodeChanges(*decoded), other) << at << " " << byte;
      }
    }
  }
}

TEST(Changes, AreThoseThatThereAre) {
  const auto decodes = [](const ChangeLogEntry& change) {
    return DecodeChanges(EncodeChanges({change})).has_value();
  };
  for (int kind = 0; kind < 256; ++kind) {
    const auto as = static_cast<ChangeKind>(kind);
    EXPECT_EQ(decodes({as, Entity::kFeedback, 1, kId}), kind >= 1 && kind <= 5) << kind;
    EXPECT_EQ(decodes({as, Entity::kSurvey, 1, Uuid()}),
              kind == 1 || kind == 2 || kind == 6 || kind == 16)
        << kind;
    EXPECT_EQ(decodes({as, Entity::kCustomer, 1, Uuid()}), kind == 1 || kind == 2 || kind == 5)
        << kind;
    EXPECT_EQ(decodes({as, Entity::kActivity, 1, kId}), kind == 1 || kind == 2 || kind == 5)
        << kind;
    EXPECT_EQ(decodes({as, Entity::kActivityKind, 1, Uuid()}),
              kind == 1 || kind == 2 || kind == 6 || kind == 16)
        << kind;
    EXPECT_EQ(decodes({as, Entity::kAccess, 0, kOther}), kind == 1 || kind == 2 || kind == 6)
        << kind;
    EXPECT_EQ(decodes({ChangeKind::kCreated, static_cast<Entity>(kind), 1, kId}),
              kind == 1 || kind == 4 || kind == 7)
        << kind;
  }
  EXPECT_FALSE(decodes({ChangeKind::kChanged, Entity::kSurvey, 7, kId}));
  EXPECT_FALSE(decodes({ChangeKind::kChanged, Entity::kFeedback, 7, Uuid()}));
  EXPECT_FALSE(decodes({ChangeKind::kCreated, Entity::kActivity, 7, Uuid()}));
  EXPECT_FALSE(decodes({ChangeKind::kCreated, Entity::kActivityKind, 7, kId}));
  EXPECT_FALSE(decodes({ChangeKind::kCreated, Entity::kAccess, 0, Uuid()}));
}

TEST(Changes, AreOneToAThousand) {
  const std::vector<ChangeLogEntry> most(kChangesPerEntry, AFew()[0]);
  EXPECT_EQ(DecodeChanges(EncodeChanges(most)), most);
  const std::vector<ChangeLogEntry> too_many(kChangesPerEntry + 1, AFew()[0]);
  EXPECT_EQ(DecodeChanges(EncodeChanges(too_many)), std::nullopt);
  EXPECT_EQ(DecodeChanges(EncodeChanges({})), std::nullopt);
}

TEST(Changes, ManyAtRandomComeBackInFewBytes) {
  const uint64_t seed = testing::SeedFromEnvOrRandom();
  std::mt19937_64 random(seed);
  for (int round = 0; round < 200; ++round) {
    std::vector<ChangeLogEntry> changes;
    for (size_t i = 0; i < kChangesPerEntry; ++i) {
      std::array<uint8_t, 10> entropy;
      for (uint8_t& byte : entropy) {
        byte = static_cast<uint8_t>(random());
      }
      const auto time = static_cast<int64_t>(round % 2 == 0 ? 1'700'000'000'000 + random() % 60'000
                                                            : random() >> 16);
      changes.push_back({ChangeKind::kCreated, Entity::kFeedback, 3, Uuid::MakeV7(time, entropy)});
    }
    const std::string value = EncodeChanges(changes);
    ASSERT_EQ(DecodeChanges(value), changes) << seed;
    EXPECT_LT(value.size(), kChangesPerEntry * (round % 2 == 0 ? 13 : 17));
  }
}

}  // namespace
}  // namespace emptychair::storage
