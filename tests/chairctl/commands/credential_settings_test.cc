// The global flags of how chairctl connects and as whom, against services in the test's process.
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/chairctl_harness.h"
#include "tests/chairctl/harness/fake_access_server.h"
#include "tests/helpers/certificates.h"
#include "tests/helpers/temp_dir.h"

namespace emptychair {
namespace {

using ::emptychair::testing::IssuedCertificate;
using ::emptychair::testing::ReplaceFile;
using ::emptychair::testing::TestAuthority;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

using Arguments = std::vector<std::string>;

constexpr char kKey[] = "eck_0000000000aa_MARKER";

class CredentialSettingsTest : public ::testing::Test {
 protected:
  CredentialSettingsTest() { Write("key", absl::StrCat(kKey, "\n"), 0600); }

  std::string Write(const std::string& name, const std::string& content, mode_t mode = 0644) {
    ReplaceFile(directory_.Join(name), content);
    EXPECT_EQ(chmod(directory_.Join(name).c_str(), mode), 0);
    return directory_.Join(name);
  }

  // Of `whoami` at the server with these flags.
  ChairctlResult Run(const Arguments& flags) { return RunAt(server_, flags); }

  ChairctlResult RunAt(const FakeAccessServer& server, const Arguments& flags) {
    Arguments arguments = {"whoami", "--endpoint", server.endpoint()};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    ChairctlResult result = chairctl_.Run(arguments);
    EXPECT_THAT(result.out + result.err, Not(HasSubstr("MARKER")));
    return result;
  }

  std::string Sent() { return server_.plan().authorization; }

  // A server of `authority_`, which asks for certificates of `client_ca`, if any.
  std::unique_ptr<FakeAccessServer> Encrypted(const std::string& client_ca = "",
                                              const std::string& name = "IP:127.0.0.1") {
    const IssuedCertificate issued = authority_.Issue({.names = {name}});
    grpc::SslServerCredentialsOptions ssl(
        client_ca.empty() ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                          : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    ssl.pem_root_certs = client_ca;
    ssl.pem_key_cert_pairs.push_back({issued.key_pem, issued.certificate_pem});
    return std::make_unique<FakeAccessServer>(grpc::SslServerCredentials(ssl));
  }

  testing::TempDir directory_;
  const std::string key_file_ = directory_.Join("key");
  TestAuthority authority_;
  FakeAccessServer server_;
  Chairctl chairctl_;
};

TEST_F(CredentialSettingsTest, TheKeyComesFromFlagVariableOrFile) {
  const std::string expected = absl::StrCat("Bearer ", kKey);
  EXPECT_EQ(Run({}).exit_code, 0);
  EXPECT_EQ(Sent(), "");
  EXPECT_EQ(Run({"--key-file", key_file_}).exit_code, 0);
  EXPECT_EQ(Sent(), expected);
  chairctl_.variables["EMPTYCHAIR_KEY_FILE"] = key_file_;
  EXPECT_EQ(Run({}).err, "");
  EXPECT_EQ(Sent(), expected);
  // Over both: no key.
  EXPECT_EQ(Run({"--key-file", ""}).exit_code, 0);
  EXPECT_EQ(Sent(), "");
  chairctl_.variables.clear();
  for (const char* name : {"key_file", "key-file"}) {
    const std::string config =
        Write("chairctl.toml", absl::StrCat(name, " = \"", key_file_, "\"\n"));
    EXPECT_EQ(Run({"--config", config}).exit_code, 0);
    EXPECT_EQ(Sent(), expected);
  }
}

TEST_F(CredentialSettingsTest, TheKeyCanComeFromTheStandardInput) {
  chairctl_.standard_input = absl::StrCat(kKey, "\r\nmore\n");
  EXPECT_EQ(Run({"--key-file", "-"}).exit_code, 0);
  EXPECT_EQ(Sent(), absl::StrCat("Bearer ", kKey));
  chairctl_.standard_input = "\nMARKER";
  const ChairctlResult empty = Run({"--key-file", "-"});
  EXPECT_EQ(empty.exit_code, 2);
  EXPECT_THAT(empty.err, HasSubstr("--key-file"));
}

TEST_F(CredentialSettingsTest, TheKeyCanComeFromAPipe) {
  const std::string pipe = directory_.Join("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  std::thread writer([&pipe] { std::ofstream(pipe) << kKey << "\n"; });
  EXPECT_EQ(Run({"--key-file", pipe}).exit_code, 0);
  writer.join();
  EXPECT_EQ(Sent(), absl::StrCat("Bearer ", kKey));
}

TEST_F(CredentialSettingsTest, WarnsOfAKeyThatOthersCanRead) {
  for (const mode_t mode : {0644, 0640, 0604}) {
    Write("key", kKey, mode);
    const ChairctlResult result = Run({"--key-file", key_file_});
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.err, absl::StrCat("chairctl: warning: others can read the key in \"",
                                       key_file_, "\"; chmod 600 keeps it to yourself\n"));
  }
  for (const mode_t mode : {0600, 0400}) {
    Write("key", kKey, mode);
    EXPECT_EQ(Run({"--key-file", key_file_}).err, "");
  }
}

TEST_F(CredentialSettingsTest, AKeyFileThatHoldsNoneIsWrongUsage) {
  for (const char* content : {"", "\n", "MARKER MARKER", "MARKER\nMARKER"}) {
    Write("key", content, 0600);
    const ChairctlResult result = Run({"--key-file", key_file_});
    EXPECT_EQ(result.exit_code, 2) << content;
    EXPECT_THAT(result.err,
                AllOf(HasSubstr("--key-file: "), HasSubstr(key_file_), HasSubstr("holds no key")));
  }
  const ChairctlResult missing = Run({"--key-file", directory_.Join("missing")});
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_THAT(missing.err, AllOf(HasSubstr("--key-file: "), HasSubstr("No such file")));
}

TEST_F(CredentialSettingsTest, AKeyIsNotSentInPlainTextToOthers) {
  const ChairctlResult result =
      chairctl_.Run({"whoami", "--endpoint", "feedback.example:7443", "--key-file", key_file_});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("feedback.example:7443"), HasSubstr("--tls"),
                                Not(HasSubstr("MARKER"))));
}

TEST_F(CredentialSettingsTest, EncryptionComesFromFlagVariableOrFile) {
  const auto encrypted = Encrypted();
  const std::string ca = Write("ca.pem", authority_.certificate_pem());
  EXPECT_EQ(RunAt(*encrypted, {}).exit_code, 78);
  EXPECT_EQ(RunAt(*encrypted, {"--tls", "--ca-file", ca}).exit_code, 0);
  EXPECT_EQ(RunAt(*encrypted, {"--tls"}).exit_code, 78);
  chairctl_.variables["EMPTYCHAIR_TLS"] = "true";
  chairctl_.variables["EMPTYCHAIR_CA_FILE"] = ca;
  EXPECT_EQ(RunAt(*encrypted, {}).exit_code, 0);
  // For another server, with the same environment.
  EXPECT_EQ(Run({"--tls=false"}).exit_code, 0);
  EXPECT_EQ(Run({}).exit_code, 78);
  chairctl_.variables.clear();
  const std::string config =
      Write("chairctl.toml", absl::StrCat("tls = true\nca_file = \"", ca, "\"\n"));
  EXPECT_EQ(RunAt(*encrypted, {"--config", config}).exit_code, 0);
  EXPECT_EQ(Run({"--config", config, "--tls=false"}).exit_code, 0);
}

TEST_F(CredentialSettingsTest, ShowsItsCertificateAndChecksTheServersName) {
  TestAuthority clients("clients");
  const auto encrypted = Encrypted(clients.certificate_pem(), "DNS:feedback.example");
  const IssuedCertificate own = clients.Issue();
  const Arguments all = {"--tls",
                         "--ca-file",
                         Write("ca.pem", authority_.certificate_pem()),
                         "--cert-file",
                         Write("own.pem", own.certificate_pem),
                         "--cert-key-file",
                         Write("own.key", own.key_pem, 0600),
                         "--server-name",
                         "feedback.example"};
  EXPECT_EQ(RunAt(*encrypted, all).exit_code, 0);
  // Without the name, without the certificate.
  EXPECT_EQ(RunAt(*encrypted, Arguments(all.begin(), all.end() - 2)).exit_code, 78);
  EXPECT_EQ(RunAt(*encrypted, {"--tls", "--ca-file", directory_.Join("ca.pem"), "--server-name",
                               "feedback.example"})
                .exit_code,
            78);
  chairctl_.variables = {{"EMPTYCHAIR_TLS", "1"},
                         {"EMPTYCHAIR_CA_FILE", directory_.Join("ca.pem")},
                         {"EMPTYCHAIR_CERT_FILE", directory_.Join("own.pem")},
                         {"EMPTYCHAIR_CERT_KEY_FILE", directory_.Join("own.key")},
                         {"EMPTYCHAIR_SERVER_NAME", "feedback.example"}};
  EXPECT_EQ(RunAt(*encrypted, {}).exit_code, 0);
}

TEST_F(CredentialSettingsTest, WrongUsageNamesWhereItComesFrom) {
  const std::string ca = Write("ca.pem", authority_.certificate_pem());
  const std::string junk = Write("junk", "MARKER");
  const struct {
    Arguments flags;
    const char* message;
  } cases[] = {
      {{"--ca-file", ca}, "--ca-file: is for encryption; wanted --tls"},
      {{"--cert-file", ca}, "--cert-file: is for encryption"},
      {{"--cert-key-file", ca}, "--cert-key-file: is for encryption"},
      {{"--server-name", "x"}, "--server-name: is for encryption"},
      {{"--tls", "--cert-file", ca}, "wanted --cert-key-file"},
      {{"--tls", "--cert-key-file", ca}, "wanted --cert-file"},
      {{"--tls", "--ca-file", junk}, "--ca-file: "},
      {{"--tls", "--cert-file", junk, "--cert-key-file", junk}, "--cert-file: "},
      {{"--tls", "--cert-file", ca, "--cert-key-file", junk}, "--cert-key-file: "},
      {{"--tls", "--ca-file", directory_.Join("missing")}, "No such file"},
      {{"--tls=perhaps"}, "--tls"},
      {{"--key", "eck_MARKER"}, "not expected: eck_… --key"},
  };
  for (const auto& c : cases) {
    const ChairctlResult result = Run(c.flags);
    EXPECT_EQ(result.exit_code, 2) << c.message;
    EXPECT_THAT(result.err, HasSubstr(c.message));
    EXPECT_EQ(result.out, "");
  }
  chairctl_.variables["EMPTYCHAIR_TLS"] = "perhaps";
  EXPECT_THAT(Run({}).err, HasSubstr("EMPTYCHAIR_TLS: is \"perhaps\"; wanted true or false"));
  EXPECT_TRUE(server_.plan().requests.empty());
}

}  // namespace
}  // namespace emptychair
