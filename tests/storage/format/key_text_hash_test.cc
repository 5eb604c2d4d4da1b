#include "storage/format/key_text_hash.h"

#include <numeric>
#include <string>

#include "gtest/gtest.h"
#include "tests/storage/harness/hex.h"

namespace emptychair::storage {
namespace {

// The bytes from 0 on.
std::string Counting(size_t size) {
  std::string bytes(size, '\0');
  std::iota(bytes.begin(), bytes.end(), '\0');
  return bytes;
}

std::string HexOfHash(const KeyTextHash::Bytes& hash) {
  return HexOf(absl::string_view(reinterpret_cast<const char*>(hash.data()), hash.size()));
}

// Worked out by Python's hashlib.blake2b(text, digest_size=32, key=bytes(range(32))).
TEST(KeyTextHash, IsKeyedBlake2b) {
  const KeyTextHash hash(Counting(KeyTextHash::kSecretSize));
  EXPECT_EQ(HexOfHash(hash("")),
            "4e51e7a913fc80137da52880fecca175bf81e117d5c68126dc2774033517ea0d");
  EXPECT_EQ(HexOfHash(hash("eck_04hmasw9nf6y_3AHOVcjqx4BIPWdkry5CJQXelsz6DKRYfmt07ELSZgn1CnWjr")),
            "cd3489134d9404a0dbdb42eff48379e1e6305323f57c255629af29e1151bc910");
  EXPECT_EQ(HexOfHash(hash(Counting(200))),
            "a39ff6e7e838226fd50e24a55375ff3a39419fd93e32cc463f3f74323291c425");
}

TEST(KeyTextHash, DiffersByEachByteOfTheSecret) {
  const KeyTextHash::Bytes hash = KeyTextHash(Counting(KeyTextHash::kSecretSize))("text");
  for (size_t i = 0; i < KeyTextHash::kSecretSize; ++i) {
    std::string secret = Counting(KeyTextHash::kSecretSize);
    secret[i] = static_cast<char>(secret[i] ^ 0x80);
    EXPECT_NE(KeyTextHash(secret)("text"), hash) << i;
  }
}

TEST(KeyTextHash, EqualsItselfAloneAndWhole) {
  const KeyTextHash::Bytes hash = KeyTextHash(Counting(KeyTextHash::kSecretSize))("text");
  const std::string stored(hash.begin(), hash.end());
  EXPECT_TRUE(KeyTextHash::Equals(hash, stored));
  for (size_t bit = 0; bit < 8 * stored.size(); ++bit) {
    std::string other = stored;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(KeyTextHash::Equals(hash, other)) << bit;
  }
  for (size_t size = 0; size < stored.size(); ++size) {
    EXPECT_FALSE(KeyTextHash::Equals(hash, stored.substr(0, size))) << size;
  }
  EXPECT_FALSE(KeyTextHash::Equals(hash, stored + '\0'));
}

}  // namespace
}  // namespace emptychair::storage
