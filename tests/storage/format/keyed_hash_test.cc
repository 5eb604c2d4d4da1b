#include "storage/format/keyed_hash.h"

#include <numeric>
#include <set>
#include <string>

#include "gtest/gtest.h"
#include "tests/storage/harness/hex.h"

namespace emptychair::storage {
namespace {

std::string HexOfHash(const IdHash& hash) {
  return HexOf(absl::string_view(reinterpret_cast<const char*>(hash.data()), hash.size()));
}

// The secret that, with the purpose put in, is the key 00 01 ... 0f of the published vectors.
KeyedHash::Secret SecretFor(HashPurpose purpose) {
  KeyedHash::Secret secret;
  std::iota(secret.begin(), secret.end(), uint8_t{0});
  secret[0] = static_cast<uint8_t>(purpose);
  return secret;
}

// From the reference implementation of SipHash-2-4 with 128 bits (vectors.h, vectors_sip128).
TEST(KeyedHash, IsSipHash128OfThePublishedVectors) {
  for (const HashPurpose purpose : {HashPurpose::kExternalId, HashPurpose::kPageToken}) {
    const KeyedHash hash(SecretFor(purpose));
    EXPECT_EQ(HexOfHash(hash(purpose, "")), "a3817f04ba25a8e66df67214c7550293");
    EXPECT_EQ(HexOfHash(hash(purpose, absl::string_view("\0", 1))),
              "da87c1d86b99af44347659119b22fc45");
  }
}

TEST(KeyedHash, DiffersByPurposeSecretAndText) {
  std::set<std::string> hashes;
  int count = 0;
  for (const uint8_t secret_byte : {0, 9}) {
    KeyedHash::Secret secret{};
    secret[15] = secret_byte;
    const KeyedHash hash(secret);
    for (const HashPurpose purpose :
         {HashPurpose::kExternalId, HashPurpose::kCustomerId, HashPurpose::kContent,
          HashPurpose::kDerivedFeedbackId, HashPurpose::kPageToken, HashPurpose::kCertificate,
          HashPurpose::kActivityId, HashPurpose::kDerivedActivityId}) {
      for (const std::string& text : {std::string(), std::string("a"), std::string("a\0", 2)}) {
        hashes.insert(HexOfHash(hash(purpose, text)));
        ++count;
        EXPECT_EQ(hash(purpose, text), KeyedHash(secret)(purpose, text));
      }
    }
  }
  EXPECT_EQ(static_cast<int>(hashes.size()), count);
}

TEST(HashPurpose, HasTheNumbersThatAreOnDisk) {
  EXPECT_EQ(static_cast<int>(HashPurpose::kExternalId), 1);
  EXPECT_EQ(static_cast<int>(HashPurpose::kCustomerId), 2);
  EXPECT_EQ(static_cast<int>(HashPurpose::kContent), 3);
  EXPECT_EQ(static_cast<int>(HashPurpose::kDerivedFeedbackId), 4);
  EXPECT_EQ(static_cast<int>(HashPurpose::kPageToken), 5);
  EXPECT_EQ(static_cast<int>(HashPurpose::kCertificate), 7);
  EXPECT_EQ(static_cast<int>(HashPurpose::kActivityId), 8);
  EXPECT_EQ(static_cast<int>(HashPurpose::kDerivedActivityId), 9);
}

TEST(RandomBytes, AreAsManyAsAskedForAndNeverTheSame) {
  EXPECT_EQ(RandomBytes(0), "");
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string bytes = RandomBytes(16);
    EXPECT_EQ(bytes.size(), 16u);
    EXPECT_TRUE(seen.insert(bytes).second);
  }
}

}  // namespace
}  // namespace emptychair::storage
