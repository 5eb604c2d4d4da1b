#include "server/statistics/score_method.h"

#include <limits>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emptychair::statistics {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using Kind = ScoreMethod::Kind;

constexpr auto kUnset = v1::SCALE_DIRECTION_UNSPECIFIED;
constexpr auto kEase = v1::SCALE_DIRECTION_EASE;
constexpr auto kEffort = v1::SCALE_DIRECTION_EFFORT;
constexpr int32_t kInt32Min = std::numeric_limits<int32_t>::min();
constexpr int32_t kInt32Max = std::numeric_limits<int32_t>::max();

v1::Scale MakeScale(int32_t min, int32_t max, v1::ScaleDirection direction = kUnset) {
  v1::Scale scale;
  scale.set_min(min);
  scale.set_max(max);
  scale.set_direction(direction);
  return scale;
}

std::string Describe(ScoreRange range) {
  return range.empty() ? "none" : absl::StrCat(range.low, "..", range.high);
}

std::string Describe(const v1::Scale& scale) {
  return absl::StrCat(scale.min(), "..", scale.max(), " ",
                      v1::ScaleDirection_Name(scale.direction()));
}

TEST(ResolveScale, FillsInTheDefaultOfTheKind) {
  EXPECT_EQ(Describe(**ResolveScale(v1::SURVEY_KIND_NPS, nullptr, "f")),
            Describe(MakeScale(0, 10)));
  EXPECT_EQ(Describe(**ResolveScale(v1::SURVEY_KIND_CSAT, nullptr, "f")),
            Describe(MakeScale(1, 5)));
  EXPECT_EQ(Describe(**ResolveScale(v1::SURVEY_KIND_CES, nullptr, "f")),
            Describe(MakeScale(1, 7, kEase)));
  const auto text = ResolveScale(v1::SURVEY_KIND_TEXT, nullptr, "f");
  ASSERT_TRUE(text.ok());
  EXPECT_FALSE(text->has_value());
}

TEST(ResolveScale, TakesTheScalesOfTheKind) {
  const struct {
    v1::SurveyKind kind;
    v1::Scale scale;
    v1::Scale resolved;
  } cases[] = {
      {v1::SURVEY_KIND_NPS, MakeScale(0, 10), MakeScale(0, 10)},
      {v1::SURVEY_KIND_CSAT, MakeScale(1, 5), MakeScale(1, 5)},
      {v1::SURVEY_KIND_CSAT, MakeScale(1, 10), MakeScale(1, 10)},
      {v1::SURVEY_KIND_CES, MakeScale(1, 7), MakeScale(1, 7, kEase)},
      {v1::SURVEY_KIND_CES, MakeScale(1, 5), MakeScale(1, 5, kEase)},
      {v1::SURVEY_KIND_CES, MakeScale(1, 7, kEffort), MakeScale(1, 7, kEffort)},
      {v1::SURVEY_KIND_CES, MakeScale(1, 5, kEffort), MakeScale(1, 5, kEffort)},
      {v1::SURVEY_KIND_CES, MakeScale(0, 0, kEffort), MakeScale(1, 7, kEffort)},
      {v1::SURVEY_KIND_RATING, MakeScale(0, 100), MakeScale(0, 100)},
      {v1::SURVEY_KIND_RATING, MakeScale(-50, 50), MakeScale(-50, 50)},
      {v1::SURVEY_KIND_RATING, MakeScale(3, 3), MakeScale(3, 3)},
      {v1::SURVEY_KIND_RATING, MakeScale(kInt32Max - 100, kInt32Max),
       MakeScale(kInt32Max - 100, kInt32Max)},
      {v1::SURVEY_KIND_RATING, MakeScale(kInt32Min, kInt32Min + 100),
       MakeScale(kInt32Min, kInt32Min + 100)},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(v1::SurveyKind_Name(c.kind) + " " + Describe(c.scale));
    const auto resolved = ResolveScale(c.kind, &c.scale, "survey.scale");
    ASSERT_TRUE(resolved.ok()) << resolved.status();
    EXPECT_EQ(Describe(**resolved), Describe(c.resolved));
  }
}

TEST(ResolveScale, RefusesOtherScales) {
  const struct {
    v1::SurveyKind kind;
    v1::Scale scale;
    const char* field;
    const char* message;
  } cases[] = {
      {v1::SURVEY_KIND_NPS, MakeScale(1, 10), "survey.scale",
       "survey.scale: got 1..10; a survey of kind NPS has 0..10"},
      {v1::SURVEY_KIND_NPS, MakeScale(0, 11), "survey.scale", "got 0..11"},
      {v1::SURVEY_KIND_NPS, MakeScale(0, 10, kEase), "survey.scale.direction",
       "survey.scale.direction: got EASE for a survey of kind NPS; only CES has a direction"},
      {v1::SURVEY_KIND_CSAT, MakeScale(1, 7), "survey.scale",
       "got 1..7; a survey of kind CSAT has 1..5 or 1..10"},
      {v1::SURVEY_KIND_CSAT, MakeScale(5, 1), "survey.scale", "got 5..1"},
      {v1::SURVEY_KIND_CES, MakeScale(0, 7, kEase), "survey.scale",
       "a survey of kind CES has 1..7 or 1..5"},
      {v1::SURVEY_KIND_CES, MakeScale(1, 7, static_cast<v1::ScaleDirection>(9)),
       "survey.scale.direction", "got 9; it must be EASE or EFFORT"},
      {v1::SURVEY_KIND_RATING, MakeScale(0, 101), "survey.scale",
       "got 0..101; min must not be above max, and from min to max there may be at most 101"},
      {v1::SURVEY_KIND_RATING, MakeScale(2, 1), "survey.scale", "got 2..1"},
      {v1::SURVEY_KIND_RATING, MakeScale(kInt32Min, kInt32Max), "survey.scale", "at most 101"},
      {v1::SURVEY_KIND_RATING, MakeScale(kInt32Max, kInt32Min), "survey.scale", "at most 101"},
      {v1::SURVEY_KIND_RATING, MakeScale(1, 5, kEffort), "survey.scale.direction", "got EFFORT"},
      {v1::SURVEY_KIND_TEXT, MakeScale(0, 0), "survey.scale",
       "a survey of kind TEXT has no scores"},
      {v1::SURVEY_KIND_TEXT, MakeScale(1, 5), "survey.scale", "got 1..5"},
      {v1::SURVEY_KIND_UNSPECIFIED, MakeScale(1, 5), "survey.scale", "kind UNSPECIFIED"},
      {static_cast<v1::SurveyKind>(77), MakeScale(1, 5), "survey.scale", "kind 77"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(v1::SurveyKind_Name(c.kind) + " " + Describe(c.scale));
    const absl::Status status = ResolveScale(c.kind, &c.scale, "survey.scale").status();
    EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_FIELD_INVALID);
    EXPECT_THAT(FieldsOf(status), ElementsAre(c.field));
    EXPECT_THAT(status.message(), HasSubstr(c.message));
  }
}

TEST(ResolveScale, RequiresAScaleForRating) {
  const absl::Status status =
      ResolveScale(v1::SURVEY_KIND_RATING, nullptr, "survey.scale").status();
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_FIELD_REQUIRED);
  EXPECT_THAT(FieldsOf(status), ElementsAre("survey.scale"));
}

TEST(ScoreMethod, ClassifiesScoresAsTheTableSays) {
  const struct {
    v1::SurveyKind survey_kind;
    v1::Scale scale;
    v1::MetricMethod method;
    Kind kind;
    const char* positive;
    const char* negative;
    std::optional<int32_t> top_box_min;
  } cases[] = {
      {v1::SURVEY_KIND_NPS,
       MakeScale(0, 10),
       v1::METRIC_METHOD_NET_PROMOTER,
       Kind::kNet,
       "9..10",
       "0..6",
       {}},
      {v1::SURVEY_KIND_CSAT, MakeScale(1, 5), v1::METRIC_METHOD_TOP_BOX, Kind::kShare, "4..5",
       "none", 4},
      {v1::SURVEY_KIND_CSAT,
       MakeScale(1, 5),
       v1::METRIC_METHOD_MEAN,
       Kind::kMean,
       "none",
       "none",
       {}},
      {v1::SURVEY_KIND_CSAT, MakeScale(1, 10), v1::METRIC_METHOD_TOP_BOX, Kind::kShare, "9..10",
       "none", 9},
      {v1::SURVEY_KIND_CSAT, MakeScale(1, 10), v1::METRIC_METHOD_TOP_THREE, Kind::kShare, "8..10",
       "none", 8},
      {v1::SURVEY_KIND_CSAT,
       MakeScale(1, 10),
       v1::METRIC_METHOD_MEAN,
       Kind::kMean,
       "none",
       "none",
       {}},
      {v1::SURVEY_KIND_CES,
       MakeScale(1, 7, kEase),
       v1::METRIC_METHOD_AGREE,
       Kind::kShare,
       "5..7",
       "none",
       {}},
      {v1::SURVEY_KIND_CES,
       MakeScale(1, 7, kEase),
       v1::METRIC_METHOD_NET,
       Kind::kNet,
       "6..7",
       "1..3",
       {}},
      {v1::SURVEY_KIND_CES,
       MakeScale(1, 7, kEase),
       v1::METRIC_METHOD_MEAN,
       Kind::kMean,
       "none",
       "none",
       {}},
      {v1::SURVEY_KIND_CES,
       MakeScale(1, 5, kEase),
       v1::METRIC_METHOD_AGREE,
       Kind::kShare,
       "4..5",
       "none",
       {}},
      {v1::SURVEY_KIND_CES,
       MakeScale(1, 5, kEase),
       v1::METRIC_METHOD_NET,
       Kind::kNet,
       "5..5",
       "1..2",
       {}},
      {v1::SURVEY_KIND_CES,
       MakeScale(1, 5, kEase),
       v1::METRIC_METHOD_MEAN,
       Kind::kMean,
       "none",
       "none",
       {}},
      {v1::SURVEY_KIND_CES,
       MakeScale(1, 7, kEffort),
       v1::METRIC_METHOD_AGREE,
       Kind::kShare,
       "1..3",
       "none",
       {}},
      {v1::SURVEY_KIND_CES,
       MakeScale(1, 7, kEffort),
       v1::METRIC_METHOD_NET,
       Kind::kNet,
       "1..2",
       "5..7",
       {}},
      {v1::SURVEY_KIND_CES,
       MakeScale(1, 7, kEffort),
       v1::METRIC_METHOD_MEAN,
       Kind::kMean,
       "none",
       "none",
       {}},
      {v1::SURVEY_KIND_CES,
       MakeScale(1, 5, kEffort),
       v1::METRIC_METHOD_AGREE,
       Kind::kShare,
       "1..2",
       "none",
       {}},
      {v1::SURVEY_KIND_CES,
       MakeScale(1, 5, kEffort),
       v1::METRIC_METHOD_NET,
       Kind::kNet,
       "1..1",
       "4..5",
       {}},
      {v1::SURVEY_KIND_CES,
       MakeScale(1, 5, kEffort),
       v1::METRIC_METHOD_MEAN,
       Kind::kMean,
       "none",
       "none",
       {}},
      {v1::SURVEY_KIND_RATING,
       MakeScale(-3, 3),
       v1::METRIC_METHOD_MEAN,
       Kind::kMean,
       "none",
       "none",
       {}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(v1::SurveyKind_Name(c.survey_kind) + " " + Describe(c.scale) + " " +
                 v1::MetricMethod_Name(c.method));
    const auto method = ScoreMethod::Resolve(c.survey_kind, c.scale, c.method, std::nullopt);
    ASSERT_TRUE(method.ok()) << method.status();
    EXPECT_EQ(method->method(), c.method);
    EXPECT_EQ(method->kind(), c.kind);
    EXPECT_EQ(Describe(method->scale()), Describe(ScoreRange{c.scale.min(), c.scale.max()}));
    EXPECT_EQ(method->scale_size(), c.scale.max() - c.scale.min() + 1);
    EXPECT_EQ(Describe(method->positive()), c.positive);
    EXPECT_EQ(Describe(method->negative()), c.negative);
    EXPECT_EQ(method->top_box_min(), c.top_box_min);
  }
}

TEST(ScoreMethod, TakesTheTopBoxOfARatingFromTheRequest) {
  for (int top_box_min : {-3, 0, 3}) {
    const auto method = ScoreMethod::Resolve(v1::SURVEY_KIND_RATING, MakeScale(-3, 3),
                                             v1::METRIC_METHOD_TOP_BOX, top_box_min);
    ASSERT_TRUE(method.ok()) << method.status();
    EXPECT_EQ(method->kind(), Kind::kShare);
    EXPECT_EQ(method->positive().low, top_box_min);
    EXPECT_EQ(method->positive().high, 3);
    EXPECT_EQ(method->top_box_min(), top_box_min);
  }
}

TEST(ScoreMethod, CountsTextWhateverItsScale) {
  for (auto method : {v1::METRIC_METHOD_UNSPECIFIED, v1::METRIC_METHOD_COUNT}) {
    const auto count =
        ScoreMethod::Resolve(v1::SURVEY_KIND_TEXT, MakeScale(1, 5), method, std::nullopt);
    ASSERT_TRUE(count.ok()) << count.status();
    EXPECT_EQ(count->method(), v1::METRIC_METHOD_COUNT);
    EXPECT_EQ(count->kind(), Kind::kCount);
    EXPECT_EQ(count->scale_size(), 0u);
  }
}

TEST(ScoreMethod, DefaultsToTheFirstMethodOfTheKind) {
  const struct {
    v1::SurveyKind kind;
    v1::Scale scale;
    v1::MetricMethod method;
  } cases[] = {
      {v1::SURVEY_KIND_NPS, MakeScale(0, 10), v1::METRIC_METHOD_NET_PROMOTER},
      {v1::SURVEY_KIND_CSAT, MakeScale(1, 5), v1::METRIC_METHOD_TOP_BOX},
      {v1::SURVEY_KIND_CSAT, MakeScale(1, 10), v1::METRIC_METHOD_TOP_BOX},
      {v1::SURVEY_KIND_CES, MakeScale(1, 7, kEase), v1::METRIC_METHOD_AGREE},
      {v1::SURVEY_KIND_CES, MakeScale(1, 5, kEffort), v1::METRIC_METHOD_AGREE},
      {v1::SURVEY_KIND_RATING, MakeScale(0, 100), v1::METRIC_METHOD_MEAN},
  };
  for (const auto& c : cases) {
    const auto method =
        ScoreMethod::Resolve(c.kind, c.scale, v1::METRIC_METHOD_UNSPECIFIED, std::nullopt);
    ASSERT_TRUE(method.ok()) << method.status();
    EXPECT_EQ(method->method(), c.method) << v1::SurveyKind_Name(c.kind);
  }
}

TEST(ScoreMethod, RefusesWhatTheKindAndScaleDoNotHave) {
  const struct {
    v1::SurveyKind kind;
    v1::Scale scale;
    v1::MetricMethod method;
    std::optional<int> top_box_min;
    v1::ErrorReason reason;
    const char* field;
    const char* message_end;
  } cases[] = {
      {v1::SURVEY_KIND_NPS,
       MakeScale(0, 10),
       v1::METRIC_METHOD_MEAN,
       {},
       v1::ERROR_REASON_FIELD_INVALID,
       "method",
       "got MEAN; a survey of kind NPS on 0..10 has NET_PROMOTER"},
      {v1::SURVEY_KIND_CSAT,
       MakeScale(1, 5),
       v1::METRIC_METHOD_TOP_THREE,
       {},
       v1::ERROR_REASON_FIELD_INVALID,
       "method",
       "got TOP_THREE; a survey of kind CSAT on 1..5 has TOP_BOX, MEAN"},
      {v1::SURVEY_KIND_CSAT,
       MakeScale(1, 10),
       v1::METRIC_METHOD_NET,
       {},
       v1::ERROR_REASON_FIELD_INVALID,
       "method",
       "on 1..10 has TOP_BOX, TOP_THREE, MEAN"},
      {v1::SURVEY_KIND_CES,
       MakeScale(1, 7, kEffort),
       v1::METRIC_METHOD_TOP_BOX,
       {},
       v1::ERROR_REASON_FIELD_INVALID,
       "method",
       "on 1..7 has AGREE, NET, MEAN"},
      {v1::SURVEY_KIND_RATING,
       MakeScale(1, 3),
       v1::METRIC_METHOD_COUNT,
       {},
       v1::ERROR_REASON_FIELD_INVALID,
       "method",
       "on 1..3 has MEAN, TOP_BOX"},
      {v1::SURVEY_KIND_TEXT,
       MakeScale(0, 0),
       v1::METRIC_METHOD_MEAN,
       {},
       v1::ERROR_REASON_FIELD_INVALID,
       "method",
       "got MEAN; a survey of kind TEXT has COUNT"},
      {v1::SURVEY_KIND_NPS,
       MakeScale(0, 10),
       static_cast<v1::MetricMethod>(99),
       {},
       v1::ERROR_REASON_FIELD_INVALID,
       "method",
       "got 99; a survey of kind NPS on 0..10 has NET_PROMOTER"},
      {v1::SURVEY_KIND_RATING,
       MakeScale(1, 3),
       v1::METRIC_METHOD_TOP_BOX,
       {},
       v1::ERROR_REASON_FIELD_REQUIRED,
       "top_box_min",
       "counts as satisfied, from 1..3"},
      {v1::SURVEY_KIND_RATING, MakeScale(1, 3), v1::METRIC_METHOD_TOP_BOX, 4,
       v1::ERROR_REASON_FIELD_INVALID, "top_box_min",
       "got 4; it must be a score of the scale 1..3"},
      {v1::SURVEY_KIND_RATING, MakeScale(1, 3), v1::METRIC_METHOD_TOP_BOX, 0,
       v1::ERROR_REASON_FIELD_INVALID, "top_box_min", "of the scale 1..3"},
      {v1::SURVEY_KIND_RATING, MakeScale(1, 3), v1::METRIC_METHOD_UNSPECIFIED, 2,
       v1::ERROR_REASON_FIELD_INVALID, "top_box_min",
       "got 2 for MEAN of a survey of kind RATING; only TOP_BOX of RATING takes one"},
      {v1::SURVEY_KIND_CSAT, MakeScale(1, 5), v1::METRIC_METHOD_TOP_BOX, 4,
       v1::ERROR_REASON_FIELD_INVALID, "top_box_min", "only TOP_BOX of RATING takes one"},
      {v1::SURVEY_KIND_TEXT, MakeScale(0, 0), v1::METRIC_METHOD_COUNT, 1,
       v1::ERROR_REASON_FIELD_INVALID, "top_box_min", "only TOP_BOX of RATING takes one"},
      {v1::SURVEY_KIND_CSAT,
       MakeScale(1, 6),
       v1::METRIC_METHOD_TOP_BOX,
       {},
       v1::ERROR_REASON_FIELD_INVALID,
       "scale",
       "a survey of kind CSAT has 1..5 or 1..10"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.message_end);
    const absl::Status status =
        ScoreMethod::Resolve(c.kind, c.scale, c.method, c.top_box_min).status();
    EXPECT_EQ(ReasonOf(status), c.reason);
    EXPECT_THAT(FieldsOf(status), ElementsAre(c.field));
    EXPECT_THAT(std::string(status.message()), EndsWith(c.message_end));
  }
}

}  // namespace
}  // namespace emptychair::statistics
