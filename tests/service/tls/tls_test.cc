// The whole server behind TLS: certificates renewed under load, clients' certificates as callers.
#include <grpc/support/log.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "emptychair/client/client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/server.h"
#include "tests/helpers/certificates.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/temp_dir.h"
#include "tests/helpers/tls_probe.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"

namespace emptychair::testing {
namespace {

using ::testing::HasSubstr;

constexpr int kReloads = 1'000;

class TlsServiceTest : public ::testing::Test {
 protected:
  TlsServiceTest() {
    // Each handshake that fails, it writes to stderr.
    gpr_set_log_function([](gpr_log_func_args*) {});
    config_.data_directory = directory_.Join("data");
    config_.listen_address = "127.0.0.1:0";
    config_.access_log = "off";
    config_.http_listen = kHttpOff;
    config_.steward_period = absl::ZeroDuration();
    config_.tls.certificate_file = directory_.Join("live/server.pem");
    config_.tls.key_file = directory_.Join("live/server.key");
    ReplaceFile(directory_.Join("ca.pem"), authority_.certificate_pem());
    MakePair("a");
    MakePair("b");
    Use("a");
  }
  ~TlsServiceTest() override { gpr_set_log_function(nullptr); }

  // A folder with a new certificate and its key.
  void MakePair(const std::string& name) {
    std::filesystem::create_directory(directory_.Join(name));
    const IssuedCertificate pair = authority_.Issue({.common_name = name});
    ReplaceFile(directory_.Join(name + "/server.pem"), pair.certificate_pem);
    ReplaceFile(directory_.Join(name + "/server.key"), pair.key_pem);
  }

  // Puts the folder in the place of the one before, at one moment.
  void Use(const std::string& name) {
    std::filesystem::create_symlink(name, directory_.Join("next"));
    std::filesystem::rename(directory_.Join("next"), directory_.Join("live"));
  }

  void Start() {
    absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(config_, &log_);
    ASSERT_OK(server);
    server_ = *std::move(server);
  }

  // Of a client with this certificate and key, if any.
  ClientOptions Options(const IssuedCertificate& own = {}, const std::string& key = "") const {
    ClientOptions options{.endpoint = server_->address(), .timeout = kLong};
    Tls tls{.ca_file = directory_.Join("ca.pem")};
    if (!own.certificate_pem.empty()) {
      tls.certificate_file = directory_.Join("own.pem");
      tls.key_file = directory_.Join("own.key");
      ReplaceFile(tls.certificate_file, own.certificate_pem);
      ReplaceFile(tls.key_file, own.key_pem);
    }
    options.credentials = tls;
    if (!key.empty()) {
      options.api_key_source = [key] { return absl::StatusOr<std::string>(key); };
    }
    options.retry_policy = std::make_shared<LimitedAttemptsRetryPolicy>(1);
    return options;
  }

  static Client Connect(const ClientOptions& options) {
    absl::StatusOr<Client> client = Client::Create(options);
    EXPECT_OK(client);
    return *std::move(client);
  }

  // Somebody who may do everything.
  Client Admin() const {
    return MakeClient(absl::StrCat("unix:", config_.data_directory, "/admin.sock"));
  }

  // Who the server takes a client with this certificate and key for.
  absl::StatusOr<v1::GetCallerResponse> WhoIs(const IssuedCertificate& own,
                                              const std::string& key = "") const {
    return Connect(Options(own, key)).GetCaller();
  }

  TempDir directory_;
  TestAuthority authority_;
  ServerConfig config_;
  ServerLog log_{Clock::System(), [](absl::string_view) {}};
  std::unique_ptr<Server> server_;
};

TEST_F(TlsServiceTest, NoCallFailsWhileTheCertificateIsReplacedAThousandTimes) {
  config_.anonymous = "admin";
  Start();
  std::atomic<bool> stops = false;
  std::atomic<int> calls = 0;
  std::vector<std::thread> callers;
  // One over new connections, one over an old one, one with a stream.
  callers.emplace_back([&] {
    while (!stops) {
      EXPECT_OK(Connect(Options()).GetStatus());
      ++calls;
    }
  });
  callers.emplace_back([&] {
    const Client client = Connect(Options());
    while (!stops) {
      EXPECT_OK(client.GetStatus());
    }
  });
  callers.emplace_back([&] {
    Client client = Connect(Options());
    Create(client, NpsSurvey("nps"));
    const auto stream =
        client.StreamFeedback([](const auto&, const v1::StreamFeedbackResponse& response) {
          EXPECT_EQ(response.failures_size(), 0);
        });
    while (!stops) {
      v1::StreamFeedbackRequest batch;
      batch.add_feedback()->set_survey_id("nps");
      EXPECT_OK(stream->Send(std::move(batch)));
    }
    EXPECT_OK(stream->Finish());
  });
  for (int i = 1; i <= kReloads; ++i) {
    Use(i % 2 == 0 ? "a" : "b");
    server_->Reload();
  }
  // gRPC looks once a second: until it has, and new connections were made since.
  MakePair("c");
  Use("c");
  server_->Reload();
  const CertificateChain newest = Value(LoadCertificates({"c", directory_.Join("c/server.pem")}));
  const std::string fingerprint = Fingerprint(*newest.certificates[0]);
  const absl::Time give_up = absl::Now() + kLong;
  while (Probe(server_->port()).fingerprint != fingerprint && absl::Now() < give_up) {
  }
  const int before = calls;
  while (calls < before + 5 && absl::Now() < give_up) {
    std::this_thread::yield();
  }
  EXPECT_LT(absl::Now(), give_up);
  stops = true;
  for (std::thread& caller : callers) {
    caller.join();
  }
}

TEST_F(TlsServiceTest, AKeyIsTakenByTlsAndNobodyIsWithoutOne) {
  Start();
  EXPECT_THAT(Connect(Options()).GetCaller(), HasReason(v1::ERROR_REASON_KEY_REQUIRED));
  v1::CreateKeyRequest request;
  request.mutable_key()->set_name("reader");
  request.mutable_key()->set_role(v1::ROLE_READER);
  request.mutable_key()->set_all_surveys(true);
  const v1::CreateKeyResponse made = Value(Admin().CreateKey(request));
  const v1::GetCallerResponse caller = Value(WhoIs({}, made.key_text()));
  EXPECT_EQ(caller.kind(), v1::CALLER_KIND_KEY);
  EXPECT_EQ(caller.key().name(), "reader");
}

TEST_F(TlsServiceTest, AClientsCertificateIsItsNamesAndNeverItsCommonName) {
  TestAuthority clients("clients");
  config_.tls.client_ca_file = directory_.Join("clients.pem");
  ReplaceFile(config_.tls.client_ca_file, clients.certificate_pem());
  Start();
  v1::CreateKeyRequest request;
  request.mutable_key()->set_name("shop");
  request.mutable_key()->set_role(v1::ROLE_SUBMITTER);
  request.mutable_key()->set_all_surveys(true);
  request.mutable_key()->set_certificate_san("uri:spiffe://example.org/shop");
  EXPECT_EQ(Value(Admin().CreateKey(request)).key_text(), "");
  const std::string name = "URI:spiffe://example.org/shop";

  const v1::GetCallerResponse caller =
      Value(WhoIs(clients.Issue({.names = {"DNS:localhost", name}})));
  EXPECT_EQ(caller.kind(), v1::CALLER_KIND_CERTIFICATE);
  EXPECT_EQ(caller.key().name(), "shop");

  for (const CertificateSpec& spec :
       {CertificateSpec{.common_name = "uri:spiffe://example.org/shop", .names = {}},
        CertificateSpec{.common_name = "spiffe://example.org/shop", .names = {"DNS:localhost"}},
        CertificateSpec{.names = {"URI:spiffe://example.org/shop2"}},
        CertificateSpec{.names = {"email:shop@example.org"}}}) {
    EXPECT_THAT(WhoIs(clients.Issue(spec)), HasReason(v1::ERROR_REASON_CERTIFICATE_UNKNOWN))
        << spec.common_name;
  }
  // Not issued by who may.
  EXPECT_THAT(WhoIs(authority_.Issue({.names = {name}})), StatusIs(absl::StatusCode::kUnavailable));
  // Without one a client is anybody.
  EXPECT_THAT(WhoIs({}), HasReason(v1::ERROR_REASON_KEY_REQUIRED));
}

TEST_F(TlsServiceTest, ARevokedCertificateIsRefusedAtTheNextCall) {
  TestAuthority clients("clients");
  config_.tls.client_ca_file = directory_.Join("clients.pem");
  config_.tls.client_certificates = "required";
  ReplaceFile(config_.tls.client_ca_file, clients.certificate_pem());
  Start();
  v1::CreateKeyRequest request;
  request.mutable_key()->set_name("shop");
  request.mutable_key()->set_role(v1::ROLE_READER);
  request.mutable_key()->set_all_surveys(true);
  request.mutable_key()->set_certificate_san("dns:shop.example.org");
  const v1::Key key = Value(Admin().CreateKey(request)).key();
  const Client client = Connect(Options(clients.Issue({.names = {"DNS:SHOP.example.org"}})));
  EXPECT_OK(client.GetCaller());
  v1::RevokeKeyRequest revoke;
  revoke.set_key_id(key.key_id());
  EXPECT_OK(Admin().RevokeKey(revoke));
  EXPECT_THAT(client.GetCaller(), StatusIs(absl::StatusCode::kUnauthenticated));
}

TEST_F(TlsServiceTest, AStartWithABadPairMakesNoStore) {
  ReplaceFile(directory_.Join("a/server.key"), "junk");
  const absl::Status status = Server::Start(config_, &log_).status();
  EXPECT_THAT(status, HasField("--tls_key"));
  EXPECT_THAT(std::string(status.message()), HasSubstr(config_.tls.key_file));
  EXPECT_FALSE(std::filesystem::exists(config_.data_directory));
}

TEST_F(TlsServiceTest, AStoreThatHasServedByTlsIsOpenedAgain) {
  config_.anonymous = "admin";
  for (int i = 0; i < 2; ++i) {
    Start();
    EXPECT_OK(Connect(Options()).GetStatus());
    server_.reset();
  }
  config_.tls = {};
  Start();
  EXPECT_OK(MakeClient(server_->address()).GetStatus());
}

}  // namespace
}  // namespace emptychair::testing
