#include "server/api/method_spec.h"

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "emptychair/v1/admin_service.pb.h"
#include "emptychair/v1/feedback_service.pb.h"
#include "emptychair/v1/survey_service.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair {
namespace {

using ::emptychair::testing::IsOkAndHolds;
using ::emptychair::testing::StatusIs;
using ::testing::ElementsAre;

using google::protobuf::Message;

// Remembers its reply.
class Reply final : public PendingReply {
 public:
  void ReplyForHandler(const absl::Status& status) override { statuses.push_back(status); }
  std::vector<absl::Status> statuses;
};

// Handlers as a service has them.
class Service {
 public:
  absl::Status GetSurvey(const RequestContext& context, const v1::GetSurveyRequest& request,
                         v1::GetSurveyResponse& response) const {
    response.mutable_survey()->set_survey_id(request.survey_id());
    return context.IsCancelled() ? absl::CancelledError() : absl::OkStatus();
  }
  void DeleteSurvey(const RequestContext&, const v1::DeleteSurveyRequest& request,
                    v1::DeleteSurveyResponse&, ReplyHandle reply) {
    deleted = request.survey_id();
    reply(absl::AbortedError("busy"));
  }
  absl::StatusOr<ScheduledWork<v1::ListFeedbackResponse>> ListFeedback(
      const RequestContext&, const v1::ListFeedbackRequest& request) const {
    if (request.survey_id().empty()) {
      return absl::InvalidArgumentError("none");
    }
    return ScheduledWork<v1::ListFeedbackResponse>(
        Lane::kScan, [token = request.survey_id()](v1::ListFeedbackResponse& response) {
          response.set_next_page_token(token);
          return absl::OkStatus();
        });
  }
  absl::Status VerifyStore(const RequestContext&, const v1::VerifyStoreRequest&,
                           StreamWriter<v1::VerifyStoreResponse>& writer) {
    v1::VerifyStoreResponse message;
    message.mutable_progress()->set_part("cube");
    RETURN_IF_ERROR(writer.Check());
    return writer.Write(message);
  }

  std::string deleted;
};

TEST(MethodSpec, TakesFromTheProtoWhatItSays) {
  Service service;
  const MethodSpec get = MethodSpec::RunOn(Lane::kQuery, Bind(&service, &Service::GetSurvey));
  EXPECT_EQ(get.method.name, "SurveyService/GetSurvey");
  EXPECT_EQ(get.method.permission, v1::PERMISSION_READ_SURVEYS);
  EXPECT_TRUE(get.method.is_read_only);
  EXPECT_TRUE(get.method.is_idempotent);
  EXPECT_EQ(get.request->GetDescriptor(), v1::GetSurveyRequest::descriptor());
  EXPECT_EQ(get.response->GetDescriptor(), v1::GetSurveyResponse::descriptor());

  const MethodSpec erase = MethodSpec::AtOnce(Bind(&service, &Service::DeleteSurvey));
  EXPECT_EQ(erase.method.permission, v1::PERMISSION_ERASE);
  EXPECT_FALSE(erase.method.is_read_only);
  EXPECT_FALSE(erase.method.is_idempotent);
}

TEST(MethodSpec, AHandlerOnALaneRepliesWithItsStatus) {
  Service service;
  const MethodSpec spec = MethodSpec::RunOn(Lane::kQuery, Bind(&service, &Service::GetSurvey));
  const auto& unary = std::get<MethodSpec::Unary>(spec.handler);
  EXPECT_EQ(unary.lane, Lane::kQuery);
  v1::GetSurveyRequest request;
  request.set_survey_id("nps");
  v1::GetSurveyResponse response;
  Reply reply;
  unary.start({}, request, response, ReplyHandle(&reply));
  EXPECT_THAT(reply.statuses, ElementsAre(absl::OkStatus()));
  EXPECT_EQ(response.survey().survey_id(), "nps");
}

TEST(MethodSpec, AHandlerAtOnceRepliesByItself) {
  Service service;
  const MethodSpec spec = MethodSpec::AtOnce(Bind(&service, &Service::DeleteSurvey));
  const auto& unary = std::get<MethodSpec::Unary>(spec.handler);
  EXPECT_EQ(unary.lane, std::nullopt);
  v1::DeleteSurveyRequest request;
  request.set_survey_id("nps");
  v1::DeleteSurveyResponse response;
  Reply reply;
  unary.start({}, request, response, ReplyHandle(&reply));
  EXPECT_THAT(reply.statuses, ElementsAre(absl::AbortedError("busy")));
  EXPECT_EQ(service.deleted, "nps");
}

TEST(MethodSpec, AHandlerByRequestChoosesTheLane) {
  Service service;
  const MethodSpec spec = MethodSpec::ByRequest(Bind(&service, &Service::ListFeedback));
  const auto& scheduled = std::get<MethodSpec::Scheduled>(spec.handler);
  v1::ListFeedbackRequest request;
  EXPECT_THAT(scheduled.schedule({}, request), StatusIs(absl::StatusCode::kInvalidArgument));
  request.set_survey_id("nps");
  ASSERT_OK_AND_ASSIGN(AnyScheduledWork work, scheduled.schedule({}, request));
  EXPECT_EQ(work.lane, Lane::kScan);
  v1::ListFeedbackResponse response;
  EXPECT_OK(work.run(response));
  EXPECT_EQ(response.next_page_token(), "nps");
}

class Collector final : public MessageWriter {
 public:
  absl::Status Write(const Message& message) override {
    texts.push_back(message.ShortDebugString());
    return absl::OkStatus();
  }
  absl::Status Check() const override { return check; }

  std::vector<std::string> texts;
  absl::Status check;
};

TEST(MethodSpec, AStreamIsWrittenThroughTheTransportsWriter) {
  Service service;
  const MethodSpec spec =
      MethodSpec::StreamOn(Lane::kMaintenance, Bind(&service, &Service::VerifyStore));
  const auto& stream = std::get<MethodSpec::Stream>(spec.handler);
  Collector collector;
  EXPECT_OK(stream.run({}, v1::VerifyStoreRequest(), collector));
  EXPECT_THAT(collector.texts, ElementsAre("progress { part: \"cube\" }"));
  collector.check = absl::CancelledError("gone");
  EXPECT_EQ(stream.run({}, v1::VerifyStoreRequest(), collector), collector.check);
}

TEST(MethodSpec, AFeedsSourceServesItsTypeOfMessage) {
  struct Source {
    absl::StatusOr<bool> Next(v1::WatchFeedbackResponse& response) {
      response.set_sequence(5);
      return true;
    }
    bool NotifyWhenMore(const std::shared_ptr<Waiter>&) { return false; }
    void Unsubscribe(const std::shared_ptr<Waiter>&) {}
  };
  const MethodSpec spec = MethodSpec::FeedOn(
      Lane::kScan,
      [](const RequestContext&, const v1::WatchFeedbackRequest& request) -> absl::StatusOr<Source> {
        if (request.survey_ids().empty()) {
          return absl::InvalidArgumentError("none");
        }
        return Source();
      });
  const auto& feed = std::get<MethodSpec::Feed>(spec.handler);
  v1::WatchFeedbackRequest request;
  EXPECT_THAT(feed.open({}, request), StatusIs(absl::StatusCode::kInvalidArgument));
  request.add_survey_ids("nps");
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<FeedSource> source, feed.open({}, request));
  v1::WatchFeedbackResponse response;
  EXPECT_THAT(source->Next(response), IsOkAndHolds(true));
  EXPECT_EQ(response.sequence(), 5);
  EXPECT_FALSE(source->NotifyWhenMore(nullptr));
}

}  // namespace
}  // namespace emptychair
