#include "tests/helpers/certificates.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/strings/str_join.h"

namespace emptychair::testing {
namespace {

void Check(bool is_done) {
  if (!is_done) {
    ERR_print_errors_fp(stderr);
    std::abort();
  }
}

// What `write` writes.
template <typename Write>
std::string Pem(const Write& write) {
  BIO* bio = BIO_new(BIO_s_mem());
  Check(bio != nullptr && write(bio) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<size_t>(size));
  BIO_free(bio);
  return text;
}

std::string PemOf(X509* certificate) {
  return Pem([certificate](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

std::string PemOf(EVP_PKEY* key) {
  return Pem([key](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
}

PrivateKey NewKey() {
  PrivateKey key(EVP_EC_gen("P-256"));
  Check(key != nullptr);
  return key;
}

void AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  Check(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

// Without its extensions and its signature.
Certificate NewCertificate(const CertificateSpec& spec, EVP_PKEY* key) {
  static int64_t next_serial = 1;
  Certificate certificate(X509_new());
  X509* const x509 = certificate.get();
  Check(X509_set_version(x509, X509_VERSION_3) == 1);
  Check(ASN1_INTEGER_set_int64(X509_get_serialNumber(x509), next_serial++) == 1);
  Check(ASN1_TIME_set(X509_getm_notBefore(x509), absl::ToTimeT(spec.not_before)) != nullptr);
  Check(ASN1_TIME_set(X509_getm_notAfter(x509), absl::ToTimeT(spec.not_after)) != nullptr);
  Check(X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(spec.common_name.c_str()),
                                   -1, -1, 0) == 1);
  Check(X509_set_pubkey(x509, key) == 1);
  return certificate;
}

void Sign(X509* certificate, X509* issuer, EVP_PKEY* issuer_key) {
  Check(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1);
  Check(X509_sign(certificate, issuer_key, EVP_sha256()) > 0);
}

}  // namespace

TestAuthority::TestAuthority(const std::string& name) : key_(NewKey()) {
  certificate_ = NewCertificate({.common_name = name}, key_.get());
  AddExtension(certificate_.get(), certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
  Sign(certificate_.get(), certificate_.get(), key_.get());
  certificate_pem_ = PemOf(certificate_.get());
}

TestAuthority::TestAuthority(const std::string& name, TestAuthority& issuer) : key_(NewKey()) {
  certificate_ = NewCertificate({.common_name = name}, key_.get());
  AddExtension(certificate_.get(), issuer.certificate_.get(), NID_basic_constraints,
               "critical,CA:TRUE");
  Sign(certificate_.get(), issuer.certificate_.get(), issuer.key_.get());
  certificate_pem_ = PemOf(certificate_.get());
}

IssuedCertificate TestAuthority::Issue(const CertificateSpec& spec) {
  const PrivateKey key = NewKey();
  const Certificate certificate = NewCertificate(spec, key.get());
  AddExtension(certificate.get(), certificate_.get(), NID_basic_constraints, "CA:FALSE");
  if (!spec.names.empty()) {
    AddExtension(certificate.get(), certificate_.get(), NID_subject_alt_name,
                 absl::StrJoin(spec.names, ","));
  }
  Sign(certificate.get(), certificate_.get(), key_.get());
  return {PemOf(certificate.get()), PemOf(key.get())};
}

std::string WithPassphrase(const std::string& key_pem, const std::string& passphrase) {
  BIO* bio = BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size()));
  const PrivateKey key(PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr));
  BIO_free(bio);
  Check(key != nullptr);
  return Pem([&](BIO* out) {
    return PEM_write_bio_PKCS8PrivateKey(out, key.get(), EVP_aes_256_cbc(), passphrase.data(),
                                         static_cast<int>(passphrase.size()), nullptr, nullptr);
  });
}

void ReplaceFile(const std::string& path, absl::string_view content) {
  const std::string next = path + ".next";
  std::ofstream(next, std::ios::binary) << content;
  std::filesystem::rename(next, path);
}

}  // namespace emptychair::testing
