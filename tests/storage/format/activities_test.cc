#include "storage/format/activities.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "gtest/gtest.h"
#include "tests/storage/harness/hex.h"

namespace emptychair::storage {
namespace {

constexpr Amount::Currency kEur = {'E', 'U', 'R'};

ActivityHeader FullHeader() {
  ActivityHeader header;
  header.customer_ordinal = 0x0a0b0c0d;
  header.zone_offset_seconds = -12'600;
  header.amount = Amount{.units = -300, .nanos = -500'000'000, .currency = {'G', 'B', 'P'}};
  header.sequence = 0x1122334455667788;
  return header;
}

ActivityHeader WithAmount(int64_t units, int32_t nanos, Amount::Currency currency = kEur) {
  ActivityHeader header;
  header.customer_ordinal = 1;
  header.amount = Amount{.units = units, .nanos = nanos, .currency = currency};
  return header;
}

store::v1::StoredActivity ABody() {
  store::v1::StoredActivity body;
  body.set_activity_id("e");
  return body;
}

TEST(ActivityHeader, HasTheseBytes) {
  EXPECT_EQ(HexOf(EncodeActivity(FullHeader(), ABody())),
            Packed("01 01  8d98ac50  efc401  474250 d704 ff93ebdc03  88ef99abc5e88c9111  0a0165"));
  ActivityHeader least;
  least.customer_ordinal = 1;
  EXPECT_EQ(HexOf(EncodeActivity(least, {})), Packed("01 00  01 00 00"));
  EXPECT_EQ(HexOf(EncodeActivity(WithAmount(0, 0), {})), Packed("01 01  01 00  455552 00 00  00"));
}

TEST(ActivityHeader, DecodesToWhatWasEncoded) {
  ActivityHeader without_amount = FullHeader();
  without_amount.amount.reset();
  ActivityHeader highest = FullHeader();
  highest.customer_ordinal = std::numeric_limits<uint32_t>::max();
  highest.zone_offset_seconds = std::numeric_limits<int32_t>::max();
  highest.sequence = std::numeric_limits<uint64_t>::max();
  for (const ActivityHeader& header :
       {FullHeader(), without_amount, highest, WithAmount(0, 0), WithAmount(0, 999'999'999),
        WithAmount(0, -999'999'999), WithAmount(1'000'000'000'000, 999'999'999),
        WithAmount(-1'000'000'000'000, -999'999'999), WithAmount(5, 0), WithAmount(-5, 0),
        WithAmount(std::numeric_limits<int64_t>::min(), -1),
        WithAmount(std::numeric_limits<int64_t>::max(), 1), WithAmount(1, 1, {'A', 'Z', 'M'})}) {
    const std::string value = EncodeActivity(header, ABody());
    EXPECT_EQ(DecodeActivityHeader(value), header) << HexOf(value);
    store::v1::StoredActivity body;
    ASSERT_TRUE(DecodeActivityBody(value, body)) << HexOf(value);
    EXPECT_EQ(body.activity_id(), "e");
  }
}

TEST(ActivityHeader, IsRejectedWhenItIsCut) {
  const std::string value = EncodeActivity(FullHeader(), {});
  store::v1::StoredActivity body;
  for (size_t size = 0; size < value.size(); ++size) {
    EXPECT_EQ(DecodeActivityHeader(value.substr(0, size)), std::nullopt) << size;
    EXPECT_FALSE(DecodeActivityBody(value.substr(0, size), body)) << size;
  }
  EXPECT_TRUE(DecodeActivityBody(value, body));
  EXPECT_FALSE(DecodeActivityBody(value + Bytes("0a05 65"), body));
}

// A changed byte is another header or none, and what decodes is written so and in no other way.
TEST(ActivityHeader, IsRejectedInAnyOtherForm) {
  const std::string value = EncodeActivity(FullHeader(), {});
  const size_t currency_at = value.find("GBP");
  ASSERT_NE(currency_at, std::string::npos);
  for (size_t at = 0; at < value.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string other = value;
      other[at] = static_cast<char>(byte);
      const auto header = DecodeActivityHeader(other);
      EXPECT_EQ(header == FullHeader(), other == value) << at << " " << byte;
      if (at == 0 || (at == 1 && byte > 1)) {
        EXPECT_EQ(header.has_value(), at == 0 && byte == 1) << at << " " << byte;
      }
      if (at >= currency_at && at < currency_at + 3) {
        EXPECT_EQ(header.has_value(), byte >= 'A' && byte <= 'Z') << at << " " << byte;
      }
      if (header.has_value()) {
        const std::string encoded = EncodeActivity(*header, {});
        EXPECT_EQ(other.substr(0, encoded.size()), encoded) << at << " " << byte;
      }
    }
  }
}

TEST(ActivityHeader, IsRejectedWithoutACustomer) {
  EXPECT_NE(DecodeActivityHeader(Bytes("01 00  01 00 00")), std::nullopt);
  EXPECT_EQ(DecodeActivityHeader(Bytes("01 00  00 00 00")), std::nullopt);
  EXPECT_EQ(DecodeActivityHeader(EncodeActivity(ActivityHeader(), {})), std::nullopt);
}

TEST(ActivityHeader, IsRejectedWithAnAmountThatIsNone) {
  for (const ActivityHeader& header :
       {WithAmount(0, 1'000'000'000), WithAmount(0, -1'000'000'000), WithAmount(1, 1'000'000'000),
        WithAmount(0, std::numeric_limits<int32_t>::min()), WithAmount(1, -1), WithAmount(-1, 1),
        WithAmount(std::numeric_limits<int64_t>::min(), 1), WithAmount(1, 1, {'e', 'u', 'r'}),
        WithAmount(1, 1, {'E', 'U', '\0'}), WithAmount(1, 1, {'E', 'U', '\xc4'}),
        WithAmount(1, 1, {'@', 'U', 'R'}), WithAmount(1, 1, {'E', '[', 'R'})}) {
    const std::string value = EncodeActivity(header, ABody());
    store::v1::StoredActivity body;
    EXPECT_EQ(DecodeActivityHeader(value), std::nullopt) << HexOf(value);
    EXPECT_FALSE(DecodeActivityBody(value, body)) << HexOf(value);
  }
  // Nanos past 32 bits.
  EXPECT_EQ(DecodeActivityHeader(Bytes("01 01  01 00  455552 00 8080808020  00")), std::nullopt);
}

TEST(ActivityHeader, IsPositiveWithAnAmountAboveZero) {
  ActivityHeader without_amount;
  without_amount.customer_ordinal = 1;
  EXPECT_FALSE(without_amount.is_positive());
  EXPECT_FALSE(WithAmount(0, 0).is_positive());
  EXPECT_FALSE(WithAmount(0, -1).is_positive());
  EXPECT_FALSE(WithAmount(-1, 0).is_positive());
  EXPECT_TRUE(WithAmount(0, 1).is_positive());
  EXPECT_TRUE(WithAmount(1, 0).is_positive());
}

TEST(ActivityTombstone, IsThatOfARecord) {
  const std::string value = EncodeTombstone(300);
  const auto header = DecodeActivityHeader(value);
  ASSERT_TRUE(header.has_value());
  EXPECT_TRUE(header->is_erased);
  EXPECT_EQ(header->sequence, 300u);
  for (int byte = 0; byte < 256; ++byte) {
    std::string other = value;
    other[1] = static_cast<char>(byte);
    const auto decoded = DecodeActivityHeader(other);
    EXPECT_EQ(decoded.has_value() && decoded->is_erased, byte == 2) << byte;
  }
  EXPECT_EQ(DecodeActivityHeader(value + "x"), std::nullopt);
  EXPECT_EQ(DecodeActivityHeader(value.substr(0, 3)), std::nullopt);
}

TEST(ActivityMark, HasTheseBytesAndNoOthers) {
  const ActivityMark mark{.is_positive = true, .zone_offset_seconds = -12'600};
  const std::string value = EncodeActivityMark(mark);
  EXPECT_EQ(HexOf(value), Packed("01 01 efc401"));
  EXPECT_EQ(HexOf(EncodeActivityMark({})), Packed("01 00 00"));
  for (const ActivityMark& one :
       {mark, ActivityMark(), ActivityMark{.zone_offset_seconds = INT32_MIN},
        ActivityMark{.is_positive = true, .zone_offset_seconds = INT32_MAX}}) {
    EXPECT_EQ(DecodeActivityMark(EncodeActivityMark(one)), one);
  }
  for (size_t size = 0; size < value.size(); ++size) {
    EXPECT_EQ(DecodeActivityMark(value.substr(0, size)), std::nullopt) << size;
  }
  EXPECT_EQ(DecodeActivityMark(value + '\0'), std::nullopt);
  for (size_t at = 0; at < value.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string other = value;
      other[at] = static_cast<char>(byte);
      const auto decoded = DecodeActivityMark(other);
      EXPECT_EQ(decoded == mark, other == value) << at << " " << byte;
      if (at < 2) {
        EXPECT_EQ(decoded.has_value(), at == 0 ? byte == 1 : byte <= 1) << at << " " << byte;
      }
      if (decoded.has_value()) {
        EXPECT_EQ(EncodeActivityMark(*decoded), other) << at << " " << byte;
      }
    }
  }
}

}  // namespace
}  // namespace emptychair::storage
