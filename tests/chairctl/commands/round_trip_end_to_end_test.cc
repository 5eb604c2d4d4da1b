// What export writes, import reads: any store comes out and goes in as it was, on the real server.
#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/uuid.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/chairctl_harness.h"
#include "tests/helpers/seed.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair {
namespace {

using Random = std::mt19937_64;
using testing::At;
using testing::EqualsMessage;

// A server, and chairctl that talks to it.
struct Place {
  Place() { chairctl.variables["EMPTYCHAIR_ENDPOINT"] = backend->endpoint(); }

  std::string Ok(const std::vector<std::string>& arguments, const std::string& input = "") {
    chairctl.standard_input = input;
    const ChairctlResult result = chairctl.Run(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.out;
  }

  std::unique_ptr<testing::Backend> backend =
      testing::Backend::Start(testing::BackendKind::kInProcess);
  Chairctl chairctl;
  Client client = testing::MakeClient(backend->endpoint());
};

// Draws surveys and records that have everything a record can have.
class RandomContent {
 public:
  explicit RandomContent(Random& random) : random_(random) {}

  int Uniform(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  bool OneIn(int n) { return Uniform(1, n) == 1; }

  std::vector<v1::Survey> Surveys() {
    return {testing::SurveyOf("nps",
                              "kind: SURVEY_KIND_NPS dimensions: 'channel' "
                              "dimensions: 'plan' time_zone: 'Europe/Berlin'"),
            testing::SurveyOf("stars", "kind: SURVEY_KIND_RATING scale { min: -5 max: 5 }"),
            testing::SurveyOf("ideas",
                              "kind: SURVEY_KIND_TEXT dimensions: 'channel' "
                              "time_zone: 'America/St_Johns'")};
  }

  // Text that a careless writer or reader would break.
  std::string Text() {
    static const std::vector<std::string> kPieces = {
        "a",  "Ä",   "李",   "🪑", "\"",  "\"\"", ",", ";",  "\t", "'",     "=1+1", "\\", "\\n",
        "{}", "[1]", "null", "0",    "007", "1e5",  "|", "#1", "%",  "sep=;", "-",    "@",  "<b>"};
    std::string text;
    for (int i = Uniform(1, 6); i > 0; --i) {
      text += kPieces[static_cast<size_t>(Uniform(0, static_cast<int>(kPieces.size()) - 1))];
      if (OneIn(3)) {
        text += OneIn(3) ? "\u00a0" : " ";
      }
    }
    return text;
  }
  // The same without what an id may not have.
  std::string Id(const std::string& prefix, int number) {
    std::string text = absl::StrCat(OneIn(4) ? " " : "", prefix, number, " ", Text());
    text.erase(std::remove(text.begin(), text.end(), '\t'), text.end());
    return text;
  }

  v1::Feedback Record(const v1::Survey& survey, int number) {
    v1::Feedback record;
    record.set_survey_id(survey.survey_id());
    const absl::Time time =
        At("2024-02-01T00:00:00Z") + absl::Milliseconds(random_() % 5'000'000'000);
    if (OneIn(2)) {
      std::array<uint8_t, 10> entropy{};
      std::generate(entropy.begin(), entropy.end(),
                    [&] { return static_cast<uint8_t>(random_()); });
      record.set_feedback_id(Uuid::MakeV7(absl::ToUnixMillis(time), entropy).ToString());
    }
    if (record.feedback_id().empty() || OneIn(2)) {
      record.set_external_id(Id("row ", number));
    }
    *record.mutable_occur_time() = ToTimestamp(absl::FromUnixMillis(absl::ToUnixMillis(time)));
    if (survey.kind() != v1::SURVEY_KIND_TEXT && !OneIn(5)) {
      record.set_score(survey.kind() == v1::SURVEY_KIND_NPS ? Uniform(0, 10) : Uniform(-5, 5));
    }
    if (!OneIn(3)) {
      record.set_customer_id(Id("customer ", Uniform(1, 20)));
    }
    if (!OneIn(3)) {
      record.set_comment(OneIn(4) ? Text() + "\nline two\r\n" + Text() : Text());
    }
    for (const char* key : {"channel", "plan", "agent", "x-1_y"}) {
      if (!OneIn(3)) {
        (*record.mutable_labels())[key] =
            OneIn(3) ? Id("v", Uniform(1, 3)) : absl::StrCat("v", Uniform(1, 3));
      }
    }
    if (OneIn(6)) {
      record.mutable_exclusion()->set_reason(static_cast<v1::ExclusionReason>(Uniform(1, 6)));
      record.mutable_exclusion()->set_note(OneIn(2) ? "" : Text());
    }
    return record;
  }

 private:
  Random& random_;
};

// The records of a survey without what only the store that has them gives.
std::map<std::string, v1::Feedback> RecordsOf(Place& place, const std::string& survey_id) {
  std::map<std::string, v1::Feedback> records;
  v1::ListFeedbackRequest request;
  request.set_survey_id(survey_id);
  for (const absl::StatusOr<v1::Feedback>& record : place.client.ListFeedback(request)) {
    EXPECT_TRUE(record.ok()) << record.status();
    v1::Feedback content = *record;
    content.clear_receive_time();
    content.clear_sequence();
    content.clear_etag();
    content.clear_import_id();
    records[content.feedback_id()] = content;
  }
  return records;
}

v1::QueryMetricResponse MetricOf(Place& place, const std::string& survey_id) {
  v1::QueryMetricRequest request;
  request.add_survey_ids(survey_id);
  request.set_granularity(v1::GRANULARITY_MONTH);
  v1::QueryMetricResponse response = testing::Value(place.client.QueryMetric(request));
  response.clear_sequence();
  return response;
}

// Compares two stores by all that can be asked of the surveys' records.
void ExpectSame(Place& from, Place& to, const std::vector<v1::Survey>& surveys) {
  for (const v1::Survey& survey : surveys) {
    SCOPED_TRACE(survey.survey_id());
    const auto expected = RecordsOf(from, survey.survey_id());
    const auto found = RecordsOf(to, survey.survey_id());
    EXPECT_EQ(found.size(), expected.size());
    for (const auto& [id, record] : expected) {
      const auto other = found.find(id);
      ASSERT_NE(other, found.end()) << record.DebugString();
      ASSERT_THAT(other->second, EqualsMessage(record));
    }
    EXPECT_THAT(MetricOf(to, survey.survey_id()),
                EqualsMessage(MetricOf(from, survey.survey_id())));
  }
}

class RoundTripTest : public ::testing::TestWithParam<std::string> {
 protected:
  RoundTripTest() : random_(testing::SeedFromEnvOrRandom()), content_(random_) {
    surveys_ = content_.Surveys();
    for (const v1::Survey& survey : surveys_) {
      testing::Create(from_.client, survey);
      std::vector<v1::Feedback> records;
      for (int i = 0; i < 150; ++i) {
        records.push_back(content_.Record(survey, i));
      }
      testing::SubmitAll(from_.client, records);
    }
  }

  // Every survey and its definition in one file each.
  void TakeDefinitions() { to_.Ok({"survey", "import", "-"}, from_.Ok({"survey", "export"})); }

  const std::string& format() const { return GetParam(); }

  Random random_;
  RandomContent content_;
  std::vector<v1::Survey> surveys_;
  Place from_;
  Place to_;
};

INSTANTIATE_TEST_SUITE_P(Formats, RoundTripTest, ::testing::Values("csv", "json"),
                         [](const auto& info) { return info.param; });

TEST_P(RoundTripTest, AnExportOfEachSurveyComesBackAsItWas) {
  TakeDefinitions();
  for (const v1::Survey& survey : surveys_) {
    const std::string file =
        from_.Ok({"feedback", "export", survey.survey_id(), "--output", format()});
    to_.Ok({"feedback", "import", survey.survey_id(), "-"}, file);
    // The same file again adds nothing.
    EXPECT_THAT(to_.Ok({"feedback", "import", survey.survey_id(), "-", "--output", "json"}, file),
                ::testing::HasSubstr("\"accepted\": 0"));
  }
  ExpectSame(from_, to_, surveys_);
}

TEST_P(RoundTripTest, AnExportOfAllSurveysIsReadBackOneByOne) {
  TakeDefinitions();
  const std::string file = from_.Ok({"feedback", "export", "--output", format()});
  for (const v1::Survey& survey : surveys_) {
    to_.Ok({"feedback", "import", survey.survey_id(), "-", "--where",
            "survey_id=" + survey.survey_id()},
           file);
  }
  ExpectSame(from_, to_, surveys_);
}

TEST_P(RoundTripTest, AnExportFitsTheStoreThatItCameFrom) {
  const std::string file = from_.Ok({"feedback", "export", "nps", "--output", format()});
  const int64_t before = testing::Status(from_.client).sequence();
  EXPECT_THAT(from_.Ok({"feedback", "import", "nps", "-", "--output", "json"}, file),
              ::testing::HasSubstr("\"alreadyExisted\": 150"));
  EXPECT_EQ(testing::Status(from_.client).sequence(), before);
}

}  // namespace
}  // namespace emptychair
