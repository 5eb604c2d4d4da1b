// Settings of encryption.
#ifndef EMPTYCHAIR_SERVER_TLS_TLS_OPTIONS_H_
#define EMPTYCHAIR_SERVER_TLS_TLS_OPTIONS_H_

#include <string>

namespace emptychair {

// Which files a server's encryption comes from. Each is a flag; its name is the constant before it.
struct TlsOptions {
  static constexpr char kCertificateFlag[] = "--tls_certificate";
  // The server's certificate and those that issued it, as PEM. Empty: plain text.
  std::string certificate_file;

  static constexpr char kKeyFlag[] = "--tls_key";
  // The certificate's private key, as PEM. With the certificate or not at all.
  std::string key_file;

  static constexpr char kClientCaFlag[] = "--tls_client_ca";
  // Certificates of who may issue clients' certificates, as PEM. Empty: clients are not asked for
  // any.
  std::string client_ca_file;

  static constexpr char kClientCertificatesFlag[] = "--tls_client_certificates";
  // With a client CA: "optional", or "required", which closes connections without one.
  std::string client_certificates = "optional";

  bool is_on() const { return !certificate_file.empty(); }
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_TLS_TLS_OPTIONS_H_
