#include "tests/helpers/tls_probe.h"

#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace emptychair::testing {
namespace {

constexpr timeval kWaitMax = {20, 0};

struct ContextFree {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

int Connect(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kWaitMax, sizeof(kWaitMax));
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    close(fd);
    return -1;
  }
  return fd;
}

void UseCertificate(SSL_CTX* context, const IssuedCertificate& client) {
  if (client.certificate_pem.empty()) {
    return;
  }
  BIO* bio = BIO_new_mem_buf(client.certificate_pem.data(), -1);
  const Certificate certificate(PEM_read_bio_X509(bio, nullptr, nullptr, nullptr));
  BIO_free(bio);
  bio = BIO_new_mem_buf(client.key_pem.data(), -1);
  const PrivateKey key(PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr));
  BIO_free(bio);
  SSL_CTX_use_certificate(context, certificate.get());
  SSL_CTX_use_PrivateKey(context, key.get());
}

}  // namespace

ProbeResult Probe(int port, const ProbeOptions& options) {
  ProbeResult result;
  const std::unique_ptr<SSL_CTX, ContextFree> context(SSL_CTX_new(TLS_client_method()));
  // Old versions need a lower level than Debian's.
  SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context.get(), options.version_max);
  UseCertificate(context.get(), options.client);
  const std::unique_ptr<SSL, ContextFree> ssl(SSL_new(context.get()));
  static constexpr unsigned char kHttp2[] = {2, 'h', '2'};
  SSL_set_alpn_protos(ssl.get(), kHttp2, sizeof(kHttp2));
  if (options.session != nullptr) {
    SSL_set_session(ssl.get(), options.session);
  }
  const int fd = Connect(port);
  if (fd < 0) {
    return result;
  }
  SSL_set_fd(ssl.get(), fd);
  char byte = 0;
  if (SSL_connect(ssl.get()) == 1) {
    const Certificate server(SSL_get1_peer_certificate(ssl.get()));
    result.fingerprint = server == nullptr ? "" : Fingerprint(*server);
    result.version = SSL_version(ssl.get());
    result.is_resumed = SSL_session_reused(ssl.get()) == 1;
    // gRPC's settings, or the alert that ends it.
    result.is_accepted = SSL_read(ssl.get(), &byte, 1) == 1;
    result.session.reset(SSL_get1_session(ssl.get()));
    // A session that is not closed in order cannot be gone on with.
    SSL_shutdown(ssl.get());
  }
  ERR_clear_error();
  close(fd);
  return result;
}

}  // namespace emptychair::testing
