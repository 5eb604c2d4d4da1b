// The checksums that RocksDB computes with the functions that stand in for its own.
#include <cstdint>
#include <random>
#include <string>

#include "gtest/gtest.h"
#include "tests/helpers/seed.h"

namespace rocksdb::crc32c {
uint32_t Extend(uint32_t init_crc, const char* data, size_t n);
uint32_t Crc32cCombine(uint32_t crc1, uint32_t crc2, size_t crc2len);
std::string IsFastCrc32Supported();
}  // namespace rocksdb::crc32c

namespace emptychair::storage {
namespace {

using ::rocksdb::crc32c::Crc32cCombine;
using ::rocksdb::crc32c::Extend;

uint32_t Crc(const std::string& text) { return Extend(0, text.data(), text.size()); }

// Bit by bit.
uint32_t PlainCrc(const std::string& text) {
  uint32_t crc = ~uint32_t{0};
  for (const char c : text) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78 : 0);
    }
  }
  return ~crc;
}

std::string RandomText(size_t size, std::mt19937_64& random) {
  std::string text(size, '\0');
  for (char& c : text) {
    c = static_cast<char>(random());
  }
  return text;
}

TEST(RocksDbCrc32c, StandsInForRocksDbsOwn) {
  EXPECT_EQ(rocksdb::crc32c::IsFastCrc32Supported(), "Supported by ISA-L");
}

// RFC 3720, B.4.
TEST(RocksDbCrc32c, HasTheValuesOfTheStandard) {
  std::string ascending;
  for (char c = 0; c < 32; ++c) {
    ascending.push_back(c);
  }
  EXPECT_EQ(Crc(std::string(32, '\0')), 0x8A9136AA);
  EXPECT_EQ(Crc(std::string(32, '\xFF')), 0x62A8AB43);
  EXPECT_EQ(Crc(ascending), 0x46DD794E);
  EXPECT_EQ(Crc(std::string(ascending.rbegin(), ascending.rend())), 0x113FDB5C);
  EXPECT_EQ(Crc(""), 0u);
}

TEST(RocksDbCrc32c, AgreesWithPlainOnesInPartsAndPutTogether) {
  const uint64_t seed = testing::SeedFromEnvOrRandom();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 300; ++round) {
    const std::string first = RandomText(random() % 400, random);
    const std::string second = RandomText(random() % 5000, random);
    const uint32_t whole = PlainCrc(first + second);
    EXPECT_EQ(Crc(first + second), whole);
    EXPECT_EQ(Extend(Crc(first), second.data(), second.size()), whole);
    EXPECT_EQ(Crc32cCombine(Crc(first), Crc(second), second.size()), whole);
  }
}

}  // namespace
}  // namespace emptychair::storage
