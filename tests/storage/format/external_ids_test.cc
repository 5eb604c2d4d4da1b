#include "storage/format/external_ids.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/storage/harness/hex.h"

namespace emptychair::storage {
namespace {

using Kind = ExternalIdEntry::Kind;

const Uuid kId = *Uuid::Parse("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");

IdHash Counting() {
  IdHash hash;
  std::iota(hash.begin(), hash.end(), uint8_t{0});
  return hash;
}

std::vector<ExternalIdEntry> OneOfEach() {
  return {{.kind = Kind::kDerived, .unix_ms = kId.UnixMs()},
          {.kind = Kind::kGiven, .feedback_id = kId},
          {.kind = Kind::kErased, .feedback_id = kId, .hash = Counting()}};
}

TEST(ExternalIdEntries, HaveTheseBytesAndNoOthers) {
  const std::string value = EncodeExternalIdEntries(OneOfEach());
  EXPECT_EQ(HexOf(value),
            Packed("01  01 017f22e279b0  02 017f22e279b07cc398c4dc0c0c07398f  "
                   "03 000102030405060708090a0b0c0d0e0f 017f22e279b07cc398c4dc0c0c07398f"));
  EXPECT_EQ(DecodeExternalIdEntries(value), OneOfEach());
  for (size_t size = 0; size < value.size(); ++size) {
    // Behind each entry a whole value ends.
    EXPECT_EQ(DecodeExternalIdEntries(value.substr(0, size)).has_value(), size == 8 || size == 25)
        << size;
  }
  for (size_t at = 0; at < value.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string other = value;
      other[at] = static_cast<char>(byte);
      const auto decoded = DecodeExternalIdEntries(other);
      EXPECT_EQ(decoded == OneOfEach(), other == value) << at << " " << byte;
      if (decoded.has_value()) {
        EXPECT_EQ(EncodeExternalIdEntries(*decoded), other) << at << " " << byte;
      }
    }
  }
}

TEST(ExternalIdEntries, AreShortWhereTheIdWasDerived) {
  const KeyedHash hash(KeyedHash::Secret{1, 2, 3});
  const Uuid derived = DerivedFeedbackId(hash, "pulse", "order-7", 1'700'000'000'000);
  EXPECT_TRUE(derived.IsV7());
  EXPECT_EQ(derived.UnixMs(), 1'700'000'000'000);
  const ExternalIdEntry entry = ExternalIdEntryOf(hash, "pulse", "order-7", derived);
  EXPECT_EQ(entry, (ExternalIdEntry{.kind = Kind::kDerived, .unix_ms = 1'700'000'000'000}));
  EXPECT_EQ(FeedbackIdOf(entry, hash, "pulse", "order-7"), derived);
  // Of anything else follows another id.
  for (const auto& [survey, id] : {std::pair("pulse", "order-8"), std::pair("puls", "eorder-7")}) {
    EXPECT_NE(FeedbackIdOf(entry, hash, survey, id), derived);
    EXPECT_EQ(ExternalIdEntryOf(hash, survey, id, derived),
              (ExternalIdEntry{.kind = Kind::kGiven, .feedback_id = derived}));
  }
}

TEST(DerivedActivityId, IsMadeOfKindIdAndTime) {
  const KeyedHash hash(KeyedHash::Secret{1, 2, 3});
  constexpr int64_t kTime = 1'700'000'000'000;
  const Uuid derived = DerivedActivityId(hash, "purchase", "order-7", kTime);
  EXPECT_TRUE(derived.IsV7());
  EXPECT_EQ(derived.UnixMs(), kTime);
  EXPECT_EQ(DerivedActivityId(hash, "purchase", "order-7", kTime), derived);
  const IdHash hash_9 = hash(HashPurpose::kDerivedActivityId, "8:purchase7:order-7");
  std::array<uint8_t, 10> start;
  std::copy_n(hash_9.begin(), start.size(), start.begin());
  EXPECT_EQ(derived, Uuid::MakeV7(kTime, start));
  // Of anything else follows another id.
  EXPECT_NE(DerivedActivityId(hash, "purchase", "order-8", kTime), derived);
  EXPECT_NE(DerivedActivityId(hash, "purchas", "eorder-7", kTime), derived);
  EXPECT_NE(DerivedActivityId(hash, "purchase", "order-7", kTime + 1), derived);
  EXPECT_NE(DerivedActivityId(KeyedHash(KeyedHash::Secret{}), "purchase", "order-7", kTime),
            derived);
  EXPECT_NE(DerivedFeedbackId(hash, "purchase", "order-7", kTime), derived);
}

}  // namespace
}  // namespace emptychair::storage
