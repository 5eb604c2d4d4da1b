#include "tools/chairctl/records/feedback_builder.h"

#include <map>
#include <set>
#include <string>

#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/chairctl/base/written_time.h"

namespace emptychair {
namespace {

using ::testing::MatchesRegex;

using Fields = std::map<std::string, std::string>;

absl::TimeZone Berlin() {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone("Europe/Berlin", &zone));
  return zone;
}

Row RowOf(Fields fields) {
  Row row;
  row.line = 2;
  row.fields = std::move(fields);
  return row;
}

absl::StatusOr<v1::Feedback> BuildOne(Fields fields, const std::string& time_format = "") {
  return FeedbackBuilder("nps", Berlin(), time_format).Build(RowOf(std::move(fields)));
}

std::string IdOf(FeedbackBuilder& builder, const Fields& fields) {
  const absl::StatusOr<v1::Feedback> feedback = builder.Build(RowOf(fields));
  EXPECT_TRUE(feedback.ok()) << feedback.status();
  return feedback.ok() ? feedback->external_id() : "";
}

TEST(ParseScore, ReadsIntegersAlsoWithAPoint) {
  const struct {
    const char* text;
    std::optional<int32_t> want;
  } kCases[] = {{"9", 9},
                {"9.0", 9},
                {"9.000", 9},
                {"0", 0},
                {"-3", -3},
                {"-3.0", -3},
                {" 10 ", 10},
                {"007", 7},
                {"", {}},
                {"  ", {}},
                {"2147483647", 2147483647}};
  for (const auto& c : kCases) {
    const auto score = ParseScore(c.text);
    ASSERT_TRUE(score.ok()) << c.text << ": " << score.status();
    EXPECT_EQ(*score, c.want) << c.text;
  }
}

TEST(ParseScore, RefusesAllElse) {
  for (const char* text : {"9.5", "abc", "9.", ".0", ".", "9,0", "1e1", "0x9", "9 0", "--9", "-",
                           "9.0.0", "9.0x", "2147483648", "9.05", "NaN", "inf", "9%"}) {
    const absl::Status status = ParseScore(text).status();
    EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_FIELD_INVALID) << text;
  }
}

TEST(FeedbackBuilder, FillsTheFieldsOfTheRecord) {
  const auto feedback = BuildOne({{"external_id", "t-1"},
                                  {"feedback_id", "018d5f2a-0000-7000-8000-000000000000"},
                                  {"customer_id", "c"},
                                  {"score", "9.0"},
                                  {"comment", " fine "},
                                  {"occur_time", "2024-01-31 12:00"},
                                  {"label.channel", "web"},
                                  {"label.region", ""}});
  ASSERT_TRUE(feedback.ok()) << feedback.status();
  EXPECT_EQ(feedback->survey_id(), "nps");
  EXPECT_EQ(feedback->external_id(), "t-1");
  EXPECT_EQ(feedback->feedback_id(), "018d5f2a-0000-7000-8000-000000000000");
  EXPECT_EQ(feedback->customer_id(), "c");
  EXPECT_EQ(feedback->score(), 9);
  EXPECT_EQ(feedback->comment(), " fine ");
  EXPECT_EQ(FormatInstant(FromTimestamp(feedback->occur_time()), absl::UTCTimeZone()),
            "2024-01-31T11:00:00Z");
  EXPECT_EQ(feedback->labels().size(), 1u);
  EXPECT_EQ(feedback->labels().at("channel"), "web");
}

TEST(FeedbackBuilder, BlankScoreIsNoScore) {
  const auto feedback = BuildOne({{"external_id", "t-1"}, {"score", ""}});
  ASSERT_TRUE(feedback.ok());
  EXPECT_FALSE(feedback->has_score());
  EXPECT_FALSE(feedback->has_occur_time());
}

TEST(FeedbackBuilder, ReadsTimesByTheFormatThatIsGiven) {
  const auto feedback =
      BuildOne({{"external_id", "t"}, {"occur_time", "31.01.2024 12:00"}}, "%d.%m.%Y %H:%M");
  ASSERT_TRUE(feedback.ok()) << feedback.status();
  EXPECT_EQ(FromTimestamp(feedback->occur_time()), absl::FromUnixSeconds(1'706'698'800));
  for (const char* text : {"2024-01-31 12:00", "31.01.2024", "infinite-future"}) {
    EXPECT_EQ(
        ReasonOf(BuildOne({{"external_id", "t"}, {"occur_time", text}}, "%d.%m.%Y %H:%M").status()),
        v1::ERROR_REASON_FIELD_INVALID)
        << text;
  }
}

TEST(FeedbackBuilder, PassesOnWhyARowCannotBeUsed) {
  Row row;
  row.status = FieldError(v1::ERROR_REASON_FIELD_INVALID, "row", "is bad");
  EXPECT_EQ(FeedbackBuilder("nps", Berlin(), "").Build(row).status(), row.status);
}

TEST(FeedbackBuilder, DerivesAnIdForARowWithoutOne) {
  const auto feedback = BuildOne({{"score", "9"}, {"occur_time", "2024-01-31"}});
  ASSERT_TRUE(feedback.ok());
  EXPECT_THAT(feedback->external_id(), MatchesRegex("import-[0-9a-f]{32}"));
  const auto empty_id =
      BuildOne({{"external_id", ""}, {"score", "9"}, {"occur_time", "2024-01-31"}});
  EXPECT_THAT(empty_id->external_id(), MatchesRegex("import-[0-9a-f]{32}"));
}

TEST(FeedbackBuilder, RefusesARowWithNeitherIdNorTime) {
  EXPECT_EQ(ReasonOf(BuildOne({{"score", "9"}, {"occur_time", ""}}).status()),
            v1::ERROR_REASON_ID_REQUIRED);
  EXPECT_EQ(ReasonOf(BuildOne({{"score", "9"}, {"external_id", ""}}).status()),
            v1::ERROR_REASON_ID_REQUIRED);
}

TEST(FeedbackBuilder, KeepsEqualRowsApart) {
  const Fields row = {{"score", "9"}, {"occur_time", "2024-01-31"}};
  FeedbackBuilder builder("nps", Berlin(), "");
  std::set<std::string> ids;
  for (int i = 0; i < 100; ++i) {
    ids.insert(IdOf(builder, row));
  }
  EXPECT_EQ(ids.size(), 100u);
}

TEST(FeedbackBuilder, GivesTheSameIdsForTheSameFile) {
  const Fields rows[] = {{{"score", "9"}, {"occur_time", "2024-01-31"}},
                         {{"score", "8"}, {"occur_time", "2024-01-31"}},
                         {{"score", "9"}, {"occur_time", "2024-01-31"}}};
  FeedbackBuilder first("nps", Berlin(), "");
  FeedbackBuilder second("nps", Berlin(), "");
  for (const Fields& row : rows) {
    EXPECT_EQ(IdOf(first, row), IdOf(second, row));
  }
}

// The ids of files that were imported before must never change.
TEST(FeedbackBuilder, DerivesTheIdsThatItAlwaysHas) {
  FeedbackBuilder builder("nps", Berlin(), "");
  const Fields row = {{"score", "9"}, {"occur_time", "2024-01-31"}};
  EXPECT_EQ(IdOf(builder, row), "import-1a5b71545ac7ec369cf0ef1918d07060");
  EXPECT_EQ(IdOf(builder, row), "import-652b4c651c195052d91862313fd4058c");
}

TEST(FeedbackBuilder, DerivesOtherIdsForAnythingElse) {
  std::set<std::string> ids;
  int files = 0;
  for (const char* survey : {"nps", "nps2"}) {
    for (const Fields& row :
         {Fields{{"score", "9"}, {"occur_time", "2024-01-31"}},
          Fields{{"score", "9"}, {"occur_time", "2024-01-31"}, {"comment", ""}},
          Fields{{"score", "9"}, {"occur_time", "2024-01-31"}, {"comment", "x"}},
          Fields{{"score", "9"}, {"occur_time", "2024-01-31"}, {"customer_id", "x"}},
          Fields{{"score", ""}, {"occur_time", "2024-01-31"}, {"comment", "9"}},
          Fields{{"comment", "1:x"}, {"occur_time", "2024-01-31"}, {"score", ""}}}) {
      FeedbackBuilder builder(survey, Berlin(), "");
      ids.insert(IdOf(builder, row));
      ++files;
    }
  }
  EXPECT_EQ(ids.size(), static_cast<size_t>(files));
}

TEST(FeedbackBuilder, CountsEqualRowsThatAreRefusedToo) {
  const Fields bad = {{"score", "x"}, {"occur_time", "2024-01-31"}};
  const Fields good = {{"score", "9"}, {"occur_time", "2024-01-31"}};
  FeedbackBuilder with_bad("nps", Berlin(), "");
  EXPECT_FALSE(with_bad.Build(RowOf(bad)).ok());
  FeedbackBuilder without("nps", Berlin(), "");
  EXPECT_EQ(IdOf(with_bad, good), IdOf(without, good));
}

}  // namespace
}  // namespace emptychair
