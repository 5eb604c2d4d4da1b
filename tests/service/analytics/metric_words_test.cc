// Comparisons of words through the whole service.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class MetricWordsTest : public ServiceTest {
 protected:
  MetricWordsTest() { Create(client(), NpsSurvey("nps", {"channel"})); }

  // `count` answers in the hour.
  void Add(const std::string& survey, int hour, std::optional<int> score,
           const std::string& comment, int count = 1, const std::string& channel = "",
           const std::string& customer = "") {
    for (int i = 0; i < count; ++i) {
      v1::Feedback feedback =
          Answer(survey, absl::StrCat("row ", rows_++), kTime + absl::Hours(hour));
      if (score.has_value()) {
        feedback.set_score(*score);
      }
      feedback.set_comment(comment);
      feedback.set_customer_id(customer);
      if (!channel.empty()) {
        (*feedback.mutable_labels())["channel"] = channel;
      }
      answers_.push_back(std::move(feedback));
    }
  }

  // The question of the hours from `start` to `end`.
  static std::string Hours(const std::string& survey, int start, int end,
                           const std::string& more = "") {
    const int64_t first = absl::ToUnixSeconds(kTime);
    return absl::StrCat("survey_ids: '", survey,
                        "' interval { start_time { seconds: ", first + start * 3'600,
                        " } end_time { seconds: ", first + end * 3'600, " } } ", more);
  }

  v1::CompareWordsResponse Words(const std::string& request) {
    if (!answers_.empty()) {
      SubmitAll(client(), std::exchange(answers_, {}));
    }
    return Value(client().CompareWords(FromText<v1::CompareWordsRequest>(request)));
  }

  v1::CompareWordsResponse Between(const std::string& base, const std::string& candidate,
                                   const std::string& more = "min_comments: 1") {
    return Words(absl::StrCat("base { ", base, " } candidate { ", candidate, " } ", more));
  }

  // "word BASE CANDIDATE" in their order.
  static std::vector<std::string> Counts(const v1::CompareWordsResponse& response) {
    std::vector<std::string> words;
    for (const v1::WordComparison& word : response.words()) {
      words.push_back(
          absl::StrCat(word.word(), " ", word.base_count(), " ", word.candidate_count()));
    }
    return words;
  }

  int rows_ = 0;
  std::vector<v1::Feedback> answers_;
};

EMPTYCHAIR_ON_BOTH_BACKENDS(MetricWordsTest);

TEST_P(MetricWordsTest, AComparisonIsAsItsTableSays) {
  Add("nps", 0, 9, "good", 196);
  Add("nps", 0, 9, "slow", 4);
  Add("nps", 1, 9, "good", 80);
  Add("nps", 1, 9, "so slow", 20);
  const v1::CompareWordsResponse response = Between(Hours("nps", 0, 1), Hours("nps", 1, 2), "");
  EXPECT_EQ(response.base_comments(), 200);
  EXPECT_EQ(response.candidate_comments(), 100);
  EXPECT_EQ(response.records_scanned(), 300);
  EXPECT_EQ(response.sequence(), Status(client()).sequence());
  ASSERT_EQ(response.words_size(), 3);
  for (const v1::WordComparison& word : response.words()) {
    if (word.word() == "slow") {
      EXPECT_EQ(word.base_count(), 4);
      EXPECT_EQ(word.candidate_count(), 20);
      EXPECT_NEAR(word.log_odds(), 1.3565, 5e-5);
      EXPECT_NEAR(word.z(), 3.8034, 5e-5);
    }
    EXPECT_EQ(word.z() > 0, word.word() != "good");
  }
}

TEST_P(MetricWordsTest, ACommentCountsAWordOnceInWhateverForm) {
  Add("nps", 0, 9, "Slow! slow, SLOW… 42 times");
  Add("nps", 1, 9, "SLOW");
  const v1::CompareWordsResponse response = Between(Hours("nps", 0, 1), Hours("nps", 1, 2));
  EXPECT_THAT(Counts(response), ElementsAre("times 1 0", "slow 1 1"));
  EXPECT_EQ(response.base_comments(), 1);
}

TEST_P(MetricWordsTest, WordsThatTellTheSidesApartComeFirst) {
  Add("nps", 0, 9, "both base", 10);
  Add("nps", 1, 9, "both rare", 4);
  Add("nps", 1, 9, "both candidate", 6);
  const std::string sides =
      absl::StrCat("base { ", Hours("nps", 0, 1), " } candidate { ", Hours("nps", 1, 2), " } ");
  EXPECT_THAT(Counts(Words(sides)), ElementsAre("base 10 0", "candidate 0 6", "both 10 10"));
  EXPECT_THAT(Counts(Words(sides + "min_comments: 4")),
              ElementsAre("base 10 0", "candidate 0 6", "rare 0 4", "both 10 10"));
  EXPECT_THAT(Counts(Words(sides + "min_comments: 11")), ElementsAre("both 10 10"));
  EXPECT_THAT(Counts(Words(sides + "limit: 1")), ElementsAre("base 10 0"));
  EXPECT_THAT(Counts(Words(sides + "limit: 2000000000")).size(), 3);
  // Equal ones by their bytes.
  Add("nps", 0, 9, "twin also", 10);
  EXPECT_THAT(Counts(Words(sides + "min_comments: 10 limit: 3")),
              ElementsAre("also 10 0", "base 10 0", "twin 10 0"));
}

TEST_P(MetricWordsTest, ClassesAreThoseOfTheMethod) {
  const struct {
    const char* survey;
    const char* definition;
    const char* method;
    std::vector<std::pair<int, std::string>> scores;
  } rows[] = {
      {"n", "kind: SURVEY_KIND_NPS", "", {{6, "base"}, {7, ""}, {8, ""}, {9, "candidate"}}},
      {"ease",
       "kind: SURVEY_KIND_CES",
       "METRIC_METHOD_NET",
       {{3, "base"}, {4, ""}, {5, ""}, {6, "candidate"}}},
      {"effort",
       "kind: SURVEY_KIND_CES scale { min: 1 max: 7 direction: SCALE_DIRECTION_EFFORT }",
       "",
       {{3, "candidate"}, {4, "base"}, {7, "base"}}},
      {"csat", "kind: SURVEY_KIND_CSAT", "", {{3, "base"}, {4, "candidate"}}},
      {"rating",
       "kind: SURVEY_KIND_RATING scale { min: 0 max: 5 }",
       "METRIC_METHOD_TOP_BOX top_box_min: 5",
       {{4, "base"}, {5, "candidate"}}},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.survey);
    Create(client(), SurveyOf(row.survey, row.definition));
    int base = 0, candidate = 0;
    for (const auto& [score, side] : row.scores) {
      Add(row.survey, 0, score, absl::StrCat(side, side.empty() ? "between" : "", " word"));
      base += side == "base";
      candidate += side == "candidate";
    }
    Add(row.survey, 0, std::nullopt, "unscored");
    const v1::CompareWordsResponse response =
        Words(absl::StrCat("base { survey_ids: '", row.survey, "' ",
                           *row.method == '\0' ? "" : absl::StrCat("method: ", row.method),
                           " } by_class: true min_comments: 1"));
    EXPECT_EQ(response.base_comments(), base);
    EXPECT_EQ(response.candidate_comments(), candidate);
    EXPECT_THAT(Counts(response),
                ::testing::UnorderedElementsAre(absl::StrCat("base ", base, " 0"),
                                                absl::StrCat("candidate 0 ", candidate),
                                                absl::StrCat("word ", base, " ", candidate)));
  }
}

TEST_P(MetricWordsTest, FiltersWindowsAndBlankCommentsAreSeenTo) {
  Add("nps", 0, 9, "one", 1, "web");
  Add("nps", 0, 9, "two", 1, "app");
  Add("nps", 0, std::nullopt, "three", 1, "app");
  Add("nps", 0, 9, "", 1, "app");
  Add("nps", 1, 9, "late", 1, "app");
  const std::string web = "filters { key: 'channel' values: 'web' } ";
  const std::string app = "filters { key: 'channel' values: 'app' } ";
  const v1::CompareWordsResponse response =
      Between(Hours("nps", 0, 1, web), Hours("nps", 0, 1, app));
  EXPECT_THAT(Counts(response), ::testing::UnorderedElementsAre("one 1 0", "two 0 1", "three 0 1"));
  EXPECT_EQ(response.candidate_comments(), 2);
}

TEST_P(MetricWordsTest, ExcludedAnswersCountWhenAskedFor) {
  Add("nps", 0, 9, "kept");
  Add("nps", 0, 9, "test");
  Add("nps", 1, 9, "other");
  const std::string sides = absl::StrCat("candidate { ", Hours("nps", 1, 2),
                                         " } min_comments: 1 base { ", Hours("nps", 0, 1));
  ASSERT_EQ(Words(sides + "}").base_comments(), 2);
  v1::ExcludeFeedbackRequest exclude;
  exclude.set_survey_id("nps");
  exclude.set_feedback_id(
      Value(GetByExternalId(client(), "nps", "row 1")).feedback().feedback_id());
  exclude.set_reason(v1::EXCLUSION_REASON_TEST);
  ASSERT_OK(client().ExcludeFeedback(exclude));
  EXPECT_THAT(Counts(Words(sides + "}")), ::testing::UnorderedElementsAre("kept 1 0", "other 0 1"));
  EXPECT_EQ(Words(sides + "include_excluded: true }").base_comments(), 2);
}

TEST_P(MetricWordsTest, ARespondentRuleChoosesWhoseCommentCounts) {
  Add("nps", 0, 9, "first", 1, "", "ann");
  Add("nps", 1, 2, "middle", 1, "", "ann");
  Add("nps", 2, 9, "last", 1, "", "ann");
  Add("nps", 3, std::nullopt, "unscored", 1, "", "ann");
  Add("nps", 1, 9, "nobody", 2);
  Add("nps", 9, 9, "later", 1, "", "ann");
  const auto words = [&](const std::string& rule) {
    std::vector<std::string> counts =
        Counts(Between(Hours("nps", 0, 8, absl::StrCat("respondent_rule: RESPONDENT_RULE_", rule)),
                       Hours("nps", 9, 10)));
    std::sort(counts.begin(), counts.end());
    return counts;
  };
  EXPECT_THAT(words("ALL"), ElementsAre("first 1 0", "last 1 0", "later 0 1", "middle 1 0",
                                        "nobody 2 0", "unscored 1 0"));
  EXPECT_THAT(words("LATEST_PER_CUSTOMER"),
              ElementsAre("last 1 0", "later 0 1", "nobody 2 0", "unscored 1 0"));
  EXPECT_THAT(words("FIRST_PER_CUSTOMER"),
              ElementsAre("first 1 0", "later 0 1", "nobody 2 0", "unscored 1 0"));
}

TEST_P(MetricWordsTest, SidesCanBeOfAnyKind) {
  Create(client(), SurveyOf("text", "kind: SURVEY_KIND_TEXT time_zone: 'Asia/Tokyo'"));
  Create(client(),
         SurveyOf("more", "kind: SURVEY_KIND_TEXT time_zone: 'Asia/Tokyo' min_sample: 9"));
  Add("nps", 0, 9, "slow");
  Add("text", 0, std::nullopt, "fast");
  Add("more", 0, std::nullopt, "fast again");
  const v1::CompareWordsResponse response =
      Between("survey_ids: 'nps'", "survey_ids: ['text', 'more']");
  EXPECT_EQ(response.candidate_comments(), 2);
  EXPECT_THAT(Counts(response),
              ::testing::UnorderedElementsAre("slow 1 0", "fast 0 2", "again 0 1"));
}

TEST_P(MetricWordsTest, ASideOfTooFewScoredAnswersIsNotShown) {
  Add("nps", 0, 9, "a", 5);
  Add("nps", 1, 9, "b", 4);
  Add("nps", 1, std::nullopt, "c", 4);
  const auto ask = [&](const std::string& base, const std::string& candidate) {
    return client()
        .CompareWords(FromText<v1::CompareWordsRequest>(
            absl::StrCat("base { ", Hours("nps", 0, 1, base), " } candidate { ",
                         Hours("nps", 1, 2, candidate), " }")))
        .status();
  };
  Between(Hours("nps", 0, 1), Hours("nps", 1, 2));
  EXPECT_OK(ask("min_sample: 5", "min_sample: 4"));
  EXPECT_THAT(ask("min_sample: 6", ""), HasReason(v1::ERROR_REASON_SUPPRESSED));
  EXPECT_THAT(ask("", "min_sample: 5"), HasReason(v1::ERROR_REASON_SUPPRESSED));
}

TEST_P(MetricWordsTest, WithoutCommentsThereAreNoWords) {
  const v1::CompareWordsResponse response = Between(Hours("nps", 0, 1), Hours("nps", 1, 2));
  EXPECT_THAT(response.words(), IsEmpty());
  EXPECT_EQ(response.base_comments() + response.candidate_comments(), 0);
}

}  // namespace
}  // namespace emptychair::testing
