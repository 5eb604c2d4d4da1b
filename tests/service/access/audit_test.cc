// The audit's chain over the wire: its hashes, and what is kept of it.
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "emptychair/v1/access_service.pb.h"
#include "emptychair/v1/admin_service.grpc.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/access/access_harness.h"
#include "tests/service/harness/backend.h"

namespace emptychair::testing {
namespace {

class AuditTest : public ::testing::Test {
 protected:
  // Up to this number; 0: all.
  v1::ListAuditEventsResponse List(int64_t up_to = 0) {
    v1::ListAuditEventsRequest request;
    request.set_up_to_number(up_to);
    return server_.Admin<v1::ListAuditEventsResponse>(request);
  }

  void MakeKeys(int count) {
    for (int i = 0; i < count; ++i) {
      server_.MakeKey(absl::StrCat("name: 'k", ++keys_, "' role: ROLE_READER"));
    }
  }

  AccessServer server_;
  int keys_ = 0;
};

TEST_F(AuditTest, EachEventHasTheHashThatWasTheHeadsThen) {
  EXPECT_EQ(List().first_number(), 0);
  EXPECT_EQ(List().hash_before_first(), "");
  std::vector<std::string> heads;
  for (int i = 0; i < 3; ++i) {
    MakeKeys(1);
    heads.push_back(List().head_hash());
  }
  const v1::ListAuditEventsResponse all = List();
  ASSERT_EQ(all.events_size(), 3);
  EXPECT_EQ(all.first_number(), 1);
  EXPECT_EQ(all.hash_before_first(), std::string(64, '0'));
  for (int number = 1; number <= 3; ++number) {
    EXPECT_EQ(all.events(3 - number).hash(), heads[number - 1]);
    const v1::ListAuditEventsResponse part = List(number);
    EXPECT_EQ(part.events_size(), number);
    EXPECT_EQ(part.events(0).number(), number);
    EXPECT_EQ(part.event_count(), 3);
  }
  EXPECT_EQ(List(9).events_size(), 3);
  v1::ListAuditEventsRequest wrong;
  wrong.set_up_to_number(-1);
  const RawAnswer refused =
      CallRaw(server_.admin_socket(), PathOf(wrong), wrong.SerializeAsString());
  EXPECT_THAT(refused.status, HasReason(v1::ERROR_REASON_FIELD_INVALID));
  EXPECT_EQ(MetadataOf(refused.status)["field"], "up_to_number");
}

TEST_F(AuditTest, WhatIsForgottenLeavesItsHash) {
  MakeKeys(3);
  const std::string third = List().head_hash();
  server_.clock().Advance(absl::Hours(24) * 401);
  MakeKeys(1);
  const absl::Time end = absl::Now() + kLong;
  while (List().first_number() != 4 && absl::Now() < end) {
  }
  const v1::ListAuditEventsResponse kept = List();
  EXPECT_EQ(kept.first_number(), 4);
  EXPECT_EQ(kept.hash_before_first(), third);
  EXPECT_EQ(List(3).events_size(), 0);
}

TEST_F(AuditTest, IsCheckedWithoutTheRestOfTheStore) {
  MakeKeys(2);
  v1::VerifyStoreRequest request;
  request.set_only_audit(true);
  const auto stub = v1::AdminService::NewStub(server_.admin_socket());
  grpc::ClientContext context;
  const auto reader = stub->VerifyStore(&context, request);
  v1::VerifyStoreResponse message;
  std::optional<v1::VerifySummary> summary;
  while (reader->Read(&message)) {
    EXPECT_FALSE(message.has_difference());
    if (message.has_progress()) {
      EXPECT_EQ(message.progress().part(), "audit");
    } else {
      summary = message.summary();
    }
  }
  EXPECT_TRUE(reader->Finish().ok());
  ASSERT_TRUE(summary.has_value());
  EXPECT_EQ(summary->difference_count(), 0);
}

}  // namespace
}  // namespace emptychair::testing
