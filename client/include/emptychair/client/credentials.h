// How a client's connection is made: in plain text, or encrypted.
#ifndef EMPTYCHAIR_CLIENT_CREDENTIALS_H_
#define EMPTYCHAIR_CLIENT_CREDENTIALS_H_

#include <string>
#include <variant>

namespace emptychair {

// No encryption.
struct PlainText {};

// Encryption by TLS 1.2 or later. The files are PEM, and read when the client is made.
struct Tls {
  // Certificates of who may have issued the server's. Empty: those that the machine trusts.
  std::string ca_file;

  // The client's certificate, followed by those that issued it, and its key, which has no
  // passphrase: both, or neither for a client without one.
  std::string certificate_file;
  std::string key_file;

  // The name that the server's certificate must have. Empty: the endpoint's host.
  std::string server_name;
};

using Credentials = std::variant<PlainText, Tls>;

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_CREDENTIALS_H_
