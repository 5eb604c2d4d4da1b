#include "storage/format/values.h"

#include <numeric>
#include <string>

#include "gtest/gtest.h"
#include "tests/storage/harness/hex.h"

namespace emptychair::storage {
namespace {

IdHash Counting() {
  IdHash hash;
  std::iota(hash.begin(), hash.end(), uint8_t{0});
  return hash;
}

constexpr char kCountingHex[] = "000102030405060708090a0b0c0d0e0f";

FeedbackHeader FullHeader() {
  FeedbackHeader header;
  header.score = 9;
  header.exclusion_reason = 2;
  header.customer_ordinal = 0x0a0b0c0d;
  header.series = 0x01020304;
  header.zone_offset_seconds = -12'600;
  header.sequence = 0x1122334455667788;
  return header;
}

store::v1::StoredFeedback ABody() {
  store::v1::StoredFeedback body;
  body.set_external_id("e");
  return body;
}

TEST(Format, IsFourBytesLittleEndian) {
  EXPECT_EQ(kFormatVersion, 5u);
  EXPECT_EQ(HexOf(EncodeFormat(1)), "01000000");
  EXPECT_EQ(HexOf(EncodeFormat(0x01020304)), "04030201");
  EXPECT_EQ(DecodeFormat(Bytes("04030201")), 0x01020304u);
  EXPECT_EQ(DecodeFormat(Bytes("ffffffff")), 0xffffffffu);
  for (const char* hex : {"", "01", "010000", "0100000000"}) {
    EXPECT_EQ(DecodeFormat(Bytes(hex)), std::nullopt) << hex;
  }
}

TEST(Message, FollowsAVersionByte) {
  store::v1::StoredSeries series;
  series.add_values("a");
  series.add_values("");
  EXPECT_EQ(HexOf(EncodeMessage(series)), Packed("01 0a0161 0a00"));
  EXPECT_EQ(HexOf(EncodeMessage(store::v1::StoredCounters())), "01");

  store::v1::StoredSeries decoded;
  ASSERT_TRUE(DecodeMessage(Bytes("01 0a0161 0a00"), decoded));
  ASSERT_EQ(decoded.values_size(), 2);
  EXPECT_EQ(decoded.values(0), "a");
  EXPECT_EQ(decoded.values(1), "");
}

TEST(Message, IsRejectedWithAnotherVersionOrCutInAField) {
  store::v1::StoredCustomer customer;
  customer.set_ordinal(300);
  customer.set_customer_id("abc");
  const std::string value = EncodeMessage(customer);
  ASSERT_EQ(HexOf(value), Packed("01 08ac02 1203616263"));
  for (int version = 0; version < 256; ++version) {
    std::string other = value;
    other[0] = static_cast<char>(version);
    EXPECT_EQ(DecodeMessage(other, customer), version == 1) << version;
  }
  for (size_t size = 0; size < value.size(); ++size) {
    // Behind the version and behind the ordinal a whole message ends.
    EXPECT_EQ(DecodeMessage(value.substr(0, size), customer), size == 1 || size == 4) << size;
  }
}

TEST(FeedbackHeader, HasTheseBytes) {
  EXPECT_EQ(HexOf(EncodeFeedback(FullHeader(), ABody())),
            Packed("01 01 02 00  09000000  0d0c0b0a  04030201  c8ceffff  8877665544332211 0a0165"));
  EXPECT_EQ(HexOf(EncodeFeedback(FeedbackHeader(), {})), "01" + std::string(54, '0'));
  FeedbackHeader negative;
  negative.score = -1;
  EXPECT_EQ(HexOf(EncodeFeedback(negative, {}).substr(0, 8)), Packed("01 01 00 00 ffffffff"));
}

TEST(FeedbackHeader, DecodesToWhatWasEncoded) {
  FeedbackHeader zero_score = FullHeader();
  zero_score.score = 0;
  FeedbackHeader unscored = FullHeader();
  unscored.score = std::nullopt;
  for (const FeedbackHeader& header : {FeedbackHeader(), FullHeader(), zero_score, unscored}) {
    const std::string value = EncodeFeedback(header, ABody());
    EXPECT_EQ(DecodeFeedbackHeader(value), header);
    store::v1::StoredFeedback body;
    ASSERT_TRUE(DecodeFeedbackBody(value, body));
    EXPECT_EQ(body.external_id(), "e");
  }
}

TEST(FeedbackHeader, IsRejectedWhenItIsCut) {
  const std::string value = EncodeFeedback(FullHeader(), {});
  ASSERT_EQ(value.size(), FeedbackHeader::kSize);
  store::v1::StoredFeedback body;
  for (size_t size = 0; size < value.size(); ++size) {
    EXPECT_EQ(DecodeFeedbackHeader(value.substr(0, size)), std::nullopt) << size;
    EXPECT_FALSE(DecodeFeedbackBody(value.substr(0, size), body)) << size;
  }
  EXPECT_TRUE(DecodeFeedbackBody(value, body));
  EXPECT_FALSE(DecodeFeedbackBody(value + Bytes("0a05 65"), body));
}

TEST(FeedbackHeader, IsRejectedWithAnyOtherVersionFlagReasonOrReservedByte) {
  const std::string value = EncodeFeedback(FullHeader(), {});
  for (int byte = 0; byte < 256; ++byte) {
    const auto decodes_with = [&](size_t at) {
      std::string other = value;
      other[at] = static_cast<char>(byte);
      return DecodeFeedbackHeader(other).has_value();
    };
    EXPECT_EQ(decodes_with(0), byte == 1) << byte;
    // Without its flag a score other than 0 is no score.
    EXPECT_EQ(decodes_with(1), byte == 1) << byte;
    EXPECT_EQ(decodes_with(2), byte <= 6) << byte;
    EXPECT_EQ(decodes_with(3), byte == 0) << byte;
  }
}

TEST(FeedbackHeader, OfAnUnscoredRecordTellsAFlippedFlagOnlyInItsOwnBit) {
  const std::string value = EncodeFeedback({.customer_ordinal = 7}, {});
  for (int bit = 0; bit < 8; ++bit) {
    std::string other = value;
    other[1] = static_cast<char>(1 << bit);
    const auto header = DecodeFeedbackHeader(other);
    EXPECT_EQ(header.has_value(), bit == 0) << bit;
  }
}

TEST(Tombstone, HasTheseBytes) {
  const std::string value = EncodeTombstone(12);
  EXPECT_EQ(HexOf(value),
            Packed("01 02 00 00 00000000 00000000 00000000 00000000 0c00000000000000"));
  const auto header = DecodeFeedbackHeader(value);
  ASSERT_TRUE(header.has_value());
  EXPECT_TRUE(header->is_erased);
  EXPECT_EQ(header->sequence, 12u);
}

TEST(Tombstone, IsRejectedWithAnythingElseInIt) {
  const std::string value = EncodeTombstone(12);
  for (size_t at = 0; at < value.size(); ++at) {
    std::string other = value;
    other[at] = static_cast<char>(other[at] + 1);
    const auto header = DecodeFeedbackHeader(other);
    const bool is_sequence = at >= 20 && at < 28;
    EXPECT_EQ(header.has_value() && header->is_erased, is_sequence) << at;
  }
  EXPECT_EQ(DecodeFeedbackHeader(value + "x"), std::nullopt);
}

TEST(ExternalIdEntry, IsEmptyBehindTheIdOnceTheRecordIsErased) {
  const Uuid uuid = *Uuid::Parse("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  const auto entry = DecodeExternalIdEntry(EncodeExternalIdEntry(uuid, ""));
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->feedback_id, uuid);
  EXPECT_EQ(entry->external_id, "");
}

TEST(ExternalIdEntry, HasTheseBytes) {
  const Uuid uuid = *Uuid::Parse("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  const std::string value = EncodeExternalIdEntry(uuid, "order-7");
  EXPECT_EQ(HexOf(value), Packed("01 017f22e279b07cc398c4dc0c0c07398f 6f726465722d37"));
  const auto entry = DecodeExternalIdEntry(value);
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->feedback_id, uuid);
  EXPECT_EQ(entry->external_id, "order-7");
}

TEST(ExternalIdEntry, IsRejectedWhenCutOrWithAnotherVersion) {
  const std::string value = EncodeExternalIdEntry(Uuid(), "x");
  for (size_t size = 0; size + 1 < value.size(); ++size) {
    EXPECT_FALSE(DecodeExternalIdEntry(value.substr(0, size)).has_value()) << size;
  }
  for (int version = 0; version < 256; ++version) {
    std::string other = value;
    other[0] = static_cast<char>(version);
    EXPECT_EQ(DecodeExternalIdEntry(other).has_value(), version == 1) << version;
  }
}

TEST(CustomerHash, HasTheseBytesAndNoOthers) {
  const std::string value = EncodeCustomerHash(Counting());
  EXPECT_EQ(HexOf(value), std::string("01") + kCountingHex);
  EXPECT_EQ(DecodeCustomerHash(value), Counting());
  for (size_t size = 0; size < value.size(); ++size) {
    EXPECT_EQ(DecodeCustomerHash(value.substr(0, size)), std::nullopt) << size;
  }
  EXPECT_EQ(DecodeCustomerHash(value + "x"), std::nullopt);
  for (int version = 0; version < 256; ++version) {
    std::string other = value;
    other[0] = static_cast<char>(version);
    EXPECT_EQ(DecodeCustomerHash(other).has_value(), version == 1) << version;
  }
}

}  // namespace
}  // namespace emptychair::storage
