// Every method of the API, from its descriptors, by every kind of caller.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/errors.h"
#include "emptychair/v1/access_service.pb.h"
#include "emptychair/v1/survey_service.pb.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/access/access_harness.h"

namespace emptychair::testing {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

constexpr char kGarbage[] = "\xff\xff\xff\xff";

// Who may call each method, by hand: roles, and whether a key for some surveys is enough.
struct Row {
  const char* roles;
  bool needs_all_surveys = false;
};
constexpr char kSubmit[] = "submitter editor admin";
constexpr char kReadSurveys[] = "submitter reader analyst editor admin";
constexpr char kReadMetrics[] = "reader analyst editor admin";
constexpr char kReadRecords[] = "analyst editor admin";
constexpr char kEdit[] = "editor admin";
constexpr char kOperate[] = "operator admin";
constexpr char kAdmin[] = "admin";
constexpr char kAnybody[] = "submitter reader analyst editor operator admin";

const std::map<std::string, Row>& Rows() {
  static const auto* const kRows = new std::map<std::string, Row>{
      {"AccessService/CreateKey", {kAdmin}},
      {"AccessService/GetCaller", {kAnybody}},
      {"AccessService/GetKey", {kAdmin}},
      {"AccessService/ListAuditEvents", {kAdmin}},
      {"AccessService/ListKeys", {kAdmin}},
      {"AccessService/RevokeKey", {kAdmin}},
      {"AccessService/RotateKey", {kAdmin}},
      {"AccessService/UpdateKey", {kAdmin}},
      {"AdminService/CompactStore", {kOperate}},
      {"AdminService/CreateBackup", {kOperate}},
      {"AdminService/DeleteBackup", {kOperate}},
      {"AdminService/GetStatus", {kOperate}},
      {"AdminService/ListBackups", {kOperate}},
      {"AdminService/MeasureRepeats", {kOperate}},
      {"AdminService/PruneBackups", {kOperate}},
      {"AdminService/RebuildCube", {kOperate}},
      {"AdminService/VerifyBackup", {kOperate}},
      {"AdminService/VerifyStore", {kOperate}},
      {"CustomerService/BatchRecordActivities", {kSubmit, true}},
      {"CustomerService/DefineActivityKind", {kEdit, true}},
      {"CustomerService/DeleteActivityKind", {kAdmin, true}},
      {"CustomerService/EraseActivity", {kAdmin, true}},
      {"CustomerService/EraseCustomer", {kAdmin, true}},
      {"CustomerService/ExportCustomer", {kReadRecords, true}},
      {"CustomerService/GetCustomer", {kReadRecords, true}},
      {"CustomerService/GetCustomerView", {kReadRecords, true}},
      {"CustomerService/ListActivities", {kReadRecords, true}},
      {"CustomerService/ListActivityKinds", {kReadSurveys, true}},
      {"CustomerService/ListTimeline", {kReadRecords, true}},
      {"CustomerService/RecordActivity", {kSubmit, true}},
      {"CustomerService/StreamActivities", {kSubmit, true}},
      {"CustomerService/UpsertCustomer", {kSubmit, true}},
      {"FeedbackService/AmendFeedback", {kEdit}},
      {"FeedbackService/BatchSubmitFeedback", {kSubmit}},
      {"FeedbackService/ChangeManyFeedback", {kEdit}},
      {"FeedbackService/EraseFeedback", {kAdmin}},
      {"FeedbackService/ExcludeFeedback", {kEdit}},
      {"FeedbackService/GetFeedback", {kReadRecords}},
      {"FeedbackService/IncludeFeedback", {kEdit}},
      {"FeedbackService/ListFeedback", {kReadRecords}},
      {"FeedbackService/StreamFeedback", {kSubmit}},
      {"FeedbackService/SubmitFeedback", {kSubmit}},
      {"FeedbackService/TakeBackImport", {kAdmin}},
      {"FeedbackService/WatchFeedback", {kReadRecords}},
      {"MetricsService/CompareMetric", {kReadMetrics}},
      {"MetricsService/CompareWords", {kReadRecords}},
      {"MetricsService/DecomposeChange", {kReadMetrics}},
      {"MetricsService/ExplainMetric", {kReadRecords}},
      {"MetricsService/GetRepeatProfile", {kReadMetrics}},
      {"MetricsService/GetScorecard", {kReadMetrics}},
      {"MetricsService/QueryCohorts", {kReadMetrics, true}},
      {"MetricsService/QueryMetric", {kReadMetrics}},
      {"MetricsService/QueryRepeatRate", {kReadMetrics, true}},
      {"MetricsService/QueryRetention", {kReadMetrics, true}},
      {"SurveyService/ArchiveSurvey", {kEdit}},
      {"SurveyService/CreateSurvey", {kEdit, true}},
      {"SurveyService/DeleteSurvey", {kAdmin}},
      {"SurveyService/GetSurvey", {kReadSurveys}},
      {"SurveyService/ListSurveys", {kReadSurveys}},
      {"SurveyService/UpdateSurvey", {kEdit}},
  };
  return *kRows;
}

constexpr const char* kRoles[] = {"submitter", "reader", "analyst", "editor", "operator", "admin"};
constexpr const char* kRolesOfSomeSurveys[] = {"submitter", "reader", "analyst", "editor"};

// Names the survey in every field of a request that names one; whether there was such a field.
bool NameSurvey(const std::string& survey_id, int depth, Message& message) {
  bool named = false;
  const Descriptor& type = *message.GetDescriptor();
  const auto& reflection = *message.GetReflection();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* const field = type.field(i);
    if (field->name() == "survey_id" && !field->is_repeated()) {
      reflection.SetString(&message, field, survey_id);
      named = true;
    } else if (field->name() == "survey_ids") {
      reflection.AddString(&message, field, survey_id);
      named = true;
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field->is_map() &&
               depth < 3) {
      const bool is_resource = field->message_type()->file()->package() == "emptychair.v1";
      if (!is_resource) {
        continue;
      }
      std::unique_ptr<Message> part(google::protobuf::MessageFactory::generated_factory()
                                        ->GetPrototype(field->message_type())
                                        ->New());
      if (NameSurvey(survey_id, depth + 1, *part)) {
        named = true;
        field->is_repeated() ? reflection.AddMessage(&message, field)->CopyFrom(*part)
                             : reflection.MutableMessage(&message, field)->CopyFrom(*part);
      }
    }
  }
  return named;
}

// A request that names the survey wherever it can; empty where it cannot.
std::string BodyWith(const MethodDescriptor& method, const std::string& survey_id) {
  std::unique_ptr<Message> request(google::protobuf::MessageFactory::generated_factory()
                                       ->GetPrototype(method.input_type())
                                       ->New());
  NameSurvey(survey_id, 0, *request);
  return request->SerializeAsString();
}

// The answer without the store's sequence, which anybody may see.
std::string WithoutSequence(const MethodDescriptor& method, const std::string& bytes) {
  std::unique_ptr<Message> answer(google::protobuf::MessageFactory::generated_factory()
                                      ->GetPrototype(method.output_type())
                                      ->New());
  EXPECT_TRUE(answer->ParseFromString(bytes));
  if (const FieldDescriptor* field = method.output_type()->FindFieldByName("sequence")) {
    answer->GetReflection()->ClearField(answer.get(), field);
  }
  return answer->DebugString();
}

bool IsOfAccess(const absl::Status& status) {
  const int reason = ReasonOf(status);
  return (reason >= 80 && reason <= 85);
}

// Somebody who calls.
struct Who {
  std::string name;
  std::shared_ptr<grpc::Channel> channel;
  Metadata metadata;
};

class AccessMatrixTest : public ::testing::TestWithParam<ListensBy> {
 protected:
  AccessMatrixTest() : server_("none", GetParam()) {
    CreateSurvey("own");
    for (const char* role : kRoles) {
      keys_[role] = server_.MakeKey(
          absl::StrCat("name: '", role, "' all_surveys: true role: ROLE_", Upper(role)));
    }
    for (const char* role : kRolesOfSomeSurveys) {
      limited_keys_[role] = server_.MakeKey(
          absl::StrCat("name: 'limited ", role, "' survey_ids: 'own' role: ROLE_", Upper(role)));
    }
    expired_ = server_.MakeKey(
        "name: 'expired' all_surveys: true role: ROLE_ADMIN expire_time { seconds: 1719835201 }");
    server_.clock().Advance(absl::Seconds(2));
    revoked_ = server_.MakeKey("name: 'revoked' all_surveys: true role: ROLE_ADMIN");
    Revoke();
  }

  static std::string Upper(const std::string& role) { return absl::AsciiStrToUpper(role); }

  void CreateSurvey(const std::string& survey_id) {
    v1::CreateSurveyRequest create;
    create.mutable_survey()->set_survey_id(survey_id);
    create.mutable_survey()->set_kind(v1::SURVEY_KIND_NPS);
    server_.Admin<v1::CreateSurveyResponse>(create);
  }

  // The key that was made last.
  void Revoke() {
    v1::RevokeKeyRequest revoke;
    revoke.set_key_id(server_.key_id());
    server_.Admin<v1::RevokeKeyResponse>(revoke);
  }

  // Somebody with such a key at the listener.
  Who With(const std::string& name, const std::string& authorization) const {
    return {name, server_.listener(), By(authorization)};
  }
  Who Role(const std::string& role) const { return With(role, keys_.at(role)); }
  Who LimitedRole(const std::string& role) const {
    return With(absl::StrCat(role, " of some surveys"), limited_keys_.at(role));
  }

  static RawAnswer Call(const Who& who, const MethodDescriptor& method, const std::string& body) {
    return CallRaw(who.channel, PathOf(method), body, who.metadata);
  }

  // The refusal is the same to an empty body, one that is none, and a good one.
  static void ExpectRefused(const MethodDescriptor& method, const Who& who,
                            v1::ErrorReason reason) {
    absl::Status refusal;
    for (const std::string& body : {std::string(), std::string(kGarbage), BodyWith(method, "own"),
                                    BodyWith(method, "missing")}) {
      const absl::Status status = Call(who, method, body).status;
      EXPECT_THAT(status, HasReason(reason)) << NameOf(method) << " by " << who.name;
      if (refusal.ok()) {
        refusal = status;
      }
      EXPECT_EQ(status, refusal) << NameOf(method) << " by " << who.name;
    }
  }

  static void ExpectLetIn(const MethodDescriptor& method, const Who& who) {
    const absl::Status status = Call(who, method, kGarbage).status;
    EXPECT_FALSE(IsOfAccess(status)) << NameOf(method) << " by " << who.name << ": " << status;
    EXPECT_THAT(status, HasReason(v1::ERROR_REASON_FIELD_INVALID))
        << NameOf(method) << " by " << who.name;
  }

  static void ExpectAsItsRowSays(const MethodDescriptor& method, const Who& who,
                                 const std::string& role, bool of_all_surveys) {
    const Row& row = Rows().at(NameOf(method));
    const std::set<std::string> may = absl::StrSplit(row.roles, ' ');
    if (may.contains(role) && (of_all_surveys || !row.needs_all_surveys)) {
      ExpectLetIn(method, who);
    } else {
      ExpectRefused(method, who, v1::ERROR_REASON_NOT_PERMITTED);
    }
  }

  AccessServer server_;
  std::map<std::string, std::string> keys_;
  std::map<std::string, std::string> limited_keys_;
  std::string expired_;
  std::string revoked_;
};

INSTANTIATE_TEST_SUITE_P(Listeners, AccessMatrixTest,
                         ::testing::Values(ListensBy::kPlainText, ListensBy::kTls),
                         [](const auto& info) {
                           return std::string(info.param == ListensBy::kTls ? "ByTls"
                                                                            : "InPlainText");
                         });

TEST(AccessMatrix, HasARowForEachMethod) {
  std::set<std::string> methods;
  for (const MethodDescriptor* method : MethodsOfTheApi()) {
    methods.insert(NameOf(*method));
    EXPECT_TRUE(Rows().contains(NameOf(*method))) << NameOf(*method);
  }
  for (const auto& [name, row] : Rows()) {
    EXPECT_TRUE(methods.contains(name)) << name;
  }
}

TEST_P(AccessMatrixTest, NobodyCallsWithoutAKeyThatWorks) {
  const std::string forged =
      "Bearer eck_04hmasw9nf6y_3AHOVcjqx4BIPWdkry5CJQXelsz6DKRYfmt07ELSZgn1CnWjr";
  for (const MethodDescriptor* method : MethodsOfTheApi()) {
    ExpectRefused(*method, With("nobody", ""), v1::ERROR_REASON_KEY_REQUIRED);
    ExpectRefused(*method, With("a forger", forged), v1::ERROR_REASON_KEY_INVALID);
    ExpectRefused(*method, With("one whose key was revoked", revoked_),
                  v1::ERROR_REASON_KEY_REVOKED);
    ExpectRefused(*method, With("one whose key expired", expired_), v1::ERROR_REASON_KEY_EXPIRED);
    for (const char* header : {"forwarded", "x-forwarded-for", "via"}) {
      const absl::Status status =
          CallRaw(server_.listener(), PathOf(*method), "", {{header, "1.1 proxy"}}).status;
      EXPECT_THAT(status, HasReason(v1::ERROR_REASON_KEY_REQUIRED)) << NameOf(*method);
    }
  }
}

TEST_P(AccessMatrixTest, EachRoleCallsWhatItsRowSaysByEveryListener) {
  for (const MethodDescriptor* method : MethodsOfTheApi()) {
    for (const char* role : kRoles) {
      ExpectAsItsRowSays(*method, Role(role), role, /*of_all_surveys=*/true);
      // A key counts for what it is on the admin socket, too.
      const absl::Status by_socket =
          CallRaw(server_.admin_socket(), PathOf(*method), kGarbage, By(keys_[role])).status;
      const std::set<std::string> may = absl::StrSplit(Rows().at(NameOf(*method)).roles, ' ');
      EXPECT_EQ(!IsOfAccess(by_socket), may.contains(role)) << NameOf(*method) << " by " << role;
    }
    for (const char* role : kRolesOfSomeSurveys) {
      ExpectAsItsRowSays(*method, LimitedRole(role), role, /*of_all_surveys=*/false);
    }
    const absl::Status socket = CallRaw(server_.admin_socket(), PathOf(*method), kGarbage).status;
    EXPECT_THAT(socket, HasReason(v1::ERROR_REASON_FIELD_INVALID)) << NameOf(*method);
  }
}

// What is told of a survey that the key may not use is, byte for byte, what is told of none.
TEST_P(AccessMatrixTest, ASurveyOutOfScopeIsAsOneThatIsNotThere) {
  std::map<std::string, RawAnswer> before;
  const auto ask = [&](auto&& on_answer) {
    for (const MethodDescriptor* method : MethodsOfTheApi()) {
      for (const char* role : kRolesOfSomeSurveys) {
        on_answer(*method, absl::StrCat(NameOf(*method), " by ", role),
                  Call(LimitedRole(role), *method, BodyWith(*method, "foreign")));
      }
    }
  };
  int not_found = 0;
  ask([&](const MethodDescriptor&, const std::string& name, const RawAnswer& answer) {
    not_found += ReasonOf(answer.status) == v1::ERROR_REASON_SURVEY_NOT_FOUND ? 1 : 0;
    before[name] = answer;
  });
  EXPECT_GT(not_found, 20);
  CreateSurvey("foreign");
  ask([&](const MethodDescriptor& method, const std::string& name, const RawAnswer& answer) {
    EXPECT_EQ(answer.status, before[name].status) << name;
    if (answer.status.ok()) {
      EXPECT_EQ(WithoutSequence(method, answer.message),
                WithoutSequence(method, before[name].message))
          << name;
    }
  });
}

TEST_P(AccessMatrixTest, AKeyOfSomeSurveysReachesThose) {
  for (const MethodDescriptor* method : MethodsOfTheApi()) {
    for (const char* role : kRolesOfSomeSurveys) {
      const RawAnswer answer = Call(LimitedRole(role), *method, BodyWith(*method, "own"));
      EXPECT_NE(ReasonOf(answer.status), v1::ERROR_REASON_SURVEY_NOT_FOUND)
          << NameOf(*method) << " by " << role << ": " << answer.status;
    }
  }
}

TEST_P(AccessMatrixTest, HealthIsForEverybodyAndTheRestOfGrpcForWhoeverHasARole) {
  const std::string check = "/grpc.health.v1.Health/Check";
  const std::string watch = "/grpc.health.v1.Health/Watch";
  EXPECT_OK(CallRaw(server_.listener(), check, "").status);
  EXPECT_NE(CallRaw(server_.listener(), watch, "").message, "");
  EXPECT_THAT(CallRaw(server_.listener(), check, "", By("Bearer x")).status.code(),
              absl::StatusCode::kUnauthenticated);
  for (const char* path : {"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                           "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                           "/no.such.Service/Method"}) {
    EXPECT_THAT(CallRaw(server_.listener(), path, "").status.code(),
                absl::StatusCode::kUnauthenticated)
        << path;
    EXPECT_NE(CallRaw(server_.listener(), path, "", By(keys_["operator"])).status.code(),
              absl::StatusCode::kUnauthenticated)
        << path;
  }
}

// Callers by client certificates, which only TLS has.
class CertificateMatrixTest : public AccessMatrixTest {
 protected:
  // Somebody with a certificate that is registered as the text format says.
  Who Register(const std::string& name, const std::string& key) {
    const std::string san = absl::StrCat("spiffe://example.org/", name);
    server_.MakeKey(absl::StrCat("name: 'of ", name, "' certificate_san: 'uri:", san, "' ", key));
    return Unregistered(name);
  }
  Who Unregistered(const std::string& name) {
    return {absl::StrCat("the certificate of ", name),
            server_.WithCertificate({absl::StrCat("URI:spiffe://example.org/", name)}),
            {}};
  }
};

INSTANTIATE_TEST_SUITE_P(Listeners, CertificateMatrixTest, ::testing::Values(ListensBy::kTls),
                         [](const auto&) { return "ByTls"; });

TEST_P(CertificateMatrixTest, EachRoleCallsWhatItsRowSays) {
  std::map<std::string, Who> all;
  std::map<std::string, Who> some;
  for (const char* role : kRoles) {
    all[role] = Register(role, absl::StrCat("all_surveys: true role: ROLE_", Upper(role)));
  }
  for (const char* role : kRolesOfSomeSurveys) {
    some[role] = Register(absl::StrCat("limited-", role),
                          absl::StrCat("survey_ids: 'own' role: ROLE_", Upper(role)));
  }
  for (const MethodDescriptor* method : MethodsOfTheApi()) {
    for (const auto& [role, who] : all) {
      ExpectAsItsRowSays(*method, who, role, /*of_all_surveys=*/true);
    }
    for (const auto& [role, who] : some) {
      ExpectAsItsRowSays(*method, who, role, /*of_all_surveys=*/false);
    }
  }
}

TEST_P(CertificateMatrixTest, NobodyCallsByOneThatIsNotRegisteredOrEndedOrBesideAWrongKey) {
  const Who unknown = Unregistered("unknown");
  const Who revoked = Register("revoked", "all_surveys: true role: ROLE_ADMIN");
  Revoke();
  const Who expired =
      Register("expired", "all_surveys: true role: ROLE_ADMIN expire_time { seconds: 1719835204 }");
  server_.clock().Advance(absl::Seconds(2));
  const Who admin = Register("admin", "all_surveys: true role: ROLE_ADMIN");
  const Who beside_a_wrong_key = {"an admin with a wrong key", admin.channel, By("Bearer x")};
  const Who beside_a_key = {"an admin with the key of an operator", admin.channel,
                            By(keys_["operator"])};
  for (const MethodDescriptor* method : MethodsOfTheApi()) {
    ExpectRefused(*method, unknown, v1::ERROR_REASON_CERTIFICATE_UNKNOWN);
    ExpectRefused(*method, revoked, v1::ERROR_REASON_CERTIFICATE_UNKNOWN);
    ExpectRefused(*method, expired, v1::ERROR_REASON_KEY_EXPIRED);
    ExpectRefused(*method, beside_a_wrong_key, v1::ERROR_REASON_KEY_INVALID);
    ExpectAsItsRowSays(*method, beside_a_key, "operator", /*of_all_surveys=*/true);
  }
}

}  // namespace
}  // namespace emptychair::testing
