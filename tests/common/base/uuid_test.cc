#include "common/base/uuid.h"

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "tests/helpers/seed.h"

namespace emptychair {
namespace {

constexpr int64_t kLastMs = (int64_t{1} << 48) - 1;
// The example of RFC 9562, appendix A.6: 2022-02-22 19:22:22 UTC.
constexpr char kExample[] = "017F22E2-79B0-7CC3-98C4-DC0C0C07398F";

std::array<uint8_t, 10> Filled(uint8_t byte) {
  std::array<uint8_t, 10> entropy;
  entropy.fill(byte);
  return entropy;
}

TEST(Uuid, ReadsTheExampleOfTheStandard) {
  const auto uuid = Uuid::Parse(kExample);
  ASSERT_TRUE(uuid.has_value());
  EXPECT_TRUE(uuid->IsV7());
  EXPECT_EQ(uuid->UnixMs(), 1'645'557'742'000);
  EXPECT_EQ(uuid->ToString(), absl::AsciiStrToLower(kExample));
  EXPECT_EQ(uuid->bytes[0], 0x01);
  EXPECT_EQ(uuid->bytes[15], 0x8f);
}

TEST(Uuid, ParsesEitherCaseAndWritesLowerCase) {
  for (const char* text :
       {"00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "01234567-89AB-cdef-0123-456789abcDEF"}) {
    const auto uuid = Uuid::Parse(text);
    ASSERT_TRUE(uuid.has_value()) << text;
    EXPECT_EQ(uuid->ToString(), absl::AsciiStrToLower(text));
  }
}

TEST(Uuid, RefusesAnyOtherText) {
  const std::vector<std::string> bad = {
      "",
      "017f22e2",
      "017f22e279b07cc398c4dc0c0c07398f",
      "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
      "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
      "{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}",
      " 017f22e2-79b0-7cc3-98c4-dc0c0c07398",
      "017f22e2-79b0-7cc3-98c4-dc0c0c07398 ",
      "017f22e2-79b07-cc3-98c4-dc0c0c07398f",
      "017f22e2_79b0_7cc3_98c4_dc0c0c07398f",
      "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
      "017f22e2-79b0-7cc3-98c4--c0c0c07398f",
      "+17f22e2-79b0-7cc3-98c4-dc0c0c07398f",
      "0x7f22e2-79b0-7cc3-98c4-dc0c0c07398f",
      "017f22e2-79b0-7cc3-98c4-dc0c0c0739\xc3\xa9",
      std::string("017f22e2-79b0-7cc3-98c4-dc0c0c07398\0", 36),
  };
  for (const std::string& text : bad) {
    EXPECT_FALSE(Uuid::Parse(text).has_value()) << text;
  }
}

TEST(Uuid, IsMadeOfExactly16Bytes) {
  const std::string bytes(17, 'x');
  for (size_t size = 0; size <= bytes.size(); ++size) {
    const auto uuid = Uuid::FromBytes(absl::string_view(bytes).substr(0, size));
    EXPECT_EQ(uuid.has_value(), size == 16) << size;
    if (uuid.has_value()) {
      EXPECT_EQ(uuid->AsBytes(), bytes.substr(0, 16));
    }
  }
}

TEST(Uuid, OfVersion7HasItsTimeVersionVariantAndEntropy) {
  EXPECT_EQ(Uuid::MakeV7(1'645'557'742'000, Filled(0x00)).ToString(),
            "017f22e2-79b0-7000-8000-000000000000");
  EXPECT_EQ(Uuid::MakeV7(1'645'557'742'000, Filled(0xff)).ToString(),
            "017f22e2-79b0-7fff-bfff-ffffffffffff");
  EXPECT_EQ(Uuid::MakeV7(0, Filled(0x00)).UnixMs(), 0);
  EXPECT_EQ(Uuid::MakeV7(kLastMs, Filled(0x5a)).UnixMs(), kLastMs);
  EXPECT_TRUE(Uuid::MakeV7(kLastMs, Filled(0x00)).IsV7());
  EXPECT_TRUE(Uuid::MakeV7(0, Filled(0xff)).IsV7());
}

TEST(Uuid, OfVersion7Takes74BitsOfEntropy) {
  const Uuid zero = Uuid::MakeV7(1, Filled(0));
  int taken = 0;
  for (size_t bit = 0; bit < 80; ++bit) {
    std::array<uint8_t, 10> entropy = Filled(0);
    entropy[bit / 8] = static_cast<uint8_t>(1 << (bit % 8));
    taken += Uuid::MakeV7(1, entropy) != zero ? 1 : 0;
  }
  EXPECT_EQ(taken, 74);
}

TEST(Uuid, IsOfVersion7OnlyWithThatVersionAndVariant) {
  const Uuid good = *Uuid::Parse(kExample);
  for (int nibble = 0; nibble < 16; ++nibble) {
    Uuid uuid = good;
    uuid.bytes[6] = static_cast<uint8_t>(nibble << 4 | 0x0c);
    EXPECT_EQ(uuid.IsV7(), nibble == 7) << nibble;
    uuid = good;
    uuid.bytes[8] = static_cast<uint8_t>(nibble << 4 | 0x08);
    EXPECT_EQ(uuid.IsV7(), nibble >= 8 && nibble < 12) << nibble;
  }
}

TEST(Uuid, SortsByTime) {
  std::mt19937_64 random(testing::SeedFromEnvOrRandom());
  std::vector<Uuid> uuids;
  for (int i = 0; i < 1'000; ++i) {
    std::array<uint8_t, 10> entropy;
    std::generate(entropy.begin(), entropy.end(), [&] { return static_cast<uint8_t>(random()); });
    // Near times, too.
    const int64_t ms =
        i % 2 == 0 ? static_cast<int64_t>(random() & kLastMs) : 1'700'000'000'000 + i;
    uuids.push_back(Uuid::MakeV7(ms, entropy));
    EXPECT_EQ(uuids.back().UnixMs(), ms);
  }
  std::sort(uuids.begin(), uuids.end());
  for (size_t i = 1; i < uuids.size(); ++i) {
    EXPECT_LE(uuids[i - 1].UnixMs(), uuids[i].UnixMs());
    EXPECT_LT(uuids[i - 1].AsBytes(), uuids[i].AsBytes());
  }
}

TEST(Uuid, LowestOfAMillisecondBoundsAllOfIt) {
  for (const int64_t ms : {int64_t{0}, int64_t{1'645'557'742'000}, kLastMs}) {
    EXPECT_EQ(Uuid::LowestAt(ms).UnixMs(), ms);
    EXPECT_LT(Uuid::LowestAt(ms), Uuid::MakeV7(ms, Filled(0)));
    if (ms > 0) {
      EXPECT_LT(Uuid::MakeV7(ms - 1, Filled(0xff)), Uuid::LowestAt(ms));
    }
  }
}

}  // namespace
}  // namespace emptychair
