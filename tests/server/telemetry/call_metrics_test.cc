#include "server/telemetry/call_metrics.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "emptychair/v1/feedback_service.pb.h"
#include "emptychair/v1/survey_service.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emptychair {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class CallMetricsTest : public ::testing::Test {
 protected:
  CallMetricsTest() : metrics_(&registry_) {
    methods_.push_back(
        MethodSpec::RunOn(Lane::kQuery, [](const RequestContext&, const v1::GetSurveyRequest&,
                                           v1::GetSurveyResponse&) { return absl::OkStatus(); }));
    methods_.push_back(MethodSpec::StreamOn(
        Lane::kQuery,
        [](const RequestContext&, const v1::ChangeManyFeedbackRequest&,
           StreamWriter<v1::ChangeManyFeedbackResponse>&) { return absl::OkStatus(); }));
    metrics_.AddMethods(methods_);
  }

  void Finish(const Method& method, absl::StatusCode code, absl::string_view reason = "",
              absl::Duration duration = absl::Milliseconds(3)) {
    const RequestContext context = {.method = &method};
    metrics_.CallFinished(
        {.context = context, .code = code, .reason = reason, .duration = duration});
  }

  std::string Calls(absl::string_view method, absl::string_view code, int count) {
    return absl::StrCat("emptychair_calls_total{code=\"", code, "\",method=\"", method, "\"} ",
                        count, "\n");
  }
  std::string Refusals(absl::string_view reason, int count) {
    return absl::StrCat("emptychair_refusals_total{reason=\"", reason, "\"} ", count, "\n");
  }

  MetricRegistry registry_;
  CallMetrics metrics_;
  MethodTable methods_;
};

TEST_F(CallMetricsTest, EverySeriesIsThereAtZero) {
  const std::string page = registry_.Scrape();
  for (const char* method :
       {"SurveyService/GetSurvey", "FeedbackService/ChangeManyFeedback", "_OTHER"}) {
    for (const char* code : {"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED",
                             "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "UNAUTHENTICATED",
                             "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE",
                             "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"}) {
      EXPECT_THAT(page, HasSubstr(Calls(method, code, 0)));
    }
  }
  for (const char* reason : {"FIELD_INVALID", "QUEUE_FULL", "METHOD_UNKNOWN", "KEY_REQUIRED"}) {
    EXPECT_THAT(page, HasSubstr(Refusals(reason, 0)));
  }
  EXPECT_THAT(page, Not(HasSubstr("UNSPECIFIED")));
  EXPECT_THAT(page, HasSubstr("emptychair_call_duration_seconds_count{method="
                              "\"SurveyService/GetSurvey\"} 0\n"));
}

TEST_F(CallMetricsTest, CountsACallByMethodAndCode) {
  Finish(methods_[0].method, absl::StatusCode::kOk);
  Finish(methods_[0].method, absl::StatusCode::kOk);
  Finish(methods_[0].method, absl::StatusCode::kNotFound, "SURVEY_NOT_FOUND");
  const std::string page = registry_.Scrape();
  EXPECT_THAT(page, HasSubstr(Calls("SurveyService/GetSurvey", "OK", 2)));
  EXPECT_THAT(page, HasSubstr(Calls("SurveyService/GetSurvey", "NOT_FOUND", 1)));
  EXPECT_THAT(page, HasSubstr(Calls("FeedbackService/ChangeManyFeedback", "OK", 0)));
  EXPECT_THAT(page, HasSubstr(Refusals("SURVEY_NOT_FOUND", 1)));
  EXPECT_THAT(page, HasSubstr("emptychair_call_duration_seconds_bucket{method=\"SurveyService/"
                              "GetSurvey\",le=\"0.002\"} 0\n"));
  EXPECT_THAT(page, HasSubstr("emptychair_call_duration_seconds_bucket{method=\"SurveyService/"
                              "GetSurvey\",le=\"0.005\"} 3\n"));
}

TEST_F(CallMetricsTest, AStreamCountsButHasNoDuration) {
  Finish(methods_[1].method, absl::StatusCode::kUnavailable, "SHUTTING_DOWN", absl::Hours(1));
  const std::string page = registry_.Scrape();
  EXPECT_THAT(page, HasSubstr(Calls("FeedbackService/ChangeManyFeedback", "UNAVAILABLE", 1)));
  EXPECT_THAT(page, HasSubstr(Refusals("SHUTTING_DOWN", 1)));
  EXPECT_THAT(page, Not(HasSubstr("_count{method=\"FeedbackService/ChangeManyFeedback\"}")));
}

// Nothing that a caller sends becomes a label.
TEST_F(CallMetricsTest, LabelsAreOfClosedSets) {
  const std::string before = registry_.Scrape();
  Finish({.name = "what/a caller wrote"}, absl::StatusCode::kUnimplemented, "METHOD_UNKNOWN");
  Finish({.name = "a/b", .number = 77}, absl::StatusCode::kOk, "NO_SUCH_REASON");
  Finish(methods_[0].method, static_cast<absl::StatusCode>(99));
  Finish(methods_[0].method, static_cast<absl::StatusCode>(-1));
  const std::string page = registry_.Scrape();
  EXPECT_EQ(std::count(page.begin(), page.end(), '\n'),
            std::count(before.begin(), before.end(), '\n'));
  EXPECT_THAT(page, Not(HasSubstr("caller")));
  EXPECT_THAT(page, HasSubstr(Calls("_OTHER", "UNIMPLEMENTED", 1)));
  EXPECT_THAT(page, HasSubstr(Calls("_OTHER", "OK", 1)));
  EXPECT_THAT(page, HasSubstr(Calls("SurveyService/GetSurvey", "UNKNOWN", 2)));
}

TEST_F(CallMetricsTest, OthersCountTheirRefusalsBesideIt) {
  const MetricCounter refused = metrics_.AddRefusals("HTTP_TIMEOUT");
  EXPECT_THAT(registry_.Scrape(), HasSubstr(Refusals("HTTP_TIMEOUT", 0)));
  refused.Add();
  EXPECT_THAT(registry_.Scrape(), HasSubstr(Refusals("HTTP_TIMEOUT", 1)));
}

}  // namespace
}  // namespace emptychair
