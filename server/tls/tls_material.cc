#include "server/tls/tls_material.h"

#include <utility>

#include "common/base/status_macros.h"
#include "common/tls/pem.h"

namespace emptychair {

absl::StatusOr<TlsMaterial> LoadTlsMaterial(const TlsOptions& options, absl::Time now) {
  const PemFile certificate_file{TlsOptions::kCertificateFlag, options.certificate_file};
  ASSIGN_OR_RETURN(KeyPair pair,
                   LoadKeyPair(certificate_file, {TlsOptions::kKeyFlag, options.key_file}));
  const X509& certificate = *pair.chain.certificates[0];
  RETURN_IF_ERROR(CheckDates(certificate_file, certificate, now));
  TlsMaterial material;
  material.fingerprint = Fingerprint(certificate);
  material.not_after = NotAfter(certificate);
  material.certificate_pem = std::move(pair.chain.pem);
  material.key_pem = std::move(pair.key_pem);
  if (!options.client_ca_file.empty()) {
    ASSIGN_OR_RETURN(CertificateChain authorities,
                     LoadCertificates({TlsOptions::kClientCaFlag, options.client_ca_file}));
    material.client_ca_pem = std::move(authorities.pem);
  }
  return material;
}

}  // namespace emptychair
