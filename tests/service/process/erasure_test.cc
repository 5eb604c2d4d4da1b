// What erasing a customer leaves in the files of the data directory: nothing of the customer.
#include <signal.h>

#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/subprocess.h"
#include "tests/helpers/temp_dir.h"
#include "tests/service/harness/backend.h"
#include "tests/service/harness/requests.h"
#include "tests/service/harness/stored_text.h"

namespace emptychair::testing {
namespace {

using ::testing::IsEmpty;

constexpr int kCustomers = 200;  // Six texts each: 1,200.

// In every text of a customer who is to be erased, and nowhere else.
std::string Marker(int customer, const std::string& of) {
  return absl::StrCat("zqx", customer, of, "qzx");
}

v1::Feedback AnswerOf(int customer) {
  v1::Feedback answer =
      Answer("nps", Marker(customer, "external"), kTime + absl::Minutes(customer), 9);
  answer.set_customer_id(Marker(customer, "id"));
  answer.set_comment(Marker(customer, "comment"));
  (*answer.mutable_labels())["note"] = Marker(customer, "label");
  (*answer.mutable_labels())["plan"] = "gold";
  return answer;
}

v1::Activity ActivityOf(int customer) {
  v1::Activity activity;
  activity.set_kind("visit");
  activity.set_customer_id(Marker(customer, "id"));
  activity.set_activity_id(Marker(customer, "activity"));
  *activity.mutable_occur_time() = Timestamp(kTime + absl::Minutes(customer));
  return activity;
}

// Every text that is left in a file of the directory, once for each file. Tables are compressed,
// and read as such.
std::vector<std::string> MarkersIn(const std::string& directory) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) {
      continue;
    }
    const std::string bytes =
        ReadStored(entry.path(), /*is_table=*/entry.path().extension() == ".sst").bytes;
    for (size_t at = bytes.find("zqx"); at != std::string::npos; at = bytes.find("zqx", at + 1)) {
      found.push_back(bytes.substr(at, bytes.find("qzx", at) + 3 - at));
    }
  }
  return found;
}

TEST(ErasureTest, NoFileHasAnythingOfThoseWhoWereErased) {
  TempDir directory;
  const std::string data = directory.Join("data");
  RunningBinary server = Value(StartBinary(data, {}));
  {
    Client client = MakeClient(server.endpoint);
    Create(client, SurveyOf("nps", "kind: SURVEY_KIND_NPS dimensions: 'plan'"));
    std::vector<v1::Feedback> answers;
    v1::BatchRecordActivitiesRequest activities;
    for (int i = 0; i < kCustomers; ++i) {
      answers.push_back(AnswerOf(i));
      *activities.add_activities() = ActivityOf(i);
      v1::UpsertCustomerRequest upsert;
      upsert.mutable_customer()->set_customer_id(Marker(i, "id"));
      (*upsert.mutable_customer()->mutable_attributes())["city"] = Marker(i, "city");
      ASSERT_OK(client.UpsertCustomer(upsert).status());
    }
    ASSERT_THAT(Value(TryBatch(client, answers)).failures(), IsEmpty());
    ASSERT_THAT(Value(client.BatchRecordActivities(activities)).failures(), IsEmpty());
    ASSERT_OK(client.CompactStore({}).status());
    const std::vector<std::string> before = MarkersIn(data);
    ASSERT_EQ(std::set<std::string>(before.begin(), before.end()).size(), 6u * kCustomers);
    for (int i = 0; i < kCustomers; ++i) {
      v1::EraseCustomerRequest erase;
      erase.set_customer_id(Marker(i, "id"));
      erase.set_mode(i % 2 == 0 ? v1::ERASE_MODE_DELETE : v1::ERASE_MODE_ANONYMIZE);
      ASSERT_TRUE(Value(client.EraseCustomer(erase)).was_known());
    }
    while (Status(client).customers_erasing() != 0) {
    }
    ASSERT_OK(client.CompactStore({}).status());
  }
  server.process->Signal(SIGTERM);
  ASSERT_THAT(server.process->Wait(kLong), IsOkAndHolds(0));
  server = Value(StartBinary(data, {}));
  EXPECT_THAT(MarkersIn(directory.path()), IsEmpty());

  Client client = MakeClient(server.endpoint);
  EXPECT_EQ(Total(client, "nps").answers(), kCustomers / 2);
  EXPECT_EQ(Status(client).activity_count(), kCustomers / 2);
  EXPECT_EQ(Status(client).customer_count(), 0);
  for (const int customer : {0, 1}) {
    EXPECT_THAT(TrySubmit(client, AnswerOf(customer)).status(), HasReason(v1::ERROR_REASON_ERASED));
    v1::RecordActivityRequest again;
    *again.mutable_activity() = ActivityOf(customer);
    EXPECT_THAT(client.RecordActivity(again).status(), HasReason(v1::ERROR_REASON_ERASED));
  }
  server.process->Signal(SIGTERM);
  EXPECT_THAT(server.process->Wait(kLong), IsOkAndHolds(0));
  EXPECT_THAT(MarkersIn(directory.path()), IsEmpty());
}

}  // namespace
}  // namespace emptychair::testing
