#include "common/rpc/status_conversion.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/errors.h"
#include "emptychair/v1/admin_service.grpc.pb.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"

namespace emptychair {
namespace {

constexpr absl::string_view kErrorInfoUrl = "type.googleapis.com/google.rpc.ErrorInfo";
constexpr absl::string_view kBadRequestUrl = "type.googleapis.com/google.rpc.BadRequest";

// A server that answers every call with one status.
class StatusServer final : public v1::AdminService::CallbackService {
 public:
  StatusServer() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    stub_ = v1::AdminService::NewStub(
        grpc::CreateChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials()));
  }

  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const v1::GetStatusRequest*,
                                      v1::GetStatusResponse*) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(ToGrpc(status_));
    return reactor;
  }

  // `status` as a client sees it.
  absl::Status Send(const absl::Status& status) {
    status_ = status;
    grpc::ClientContext context;
    v1::GetStatusResponse response;
    return FromGrpc(stub_->GetStatus(&context, {}, &response));
  }

 private:
  absl::Status status_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::AdminService::Stub> stub_;
};

std::vector<v1::ErrorReason> AllReasons() {
  std::vector<v1::ErrorReason> reasons;
  const auto* descriptor = v1::ErrorReason_descriptor();
  for (int i = 0; i < descriptor->value_count(); ++i) {
    if (descriptor->value(i)->number() != v1::ERROR_REASON_UNSPECIFIED) {
      reasons.push_back(static_cast<v1::ErrorReason>(descriptor->value(i)->number()));
    }
  }
  return reasons;
}

// A status with every kind of detail, and one that this project does not know.
absl::Status FullStatus(v1::ErrorReason reason) {
  absl::Status status = RetryableError(reason, "what came and what was wanted: 100 % “é”",
                                       absl::Milliseconds(1250), {{"survey_id", "nps"}});
  status.SetPayload(
      kBadRequestUrl,
      *FieldError(reason, "feedback.score", "is 11, wanted 0 to 10").GetPayload(kBadRequestUrl));
  status.SetPayload("type.example.com/other", absl::Cord(absl::string_view("\x00\xFF", 2)));
  return status;
}

absl::Status WithViolations(int count) {
  absl::Status status = FieldError(v1::ERROR_REASON_FIELD_INVALID, "first", "is first");
  google::rpc::BadRequest bad_request;
  for (int i = 0; i < count; ++i) {
    auto* violation = bad_request.add_field_violations();
    violation->set_field(absl::StrCat("feedback[", i, "].labels"));
    violation->set_description("has 33 labels, wanted at most 32");
  }
  status.SetPayload(kBadRequestUrl, absl::Cord(bad_request.SerializeAsString()));
  return status;
}

TEST(StatusConversion, EveryReasonSurvivesInMemory) {
  ASSERT_THAT(AllReasons(), testing::SizeIs(testing::Ge(20u)));
  for (v1::ErrorReason reason : AllReasons()) {
    const absl::Status status = FullStatus(reason);
    EXPECT_EQ(FromGrpc(ToGrpc(status)), status);
    EXPECT_EQ(static_cast<int>(ToGrpc(status).error_code()), static_cast<int>(CodeOf(reason)));
  }
}

TEST(StatusConversion, EveryReasonSurvivesACall) {
  StatusServer server;
  for (v1::ErrorReason reason : AllReasons()) {
    const absl::Status status = FullStatus(reason);
    const absl::Status received = server.Send(status);
    EXPECT_EQ(received, status);
    EXPECT_EQ(ReasonOf(received), reason);
    EXPECT_EQ(RetryDelayOf(received), absl::Milliseconds(1250));
    EXPECT_THAT(FieldsOf(received), testing::ElementsAre("feedback.score"));
  }
}

TEST(StatusConversion, EveryCodeWithoutDetailsKeepsCodeAndMessage) {
  StatusServer server;
  EXPECT_TRUE(server.Send(absl::OkStatus()).ok());
  for (int code = 1; code <= 16; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), "plain");
    EXPECT_EQ(FromGrpc(ToGrpc(status)), status);
    EXPECT_EQ(ToGrpc(status).error_details(), "");
    EXPECT_EQ(server.Send(status), status);
  }
}

TEST(StatusConversion, DetailsThatDoNotParseAreLeftOut) {
  const absl::Status status =
      FromGrpc(grpc::Status(grpc::StatusCode::NOT_FOUND, "not here", "\xFF\xFF"));
  EXPECT_EQ(status, absl::NotFoundError("not here"));
}

TEST(StatusConversion, TooManyViolationsLoseTheirEnd) {
  StatusServer server;
  for (int count : {1, 40, 500, 10'000}) {
    SCOPED_TRACE(count);
    const absl::Status status = WithViolations(count);
    EXPECT_LE(ToGrpc(status).error_details().size(), kStatusDetailsBytesMax);
    const absl::Status received = server.Send(status);
    EXPECT_EQ(ReasonOf(received), v1::ERROR_REASON_FIELD_INVALID);
    EXPECT_EQ(received.message(), status.message());
    const std::vector<std::string> fields = FieldsOf(received);
    if (count == 1) {
      EXPECT_EQ(received, status);
    }
    // As many as fit stay, and they are the first ones.
    EXPECT_GE(fields.size(), std::min(count, 40));
    for (size_t i = 0; i < fields.size(); ++i) {
      EXPECT_EQ(fields[i], absl::StrCat("feedback[", i, "].labels"));
    }
  }
}

TEST(StatusConversion, WhateverIsTooLargeTheReasonArrives) {
  StatusServer server;
  const std::string large(100'000, 'x');
  std::string wide;
  for (int i = 0; i < 5'000; ++i) {
    absl::StrAppend(&wide, "é");
  }
  absl::Status unknown_detail = FullStatus(v1::ERROR_REASON_FIELD_INVALID);
  unknown_detail.SetPayload("type.example.com/large", absl::Cord(large));
  const absl::Status statuses[] = {
      Error(v1::ERROR_REASON_FIELD_INVALID, large),
      Error(v1::ERROR_REASON_FIELD_INVALID, wide),
      Error(v1::ERROR_REASON_FIELD_INVALID, "short", {{"limit", large}}),
      Error(v1::ERROR_REASON_FIELD_INVALID, wide, {{"limit", std::string(3'900, 'x')}}),
      FieldError(v1::ERROR_REASON_FIELD_INVALID, "feedback", large),
      unknown_detail,
      FieldError(v1::ERROR_REASON_FIELD_INVALID, "feedback", wide, {{"limit", large}}),
  };
  for (const absl::Status& status : statuses) {
    EXPECT_LE(ToGrpc(status).error_details().size(), kStatusDetailsBytesMax);
    const absl::Status received = server.Send(status);
    EXPECT_EQ(received.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ReasonOf(received), v1::ERROR_REASON_FIELD_INVALID);
    EXPECT_EQ(received.message(), status.message().substr(0, received.message().size()));
  }
}

TEST(StatusConversion, AMessageIsCutBetweenCharacters) {
  // The limit falls on the second byte of a character.
  std::string text(kStatusMessageBytesMax - 1, 'x');
  const absl::Status status = FromGrpc(ToGrpc(absl::InternalError(absl::StrCat(text, "é!"))));
  EXPECT_EQ(status.message(), text);
  text.push_back('y');
  EXPECT_EQ(FromGrpc(ToGrpc(absl::InternalError(text))).message(), text);
}

TEST(StatusConversion, BytesThatAreNotUtf8AreReplaced) {
  StatusServer server;
  const absl::Status received =
      server.Send(Error(v1::ERROR_REASON_FIELD_INVALID, "is \xFF\xC3, wanted “é”"));
  EXPECT_EQ(received.message(), "is ??, wanted “é”");
  EXPECT_EQ(ReasonOf(received), v1::ERROR_REASON_FIELD_INVALID);
}

}  // namespace
}  // namespace emptychair
