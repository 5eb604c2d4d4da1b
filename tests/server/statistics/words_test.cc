#include "server/statistics/words.h"

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emptychair::statistics {
namespace {

using ::testing::ElementsAreArray;

std::vector<std::string> WordsOf(WordSplitter& splitter, absl::string_view text) {
  std::vector<std::string> words;
  splitter.Split(text, [&](absl::string_view word) { words.emplace_back(word); });
  return words;
}

TEST(WordSplitterTest, SplitsAtUnicodesBoundaries) {
  const struct {
    const char* text;
    std::vector<std::string> words;
  } rows[] = {
      {"", {}},
      {" \n\t", {}},
      {"slow", {"slow"}},
      {"Slow, SLOW… slow!", {"slow", "slow", "slow"}},
      {"the end.", {"the", "end"}},
      {"can't won’t", {"can't", "won't"}},
      // An apostrophe is one whatever the keyboard writes for it, also where UAX 29 would split.
      {"donʼt don‘t don‛t don′t don＇t don´t don`t", std::vector<std::string>(7, "don't")},
      {"DON’T \u0149", {"don't", "n"}},
      {"’tis ʼtis 'tis ‘quoted’ ʼ ´`´", {"tis", "tis", "tis", "quoted"}},
      {"e-mail", {"e", "mail"}},
      {"a/b", {"a", "b"}},
      {"snake_case", {"snake_case"}},
      // Numbers and symbols are none; a letter beside a number is.
      {"42 3.14 100% 9/10 :-) — €", {}},
      {"4G v2.0", {"4g", "v2.0"}},
      {"👍 👩‍💻 great", {"great"}},
      // Folded as Unicode does, and normal: both ways to write é, and the Kelvin sign.
      {"CAFÉ cafe\u0301 Café", {"café", "café", "café"}},
      {"Straße STRASSE", {"strasse", "strasse"}},
      {"ΣΊΣΥΦΟΣ σίσυφος", {"σίσυφοσ", "σίσυφοσ"}},
      {"\u212A", {"k"}},
      {"Быстро БЫСТРО", {"быстро", "быстро"}},
      {"שלום مرحبا", {"שלום", "مرحبا"}},
      // Without spaces, by dictionary.
      {"東京都", {"東京", "都"}},
      {"ありがとう", {"ありがとう"}},
      {"สวัสดีครับ", {"สวัสดี", "ครับ"}},
      {"고객 서비스", {"고객", "서비스"}},
  };
  const std::unique_ptr<WordSplitter> splitter = WordSplitter::Create().value();
  for (const auto& row : rows) {
    EXPECT_THAT(WordsOf(*splitter, row.text), ElementsAreArray(row.words)) << row.text;
  }
}

TEST(WordSplitterTest, TakesLongTextsAndNulBytes) {
  const std::unique_ptr<WordSplitter> splitter = WordSplitter::Create().value();
  std::string text;
  for (int i = 0; i < 4'000; ++i) {
    text += "wort ";
  }
  EXPECT_EQ(WordsOf(*splitter, text).size(), 4'000u);
  EXPECT_EQ(WordsOf(*splitter, std::string(16'384, 'x')).size(), 1u);
  EXPECT_THAT(WordsOf(*splitter, absl::string_view("a\0b", 3)),
              ElementsAreArray<std::string>({"a", "b"}));
}

TEST(ContrastWordTest, IsAsTheTableSays) {
  const struct {
    WordUse base, candidate;
    double log_odds, z;
  } rows[] = {
      {{4, 200}, {20, 100}, 1.3565, 3.8034},
      {{0, 200}, {5, 100}, NAN, 2.0909},
      {{200, 200}, {100, 100}, NAN, -0.1169},
  };
  for (const auto& row : rows) {
    const WordContrast contrast = ContrastWord(row.base, row.candidate);
    EXPECT_NEAR(contrast.z, row.z, 5e-5);
    if (!std::isnan(row.log_odds)) {
      EXPECT_NEAR(contrast.log_odds, row.log_odds, 5e-5);
    }
    const WordContrast turned = ContrastWord(row.candidate, row.base);
    EXPECT_DOUBLE_EQ(turned.log_odds, -contrast.log_odds);
    EXPECT_DOUBLE_EQ(turned.z, -contrast.z);
  }
}

TEST(ContrastWordTest, IsANumberAtTheEdges) {
  for (const int64_t comments : {0, 1, 1'000'000'000}) {
    for (const int64_t count : {int64_t{0}, comments}) {
      const WordContrast contrast = ContrastWord({0, 1}, {count, comments});
      EXPECT_TRUE(std::isfinite(contrast.log_odds)) << count << " of " << comments;
      EXPECT_TRUE(std::isfinite(contrast.z)) << count << " of " << comments;
    }
  }
  EXPECT_EQ(ContrastWord({3, 10}, {3, 10}).z, 0);
}

}  // namespace
}  // namespace emptychair::statistics
