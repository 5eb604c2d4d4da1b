// The key that calls send: in every form of a call, and when the server does not take it.
#include "client/api_key.h"

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/errors.h"
#include "emptychair/client/client.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "tests/client/keyed_server.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/temp_dir.h"

namespace emptychair {
namespace {

using ::emptychair::testing::HasField;
using ::emptychair::testing::HasReason;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr char kOld[] = "eck_0000000000aa_old";
constexpr char kNew[] = "eck_0000000000aa_new";

// Has every failure tried again, whatever it is.
class StubbornPolicy final : public RetryPolicy {
 public:
  std::unique_ptr<RetryPolicy> Clone() const override { return std::make_unique<StubbornPolicy>(); }
  bool OnFailure(const absl::Status&, absl::Duration) override { return true; }
};

class ApiKeyTest : public ::testing::Test {
 protected:
  ApiKeyTest() {
    Write(absl::StrCat(kOld, "\n"));
    options_.endpoint = absl::StrCat("127.0.0.1:", server_.port());
    options_.api_key_file = file_;
    options_.retry_policy = std::make_shared<StubbornPolicy>();
    options_.sleep = [this](absl::Duration) { ++sleeps_; };
  }

  void Write(const std::string& content) const {
    std::ofstream(file_, std::ios::binary) << content;
  }

  std::shared_ptr<Connection> Connect() const {
    absl::StatusOr<std::shared_ptr<Connection>> connection = MakeConnection(options_);
    EXPECT_OK(connection);
    return *std::move(connection);
  }

  testing::TempDir directory_;
  const std::string file_ = directory_.Join("key");
  KeyedServer server_{kOld};
  ClientOptions options_;
  int sleeps_ = 0;
};

// One call of each form, and what it ends with.
struct Form {
  const char* method;
  std::function<absl::Status(Connection&)> call;
};

template <typename T>
absl::Status EndOf(ResultRange<T> range) {
  absl::Status end;
  for (const absl::StatusOr<T>& element : range) {
    end = element.status();
  }
  return end;
}

absl::Status Upload(std::unique_ptr<FeedbackStream> stream) {
  for (int i = 0; i < 20; ++i) {
    if (const absl::Status sent = stream->Send({}); !sent.ok()) {
      return sent;
    }
  }
  return stream->Finish();
}

std::vector<Form> Forms() {
  return {
      {"GetSurvey", [](Connection& c) { return c.GetSurvey({}).status(); }},
      // Not sent again by itself.
      {"DeleteSurvey", [](Connection& c) { return c.DeleteSurvey({}).status(); }},
      {"CreateKey", [](Connection& c) { return c.CreateKey({}).status(); }},
      {"BatchSubmitFeedback", [](Connection& c) { return c.BatchSubmitFeedback({}).status(); }},
      {"StreamFeedback",
       [](Connection& c) { return Upload(c.StreamFeedback([](const auto&, const auto&) {}, {})); }},
      {"StreamActivities",
       [](Connection& c) {
         auto stream = c.StreamActivities([](const auto&, const auto&) {}, {});
         const absl::Status sent = stream->Send({});
         return sent.ok() ? stream->Finish() : sent;
       }},
      {"ChangeManyFeedback", [](Connection& c) { return EndOf(c.ChangeManyFeedback({})); }},
      {"TakeBackImport", [](Connection& c) { return EndOf(c.TakeBackImport({})); }},
      {"ExportCustomer", [](Connection& c) { return EndOf(c.ExportCustomer({})); }},
      {"VerifyStore", [](Connection& c) { return EndOf(c.VerifyStore({})); }},
      {"CreateBackup", [](Connection& c) { return EndOf(c.CreateBackup({})); }},
      {"VerifyBackup", [](Connection& c) { return EndOf(c.VerifyBackup({})); }},
  };
}

// What is no stream goes one way; a stream that is new needs a row above.
TEST_F(ApiKeyTest, TheFormsHaveEveryStream) {
  std::set<std::string> forms = {"WatchFeedback"};
  for (const Form& form : Forms()) {
    forms.insert(form.method);
  }
  for (const google::protobuf::Descriptor* message :
       {v1::GetSurveyRequest::descriptor(), v1::GetFeedbackRequest::descriptor(),
        v1::QueryMetricRequest::descriptor(), v1::GetStatusRequest::descriptor(),
        v1::GetCustomerRequest::descriptor(), v1::GetCallerRequest::descriptor()}) {
    const google::protobuf::ServiceDescriptor& service = *message->file()->service(0);
    for (int m = 0; m < service.method_count(); ++m) {
      const google::protobuf::MethodDescriptor& method = *service.method(m);
      if (method.client_streaming() || method.server_streaming()) {
        EXPECT_THAT(forms, Contains(method.name()));
      }
    }
  }
}

TEST_F(ApiKeyTest, EveryFormOfACallSendsItOnce) {
  const std::shared_ptr<Connection> connection = Connect();
  std::vector<std::string> expected;
  for (const Form& form : Forms()) {
    EXPECT_OK(form.call(*connection)) << form.method;
    expected.push_back(absl::StrCat(form.method, ": Bearer ", kOld));
  }
  EXPECT_EQ(server_.calls(), expected);
}

TEST_F(ApiKeyTest, AfterARotationEveryFormGoesOnWithTheNewOne) {
  for (const Form& form : Forms()) {
    Write(kOld);
    KeyedServer server(kNew);
    options_.endpoint = absl::StrCat("127.0.0.1:", server.port());
    const std::shared_ptr<Connection> connection = Connect();
    Write(kNew);
    EXPECT_OK(form.call(*connection)) << form.method;
    EXPECT_THAT(server.calls(), ElementsAre(absl::StrCat(form.method, ": Bearer ", kOld),
                                            absl::StrCat(form.method, ": Bearer ", kNew)));
    // The next call has it from the beginning.
    EXPECT_OK(form.call(*connection)) << form.method;
    EXPECT_THAT(server.calls(), SizeIs(3));
  }
  EXPECT_EQ(sleeps_, 0);
}

TEST_F(ApiKeyTest, NoFormRepeatsWhatIsNotTaken) {
  const absl::Status refusals[] = {
      Error(v1::ERROR_REASON_KEY_REVOKED, "revoked", {{"key_id", "0000000000aa"}}),
      Error(v1::ERROR_REASON_NOT_PERMITTED, "not allowed", {{"permission", "ERASE"}})};
  for (const absl::Status& refusal : refusals) {
    for (const Form& form : Forms()) {
      KeyedServer server(kOld);
      server.RefuseAll(refusal);
      options_.endpoint = absl::StrCat("127.0.0.1:", server.port());
      EXPECT_EQ(form.call(*Connect()), refusal) << form.method;
      EXPECT_THAT(server.calls(), SizeIs(1)) << form.method;
    }
  }
  EXPECT_EQ(sleeps_, 0);
}

TEST_F(ApiKeyTest, OneRenewalIsAllThatACallGets) {
  KeyedServer server("eck_another");
  options_.endpoint = absl::StrCat("127.0.0.1:", server.port());
  // Another one each time that it is asked for.
  options_.api_key_file.clear();
  options_.api_key_source = [count = std::make_shared<int>(0)]() -> absl::StatusOr<std::string> {
    return absl::StrCat("eck_", ++*count);
  };
  for (const Form& form : Forms()) {
    const size_t before = server.calls().size();
    EXPECT_THAT(form.call(*Connect()), HasReason(v1::ERROR_REASON_KEY_INVALID)) << form.method;
    EXPECT_EQ(server.calls().size(), before + 2) << form.method;
  }
}

TEST_F(ApiKeyTest, AFileThatIsGoneLeavesTheKeyAsItWas) {
  const std::shared_ptr<Connection> connection = Connect();
  std::filesystem::remove(file_);
  EXPECT_OK(connection->GetSurvey({}));
  server_.SetKey(kNew);
  EXPECT_THAT(connection->GetSurvey({}), HasReason(v1::ERROR_REASON_KEY_INVALID));
  Write("");
  EXPECT_THAT(connection->GetSurvey({}), HasReason(v1::ERROR_REASON_KEY_INVALID));
  Write(kNew);
  EXPECT_OK(connection->GetSurvey({}));
}

TEST_F(ApiKeyTest, AWatchSendsItInEachOfItsCalls) {
  const std::shared_ptr<Connection> connection = Connect();
  server_.SetKey(kNew);
  Write(kNew);
  // The stubborn policy has a watch go on for ever.
  ResultRange<v1::WatchFeedbackResponse> changes = connection->WatchFeedback({}, {});
  auto change = changes.begin();
  ASSERT_OK(*change);
  EXPECT_EQ((*change)->sequence(), 7);
  ASSERT_OK(*++change);
  EXPECT_THAT(server_.calls(), ElementsAre(absl::StrCat("WatchFeedback: Bearer ", kOld),
                                           absl::StrCat("WatchFeedback: Bearer ", kNew),
                                           absl::StrCat("WatchFeedback: Bearer ", kNew)));
  // And is over when the key is.
  server_.RefuseAll(Error(v1::ERROR_REASON_KEY_REVOKED, "revoked"));
  ++change;
  EXPECT_THAT(*change, HasReason(v1::ERROR_REASON_KEY_REVOKED));
}

TEST_F(ApiKeyTest, WithoutOneNothingIsSent) {
  options_.api_key_file.clear();
  const std::shared_ptr<Connection> connection = Connect();
  for (const Form& form : Forms()) {
    EXPECT_THAT(form.call(*connection), HasReason(v1::ERROR_REASON_KEY_INVALID));
  }
  EXPECT_THAT(server_.calls(), SizeIs(Forms().size()));
  for (const std::string& call : server_.calls()) {
    EXPECT_THAT(call, Not(HasSubstr("Bearer")));
  }
}

TEST_F(ApiKeyTest, BlanksAroundItDoNotCount) {
  for (const char* content : {"%", "%\n", "%\r\n", " \t%\n\n"}) {
    Write(absl::StrReplaceAll(content, {{"%", kOld}}));
    EXPECT_OK(Connect()->GetSurvey({})) << content;
  }
}

TEST_F(ApiKeyTest, RefusesAFileThatHoldsNoneAndShowsNothingOfIt) {
  const std::string contents[] = {"",
                                  "\n",
                                  "MARKER and more",
                                  "MARKER\nMARKER",
                                  "MARKER\x01",
                                  std::string("MARKER\0", 7),
                                  "MARKERä",
                                  std::string(257, 'M') + "ARKER",
                                  std::string(100'000, 'M') + "ARKER"};
  for (const std::string& content : contents) {
    Write(content);
    const absl::Status status = MakeConnection(options_).status();
    EXPECT_THAT(status, HasField("api_key_file"));
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr(file_), HasSubstr("holds no key"), Not(HasSubstr("ARKER"))));
    options_.api_key_file.clear();
    options_.api_key_source = [content] { return absl::StatusOr<std::string>(content); };
    const absl::Status given = MakeConnection(options_).status();
    EXPECT_THAT(given, HasField("api_key_source"));
    EXPECT_THAT(std::string(given.message()), Not(HasSubstr("ARKER")));
    options_.api_key_source = nullptr;
    options_.api_key_file = file_;
  }
  for (const std::string& path : {directory_.Join("missing"), directory_.path()}) {
    options_.api_key_file = path;
    const absl::Status status = MakeConnection(options_).status();
    EXPECT_THAT(status, HasField("api_key_file"));
    EXPECT_THAT(std::string(status.message()), HasSubstr("cannot be read"));
  }
}

TEST_F(ApiKeyTest, TwoPlacesForOneKeyAreRefused) {
  options_.api_key_source = [] { return absl::StatusOr<std::string>("eck_b"); };
  EXPECT_THAT(MakeConnection(options_).status(), HasField("api_key_file"));
}

TEST_F(ApiKeyTest, TheErrorOfASourceIsThatOfTheClient) {
  options_.api_key_file.clear();
  options_.api_key_source = [] {
    return absl::StatusOr<std::string>(absl::UnavailableError("the vault is closed"));
  };
  EXPECT_EQ(MakeConnection(options_).status(), absl::UnavailableError("the vault is closed"));
}

TEST_F(ApiKeyTest, GoesInPlainTextToThisMachineAlone) {
  for (const char* endpoint : {"example.com:7443", "10.0.0.1:7443", "0.0.0.0:7443", "[::]:7443",
                               "[2001:db8::1]:7443", "localhost.example:1", "127.0.0.1.example:1",
                               "dns:///localhost:1", "ipv4:127.0.0.1:1,10.0.0.1:2"}) {
    options_.endpoint = endpoint;
    const absl::Status status = MakeConnection(options_).status();
    EXPECT_THAT(status, HasField("credentials")) << endpoint;
    EXPECT_THAT(
        std::string(status.message()),
        AllOf(StartsWith("credentials: are plain text"), HasSubstr(endpoint),
              HasSubstr("wanted TLS"), HasSubstr("allow_key_in_plain_text"), Not(HasSubstr(kOld))));
    // Also where the key itself would be refused: its file is not even read.
    ClientOptions missing = options_;
    missing.api_key_file = directory_.Join("missing");
    EXPECT_EQ(MakeConnection(missing).status(), status);
    ClientOptions source = options_;
    source.api_key_file.clear();
    source.api_key_source = []() -> absl::StatusOr<std::string> {
      ADD_FAILURE() << "asked for a key that must not be sent";
      return std::string(kOld);
    };
    EXPECT_EQ(MakeConnection(source).status(), status);
    ClientOptions allowed = options_;
    allowed.allow_key_in_plain_text = true;
    EXPECT_OK(MakeConnection(allowed));
    ClientOptions encrypted = options_;
    encrypted.credentials = Tls();
    EXPECT_OK(MakeConnection(encrypted));
    ClientOptions without = options_;
    without.api_key_file.clear();
    EXPECT_OK(MakeConnection(without));
  }
  for (const char* endpoint : {"127.0.0.1:7443", "127.9.9.9:1", "localhost:7443", "LOCALHOST:1",
                               "[::1]:7443", "unix:/run/ec.sock"}) {
    options_.endpoint = endpoint;
    EXPECT_OK(MakeConnection(options_)) << endpoint;
  }
}

TEST_F(ApiKeyTest, GoesThroughAUnixSocket) {
  const std::string address = absl::StrCat("unix:", directory_.Join("ec.sock"));
  KeyedServer server(kOld, grpc::InsecureServerCredentials(), address);
  options_.endpoint = address;
  EXPECT_OK(Connect()->GetSurvey({}));
}

TEST(CallKey, RenewsOnceUntilItBeginsAnew) {
  const absl::Status refused = Error(v1::ERROR_REASON_KEY_INVALID, "");
  ClientOptions options;
  std::string text = "a";
  options.api_key_source = [&text] { return absl::StatusOr<std::string>(text); };
  const absl::StatusOr<std::shared_ptr<ApiKey>> key = ApiKey::Read(options);
  ASSERT_OK(key);
  CallKey call(*key);
  EXPECT_EQ(call.Authorization(), "Bearer a");
  EXPECT_FALSE(call.RenewAfter(absl::UnavailableError("")));
  EXPECT_FALSE(call.RenewAfter(absl::OkStatus()));
  text = "b";
  EXPECT_TRUE(call.RenewAfter(refused));
  EXPECT_EQ(call.Authorization(), "Bearer b");
  text = "c";
  EXPECT_FALSE(call.RenewAfter(refused));
  call.Begin();
  EXPECT_TRUE(call.RenewAfter(refused));
  // A call that has sent what another has renewed meanwhile has something new to send.
  CallKey late(*key);
  late.Authorization();
  text = "d";
  call.Begin();
  EXPECT_TRUE(call.RenewAfter(refused));
  EXPECT_TRUE(late.RenewAfter(refused));
  EXPECT_EQ(late.Authorization(), "Bearer d");
  EXPECT_EQ(CallKey().Authorization(), "");
  EXPECT_FALSE(CallKey().RenewAfter(refused));
}

}  // namespace
}  // namespace emptychair
