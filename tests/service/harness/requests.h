// Short ways to write what tests of the service send and to read what they get.
#ifndef EMPTYCHAIR_TESTS_SERVICE_HARNESS_REQUESTS_H_
#define EMPTYCHAIR_TESTS_SERVICE_HARNESS_REQUESTS_H_

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/base/timestamp.h"
#include "emptychair/client/client.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "tests/helpers/source_location.h"
#include "tests/helpers/times.h"

namespace emptychair::testing {

// The time of a test's first records, where any would do.
inline constexpr absl::Time kTime = absl::FromUnixSeconds(1'704'067'200);  // 2024-01-01T00:00Z

// The message written in protobuf's text format. Aborts when it is none.
template <typename Message>
Message FromText(const std::string& text) {
  Message message;
  if (!google::protobuf::TextFormat::ParseFromString(text, &message)) {
    std::cerr << "not a " << message.GetDescriptor()->full_name() << ": " << text << std::endl;
    std::abort();
  }
  return message;
}

// The value of `result`; when there is none, the test has failed and it is an empty one.
template <typename T>
T Value(absl::StatusOr<T> result, SourceLocation where = SourceLocation::current()) {
  if (!result.ok()) {
    ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line())) << result.status();
    return T();
  }
  return *std::move(result);
}

MATCHER_P(EqualsMessage, expected, "equals " + expected.DebugString()) {
  std::string differences;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&differences);
  const bool equal = differencer.Compare(expected, arg);
  *result_listener << "that differs: " << differences;
  return equal;
}

google::protobuf::Timestamp Timestamp(absl::Time time);

// The bucket as a window to ask for.
v1::TimeInterval IntervalOf(const v1::MetricBucket& bucket);

// An NPS survey, or the survey written in text format with the id put in.
v1::Survey NpsSurvey(absl::string_view survey_id, const std::vector<std::string>& dimensions = {},
                     absl::string_view time_zone = "");
v1::Survey SurveyOf(absl::string_view survey_id, const std::string& text);

// An answer with an external id and a time, on which more can be set.
v1::Feedback Answer(absl::string_view survey_id, absl::string_view external_id, absl::Time time);
v1::Feedback Answer(absl::string_view survey_id, absl::string_view external_id, absl::Time time,
                    int32_t score);

// Calls that are expected to succeed.
v1::Survey Create(Client& client, const v1::Survey& survey,
                  SourceLocation where = SourceLocation::current());
v1::SubmitFeedbackResponse Submit(Client& client, const v1::Feedback& feedback,
                                  SourceLocation where = SourceLocation::current());
// In batches of at most 5,000, none of which may have a failure.
void SubmitAll(Client& client, const std::vector<v1::Feedback>& feedback,
               SourceLocation where = SourceLocation::current());
v1::GetStatusResponse Status(Client& client, SourceLocation where = SourceLocation::current());

// Calls that can fail. Records are sent as they are, also those without an id. A single one is
// wanted back whole.
absl::StatusOr<v1::CreateSurveyResponse> TryCreate(Client& client, const v1::Survey& survey);
absl::StatusOr<v1::SubmitFeedbackResponse> TrySubmit(Client& client, const v1::Feedback& feedback);
v1::BatchSubmitFeedbackRequest BatchOf(const std::vector<v1::Feedback>& feedback);
absl::StatusOr<v1::BatchSubmitFeedbackResponse> TryBatch(Client& client,
                                                         const std::vector<v1::Feedback>& feedback);
absl::StatusOr<v1::GetFeedbackResponse> GetByExternalId(Client& client, absl::string_view survey_id,
                                                        absl::string_view external_id);
absl::StatusOr<v1::GetFeedbackResponse> GetById(Client& client, absl::string_view survey_id,
                                                absl::string_view feedback_id);

// The answer to the QueryMetricRequest written in text format; expected to succeed.
v1::QueryMetricResponse Query(Client& client, const std::string& text,
                              SourceLocation where = SourceLocation::current());

// The same of CompareMetric, its two sides in text format.
v1::CompareMetricRequest Sides(const std::string& base, const std::string& candidate);
v1::CompareMetricResponse Compare(Client& client, const std::string& base,
                                  const std::string& candidate,
                                  SourceLocation where = SourceLocation::current());

// The same of DecomposeChange, of such sides.
v1::DecomposeChangeRequest ChangeOf(const v1::CompareMetricRequest& sides,
                                    const std::vector<std::string>& keys = {});
v1::DecomposeChangeResponse Decompose(Client& client, const std::string& base,
                                      const std::string& candidate,
                                      const std::vector<std::string>& keys = {},
                                      SourceLocation where = SourceLocation::current());

// The one point over all answers of the survey.
v1::MetricValue Total(Client& client, absl::string_view survey_id,
                      SourceLocation where = SourceLocation::current());

// `count` answers of each of these scores (in groups of an NPS: promoters, passives, detractors),
// from `time` on.
std::vector<v1::Feedback> NpsAnswers(absl::string_view survey_id, int promoters, int passives,
                                     int detractors, absl::Time time);

// `counts[i]` answers of the score `score_min + i`, at `time`, which is also in their ids.
std::vector<v1::Feedback> ScoredAnswers(absl::string_view survey_id, int32_t score_min,
                                        const std::vector<int>& counts, absl::Time time);

// Group values as text, "(none)" and "(other)" among them.
std::vector<std::string> GroupTexts(const v1::MetricSeries& series);

// The point is an NPS of so many promoters, passives and detractors.
MATCHER_P3(IsNps, promoters, passives, detractors, "") {
  *result_listener << arg.ShortDebugString();
  const int64_t n = int64_t{promoters} + passives + detractors;
  if (arg.answers() != n || arg.promoters() != promoters || arg.passives() != passives ||
      arg.detractors() != detractors) {
    return false;
  }
  return n == 0 ? !arg.has_value() : arg.has_value() && arg.denominator() == n;
}

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_SERVICE_HARNESS_REQUESTS_H_
