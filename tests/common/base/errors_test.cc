#include "common/base/errors.h"

#include <string>

#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

TEST(CodeOf, IsTheCodeThatTheApiPromises) {
  const struct {
    v1::ErrorReason reason;
    absl::StatusCode code;
    const char* name;
  } cases[] = {
      {v1::ERROR_REASON_FIELD_REQUIRED, absl::StatusCode::kInvalidArgument, "FIELD_REQUIRED"},
      {v1::ERROR_REASON_FIELD_INVALID, absl::StatusCode::kInvalidArgument, "FIELD_INVALID"},
      {v1::ERROR_REASON_SCORE_OUT_OF_RANGE, absl::StatusCode::kInvalidArgument,
       "SCORE_OUT_OF_RANGE"},
      {v1::ERROR_REASON_SCORE_NOT_ALLOWED, absl::StatusCode::kInvalidArgument, "SCORE_NOT_ALLOWED"},
      {v1::ERROR_REASON_TIME_OUT_OF_RANGE, absl::StatusCode::kInvalidArgument, "TIME_OUT_OF_RANGE"},
      {v1::ERROR_REASON_ID_REQUIRED, absl::StatusCode::kInvalidArgument, "ID_REQUIRED"},
      {v1::ERROR_REASON_ID_TIME_MISMATCH, absl::StatusCode::kInvalidArgument, "ID_TIME_MISMATCH"},
      {v1::ERROR_REASON_PAGE_TOKEN_INVALID, absl::StatusCode::kInvalidArgument,
       "PAGE_TOKEN_INVALID"},
      {v1::ERROR_REASON_NOT_A_DIMENSION, absl::StatusCode::kInvalidArgument, "NOT_A_DIMENSION"},
      {v1::ERROR_REASON_TOO_MANY_POINTS, absl::StatusCode::kInvalidArgument, "TOO_MANY_POINTS"},
      {v1::ERROR_REASON_BATCH_TOO_LARGE, absl::StatusCode::kInvalidArgument, "BATCH_TOO_LARGE"},
      {v1::ERROR_REASON_SURVEYS_NOT_POOLABLE, absl::StatusCode::kInvalidArgument,
       "SURVEYS_NOT_POOLABLE"},
      {v1::ERROR_REASON_SURVEY_NOT_FOUND, absl::StatusCode::kNotFound, "SURVEY_NOT_FOUND"},
      {v1::ERROR_REASON_FEEDBACK_NOT_FOUND, absl::StatusCode::kNotFound, "FEEDBACK_NOT_FOUND"},
      {v1::ERROR_REASON_CUSTOMER_NOT_FOUND, absl::StatusCode::kNotFound, "CUSTOMER_NOT_FOUND"},
      {v1::ERROR_REASON_KIND_NOT_FOUND, absl::StatusCode::kNotFound, "KIND_NOT_FOUND"},
      {v1::ERROR_REASON_ACTIVITY_NOT_FOUND, absl::StatusCode::kNotFound, "ACTIVITY_NOT_FOUND"},
      {v1::ERROR_REASON_KIND_HAS_ACTIVITIES, absl::StatusCode::kFailedPrecondition,
       "KIND_HAS_ACTIVITIES"},
      {v1::ERROR_REASON_KIND_CHANGED, absl::StatusCode::kUnavailable, "KIND_CHANGED"},
      {v1::ERROR_REASON_LIMIT_REACHED, absl::StatusCode::kFailedPrecondition, "LIMIT_REACHED"},
      {v1::ERROR_REASON_IN_USE, absl::StatusCode::kFailedPrecondition, "IN_USE"},
      {v1::ERROR_REASON_SURVEY_EXISTS, absl::StatusCode::kAlreadyExists, "SURVEY_EXISTS"},
      {v1::ERROR_REASON_CONTENT_DIFFERS, absl::StatusCode::kAlreadyExists, "CONTENT_DIFFERS"},
      {v1::ERROR_REASON_SURVEY_ARCHIVED, absl::StatusCode::kFailedPrecondition, "SURVEY_ARCHIVED"},
      {v1::ERROR_REASON_QUEUE_FULL, absl::StatusCode::kResourceExhausted, "QUEUE_FULL"},
      {v1::ERROR_REASON_DISK_FULL, absl::StatusCode::kResourceExhausted, "DISK_FULL"},
      {v1::ERROR_REASON_SURVEY_HAS_ANSWERS, absl::StatusCode::kFailedPrecondition,
       "SURVEY_HAS_ANSWERS"},
      {v1::ERROR_REASON_ERASED, absl::StatusCode::kFailedPrecondition, "ERASED"},
      {v1::ERROR_REASON_SUPPRESSED, absl::StatusCode::kFailedPrecondition, "SUPPRESSED"},
      {v1::ERROR_REASON_STORE_CHANGED, absl::StatusCode::kFailedPrecondition, "STORE_CHANGED"},
      {v1::ERROR_REASON_EFFECTS_UNKNOWN, absl::StatusCode::kFailedPrecondition, "EFFECTS_UNKNOWN"},
      {v1::ERROR_REASON_ZONE_UNKNOWN, absl::StatusCode::kFailedPrecondition, "ZONE_UNKNOWN"},
      {v1::ERROR_REASON_KEY_REQUIRED, absl::StatusCode::kUnauthenticated, "KEY_REQUIRED"},
      {v1::ERROR_REASON_KEY_INVALID, absl::StatusCode::kUnauthenticated, "KEY_INVALID"},
      {v1::ERROR_REASON_KEY_REVOKED, absl::StatusCode::kUnauthenticated, "KEY_REVOKED"},
      {v1::ERROR_REASON_KEY_EXPIRED, absl::StatusCode::kUnauthenticated, "KEY_EXPIRED"},
      {v1::ERROR_REASON_CERTIFICATE_UNKNOWN, absl::StatusCode::kUnauthenticated,
       "CERTIFICATE_UNKNOWN"},
      {v1::ERROR_REASON_NOT_PERMITTED, absl::StatusCode::kPermissionDenied, "NOT_PERMITTED"},
      {v1::ERROR_REASON_RATE_LIMITED, absl::StatusCode::kResourceExhausted, "RATE_LIMITED"},
      {v1::ERROR_REASON_QUOTA_EXCEEDED, absl::StatusCode::kResourceExhausted, "QUOTA_EXCEEDED"},
      {v1::ERROR_REASON_KEY_NOT_FOUND, absl::StatusCode::kNotFound, "KEY_NOT_FOUND"},
      {v1::ERROR_REASON_KEY_EXISTS, absl::StatusCode::kAlreadyExists, "KEY_EXISTS"},
      {v1::ERROR_REASON_METHOD_UNKNOWN, absl::StatusCode::kUnimplemented, "METHOD_UNKNOWN"},
      {v1::ERROR_REASON_BACKUPS_OFF, absl::StatusCode::kFailedPrecondition, "BACKUPS_OFF"},
      {v1::ERROR_REASON_BACKUP_RUNNING, absl::StatusCode::kFailedPrecondition, "BACKUP_RUNNING"},
      {v1::ERROR_REASON_BACKUP_NOT_FOUND, absl::StatusCode::kNotFound, "BACKUP_NOT_FOUND"},
      {v1::ERROR_REASON_BACKUP_DAMAGED, absl::StatusCode::kDataLoss, "BACKUP_DAMAGED"},
      {v1::ERROR_REASON_BACKUP_DISK_FULL, absl::StatusCode::kResourceExhausted, "BACKUP_DISK_FULL"},
      {v1::ERROR_REASON_SEQUENCE_TRIMMED, absl::StatusCode::kOutOfRange, "SEQUENCE_TRIMMED"},
      {v1::ERROR_REASON_ETAG_MISMATCH, absl::StatusCode::kAborted, "ETAG_MISMATCH"},
      {v1::ERROR_REASON_SHUTTING_DOWN, absl::StatusCode::kUnavailable, "SHUTTING_DOWN"},
      {v1::ERROR_REASON_SURVEY_CHANGED, absl::StatusCode::kUnavailable, "SURVEY_CHANGED"},
      {v1::ERROR_REASON_STORE_DAMAGED, absl::StatusCode::kDataLoss, "STORE_DAMAGED"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(CodeOf(c.reason), c.code) << c.name;
    EXPECT_EQ(ReasonName(c.reason), c.name);
    const absl::Status status = Error(c.reason, "what came and what was wanted");
    EXPECT_EQ(status.code(), c.code);
    EXPECT_EQ(ReasonOf(status), c.reason);
    EXPECT_EQ(ReasonNameOf(status), c.name);
  }
  // A new reason needs a row above.
  EXPECT_EQ(static_cast<size_t>(v1::ErrorReason_descriptor()->value_count()), std::size(cases) + 1);
}

TEST(Error, HasOneErrorInfoOfThisService) {
  const absl::Status status =
      Error(v1::ERROR_REASON_SURVEY_NOT_FOUND, "no such survey", {{"survey_id", "pulse"}});
  EXPECT_EQ(status.message(), "no such survey");
  const google::rpc::Status proto = ToProto(status);
  ASSERT_EQ(proto.details_size(), 1);
  EXPECT_EQ(proto.details(0).type_url(), "type.googleapis.com/google.rpc.ErrorInfo");
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(info.ParseFromString(proto.details(0).value()));
  EXPECT_EQ(info.reason(), "SURVEY_NOT_FOUND");
  EXPECT_EQ(info.domain(), "emptychair");
  EXPECT_THAT(MetadataOf(status), ElementsAre(Pair("survey_id", "pulse")));
  EXPECT_THAT(FieldsOf(status), IsEmpty());
  EXPECT_EQ(RetryDelayOf(status), std::nullopt);
}

TEST(FieldError, NamesTheFieldInMessageMetadataAndBadRequest) {
  const absl::Status status = FieldError(v1::ERROR_REASON_SCORE_OUT_OF_RANGE, "feedback.score",
                                         "got 11, wanted 0 to 10", {{"min", "0"}, {"max", "10"}});
  EXPECT_EQ(status.message(), "feedback.score: got 11, wanted 0 to 10");
  EXPECT_THAT(status, testing::HasField("feedback.score"));
  EXPECT_THAT(MetadataOf(status), UnorderedElementsAre(Pair("field", "feedback.score"),
                                                       Pair("min", "0"), Pair("max", "10")));
  const google::rpc::Status proto = ToProto(status);
  ASSERT_EQ(proto.details_size(), 2);
  EXPECT_EQ(proto.details(0).type_url(), "type.googleapis.com/google.rpc.BadRequest");
  google::rpc::BadRequest bad_request;
  ASSERT_TRUE(bad_request.ParseFromString(proto.details(0).value()));
  ASSERT_EQ(bad_request.field_violations_size(), 1);
  EXPECT_EQ(bad_request.field_violations(0).description(), "got 11, wanted 0 to 10");
}

TEST(AtPath, PutsThePathBeforeTheFieldWhereverItStands) {
  const absl::Status status = FieldError(v1::ERROR_REASON_SCORE_OUT_OF_RANGE, "score",
                                         "got 11, wanted 0 to 10", {{"max", "10"}});
  const absl::Status moved = AtPath("base", status);
  EXPECT_EQ(moved, FieldError(v1::ERROR_REASON_SCORE_OUT_OF_RANGE, "base.score",
                              "got 11, wanted 0 to 10", {{"max", "10"}}));
}

TEST(AtPath, LeavesErrorsAboutNoFieldAsTheyAre) {
  for (const absl::Status& status :
       {absl::OkStatus(), absl::InternalError("no details"), ShuttingDownError(),
        Error(v1::ERROR_REASON_SURVEY_NOT_FOUND, "none", {{"survey_id", "pulse"}})}) {
    EXPECT_EQ(AtPath("base", status), status);
  }
}

TEST(RetryableError, SaysWhenToComeBack) {
  for (const absl::Duration delay : {absl::ZeroDuration(), absl::Nanoseconds(1),
                                     absl::Milliseconds(100), absl::Milliseconds(12'345)}) {
    const absl::Status status = RetryableError(v1::ERROR_REASON_QUEUE_FULL, "full", delay);
    EXPECT_EQ(RetryDelayOf(status), delay);
    EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_QUEUE_FULL);
  }
}

TEST(ShuttingDownError, CanBeTriedAgainInASecond) {
  EXPECT_THAT(ShuttingDownError(), testing::HasReason(v1::ERROR_REASON_SHUTTING_DOWN));
  EXPECT_EQ(RetryDelayOf(ShuttingDownError()), absl::Seconds(1));
}

TEST(ToProto, AndFromProtoKeepEverything) {
  absl::Status foreign = absl::AbortedError("bytes that are \xc3\xa9 UTF-8");
  foreign.SetPayload("type.googleapis.com/some.Other", absl::Cord("\x01\xff"));
  const absl::Status cases[] = {
      absl::OkStatus(),
      absl::CancelledError(""),
      Error(v1::ERROR_REASON_STORE_DAMAGED, "damaged", {{"survey_id", "pulse"}}),
      FieldError(v1::ERROR_REASON_FIELD_INVALID, "survey.scale.max", "got 3, wanted 2"),
      RetryableError(v1::ERROR_REASON_QUEUE_FULL, "full", absl::Milliseconds(100)),
      foreign,
  };
  for (const absl::Status& status : cases) {
    const google::rpc::Status proto = ToProto(status);
    EXPECT_EQ(proto.code(), static_cast<int>(status.code()));
    EXPECT_EQ(FromProto(proto), status);
    EXPECT_EQ(ToProto(FromProto(proto)).SerializeAsString(), proto.SerializeAsString());
  }
}

TEST(ToProto, OrdersDetailsByTheirType) {
  absl::Status a = absl::AbortedError("x");
  absl::Status b = absl::AbortedError("x");
  for (const char* url : {"a", "b", "c", "d"}) {
    a.SetPayload(url, absl::Cord(url));
  }
  for (const char* url : {"d", "c", "b", "a"}) {
    b.SetPayload(url, absl::Cord(url));
  }
  EXPECT_EQ(ToProto(a).SerializeAsString(), ToProto(b).SerializeAsString());
}

TEST(ReasonOf, IsNothingForErrorsOfOthers) {
  EXPECT_EQ(ReasonOf(absl::OkStatus()), v1::ERROR_REASON_UNSPECIFIED);
  EXPECT_EQ(ReasonOf(absl::NotFoundError("x")), v1::ERROR_REASON_UNSPECIFIED);
  EXPECT_EQ(ReasonNameOf(absl::NotFoundError("x")), "");

  google::rpc::ErrorInfo info;
  info.set_reason("SURVEY_NOT_FOUND");
  info.set_domain("example.com");
  constexpr char kUrl[] = "type.googleapis.com/google.rpc.ErrorInfo";
  absl::Status status = absl::NotFoundError("x");
  status.SetPayload(kUrl, absl::Cord(info.SerializeAsString()));
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_UNSPECIFIED);
  // Of a later version of this service: its name can be read, though not its meaning.
  info.set_domain("emptychair");
  info.set_reason("NOT_YET_INVENTED");
  status.SetPayload(kUrl, absl::Cord(info.SerializeAsString()));
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_UNSPECIFIED);
  EXPECT_EQ(ReasonNameOf(status), "NOT_YET_INVENTED");

  status.SetPayload(kUrl, absl::Cord("\xff"));
  EXPECT_EQ(ReasonNameOf(status), "");
  EXPECT_THAT(MetadataOf(status), IsEmpty());
}

TEST(Quoted, EscapesWhatCannotBeSeenAsWhatItIs) {
  EXPECT_EQ(Quoted(""), "\"\"");
  EXPECT_EQ(Quoted("plain text"), "\"plain text\"");
  EXPECT_EQ(Quoted("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(Quoted("line\nline\r\t"), R"("line\nline\r\t")");
  EXPECT_EQ(Quoted(absl::string_view("\0\x7f", 2)), R"("\x00\x7f")");
  EXPECT_EQ(Quoted("größe für uns ✓ 客户 👍"), "\"größe für uns ✓ 客户 👍\"");
  EXPECT_EQ(Quoted("a\u2028b\u2029c\u0085d"), R"("a\u2028b\u2029c\u0085d")");
  for (const absl::string_view mark : {"\u202a", "\u202e", "\u2066", "\u2069"}) {
    EXPECT_THAT(Quoted(mark), StartsWith("\"\\u20")) << mark;
  }
  EXPECT_EQ(Quoted("\u2027\u202f\u2065\u206a"), "\"\u2027\u202f\u2065\u206a\"");
  // No UTF-8: a start without its end, an end alone, longer than needed, a surrogate, too large.
  EXPECT_EQ(Quoted("\xc3("), R"("\xc3(")");
  EXPECT_EQ(Quoted("\xa9"), R"("\xa9")");
  EXPECT_EQ(Quoted("\xc0\xaf\xe0\x80\xaf"), R"("\xc0\xaf\xe0\x80\xaf")");
  EXPECT_EQ(Quoted("\xed\xa0\x80"), R"("\xed\xa0\x80")");
  EXPECT_EQ(Quoted("\xf4\x90\x80\x80\xff"), R"("\xf4\x90\x80\x80\xff")");
  EXPECT_EQ(Quoted("\xe2\x9c"), R"("\xe2\x9c")");
}

TEST(Quoted, CutsLongTextAndSaysSo) {
  EXPECT_EQ(Quoted("abcdef", 6), "\"abcdef\"");
  EXPECT_EQ(Quoted("abcdefg", 6), "\"abcdef…\"");
  EXPECT_EQ(Quoted(std::string(64, 'x')), "\"" + std::string(64, 'x') + "\"");
  EXPECT_EQ(Quoted(std::string(65, 'x')), "\"" + std::string(64, 'x') + "…\"");
  EXPECT_EQ(Quoted("x", 0), "\"…\"");
  // Between two characters.
  EXPECT_EQ(Quoted("ab✓", 4), "\"ab…\"");
  EXPECT_EQ(Quoted("ab✓", 5), "\"ab✓\"");
  EXPECT_EQ(Quoted("ab✓c", 5), "\"ab✓…\"");
  EXPECT_EQ(Quoted("✓", 2), "\"…\"");
  EXPECT_EQ(Quoted("\x9c\x9c\x9c\x9c\x9c", 4), R"("\x9c\x9c\x9c\x9c…")");
}

}  // namespace
}  // namespace emptychair
