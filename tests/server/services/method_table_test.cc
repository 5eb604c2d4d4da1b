// The method table beside the .proto files that it is made of.
#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "server/services/services.h"
#include "tests/helpers/status_matchers.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair {
namespace {

using ::testing::UnorderedElementsAreArray;

using google::protobuf::MethodDescriptor;

class MethodTableTest : public ::testing::Test {
 protected:
  MethodTableTest() : harness_(storage::Place::kMemory) {}
  void SetUp() override {
    ASSERT_OK(harness_.Open());
    services_ = std::make_unique<Services>(&harness_.store(), &clock_, &stop_signal_);
  }

  const MethodTable& table() const { return services_->methods(); }

  // Every method of every .proto of the API.
  static std::vector<const MethodDescriptor*> MethodsOfTheApi() {
    std::vector<const MethodDescriptor*> methods;
    for (const absl::string_view proto : absl::StrSplit(EMPTYCHAIR_API_PROTOS, ',')) {
      const auto* const file =
          google::protobuf::DescriptorPool::generated_pool()->FindFileByName(std::string(proto));
      EXPECT_NE(file, nullptr) << proto;
      for (int s = 0; file != nullptr && s < file->service_count(); ++s) {
        for (int m = 0; m < file->service(s)->method_count(); ++m) {
          methods.push_back(file->service(s)->method(m));
        }
      }
    }
    return methods;
  }

 private:
  FakeClock clock_{absl::FromUnixSeconds(1'709'294'400)};
  std::atomic<bool> stop_signal_ = false;
  storage::StoreHarness harness_;
  std::unique_ptr<Services> services_;
};

TEST_F(MethodTableTest, HasEachMethodOfTheApiOnceAndNothingElse) {
  std::vector<const MethodDescriptor*> served;
  for (const MethodSpec& spec : table()) {
    served.push_back(spec.descriptor);
  }
  EXPECT_THAT(served, UnorderedElementsAreArray(MethodsOfTheApi()));
}

TEST_F(MethodTableTest, NoTwoMethodsShareARequest) {
  std::set<const google::protobuf::Descriptor*> requests;
  for (const MethodDescriptor* method : MethodsOfTheApi()) {
    EXPECT_TRUE(requests.insert(method->input_type()).second) << method->full_name();
    EXPECT_EQ(FindMethod(*method->input_type()), method);
  }
}

TEST_F(MethodTableTest, HandlersTakeTheMessagesOfTheirMethods) {
  for (const MethodSpec& spec : table()) {
    EXPECT_EQ(spec.request->GetDescriptor(), spec.descriptor->input_type()) << spec.method.name;
    EXPECT_EQ(spec.response->GetDescriptor(), spec.descriptor->output_type()) << spec.method.name;
  }
}

TEST_F(MethodTableTest, HandlersHaveTheShapeOfTheirMethods) {
  for (const MethodSpec& spec : table()) {
    const bool takes_many = std::holds_alternative<MethodSpec::Pipeline>(spec.handler);
    const bool sends_many = takes_many ||
                            std::holds_alternative<MethodSpec::Stream>(spec.handler) ||
                            std::holds_alternative<MethodSpec::Feed>(spec.handler);
    EXPECT_EQ(takes_many, spec.descriptor->client_streaming()) << spec.method.name;
    EXPECT_EQ(sends_many, spec.descriptor->server_streaming()) << spec.method.name;
  }
}

TEST_F(MethodTableTest, BatchesAreFieldsOfRecords) {
  std::set<std::string> with_batches;
  for (const MethodSpec& spec : table()) {
    if (spec.batch.has_value()) {
      with_batches.insert(spec.method.name);
      const auto* const field =
          spec.descriptor->input_type()->FindFieldByNumber(spec.batch->field_number);
      ASSERT_NE(field, nullptr) << spec.method.name;
      EXPECT_TRUE(field->is_repeated()) << spec.method.name;
      EXPECT_GT(spec.batch->elements_max, 0);
      EXPECT_GT(spec.batch->bytes_max, 0u);
    }
  }
  EXPECT_THAT(with_batches, ::testing::ElementsAre("CustomerService/BatchRecordActivities",
                                                   "CustomerService/StreamActivities",
                                                   "FeedbackService/BatchSubmitFeedback",
                                                   "FeedbackService/StreamFeedback"));
}

// Written by hand: a change here is a change of who may do what.
TEST_F(MethodTableTest, EachMethodNeedsThePermissionThatItShould) {
  const std::map<std::string, v1::Permission> expected = {
      {"AccessService/CreateKey", v1::PERMISSION_MANAGE_KEYS},
      {"AccessService/GetCaller", v1::PERMISSION_ANY},
      {"AccessService/GetKey", v1::PERMISSION_MANAGE_KEYS},
      {"AccessService/ListAuditEvents", v1::PERMISSION_READ_AUDIT},
      {"AccessService/ListKeys", v1::PERMISSION_MANAGE_KEYS},
      {"AccessService/RevokeKey", v1::PERMISSION_MANAGE_KEYS},
      {"AccessService/RotateKey", v1::PERMISSION_MANAGE_KEYS},
      {"AccessService/UpdateKey", v1::PERMISSION_MANAGE_KEYS},
      {"AdminService/CompactStore", v1::PERMISSION_OPERATE},
      {"AdminService/GetStatus", v1::PERMISSION_OPERATE},
      {"AdminService/CreateBackup", v1::PERMISSION_OPERATE},
      {"AdminService/DeleteBackup", v1::PERMISSION_OPERATE},
      {"AdminService/ListBackups", v1::PERMISSION_OPERATE},
      {"AdminService/MeasureRepeats", v1::PERMISSION_OPERATE},
      {"AdminService/PruneBackups", v1::PERMISSION_OPERATE},
      {"AdminService/VerifyBackup", v1::PERMISSION_OPERATE},
      {"AdminService/RebuildCube", v1::PERMISSION_OPERATE},
      {"AdminService/VerifyStore", v1::PERMISSION_OPERATE},
      {"CustomerService/BatchRecordActivities", v1::PERMISSION_SUBMIT},
      {"CustomerService/DefineActivityKind", v1::PERMISSION_EDIT_SURVEYS},
      {"CustomerService/DeleteActivityKind", v1::PERMISSION_ERASE},
      {"CustomerService/EraseActivity", v1::PERMISSION_ERASE},
      {"CustomerService/EraseCustomer", v1::PERMISSION_ERASE},
      {"CustomerService/ExportCustomer", v1::PERMISSION_READ_RECORDS},
      {"CustomerService/GetCustomer", v1::PERMISSION_READ_RECORDS},
      {"CustomerService/GetCustomerView", v1::PERMISSION_READ_RECORDS},
      {"CustomerService/ListActivities", v1::PERMISSION_READ_RECORDS},
      {"CustomerService/ListActivityKinds", v1::PERMISSION_READ_SURVEYS},
      {"CustomerService/ListTimeline", v1::PERMISSION_READ_RECORDS},
      {"CustomerService/RecordActivity", v1::PERMISSION_SUBMIT},
      {"CustomerService/StreamActivities", v1::PERMISSION_SUBMIT},
      {"CustomerService/UpsertCustomer", v1::PERMISSION_SUBMIT},
      {"FeedbackService/AmendFeedback", v1::PERMISSION_EDIT_RECORDS},
      {"FeedbackService/BatchSubmitFeedback", v1::PERMISSION_SUBMIT},
      {"FeedbackService/ChangeManyFeedback", v1::PERMISSION_EDIT_RECORDS},
      {"FeedbackService/EraseFeedback", v1::PERMISSION_ERASE},
      {"FeedbackService/ExcludeFeedback", v1::PERMISSION_EDIT_RECORDS},
      {"FeedbackService/GetFeedback", v1::PERMISSION_READ_RECORDS},
      {"FeedbackService/IncludeFeedback", v1::PERMISSION_EDIT_RECORDS},
      {"FeedbackService/ListFeedback", v1::PERMISSION_READ_RECORDS},
      {"FeedbackService/StreamFeedback", v1::PERMISSION_SUBMIT},
      {"FeedbackService/SubmitFeedback", v1::PERMISSION_SUBMIT},
      {"FeedbackService/TakeBackImport", v1::PERMISSION_ERASE},
      {"FeedbackService/WatchFeedback", v1::PERMISSION_READ_RECORDS},
      {"MetricsService/CompareMetric", v1::PERMISSION_READ_METRICS},
      {"MetricsService/CompareWords", v1::PERMISSION_READ_RECORDS},
      {"MetricsService/DecomposeChange", v1::PERMISSION_READ_METRICS},
      {"MetricsService/ExplainMetric", v1::PERMISSION_READ_RECORDS},
      {"MetricsService/GetRepeatProfile", v1::PERMISSION_READ_METRICS},
      {"MetricsService/GetScorecard", v1::PERMISSION_READ_METRICS},
      {"MetricsService/QueryCohorts", v1::PERMISSION_READ_METRICS},
      {"MetricsService/QueryMetric", v1::PERMISSION_READ_METRICS},
      {"MetricsService/QueryRepeatRate", v1::PERMISSION_READ_METRICS},
      {"MetricsService/QueryRetention", v1::PERMISSION_READ_METRICS},
      {"SurveyService/ArchiveSurvey", v1::PERMISSION_EDIT_SURVEYS},
      {"SurveyService/CreateSurvey", v1::PERMISSION_EDIT_SURVEYS},
      {"SurveyService/DeleteSurvey", v1::PERMISSION_ERASE},
      {"SurveyService/GetSurvey", v1::PERMISSION_READ_SURVEYS},
      {"SurveyService/ListSurveys", v1::PERMISSION_READ_SURVEYS},
      {"SurveyService/UpdateSurvey", v1::PERMISSION_EDIT_SURVEYS},
  };
  std::map<std::string, v1::Permission> stated;
  for (const MethodSpec& spec : table()) {
    stated[spec.method.name] = spec.method.permission;
  }
  EXPECT_EQ(stated, expected);
}

TEST_F(MethodTableTest, WhatOnlyReadsNeedsAPermissionToRead) {
  const std::set<v1::Permission> to_read = {
      v1::PERMISSION_READ_SURVEYS, v1::PERMISSION_READ_METRICS, v1::PERMISSION_READ_RECORDS};
  for (const MethodSpec& spec : table()) {
    const bool is_either = spec.method.permission == v1::PERMISSION_OPERATE ||
                           spec.method.permission == v1::PERMISSION_MANAGE_KEYS ||
                           spec.method.permission == v1::PERMISSION_READ_AUDIT ||
                           spec.method.permission == v1::PERMISSION_ANY;
    if (!is_either) {
      EXPECT_EQ(spec.method.is_read_only, to_read.contains(spec.method.permission))
          << spec.method.name;
    }
  }
}

// After a deletion that went unanswered there may be another survey of the same id; each text of a
// key is another one.
TEST_F(MethodTableTest, OnlyDeletionsByNameAndWhatMakesAKeysTextOrABackupAreNotIdempotent) {
  std::vector<std::string> not_idempotent;
  for (const MethodSpec& spec : table()) {
    if (!spec.method.is_idempotent) {
      not_idempotent.push_back(spec.method.name);
    }
  }
  EXPECT_THAT(not_idempotent, ::testing::UnorderedElementsAre(
                                  "SurveyService/DeleteSurvey",
                                  "CustomerService/DeleteActivityKind", "AccessService/CreateKey",
                                  "AccessService/RotateKey", "AdminService/CreateBackup"));
}

}  // namespace
}  // namespace emptychair
