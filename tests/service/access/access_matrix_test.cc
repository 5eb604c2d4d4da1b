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

std::vector<const MethodDescriptor*> MethodsOfTheApi() {
  std::vector<const MethodDescriptor*> methods;
  for (const absl::string_view proto : absl::StrSplit(EMPTYCHAIR_API_PROTOS, ',')) {
    const auto* const file =
        google::protobuf::DescriptorPool::generated_pool()->FindFileByName(std::string(proto));
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        methods.push_back(file->service(s)->method(m));
      }
    }
  }
  return methods;
}

std::string NameOf(const MethodDescriptor& method) {
  return absl::StrCat(method.service()->name(), "/", method.name());
}
std::string PathOf(const MethodDescriptor& method) {
  return absl::StrCat("/", method.service()->full_name(), "/", method.name());
}

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

class AccessMatrixTest : public ::testing::Test {
 protected:
  AccessMatrixTest() {
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
    v1::RevokeKeyRequest revoke;
    revoke.set_key_id(server_.key_id());
    server_.Admin<v1::RevokeKeyResponse>(revoke);
  }

  static std::string Upper(const std::string& role) { return absl::AsciiStrToUpper(role); }

  void CreateSurvey(const std::string& survey_id) {
    v1::CreateSurveyRequest create;
    create.mutable_survey()->set_survey_id(survey_id);
    create.mutable_survey()->set_kind(v1::SURVEY_KIND_NPS);
    server_.Admin<v1::CreateSurveyResponse>(create);
  }

  // The refusal is the same to an empty body, one that is none, and a good one.
  void ExpectRefused(const MethodDescriptor& method, const std::string& who,
                     const Metadata& metadata, v1::ErrorReason reason) {
    for (const std::string& body : {std::string(), std::string(kGarbage), BodyWith(method, "own"),
                                    BodyWith(method, "missing")}) {
      const absl::Status status = CallRaw(server_.plain(), PathOf(method), body, metadata).status;
      EXPECT_THAT(status, HasReason(reason)) << NameOf(method) << " by " << who;
      if (refusal_.ok()) {
        refusal_ = status;
      }
      EXPECT_EQ(status, refusal_) << NameOf(method) << " by " << who;
    }
    refusal_ = absl::OkStatus();
  }

  void ExpectLetIn(const MethodDescriptor& method, const std::string& who,
                   const Metadata& metadata) {
    const absl::Status status = CallRaw(server_.plain(), PathOf(method), kGarbage, metadata).status;
    EXPECT_FALSE(IsOfAccess(status)) << NameOf(method) << " by " << who << ": " << status;
    EXPECT_THAT(status, HasReason(v1::ERROR_REASON_FIELD_INVALID))
        << NameOf(method) << " by " << who;
  }

  AccessServer server_;
  std::map<std::string, std::string> keys_;
  std::map<std::string, std::string> limited_keys_;
  std::string expired_;
  std::string revoked_;

 private:
  absl::Status refusal_;
};

TEST_F(AccessMatrixTest, HasARowForEachMethod) {
  std::set<std::string> methods;
  for (const MethodDescriptor* method : MethodsOfTheApi()) {
    methods.insert(NameOf(*method));
    EXPECT_TRUE(Rows().contains(NameOf(*method))) << NameOf(*method);
  }
  for (const auto& [name, row] : Rows()) {
    EXPECT_TRUE(methods.contains(name)) << name;
  }
}

TEST_F(AccessMatrixTest, NobodyCallsWithoutAKeyThatWorks) {
  const std::string forged =
      "Bearer eck_04hmasw9nf6y_3AHOVcjqx4BIPWdkry5CJQXelsz6DKRYfmt07ELSZgn1CnWjr";
  for (const MethodDescriptor* method : MethodsOfTheApi()) {
    ExpectRefused(*method, "nobody", {}, v1::ERROR_REASON_KEY_REQUIRED);
    ExpectRefused(*method, "a forger", By(forged), v1::ERROR_REASON_KEY_INVALID);
    ExpectRefused(*method, "one whose key was revoked", By(revoked_), v1::ERROR_REASON_KEY_REVOKED);
    ExpectRefused(*method, "one whose key expired", By(expired_), v1::ERROR_REASON_KEY_EXPIRED);
    for (const char* header : {"forwarded", "x-forwarded-for", "via"}) {
      const absl::Status status =
          CallRaw(server_.plain(), PathOf(*method), "", {{header, "1.1 proxy"}}).status;
      EXPECT_THAT(status, HasReason(v1::ERROR_REASON_KEY_REQUIRED)) << NameOf(*method);
    }
  }
}

TEST_F(AccessMatrixTest, EachRoleCallsWhatItsRowSaysByEveryListener) {
  for (const MethodDescriptor* method : MethodsOfTheApi()) {
    const Row& row = Rows().at(NameOf(*method));
    const std::set<std::string> may = absl::StrSplit(row.roles, ' ');
    for (const char* role : kRoles) {
      if (may.contains(role)) {
        ExpectLetIn(*method, role, By(keys_[role]));
      } else {
        ExpectRefused(*method, role, By(keys_[role]), v1::ERROR_REASON_NOT_PERMITTED);
      }
      // A key counts for what it is on the admin socket, too.
      const absl::Status by_socket =
          CallRaw(server_.admin_socket(), PathOf(*method), kGarbage, By(keys_[role])).status;
      EXPECT_EQ(!IsOfAccess(by_socket), may.contains(role)) << NameOf(*method) << " by " << role;
    }
    for (const char* role : kRolesOfSomeSurveys) {
      const std::string who = absl::StrCat(role, " of some surveys");
      if (may.contains(role) && !row.needs_all_surveys) {
        ExpectLetIn(*method, who, By(limited_keys_[role]));
      } else {
        ExpectRefused(*method, who, By(limited_keys_[role]), v1::ERROR_REASON_NOT_PERMITTED);
      }
    }
    const absl::Status socket = CallRaw(server_.admin_socket(), PathOf(*method), kGarbage).status;
    EXPECT_THAT(socket, HasReason(v1::ERROR_REASON_FIELD_INVALID)) << NameOf(*method);
  }
}

// What is told of a survey that the key may not use is, byte for byte, what is told of none.
TEST_F(AccessMatrixTest, ASurveyOutOfScopeIsAsOneThatIsNotThere) {
  std::map<std::string, RawAnswer> before;
  const auto ask = [&](auto&& on_answer) {
    for (const MethodDescriptor* method : MethodsOfTheApi()) {
      for (const char* role : kRolesOfSomeSurveys) {
        on_answer(*method, absl::StrCat(NameOf(*method), " by ", role),
                  CallRaw(server_.plain(), PathOf(*method), BodyWith(*method, "foreign"),
                          By(limited_keys_[role])));
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

TEST_F(AccessMatrixTest, AKeyOfSomeSurveysReachesThose) {
  for (const MethodDescriptor* method : MethodsOfTheApi()) {
    for (const char* role : kRolesOfSomeSurveys) {
      const RawAnswer answer = CallRaw(server_.plain(), PathOf(*method), BodyWith(*method, "own"),
                                       By(limited_keys_[role]));
      EXPECT_NE(ReasonOf(answer.status), v1::ERROR_REASON_SURVEY_NOT_FOUND)
          << NameOf(*method) << " by " << role << ": " << answer.status;
    }
  }
}

TEST_F(AccessMatrixTest, HealthIsForEverybodyAndTheRestOfGrpcForWhoeverHasARole) {
  const std::string check = "/grpc.health.v1.Health/Check";
  const std::string watch = "/grpc.health.v1.Health/Watch";
  EXPECT_OK(CallRaw(server_.plain(), check, "").status);
  EXPECT_NE(CallRaw(server_.plain(), watch, "").message, "");
  EXPECT_THAT(CallRaw(server_.plain(), check, "", By("Bearer x")).status.code(),
              absl::StatusCode::kUnauthenticated);
  for (const char* path : {"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                           "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                           "/no.such.Service/Method"}) {
    EXPECT_THAT(CallRaw(server_.plain(), path, "").status.code(),
                absl::StatusCode::kUnauthenticated)
        << path;
    EXPECT_NE(CallRaw(server_.plain(), path, "", By(keys_["operator"])).status.code(),
              absl::StatusCode::kUnauthenticated)
        << path;
  }
}

}  // namespace
}  // namespace emptychair::testing
