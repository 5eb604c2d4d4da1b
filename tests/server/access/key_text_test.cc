#include "server/access/key_text.h"

#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/key_id.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/format/key_text_hash.h"

namespace emptychair {
namespace {

constexpr char kVector[] = "eck_04hmasw9nf6y_3AHOVcjqx4BIPWdkry5CJQXelsz6DKRYfmt07ELSZgn1CnWjr";
constexpr uint64_t kVectorId = 0x123456789abcde;

TEST(KeyText, OfTheVectorIsWellFormed) { EXPECT_EQ(ParseKeyText(kVector), kVectorId); }

TEST(KeyText, OfTheVectorIsMadeOfItsIdAndSecret) {
  constexpr absl::string_view kDigits =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string bytes;
  for (const char c : absl::string_view(kVector).substr(17, 43)) {
    bytes.push_back(static_cast<char>(kDigits.find(c)));
  }
  EXPECT_EQ(MakeKeyText(kVectorId, [&](size_t) { return bytes; }), kVector);
}

TEST(KeyText, OfTheVectorHasItsHash) {
  std::string secret;
  for (char byte = 0; byte < 32; ++byte) {
    secret.push_back(byte);
  }
  const storage::KeyTextHash::Bytes hash = storage::KeyTextHash(secret)(kVector);
  EXPECT_EQ(absl::BytesToHexString({reinterpret_cast<const char*>(hash.data()), hash.size()}),
            "cd3489134d9404a0dbdb42eff48379e1e6305323f57c255629af29e1151bc910");
}

// What would make some digits more likely than others is drawn again.
TEST(KeyText, DrawsEachDigitAlike) {
  int calls = 0;
  const std::string text = MakeKeyText(1, [&](size_t size) {
    return ++calls == 1 ? std::string(size, '\xff') : std::string(size, '\0');
  });
  EXPECT_GT(calls, 1);
  EXPECT_EQ(text.substr(17, 43), std::string(43, '0'));
}

TEST(KeyText, NoTwoAreAlikeAndEachIsWellFormed) {
  std::set<std::string> texts;
  for (int i = 0; i < 100; ++i) {
    const uint64_t id = NewKeyId();
    const std::string text = MakeKeyText(id);
    EXPECT_EQ(text.size(), 66u);
    EXPECT_EQ(ParseKeyText(text), id) << text;
    texts.insert(text);
  }
  EXPECT_EQ(texts.size(), 100u);
}

TEST(KeyText, IsRefusedWithAnyCharacterChangedOrMissingOrDoubled) {
  const std::string text = kVector;
  for (size_t i = 0; i < text.size(); ++i) {
    for (const char other : {'0', 'A', 'z', '_', ' ', '\0', '-'}) {
      std::string changed = text;
      changed[i] = other;
      if (changed != text) {
        EXPECT_EQ(ParseKeyText(changed), std::nullopt) << changed;
      }
    }
    std::string cut = text;
    cut.erase(i, 1);
    EXPECT_EQ(ParseKeyText(cut), std::nullopt) << cut;
    std::string doubled = text;
    doubled.insert(i, 1, text[i]);
    EXPECT_EQ(ParseKeyText(doubled), std::nullopt) << doubled;
  }
  for (const std::string& other :
       {std::string(), text + text, absl::StrCat(" ", text), absl::StrCat(text, "\n"),
        absl::AsciiStrToUpper(text), std::string(16'384, 'a')}) {
    EXPECT_EQ(ParseKeyText(other), std::nullopt) << other.substr(0, 80);
  }
}

TEST(KeyId, IsWrittenInTwelveDigitsAndReadBack) {
  EXPECT_EQ(KeyIdText(0), "000000000000");
  EXPECT_EQ(KeyIdText(kKeyIdMax), "zzzzzzzzzzzz");
  EXPECT_EQ(ParseKeyId(KeyIdText(kVectorId)), kVectorId);
  for (const char* text : {"", "04hmasw9nf6", "04hmasw9nf6yy", "04hmasw9nf6i", "04HMASW9NF6Y"}) {
    EXPECT_EQ(ParseKeyId(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace emptychair
