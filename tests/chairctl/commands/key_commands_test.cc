// `key` and `whoami`, against a service in the test's process.
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/chairctl_harness.h"
#include "tests/chairctl/harness/fake_access_server.h"
#include "tests/helpers/temp_dir.h"

namespace emptychair {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

using Arguments = std::vector<std::string>;

constexpr char kText[] = "eck_04hmasw9nf6y_3AHOVcjqx4BIPWdkry5CJQXelsz6DKRYfmt07ELSZgn1CnWjr";

class KeyCommandsTest : public ::testing::Test {
 protected:
  KeyCommandsTest() {
    chairctl_.variables["EMPTYCHAIR_ENDPOINT"] = server_.endpoint();
    plan().key = FromJson<v1::Key>(R"({
        "keyId": "04hmasw9nf6y", "name": "shop-backend", "role": "ROLE_SUBMITTER",
        "surveyIds": ["checkout", "delivery"], "expireTime": "2024-04-30T11:20:00Z",
        "limits": {"recordsPerSecond": "100", "recordsPerDay": "5000"},
        "createTime": "2024-01-31T11:20:00Z", "lastUseDay": "2024-01-30",
        "creator": "000000000001", "etag": "e1"})");
    plan().key_text = kText;
    plan().keys = {plan().key, FromJson<v1::Key>(R"({"keyId": "0zzzzzzzzzzz", "name": "ops",
                       "role": "ROLE_ADMIN", "allSurveys": true,
                       "certificateSan": "dns:ops.example.org",
                       "revokeTime": "2024-01-01T00:00:00Z"})"),
                   FromJson<v1::Key>(R"({"keyId": "1zzzzzzzzzzz", "name": "dash",
                       "role": "ROLE_READER"})")};
  }

  AccessPlan& plan() { return server_.plan(); }

  ChairctlResult Key(const Arguments& more) {
    Arguments arguments = {"key"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return chairctl_.Run(arguments);
  }

  // The output of a call that must succeed.
  std::string Ok(const Arguments& more) {
    const ChairctlResult result = Key(more);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.out;
  }

  static std::string Read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  testing::TempDir directory_;
  FakeAccessServer server_;
  Chairctl chairctl_;
};

TEST_F(KeyCommandsTest, CreateSendsWhatIsGiven) {
  Ok({"create", "shop-backend", "--role", "submitter", "--survey", "checkout", "--survey",
      "delivery", "--expires", "90d", "--calls-per-second", "7", "--records-per-second", "100",
      "--records-per-day", "5000"});
  EXPECT_EQ(plan().created.ShortDebugString(),
            "key { name: \"shop-backend\" role: ROLE_SUBMITTER survey_ids: \"checkout\" "
            "survey_ids: \"delivery\" expire_time { seconds: 1714476000 } limits { "
            "calls_per_second: 7 records_per_second: 100 records_per_day: 5000 } }");
  Ok({"create", "ops", "--role", "admin", "--all-surveys", "--certificate",
      "uri:spiffe://example.org/ops", "--expires", "never"});
  EXPECT_EQ(plan().created.ShortDebugString(),
            "key { name: \"ops\" role: ROLE_ADMIN all_surveys: true certificate_san: "
            "\"uri:spiffe://example.org/ops\" }");
}

TEST_F(KeyCommandsTest, ExpiresIsASpanOrATime) {
  const int64_t now = absl::ToUnixSeconds(chairctl_.clock.Now());
  const struct {
    const char* text;
    int64_t seconds;
  } cases[] = {{"48h", now + 48 * 3'600},
               {"2w", now + 14 * 86'400},
               {"0", now},
               {"2025-01-31", 1'738'281'600},
               {"2025-01-31T12:00:00+01:00", 1'738'321'200}};
  for (const auto& c : cases) {
    Ok({"create", "a", "--role", "reader", "--all-surveys", "--expires", c.text});
    EXPECT_EQ(plan().created.key().expire_time().seconds(), c.seconds) << c.text;
  }
}

TEST_F(KeyCommandsTest, TheTextIsPrintedOnceAndSaidToBe) {
  const ChairctlResult table = Key({"create", "a", "--role", "submitter", "--survey", "checkout"});
  EXPECT_EQ(table.exit_code, 0);
  EXPECT_EQ(table.out, absl::StrCat("key                 04hmasw9nf6y\n"
                                    "name                shop-backend\n"
                                    "role                submitter\n"
                                    "surveys             checkout, delivery\n"
                                    "records per second  100\n"
                                    "records per day     5000\n"
                                    "created             2024-01-31T11:20:00Z\n"
                                    "created by          000000000001\n"
                                    "last used           2024-01-30\n"
                                    "expires             2024-04-30T11:20:00Z\n"
                                    "key_text            ",
                                    kText, "\n"));
  EXPECT_THAT(table.err, HasSubstr("shown this once"));
  const ChairctlResult json =
      Key({"create", "a", "--role", "submitter", "--survey", "checkout", "--output", "json"});
  EXPECT_EQ(FromJson<v1::CreateKeyResponse>(json.out).key_text(), kText);
  EXPECT_EQ(json.err, "");
  const ChairctlResult csv = Key({"rotate", "04hmasw9nf6y", "--output", "csv"});
  EXPECT_THAT(csv.out, AllOf(StartsWith("key_id,name,role,"), HasSubstr(",key_text\n"),
                             HasSubstr(absl::StrCat(",", kText, "\n"))));
}

TEST_F(KeyCommandsTest, OutHasTheTextForItsOwnerAloneAndTheOutputHasNot) {
  const mode_t before = umask(0);
  const std::string out = directory_.Join("shop.key");
  const ChairctlResult created =
      Key({"create", "a", "--role", "reader", "--all-surveys", "--out", out, "--output", "json"});
  umask(before);
  EXPECT_EQ(created.exit_code, 0) << created.err;
  EXPECT_EQ(Read(out), absl::StrCat(kText, "\n"));
  struct stat status {};
  ASSERT_EQ(stat(out.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  EXPECT_THAT(created.out + created.err, Not(HasSubstr(kText)));
  EXPECT_EQ(FromJson<v1::CreateKeyResponse>(created.out).key().key_id(), "04hmasw9nf6y");
  for (const char* format : {"table", "csv"}) {
    const std::string other = directory_.Join(format);
    const ChairctlResult rotated =
        Key({"rotate", "04hmasw9nf6y", "--out", other, "--output", format});
    EXPECT_EQ(Read(other), absl::StrCat(kText, "\n"));
    EXPECT_THAT(rotated.out + rotated.err, Not(HasSubstr(kText)));
  }
}

TEST_F(KeyCommandsTest, AFileThatIsThereIsNeverWrittenOver) {
  const std::string out = directory_.Join("shop.key");
  std::ofstream(out) << "mine";
  const std::string link = directory_.Join("link");
  std::filesystem::create_symlink(directory_.Join("nowhere"), link);
  for (const std::string& path : {out, link, directory_.Join("missing/shop.key")}) {
    for (const Arguments& command :
         {Arguments{"create", "a", "--role", "reader", "--all-surveys", "--out", path},
          Arguments{"rotate", "04hmasw9nf6y", "--out", path}}) {
      const ChairctlResult result = Key(command);
      EXPECT_EQ(result.exit_code, 2);
      EXPECT_THAT(result.err, AllOf(HasSubstr("--out: cannot write"), HasSubstr(path)));
      EXPECT_EQ(result.out, "");
    }
  }
  EXPECT_EQ(Read(out), "mine");
  // No key was made that nobody has.
  EXPECT_THAT(plan().requests, IsEmpty());
}

TEST_F(KeyCommandsTest, AKeyThatIsRefusedLeavesNoFile) {
  plan().status = Error(v1::ERROR_REASON_KEY_EXISTS, "there is one", {{"key_id", "0"}});
  const std::string out = directory_.Join("shop.key");
  const ChairctlResult result =
      Key({"create", "a", "--role", "reader", "--all-surveys", "--out", out});
  EXPECT_EQ(result.exit_code, 70);
  EXPECT_THAT(result.err, HasSubstr("KEY_EXISTS"));
  EXPECT_FALSE(std::filesystem::exists(out));
}

TEST_F(KeyCommandsTest, ATextThatCannotBeKeptIsSaidToBeLost) {
  // As on a disk that is full after ten bytes.
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = 10;
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string out = directory_.Join("shop.key");
  const ChairctlResult result =
      Key({"create", "a", "--role", "reader", "--all-surveys", "--out", out});
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr(out), HasSubstr("04hmasw9nf6y is lost: rotate or revoke"),
                                Not(HasSubstr(kText))));
  EXPECT_EQ(result.out, "");
  EXPECT_FALSE(std::filesystem::exists(out));
}

TEST_F(KeyCommandsTest, ListShowsAllPages) {
  EXPECT_EQ(Ok({"list"}),
            "key           name          role       surveys             last used   expires        "
            "       certificate\n"
            "04hmasw9nf6y  shop-backend  submitter  checkout, delivery  2024-01-30  "
            "2024-04-30T11:20:00Z  –\n"
            "0zzzzzzzzzzz  ops           admin      all                 –           –              "
            "       dns:ops.example.org\n"
            "1zzzzzzzzzzz  dash          reader                         –           –              "
            "       –\n");
  EXPECT_THAT(plan().requests, SizeIs(2));
  EXPECT_THAT(Ok({"list", "--include-revoked"}),
              AllOf(HasSubstr("revoked"), HasSubstr("2024-01-01T00:00:00Z")));
  EXPECT_THAT(plan().requests.back(), HasSubstr("include_revoked: true"));
  EXPECT_EQ(FromJson<v1::ListKeysResponse>(Ok({"list", "--output", "json"})).keys_size(), 3);
  EXPECT_EQ(
      FromJson<v1::ListKeysResponse>(Ok({"list", "--output", "json", "--limit", "1"})).keys_size(),
      1);
  const std::string csv = Ok({"list", "--output", "csv"});
  EXPECT_THAT(csv, AllOf(StartsWith("key_id,name,role,all_surveys,survey_ids,expire_time,"
                                    "certificate_san,calls_per_second,records_per_second,"
                                    "records_per_day,create_time,revoke_time,last_use_day,"
                                    "creator,former_text_expire_time,etag\n"),
                         HasSubstr("04hmasw9nf6y,shop-backend,submitter,false,checkout delivery,"
                                   "2024-04-30T11:20:00.000Z,,0,100,5000,")));
  // The header is there for no keys as well.
  plan().keys.clear();
  EXPECT_THAT(Ok({"list", "--output", "csv"}), StartsWith("key_id,"));
  EXPECT_EQ(Ok({"list", "--output", "json"}), "{\n \"keys\": []\n}\n");
}

TEST_F(KeyCommandsTest, GetAndRevokeAreOfOneKey) {
  EXPECT_THAT(Ok({"get", "04hmasw9nf6y"}), HasSubstr("shop-backend"));
  plan().key.mutable_revoke_time()->set_seconds(1'706'700'000);
  EXPECT_THAT(Ok({"revoke", "04hmasw9nf6y"}), HasSubstr("revoked             2024-01-31"));
  EXPECT_THAT(plan().requests, ElementsAre("GetKeyRequest: key_id: \"04hmasw9nf6y\"",
                                           "RevokeKeyRequest: key_id: \"04hmasw9nf6y\""));
}

TEST_F(KeyCommandsTest, UpdateChangesWhatIsGivenAlone) {
  const struct {
    Arguments flags;
    const char* request;
  } cases[] = {
      {{"--name", "shop"}, "name: \"shop\" } update_mask { paths: \"name\" }"},
      {{"--role", "reader"}, "role: ROLE_READER } update_mask { paths: \"role\" }"},
      {{"--survey", "a"},
       "survey_ids: \"a\" } update_mask { paths: \"all_surveys\" paths: \"survey_ids\" }"},
      {{"--all-surveys"},
       "all_surveys: true } update_mask { paths: \"all_surveys\" paths: \"survey_ids\" }"},
      {{"--expires", "never"}, "} update_mask { paths: \"expire_time\" }"},
      {{"--expires", "1d"},
       "expire_time { seconds: 1706786400 } } update_mask { paths: \"expire_time\" }"},
  };
  for (const auto& c : cases) {
    Arguments arguments = {"update", "04hmasw9nf6y", "--etag", "e9"};
    arguments.insert(arguments.end(), c.flags.begin(), c.flags.end());
    Ok(arguments);
    EXPECT_THAT(plan().updated.ShortDebugString(),
                AllOf(HasSubstr("key_id: \"04hmasw9nf6y\""), HasSubstr("etag: \"e9\"")));
    v1::UpdateKeyRequest without = plan().updated;
    without.mutable_key()->clear_key_id();
    without.mutable_key()->clear_etag();
    EXPECT_THAT(without.ShortDebugString(), HasSubstr(c.request));
  }
}

TEST_F(KeyCommandsTest, OneLimitLeavesTheOthersAndNobodysChangeIsLost) {
  Ok({"update", "04hmasw9nf6y", "--records-per-second", "0"});
  EXPECT_THAT(plan().requests, SizeIs(2));
  EXPECT_EQ(plan().updated.ShortDebugString(),
            "key { key_id: \"04hmasw9nf6y\" limits { records_per_day: 5000 } etag: \"e1\" } "
            "update_mask { paths: \"limits\" }");
  Ok({"update", "04hmasw9nf6y", "--calls-per-second", "9", "--etag", "e0"});
  EXPECT_EQ(plan().updated.ShortDebugString(),
            "key { key_id: \"04hmasw9nf6y\" limits { calls_per_second: 9 records_per_second: 100 "
            "records_per_day: 5000 } etag: \"e0\" } update_mask { paths: \"limits\" }");
}

TEST_F(KeyCommandsTest, RotateSaysHowLongTheOldTextWorks) {
  Ok({"rotate", "04hmasw9nf6y"});
  EXPECT_FALSE(plan().rotated.has_overlap());
  Ok({"rotate", "04hmasw9nf6y", "--overlap", "7d"});
  EXPECT_EQ(plan().rotated.overlap().seconds(), 7 * 86'400);
  Ok({"rotate", "04hmasw9nf6y", "--overlap", "0"});
  EXPECT_TRUE(plan().rotated.has_overlap());
  EXPECT_EQ(plan().rotated.overlap().seconds(), 0);
}

TEST_F(KeyCommandsTest, WhoAmIShowsTheCaller) {
  plan().caller = FromJson<v1::GetCallerResponse>(
      R"({"kind": "CALLER_KIND_KEY", "role": "ROLE_SUBMITTER",
          "key": {"keyId": "04hmasw9nf6y", "name": "shop", "surveyIds": ["checkout"]},
          "permissions": ["PERMISSION_PUBLIC", "PERMISSION_ANY", "PERMISSION_SUBMIT"]})");
  const ChairctlResult result = chairctl_.Run({"whoami"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out,
            "caller       key\n"
            "key_id       04hmasw9nf6y\n"
            "name         shop\n"
            "role         submitter\n"
            "surveys      checkout\n"
            "expires      –\n"
            "permissions  public, any, submit\n");
  EXPECT_EQ(FromJson<v1::GetCallerResponse>(chairctl_.Run({"whoami", "--output", "json"}).out)
                .ShortDebugString(),
            plan().caller.ShortDebugString());
  plan().caller = FromJson<v1::GetCallerResponse>(R"({"kind": "CALLER_KIND_ANONYMOUS"})");
  EXPECT_THAT(chairctl_.Run({"whoami"}).out, HasSubstr("role         none\n"));
}

TEST_F(KeyCommandsTest, ExitCodesTellWhoFromWhat) {
  for (const Arguments& command :
       {Arguments{"key", "list"}, Arguments{"key", "get", "x"}, Arguments{"key", "revoke", "x"},
        Arguments{"key", "rotate", "x"}, Arguments{"key", "update", "x", "--name", "n"},
        Arguments{"key", "create", "n", "--role", "reader", "--all-surveys"},
        Arguments{"whoami"}}) {
    plan().status = Error(v1::ERROR_REASON_KEY_REQUIRED, "who?");
    EXPECT_EQ(chairctl_.Run(command).exit_code, 80) << absl::StrJoin(command, " ");
    plan().status = Error(v1::ERROR_REASON_NOT_PERMITTED, "no");
    const ChairctlResult result = chairctl_.Run(command);
    EXPECT_EQ(result.exit_code, 71) << absl::StrJoin(command, " ");
    EXPECT_EQ(result.err, "chairctl: NOT_PERMITTED: no\n");
    EXPECT_EQ(result.out, "");
  }
}

TEST_F(KeyCommandsTest, WrongUsageExitsWithTwoAndAsksNobody) {
  const struct {
    Arguments arguments;
    const char* message;
  } cases[] = {
      {{}, "subcommand is required"},
      {{"create"}, "NAME is required"},
      {{"create", "n"}, "--role is required"},
      {{"create", "n", "--role", "reader"}, "wanted --survey or --all-surveys"},
      {{"create", "n", "--role", "owner", "--all-surveys"}, "owner"},
      {{"create", "n", "--role", "reader", "--all-surveys", "--survey", "a"}, "excludes"},
      {{"create", "n", "--role", "reader", "--all-surveys", "--expires", "soon"},
       "--expires: is \"soon\""},
      {{"create", "n", "--role", "reader", "--all-surveys", "--expires", "-1d"},
       "--expires: is \"-1d\""},
      {{"create", "n", "--role", "reader", "--all-surveys", "--expires", "1000001d"},
       "--expires: is"},
      {{"create", "n", "--role", "reader", "--all-surveys", "--calls-per-second", "-1"},
       "--calls-per-second"},
      {{"create", "n", "--role", "reader", "--all-surveys", "--out", ""},
       "wanted the name of a file"},
      {{"create", "n", "--role", "reader", "--all-surveys", "--certificate", "dns:a", "--out", "x"},
       "a certificate has none"},
      {{"create", "n", "--role", "reader", "--all-surveys", "--key", "eck_secret"}, "--key"},
      {{"get"}, "KEY_ID is required"},
      {{"update", "x"}, "wanted at least one change"},
      {{"update", "x", "--etag", "e"}, "wanted at least one change"},
      {{"rotate", "x", "--overlap", "long"}, "--overlap: is \"long\""},
      {{"rotate", "x", "--overlap", "1y"}, "--overlap: is \"1y\""},
      {{"list", "--limit", "0"}, "--limit"},
  };
  for (const auto& c : cases) {
    const ChairctlResult result = Key(c.arguments);
    EXPECT_EQ(result.exit_code, 2) << c.message;
    EXPECT_THAT(result.err, AllOf(StartsWith("chairctl: "), HasSubstr(c.message)));
    EXPECT_EQ(result.out, "");
  }
  EXPECT_THAT(plan().requests, IsEmpty());
}

TEST_F(KeyCommandsTest, HelpHasAnExample) {
  for (const Arguments& command :
       {Arguments{"key"}, Arguments{"key", "create"}, Arguments{"key", "list"},
        Arguments{"key", "get"}, Arguments{"key", "update"}, Arguments{"key", "rotate"},
        Arguments{"key", "revoke"}, Arguments{"whoami"}}) {
    Arguments arguments = command;
    arguments.push_back("--help");
    const ChairctlResult result = chairctl_.Run(arguments);
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_THAT(result.out, HasSubstr("Example:\n  chairctl " + absl::StrJoin(command, " ")));
  }
}

}  // namespace
}  // namespace emptychair
