// Texts of keys are nowhere but where they were told, and what customers say and are called is
// nowhere but where records are.
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/method.h"
#include "emptychair/client/client.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "storage/backup/manifest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/subprocess.h"
#include "tests/helpers/temp_dir.h"
#include "tests/service/access/access_harness.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"
#include "tests/service/harness/stored_text.h"

namespace emptychair::testing {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Within every comment and note, and every customer's id.
constexpr char kComment[] = "zqx-said-qzx";
constexpr char kCustomer[] = "zqx-called-qzx";

// Of `eck_<id>_<secret><check>`.
constexpr size_t kSecretAt = 17;
constexpr size_t kSecretSize = 43;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Writes into fields of a request, through all its messages.
template <typename TextOf>
void Fill(TextOf text_of, int depth, Message& message) {
  const auto& reflection = *message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* const field = message.GetDescriptor()->field(i);
    if (field->is_map()) {
      continue;
    }
    if (field->type() == FieldDescriptor::TYPE_STRING) {
      const std::string text = text_of(field->name());
      if (!text.empty()) {
        field->is_repeated() ? reflection.AddString(&message, field, text)
                             : reflection.SetString(&message, field, text);
      }
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && depth < 3 &&
               field->message_type()->file()->package() == "emptychair.v1") {
      Fill(text_of, depth + 1,
           field->is_repeated() ? *reflection.AddMessage(&message, field)
                                : *reflection.MutableMessage(&message, field));
    }
  }
}

template <typename TextOf>
std::string BodyOf(const google::protobuf::MethodDescriptor& method, TextOf text_of) {
  const std::unique_ptr<Message> request(google::protobuf::MessageFactory::generated_factory()
                                             ->GetPrototype(method.input_type())
                                             ->New());
  Fill(text_of, 0, *request);
  return request->SerializeAsString();
}

std::string MarkerFor(const std::string& field) {
  if (field == "comment" || field == "note") {
    return absl::StrCat(kComment, " swept");
  }
  if (field == "customer_id") {
    return absl::StrCat(kCustomer, "-swept");
  }
  return field == "survey_id" || field == "survey_ids" ? "nps" : "";
}

class SecretsTest : public ::testing::Test {
 protected:
  void Start() {
    server_ =
        Value(StartBinary(data_, {absl::StrCat("--backup_dir=", backups_),
                                  absl::StrCat("--access_log=", access_log_), "--anonymous=none"}));
  }
  // What the server has written, when it has ended.
  void End(int signal) {
    server_.process->Signal(signal);
    ASSERT_THAT(server_.process->Wait(kLong), IsOkAndHolds(signal == SIGTERM ? 0 : 128 + signal));
    logs_ += server_.process->StandardError();
  }

  std::string socket() const { return absl::StrCat("unix:", data_, "/admin.sock"); }

  // Runs chairctl and keeps what it wrote.
  FinishedProcess Chairctl(std::vector<std::string> arguments, const std::string& key_file = "") {
    arguments.insert(arguments.begin(), CHAIRCTL_PATH);
    arguments.insert(arguments.end(),
                     {"--endpoint", key_file.empty() ? socket() : server_.endpoint});
    SubprocessOptions options;
    if (!key_file.empty()) {
      options.environment = {{"EMPTYCHAIR_KEY_FILE", key_file}};
    }
    FinishedProcess finished = Value(RunToEnd(arguments, kLong, options));
    absl::StrAppend(&told_, finished.standard_output, finished.standard_error);
    return finished;
  }

  // Makes a key by chairctl, which writes it into a file; answers the file.
  std::string MakeKey(const std::string& name, const std::string& role) {
    const std::string file = temp_dir_.Join(name + ".key");
    const FinishedProcess made =
        Chairctl({"key", "create", name, "--role", role, "--all-surveys", "--out", file});
    EXPECT_EQ(made.exit_status, 0) << made.standard_error;
    KeepSecret(file);
    return file;
  }
  // Its text.
  std::string KeepSecret(const std::string& file) {
    const std::string text = ReadFile(file).substr(0, 66);
    EXPECT_EQ(text.substr(0, 4), "eck_");
    secrets_.insert(text.substr(kSecretAt, kSecretSize));
    return text;
  }

  Client ClientWith(const std::string& key_file) const {
    ClientOptions options{.endpoint = server_.endpoint, .timeout = kLong};
    options.retry_policy = std::make_shared<LimitedAttemptsRetryPolicy>(1);
    options.api_key_file = key_file;
    absl::StatusOr<Client> client = Client::Create(options);
    EXPECT_OK(client);
    return *std::move(client);
  }

  void ExpectNoSecret(const std::string& where, const std::string& text) const {
    for (const std::string& secret : secrets_) {
      EXPECT_FALSE(absl::StrContains(text, secret)) << where;
    }
  }
  void ExpectNothing(const std::string& where, const std::string& text) const {
    ExpectNoSecret(where, text);
    EXPECT_FALSE(absl::StrContains(text, kComment)) << where;
    EXPECT_FALSE(absl::StrContains(text, kCustomer)) << where;
  }

  // `name` is that of the file in the store.
  void LookInto(const std::string& path, const std::string& name) {
    static const std::set<std::string> kOfRecords = {"feedback"};
    static const std::set<std::string> kOfCustomers = {"feedback", "customer", "activity"};
    const StoredText stored = ReadStored(path, absl::EndsWith(name, ".sst"));
    // What a crash has not yet put into tables.
    const bool is_log = absl::EndsWith(name, ".log") && absl::ascii_isdigit(name[0]);
    ExpectNoSecret(path, stored.bytes);
    const bool has_comment = absl::StrContains(stored.bytes, kComment);
    const bool has_customer = absl::StrContains(stored.bytes, kCustomer);
    EXPECT_TRUE(!has_comment || is_log || kOfRecords.contains(stored.family))
        << path << " " << stored.family;
    EXPECT_TRUE(!has_customer || is_log || kOfCustomers.contains(stored.family))
        << path << " " << stored.family;
    files_with_comments_ += has_comment ? 1 : 0;
    files_with_customers_ += has_customer ? 1 : 0;
    ++files_;
  }

  // Every file of the data directory and of the backups.
  void LookIntoFiles() {
    files_ = files_with_comments_ = files_with_customers_ = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(data_)) {
      if (entry.is_regular_file()) {
        LookInto(entry.path(), entry.path().filename());
      }
    }
    const storage::BackupDirectory directory(nullptr, backups_);
    std::map<std::string, std::string> names;
    const auto listed = storage::ListBackups(directory);
    ASSERT_OK(listed);
    EXPECT_THAT(*listed, Not(IsEmpty()));
    for (const storage::ListedBackup& backup : *listed) {
      for (const auto& file : backup.manifest.files) {
        names[directory.PoolPath(file.sha256())] = file.name();
      }
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(backups_)) {
      if (entry.is_regular_file()) {
        LookInto(entry.path(), names[entry.path()]);
      }
    }
    EXPECT_GT(files_, 30);
    EXPECT_GT(files_with_comments_, 0);
    EXPECT_GT(files_with_customers_, 0);
  }

  // Of a process that runs: what others on the machine can see of it.
  void LookAtProcess(pid_t pid) const {
    for (const char* name : {"cmdline", "environ"}) {
      const std::string path = absl::StrCat("/proc/", pid, "/", name);
      const std::string text = ReadFile(path);
      EXPECT_NE(text, "") << path;
      ExpectNothing(path, text);
    }
  }

  TempDir temp_dir_;
  const std::string data_ = temp_dir_.Join("data");
  const std::string backups_ = temp_dir_.Join("backups");
  const std::string access_log_ = temp_dir_.Join("access.log");
  RunningBinary server_;
  std::set<std::string> secrets_;
  std::string logs_;
  std::string told_;  // By chairctl.
  int files_ = 0;
  int files_with_comments_ = 0;
  int files_with_customers_ = 0;
};

// What an ordinary life has: answers, a customer, activities, changes by staff, an erasure.
void Live(Client& client) {
  Create(client, NpsSurvey("nps"));
  const auto submit = [&](const std::string& id) {
    v1::Feedback answer = Answer("nps", id, kTime, 9);
    answer.set_comment(absl::StrCat(kComment, " ", id));
    answer.set_customer_id(absl::StrCat(kCustomer, "-", id));
    return TrySubmit(client, answer);
  };
  for (const char* id : {"a", "b", "c"}) {
    EXPECT_OK(submit(id));
  }
  EXPECT_OK(client
                .UpsertCustomer(FromText<v1::UpsertCustomerRequest>(
                    absl::StrCat("customer { customer_id: '", kCustomer,
                                 "-a' attributes { key: 'city' value: "
                                 "'Ulm' } }")))
                .status());
  EXPECT_OK(client
                .RecordActivity(FromText<v1::RecordActivityRequest>(
                    absl::StrCat("activity { kind: 'visit' activity_id: 'v' customer_id: '",
                                 kCustomer, "-a' occur_time { seconds: 1704067200 } }")))
                .status());
  EXPECT_OK(client
                .AmendFeedback(FromText<v1::AmendFeedbackRequest>(
                    absl::StrCat("feedback { survey_id: 'nps' external_id: 'a' comment: '",
                                 kComment, " amended' } update_mask { paths: 'comment' }")))
                .status());
  EXPECT_OK(client
                .ExcludeFeedback(FromText<v1::ExcludeFeedbackRequest>(
                    absl::StrCat("survey_id: 'nps' external_id: 'b' reason: EXCLUSION_REASON_STAFF "
                                 "note: '",
                                 kComment, "'")))
                .status());
  v1::EraseCustomerRequest erase;
  erase.set_customer_id(absl::StrCat(kCustomer, "-c"));
  erase.set_mode(v1::ERASE_MODE_DELETE);
  EXPECT_OK(client.EraseCustomer(erase).status());
  // Another answer with the same id, and one that is too long.
  v1::Feedback other = Answer("nps", "a", kTime, 1);
  other.set_comment(absl::StrCat(kComment, " other"));
  EXPECT_FALSE(TrySubmit(client, other).ok());
  other.set_external_id("d");
  other.set_comment(absl::StrCat(kComment, std::string(100'000, 'x')));
  EXPECT_FALSE(TrySubmit(client, other).ok());
}

TEST_F(SecretsTest, AreNowhereButWhereTheyWereTold) {
  Start();
  const std::string admin = MakeKey("admin", "admin");
  const std::string reader = MakeKey("reader", "reader");
  const std::string gone = MakeKey("gone", "admin");
  const std::string rotated = temp_dir_.Join("rotated.key");
  const std::string gone_text = KeepSecret(gone);
  const std::string gone_id = gone_text.substr(4, 12);
  EXPECT_EQ(Chairctl({"key", "rotate", gone_id, "--overlap", "0h", "--out", rotated}).exit_status,
            0);
  const std::string rotated_text = KeepSecret(rotated);
  EXPECT_EQ(Chairctl({"whoami"}, gone).exit_status, 80);
  EXPECT_EQ(Chairctl({"whoami"}, rotated).exit_status, 0);
  EXPECT_EQ(Chairctl({"key", "revoke", gone_id}).exit_status, 0);
  EXPECT_EQ(Chairctl({"whoami"}, rotated).exit_status, 80);
  EXPECT_NE(Chairctl({"key", "list"}, reader).exit_status, 0);
  EXPECT_EQ(Chairctl({"key", "list", "--include-revoked"}).exit_status, 0);
  // A key where the id of one is wanted, by hand or by a program.
  EXPECT_NE(Chairctl({"key", "get", KeepSecret(admin)}).exit_status, 0);

  Client client = ClientWith(admin);
  Live(client);

  // Every method: with what customers say, by somebody who may and by others, and with a key's text
  // wherever a text can be.
  const auto channel = grpc::CreateChannel(server_.endpoint, grpc::InsecureChannelCredentials());
  const std::string text = KeepSecret(admin);
  std::string refusals;
  for (const auto* method : MethodsOfTheApi()) {
    const std::string body = BodyOf(*method, MarkerFor);
    for (const Metadata& metadata :
         {By(absl::StrCat("Bearer ", text)), By(absl::StrCat("Bearer ", KeepSecret(reader))),
          By(absl::StrCat("Bearer ", gone_text)), By(text), By(absl::StrCat("Basic ", text)),
          Metadata{{"x-api-key", text}}}) {
      const RawAnswer answer = CallRaw(channel, PathOf(*method), body, metadata);
      absl::StrAppend(&refusals, answer.status.ToString());
    }
    if (ToMethod(*method).is_read_only) {
      CallRaw(channel, PathOf(*method), BodyOf(*method, [&](const std::string&) { return text; }),
              By(absl::StrCat("Bearer ", text)));
    }
  }
  // A customer who is not there is named to who asked.
  ExpectNoSecret("refusals", refusals);
  EXPECT_FALSE(absl::StrContains(refusals, kComment));

  // Both processes while they run.
  LookAtProcess(server_.process->pid());
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Subprocess> watch,
                       Subprocess::Start({CHAIRCTL_PATH, "feedback", "watch", "--after", "0",
                                          "--key-file", admin, "--endpoint", server_.endpoint}));
  const std::string first = Value(watch->ReadLine(kLong));
  LookAtProcess(watch->pid());
  watch->Signal(SIGINT);
  EXPECT_OK(watch->Wait(kLong));
  absl::StrAppend(&told_, first, watch->StandardError());

  // All that was written, by a server that was killed, and by one that stopped.
  EXPECT_EQ(Chairctl({"backup", "create"}, admin).exit_status, 0);
  Create(client, NpsSurvey("late"));  // The first one was archived meanwhile.
  v1::Feedback late = Answer("late", "late", kTime, 9);
  late.set_comment(kComment);
  EXPECT_OK(TrySubmit(client, late));
  End(SIGKILL);
  LookIntoFiles();
  Start();
  EXPECT_EQ(Chairctl({"backup", "create"}, admin).exit_status, 0);
  const FinishedProcess audit = Chairctl({"audit", "list", "--output", "json"});
  EXPECT_EQ(audit.exit_status, 0) << audit.standard_error;
  EXPECT_THAT(audit.standard_output, HasSubstr("FeedbackService/AmendFeedback"));
  ExpectNothing("audit", audit.standard_output);
  End(SIGTERM);
  LookIntoFiles();
  const std::string calls = ReadFile(access_log_);
  EXPECT_THAT(calls, HasSubstr("FeedbackService/SubmitFeedback"));
  ExpectNothing("access log", calls);
  EXPECT_THAT(logs_, HasSubstr("listening"));
  ExpectNothing("log", logs_);
  ExpectNoSecret("chairctl", told_);
}

}  // namespace
}  // namespace emptychair::testing
