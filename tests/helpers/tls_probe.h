// Connects by TLS as OpenSSL does it, for tests of what gRPC's own client does not show.
#ifndef EMPTYCHAIR_TESTS_HELPERS_TLS_PROBE_H_
#define EMPTYCHAIR_TESTS_HELPERS_TLS_PROBE_H_

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "tests/helpers/certificates.h"

namespace emptychair::testing {

struct SessionFree {
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using TlsSession = std::unique_ptr<SSL_SESSION, SessionFree>;

struct ProbeOptions {
  // The client's certificate; without one if it is empty.
  IssuedCertificate client;
  // The newest version that is offered.
  int version_max = TLS1_3_VERSION;
  // Goes on with this session, if the server does.
  SSL_SESSION* session = nullptr;
};

struct ProbeResult {
  // The handshake is through, and the server has sent its first bytes: it has taken the client's
  // certificate or asked for none.
  bool is_accepted = false;
  // Of the server's certificate, as Fingerprint has it.
  std::string fingerprint;
  int version = 0;
  bool is_resumed = false;
  TlsSession session;
};

// Connects to the gRPC server at `port` of loopback, and leaves. What the server's certificate is
// worth is not looked at. Waits at most 20 s.
ProbeResult Probe(int port, const ProbeOptions& options = {});

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_HELPERS_TLS_PROBE_H_
