// Certificates made on the spot, so that no test depends on a date or on a file.
#ifndef EMPTYCHAIR_TESTS_HELPERS_CERTIFICATES_H_
#define EMPTYCHAIR_TESTS_HELPERS_CERTIFICATES_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/tls/pem.h"

namespace emptychair::testing {

// What is to stand in a certificate.
struct CertificateSpec {
  std::string common_name = "test";
  // As OpenSSL writes subject alternative names: "DNS:localhost", "IP:127.0.0.1",
  // "URI:spiffe://example.org/shop", "email:a@example.org".
  std::vector<std::string> names = {"DNS:localhost", "IP:127.0.0.1"};
  // Both stand long before and after every clock of a test.
  absl::Time not_before = absl::FromUnixSeconds(1'577'836'800);  // 2020-01-01T00:00:00Z
  absl::Time not_after = absl::FromUnixSeconds(2'524'607'999);   // 2049-12-31T23:59:59Z
};

struct IssuedCertificate {
  // The certificate; of an intermediate authority, with those above it.
  std::string certificate_pem;
  std::string key_pem;
};

// An authority with a key of its own, whose keys are of the curve P-256. Aborts when OpenSSL fails.
// Not thread-safe.
class TestAuthority {
 public:
  // One that issues its own certificate.
  explicit TestAuthority(const std::string& name = "test authority");
  // One whose certificate `issuer` issues.
  TestAuthority(const std::string& name, TestAuthority& issuer);

  // Its certificate alone.
  const std::string& certificate_pem() const { return certificate_pem_; }

  // A new certificate with a new key.
  IssuedCertificate Issue(const CertificateSpec& spec = {});

 private:
  std::string certificate_pem_;
  Certificate certificate_;
  PrivateKey key_;
};

// The key of `pem` again, with a passphrase.
std::string WithPassphrase(const std::string& key_pem, const std::string& passphrase);

// Writes `content` in the place of the file `path`, all at once.
void ReplaceFile(const std::string& path, absl::string_view content);

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_HELPERS_CERTIFICATES_H_
