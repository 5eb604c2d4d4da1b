#include "storage/format/values.h"

#include <string>

#include "gtest/gtest.h"
#include "tests/storage/harness/hex.h"

namespace emptychair::storage {
namespace {

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
  EXPECT_EQ(kFormatVersion, 8u);
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
  store::v1::StoredImport import;
  import.set_survey_number(300);
  import.set_import_id("abc");
  const std::string value = EncodeMessage(import);
  ASSERT_EQ(HexOf(value), Packed("01 08ac02 1203616263"));
  for (int version = 0; version < 256; ++version) {
    std::string other = value;
    other[0] = static_cast<char>(version);
    EXPECT_EQ(DecodeMessage(other, import), version == 1) << version;
  }
  for (size_t size = 0; size < value.size(); ++size) {
    // Behind the version and behind the number a whole message ends.
    EXPECT_EQ(DecodeMessage(value.substr(0, size), import), size == 1 || size == 4) << size;
  }
}

TEST(FeedbackHeader, HasTheseBytes) {
  EXPECT_EQ(HexOf(EncodeFeedback(FullHeader(), ABody())),
            Packed("01 05 02  12  8d98ac50  84868808  efc401  88ef99abc5e88c9111  0a0165"));
  EXPECT_EQ(HexOf(EncodeFeedback(FeedbackHeader(), {})), Packed("01 00  00 00 00 00"));
  FeedbackHeader negative;
  negative.score = -1;
  EXPECT_EQ(HexOf(EncodeFeedback(negative, {})), Packed("01 01  01  00 00 00 00"));
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
  store::v1::StoredFeedback body;
  for (size_t size = 0; size < value.size(); ++size) {
    EXPECT_EQ(DecodeFeedbackHeader(value.substr(0, size)), std::nullopt) << size;
    EXPECT_FALSE(DecodeFeedbackBody(value.substr(0, size), body)) << size;
  }
  EXPECT_TRUE(DecodeFeedbackBody(value, body));
  EXPECT_FALSE(DecodeFeedbackBody(value + Bytes("0a05 65"), body));
}

// A changed byte is another header or none, and what decodes is written so and in no other way.
TEST(FeedbackHeader, IsRejectedInAnyOtherForm) {
  const std::string value = EncodeFeedback(FullHeader(), {});
  for (size_t at = 0; at < value.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string other = value;
      other[at] = static_cast<char>(byte);
      const auto header = DecodeFeedbackHeader(other);
      EXPECT_EQ(header == FullHeader(), other == value) << at << " " << byte;
      if (at == 0 || (at == 1 && (byte & ~5) != 0) || (at == 2 && (byte == 0 || byte > 6))) {
        EXPECT_EQ(header.has_value(), at == 0 && byte == 1) << at << " " << byte;
      }
      if (header.has_value()) {
        const std::string encoded = EncodeFeedback(*header, {});
        EXPECT_EQ(other.substr(0, encoded.size()), encoded) << at << " " << byte;
      }
    }
  }
}

TEST(Tombstone, HasTheseBytes) {
  const std::string value = EncodeTombstone(300);
  EXPECT_EQ(HexOf(value), Packed("01 02 ac02"));
  const auto header = DecodeFeedbackHeader(value);
  ASSERT_TRUE(header.has_value());
  EXPECT_TRUE(header->is_erased);
  EXPECT_EQ(header->sequence, 300u);
}

TEST(Tombstone, IsRejectedWithAnythingElseInIt) {
  const std::string value = EncodeTombstone(300);
  for (int byte = 0; byte < 256; ++byte) {
    std::string other = value;
    other[1] = static_cast<char>(byte);
    const auto header = DecodeFeedbackHeader(other);
    EXPECT_EQ(header.has_value() && header->is_erased, byte == 2) << byte;
  }
  EXPECT_EQ(DecodeFeedbackHeader(value + "x"), std::nullopt);
  EXPECT_EQ(DecodeFeedbackHeader(value.substr(0, 3)), std::nullopt);
}

TEST(AccessId, HasTheseBytesAndNoOthers) {
  const std::string value = EncodeAccessId(0x0102030405060708);
  EXPECT_EQ(HexOf(value), Packed("01 0807060504030201"));
  EXPECT_EQ(DecodeAccessId(value), 0x0102030405060708u);
  for (size_t size = 0; size < value.size(); ++size) {
    EXPECT_EQ(DecodeAccessId(value.substr(0, size)), std::nullopt) << size;
  }
  EXPECT_EQ(DecodeAccessId(value + '\0'), std::nullopt);
  for (int version = 0; version < 256; ++version) {
    std::string other = value;
    other[0] = static_cast<char>(version);
    EXPECT_EQ(DecodeAccessId(other).has_value(), version == 1) << version;
  }
}

TEST(Ordinals, HaveTheseBytesAndNoOthers) {
  const std::vector<uint32_t> ordinals = {1, 127, 128, 0xffffffff};
  const std::string value = EncodeOrdinals(ordinals);
  EXPECT_EQ(HexOf(value), Packed("01 01 7f 8001 ffffffff0f"));
  EXPECT_EQ(DecodeOrdinals(value), ordinals);
  for (size_t size = 0; size < value.size(); ++size) {
    // Behind each number a whole value ends.
    EXPECT_EQ(DecodeOrdinals(value.substr(0, size)).has_value(),
              size == 2 || size == 3 || size == 5)
        << size;
  }
  for (const char* hex : {"0100", "010202", "010201", "018000", "01ffffffff1f", "0201"}) {
    EXPECT_EQ(DecodeOrdinals(Bytes(hex)), std::nullopt) << hex;
  }
}

}  // namespace
}  // namespace emptychair::storage
