#include "common/tls/pem.h"

#include <openssl/crypto.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/certificates.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/temp_dir.h"

namespace emptychair::testing {
namespace {

using ::testing::AllOf;
using ::testing::ExitedWithCode;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::SizeIs;

class PemTest : public ::testing::Test {
 protected:
  // A file `name` with `content`, as the setting of that name would have it.
  PemFile File(const std::string& name, const std::string& content) {
    std::ofstream(directory_.Join(name), std::ios::binary) << content;
    return {"--" + name, directory_.Join(name)};
  }

  // Names setting and file, and shows nothing of what is in it.
  static void ExpectRefused(const absl::Status& status, const PemFile& file,
                            const std::string& fault) {
    EXPECT_THAT(status, HasReason(v1::ERROR_REASON_FIELD_INVALID)) << fault;
    EXPECT_THAT(status, HasField(file.setting));
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr(file.path), HasSubstr(fault), Not(HasSubstr("BEGIN EC")),
                      Not(HasSubstr("MARKER"))));
  }

  TempDir directory_;
  TestAuthority authority_;
};

TEST_F(PemTest, ReadsAPairWithItsChain) {
  TestAuthority middle("middle", authority_);
  const IssuedCertificate issued = middle.Issue();
  const std::string chain =
      absl::StrCat(issued.certificate_pem, middle.certificate_pem(), authority_.certificate_pem());
  ASSERT_OK_AND_ASSIGN(const KeyPair pair,
                       LoadKeyPair(File("cert", chain), File("key", issued.key_pem)));
  EXPECT_THAT(pair.chain.certificates, SizeIs(3));
  EXPECT_EQ(pair.chain.pem, chain);
  EXPECT_EQ(pair.key_pem, issued.key_pem);
  EXPECT_THAT(Fingerprint(*pair.chain.certificates[0]), MatchesRegex("[0-9a-f]{64}"));
  EXPECT_NE(Fingerprint(*pair.chain.certificates[0]), Fingerprint(*pair.chain.certificates[1]));
  EXPECT_EQ(NotAfter(*pair.chain.certificates[0]), CertificateSpec().not_after);
}

TEST_F(PemTest, TextBetweenCertificatesDoesNotMatter) {
  const std::string pem = absl::StrCat("# Two of them\n", authority_.certificate_pem(),
                                       "\nsubject=other\n", authority_.certificate_pem(), "\n\n");
  ASSERT_OK_AND_ASSIGN(const CertificateChain chain, LoadCertificates(File("ca", pem)));
  EXPECT_THAT(chain.certificates, SizeIs(2));
}

TEST_F(PemTest, RefusesWhatHoldsNoCertificate) {
  const std::string pem = authority_.certificate_pem();
  const struct {
    std::string content;
    const char* fault;
  } cases[] = {
      {"", "holds no certificate"},
      {"MARKER junk\n", "holds no certificate"},
      {std::string("\0\x01\x02MARKER", 9), "holds no certificate"},
      {authority_.Issue().key_pem, "holds no certificate"},
      {pem.substr(0, pem.size() / 2), "is cut off"},
      {pem + pem.substr(0, pem.size() / 2), "is cut off"},
      {absl::StrReplaceAll(pem, {{"M", "!"}}), "number 1"},
      {pem + "-----BEGIN CERTIFICATE-----\nTUFSS0VS\n-----END CERTIFICATE-----\n", "number 2"},
      {std::string((size_t{1} << 20) + 1, 'x'), "more than 1048576 bytes"},
  };
  for (const auto& c : cases) {
    const PemFile file = File("ca", c.content);
    ExpectRefused(LoadCertificates(file).status(), file, c.fault);
  }
}

TEST_F(PemTest, RefusesWhatIsNoFile) {
  const PemFile missing{"--ca", directory_.Join("missing")};
  ExpectRefused(LoadCertificates(missing).status(), missing, "No such file");
  const PemFile folder{"--ca", directory_.path()};
  ExpectRefused(LoadCertificates(folder).status(), folder, "is no regular file");
  // Nobody ever writes into it.
  const PemFile pipe{"--ca", directory_.Join("pipe")};
  ASSERT_EQ(mkfifo(pipe.path.c_str(), 0600), 0);
  ExpectRefused(LoadCertificates(pipe).status(), pipe, "is no regular file");
}

TEST_F(PemTest, RefusesAKeyThatIsNotTheCertificates) {
  const IssuedCertificate issued = authority_.Issue();
  const PemFile certificate = File("cert", issued.certificate_pem);
  const struct {
    std::string content;
    const char* fault;
  } cases[] = {
      {"", "holds no key"},
      {"MARKER", "holds no key"},
      {issued.certificate_pem, "holds no key"},
      {issued.key_pem.substr(0, issued.key_pem.size() / 2), "holds no key"},
      {authority_.Issue().key_pem, "holds another key"},
      {WithPassphrase(issued.key_pem, "MARKER"), "with a passphrase"},
  };
  for (const auto& c : cases) {
    const PemFile key = File("key", c.content);
    ExpectRefused(LoadKeyPair(certificate, key).status(), key, c.fault);
  }
}

TEST_F(PemTest, RefusesCertificatesOutOfOrder) {
  TestAuthority middle("middle", authority_);
  const IssuedCertificate issued = middle.Issue();
  const PemFile key = File("key", issued.key_pem);
  const std::string own = issued.certificate_pem;
  const struct {
    std::string content;
    const char* fault;
  } cases[] = {
      {own + authority_.certificate_pem() + middle.certificate_pem(), "number 1 was not issued"},
      {own + middle.certificate_pem() + TestAuthority("other").certificate_pem(),
       "number 2 was not issued"},
      // The same name, another key.
      {own + middle.certificate_pem() + TestAuthority().certificate_pem(),
       "number 2 was not issued"},
      {own + own, "number 1 was not issued"},
  };
  for (const auto& c : cases) {
    const PemFile certificate = File("cert", c.content);
    ExpectRefused(LoadKeyPair(certificate, key).status(), certificate, c.fault);
  }
}

TEST_F(PemTest, DatesAreKeptToTheSecond) {
  const absl::Time begin = absl::FromUnixSeconds(1'700'000'000);
  const absl::Time end = begin + absl::Hours(24);
  const PemFile file =
      File("cert", authority_.Issue({.not_before = begin, .not_after = end}).certificate_pem);
  ASSERT_OK_AND_ASSIGN(const CertificateChain chain, LoadCertificates(file));
  const X509& certificate = *chain.certificates[0];
  EXPECT_OK(CheckDates(file, certificate, begin));
  EXPECT_OK(CheckDates(file, certificate, end));
  ExpectRefused(CheckDates(file, certificate, begin - absl::Seconds(1)), file,
                "begins at 2023-11-14T22:13:20Z");
  ExpectRefused(CheckDates(file, certificate, end + absl::Seconds(1)), file,
                "ended at 2023-11-15T22:13:20Z");
}

// Threads of gRPC may be in the middle of a handshake when a process exits.
TEST(OpenSslTest, FreesNothingWhenTheProcessExits) {
  EXPECT_EXIT(
      {
        // Its first use is what would have it free all.
        const TestAuthority authority;
        OPENSSL_atexit([] { std::fputs("it frees all", stderr); });
        std::exit(0);
      },
      ExitedWithCode(0), "^$");
}

}  // namespace
}  // namespace emptychair::testing
