// What /metrics says: that it is what GetStatus says and what happened, and that others can read
// it.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "tests/helpers/seed.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/subprocess.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"
#include "tests/service/monitoring/monitored_server.h"

namespace emptychair::testing {
namespace {

using ::testing::Contains;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsSubsetOf;
using ::testing::Key;
using ::testing::MatchesRegex;

std::string CallSeries(absl::string_view method, absl::string_view code) {
  return absl::StrCat("emptychair_calls_total{code=\"", code, "\",method=\"", method, "\"}");
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Names in `text` that begin as those of our metrics do.
std::set<std::string> NamesIn(absl::string_view text) {
  std::set<std::string> names;
  for (const absl::string_view prefix : {"emptychair_", "process_"}) {
    for (size_t at = text.find(prefix); at != absl::string_view::npos;) {
      const size_t end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", at);
      // Not the end of another word.
      if (at == 0 || !absl::ascii_isalnum(static_cast<unsigned char>(text[at - 1]))) {
        names.emplace(text.substr(at, end - at));
      }
      at = text.find(prefix, at + 1);
    }
  }
  return names;
}

// Names of the page's metrics, as its TYPE lines have them.
std::set<std::string> FamiliesOf(absl::string_view page) {
  std::set<std::string> names;
  for (absl::string_view line : absl::StrSplit(page, '\n')) {
    if (absl::ConsumePrefix(&line, "# TYPE ")) {
      EXPECT_TRUE(names.emplace(line.substr(0, line.find(' '))).second) << "twice: " << line;
    }
  }
  return names;
}

// The same, with those that a histogram is written as.
std::set<std::string> SeriesNamesOf(absl::string_view page) {
  std::set<std::string> names = FamiliesOf(page);
  for (const auto& [series, value] : ValuesOf(page)) {
    names.insert(series.substr(0, series.find('{')));
  }
  return names;
}

class MetricsTest : public MonitoredServerTest {};

// Sends what can happen to records, and counts it by itself.
class RandomCalls {
 public:
  RandomCalls(Client& client, uint64_t seed) : client_(client), random_(seed) {}

  void Run(int steps) {
    Note("SurveyService/CreateSurvey", TryCreate(client_, NpsSurvey("nps", {"region"})).status());
    for (int i = 0; i < steps; ++i) {
      switch (random_() % 6) {
        case 0:
        case 1:
          SubmitOne();
          break;
        case 2:
          SubmitBatch();
          break;
        case 3:
          Note("FeedbackService/GetFeedback",
               GetByExternalId(client_, "nps", absl::StrCat("order-", random_() % 60)).status());
          break;
        case 4:
          Note("MetricsService/QueryMetric",
               client_
                   .QueryMetric(FromText<v1::QueryMetricRequest>(
                       random_() % 3 == 0 ? "survey_ids: 'none'" : "survey_ids: 'nps'"))
                   .status());
          break;
        case 5:
          Note("SurveyService/GetSurvey",
               client_.GetSurvey(random_() % 2 == 0 ? "nps" : "none").status());
          break;
      }
    }
  }

  int accepted = 0, already_existed = 0, refused = 0;
  std::map<std::pair<std::string, std::string>, int> calls;
  std::map<std::string, int> reasons;
  std::set<std::string> customers;

 private:
  // A record that is new, known, or another than the one that is known.
  v1::Feedback Draw() {
    const uint64_t number = random_() % 60;
    v1::Feedback feedback = Answer("nps", absl::StrCat("order-", number), kTime,
                                   static_cast<int32_t>(random_() % 8 == 0 ? 3 : 9));
    feedback.set_customer_id(absl::StrCat("customer-", number % 7));
    return feedback;
  }

  void Judge(const v1::Feedback& feedback) {
    const auto [known, is_new] = scores_.emplace(feedback.external_id(), feedback.score());
    if (is_new) {
      ++accepted;
      customers.insert(feedback.customer_id());
    } else if (known->second == feedback.score()) {
      ++already_existed;
    } else {
      ++refused;
    }
  }

  void SubmitOne() {
    v1::Feedback feedback = Draw();
    if (random_() % 5 == 0) {
      feedback.set_customer_id(std::string(129, 'c'));  // Refused before the store is asked.
    } else if (random_() % 5 == 0) {
      feedback.set_score(11);
      ++refused;
    } else {
      Judge(feedback);
    }
    Note("FeedbackService/SubmitFeedback", TrySubmit(client_, feedback).status());
  }

  void SubmitBatch() {
    std::vector<v1::Feedback> batch;
    for (uint64_t i = random_() % 20 + 1; i > 0; --i) {
      batch.push_back(Draw());
      Judge(batch.back());
    }
    Note("FeedbackService/BatchSubmitFeedback", TryBatch(client_, batch).status());
  }

  void Note(const std::string& method, const absl::Status& status) {
    ++calls[{method, absl::StatusCodeToString(status.code())}];
    if (!status.ok()) {
      ++reasons[ReasonNameOf(status)];
    }
  }

  Client& client_;
  std::mt19937_64 random_;
  std::map<std::string, int32_t> scores_;
};

TEST_F(MetricsTest, EveryNumberIsThatOfGetStatusAndOfWhatHappened) {
  Start();
  Client client = NewClient();
  RandomCalls calls(client, SeedFromEnvOrRandom());
  calls.Run(200);
  clock_.Advance(absl::Seconds(3));
  const std::map<std::string, double> values = Scrape();
  const auto value = [&](const std::string& series) {
    const auto found = values.find(series);
    EXPECT_TRUE(found != values.end()) << "no " << series;
    return found == values.end() ? -1 : found->second;
  };

  EXPECT_EQ(value("emptychair_records_total{outcome=\"accepted\"}"), calls.accepted);
  EXPECT_EQ(value("emptychair_records_total{outcome=\"already_existed\"}"), calls.already_existed);
  EXPECT_EQ(value("emptychair_records_total{outcome=\"refused\"}"), calls.refused);
  EXPECT_EQ(value("emptychair_records"), calls.accepted);
  EXPECT_EQ(value("emptychair_customers"), static_cast<double>(calls.customers.size()));
  EXPECT_EQ(value("emptychair_surveys"), 1);
  double all_calls = 0;
  for (const auto& [call, count] : calls.calls) {
    EXPECT_EQ(value(CallSeries(call.first, call.second)), count) << call.first;
    all_calls += count;
  }
  double all_errors = 0;
  for (const auto& [reason, count] : calls.reasons) {
    EXPECT_EQ(value(absl::StrCat("emptychair_refusals_total{reason=\"", reason, "\"}")), count);
    all_errors += count;
  }
  double told_calls = 0, told_errors = 0, told_durations = 0;
  for (const auto& [series, told] : values) {
    told_calls += absl::StartsWith(series, "emptychair_calls_total") ? told : 0;
    told_errors += absl::StartsWith(series, "emptychair_refusals_total") ? told : 0;
    told_durations += absl::StartsWith(series, "emptychair_call_duration_seconds_count") ? told : 0;
  }
  EXPECT_EQ(told_calls, all_calls);
  EXPECT_EQ(told_errors, all_errors);
  EXPECT_EQ(told_durations, all_calls);

  const v1::GetStatusResponse status = Status(client);
  const std::pair<std::string, int64_t> same[] = {
      {"emptychair_records_total{outcome=\"accepted\"}", status.since_start().accepted()},
      {"emptychair_records_total{outcome=\"already_existed\"}",
       status.since_start().already_existed()},
      {"emptychair_records_total{outcome=\"refused\"}", status.since_start().refused()},
      {"emptychair_write_groups_total", status.since_start().groups()},
      {"emptychair_commit_duration_seconds_count", status.since_start().groups()},
      {"emptychair_sequence", status.sequence()},
      {"emptychair_records", status.feedback_count()},
      {"emptychair_surveys", status.survey_count()},
      {"emptychair_customers", status.customer_count()},
      {"emptychair_queue_bytes", status.queue().bytes()},
      {"emptychair_queue_max_bytes", status.queue().bytes_max()},
      {"emptychair_store_bytes{kind=\"tables\"}", status.size().table_bytes()},
      {"emptychair_store_bytes{kind=\"memtables\"}", status.size().memtable_bytes()},
      {"emptychair_store_bytes{kind=\"block_cache\"}", status.size().block_cache_bytes()},
      {"emptychair_store_bytes{kind=\"log\"}", status.size().log_bytes()},
      {"emptychair_disk_free_bytes", status.disk().free_bytes()},
      {"emptychair_disk_reserve_bytes", status.disk().reserve_bytes()},
      {"emptychair_disk_full", status.disk().is_full() ? 1 : 0},
      {"emptychair_write_stopped", status.write_stall().stopped() ? 1 : 0},
      {"emptychair_write_delayed_bytes_per_second",
       status.write_stall().delayed_bytes_per_second()},
      {"emptychair_undecodable_values_total", status.undecodable_values()},
      {"emptychair_series_overflow_surveys", status.series_overflows_size()},
      {"emptychair_keys{kind=\"active\"}", status.access().keys_in_force()},
      {"emptychair_keys{kind=\"revoked\"}", status.access().keys_revoked()},
      {"emptychair_keys{kind=\"expired\"}", status.access().keys_expired()},
      {"emptychair_audit_events_total", status.access().audit_event_count()},
      {"emptychair_erasure_ledger_behind", status.backup().ledger_behind()},
      {"emptychair_backup_last_success_timestamp_seconds",
       status.backup().last().end_time().seconds()},
  };
  for (const auto& [series, expected] : same) {
    EXPECT_EQ(value(series), static_cast<double>(expected)) << series;
  }
  EXPECT_GT(status.size().log_bytes(), 0);
  EXPECT_EQ(value(absl::StrCat("emptychair_build_info{version=\"", status.version(), "\"}")), 1);
  EXPECT_EQ(value("emptychair_start_time_seconds"),
            static_cast<double>(absl::ToUnixSeconds(kFakeNow)));
  EXPECT_EQ(value("emptychair_connections"), 1);
  EXPECT_EQ(value("emptychair_calls_in_flight"), 0);
  EXPECT_EQ(value("emptychair_access_log_dropped_total"), 0);
}

TEST_F(MetricsTest, TellsOfBackupsAndOfTheNewest) {
  config_.backup_directory = directory_.Join("backups");
  config_.backup_bytes_per_second = 0;
  Start();
  Client client = NewClient();
  const auto back_up = [&] {
    std::optional<v1::Backup> backup;
    for (const absl::StatusOr<v1::CreateBackupResponse>& message : client.CreateBackup()) {
      if (message.ok() && message->has_backup()) {
        backup = message->backup();
      }
    }
    return backup;
  };
  const std::string made = "emptychair_backups_total{result=\"made\"}";
  const std::string failed = "emptychair_backups_total{result=\"failed\"}";
  for (const auto& [series, value] : Scrape()) {
    if (absl::StartsWith(series, "emptychair_backup")) {
      EXPECT_EQ(value, 0) << series;
    }
  }
  Create(client, NpsSurvey("nps"));
  ASSERT_TRUE(back_up().has_value());
  const std::optional<v1::Backup> second = back_up();
  ASSERT_TRUE(second.has_value());
  std::map<std::string, double> values = Scrape();
  EXPECT_EQ(values.at(made), 2);
  EXPECT_EQ(values.at(failed), 0);
  EXPECT_EQ(values.at("emptychair_backup_bytes{kind=\"total\"}"),
            static_cast<double>(second->total_bytes()));
  EXPECT_EQ(values.at("emptychair_backup_bytes{kind=\"new\"}"),
            static_cast<double>(second->new_bytes()));
  EXPECT_LT(second->new_bytes(), second->total_bytes());
  // A file in the place of a folder: the next one fails, and the one before stays the newest.
  const std::string pool = absl::StrCat(config_.backup_directory, "/pool");
  std::filesystem::remove_all(pool);
  std::ofstream(pool) << "no folder";
  EXPECT_FALSE(back_up().has_value());
  values = Scrape();
  EXPECT_EQ(values.at(made), 2);
  EXPECT_EQ(values.at(failed), 1);
  EXPECT_EQ(values.at("emptychair_backup_bytes{kind=\"total\"}"),
            static_cast<double>(second->total_bytes()));
}

TEST_F(MetricsTest, CountsStreamsAndConnectionsWhileTheyAreOpen) {
  Start();
  Client client = NewClient();
  Create(client, NpsSurvey("nps"));
  const std::string watches = CallSeries("FeedbackService/WatchFeedback", "CANCELLED");
  {
    Client other = NewClient();
    v1::WatchFeedbackRequest request = FromText<v1::WatchFeedbackRequest>("after_sequence: 0");
    ResultRange<v1::WatchFeedbackResponse> watch = other.WatchFeedback(request);
    ASSERT_OK(*watch.begin());
    const std::map<std::string, double> values = Scrape();
    EXPECT_EQ(values.at("emptychair_calls_in_flight"), 1);
    EXPECT_GE(values.at("emptychair_connections"), 1);
    EXPECT_EQ(values.at(watches), 0);
  }
  while (Scrape().at(watches) == 0) {
  }
  EXPECT_EQ(Scrape().at("emptychair_calls_in_flight"), 0);
  EXPECT_THAT(Scrape(),
              ::testing::Not(Contains(Key(HasSubstr("duration_seconds_count{method=\"Feedback"
                                                    "Service/WatchFeedback")))));
}

TEST_F(MetricsTest, EveryMethodIsThereFromTheStart) {
  Start();
  const std::map<std::string, double> values = Scrape();
  int methods = 0;
  const std::vector<std::string> protos = absl::StrSplit(EMPTYCHAIR_API_PROTOS, ',');
  for (const std::string& proto : protos) {
    const google::protobuf::FileDescriptor* file =
        google::protobuf::DescriptorPool::generated_pool()->FindFileByName(proto);
    ASSERT_NE(file, nullptr) << proto;
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        const auto& method = *file->service(s)->method(m);
        const std::string name = absl::StrCat(file->service(s)->name(), "/", method.name());
        for (const char* code : {"OK", "UNAVAILABLE", "INTERNAL"}) {
          const auto found = values.find(CallSeries(name, code));
          EXPECT_TRUE(found != values.end() && found->second == 0) << name << " " << code;
        }
        ++methods;
      }
    }
  }
  EXPECT_GT(methods, 40);
  EXPECT_EQ(values.count(CallSeries("_OTHER", "UNIMPLEMENTED")), 1u);
  EXPECT_EQ(values.count(CallSeries("grpc.health.v1.Health/Check", "OK")), 1u);
}

// Every line is one of the format; a help that had a line break would make one that is none.
TEST_F(MetricsTest, ThePageHasTheFormThatPrometheusReads) {
  Start();
  const HttpAnswer answer = GetHttp(http(), "/metrics");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Field("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  ASSERT_TRUE(absl::EndsWith(answer.body, "\n"));
  std::string family;
  bool has_help = false;
  const std::vector<std::string> lines = absl::StrSplit(answer.body, '\n', absl::SkipEmpty());
  for (const std::string& line : lines) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    if (absl::StartsWith(line, "# HELP ")) {
      EXPECT_THAT(line, MatchesRegex("# HELP [a-z_]+ [A-Z0-9].*\\."));
      family = words[2];
      has_help = true;
    } else if (absl::StartsWith(line, "# TYPE ")) {
      EXPECT_THAT(line, MatchesRegex("# TYPE [a-z_]+ (counter|gauge|histogram)"));
      EXPECT_TRUE(has_help && words[2] == family) << line;
      has_help = false;
    } else {
      EXPECT_THAT(line, MatchesRegex("[a-z_]+(\\{[^ ]*\\})? [0-9+.eE-]+")) << line;
      EXPECT_TRUE(absl::StartsWith(line, family)) << line;
    }
  }
}

TEST_F(MetricsTest, PromtoolFindsNothingToSayOfThePage) {
  Start();
  Client client = NewClient();
  RandomCalls(client, 1).Run(20);
  const std::string page = directory_.Join("page");
  std::ofstream(page) << GetHttp(http(), "/metrics").body;
  ASSERT_OK_AND_ASSIGN(const FinishedProcess checked,
                       RunToEnd({"/bin/sh", "-c",
                                 absl::StrCat("command -v promtool >/dev/null || exit 77; "
                                              "promtool check metrics < ",
                                              page)},
                                kLong));
  if (checked.exit_status == 77) {
    GTEST_SKIP() << "promtool is not installed; tools/install_packages test installs it";
  }
  EXPECT_EQ(checked.exit_status, 0) << checked.standard_error;
  EXPECT_EQ(checked.standard_output + checked.standard_error, "");
}

TEST_F(MetricsTest, AreThoseOfTheOperationsPage) {
  Start();
  const std::set<std::string> metrics = FamiliesOf(GetHttp(http(), "/metrics").body);
  const std::string page = ReadFile(EMPTYCHAIR_OPERATIONS_PAGE);
  for (const std::string& name : metrics) {
    EXPECT_THAT(page, ContainsRegex(absl::StrCat("`", name, "`"))) << name;
  }
  std::set<std::string> named;
  for (const absl::string_view code : absl::StrSplit(page, '`')) {
    if (absl::StartsWith(code, "emptychair_") &&
        code.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == absl::string_view::npos) {
      named.emplace(code);
    }
  }
  EXPECT_THAT(named, IsSubsetOf(metrics));
}

TEST_F(MetricsTest, AreWhatTheAlarmsLookAt) {
  Start();
  const std::set<std::string> series = SeriesNamesOf(GetHttp(http(), "/metrics").body);
  const std::string rules = ReadFile(EMPTYCHAIR_RULES_DIR "/emptychair.rules.yml");
  EXPECT_GT(NamesIn(rules).size(), 10u);
  EXPECT_THAT(NamesIn(rules), IsSubsetOf(series));
  // Each alarm has a test of when it sounds and one of when it does not.
  const std::string tests = ReadFile(EMPTYCHAIR_RULES_DIR "/emptychair.rules_test.yml");
  int alarms = 0;
  for (absl::string_view line : absl::StrSplit(rules, '\n')) {
    line = absl::StripLeadingAsciiWhitespace(line);
    if (absl::ConsumePrefix(&line, "- alert: ")) {
      const std::vector<std::string> parts =
          absl::StrSplit(tests, absl::StrCat("alertname: ", line, "\n"));
      ASSERT_EQ(parts.size(), 3u) << line;
      EXPECT_EQ(absl::StartsWith(parts[1], "        exp_alerts"), true) << line;
      EXPECT_EQ(absl::StartsWith(parts[2], "        exp_alerts"), false) << line;
      ++alarms;
    }
  }
  EXPECT_GT(alarms, 10);
}

TEST_F(MetricsTest, AreWhatTheDashboardShows) {
  Start();
  const std::set<std::string> series = SeriesNamesOf(GetHttp(http(), "/metrics").body);
  const std::string text = ReadFile(EMPTYCHAIR_RULES_DIR "/emptychair.dashboard.json");
  google::protobuf::Struct board;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(text, &board).ok());
  std::set<std::string> shown;
  for (const auto& panel : board.fields().at("panels").list_value().values()) {
    const auto& fields = panel.struct_value().fields();
    EXPECT_FALSE(fields.at("title").string_value().empty());
    for (const auto& target : fields.at("targets").list_value().values()) {
      const std::string query = target.struct_value().fields().at("expr").string_value();
      const std::set<std::string> names = NamesIn(query);
      EXPECT_FALSE(names.empty()) << query;
      EXPECT_THAT(names, IsSubsetOf(series)) << query;
      shown.insert(names.begin(), names.end());
    }
  }
  // What is measured is shown.
  for (const std::string& name : FamiliesOf(GetHttp(http(), "/metrics").body)) {
    if (name != "emptychair_build_info" && name != "process_start_time_seconds") {
      EXPECT_TRUE(shown.count(name) == 1 || shown.count(name + "_bucket") == 1) << name;
    }
  }
}

// Nothing that callers send is a label.
TEST_F(MetricsTest, HaveNothingOfWhatIsSent) {
  Start();
  Client client = NewClient();
  Create(client, NpsSurvey("marker-survey", {"marker-key"}));
  v1::Feedback feedback = Answer("marker-survey", "marker-order", kTime, 9);
  feedback.set_customer_id("marker-customer");
  (*feedback.mutable_labels())["marker-key"] = "marker-label";
  Submit(client, feedback);
  EXPECT_FALSE(client.GetSurvey("marker-none").ok());
  GetHttp(http(), "/marker-path");
  EXPECT_THAT(GetHttp(http(), "/metrics?marker=1").body, ::testing::Not(HasSubstr("marker")));
}

}  // namespace
}  // namespace emptychair::testing
