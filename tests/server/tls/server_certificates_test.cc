#include "server/tls/server_certificates.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/certificates.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/temp_dir.h"

namespace emptychair::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr absl::Duration kSecond = absl::Seconds(1);

class ServerCertificatesTest : public ::testing::Test {
 protected:
  ServerCertificatesTest() {
    options_.certificate_file = directory_.Join("server.pem");
    options_.key_file = directory_.Join("server.key");
  }

  void Write(const IssuedCertificate& pair) {
    ReplaceFile(options_.certificate_file, pair.certificate_pem);
    ReplaceFile(options_.key_file, pair.key_pem);
  }

  // Loads and publishes; events begin behind that.
  void Start() {
    auto loaded = ServerCertificates::Load(options_, &clock_, &log_);
    ASSERT_OK(loaded);
    certificates_ = *std::move(loaded);
    ASSERT_OK(certificates_->PublishIn(published_));
    Tick();
    lines_.clear();
  }

  // A second later.
  void Tick(int count = 1) {
    for (int i = 0; i < count; ++i) {
      clock_.Advance(kSecond);
      certificates_->Tick();
    }
  }

  std::string Published(const std::string& name) const {
    std::ifstream file(absl::StrCat(published_, "/current/", name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  bool IsInUse(const IssuedCertificate& pair) const {
    return Published("cert.pem") == pair.certificate_pem && Published("key.pem") == pair.key_pem;
  }

  // The events since this was called last, and "refused: …" with the sentence.
  std::vector<std::string> Events() {
    std::vector<std::string> events;
    for (const std::string& line : lines_) {
      const size_t start = line.find("\"event\":\"") + 9;
      events.push_back(line.substr(start, line.find('"', start) - start));
    }
    lines_.clear();
    return events;
  }

  TempDir directory_;
  const std::string published_ = directory_.Join("tls");
  FakeClock clock_{absl::FromUnixSeconds(1'706'700'000)};
  std::vector<std::string> lines_;
  ServerLog log_{&clock_, [this](absl::string_view line) { lines_.emplace_back(line); }};
  TestAuthority authority_;
  TlsOptions options_;
  std::unique_ptr<ServerCertificates> certificates_;
};

TEST_F(ServerCertificatesTest, PublishesWhatItHasLoadedAndSaysSo) {
  const IssuedCertificate pair = authority_.Issue();
  Write(pair);
  options_.client_ca_file = directory_.Join("ca.pem");
  ReplaceFile(options_.client_ca_file, authority_.certificate_pem());
  ASSERT_OK_AND_ASSIGN(certificates_, ServerCertificates::Load(options_, &clock_, &log_));
  EXPECT_THAT(lines_, IsEmpty());
  EXPECT_OK(certificates_->PublishIn(published_));
  EXPECT_TRUE(IsInUse(pair));
  EXPECT_EQ(Published("ca.pem"), authority_.certificate_pem());
  const ServerCertificates::Figures figures = certificates_->figures();
  EXPECT_THAT(lines_,
              ElementsAre(AllOf(HasSubstr("certificate loaded"), HasSubstr(figures.fingerprint),
                                HasSubstr("2049-12-31T23:59:59Z"))));
  EXPECT_EQ(figures.not_after, CertificateSpec().not_after);
  EXPECT_EQ(figures.loaded, 0);
  EXPECT_EQ(figures.refused, 0);
}

TEST_F(ServerCertificatesTest, TheStartNamesFlagAndFileOfWhatIsNotGood) {
  const IssuedCertificate good = authority_.Issue();
  const absl::Time now = clock_.Now();
  const IssuedCertificate ended = authority_.Issue({.not_after = now - kSecond});
  const IssuedCertificate begins = authority_.Issue({.not_before = now + kSecond});
  const std::string& pem = good.certificate_pem;
  const struct {
    std::string certificate;
    std::string key;
    std::string ca;
    const char* flag;
    const char* fault;
  } cases[] = {
      {"", good.key_pem, pem, "--tls_certificate", "holds no certificate"},
      {"junk", good.key_pem, pem, "--tls_certificate", "holds no certificate"},
      {pem.substr(0, pem.size() / 2), good.key_pem, pem, "--tls_certificate", "is cut off"},
      {pem + pem, good.key_pem, pem, "--tls_certificate", "out of order"},
      {ended.certificate_pem, ended.key_pem, pem, "--tls_certificate", "ended at"},
      {begins.certificate_pem, begins.key_pem, pem, "--tls_certificate", "begins at"},
      {pem, "junk", pem, "--tls_key", "holds no key"},
      {pem, ended.key_pem, pem, "--tls_key", "holds another key"},
      {pem, WithPassphrase(good.key_pem, "secret"), pem, "--tls_key", "passphrase"},
      {pem, good.key_pem, "junk", "--tls_client_ca", "holds no certificate"},
      {pem, good.key_pem, good.key_pem, "--tls_client_ca", "holds no certificate"},
  };
  options_.client_ca_file = directory_.Join("ca.pem");
  for (const auto& c : cases) {
    Write({c.certificate, c.key});
    ReplaceFile(options_.client_ca_file, c.ca);
    const absl::Status status = ServerCertificates::Load(options_, &clock_, &log_).status();
    EXPECT_THAT(status, HasField(c.flag)) << c.fault;
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr(directory_.path()), HasSubstr(c.fault)));
  }
  Write(good);
  ReplaceFile(options_.client_ca_file, pem);
  for (std::string* path :
       {&options_.certificate_file, &options_.key_file, &options_.client_ca_file}) {
    const std::string kept = *path;
    *path = directory_.Join("missing.pem");
    EXPECT_THAT(ServerCertificates::Load(options_, &clock_, &log_).status(),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("missing.pem")));
    *path = kept;
  }
  EXPECT_OK(ServerCertificates::Load(options_, &clock_, &log_).status());
  EXPECT_THAT(lines_, IsEmpty());
}

TEST_F(ServerCertificatesTest, TakesANewPairAtTheNextLook) {
  Write(authority_.Issue());
  Start();
  Tick(5);
  EXPECT_THAT(Events(), IsEmpty());
  const IssuedCertificate next = authority_.Issue();
  Write(next);
  Tick();
  EXPECT_TRUE(IsInUse(next));
  EXPECT_THAT(Events(), ElementsAre("certificate loaded"));
  EXPECT_EQ(certificates_->figures().loaded, 1);
  Tick(5);
  EXPECT_THAT(Events(), IsEmpty());
}

TEST_F(ServerCertificatesTest, APairWrittenInTwoStepsIsTakenWithoutAWord) {
  Write(authority_.Issue());
  Start();
  const IssuedCertificate next = authority_.Issue();
  ReplaceFile(options_.key_file, next.key_pem);
  Tick();
  EXPECT_FALSE(IsInUse(next));
  ReplaceFile(options_.certificate_file, next.certificate_pem.substr(0, 300));
  Tick();
  ReplaceFile(options_.certificate_file, next.certificate_pem);
  Tick();
  EXPECT_TRUE(IsInUse(next));
  EXPECT_THAT(Events(), ElementsAre("certificate loaded"));
  EXPECT_EQ(certificates_->figures().refused, 0);
}

TEST_F(ServerCertificatesTest, WhatStaysBadIsReportedOnceAndTheOldOneServes) {
  const IssuedCertificate old = authority_.Issue();
  Write(old);
  Start();
  ReplaceFile(options_.key_file, authority_.Issue().key_pem);
  Tick(2);
  EXPECT_THAT(Events(), IsEmpty());
  Tick();
  ASSERT_THAT(lines_, SizeIs(1));
  EXPECT_THAT(lines_[0],
              AllOf(HasSubstr("WARNING"), HasSubstr("certificate refused"), HasSubstr("--tls_key"),
                    HasSubstr(options_.key_file), HasSubstr("holds another key"),
                    HasSubstr(certificates_->figures().fingerprint)));
  lines_.clear();
  Tick(300);
  EXPECT_THAT(Events(), IsEmpty());
  EXPECT_TRUE(IsInUse(old));
  EXPECT_EQ(certificates_->figures().refused, 1);
  // Another fault is another event, after its second attempt.
  ReplaceFile(options_.key_file, "junk");
  Tick(2);
  EXPECT_THAT(Events(), IsEmpty());
  Tick();
  EXPECT_THAT(Events(), ElementsAre("certificate refused"));
  EXPECT_EQ(certificates_->figures().refused, 2);
  // As it was: nothing new to load.
  ReplaceFile(options_.key_file, old.key_pem);
  Tick(5);
  EXPECT_THAT(Events(), IsEmpty());
  EXPECT_TRUE(IsInUse(old));
}

TEST_F(ServerCertificatesTest, AFileThatKeepsChangingIsReportedAllTheSame) {
  Write(authority_.Issue());
  Start();
  for (int i = 0; i < 4; ++i) {
    ReplaceFile(options_.key_file, absl::StrCat("junk ", i));
    Tick();
  }
  EXPECT_THAT(Events(), ElementsAre("certificate refused"));
}

TEST_F(ServerCertificatesTest, AFileThatIsGoneChangesNothing) {
  const IssuedCertificate old = authority_.Issue();
  Write(old);
  Start();
  std::filesystem::remove(options_.certificate_file);
  Tick(3);
  EXPECT_THAT(Events(), ElementsAre("certificate refused"));
  EXPECT_TRUE(IsInUse(old));
  const IssuedCertificate next = authority_.Issue();
  Write(next);
  Tick();
  EXPECT_TRUE(IsInUse(next));
}

TEST_F(ServerCertificatesTest, OneThatIsNotYetInItsDatesIsTakenOnceItIs) {
  const IssuedCertificate old = authority_.Issue();
  Write(old);
  Start();
  const IssuedCertificate next = authority_.Issue({.not_before = clock_.Now() + absl::Minutes(5)});
  Write(next);
  Tick(299);
  EXPECT_THAT(Events(), ElementsAre("certificate refused"));
  EXPECT_TRUE(IsInUse(old));
  Tick(61);
  EXPECT_THAT(Events(), ElementsAre("certificate loaded"));
  EXPECT_TRUE(IsInUse(next));
}

TEST_F(ServerCertificatesTest, BeingToldToReloadSaysAtOnceWhatIsWrong) {
  const IssuedCertificate old = authority_.Issue();
  Write(old);
  Start();
  certificates_->Reload();
  EXPECT_THAT(Events(), IsEmpty());
  Write(authority_.Issue({.not_after = clock_.Now() - kSecond}));
  certificates_->Reload();
  EXPECT_THAT(Events(), ElementsAre("certificate refused"));
  certificates_->Reload();
  EXPECT_THAT(Events(), ElementsAre("certificate refused"));
  Tick(10);
  EXPECT_THAT(Events(), IsEmpty());
  EXPECT_TRUE(IsInUse(old));
  const IssuedCertificate next = authority_.Issue();
  Write(next);
  certificates_->Reload();
  EXPECT_THAT(Events(), ElementsAre("certificate loaded"));
  EXPECT_TRUE(IsInUse(next));
}

TEST_F(ServerCertificatesTest, AChangeOfTheClientCaIsTakenAsWell) {
  Write(authority_.Issue());
  options_.client_ca_file = directory_.Join("ca.pem");
  ReplaceFile(options_.client_ca_file, authority_.certificate_pem());
  Start();
  const std::string both = authority_.certificate_pem() + TestAuthority("second").certificate_pem();
  ReplaceFile(options_.client_ca_file, both);
  Tick();
  EXPECT_EQ(Published("ca.pem"), both);
  ReplaceFile(options_.client_ca_file, "");
  Tick(3);
  EXPECT_EQ(Published("ca.pem"), both);
  EXPECT_THAT(Events(), ElementsAre("certificate loaded", "certificate refused"));
}

TEST_F(ServerCertificatesTest, WarnsDailyFromFourteenDaysBeforeTheEnd) {
  const absl::Duration kDay = absl::Hours(24);
  Write(authority_.Issue({.not_after = clock_.Now() + kSecond + 15 * kDay}));
  Start();
  clock_.Advance(kDay - kSecond);
  certificates_->Tick();
  EXPECT_THAT(Events(), IsEmpty());
  Tick();
  EXPECT_THAT(Events(), ElementsAre("certificate ends soon"));
  Tick(100);
  EXPECT_THAT(Events(), IsEmpty());
  int warnings = 0;
  for (int hour = 0; hour < 13 * 24; ++hour) {
    clock_.Advance(absl::Hours(1));
    certificates_->Tick();
    warnings += static_cast<int>(Events().size());
  }
  EXPECT_EQ(warnings, 13);
  clock_.Advance(2 * kDay);
  certificates_->Tick();
  EXPECT_THAT(Events(), ElementsAre("certificate has ended"));
  // A new one needs no warning, or its own at once.
  Write(authority_.Issue({.not_after = clock_.Now() + kDay}));
  Tick();
  EXPECT_THAT(Events(), ElementsAre("certificate loaded", "certificate ends soon"));
}

TEST_F(ServerCertificatesTest, ManyReloadsLeaveOneSet) {
  const IssuedCertificate pairs[] = {authority_.Issue(), authority_.Issue()};
  Write(pairs[0]);
  Start();
  for (int i = 1; i <= 100; ++i) {
    Write(pairs[i % 2]);
    certificates_->Reload();
    ASSERT_TRUE(IsInUse(pairs[i % 2])) << i;
  }
  EXPECT_THAT(Events(), SizeIs(100));
  Tick(61);
  int sets = 0;
  for (const auto& entry : std::filesystem::directory_iterator(published_)) {
    sets += entry.is_directory() && !entry.is_symlink() ? 1 : 0;
  }
  EXPECT_EQ(sets, 1);
  EXPECT_TRUE(IsInUse(pairs[0]));
}

TEST_F(ServerCertificatesTest, NoEventHasAnythingOfAKey) {
  const IssuedCertificate pair = authority_.Issue();
  Write(pair);
  Start();
  ReplaceFile(options_.key_file,
              "-----BEGIN PRIVATE KEY-----\nMARKER\n-----END PRIVATE KEY-----\n");
  certificates_->Reload();
  ReplaceFile(options_.key_file, "MARKER");
  certificates_->Reload();
  EXPECT_THAT(lines_, SizeIs(2));
  for (const std::string& line : lines_) {
    EXPECT_THAT(line, Not(HasSubstr("MARKER")));
  }
}

TEST_F(ServerCertificatesTest, ItsFiguresAreMetrics) {
  MetricRegistry plain;
  AddCertificateMetrics(plain, nullptr);
  EXPECT_THAT(plain.Scrape(),
              AllOf(HasSubstr("emptychair_certificate_expiry_timestamp_seconds 0\n"),
                    HasSubstr("emptychair_certificate_reloads_total{result=\"refused\"} 0\n")));
  Write(authority_.Issue());
  Start();
  MetricRegistry registry;
  AddCertificateMetrics(registry, certificates_.get());
  Write(authority_.Issue({.not_after = absl::FromUnixSeconds(1'800'000'000)}));
  Tick();
  ReplaceFile(options_.key_file, "junk");
  Tick(3);
  EXPECT_THAT(registry.Scrape(),
              AllOf(HasSubstr("emptychair_certificate_expiry_timestamp_seconds 1800000000\n"),
                    HasSubstr("emptychair_certificate_reloads_total{result=\"loaded\"} 1\n"),
                    HasSubstr("emptychair_certificate_reloads_total{result=\"refused\"} 1\n")));
}

TEST_F(ServerCertificatesTest, WatchesByItselfOnceItIsToldTo) {
  Write(authority_.Issue());
  Start();
  certificates_->StartWatching();
  // Ends at once, and not at the next look.
  certificates_.reset();
}

TEST(TlsDirectory, IsThatOfTheRunTimeBeforeThatOfTheData) {
  EXPECT_EQ(TlsDirectory("/data", ""), "/data/tls");
  EXPECT_EQ(TlsDirectory("/data", "/run/emptychair"), "/run/emptychair/tls");
  EXPECT_EQ(TlsDirectory("/data", "/run/a:/run/b"), "/run/a/tls");
}

}  // namespace
}  // namespace emptychair::testing
