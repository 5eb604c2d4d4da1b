// Surveys and lists of them that are refused, with what is just still taken beside.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

constexpr auto kRequired = v1::ERROR_REASON_FIELD_REQUIRED;
constexpr auto kInvalid = v1::ERROR_REASON_FIELD_INVALID;

class BadSurveyTest : public ServiceTest {};

EMPTYCHAIR_ON_BOTH_BACKENDS(BadSurveyTest);

std::string Repeated(size_t count, char c) { return std::string(count, c); }

std::string Dimensions(int count) {
  std::vector<std::string> keys;
  for (int i = 0; i < count; ++i) {
    keys.push_back(absl::StrCat("'d", i, "'"));
  }
  return absl::StrCat("kind: SURVEY_KIND_NPS dimensions: [", absl::StrJoin(keys, ","), "]");
}

std::string WithZone(absl::string_view zone) {
  return absl::StrCat("kind: SURVEY_KIND_NPS time_zone: '", zone, "'");
}

std::string WithKind(absl::string_view kind, absl::string_view rest) {
  return absl::StrCat("kind: SURVEY_KIND_", kind, " ", rest);
}

struct BadSurvey {
  std::string survey_id;
  std::string text;
  v1::ErrorReason reason;
  std::string field;
};

std::vector<BadSurvey> BadSurveys() {
  const std::string nps = "kind: SURVEY_KIND_NPS";
  std::vector<BadSurvey> rows = {
      {"", nps, kRequired, "survey.survey_id"},
      {Repeated(64, 'a'), nps, kInvalid, "survey.survey_id"},
      {"s", "", kRequired, "survey.kind"},
      {"s", "kind: 6", kInvalid, "survey.kind"},
      {"s", "kind: -1", kInvalid, "survey.kind"},
      {"s", absl::StrCat(nps, " display_name: '", Repeated(257, 'x'), "'"), kInvalid,
       "survey.display_name"},
      {"s", absl::StrCat(nps, " question: '", Repeated(4'097, 'x'), "'"), kInvalid,
       "survey.question"},
      {"s", Dimensions(9), kInvalid, "survey.dimensions"},
      {"s", nps + " dimensions: ['a', 'b', 'a']", kInvalid, "survey.dimensions[2]"},
      {"s", nps + " dimensions: ['a', '']", kRequired, "survey.dimensions[1]"},
      {"s", nps + " dimensions: 'Region'", kInvalid, "survey.dimensions[0]"},
      {"s", nps + " dimensions: 'survey_id'", kInvalid, "survey.dimensions[0]"},
      {"s", absl::StrCat(nps, " dimensions: '", Repeated(64, 'k'), "'"), kInvalid,
       "survey.dimensions[0]"},
      {"s", nps + " min_sample: -1", kInvalid, "survey.min_sample"},
      {"s", nps + " min_sample: 1000001", kInvalid, "survey.min_sample"},
      {"s", nps + " max_series: -1", kInvalid, "survey.max_series"},
      {"s", nps + " max_series: 1000001", kInvalid, "survey.max_series"},
      {"s", WithKind("RATING", ""), kRequired, "survey.scale"},
      {"s", WithKind("RATING", "scale { min: 1 max: 0 }"), kInvalid, "survey.scale"},
      {"s", WithKind("RATING", "scale { min: 0 max: 101 }"), kInvalid, "survey.scale"},
      {"s", WithKind("RATING", "scale { min: -2147483648 max: 2147483647 }"), kInvalid,
       "survey.scale"},
      {"s", WithKind("RATING", "scale { min: 0 max: 5 direction: SCALE_DIRECTION_EASE }"), kInvalid,
       "survey.scale.direction"},
      {"s", WithKind("TEXT", "scale {}"), kInvalid, "survey.scale"},
      {"s", WithKind("TEXT", "scale { min: 1 max: 5 }"), kInvalid, "survey.scale"},
      {"s", WithKind("CES", "scale { min: 1 max: 7 direction: 3 }"), kInvalid,
       "survey.scale.direction"},
      {"s", WithKind("CES", "scale {}"), kRequired, "survey.scale.direction"},
      {"s", WithKind("CES", "scale { min: 1 max: 7 }"), kRequired, "survey.scale.direction"},
      {"s", WithKind("CES", "scale { min: 1 max: 5 }"), kRequired, "survey.scale.direction"},
      {"s", WithKind("NPS", "scale { min: 0 max: 10 direction: SCALE_DIRECTION_EFFORT }"), kInvalid,
       "survey.scale.direction"},
      {"s", WithKind("CSAT", "scale { min: 1 max: 5 direction: SCALE_DIRECTION_EASE }"), kInvalid,
       "survey.scale.direction"},
  };
  for (const char* id : {"Nps", "1nps", "-nps", "_nps", "n ps", "n.ps", "näps", "nps\\n", "n/ps"}) {
    std::string unescaped = id;
    if (unescaped == "nps\\n") {
      unescaped = "nps\n";
    }
    rows.push_back({unescaped, nps, kInvalid, "survey.survey_id"});
  }
  for (const char* zone : {"/etc/passwd",
                           "/usr/share/zoneinfo/UTC",
                           "localtime",
                           "Fixed/UTC+01:00:00",
                           "../x",
                           "Europe/../UTC",
                           "Europe",
                           "Europe/",
                           "europe/berlin",
                           "Europe/Nowhere",
                           "UTC+1",
                           "+01:00",
                           " UTC",
                           "UTC ",
                           "zone.tab",
                           "tzdata.zi",
                           "leapseconds",
                           "posixrules",
                           "posix/Europe/Berlin",
                           "right/Europe/Berlin",
                           ":Europe/Berlin",
                           "Europe\\\\Berlin",
                           "\\001",
                           "."}) {
    rows.push_back({"s", WithZone(zone), kInvalid, "survey.time_zone"});
  }
  rows.push_back({"s", WithZone(Repeated(10'000, 'A')), kInvalid, "survey.time_zone"});
  for (const char* scale : {"min: 0 max: 9", "min: 1 max: 10", "min: 0 max: 11", "min: 10 max: 0",
                            "min: -2147483648 max: 2147483647"}) {
    rows.push_back(
        {"s", WithKind("NPS", absl::StrCat("scale { ", scale, " }")), kInvalid, "survey.scale"});
  }
  for (const char* scale : {"min: 1 max: 7", "min: 0 max: 5", "min: 1 max: 4", "min: 0 max: 10"}) {
    rows.push_back(
        {"s", WithKind("CSAT", absl::StrCat("scale { ", scale, " }")), kInvalid, "survey.scale"});
  }
  for (const char* scale : {"min: 1 max: 10", "min: 0 max: 7", "min: 1 max: 6"}) {
    rows.push_back(
        {"s", WithKind("CES", absl::StrCat("scale { ", scale, " }")), kInvalid, "survey.scale"});
  }
  return rows;
}

TEST_P(BadSurveyTest, IsRefusedWithReasonAndFieldAndLeavesNothing) {
  Create(client(), NpsSurvey("there"));
  const v1::GetStatusResponse before = Status(client());
  for (const BadSurvey& row : BadSurveys()) {
    SCOPED_TRACE(absl::StrCat(row.survey_id, " ", row.text.substr(0, 200)));
    const absl::Status status = TryCreate(client(), SurveyOf(row.survey_id, row.text)).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(status, HasReason(row.reason));
    EXPECT_THAT(status, HasField(row.field));
    EXPECT_LT(status.message().size(), 1'000u);
  }
  EXPECT_THAT(client().connection().CreateSurvey({}), HasField("survey.survey_id"));
  const v1::GetStatusResponse after = Status(client());
  EXPECT_EQ(after.sequence(), before.sequence());
  EXPECT_EQ(after.survey_count(), 1);
}

TEST_P(BadSurveyTest, WhatIsJustWithinTheLimitsIsTaken) {
  const std::string nps = "kind: SURVEY_KIND_NPS ";
  const std::vector<std::pair<std::string, std::string>> rows = {
      {Repeated(63, 'a'), nps},
      {"a", nps},
      {"a-_09z", nps},
      {"name", absl::StrCat(nps, "display_name: '", Repeated(256, 'x'), "'")},
      {"question", absl::StrCat(nps, "question: '", Repeated(4'096, 'x'), "'")},
      {"dimensions", Dimensions(8)},
      {"dimension", absl::StrCat(nps, "dimensions: '", Repeated(63, 'k'), "'")},
      {"sample", nps + "min_sample: 1000000"},
      {"one-series", nps + "max_series: 1"},
      {"series", nps + "max_series: 1000000"},
      {"rating", WithKind("RATING", "scale { min: 0 max: 100 }")},
      {"zone1", WithZone("America/Argentina/ComodRivadavia")},
      {"zone2", WithZone("Etc/GMT+12")},
      {"zone3", WithZone("America/Port-au-Prince")},
      {"zone4", WithZone("Australia/Lord_Howe")},
  };
  for (const auto& [id, text] : rows) {
    EXPECT_OK(TryCreate(client(), SurveyOf(id, text))) << text;
  }
  EXPECT_EQ(Status(client()).survey_count(), rows.size());
}

TEST_P(BadSurveyTest, GettingOneNeedsAnId) {
  const struct {
    std::string survey_id;
    v1::ErrorReason reason;
  } rows[] = {{"", kRequired},
              {"Upper", kInvalid},
              {Repeated(64, 'a'), kInvalid},
              {Repeated(100'000, 'a'), kInvalid}};
  for (const auto& row : rows) {
    v1::GetSurveyRequest request;
    request.set_survey_id(row.survey_id);
    const absl::Status status = client().GetSurvey(request).status();
    EXPECT_THAT(status, HasReason(row.reason));
    EXPECT_THAT(status, HasField("survey_id"));
  }
}

TEST_P(BadSurveyTest, APageHasNoNegativeSize) {
  for (int32_t page_size : {-1, INT32_MIN}) {
    v1::ListSurveysRequest request;
    request.set_page_size(page_size);
    const absl::Status status = client().connection().ListSurveys(request).status();
    EXPECT_THAT(status, HasReason(kInvalid));
    EXPECT_THAT(status, HasField("page_size"));
  }
}

TEST_P(BadSurveyTest, TextThatIsNotUtf8IsRefusedBeforeItIsSent) {
  v1::Survey survey = NpsSurvey("s");
  survey.set_question("\xff");
  const absl::Status status = TryCreate(client(), survey).status();
  EXPECT_THAT(status, HasReason(kInvalid));
  EXPECT_THAT(status, HasField("survey.question"));
}

}  // namespace
}  // namespace emptychair::testing
