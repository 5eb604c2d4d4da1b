// What the credentials do on the wire: which certificate new connections get, and which clients are
// taken.
#include <grpc/support/log.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "common/base/clock.h"
#include "emptychair/v1/admin_service.grpc.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/rpc/server_builder.h"
#include "server/tls/server_certificates.h"
#include "tests/helpers/certificates.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/temp_dir.h"
#include "tests/helpers/tls_probe.h"

namespace emptychair::testing {
namespace {

// How long gRPC may take to see what is published.
constexpr absl::Duration kSeenAfter = absl::Seconds(30);

class TlsListenerTest : public ::testing::Test {
 protected:
  TlsListenerTest() {
    // Each handshake that fails, it writes to stderr.
    gpr_set_log_function([](gpr_log_func_args*) {});
    options_.certificate_file = directory_.Join("server.pem");
    options_.key_file = directory_.Join("server.key");
    Write(authority_.Issue());
  }

  ~TlsListenerTest() override {
    if (server_ != nullptr) {
      server_->Shutdown(std::chrono::system_clock::now());
    }
    gpr_set_log_function(nullptr);
  }

  void Write(const IssuedCertificate& pair) {
    ReplaceFile(options_.certificate_file, pair.certificate_pem);
    ReplaceFile(options_.key_file, pair.key_pem);
  }

  void AskForClients(const std::string& ca_pem, const std::string& how) {
    options_.client_ca_file = directory_.Join("ca.pem");
    options_.client_certificates = how;
    ReplaceFile(options_.client_ca_file, ca_pem);
  }

  void Start() {
    ASSERT_OK_AND_ASSIGN(certificates_, ServerCertificates::Load(options_, Clock::System(), &log_));
    ASSERT_OK(certificates_->PublishIn(directory_.Join("tls")));
    grpc::ServerBuilder builder;
    ConfigureServer(builder, int64_t{64} << 20);
    builder.AddListeningPort("127.0.0.1:0", certificates_->MakeCredentials(), &port_);
    builder.RegisterService(&admin_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
  }

  std::string Fingerprint() const { return certificates_->figures().fingerprint; }

  // Connects until `is_seen` says so of what came of it.
  template <typename IsSeen>
  bool ProbeUntil(const ProbeOptions& options, const IsSeen& is_seen) const {
    const absl::Time give_up = absl::Now() + kSeenAfter;
    while (!is_seen(Probe(port_, options))) {
      if (absl::Now() > give_up) {
        return false;
      }
    }
    return true;
  }

  TempDir directory_;
  ServerLog log_{Clock::System(), [](absl::string_view) {}};
  TestAuthority authority_;
  TlsOptions options_;
  v1::AdminService::Service admin_;
  std::unique_ptr<ServerCertificates> certificates_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

TEST_F(TlsListenerTest, SpeaksNothingOlderThanTls12) {
  Start();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const ProbeResult result = Probe(port_, {.version_max = version});
    EXPECT_TRUE(result.is_accepted);
    EXPECT_EQ(result.version, version);
    EXPECT_EQ(result.fingerprint, Fingerprint());
  }
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    EXPECT_FALSE(Probe(port_, {.version_max = version}).is_accepted) << version;
  }
}

TEST_F(TlsListenerTest, NewConnectionsGetTheNewCertificateAndOldOnesGoOn) {
  Start();
  const std::string before = Fingerprint();
  grpc::SslCredentialsOptions ssl{.pem_root_certs = authority_.certificate_pem()};
  const auto channel =
      grpc::CreateChannel("127.0.0.1:" + std::to_string(port_), grpc::SslCredentials(ssl));
  ASSERT_TRUE(
      channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(20)));
  Write(authority_.Issue());
  certificates_->Reload();
  const std::string after = Fingerprint();
  ASSERT_NE(after, before);
  EXPECT_TRUE(ProbeUntil({}, [&](const ProbeResult& result) {
    EXPECT_TRUE(result.is_accepted);
    return result.fingerprint == after;
  }));
  EXPECT_EQ(channel->GetState(false), GRPC_CHANNEL_READY);
}

TEST_F(TlsListenerTest, ABadPairChangesNothingForNewConnections) {
  Start();
  const std::string before = Fingerprint();
  Write({authority_.Issue().certificate_pem, authority_.Issue().key_pem});
  certificates_->Reload();
  Write({"junk", "junk"});
  certificates_->Reload();
  // Then a good one, by which it shows that gRPC has looked.
  Write(authority_.Issue());
  certificates_->Reload();
  const std::string after = Fingerprint();
  EXPECT_TRUE(ProbeUntil({}, [&](const ProbeResult& result) {
    EXPECT_TRUE(result.is_accepted);
    EXPECT_TRUE(result.fingerprint == before || result.fingerprint == after);
    return result.fingerprint == after;
  }));
}

TEST_F(TlsListenerTest, WithoutAClientCaNobodyIsAskedForACertificate) {
  Start();
  EXPECT_TRUE(Probe(port_).is_accepted);
  EXPECT_TRUE(Probe(port_, {.client = TestAuthority("other").Issue()}).is_accepted);
}

TEST_F(TlsListenerTest, AnOptionalCertificateMustBeOfTheClientCa) {
  TestAuthority clients("clients");
  TestAuthority others("others");
  AskForClients(clients.certificate_pem(), "optional");
  Start();
  EXPECT_TRUE(Probe(port_).is_accepted);
  EXPECT_TRUE(Probe(port_, {.client = clients.Issue()}).is_accepted);
  EXPECT_FALSE(Probe(port_, {.client = others.Issue()}).is_accepted);
  // Of the right name, but another key.
  EXPECT_FALSE(Probe(port_, {.client = TestAuthority("clients").Issue()}).is_accepted);
  EXPECT_FALSE(Probe(port_, {.client = clients.Issue({.not_after = absl::Now() - absl::Hours(1)})})
                   .is_accepted);
  // Of the server's authority, which is not the clients'.
  EXPECT_FALSE(Probe(port_, {.client = authority_.Issue()}).is_accepted);
}

TEST_F(TlsListenerTest, ARequiredCertificateIsRequired) {
  TestAuthority clients("clients");
  AskForClients(clients.certificate_pem(), "required");
  Start();
  EXPECT_FALSE(Probe(port_).is_accepted);
  EXPECT_TRUE(Probe(port_, {.client = clients.Issue()}).is_accepted);
  EXPECT_FALSE(Probe(port_, {.client = authority_.Issue()}).is_accepted);
}

// Else a client whose authority is no longer taken would come in by an earlier handshake.
TEST_F(TlsListenerTest, NoSessionOutlivesAChangeOfTheClientCa) {
  TestAuthority before("before");
  TestAuthority after("after");
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    AskForClients(before.certificate_pem(), "required");
    Start();
    const ProbeOptions client{.client = before.Issue(), .version_max = version};
    const ProbeResult first = Probe(port_, client);
    ASSERT_TRUE(first.is_accepted);
    ProbeOptions again = {.client = client.client, .version_max = version};
    again.session = first.session.get();
    const ProbeResult second = Probe(port_, again);
    ASSERT_TRUE(second.is_accepted && second.is_resumed);
    ReplaceFile(options_.client_ca_file, after.certificate_pem());
    certificates_->Reload();
    EXPECT_TRUE(ProbeUntil({.client = after.Issue()},
                           [](const ProbeResult& result) { return result.is_accepted; }));
    again.session = second.session.get();
    EXPECT_FALSE(Probe(port_, again).is_accepted) << version;
    again.client = {};
    EXPECT_FALSE(Probe(port_, again).is_accepted) << version;
    server_->Shutdown(std::chrono::system_clock::now());
  }
}

}  // namespace
}  // namespace emptychair::testing
