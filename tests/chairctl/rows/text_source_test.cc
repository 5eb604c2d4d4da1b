#include "tools/chairctl/rows/text_source.h"

#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emptychair {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// The text of `bytes`, or why it is refused; then `|` and the encoding that was found.
std::string Read(const std::string& bytes, const std::string& encoding = "") {
  std::istringstream in(bytes);
  auto source = TextSource::Open(in, encoding);
  if (!source.ok()) {
    return std::string(source.status().message());
  }
  std::string text;
  while ((*source)->ReadMore(text)) {
  }
  return absl::StrCat(text, "|", (*source)->encoding());
}

std::string Utf16(absl::string_view ascii, bool is_big) {
  std::string bytes;
  for (const char c : ascii) {
    bytes += is_big ? std::string{'\0', c} : std::string{c, '\0'};
  }
  return bytes;
}

TEST(TextSource, TellsTheEncodingByTheByteOrderMark) {
  EXPECT_EQ(Read("größe"), "größe|utf-8");
  EXPECT_EQ(Read("\xEF\xBB\xBFgröße"), "größe|utf-8");
  EXPECT_EQ(Read("\xFF\xFE" + Utf16("ab", false)), "ab|utf-16le");
  EXPECT_EQ(Read("\xFE\xFF" + Utf16("ab", true)), "ab|utf-16be");
  EXPECT_EQ(Read(""), "|utf-8");
}

TEST(TextSource, ReadsTheEncodingThatIsNamed) {
  EXPECT_EQ(Read("gr\xF6\xDF\x65 \x80", "windows-1252"), "größe €|windows-1252");
  EXPECT_EQ(Read("gr\xF6\xDF\x65", "ISO-8859-1"), "größe|iso-8859-1");
  EXPECT_EQ(Read(Utf16("ab", false), "utf-16le"), "ab|utf-16le");
  EXPECT_EQ(Read(Utf16("ab", true), "utf-16be"), "ab|utf-16be");
  EXPECT_EQ(Read(Utf16("ab", true), "utf-16"), "ab|utf-16be");
  EXPECT_EQ(Read(Utf16("ab", false), "utf-16"), "ab|utf-16le");
  EXPECT_EQ(Read("\xFF\xFE" + Utf16("ab", false), "utf-16"), "ab|utf-16le");
  EXPECT_EQ(Read("\xFF\xFE" + Utf16("ab", false), "utf-16le"), "ab|utf-16le");
  EXPECT_EQ(Read("\xFF\xFE" + std::string("\x3D\xD8\x00\xDE", 4)), "😀|utf-16le");
  EXPECT_THAT(Read("a", "ebcdic"),
              AllOf(HasSubstr("--encoding: is \"ebcdic\""), HasSubstr("windows-1252")));
}

TEST(TextSource, ReadsCharactersThatChunksCutApart) {
  for (const size_t shift : {0, 1, 2, 3}) {
    std::string text(TextSource::kStartBytes - 2 + shift - 3, 'x');
    std::string utf16 = "\xFF\xFE" + Utf16(text, false);
    for (int i = 0; i < 40'000; ++i) {
      text += "😀";
      utf16 += std::string("\x3D\xD8\x00\xDE", 4);
    }
    EXPECT_EQ(Read(text), text + "|utf-8");
    EXPECT_EQ(Read(utf16), text + "|utf-16le");
  }
}

TEST(TextSource, RefusesAFileThatIsNotUtf8WithItsLine) {
  EXPECT_THAT(Read("a,b\r\n1,2\r\n3,gr\xF6\xDF\x65\r\n"),
              AllOf(HasSubstr("line 3 has \"3,gr\\xf6"), HasSubstr("--encoding")));
  EXPECT_THAT(Read("a\r1\rb\xE9\r"), HasSubstr("line 3 has"));
  EXPECT_THAT(Read("a\xC3"), HasSubstr("line 1 has"));
}

TEST(TextSource, LooksThroughAllOfAFileThatCanBeReadTwice) {
  std::string text;
  for (int i = 0; i < 50'000; ++i) {
    text += "é,1,2\n";
  }
  EXPECT_EQ(Read(text), text + "|utf-8");
  EXPECT_THAT(Read(text + "caf\xE9\n"), HasSubstr("line 50001 has"));
}

TEST(TextSource, MarksWhatIsNoTextInItsEncoding) {
  // A low surrogate alone, and half a unit at the end.
  EXPECT_EQ(Read("\xFF\xFE" + std::string("a\0\x00\xDE"
                                          "b\0",
                                          6)),
            "a\xFF"
            "b|utf-16le");
  EXPECT_EQ(Read("\xFF\xFE" + std::string("a\0b", 3)), "a\xFF|utf-16le");
}

}  // namespace
}  // namespace emptychair
