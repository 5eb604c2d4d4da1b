#include "server/config.h"

#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/reflection.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/flags.h"

namespace emptychair {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ServerConfig Good() {
  ServerConfig config;
  config.data_directory = "/data";
  return config;
}

TEST(ValidateConfig, TheDefaultsNeedADataDirectoryOnly) {
  EXPECT_TRUE(ValidateConfig(Good()).ok()) << ValidateConfig(Good());
  const absl::Status status = ValidateConfig(ServerConfig());
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_FIELD_REQUIRED);
  EXPECT_THAT(FieldsOf(status), ElementsAre("--data"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("--data"));
}

TEST(ValidateConfig, BackupsLieApartFromTheData) {
  for (const char* apart :
       {"", "/backups", "/data2", "/data-backups", "relative", "/data/../backups"}) {
    ServerConfig config = Good();
    config.backup_directory = apart;
    EXPECT_TRUE(ValidateConfig(config).ok()) << ValidateConfig(config);
  }
  for (const char* within :
       {"/data", "/data/", "/data/backups", "/data/x/..", "/", "/x/../data/b"}) {
    ServerConfig config = Good();
    config.backup_directory = within;
    EXPECT_THAT(FieldsOf(ValidateConfig(config)), ElementsAre("--backup_dir")) << within;
  }
  ServerConfig config = Good();
  config.backup_bytes_per_second = -1;
  EXPECT_THAT(FieldsOf(ValidateConfig(config)), ElementsAre("--backup_bytes_per_second"));
}

TEST(ValidateConfig, ListensOnLoopbackUnlessToldOtherwise) {
  const char* loopback[] = {
      "127.0.0.1:7443", "127.255.255.254:1",       "localhost:0",       "LocalHost:65535",
      "[::1]:7443",     "[0:0:0:0:0:0:0:1]:7443",  "unix:/run/ec.sock", "unix:relative.sock",
      "127.0.0.1:0",    "[::ffff:127.0.0.1]:7443",
  };
  for (const char* address : loopback) {
    ServerConfig config = Good();
    config.listen_address = address;
    EXPECT_TRUE(ValidateConfig(config).ok()) << ValidateConfig(config);
  }
  const char* open[] = {
      "0.0.0.0:7443", "[::]:7443",          "192.168.1.2:7443",      "128.0.0.1:7443",
      "127.1:7443",   "example.com:7443",   "localhost.evil.com:1",  "126.255.255.255:7443",
      "[::2]:7443",   "127.0.0.1.evil:443", "[::ffff:10.0.0.1]:443", "[::127.0.0.1]:443",
  };
  for (const char* address : open) {
    ServerConfig config = Good();
    config.listen_address = address;
    const absl::Status status = ValidateConfig(config);
    EXPECT_THAT(FieldsOf(status), ElementsAre("--listen")) << address;
    EXPECT_THAT(std::string(status.message()), HasSubstr("--insecure")) << address;
    config.insecure = true;
    EXPECT_TRUE(ValidateConfig(config).ok()) << ValidateConfig(config);
  }
}

TEST(ValidateConfig, RefusesAddressesThatAreNone) {
  const char* bad[] = {
      "",
      "127.0.0.1",
      "7443",
      ":7443",
      "127.0.0.1:",
      "127.0.0.1:x",
      "::1:7443",
      "[::1]",
      "[::1]x:7443",
      "[]:7443",
      "[localhost]:1",
      "127.0.0.1:65536",
      "a b:7443",
      "h:+1",
      "h:-1",
      "h: 1",
      "unix:",
      "127.0.0.1:99999999999",
      "http://h:1",
      "h/x:7443",
      "dns:///h:443",
      "[127.0.0.1]:1",
      "h:1:2",
      "127.0.0.1:7443\n",
      "[::1:7443",
      "::1]:7443",
  };
  for (const char* address : bad) {
    for (bool insecure : {false, true}) {
      ServerConfig config = Good();
      config.listen_address = address;
      config.insecure = insecure;
      const absl::Status status = ValidateConfig(config);
      EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_FIELD_INVALID) << address;
      EXPECT_THAT(FieldsOf(status), ElementsAre("--listen")) << address;
      EXPECT_THAT(std::string(status.message()), HasSubstr("HOST:PORT")) << address;
    }
  }
}

TEST(ValidateConfig, RefusesNumbersOutOfRangeAndNamesTheFlag) {
  const struct {
    const char* flag;
    std::function<void(ServerConfig&)> spoil;
  } cases[] = {
      {"--access_log", [](ServerConfig& c) { c.access_log = ""; }},
      {"--drain_deadline", [](ServerConfig& c) { c.drain_deadline = absl::Seconds(-1); }},
      {"--drain_deadline", [](ServerConfig& c) { c.drain_deadline = absl::InfiniteDuration(); }},
      {"--query_threads", [](ServerConfig& c) { c.executor.query.threads = 0; }},
      {"--query_queue", [](ServerConfig& c) { c.executor.query.queue_max = -1; }},
      {"--scan_threads", [](ServerConfig& c) { c.executor.scan.threads = 1'025; }},
      {"--scan_queue", [](ServerConfig& c) { c.executor.scan.queue_max = 0; }},
      {"--ingest_threads", [](ServerConfig& c) { c.executor.ingest.threads = -5; }},
      {"--ingest_queue", [](ServerConfig& c) { c.executor.ingest.queue_max = 1'000'001; }},
      {"--maintenance_queue",
       [](ServerConfig& c) { c.executor.maintenance.queue_max = 1'000'001; }},
      {"--queue_bytes", [](ServerConfig& c) { c.queue_bytes_max = 4 << 20; }},
      {"--disk_reserve_bytes", [](ServerConfig& c) { c.disk_reserve_bytes = -1; }},
      {"--block_cache_bytes", [](ServerConfig& c) { c.block_cache_bytes = -1; }},
      {"--column_bytes", [](ServerConfig& c) { c.column_bytes_max = -1; }},
      {"--receive_bytes", [](ServerConfig& c) { c.receive_bytes_max = 0; }},
  };
  for (const auto& [flag, spoil] : cases) {
    ServerConfig config = Good();
    spoil(config);
    const absl::Status status = ValidateConfig(config);
    EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_FIELD_INVALID) << flag;
    EXPECT_THAT(FieldsOf(status), ElementsAre(flag));
  }
}

TEST(ValidateConfig, ServesHttpOnLoopbackUnlessToldOtherwise) {
  for (const char* address : {"", "off", "127.0.0.1:0", "[::1]:7444", "localhost:80"}) {
    ServerConfig config = Good();
    config.http_listen = address;
    EXPECT_TRUE(ValidateConfig(config).ok()) << ValidateConfig(config);
  }
  for (const char* address : {"0.0.0.0:7444", "[::]:7444", "example.com:7444"}) {
    ServerConfig config = Good();
    config.http_listen = address;
    // What holds for gRPC does not for this.
    config.insecure = true;
    const absl::Status status = ValidateConfig(config);
    EXPECT_THAT(FieldsOf(status), ElementsAre("--http_listen")) << address;
    EXPECT_THAT(std::string(status.message()), HasSubstr("--http_insecure"));
    config.http_insecure = true;
    EXPECT_TRUE(ValidateConfig(config).ok()) << ValidateConfig(config);
  }
  for (const char* address : {"7444", "Off", "OFF", "unix:/run/http.sock", "::1:7444", "h:65536",
                              "h:-1", "http://h:1", "h:1:2", "off:", " off"}) {
    ServerConfig config = Good();
    config.http_listen = address;
    config.http_insecure = true;
    const absl::Status status = ValidateConfig(config);
    EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_FIELD_INVALID) << address;
    EXPECT_THAT(FieldsOf(status), ElementsAre("--http_listen")) << address;
  }
}

TEST(ValidateConfig, WithEncryptionItListensAnywhere) {
  ServerConfig config = Good();
  config.listen_address = "0.0.0.0:7443";
  config.tls.certificate_file = "/c";
  config.tls.key_file = "/k";
  EXPECT_TRUE(ValidateConfig(config).ok()) << ValidateConfig(config);
  config.tls.client_ca_file = "/ca";
  config.tls.client_certificates = "required";
  EXPECT_TRUE(ValidateConfig(config).ok()) << ValidateConfig(config);
  config.listen_address = "nowhere";
  EXPECT_THAT(FieldsOf(ValidateConfig(config)), ElementsAre("--listen"));
}

TEST(ValidateConfig, RefusesHalfAnEncryptionAndNamesTheFlag) {
  const struct {
    const char* flag;
    TlsOptions tls;
  } cases[] = {
      {"--tls_key", {.certificate_file = "/c"}},
      {"--tls_certificate", {.key_file = "/k"}},
      {"--tls_certificate", {.key_file = "/k", .client_ca_file = "/ca"}},
      {"--tls_client_ca", {.client_ca_file = "/ca"}},
      {"--tls_client_certificates",
       {.certificate_file = "/c", .key_file = "/k", .client_certificates = "required"}},
      {"--tls_client_certificates", {.client_certificates = "required"}},
      {"--tls_client_certificates", {.client_certificates = ""}},
      {"--tls_client_certificates",
       {.certificate_file = "/c",
        .key_file = "/k",
        .client_ca_file = "/ca",
        .client_certificates = "Required"}},
  };
  for (const auto& [flag, tls] : cases) {
    ServerConfig config = Good();
    config.tls = tls;
    const absl::Status status = ValidateConfig(config);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << flag;
    EXPECT_THAT(FieldsOf(status), ElementsAre(flag)) << status;
    // However it is listened, also where none is needed.
    config.insecure = true;
    EXPECT_EQ(ValidateConfig(config), status);
  }
}

TEST(Flags, DefaultsMakeAConfigThatLacksOnlyTheData) {
  ServerConfig config = ConfigFromFlags();
  EXPECT_THAT(FieldsOf(ValidateConfig(config)), ElementsAre("--data"));
  config.data_directory = "/data";
  EXPECT_TRUE(ValidateConfig(config).ok()) << ValidateConfig(config);
  EXPECT_EQ(config.listen_address, "127.0.0.1:7443");
  EXPECT_FALSE(config.insecure);
}

TEST(Flags, EachIsOnTheOperationsPage) {
  std::ifstream file(EMPTYCHAIR_OPERATIONS_PAGE);
  const std::string page(std::istreambuf_iterator<char>(file), {});
  int count = 0;
  for (const auto& [name, flag] : absl::GetAllFlags()) {
    if (absl::EndsWith(flag->Filename(), "server/flags.cc")) {
      EXPECT_THAT(page, HasSubstr(absl::StrCat("`--", std::string(name)))) << name;
      ++count;
    }
  }
  EXPECT_GT(count, 10);
}

TEST(Flags, EachReachesItsSetting) {
  absl::FlagSaver saver;
  std::vector<std::string> args = {
      "emptychaird",
      "--data=/d",
      "--listen=[::1]:5",
      "--insecure",
      "--tls_certificate=/c",
      "--tls_key=/k",
      "--tls_client_ca=/ca",
      "--tls_client_certificates=required",
      "--http_listen=[::1]:6",
      "--http_insecure",
      "--access_log=off",
      "--drain_deadline=3s",
      "--query_threads=11",
      "--query_queue=12",
      "--scan_threads=13",
      "--scan_queue=14",
      "--ingest_threads=15",
      "--ingest_queue=16",
      "--maintenance_queue=17",
      "--queue_bytes=17",
      "--disk_reserve_bytes=20",
      "--block_cache_bytes=18",
      "--column_bytes=20",
      "--receive_bytes=19",
      "--backup_dir=/b",
      "--backup_bytes_per_second=21",
  };
  std::vector<char*> argv;
  for (std::string& arg : args) {
    argv.push_back(arg.data());
  }
  EXPECT_THAT(absl::ParseCommandLine(static_cast<int>(argv.size()), argv.data()),
              testing::SizeIs(1));
  const ServerConfig config = ConfigFromFlags();
  EXPECT_EQ(config.data_directory, "/d");
  EXPECT_EQ(config.listen_address, "[::1]:5");
  EXPECT_TRUE(config.insecure);
  EXPECT_EQ(config.tls.certificate_file, "/c");
  EXPECT_EQ(config.tls.key_file, "/k");
  EXPECT_EQ(config.tls.client_ca_file, "/ca");
  EXPECT_EQ(config.tls.client_certificates, "required");
  EXPECT_EQ(config.http_listen, "[::1]:6");
  EXPECT_TRUE(config.http_insecure);
  EXPECT_EQ(config.access_log, "off");
  EXPECT_EQ(config.backup_directory, "/b");
  EXPECT_EQ(config.backup_bytes_per_second, 21);
  EXPECT_EQ(config.drain_deadline, absl::Seconds(3));
  EXPECT_EQ(config.executor.query.threads, 11);
  EXPECT_EQ(config.executor.query.queue_max, 12);
  EXPECT_EQ(config.executor.scan.threads, 13);
  EXPECT_EQ(config.executor.scan.queue_max, 14);
  EXPECT_EQ(config.executor.ingest.threads, 15);
  EXPECT_EQ(config.executor.ingest.queue_max, 16);
  EXPECT_EQ(config.executor.maintenance.queue_max, 17);
  EXPECT_EQ(config.queue_bytes_max, 17);
  EXPECT_EQ(config.disk_reserve_bytes, 20);
  EXPECT_EQ(config.block_cache_bytes, 18);
  EXPECT_EQ(config.column_bytes_max, 20);
  EXPECT_EQ(config.receive_bytes_max, 19);
}

}  // namespace
}  // namespace emptychair
