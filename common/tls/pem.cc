#include "common/tls/pem.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <system_error>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"

namespace emptychair {
namespace {

constexpr size_t kFileBytesMax = size_t{1} << 20;

// OpenSSL frees all that it holds when the process exits, also while a thread of gRPC ends a
// connection (grpc/grpc#38539: leaks, and memory freed twice). What the process holds until its end
// needs no freeing. Only the first call into OpenSSL can say so, hence before main.
[[maybe_unused]] const int kIsKeptUntilTheEnd =
    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);

struct BioFree {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, BioFree>;

absl::Status Refused(const PemFile& file, absl::string_view fault) {
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, file.setting,
                    absl::StrCat(Quoted(file.path, 256), " ", fault));
}

absl::Status CannotRead(const PemFile& file, int error) {
  return Refused(file, absl::StrCat("cannot be read: ", std::generic_category().message(error)));
}

// Reads from an open file, and closes it.
absl::StatusOr<std::string> ReadAndClose(const PemFile& file, int fd) {
  std::string text;
  int error = 0;
  while (error == 0 && text.size() <= kFileBytesMax) {
    char bytes[16'384];
    const ssize_t count = read(fd, bytes, sizeof(bytes));
    if (count == 0) {
      break;
    }
    if (count > 0) {
      text.append(bytes, static_cast<size_t>(count));
    } else if (errno != EINTR) {
      error = errno;
    }
  }
  close(fd);
  if (error != 0) {
    return CannotRead(file, error);
  }
  if (text.size() > kFileBytesMax) {
    return Refused(file, absl::StrCat("has more than ", kFileBytesMax, " bytes"));
  }
  return text;
}

absl::StatusOr<std::string> ReadFile(const PemFile& file) {
  // What is no regular file could make the reader wait for ever.
  const int fd = open(file.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    return CannotRead(file, errno);
  }
  struct stat status {};
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    close(fd);
    return Refused(file, "is no regular file");
  }
  return ReadAndClose(file, fd);
}

size_t CountOf(absl::string_view part, absl::string_view text) {
  size_t count = 0;
  for (size_t at = text.find(part); at != absl::string_view::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

Bio BioOf(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

absl::StatusOr<CertificateChain> ParseCertificates(const PemFile& file, std::string pem) {
  CertificateChain chain{std::move(pem), {}};
  if (CountOf("-----BEGIN ", chain.pem) != CountOf("-----END ", chain.pem)) {
    return Refused(file, "is cut off: it begins more than it ends");
  }
  const Bio bio = BioOf(chain.pem);
  ERR_clear_error();
  while (Certificate next{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    chain.certificates.push_back(std::move(next));
  }
  // What ends a file that is whole.
  const bool is_whole = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!is_whole) {
    return Refused(file, absl::StrCat("has a certificate that cannot be read (number ",
                                      chain.certificates.size() + 1, ")"));
  }
  if (chain.certificates.empty()) {
    return Refused(file,
                   "holds no certificate; wanted PEM, which begins with "
                   "-----BEGIN CERTIFICATE-----");
  }
  return chain;
}

// In the place of asking at the terminal.
int NoPassphrase(char*, int, int, void*) { return -1; }

absl::StatusOr<PrivateKey> ParseKey(const PemFile& file, const std::string& pem) {
  const Bio bio = BioOf(pem);
  ERR_clear_error();
  PrivateKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &NoPassphrase, nullptr));
  ERR_clear_error();
  if (key != nullptr) {
    return key;
  }
  return Refused(file, absl::StrContains(pem, "ENCRYPTED")
                           ? "holds a key with a passphrase; wanted one without"
                           : "holds no key that can be read; wanted PEM, which begins with "
                             "-----BEGIN PRIVATE KEY-----");
}

// Whether each certificate was issued by the next.
absl::Status CheckOrder(const PemFile& file, const std::vector<Certificate>& certificates) {
  for (size_t i = 0; i + 1 < certificates.size(); ++i) {
    X509* const issuer = certificates[i + 1].get();
    EVP_PKEY* const key = X509_get0_pubkey(issuer);
    const bool is_issued = X509_check_issued(issuer, certificates[i].get()) == X509_V_OK &&
                           key != nullptr && X509_verify(certificates[i].get(), key) == 1;
    ERR_clear_error();
    if (!is_issued) {
      return Refused(file, absl::StrCat("has certificates out of order: number ", i + 1,
                                        " was not issued by number ", i + 2,
                                        "; wanted the server's or client's own first, and behind "
                                        "each the one that issued it"));
    }
  }
  return absl::OkStatus();
}

absl::Time ToTime(const ASN1_TIME* time) {
  std::tm parts{};
  ASN1_TIME_to_tm(time, &parts);
  return absl::FromTM(parts, absl::UTCTimeZone());
}

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

}  // namespace

absl::StatusOr<CertificateChain> LoadCertificates(const PemFile& file) {
  ASSIGN_OR_RETURN(std::string pem, ReadFile(file));
  return ParseCertificates(file, std::move(pem));
}

absl::StatusOr<KeyPair> LoadKeyPair(const PemFile& certificate, const PemFile& key) {
  KeyPair pair;
  ASSIGN_OR_RETURN(pair.chain, LoadCertificates(certificate));
  RETURN_IF_ERROR(CheckOrder(certificate, pair.chain.certificates));
  ASSIGN_OR_RETURN(pair.key_pem, ReadFile(key));
  ASSIGN_OR_RETURN(const PrivateKey parsed, ParseKey(key, pair.key_pem));
  const bool fits = X509_check_private_key(pair.chain.certificates[0].get(), parsed.get()) == 1;
  ERR_clear_error();
  if (!fits) {
    return Refused(key, absl::StrCat("holds another key than that of the certificate in ",
                                     Quoted(certificate.path, 256)));
  }
  return pair;
}

absl::Status CheckDates(const PemFile& file, const X509& certificate, absl::Time now) {
  if (const absl::Time begin = ToTime(X509_get0_notBefore(&certificate)); now < begin) {
    return Refused(file, absl::StrCat("has a certificate that begins at ", TimeText(begin)));
  }
  if (const absl::Time end = NotAfter(certificate); now > end) {
    return Refused(file, absl::StrCat("has a certificate that ended at ", TimeText(end)));
  }
  return absl::OkStatus();
}

absl::Time NotAfter(const X509& certificate) { return ToTime(X509_get0_notAfter(&certificate)); }

std::string Fingerprint(const X509& certificate) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  X509_digest(&certificate, EVP_sha256(), digest, &size);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), size));
}

}  // namespace emptychair
