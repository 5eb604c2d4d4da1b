// The binary with certificates: what it refuses at its start, and what it takes at SIGHUP.
#include <signal.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "emptychair/client/client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/certificates.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/subprocess.h"
#include "tests/helpers/temp_dir.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class TlsProcessTest : public ::testing::Test {
 protected:
  TlsProcessTest() { Write(authority_.Issue()); }

  void Write(const IssuedCertificate& pair) const {
    ReplaceFile(certificate_, pair.certificate_pem);
    ReplaceFile(key_, pair.key_pem);
  }

  RunningBinary Start(std::vector<std::string> flags = {}) {
    flags.push_back("--tls_certificate=" + certificate_);
    flags.push_back("--tls_key=" + key_);
    return Value(StartBinary(directory_.Join("data"), flags));
  }

  // Waits until the server's log has `text` so often.
  static bool AwaitLog(const RunningBinary& server, const std::string& text, int count = 1) {
    const absl::Time give_up = absl::Now() + kLong;
    while (absl::Now() < give_up) {
      const std::string log = server.process->StandardError();
      int found = 0;
      for (size_t at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) {
        ++found;
      }
      if (found >= count) {
        return true;
      }
    }
    return false;
  }

  TempDir directory_;
  TestAuthority authority_;
  const std::string certificate_ = directory_.Join("server.pem");
  const std::string key_ = directory_.Join("server.key");
};

TEST_F(TlsProcessTest, TheStartNamesFlagAndFileAndExitsWithOne) {
  const IssuedCertificate good = authority_.Issue();
  const struct {
    IssuedCertificate pair;
    const char* flag;
    const std::string& file;
  } cases[] = {
      {{good.certificate_pem, authority_.Issue().key_pem}, "--tls_key", key_},
      {{good.certificate_pem, "junk"}, "--tls_key", key_},
      {{"junk", good.key_pem}, "--tls_certificate", certificate_},
      {authority_.Issue({.not_after = absl::Now() - absl::Hours(1)}), "--tls_certificate",
       certificate_},
  };
  for (const auto& c : cases) {
    Write(c.pair);
    const FinishedProcess refused = Value(
        RunToEnd({EMPTYCHAIRD_PATH, "--data=" + directory_.Join("data"), "--listen=127.0.0.1:0",
                  "--tls_certificate=" + certificate_, "--tls_key=" + key_},
                 kLong));
    EXPECT_EQ(refused.exit_status, 1);
    EXPECT_THAT(refused.standard_error, AllOf(HasSubstr(c.flag), HasSubstr(c.file)));
    EXPECT_EQ(refused.standard_output, "");
  }
}

TEST_F(TlsProcessTest, ListensElsewhereWithoutBeingToldThatItIsInsecure) {
  const auto server =
      Value(Subprocess::Start({EMPTYCHAIRD_PATH, "--data=" + directory_.Join("data"),
                               "--listen=0.0.0.0:0", "--tls_certificate=" + certificate_,
                               "--tls_key=" + key_, "--access_log=off", "--http_listen=off"}));
  EXPECT_THAT(server->ReadLine(kLong), IsOkAndHolds(HasSubstr("listening on 0.0.0.0:")));
}

TEST_F(TlsProcessTest, ASignalTakesWhatStandsInTheFiles) {
  RunningBinary server = Start();
  EXPECT_TRUE(AwaitLog(server, "certificate loaded"));
  Write({"junk", "MARKER"});
  server.process->Signal(SIGHUP);
  EXPECT_TRUE(AwaitLog(server, "certificate refused"));
  Write(authority_.Issue());
  server.process->Signal(SIGHUP);
  EXPECT_TRUE(AwaitLog(server, "certificate loaded", 2));
  EXPECT_THAT(server.process->StandardError(), Not(HasSubstr("MARKER")));
  server.process->Signal(SIGTERM);
  EXPECT_THAT(server.process->Wait(kLong), IsOkAndHolds(0));
}

TEST_F(TlsProcessTest, AChangedFileIsSeenWithoutASignal) {
  RunningBinary server = Start();
  Write(authority_.Issue());
  EXPECT_TRUE(AwaitLog(server, "certificate loaded", 2));
}

TEST_F(TlsProcessTest, TheFolderOfTheRunTimeIsUsedWhereThereIsOne) {
  const TempDir runtime;
  const auto process =
      Value(Subprocess::Start({EMPTYCHAIRD_PATH, "--data=" + directory_.Join("data"),
                               "--listen=127.0.0.1:0", "--tls_certificate=" + certificate_,
                               "--tls_key=" + key_, "--access_log=off", "--http_listen=off"},
                              {.environment = {{"RUNTIME_DIRECTORY", runtime.path()}}}));
  EXPECT_OK(process->ReadLine(kLong));
  std::ifstream published(runtime.Join("tls/current/key.pem"));
  std::ifstream source(key_);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(published), {}),
            std::string(std::istreambuf_iterator<char>(source), {}));
  EXPECT_FALSE(std::ifstream(directory_.Join("data/tls/current/key.pem")).is_open());
}

// A key and its text go by files and metadata alone.
TEST_F(TlsProcessTest, NoSecretIsInTheCommandLinesOrTheLog) {
  const std::string key_file = directory_.Join("MARKER-free.key");
  const std::string text = "eck_0000000000aa_MARKERMARKERMARKERMARKERMARKERMARKERMARKERMARKER1";
  ReplaceFile(key_file, text);
  ReplaceFile(directory_.Join("ca.pem"), authority_.certificate_pem());
  RunningBinary server = Start({"--access_log=stderr"});
  const FinishedProcess refused =
      Value(RunToEnd({CHAIRCTL_PATH, "whoami", "--endpoint", server.endpoint, "--tls", "--ca-file",
                      directory_.Join("ca.pem"), "--key-file", key_file},
                     kLong));
  EXPECT_EQ(refused.exit_status, 80) << refused.standard_error;
  EXPECT_THAT(refused.standard_error, AllOf(HasSubstr("KEY_INVALID"), HasSubstr("warning"),
                                            Not(HasSubstr("MARKERMARKER"))));
  EXPECT_TRUE(AwaitLog(server, "GetCaller"));
  EXPECT_THAT(server.process->StandardError(), Not(HasSubstr("MARKERMARKER")));
  std::ifstream command_line(absl::StrCat("/proc/", server.process->pid(), "/cmdline"));
  EXPECT_THAT(std::string(std::istreambuf_iterator<char>(command_line), {}),
              AllOf(HasSubstr("--tls_key"), Not(HasSubstr("PRIVATE KEY"))));
}

}  // namespace
}  // namespace emptychair::testing
