// What encryption is made of, read from its files and checked.
#ifndef EMPTYCHAIR_SERVER_TLS_TLS_MATERIAL_H_
#define EMPTYCHAIR_SERVER_TLS_TLS_MATERIAL_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/tls/tls_options.h"

namespace emptychair {

// The content of the files, all of it good.
struct TlsMaterial {
  std::string certificate_pem;
  std::string key_pem;
  // Empty: clients are not asked for certificates.
  std::string client_ca_pem;
  // Of the server's certificate: SHA-256, 64 hexadecimal digits, and until when it holds.
  std::string fingerprint;
  absl::Time not_after;

  bool HasFilesOf(const TlsMaterial& other) const {
    return certificate_pem == other.certificate_pem && key_pem == other.key_pem &&
           client_ca_pem == other.client_ca_pem;
  }
};

// Reads the files of `options`, which are on, and refuses what a handshake would fail with: PEM
// that cannot be read, a key that is not the certificate's, certificates out of order, a
// certificate that is not in its dates at `now`. FIELD_INVALID names flag and file, and tells
// nothing of what is in it.
absl::StatusOr<TlsMaterial> LoadTlsMaterial(const TlsOptions& options, absl::Time now);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_TLS_TLS_MATERIAL_H_
