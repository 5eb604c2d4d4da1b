// Certificates and keys as PEM files, read and checked before anything relies on them.
#ifndef EMPTYCHAIR_COMMON_TLS_PEM_H_
#define EMPTYCHAIR_COMMON_TLS_PEM_H_

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace emptychair {

// Gives back what OpenSSL made.
struct OpenSslFree {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Certificate = std::unique_ptr<X509, OpenSslFree>;
using PrivateKey = std::unique_ptr<EVP_PKEY, OpenSslFree>;

// A file that a setting names: a flag of a program, or a field of a library's options. It stands in
// front of every error about the file.
struct PemFile {
  std::string setting;
  std::string path;
};

// One or more certificates, in the order of the file.
struct CertificateChain {
  std::string pem;
  // Not empty.
  std::vector<Certificate> certificates;
};

// A certificate with what issued it, and the key that belongs to it.
struct KeyPair {
  CertificateChain chain;
  std::string key_pem;
};

// All errors below are FIELD_INVALID on the setting, name the file, and hold nothing of what is in
// it. A file is regular and has at most 1 MiB. Thread-safe.

// Reads certificates, at least one, such as those of authorities.
absl::StatusOr<CertificateChain> LoadCertificates(const PemFile& file);

// Reads a certificate, its own first, each followed by the one that issued it, and the key that
// belongs to the first. A key with a passphrase is refused: there is nobody to ask for it.
absl::StatusOr<KeyPair> LoadKeyPair(const PemFile& certificate, const PemFile& key);

// Refuses a certificate that is not in its dates at `now`.
absl::Status CheckDates(const PemFile& file, const X509& certificate, absl::Time now);

// Until when the certificate holds, in whole seconds.
absl::Time NotAfter(const X509& certificate);

// The SHA-256 of the certificate's DER form, as 64 hexadecimal digits in lower case: what
// `openssl x509 -fingerprint -sha256` shows, without the colons.
std::string Fingerprint(const X509& certificate);

}  // namespace emptychair

#endif  // EMPTYCHAIR_COMMON_TLS_PEM_H_
