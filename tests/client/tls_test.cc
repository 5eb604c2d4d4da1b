// Connections by TLS.
#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "emptychair/client/client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/keyed_server.h"
#include "tests/helpers/certificates.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/temp_dir.h"

namespace emptychair {
namespace {

using ::emptychair::testing::CertificateSpec;
using ::emptychair::testing::HasField;
using ::emptychair::testing::IssuedCertificate;
using ::emptychair::testing::ReplaceFile;
using ::emptychair::testing::StatusIs;
using ::emptychair::testing::TestAuthority;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kKey[] = "eck_0000000000aa_key";

class ClientTlsTest : public ::testing::Test {
 protected:
  ClientTlsTest() {
    Write("key", kKey);
    Write("ca.pem", authority_.certificate_pem());
    options_.api_key_file = directory_.Join("key");
    options_.credentials = Tls{.ca_file = directory_.Join("ca.pem")};
    options_.retry_policy = std::make_shared<LimitedAttemptsRetryPolicy>(1);
  }

  void Write(const std::string& name, const std::string& content) const {
    ReplaceFile(directory_.Join(name), content);
  }

  Tls& tls() { return std::get<Tls>(options_.credentials); }

  // A server with a certificate of `authority_`; asks for clients' ones by `client_ca`, if any.
  void Serve(const CertificateSpec& spec = {}, const std::string& client_ca = "") {
    const IssuedCertificate issued = authority_.Issue(spec);
    grpc::SslServerCredentialsOptions ssl(
        client_ca.empty() ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                          : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    ssl.pem_root_certs = client_ca;
    ssl.pem_key_cert_pairs.push_back({issued.key_pem, issued.certificate_pem});
    server_ = std::make_unique<KeyedServer>(kKey, grpc::SslServerCredentials(ssl));
    options_.endpoint = absl::StrCat("127.0.0.1:", server_->port());
  }

  absl::Status Ask() const {
    const absl::StatusOr<std::shared_ptr<Connection>> connection = MakeConnection(options_);
    return connection.ok() ? (*connection)->GetSurvey({}).status() : connection.status();
  }

  testing::TempDir directory_;
  TestAuthority authority_;
  ClientOptions options_;
  std::unique_ptr<KeyedServer> server_;
};

TEST_F(ClientTlsTest, TakesAServerOfTheAuthority) {
  Serve();
  EXPECT_OK(Ask());
  // Not by the machine's own, which do not know it.
  tls().ca_file.clear();
  EXPECT_THAT(Ask(), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(ClientTlsTest, TakesNoServerOfAnother) {
  Serve();
  Write("ca.pem", TestAuthority().certificate_pem());
  EXPECT_THAT(Ask(), StatusIs(absl::StatusCode::kUnavailable));
  options_.credentials = PlainText();
  EXPECT_THAT(Ask(), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(ClientTlsTest, TheNameMustBeTheServers) {
  Serve({.names = {"DNS:feedback.example"}});
  EXPECT_THAT(Ask(), StatusIs(absl::StatusCode::kUnavailable));
  tls().server_name = "feedback.example";
  EXPECT_OK(Ask());
  tls().server_name = "other.example";
  EXPECT_THAT(Ask(), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(ClientTlsTest, ShowsItsOwnCertificate) {
  TestAuthority clients("clients");
  Serve({}, clients.certificate_pem());
  EXPECT_THAT(Ask(), StatusIs(absl::StatusCode::kUnavailable));
  const IssuedCertificate own = clients.Issue();
  Write("own.pem", own.certificate_pem);
  Write("own.key", own.key_pem);
  tls().certificate_file = directory_.Join("own.pem");
  tls().key_file = directory_.Join("own.key");
  EXPECT_OK(Ask());
  const IssuedCertificate other = TestAuthority("clients").Issue();
  Write("own.pem", other.certificate_pem);
  Write("own.key", other.key_pem);
  EXPECT_THAT(Ask(), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(ClientTlsTest, RefusesFilesThatCannotWorkAndNamesThem) {
  options_.endpoint = "127.0.0.1:1";
  const IssuedCertificate own = authority_.Issue();
  const IssuedCertificate ended = authority_.Issue({.not_after = absl::Now() - absl::Hours(1)});
  Write("own.pem", own.certificate_pem);
  Write("own.key", own.key_pem);
  Write("ended.pem", ended.certificate_pem);
  Write("ended.key", ended.key_pem);
  Write("junk", "MARKER");
  const std::string certificate = directory_.Join("own.pem");
  const std::string key = directory_.Join("own.key");
  const std::string junk = directory_.Join("junk");
  const struct {
    const char* field;
    Tls tls;
    std::string fault;
  } cases[] = {
      {"credentials.ca_file", {.ca_file = junk}, junk},
      {"credentials.ca_file", {.ca_file = directory_.Join("missing")}, "No such file"},
      {"credentials.ca_file", {.ca_file = key}, "holds no certificate"},
      {"credentials.key_file", {.certificate_file = certificate}, "is missing beside"},
      {"credentials.certificate_file", {.key_file = key}, "is missing beside"},
      {"credentials.certificate_file", {.certificate_file = junk, .key_file = key}, junk},
      {"credentials.key_file", {.certificate_file = certificate, .key_file = junk}, junk},
      {"credentials.key_file",
       {.certificate_file = certificate, .key_file = directory_.Join("ended.key")},
       "another key"},
      {"credentials.certificate_file",
       {.certificate_file = directory_.Join("ended.pem"), .key_file = directory_.Join("ended.key")},
       "ended at"},
  };
  for (const auto& c : cases) {
    options_.credentials = c.tls;
    const absl::Status status = MakeConnection(options_).status();
    EXPECT_THAT(status, HasField(c.field)) << c.fault;
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr(c.fault), Not(HasSubstr("MARKER"))));
  }
  options_.credentials = Tls{.certificate_file = certificate, .key_file = key};
  EXPECT_OK(MakeConnection(options_));
}

TEST_F(ClientTlsTest, AServerInPlainTextIsNotSpokenTo) {
  KeyedServer server(kKey);
  options_.endpoint = absl::StrCat("127.0.0.1:", server.port());
  EXPECT_THAT(Ask(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_TRUE(server.calls().empty());
}

}  // namespace
}  // namespace emptychair
