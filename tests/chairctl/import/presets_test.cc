#include "tools/chairctl/import/presets.h"

#include <string>
#include <vector>

#include "common/base/timestamp.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/chairctl_harness.h"
#include "tests/chairctl/import/import_command_test.h"

namespace emptychair {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

using PresetTest = ImportTest;

TEST_F(PresetTest, TakesFlagsOfAPresetAndOfItsOwnOnTop) {
  const std::string qualtrics =
      "Status,Finished,RecordedDate,ResponseId,Q7\nStatus,Finished,Recorded,Id,\"How\nlikely?\"\n"
      "\"{\"\"ImportId\"\":1}\",{},{},{},{}\n"
      "IP Address,True,2025-01-31 23:35:01,R_1,10\nSurvey Preview,True,2025-01-31 23:35:01,R_2,1\n"
      "IP Address,False,2025-01-31 23:35:01,R_3,1\n0,1,2025-01-31 23:35:02,R_4,0\n";
  const ChairctlResult result = Import(
      qualtrics, {"--preset", "qualtrics", "--map", "score=Q7", "--time-zone", "America/Denver"});
  EXPECT_EQ(result.out, Summary(2, 0, 0, 0, 2)) << result.err;
  EXPECT_THAT(result.err, AllOf(HasSubstr("flag: --skip-rows 2 (preset qualtrics)\n"),
                                HasSubstr("flag: --map score=Q7\n")));
  EXPECT_EQ(FromTimestamp(server_.feedback()[0].occur_time()),
            absl::FromUnixSeconds(1'738'391'701));
  const TemporaryFile own("own.toml",
                          "# Ours.\nmap = [\"score=#2\", 'occur_time=T']\n"
                          "no-score = false\nid-from = \"T\"\n");
  EXPECT_EQ(Import("T,#,x\n2024-01-31,9,1\n", {"--preset", own.path()}).exit_code, 0);
  const TemporaryFile bad("bad.toml", "maps = [\"score=a\"]\n");
  const ChairctlResult refused = Import(Rows(1), {"--preset", bad.path()});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("\"maps\", which is no flag of import"));
}

TEST_F(PresetTest, TakesFilesOfEachVendorWithItsPreset) {
  const struct {
    const char* preset;
    std::vector<std::string> flags;
    const char* text;
    std::vector<int> scores;
  } cases[] = {
      {"surveymonkey",
       {"--map", "score=#3"},
       "Respondent ID,End Date,How likely?,\n,,Response,Open\n"
       "1,2025-03-01 09:00:00,Extremely likely - 10,a\n2,2025-03-01 09:00:00,0 - not at all "
       "LIKELY,\n",
       {10, 0}},
      {"typeform",
       {"--map", "score=How likely?"},
       "#,How likely?,Response Type,Submit Date (UTC)\nt1,9,completed,2025-01-31 23:45:00\n"
       "t2,,started,\n",
       {9}},
      {"google-forms",
       {"--map", "score=Likely", "--time-format", "%m/%d/%Y %H:%M:%S"},
       "Timestamp,Likely\n3/1/2025 9:05:00,8\n",
       {8}},
      {"chatwoot",
       {"--allow-rejects"},
       "Agent Name,Rating,Feedback Comment,Contact Email Address,Link to the conversation,"
       "Recorded date\nAda,5,fine,a@example.com,https://x/1,2025-03-01 09:00:00 UTC\n"
       "Reporting period 2025\n",
       {5}},
  };
  for (const auto& c : cases) {
    const size_t before = server_.feedback().size();
    std::vector<std::string> flags = {"--preset", c.preset};
    flags.insert(flags.end(), c.flags.begin(), c.flags.end());
    const ChairctlResult result = Import(c.text, flags);
    EXPECT_EQ(result.exit_code, 0) << c.preset << ": " << result.err;
    std::vector<int> scores;
    const std::vector<v1::Feedback> stored = server_.feedback();
    for (size_t i = before; i < stored.size(); ++i) {
      scores.push_back(stored[i].score());
    }
    EXPECT_EQ(scores, c.scores) << c.preset;
  }
}

}  // namespace
}  // namespace emptychair
