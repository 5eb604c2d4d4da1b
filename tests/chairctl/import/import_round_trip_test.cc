// Records written in whatever way files are written, and read again.
#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/timestamp.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "tests/chairctl/import/reader_harness.h"
#include "tests/helpers/seed.h"
#include "tools/chairctl/import/record_builder.h"
#include "tools/chairctl/import/understanding.h"
#include "tools/chairctl/targets/feedback_target.h"

namespace emptychair {
namespace {

using Cells = std::map<std::string, std::string>;

class RandomFile {
 public:
  explicit RandomFile(uint64_t seed) : random_(seed) {}

  size_t Below(size_t count) { return random_() % count; }
  bool Coin() { return Below(2) == 0; }
  template <typename List>
  auto OneOf(const List& list) {
    return list[Below(std::size(list))];
  }

  v1::Feedback Record(int number) {
    v1::Feedback record;
    record.set_survey_id("nps");
    record.set_external_id(absl::StrCat("t-", number, OneOf(kTexts)));
    if (Coin()) {
      record.set_customer_id(absl::StrCat("c", OneOf(kTexts)));
    }
    if (Below(4) > 0) {
      record.set_score(static_cast<int32_t>(Below(11)));
    }
    for (size_t i = Below(4); i > 0; --i) {
      record.set_comment(record.comment() + OneOf(kTexts) + OneOf(kProse));
    }
    for (const char* key : {"channel", "plan", "a_b-c"}) {
      if (Coin()) {
        (*record.mutable_labels())[key] = absl::StrCat("v", OneOf(kTexts));
      }
    }
    *record.mutable_occur_time() =
        ToTimestamp(absl::FromUnixMillis(1'700'000'000'000 + static_cast<int64_t>(Below(1 << 30))));
    if (Below(5) == 0) {
      v1::Exclusion& exclusion = *record.mutable_exclusion();
      exclusion.set_reason(static_cast<v1::ExclusionReason>(1 + Below(6)));
      exclusion.set_note(Coin() ? "n" : "");
      *exclusion.mutable_time() = ToTimestamp(absl::FromUnixMillis(1'710'000'000'123));
    }
    return record;
  }

  // `record` as cells, as an export has them.
  Cells CellsOf(const v1::Feedback& record) {
    Cells cells = {
        {"survey_id", "nps"},
        {"external_id", record.external_id()},
        {"customer_id", record.customer_id()},
        {"score", record.has_score() ? absl::StrCat(record.score()) : ""},
        {"comment", record.comment()},
        {"occur_time", TimeText(record.occur_time())},
        {"exclusion",
         record.has_exclusion() ? v1::ExclusionReason_Name(record.exclusion().reason()) : ""},
        {"exclusion_note", record.exclusion().note()},
        {"exclusion_time", record.has_exclusion() ? TimeText(record.exclusion().time()) : ""}};
    if (labels_as_columns_) {
      for (const char* key : {"channel", "plan", "a_b-c"}) {
        const auto found = record.labels().find(key);
        cells[absl::StrCat("label.", key)] = found == record.labels().end() ? "" : found->second;
      }
    } else {
      google::protobuf::Struct labels;
      for (const auto& [key, value] : record.labels()) {
        (*labels.mutable_fields())[key].set_string_value(value);
      }
      (void)google::protobuf::util::MessageToJsonString(labels, &cells["labels"]);
    }
    return cells;
  }

  std::string Csv(const std::vector<v1::Feedback>& records) {
    const std::string delimiter(1, OneOf(kDelimiters));
    const char* const end = OneOf(kLineEnds);
    labels_as_columns_ = Coin();
    std::vector<std::string> names;
    for (const auto& [name, value] : CellsOf(records.front())) {
      names.push_back(name);
    }
    std::shuffle(names.begin(), names.end(), random_);
    std::string text;
    for (const std::string& name : names) {
      absl::StrAppend(&text, text.empty() ? "" : delimiter, name);
    }
    text += end;
    for (const v1::Feedback& record : records) {
      const Cells cells = CellsOf(record);
      for (size_t i = 0; i < names.size(); ++i) {
        absl::StrAppend(&text, i == 0 ? "" : delimiter, Field(cells.at(names[i]), delimiter));
      }
      text += end;
      if (Below(5) == 0) {
        text += end;
      }
    }
    return text;
  }

  std::string Json(const std::vector<v1::Feedback>& records) {
    const bool is_array = Coin();
    google::protobuf::util::JsonPrintOptions options;
    options.preserve_proto_field_names = Coin();
    options.always_print_primitive_fields = Coin();
    options.add_whitespace = is_array && Coin();
    std::string text = is_array ? "[\n" : "";
    for (const v1::Feedback& record : records) {
      std::string json;
      (void)google::protobuf::util::MessageToJsonString(record, &json, options);
      absl::StrAppend(&text, json, is_array && &record != &records.back() ? ",\n" : "\n");
    }
    return text + (is_array ? "]" : "");
  }

  // `text` in an encoding that has all of its characters, and the flag that it needs.
  std::string Encoded(const std::string& text, std::string* encoding) {
    const bool is_latin1 = !absl::StrContains(text, "€") && !absl::StrContains(text, "“");
    switch (Below(4)) {
      case 0:
        return "\xEF\xBB\xBF" + text;
      case 1:
        *encoding = is_latin1 && Coin() ? "ISO-8859-1" : "windows-1252";
        return absl::StrReplaceAll(text,
                                   {{"ß", "\xDF"}, {"é", "\xE9"}, {"€", "\x80"}, {"“", "\x93"}});
      case 2:
        return Utf16(text, Coin());
      default:
        return text;
    }
  }

 private:
  static constexpr const char* kTexts[] = {"", "a", "ß", "é€", "1,5;|", "x y"};
  static constexpr const char* kProse[] = {" ", "\n", "\r\n", "\"", "\t", "“", "'", "=1+1"};
  static constexpr char kDelimiters[] = {',', ';', '\t', '|'};
  static constexpr const char* kLineEnds[] = {"\n", "\r\n", "\r"};

  static std::string TimeText(const google::protobuf::Timestamp& time) {
    return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", FromTimestamp(time), absl::UTCTimeZone());
  }

  std::string Field(const std::string& value, const std::string& delimiter) {
    const bool must = value.find_first_of("\"\r\n" + delimiter) != std::string::npos;
    return must || Below(4) == 0
               ? absl::StrCat("\"", absl::StrReplaceAll(value, {{"\"", "\"\""}}), "\"")
               : value;
  }

  static std::string Utf16(const std::string& text, bool is_big) {
    std::string bytes = is_big ? "\xFE\xFF" : "\xFF\xFE";
    const auto put = [&bytes, is_big](unsigned unit) {
      const char high = static_cast<char>(unit >> 8);
      const char low = static_cast<char>(unit & 0xFF);
      bytes += is_big ? std::string{high, low} : std::string{low, high};
    };
    for (size_t i = 0; i < text.size();) {
      const auto c = static_cast<unsigned char>(text[i]);
      const size_t size = c < 0x80 ? 1 : c < 0xE0 ? 2 : 3;
      unsigned unit = size == 1 ? c : size == 2 ? c & 0x1F : c & 0x0F;
      for (size_t k = 1; k < size; ++k) {
        unit = unit << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3F);
      }
      put(unit);
      i += size;
    }
    return bytes;
  }

  std::mt19937_64 random_;
  bool labels_as_columns_ = false;
};

std::vector<v1::Feedback> Read(const std::string& text, const std::string& encoding) {
  ImportRules rules;
  rules.encoding = encoding;
  const auto file = OpenText(text, rules);
  const std::vector<Row> rows = ReadFirstRows(*file->reader);
  v1::Survey survey;
  survey.set_survey_id("nps");
  survey.set_kind(v1::SURVEY_KIND_NPS);
  survey.mutable_scale()->set_max(10);
  const FeedbackTarget target(survey, absl::UTCTimeZone());
  const ColumnMatcher matcher(rules, {});
  auto layout = FindLayout(rules, target, matcher, file->reader->columns());
  EXPECT_TRUE(layout.ok()) << layout.status() << "\n" << text;
  if (!layout.ok()) {
    return {};
  }
  EXPECT_TRUE(layout->columns.unused.empty()) << text;
  auto builder = target.MakeBuilder(rules, *std::move(layout));
  std::vector<v1::Feedback> records;
  for (const Row& row : rows) {
    BuiltRecord built;
    (*builder)->Build(row, built);
    EXPECT_TRUE(built.status.ok()) << built.status;
    records.push_back(built.feedback());
  }
  return records;
}

TEST(ImportRoundTrip, ReadsWhatWasWrittenInWhateverWay) {
  const uint64_t seed = testing::SeedFromEnvOrRandom();
  for (uint64_t round = 0; round < 300; ++round) {
    SCOPED_TRACE(absl::StrCat("seed ", seed, ", round ", round));
    RandomFile random(seed + round);
    std::vector<v1::Feedback> records;
    for (size_t i = 0; i < 1 + random.Below(20); ++i) {
      records.push_back(random.Record(static_cast<int>(i)));
    }
    // Each file has a score and is told by it.
    records.front().set_score(7);
    std::string encoding;
    const std::string text =
        random.Encoded(random.Coin() ? random.Csv(records) : random.Json(records), &encoding);
    const std::vector<v1::Feedback> read = Read(text, encoding);
    ASSERT_EQ(read.size(), records.size()) << text;
    for (size_t i = 0; i < records.size(); ++i) {
      ASSERT_TRUE(google::protobuf::util::MessageDifferencer::Equals(read[i], records[i]))
          << read[i].DebugString() << records[i].DebugString() << text;
    }
  }
}

}  // namespace
}  // namespace emptychair
