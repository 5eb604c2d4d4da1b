// The pages of answers of the real server, as a browser reads them.
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/timestamp.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/chairctl_harness.h"
#include "tests/chairctl/harness/html_query.h"
#include "tests/service/harness/backend.h"
#include "tools/process/subprocess.h"

namespace emptychair {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Where chromium is; empty on a machine without it.
const char* const kChromium = EMPTYCHAIR_CHROMIUM;

class PagesInABrowser : public ::testing::Test {
 protected:
  void SetUp() override {
    if (absl::string_view(kChromium).empty()) {
      GTEST_SKIP() << "chromium is not installed; tools/install_packages browser installs it";
    }
    backend_ = testing::Backend::Start(testing::BackendKind::kInProcess);
    chairctl_.variables["EMPTYCHAIR_ENDPOINT"] = backend_->endpoint();
    Ok({"survey", "create", "nps", "--kind", "nps", "--dimension", "channel"});
    Ok({"survey", "create", "csat", "--kind", "csat", "--display-name", "Über <alles>"});
    std::string csv = "id,day,score,channel,comment\n";
    for (int i = 0; i < 240; ++i) {
      absl::StrAppend(&csv, i, ",2024-", i % 2 == 0 ? "02-1" : "03-2", i % 7, ",", (7 * i) % 11,
                      i % 3 == 0 ? ",web" : ",<shop>",
                      (7 * i) % 11 > 6 ? ",friendly and quick\n" : ",late & damaged\n");
    }
    chairctl_.standard_input = csv;
    Ok({"feedback", "import", "nps", "-", "--map", "external_id=id", "--map", "occur_time=day",
        "--map", "label.channel=channel"});
  }

  std::string Ok(const std::vector<std::string>& arguments) {
    const ChairctlResult result = chairctl_.Run(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.out;
  }

  // The document that the browser makes of the page, once it is loaded.
  std::string DomOf(const std::string& path) {
    const absl::StatusOr<FinishedProcess> run =
        RunToEnd({kChromium, "--headless", "--no-sandbox", "--disable-gpu",
                  "--disable-dev-shm-usage", "--enable-logging=stderr",
                  absl::StrCat("--user-data-dir=", directory_.directory(), "/profile"),
                  "--dump-dom", absl::StrCat("file://", path)},
                 testing::kLong);
    EXPECT_TRUE(run.ok()) << run.status();
    if (!run.ok()) {
      return "";
    }
    EXPECT_EQ(run->exit_status, 0) << run->standard_error;
    EXPECT_THAT(run->standard_error, Not(HasSubstr("CONSOLE")));
    return run->standard_output;
  }

  // The page of a command has all numbers of its JSON, the drawing, and nothing to fetch.
  template <typename Response>
  void Check(std::vector<std::string> command, const std::string& drawing = "<svg") {
    const std::string path = directory_.directory() + "/page.html";
    command.insert(command.end(), {"--html", path, "--output", "json"});
    const auto response = FromJson<Response>(Ok(command));
    std::ifstream file(path);
    const std::string html((std::istreambuf_iterator<char>(file)), {});
    EXPECT_THAT(html, Not(HasSubstr("http:")));
    EXPECT_THAT(html, Not(HasSubstr("https:")));
    const std::string dom = DomOf(path);
    EXPECT_THAT(dom, HasSubstr(drawing));
    const std::set<std::string> shown = DataValuesOf(dom);
    const std::set<std::string> numbers = NumbersOf(response);
    EXPECT_GT(numbers.size(), 5u);
    for (const std::string& number : numbers) {
      EXPECT_TRUE(shown.contains(number)) << command[1] << ": " << number;
    }
  }

  TemporaryFile directory_{"none", ""};
  std::unique_ptr<testing::Backend> backend_;
  Chairctl chairctl_;
};

TEST_F(PagesInABrowser, ATrendByGroupHasAllNumbersAndNoErrors) {
  Check<v1::QueryMetricResponse>({"metric", "query", "nps", "--window", "2024-01..2024-05", "--by",
                                  "month", "--group-by", "channel", "--histogram"});
}

TEST_F(PagesInABrowser, OneBucketByGroupHasAllNumbersAndNoErrors) {
  Check<v1::QueryMetricResponse>({"metric", "query", "nps", "--group-by", "channel"});
}

TEST_F(PagesInABrowser, AComparisonHasAllNumbersAndNoErrors) {
  Check<v1::CompareMetricResponse>(
      {"metric", "compare", "nps", "--base", "2024-02", "--candidate", "2024-03"});
}

TEST_F(PagesInABrowser, AChangeHasAllNumbersAndNoErrors) {
  Check<v1::DecomposeChangeResponse>(
      {"metric", "change", "nps", "--base", "2024-02", "--candidate", "2024-03"});
}

TEST_F(PagesInABrowser, WordsHaveAllNumbersAndNoErrors) {
  Check<v1::CompareWordsResponse>({"metric", "words", "nps", "--by-class"});
}

TEST_F(PagesInABrowser, AScorecardHasAllNumbersAndNoErrors) {
  Check<v1::GetScorecardResponse>({"metric", "scorecard", "--as-of", "2024-04-05"});
}

// Ninety purchases of thirty customers, in two months and a third; who answers, does so before.
class LoyaltyPagesInABrowser : public PagesInABrowser {
 protected:
  void SetUp() override {
    PagesInABrowser::SetUp();
    if (IsSkipped()) {
      return;
    }
    v1::BatchRecordActivitiesRequest batch;
    for (int i = 0; i < 90; ++i) {
      v1::Activity& activity = *batch.add_activities();
      activity.set_kind("purchase");
      activity.set_activity_id(absl::StrCat(i));
      activity.set_customer_id(absl::StrCat("c-", (7 * i) % (i < 60 ? 30 : 11)));
      activity.mutable_amount()->set_units(i);
      activity.mutable_amount()->set_nanos(250'000'000);
      activity.mutable_amount()->set_currency_code(i % 5 == 0 ? "USD" : "EUR");
      *activity.mutable_occur_time() = ToTimestamp(
          absl::FromCivil(absl::CivilDay(2024, 1 + i / 30, 1 + i % 28), absl::UTCTimeZone()));
    }
    const auto recorded = testing::MakeClient(backend_->endpoint()).BatchRecordActivities(batch);
    ASSERT_TRUE(recorded.ok()) << recorded.status();
    ASSERT_EQ(recorded->accepted_count(), 90);
  }
};

TEST_F(LoyaltyPagesInABrowser, CohortsHaveAllNumbersAndNoErrors) {
  Check<v1::QueryCohortsResponse>({"metric", "cohorts", "--kind", "purchase", "--window", "2024-Q1",
                                   "--as-of", "2024-04-01", "--with-amounts"},
                                  "<td class=\"n heat\"");
}

TEST_F(LoyaltyPagesInABrowser, RetentionHasAllNumbersAndNoErrors) {
  Check<v1::QueryRetentionResponse>({"metric", "retention", "--kind", "purchase", "--window",
                                     "2024-Q1", "--as-of", "2024-04-01", "--with-amounts",
                                     "--by-class-of", "nps"});
}

TEST_F(LoyaltyPagesInABrowser, TheRepeatRateHasAllNumbersAndNoErrors) {
  Check<v1::QueryRepeatRateResponse>({"metric", "repeat", "--kind", "purchase", "--window",
                                      "2024-Q1", "--as-of", "2024-04-01", "--within", "30"});
}

}  // namespace
}  // namespace emptychair
