#include "server/api/parse_request.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "emptychair/v1/admin_service.pb.h"
#include "emptychair/v1/feedback_service.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair {
namespace {

using ::emptychair::testing::HasField;
using ::emptychair::testing::HasReason;
using ::testing::AllOf;
using ::testing::HasSubstr;

using google::protobuf::Message;

constexpr auto kInvalid = v1::ERROR_REASON_FIELD_INVALID;
constexpr auto kRequired = v1::ERROR_REASON_FIELD_REQUIRED;
constexpr auto kTooLarge = v1::ERROR_REASON_BATCH_TOO_LARGE;

// A request in memory, which remembers whether it was parsed.
class TextBody final : public RequestBody {
 public:
  explicit TextBody(std::string bytes) : bytes_(std::move(bytes)) {}

  size_t size() const override { return bytes_.size(); }
  bool Parse(Message& request) const override {
    was_parsed_ = true;
    return request.ParseFromString(bytes_);
  }
  std::optional<int64_t> CountElements(int field_number, int64_t limit) const override {
    google::protobuf::io::CodedInputStream input(reinterpret_cast<const uint8_t*>(bytes_.data()),
                                                 static_cast<int>(bytes_.size()));
    return emptychair::CountElements(input, field_number, limit);
  }

  bool was_parsed() const { return was_parsed_; }

 private:
  const std::string bytes_;
  mutable bool was_parsed_ = false;
};

MethodSpec Plain() {
  return MethodSpec::RunOn(Lane::kQuery, [](const RequestContext&, const v1::GetFeedbackRequest&,
                                            v1::GetFeedbackResponse&) { return absl::OkStatus(); });
}

// Takes up to three records and 100 bytes.
MethodSpec Batch() {
  return MethodSpec::AtOnce([](const RequestContext&, const v1::StreamFeedbackRequest&,
                               v1::StreamFeedbackResponse&, ReplyHandle) {})
      .WithBatches({.field_number = v1::StreamFeedbackRequest::kFeedbackFieldNumber,
                    .elements_max = 3,
                    .bytes_max = 100});
}

std::string BatchOf(int records) {
  v1::StreamFeedbackRequest request;
  request.set_batch_number(7);
  for (int i = 0; i < records; ++i) {
    request.add_feedback()->set_survey_id("s");
  }
  return request.SerializeAsString();
}

TEST(ParseRequest, MakesAMessageOfTheMethodsType) {
  v1::GetFeedbackRequest sent;
  sent.set_survey_id("nps");
  MessageArena arena;
  ASSERT_OK_AND_ASSIGN(const Message* request,
                       ParseRequest(Plain(), TextBody(sent.SerializeAsString()), arena));
  EXPECT_EQ(static_cast<const v1::GetFeedbackRequest&>(*request).survey_id(), "nps");
}

TEST(ParseRequest, RefusesBytesThatAreNoMessageOrNoUtf8) {
  MessageArena arena;
  for (const std::string& bytes : {std::string("\x0a\x7f"), std::string("\x0a\x02\xc3\x28")}) {
    const auto request = ParseRequest(Plain(), TextBody(bytes), arena);
    EXPECT_THAT(request, AllOf(HasReason(kInvalid), HasField("request")));
    EXPECT_THAT(std::string(request.status().message()),
                HasSubstr("no emptychair.v1.GetFeedbackRequest"));
  }
}

TEST(ParseRequest, DoesNotLookAtWhatIsTooLarge) {
  MessageArena arena;
  const TextBody body(std::string(kMessageBytesMax + 1, '\0'));
  EXPECT_THAT(ParseRequest(Plain(), body, arena), AllOf(HasReason(kInvalid), HasField("request")));
  EXPECT_FALSE(body.was_parsed());
}

TEST(ParseRequest, TakesABatchUpToItsLimits) {
  MessageArena arena;
  ASSERT_OK_AND_ASSIGN(const Message* request, ParseRequest(Batch(), TextBody(BatchOf(3)), arena));
  EXPECT_EQ(static_cast<const v1::StreamFeedbackRequest&>(*request).feedback_size(), 3);
  EXPECT_EQ(static_cast<const v1::StreamFeedbackRequest&>(*request).batch_number(), 7);
}

TEST(ParseRequest, CountsABatchBeforeItParsesIt) {
  const TextBody none(BatchOf(0));
  const TextBody four(BatchOf(4));
  const TextBody large(std::string(101, '\0'));
  const TextBody broken("\x12\x7f");
  MessageArena arena;
  EXPECT_THAT(ParseRequest(Batch(), none, arena),
              AllOf(HasReason(kRequired), HasField("feedback")));
  EXPECT_THAT(ParseRequest(Batch(), four, arena),
              AllOf(HasReason(kTooLarge), HasField("feedback")));
  EXPECT_THAT(ParseRequest(Batch(), large, arena),
              AllOf(HasReason(kTooLarge), HasField("feedback")));
  EXPECT_THAT(ParseRequest(Batch(), broken, arena),
              AllOf(HasReason(kInvalid), HasField("feedback")));
  for (const TextBody* body : {&none, &four, &large, &broken}) {
    EXPECT_FALSE(body->was_parsed());
  }
}

TEST(ParseRequest, RefusesABatchWithTextThatIsNotUtf8) {
  MessageArena arena;
  EXPECT_THAT(ParseRequest(Batch(), TextBody("\x12\x04\x0a\x02\xc3\x28"), arena),
              AllOf(HasReason(kInvalid), HasField("feedback")));
}

}  // namespace
}  // namespace emptychair
