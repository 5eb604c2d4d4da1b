// Keys made, used, rotated and revoked by chairctl, against the real server.
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "emptychair/v1/access_service.pb.h"
#include "emptychair/v1/admin_service.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/chairctl_harness.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/temp_dir.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

using Arguments = std::vector<std::string>;

class KeyEndToEndTest : public ::testing::Test {
 protected:
  KeyEndToEndTest()
      : server_(Value(StartBinary(directory_.Join("data"), {"--anonymous=none"}))),
        admin_(absl::StrCat("unix:", directory_.Join("data/admin.sock"))) {}

  // By the admin socket.
  ChairctlResult AsAdmin(Arguments arguments) {
    arguments.insert(arguments.end(), {"--endpoint", admin_});
    return chairctl_.Run(arguments);
  }

  // By the server's port, with the key in this file.
  ChairctlResult With(const std::string& key_file, Arguments arguments) {
    arguments.insert(arguments.end(), {"--endpoint", server_.endpoint, "--key-file", key_file});
    ChairctlResult result = chairctl_.Run(arguments);
    EXPECT_THAT(result.out + result.err, Not(HasSubstr(Read(key_file).substr(17, 20))));
    return result;
  }

  static std::string Read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TempDir directory_;
  RunningBinary server_;
  const std::string admin_;
  Chairctl chairctl_;
};

TEST_F(KeyEndToEndTest, AKeyLivesAndEnds) {
  const std::string file = directory_.Join("shop.key");
  EXPECT_EQ(AsAdmin({"survey", "create", "checkout", "--kind", "nps"}).exit_code, 0);
  EXPECT_EQ(AsAdmin({"survey", "create", "delivery", "--kind", "nps"}).exit_code, 0);
  const ChairctlResult made = AsAdmin({"key", "create", "shop", "--role", "submitter", "--survey",
                                       "checkout", "--out", file, "--output", "json"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const std::string key_id = FromJson<v1::CreateKeyResponse>(made.out).key().key_id();
  EXPECT_THAT(Read(file), MatchesRegex("eck_[0-9a-hjkmnp-tv-z]+_[0-9A-Za-z]+\n"));

  EXPECT_THAT(With(file, {"whoami"}).out, HasSubstr("role         submitter"));
  const Arguments submit = {"feedback", "submit", "checkout", "--score", "9"};
  EXPECT_EQ(With(file, submit).exit_code, 0);
  // Another survey is as one that is not there; another method is not for its role.
  EXPECT_EQ(With(file, {"feedback", "submit", "delivery", "--score", "9"}).exit_code, 69);
  EXPECT_EQ(With(file, {"key", "list"}).exit_code, 71);
  // Nobody.
  EXPECT_EQ(chairctl_.Run({"survey", "list", "--endpoint", server_.endpoint}).exit_code, 80);

  const std::string next = directory_.Join("shop.key.next");
  EXPECT_EQ(AsAdmin({"key", "rotate", key_id, "--overlap", "1h", "--out", next}).exit_code, 0);
  EXPECT_EQ(With(file, submit).exit_code, 0);
  EXPECT_EQ(With(next, submit).exit_code, 0);
  EXPECT_EQ(AsAdmin({"key", "update", key_id, "--role", "reader"}).exit_code, 0);
  EXPECT_EQ(With(next, submit).exit_code, 71);
  EXPECT_EQ(AsAdmin({"key", "revoke", key_id}).exit_code, 0);
  const ChairctlResult revoked = With(next, {"whoami"});
  EXPECT_EQ(revoked.exit_code, 80);
  EXPECT_THAT(revoked.err, HasSubstr("KEY_REVOKED"));
  EXPECT_THAT(AsAdmin({"key", "list", "--output", "json"}).out, Not(HasSubstr(key_id)));
  EXPECT_THAT(AsAdmin({"key", "list", "--include-revoked"}).out, HasSubstr(key_id));
  EXPECT_THAT(AsAdmin({"key", "get", key_id}).out, HasSubstr("revoked"));
  // All of it was seen, and no text of a key.
  const ChairctlResult audit = AsAdmin({"audit", "list"});
  EXPECT_EQ(audit.exit_code, 0) << audit.err;
  for (const char* method : {"CreateKey", "RotateKey", "UpdateKey", "RevokeKey"}) {
    EXPECT_THAT(audit.out, HasSubstr(absl::StrCat("AccessService/", method)));
  }
  EXPECT_THAT(audit.out, Not(HasSubstr("eck_")));
  EXPECT_THAT(AsAdmin({"audit", "list", "--method", "AccessService/RotateKey"}).out,
              Not(HasSubstr("CreateKey")));
}

TEST_F(KeyEndToEndTest, AHeadOfTheAuditIsComparedLater) {
  const auto head = [&] {
    const auto chain = FromJson<v1::ListAuditEventsResponse>(
        AsAdmin({"audit", "list", "--limit", "1", "--output", "json"}).out);
    return absl::StrCat(chain.event_count(), ":", chain.head_hash());
  };
  EXPECT_EQ(AsAdmin({"audit", "verify"}).exit_code, 0);
  EXPECT_EQ(AsAdmin({"survey", "create", "checkout", "--kind", "nps"}).exit_code, 0);
  const std::string first = head();
  EXPECT_EQ(AsAdmin({"survey", "create", "delivery", "--kind", "nps"}).exit_code, 0);
  const std::string second = head();
  EXPECT_NE(first, second);
  const ChairctlResult same = AsAdmin({"audit", "verify", "--head", first, "--head", second});
  EXPECT_EQ(same.exit_code, 0) << same.err;
  EXPECT_THAT(same.out, HasSubstr("same"));
  std::string changed = first;
  changed.back() = changed.back() == '0' ? '1' : '0';
  EXPECT_EQ(AsAdmin({"audit", "verify", "--head", changed, "--head", second}).exit_code, 79);
  // More than there are.
  EXPECT_EQ(AsAdmin({"audit", "verify", "--head", "9" + second}).exit_code, 79);
  // What the server tells of itself is the same thing.
  const auto status =
      FromJson<v1::GetStatusResponse>(AsAdmin({"admin", "status", "--output", "json"}).out);
  EXPECT_EQ(
      absl::StrCat(status.access().audit_event_count(), ":", status.access().audit_head_hash()),
      head());
  const std::string file = directory_.Join("operator.key");
  EXPECT_EQ(AsAdmin({"key", "create", "cron", "--role", "operator", "--all-surveys", "--out", file})
                .exit_code,
            0);
  EXPECT_EQ(With(file, {"audit", "verify", "--head", first}).exit_code, 71);
}

TEST_F(KeyEndToEndTest, LimitsAndEndsAreStoredAsTheyWereGiven) {
  const std::string file = directory_.Join("key");
  const ChairctlResult made =
      AsAdmin({"key", "create", "shop", "--role", "reader", "--all-surveys", "--expires",
               "2049-01-01", "--records-per-second", "100", "--records-per-day", "5000", "--out",
               file, "--output", "json"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const std::string key_id = FromJson<v1::CreateKeyResponse>(made.out).key().key_id();
  EXPECT_EQ(AsAdmin({"key", "update", key_id, "--records-per-second", "7"}).exit_code, 0);
  const v1::Key key = FromJson<v1::Key>(AsAdmin({"key", "get", key_id, "--output", "json"}).out);
  EXPECT_EQ(key.limits().records_per_second(), 7);
  EXPECT_EQ(key.limits().records_per_day(), 5'000);
  EXPECT_EQ(key.expire_time().seconds(), 2'493'072'000);
  EXPECT_EQ(AsAdmin({"key", "update", key_id, "--expires", "never"}).exit_code, 0);
  EXPECT_FALSE(
      FromJson<v1::Key>(AsAdmin({"key", "get", key_id, "--output", "json"}).out).has_expire_time());
  // The name is taken, and no file is left of a key that was not made.
  const std::string second = directory_.Join("second");
  const ChairctlResult taken =
      AsAdmin({"key", "create", "shop", "--role", "reader", "--all-surveys", "--out", second});
  EXPECT_EQ(taken.exit_code, 70);
  EXPECT_EQ(Read(second), "");
}

}  // namespace
}  // namespace emptychair::testing
