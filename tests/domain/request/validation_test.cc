#include "server/request/validation.h"

#include <string>
#include <vector>

#include "emptychair/v1/metrics_service.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/domain/harness/hand_made_view.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair::testing {
namespace {

using ::testing::AllOf;

constexpr auto kRequired = v1::ERROR_REASON_FIELD_REQUIRED;
constexpr auto kInvalid = v1::ERROR_REASON_FIELD_INVALID;

TEST(CheckName, TakesLowerCaseOfUpTo63Bytes) {
  for (const std::string& name : {std::string("a"), std::string("a0_-z"), std::string(63, 'a')}) {
    EXPECT_OK(CheckName("f", name)) << name;
  }
  EXPECT_THAT(CheckName("f", ""), AllOf(HasReason(kRequired), HasField("f")));
  for (const std::string& name :
       {std::string("A"), std::string("0a"), std::string("_a"), std::string("a b"),
        std::string("\xc3\xa4"), std::string(64, 'a')}) {
    EXPECT_THAT(CheckName("f", name), AllOf(HasReason(kInvalid), HasField("f"))) << name;
  }
}

TEST(CheckId, TakesTextWithoutControlCharacters) {
  for (const std::string& id : {std::string("a b"), std::string("Gr\xc3\xbc\xc3\x9f"),
                                std::string(128, 'x'), std::string("\xc2\xa0")}) {
    EXPECT_OK(CheckId("f", id)) << id;
  }
  EXPECT_THAT(CheckId("f", ""), HasReason(kRequired));
  for (const std::string& id : {std::string(129, 'x'), std::string("a\n"), std::string("\x7f"),
                                std::string("a\0", 2), std::string("\xc2\x85")}) {
    EXPECT_THAT(CheckId("f", id), HasReason(kInvalid)) << id;
  }
}

TEST(CheckLabelValue, RefusesReservedNames) {
  EXPECT_OK(CheckLabelValue("f", "none"));
  EXPECT_THAT(CheckLabelValue("f", "(none)"), HasReason(kInvalid));
  EXPECT_THAT(CheckLabelValue("f", "(other)"), HasReason(kInvalid));
}

TEST(CheckRange, TakesBothEnds) {
  EXPECT_OK(CheckRange("f", 1, 1, 3));
  EXPECT_OK(CheckRange("f", 3, 1, 3));
  EXPECT_THAT(CheckRange("f", 0, 1, 3), HasReason(kInvalid));
  EXPECT_THAT(CheckRange("f", 4, 1, 3), HasReason(kInvalid));
}

TEST(CheckEnum, RefusesValuesThatAreNotDeclared) {
  EXPECT_OK(CheckEnum("f", v1::GRANULARITY_DAY, v1::Granularity_IsValid));
  EXPECT_THAT(CheckEnum("f", 99, v1::Granularity_IsValid),
              AllOf(HasReason(kInvalid), HasField("f")));
}

TEST(CheckMask, NeedsPathsAndKnowsThem) {
  const absl::string_view known[] = {"a", "b"};
  const auto check = [&](const std::string& text) {
    return CheckMask("f", Parse<google::protobuf::FieldMask>(text), known);
  };
  EXPECT_OK(check("paths: 'b'"));
  EXPECT_THAT(check(""), AllOf(HasReason(kRequired), HasField("f")));
  EXPECT_THAT(check("paths: ['a', 'c']"), AllOf(HasReason(kInvalid), HasField("f")));
}

TEST(CheckTimestamp, TakesTheYears1To9999) {
  const auto check = [](const std::string& text) {
    return CheckTimestamp("f", Parse<google::protobuf::Timestamp>(text));
  };
  EXPECT_OK(check("seconds: -62135596800"));
  EXPECT_OK(check("seconds: 253402300799 nanos: 999999999"));
  for (const char* text :
       {"seconds: -62135596801", "seconds: 253402300800", "nanos: -1", "nanos: 1000000000"}) {
    EXPECT_THAT(check(text), AllOf(HasReason(kInvalid), HasField("f"))) << text;
  }
}

}  // namespace
}  // namespace emptychair::testing
