// Wrong usage, settings and help: all that chairctl decides before it asks the service.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/chairctl_harness.h"
#include "tests/chairctl/harness/fake_server.h"

namespace emptychair {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

using Arguments = std::vector<std::string>;

std::string FreeEndpoint() {
  const int socket_fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  EXPECT_EQ(bind(socket_fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(socket_fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  close(socket_fd);
  return absl::StrCat("127.0.0.1:", ntohs(address.sin_port));
}

TEST(Usage, WrongUsageExitsWithTwoAndSaysWhy) {
  const struct {
    Arguments arguments;
    const char* message;
  } kCases[] = {
      {{}, "subcommand is required"},
      {{"frobnicate"}, "not expected: frobnicate"},
      {{"survey"}, "subcommand is required"},
      {{"survey", "rename", "x"}, "not expected: rename"},
      {{"survey", "list", "--frob"}, "--frob"},
      {{"survey", "list", "extra"}, "extra"},
      {{"survey", "list", "--limit", "0"}, "--limit"},
      {{"survey", "get"}, "ID is required"},
      {{"survey", "create", "x"}, "--kind is required"},
      {{"survey", "create", "x", "--kind", "nsp"}, "nsp"},
      {{"survey", "create", "x", "--kind", "rating", "--scale", "1-5"}, "--scale: is \"1-5\""},
      {{"survey", "create", "x", "--kind", "nps", "--direction", "ease"}, "--direction"},
      {{"survey", "list", "--output", "xml"}, "--output: is \"xml\""},
      {{"survey", "list", "--timeout", "fast"}, "--timeout: is \"fast\""},
      {{"survey", "list", "--timeout", "10"}, "--timeout: is \"10\""},
      {{"survey", "list", "--timeout", "0s"}, "timeout: is 0"},
      {{"survey", "list", "--timeout", "-1s"}, "timeout: is -1s"},
      {{"survey", "list", "--endpoint", "nowhere"}, "endpoint: is \"nowhere\""},
      {{"survey", "list", "--config", "/does/not/exist"}, "/does/not/exist"},
      {{"metric", "query"}, "SURVEY is required"},
      {{"metric", "query", "x", "--window", "2024-13"}, "--window: is \"2024-13\""},
      {{"metric", "query", "x", "--window", "2024", "--last", "3d"}, "another window"},
      {{"metric", "query", "x", "--last", "3"}, "--last: is \"3\""},
      {{"metric", "query", "x", "--from", "soon"}, "--from: is \"soon\""},
      {{"metric", "query", "x", "--by", "decade"}, "decade"},
      {{"metric", "query", "x", "--method", "median"}, "median"},
      {{"metric", "query", "x", "--confidence", "high"}, "--confidence"},
      {{"metric", "query", "x", "--interval", "exact"}, "exact"},
      {{"metric", "query", "x", "--population", "0"}, "--population"},
      {{"metric", "query", "x", "--looks", "once"}, "--looks"},
      {{"metric", "query", "x", "--filter", "channel"}, "--filter: is \"channel\""},
      {{"metric", "query", "x", "--filter", "=web"}, "--filter: is \"=web\""},
      {{"metric", "query", "x", "--filter", "!=web"}, "--filter: is \"!=web\""},
      {{"metric", "query", "x", "--filter", "channel="}, "--filter: is \"channel=\""},
      {{"metric", "forecast", "x"}, "not expected: forecast"},
      {{"metric", "query", "x", "--week-start", "friday"}, "friday"},
      {{"metric", "query", "x", "--spreadsheet"}, "--spreadsheet: is a form of CSV"},
      {{"survey", "list", "--output", "json", "--spreadsheet"}, "wanted --output csv"},
      {{"survey", "update", "x", "--direction", "ease"}, "wanted --scale MIN..MAX"},
      {{"größe"}, "not expected: größe"},
      {{"a\u202eb\x1b[31m"}, "not expected: a\\u202eb\\x1b[31m"},
      {{"metric", "explain"}, "SURVEY is required"},
      {{"metric", "explain", "x", "--limit", "0"}, "--limit"},
      {{"metric", "explain", "x", "--interval", "answers"}, "--interval"},
      {{"metric", "query", "x", "--respondents", "last"}, "last"},
      {{"metric", "compare", "--base", "2023", "--candidate", "2024"}, "SURVEY is required"},
      {{"metric", "compare", "x"}, "wanted what tells the sides apart"},
      {{"metric", "compare", "x", "--filter", "a=b"}, "wanted what tells the sides apart"},
      {{"metric", "compare", "x", "--base", "24", "--candidate", "2024"}, "--base: is \"24\""},
      {{"metric", "compare", "x", "--base", "2023", "--candidate", "2024..soon"},
       "--candidate: is \"soon\""},
      {{"metric", "compare", "x", "--base", "2023", "--candidate", "2024", "--filter", "a"},
       "--filter: is \"a\""},
      {{"metric", "compare", "x", "--base", "2023", "--candidate", "2024", "--base-filter", "b"},
       "--base-filter: is \"b\""},
      {{"metric", "compare", "x", "--base", "2023", "--candidate", "2024", "--candidate-filter",
        "c="},
       "--candidate-filter: is \"c=\""},
      {{"metric", "compare", "x", "--base", "2023", "--candidate", "2024", "--by", "month"},
       "--by"},
      {{"metric", "compare", "x", "--base", "2023", "--candidate", "2024", "--as-of", "soon"},
       "--as-of: is \"soon\""},
      {{"metric", "compare", "x", "--base", "2023", "--candidate", "2024", "--population", "9"},
       "--population"},
      {{"metric", "change", "x", "--base", "2023", "--candidate", "2024", "--as-of", "2024"},
       "--as-of"},
      {{"metric", "change", "--base", "2023", "--candidate", "2024"}, "SURVEY is required"},
      {{"metric", "change", "x"}, "wanted what tells the sides apart"},
      {{"metric", "change", "x", "--base", "2023", "--candidate", "24"}, "--candidate: is \"24\""},
      {{"metric", "change", "x", "--base", "2023", "--candidate", "2024", "--candidate-filter",
        "c="},
       "--candidate-filter: is \"c=\""},
      {{"metric", "change", "x", "--base", "2023", "--candidate", "2024", "--key"}, "--key"},
      {{"metric", "change", "x", "--base", "2023", "--candidate", "2024", "--group-by", "y"},
       "--group-by"},
      {{"feedback", "submit", "x", "--score", "nine"}, "--score"},
      {{"feedback", "submit", "x", "--label", "channel"}, "--label: is \"channel\""},
      {{"feedback", "submit", "x", "--label", "a=1", "--label", "a=2"}, "--label: is \"a=2\""},
      {{"feedback", "submit", "x", "--time", "soon"}, "--occur-time: is \"soon\""},
      {{"feedback", "submit", "x", "--external-id", "a", "--feedback-id", "b"}, "excludes"},
      {{"feedback", "get", "x"}, "wanted one of FEEDBACK_ID and --external-id"},
      {{"feedback", "get", "x", "id", "--external-id", "y"}, "wanted one of"},
      {{"feedback", "list"}, "wanted SURVEY or --customer-id"},
      {{"feedback", "amend", "x", "--score", "1"}, "wanted one of FEEDBACK_ID and --external-id"},
      {{"feedback", "amend", "x", "id", "--external-id", "e", "--score", "1"}, "wanted one of"},
      {{"feedback", "exclude", "x", "--reason", "test"}, "flags of a selection with --yes"},
      {{"feedback", "exclude", "x", "--reason", "test", "--yes"},
       "flags of a selection with --yes"},
      {{"feedback", "exclude", "x", "id", "--reason", "test", "--import", "i"}, "wanted one of"},
      {{"feedback", "exclude", "x", "--reason", "test", "--window", "2024"}, "add --yes"},
      {{"feedback", "exclude", "x", "--reason", "test", "--import", "i", "--max-score", "1"},
       "add --yes"},
      {{"feedback", "include", "x", "--import", "i", "--etag", "7"}, "--etag is that of one"},
      {{"feedback", "erase", "x"}, "wanted one of FEEDBACK_ID, --external-id and --import"},
      {{"feedback", "erase", "x", "--window", "2024", "--yes"}, "--window"},
      {{"feedback", "export", "x", "--since", "0", "--window", "2024"}, "--since takes all"},
      {{"feedback", "export", "x", "--since", "0", "--import", "i"}, "--since takes all"},
      {{"survey", "import"}, "FILE is required"},
      {{"feedback", "import", "x"}, "FILE is required"},
      {{"feedback", "import", "x", "-", "--map", "score"}, "--map: is \"score\""},
      {{"feedback", "import", "x", "-", "--batch-size", "0"}, "--batch-size"},
      {{"feedback", "import", "x", "-", "--batch-size", "10001"}, "--batch-size"},
      {{"feedback", "import", "x", "-", "--format", "xml"}, "xml"},
      {{"metric", "retention"}, "--kind is required"},
      {{"metric", "retention", "--kind", "k", "--filter", "plan="}, "--filter: is \"plan=\""},
      {{"metric", "retention", "--kind", "k", "--by", "hour"}, "hour"},
      {{"metric", "cohorts", "--kind", "k", "--as-of", "soon"}, "--as-of: is \"soon\""},
      {{"metric", "cohorts", "--kind", "k", "--html", ""}, "wanted the name of a file"},
      {{"metric", "repeat", "--kind", "k", "--by", "month"}, "--by"},
      {{"customer", "view", "c", "--as-of", "soon"}, "--as-of: is \"soon\""},
      {{"customer", "timeline", "c", "--limit", "0"}, "--limit"},
      {{"customer", "export", "c", "--output-file", ""}, "wanted the name of a file"},
      {{"customer", "erase", "c"}, "--mode is required"},
      {{"customer", "erase", "c", "--mode", "forget"}, "forget"},
      {{"admin", "repair"}, "not expected: repair"},
  };
  for (const auto& c : kCases) {
    Chairctl chairctl;
    const ChairctlResult result = chairctl.Run(c.arguments);
    const std::string line = absl::StrJoin(c.arguments, " ");
    EXPECT_EQ(result.exit_code, 2) << line;
    EXPECT_EQ(result.out, "") << line;
    EXPECT_THAT(result.err, StartsWith("chairctl: ")) << line;
    EXPECT_THAT(result.err, HasSubstr(c.message)) << line;
  }
}

TEST(Usage, HelpAtEveryLevelExitsWithZeroAndHasAnExample) {
  for (const Arguments& command : {Arguments{},
                                   Arguments{"survey"},
                                   Arguments{"survey", "create"},
                                   Arguments{"survey", "list"},
                                   Arguments{"survey", "get"},
                                   Arguments{"survey", "export"},
                                   Arguments{"survey", "import"},
                                   Arguments{"feedback"},
                                   Arguments{"feedback", "submit"},
                                   Arguments{"feedback", "import"},
                                   Arguments{"feedback", "get"},
                                   Arguments{"feedback", "list"},
                                   Arguments{"feedback", "export"},
                                   Arguments{"feedback", "watch"},
                                   Arguments{"feedback", "amend"},
                                   Arguments{"feedback", "include"},
                                   Arguments{"feedback", "erase"},
                                   Arguments{"metric"},
                                   Arguments{"metric", "query"},
                                   Arguments{"metric", "compare"},
                                   Arguments{"metric", "change"},
                                   Arguments{"metric", "explain"},
                                   Arguments{"metric", "words"},
                                   Arguments{"metric", "scorecard"},
                                   Arguments{"admin"},
                                   Arguments{"admin", "status"},
                                   Arguments{"admin", "verify"},
                                   Arguments{"admin", "rebuild"},
                                   Arguments{"admin", "compact"}}) {
    Arguments arguments = command;
    arguments.push_back("--help");
    Chairctl chairctl;
    const ChairctlResult result = chairctl.Run(arguments);
    EXPECT_EQ(result.exit_code, 0);
    std::string usage = "Usage: chairctl";
    for (const std::string& word : command) {
      absl::StrAppend(&usage, " ", word);
    }
    EXPECT_THAT(result.out, HasSubstr(usage));
    EXPECT_THAT(result.out, HasSubstr("Example:\n  chairctl "));
    EXPECT_EQ(result.err, "");
  }
}

TEST(Usage, VersionExitsWithZero) {
  Chairctl chairctl;
  const ChairctlResult result = chairctl.Run({"--version"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, StartsWith("chairctl 0."));
}

TEST(Usage, NothingListeningExitsWith78) {
  const std::string endpoint = FreeEndpoint();
  for (const Arguments& command :
       {Arguments{"survey", "list"}, Arguments{"survey", "get", "x"},
        Arguments{"survey", "create", "x", "--kind", "nps"}, Arguments{"admin", "status"},
        Arguments{"feedback", "submit", "x", "--score", "9"},
        Arguments{"metric", "query", "x", "--last", "1d"}}) {
    Arguments arguments = command;
    arguments.insert(arguments.end(), {"--endpoint", endpoint});
    Chairctl chairctl;
    const ChairctlResult result = chairctl.Run(arguments);
    EXPECT_EQ(result.exit_code, 78) << absl::StrJoin(arguments, " ");
    EXPECT_THAT(result.err, StartsWith("chairctl: UNAVAILABLE: "));
    EXPECT_THAT(result.err, HasSubstr(endpoint));
    EXPECT_EQ(result.out, "");
  }
}

TEST(Settings, GlobalFlagsStandBeforeOrBehindTheCommand) {
  FakeServer server;
  for (const Arguments& arguments :
       {Arguments{"--endpoint", server.endpoint(), "--output", "json", "survey", "list"},
        Arguments{"survey", "--endpoint", server.endpoint(), "list", "--output", "json"},
        Arguments{"survey", "list", "--output=json", "--endpoint=" + server.endpoint()}}) {
    Chairctl chairctl;
    const ChairctlResult result = chairctl.Run(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, "{\n \"surveys\": []\n}\n");
  }
}

TEST(Settings, FlagOverEnvironmentOverConfigurationFile) {
  FakeServer server;
  const TemporaryFile config("chairctl.toml", absl::StrCat("# A comment.\n"
                                                           "endpoint = \"",
                                                           server.endpoint(),
                                                           "\"\noutput = \"json\"\n"
                                                           "timeout = \"20s\"\n"));
  constexpr char kJson[] = "{\n \"surveys\": []\n}\n";
  Chairctl chairctl;
  EXPECT_EQ(chairctl.Run({"survey", "list", "--config", config.path()}).out, kJson);
  chairctl.variables["EMPTYCHAIR_CONFIG"] = config.path();
  EXPECT_EQ(chairctl.Run({"survey", "list"}).out, kJson);
  chairctl.variables["EMPTYCHAIR_OUTPUT"] = "csv";
  EXPECT_THAT(chairctl.Run({"survey", "list"}).out, StartsWith("survey_id,"));
  EXPECT_THAT(chairctl.Run({"survey", "list", "--output", "table"}).out, StartsWith("survey  "));
  chairctl.variables["EMPTYCHAIR_ENDPOINT"] = FreeEndpoint();
  EXPECT_EQ(chairctl.Run({"survey", "list"}).exit_code, 78);
  EXPECT_EQ(chairctl.Run({"survey", "list", "--endpoint", server.endpoint()}).exit_code, 0);
  chairctl.variables["EMPTYCHAIR_ENDPOINT"] = "";
  EXPECT_EQ(chairctl.Run({"survey", "list"}).exit_code, 0);
}

TEST(Settings, FlagOverridesAValueThatIsNotAllowed) {
  FakeServer server;
  Chairctl chairctl;
  chairctl.variables["EMPTYCHAIR_TIMEOUT"] = "never";
  chairctl.variables["EMPTYCHAIR_ENDPOINT"] = server.endpoint();
  const ChairctlResult result = chairctl.Run({"survey", "list"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("EMPTYCHAIR_TIMEOUT: is \"never\""));
  EXPECT_EQ(chairctl.Run({"survey", "list", "--timeout", "5s"}).exit_code, 0);
}

TEST(Settings, FindsTheFileWhereConfigurationBelongs) {
  FakeServer server;
  const std::string text = absl::StrCat("endpoint = \"", server.endpoint(), "\"\n");
  const TemporaryFile at_home(".config/emptychair/chairctl.toml", text + "output = \"json\"\n");
  const TemporaryFile at_xdg("emptychair/chairctl.toml", text + "output = \"csv\"\n");
  Chairctl chairctl;
  chairctl.variables["HOME"] = at_home.directory();
  EXPECT_THAT(chairctl.Run({"survey", "list"}).out, StartsWith("{"));
  chairctl.variables["XDG_CONFIG_HOME"] = at_xdg.directory();
  EXPECT_THAT(chairctl.Run({"survey", "list"}).out, StartsWith("survey_id,"));
}

TEST(Settings, RefusesAFileThatItDoesNotUnderstand) {
  for (const char* text :
       {"endpiont = \"a:1\"\n", "[server]\nendpoint = \"a:1\"\n", "endpoint = [\"a:1\", \"b:1\"]\n",
        "output = \"xml\"\n", "timeout = \"soon\"\n", "endpoint = \"nowhere\"\n"}) {
    const TemporaryFile config("chairctl.toml", text);
    Chairctl chairctl;
    EXPECT_EQ(chairctl.Run({"survey", "list", "--config", config.path()}).exit_code, 2) << text;
  }
}

}  // namespace
}  // namespace emptychair
