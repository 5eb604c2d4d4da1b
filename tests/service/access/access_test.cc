#include <sys/stat.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/base/errors.h"
#include "common/rpc/status_conversion.h"
#include "emptychair/client/client.h"
#include "emptychair/v1/access_service.grpc.pb.h"
#include "emptychair/v1/feedback_service.grpc.pb.h"
#include "emptychair/v1/survey_service.pb.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/access/access_harness.h"

namespace emptychair::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

template <typename T>
T Parse(const std::string& text) {
  T message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

class AccessTest : public ::testing::Test {
 protected:
  AccessTest() {
    server_.Admin<v1::CreateSurveyResponse>(
        Parse<v1::CreateSurveyRequest>("survey { survey_id: 'nps' kind: SURVEY_KIND_NPS }"));
    server_.Admin<v1::CreateSurveyResponse>(
        Parse<v1::CreateSurveyRequest>("survey { survey_id: 'other' kind: SURVEY_KIND_NPS }"));
  }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& key, const std::string& request) {
    const auto message = Parse<Request>(request);
    const RawAnswer answer =
        CallRaw(server_.listener(), PathOf(message), message.SerializeAsString(), By(key));
    Response response;
    if (!answer.status.ok()) {
      return answer.status;
    }
    EXPECT_TRUE(response.ParseFromString(answer.message));
    return response;
  }

  absl::StatusOr<v1::SubmitFeedbackResponse> Submit(const std::string& key,
                                                    const std::string& feedback,
                                                    const std::string& more = "") {
    return Call<v1::SubmitFeedbackResponse, v1::SubmitFeedbackRequest>(
        key, absl::StrCat("feedback { survey_id: 'nps' ", feedback, " } ", more));
  }

  void Update(const std::string& key_id, const std::string& key, const std::string& path) {
    server_.Admin<v1::UpdateKeyResponse>(Parse<v1::UpdateKeyRequest>(absl::StrCat(
        "key { key_id: '", key_id, "' ", key, " } update_mask { paths: '", path, "' }")));
  }

  void Revoke(const std::string& key_id) {
    v1::RevokeKeyRequest revoke;
    revoke.set_key_id(key_id);
    server_.Admin<v1::RevokeKeyResponse>(revoke);
  }

  AccessServer server_;
};

TEST_F(AccessTest, TheAdminSocketIsForItsOwnerAlone) {
  struct stat status {};
  ASSERT_EQ(lstat(server_.socket_path().c_str(), &status), 0);
  EXPECT_TRUE(S_ISSOCK(status.st_mode));
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(AccessTest, ACallerIsToldWhoItIs) {
  const std::string key = server_.MakeKey("name: 'shop' role: ROLE_SUBMITTER survey_ids: 'nps'");
  const auto caller = Call<v1::GetCallerResponse, v1::GetCallerRequest>(key, "");
  ASSERT_OK(caller.status());
  EXPECT_EQ(caller->kind(), v1::CALLER_KIND_KEY);
  EXPECT_EQ(caller->key().key_id(), server_.key_id());
  EXPECT_THAT(caller->permissions(),
              ::testing::ElementsAre(v1::PERMISSION_PUBLIC, v1::PERMISSION_ANY,
                                     v1::PERMISSION_SUBMIT, v1::PERMISSION_READ_SURVEYS));
  const auto socket = server_.Admin<v1::GetCallerResponse>(v1::GetCallerRequest());
  EXPECT_EQ(socket.kind(), v1::CALLER_KIND_ADMIN_SOCKET);
  EXPECT_FALSE(socket.has_key());
  EXPECT_EQ(socket.role(), v1::ROLE_ADMIN);
}

TEST_F(AccessTest, ASubmitterIsNotToldWhatStaffMadeOfItsRecords) {
  const std::string submitter = server_.MakeKey("name: 's' role: ROLE_SUBMITTER survey_ids: 'nps'");
  const std::string editor = server_.MakeKey("name: 'e' role: ROLE_EDITOR survey_ids: 'nps'");
  ASSERT_OK(Submit(submitter, "external_id: 'a' score: 9 comment: 'fine'").status());
  ASSERT_OK((Call<v1::ExcludeFeedbackResponse, v1::ExcludeFeedbackRequest>(
                 editor,
                 "survey_id: 'nps' external_id: 'a' reason: EXCLUSION_REASON_STAFF note: 'secret'"))
                .status());
  const auto again =
      Submit(submitter, "external_id: 'a' score: 9 comment: 'fine'", "want_record: true");
  ASSERT_OK(again.status());
  EXPECT_TRUE(again->already_existed());
  EXPECT_THAT(again->DebugString(), Not(HasSubstr("secret")));
  EXPECT_FALSE(again->feedback().has_exclusion());
  const auto by_editor =
      Submit(editor, "external_id: 'a' score: 9 comment: 'fine'", "want_record: true");
  ASSERT_OK(by_editor.status());
  EXPECT_EQ(by_editor->feedback().exclusion().note(), "secret");
  // Nor in what it differs from what is stored, or under which id that is.
  const absl::Status differs = Submit(submitter, "external_id: 'a' score: 3").status();
  EXPECT_THAT(differs, HasReason(v1::ERROR_REASON_CONTENT_DIFFERS));
  EXPECT_EQ(MetadataOf(differs), (std::map<std::string, std::string>{{"survey_id", "nps"}}));
  EXPECT_THAT(std::string(differs.message()), Not(HasSubstr("score")));
  const absl::Status to_editor = Submit(editor, "external_id: 'a' score: 3").status();
  EXPECT_TRUE(MetadataOf(to_editor).contains("feedback_id"));
}

TEST_F(AccessTest, OnlyWhoMayExcludeSendsExcludedRecords) {
  const std::string submitter = server_.MakeKey("name: 's' role: ROLE_SUBMITTER survey_ids: 'nps'");
  const std::string editor = server_.MakeKey("name: 'e' role: ROLE_EDITOR survey_ids: 'nps'");
  const std::string record =
      "external_id: 'a' score: 9 exclusion { reason: EXCLUSION_REASON_TEST }";
  EXPECT_THAT(Submit(submitter, record).status(), HasReason(v1::ERROR_REASON_NOT_PERMITTED));
  // Of a batch that record alone.
  const auto batch = Call<v1::BatchSubmitFeedbackResponse, v1::BatchSubmitFeedbackRequest>(
      submitter, absl::StrCat("feedback { survey_id: 'nps' ", record, " } ",
                              "feedback { survey_id: 'nps' external_id: 'b' score: 1 } ",
                              "feedback { survey_id: 'other' external_id: 'c' score: 1 }"));
  ASSERT_OK(batch.status());
  EXPECT_EQ(batch->accepted_count(), 1);
  ASSERT_EQ(batch->failures_size(), 2);
  EXPECT_THAT(FromProto(batch->failures(0).status()), HasReason(v1::ERROR_REASON_NOT_PERMITTED));
  EXPECT_THAT(FromProto(batch->failures(1).status()), HasReason(v1::ERROR_REASON_SURVEY_NOT_FOUND));
  EXPECT_OK(Submit(editor, record).status());
}

// A stream under way ends with what a new call would be told, and what was acknowledged stays.
TEST_F(AccessTest, ARevokedKeysStreamEnds) {
  const std::string key = server_.MakeKey("name: 's' role: ROLE_SUBMITTER survey_ids: 'nps'");
  const auto stub = v1::FeedbackService::NewStub(server_.listener());
  grpc::ClientContext context;
  context.AddMetadata("authorization", key);
  const auto stream = stub->StreamFeedback(&context);
  ASSERT_TRUE(stream->Write(Parse<v1::StreamFeedbackRequest>(
      "batch_number: 1 feedback { survey_id: 'nps' external_id: 'a' score: 1 }")));
  v1::StreamFeedbackResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.accepted_count(), 1);
  Revoke(server_.key_id());
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_THAT(FromGrpc(stream->Finish()), HasReason(v1::ERROR_REASON_KEY_REVOKED));
}

class WatchedAccessTest : public AccessTest {
 protected:
  // Begins a watch that has nothing to tell any more.
  void Watch(const std::string& key, const std::string& request) {
    stub_ = v1::FeedbackService::NewStub(server_.listener());
    context_.AddMetadata("authorization", key);
    stream_ = stub_->WatchFeedback(&context_, Parse<v1::WatchFeedbackRequest>(request));
    v1::WatchFeedbackResponse start;
    ASSERT_TRUE(stream_->Read(&start));
  }
  absl::Status End() {
    v1::WatchFeedbackResponse more;
    while (stream_->Read(&more)) {
    }
    return FromGrpc(stream_->Finish());
  }

  std::unique_ptr<v1::FeedbackService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchFeedbackResponse>> stream_;
};

TEST_F(WatchedAccessTest, ARevokedKeysIdleWatchEnds) {
  Watch(server_.MakeKey("name: 'a' role: ROLE_ANALYST all_surveys: true"), "");
  Revoke(server_.key_id());
  EXPECT_THAT(End(), HasReason(v1::ERROR_REASON_KEY_REVOKED));
}

TEST_F(WatchedAccessTest, AnIdleWatchEndsWithThePermission) {
  Watch(server_.MakeKey("name: 'a' role: ROLE_ANALYST all_surveys: true"), "");
  Update(server_.key_id(), "role: ROLE_READER", "role");
  EXPECT_THAT(End(), HasReason(v1::ERROR_REASON_NOT_PERMITTED));
}

TEST_F(WatchedAccessTest, AnIdleWatchOfASurveyEndsWithTheSurvey) {
  Watch(server_.MakeKey("name: 'a' role: ROLE_ANALYST survey_ids: ['nps', 'other']"),
        "survey_ids: 'nps'");
  Update(server_.key_id(), "survey_ids: 'other'", "survey_ids");
  EXPECT_THAT(End(), HasReason(v1::ERROR_REASON_SURVEY_NOT_FOUND));
}

TEST_F(WatchedAccessTest, AnIdleWatchEndsWhenItsKeyExpires) {
  Watch(server_.MakeKey("name: 'a' role: ROLE_ANALYST all_surveys: true "
                        "expire_time { seconds: 1719835260 }"),
        "");
  server_.clock().Advance(absl::Minutes(1));
  EXPECT_THAT(End(), HasReason(v1::ERROR_REASON_KEY_EXPIRED));
}

TEST_F(AccessTest, KeysAndRevocationsOutliveARestart) {
  const std::string kept = server_.MakeKey("name: 'kept' role: ROLE_SUBMITTER survey_ids: 'nps'");
  const std::string gone = server_.MakeKey("name: 'gone' role: ROLE_SUBMITTER survey_ids: 'nps'");
  Revoke(server_.key_id());
  server_.Restart();
  EXPECT_OK(Submit(kept, "external_id: 'a' score: 1").status());
  EXPECT_THAT(Submit(gone, "external_id: 'b' score: 1").status(),
              HasReason(v1::ERROR_REASON_KEY_REVOKED));
}

TEST_F(AccessTest, TheAuditSaysWhoDidWhatToWhatAndNeverWhatAnybodySaid) {
  const std::string editor = server_.MakeKey("name: 'e' role: ROLE_EDITOR all_surveys: true");
  const std::string editor_id = server_.key_id();
  ASSERT_OK(Submit(editor,
                   "external_id: 'marker-x' customer_id: 'marker-c' score: 9 "
                   "comment: 'marker-text'")
                .status());
  ASSERT_OK((Call<v1::AmendFeedbackResponse, v1::AmendFeedbackRequest>(
                 editor,
                 "feedback { survey_id: 'nps' external_id: 'marker-x' comment: 'marker-more' } "
                 "update_mask { paths: 'comment' }"))
                .status());
  // What was refused is told of with the hour.
  EXPECT_FALSE((Call<v1::ListKeysResponse, v1::ListKeysRequest>(editor, "")).ok());
  server_.clock().Advance(absl::Hours(2));
  server_.Restart();
  const auto events = server_.Admin<v1::ListAuditEventsResponse>(v1::ListAuditEventsRequest());
  std::vector<std::string> told;
  for (const v1::AuditEvent& event : events.events()) {
    told.push_back(absl::StrCat(event.method(), " ", event.denied_count(), event.denied_reason()));
  }
  EXPECT_THAT(
      told, ::testing::IsSupersetOf({"AccessService/CreateKey 0", "FeedbackService/AmendFeedback 0",
                                     "SurveyService/CreateSurvey 0",
                                     "AccessService/ListKeys 1NOT_PERMITTED", "first use 0"}));
  EXPECT_EQ(events.event_count(), events.events_size());
  EXPECT_EQ(events.head_hash().size(), 64u);
  EXPECT_THAT(events.DebugString(), Not(HasSubstr("marker")));
  EXPECT_THAT(events.DebugString(), Not(HasSubstr("eck_")));
  const auto of_key = server_.Admin<v1::ListAuditEventsResponse>(Parse<v1::ListAuditEventsRequest>(
      absl::StrCat("key_id: '", editor_id, "' method: 'FeedbackService/AmendFeedback'")));
  ASSERT_EQ(of_key.events_size(), 1);
  EXPECT_EQ(of_key.events(0).caller_kind(), v1::CALLER_KIND_KEY);
  EXPECT_THAT(of_key.events(0).fields(), ::testing::ElementsAre("comment"));
  ASSERT_EQ(of_key.events(0).targets_size(), 2);
  EXPECT_EQ(of_key.events(0).targets(0).id(), "nps");
  EXPECT_EQ(of_key.events(0).targets(1).id().size(), 32u);
}

// It tells of work, and what cannot be done changes nothing.
TEST_F(AccessTest, TheAuditTellsOfChangesOfManyOnceTheyAreFoundToBeSound) {
  const std::string editor = server_.MakeKey("name: 'e' role: ROLE_EDITOR survey_ids: 'nps'");
  const auto count = [&] {
    return server_.Admin<v1::ListAuditEventsResponse>(v1::ListAuditEventsRequest()).event_count();
  };
  const auto change = [&](const std::string& request) {
    return Call<v1::ChangeManyFeedbackResponse, v1::ChangeManyFeedbackRequest>(editor, request)
        .status();
  };
  const int64_t before = count();
  EXPECT_FALSE(change("survey_id: 'nps'").ok());
  EXPECT_FALSE(change("survey_id: 'other' include: true").ok());
  EXPECT_FALSE(change("survey_id: 'nps' include: true filters { key: 'NO' }").ok());
  EXPECT_EQ(count(), before);
  EXPECT_OK(change("survey_id: 'nps' include: true"));
  EXPECT_EQ(count(), before + 1);
}

TEST_F(AccessTest, TheAuditIsReadByPages) {
  for (int i = 0; i < 5; ++i) {
    server_.MakeKey(absl::StrCat("name: 'k", i, "' role: ROLE_READER"));
  }
  std::vector<int64_t> numbers;
  v1::ListAuditEventsRequest request;
  request.set_page_size(3);
  do {
    const auto page = server_.Admin<v1::ListAuditEventsResponse>(request);
    for (const v1::AuditEvent& event : page.events()) {
      numbers.push_back(event.number());
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(numbers, ::testing::ElementsAre(7, 6, 5, 4, 3, 2, 1));
}

TEST_F(AccessTest, ACallPastALimitIsRefusedWithWhatToDo) {
  const std::string key = server_.MakeKey(
      "name: 's' role: ROLE_SUBMITTER survey_ids: 'nps' limits { calls_per_second: 2 }");
  EXPECT_OK(Submit(key, "external_id: 'a' score: 1").status());
  EXPECT_OK(Submit(key, "external_id: 'b' score: 1").status());
  const absl::Status refused = Submit(key, "external_id: 'c' score: 1").status();
  EXPECT_THAT(refused, HasReason(v1::ERROR_REASON_RATE_LIMITED));
  server_.clock().Advance(absl::Seconds(1));
  EXPECT_OK(Submit(key, "external_id: 'c' score: 1").status());
  const std::string daily = server_.MakeKey(
      "name: 'd' role: ROLE_SUBMITTER survey_ids: 'nps' limits { records_per_day: 1 }");
  EXPECT_OK(Submit(daily, "external_id: 'd' score: 1").status());
  EXPECT_THAT(Submit(daily, "external_id: 'e' score: 1").status(),
              HasReason(v1::ERROR_REASON_QUOTA_EXCEEDED));
}

// It is not refused: it is not read.
TEST_F(AccessTest, AStreamPastItsRateWaits) {
  const std::string key = server_.MakeKey(
      "name: 's' role: ROLE_SUBMITTER survey_ids: 'nps' limits { records_per_second: 1 }");
  const auto stub = v1::FeedbackService::NewStub(server_.listener());
  grpc::ClientContext context;
  context.AddMetadata("authorization", key);
  const auto stream = stub->StreamFeedback(&context);
  v1::StreamFeedbackRequest batch;
  for (int i = 0; i < 10'000; ++i) {
    v1::Feedback& feedback = *batch.add_feedback();
    feedback.set_survey_id("nps");
    feedback.set_external_id(absl::StrCat("r", i));
    feedback.set_score(5);
  }
  ASSERT_TRUE(stream->Write(batch));
  v1::StreamFeedbackResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.accepted_count(), 10'000);
  ASSERT_TRUE(stream->Write(Parse<v1::StreamFeedbackRequest>(
      "batch_number: 2 feedback { survey_id: 'nps' external_id: 'last' score: 1 }")));
  // It is not stored while the clock stands still ...
  const std::string reader = server_.MakeKey("name: 'r' role: ROLE_ANALYST survey_ids: 'nps'");
  EXPECT_THAT((Call<v1::GetFeedbackResponse, v1::GetFeedbackRequest>(
                   reader, "survey_id: 'nps' external_id: 'last'"))
                  .status(),
              HasReason(v1::ERROR_REASON_FEEDBACK_NOT_FOUND));
  // ... and is once there was time for it.
  server_.clock().Advance(absl::Hours(3));
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.accepted_count(), 1);
  EXPECT_TRUE(stream->WritesDone());
  EXPECT_TRUE(stream->Finish().ok());
}

TEST(AnonymousAccess, AnAdminBesideKeysIsWarnedOfAtEachStart) {
  AccessServer server("admin");
  EXPECT_THAT(server.log(), Not(HasSubstr("anonymous callers are admins")));
  server.MakeKey("name: 'a' role: ROLE_READER");
  server.Restart();
  EXPECT_THAT(server.log(), HasSubstr("anonymous callers are admins"));
}

}  // namespace
}  // namespace emptychair::testing
