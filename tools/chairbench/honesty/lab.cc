#include "tools/chairbench/honesty/lab.h"

#include <algorithm>
#include <cmath>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/base/status_macros.h"
#include "common/base/timestamp.h"
#include "tools/chairbench/base/interrupt.h"

namespace emptychair::bench {
namespace {

constexpr int kCallsUnderWay = 16;
constexpr int kReplicatesMin = 4;
// Sixteen calls share the lane that reads answers one by one.
constexpr absl::Duration kCallTimeMax = absl::Minutes(5);
// Apart from the seeds of answers.
constexpr uint64_t kOfTimes = 3;

absl::Time FirstWindow() {
  return absl::FromCivil(absl::CivilDay(1990, 1, 1), absl::UTCTimeZone());
}

// Calls work(thread, 0) … work(thread, count - 1), each once and on one of `threads` threads. The
// first error ends it.
absl::Status ForEach(int count, int threads,
                     absl::FunctionRef<absl::Status(size_t thread, int index)> work) {
  std::atomic<int> next{0};
  absl::Mutex mutex;
  absl::Status first_error;
  std::vector<std::thread> workers;
  for (size_t thread = 0; thread < static_cast<size_t>(threads); ++thread) {
    workers.emplace_back([&, thread] {
      for (int index = next++; index < count; index = next++) {
        absl::Status status = CheckInterrupted();
        status.Update(work(thread, index));
        if (!status.ok()) {
          next = count;
          absl::MutexLock lock(&mutex);
          first_error.Update(status);
          return;
        }
      }
    });
  }
  for (std::thread& worker : workers) {
    worker.join();
  }
  return first_error;
}

// Gathers the answers of one stream into batches.
class Sender {
 public:
  Sender(const Client& client, int batch_size)
      : batch_size_(batch_size),
        stream_(client.StreamFeedback([this](const v1::StreamFeedbackRequest&,
                                             const v1::StreamFeedbackResponse& acknowledgement) {
          accepted_ += acknowledgement.accepted_count();
          if (!acknowledgement.failures().empty() && refused_.empty()) {
            refused_ = acknowledgement.failures(0).status().message();
          }
        })) {}

  absl::Status Add(v1::Feedback feedback) {
    *batch_.add_feedback() = std::move(feedback);
    return batch_.feedback_size() < batch_size_ ? absl::OkStatus() : Send();
  }

  absl::Status Finish() {
    RETURN_IF_ERROR(batch_.feedback().empty() ? absl::OkStatus() : Send());
    RETURN_IF_ERROR(stream_->Finish());
    return refused_.empty()
               ? absl::OkStatus()
               : absl::InternalError(absl::StrCat("the server refused an answer: ", refused_));
  }

  int64_t accepted() const { return accepted_; }

 private:
  absl::Status Send() { return stream_->Send(std::exchange(batch_, {})); }

  const int batch_size_;
  v1::StreamFeedbackRequest batch_;
  int64_t accepted_ = 0;
  std::string refused_;
  const std::unique_ptr<FeedbackStream> stream_;
};

void DrawWindow(const Trial& trial, uint64_t seed, int window, HonestyLab::Sink sink) {
  const auto sides = static_cast<int>(trial.sides.size());
  const int replicate = window / sides;
  const int index = window % sides;
  const Side& side = trial.SideOf(window);
  const Window span = trial.WindowOf(replicate, index);
  const int64_t length_ms = absl::ToInt64Milliseconds(span.end - span.start);
  Random times(SeedOf({seed, kOfTimes, static_cast<uint64_t>(window)}));
  DrawAnswers(side, trial.returning, seed, replicate, index, [&](const DrawnAnswer& answer) {
    const auto place_ms =
        static_cast<int64_t>(DrawPlace(side, times) * static_cast<double>(length_ms));
    v1::Feedback feedback;
    feedback.set_customer_id(
        absl::StrCat("r", replicate, "-s", answer.home, "-c", answer.customer));
    feedback.set_score(answer.score);
    // Rounding must not take it out of the window.
    *feedback.mutable_occur_time() =
        ToTimestamp(span.start + absl::Milliseconds(std::min(place_ms, length_ms - 1)));
    if (trial.add_labels != nullptr) {
      trial.add_labels(answer.customer_seed, feedback);
    }
    sink(std::move(feedback));
  });
}

// Checks that intervals follow the rule that was wished. Where none was, as in all that has a
// verdict, the default is CUSTOMERS: no trial is too large for it.
absl::Status CheckRule(v1::IntervalRule wished, const v1::MethodInfo& method) {
  const v1::IntervalRule expected =
      wished == v1::INTERVAL_RULE_UNSPECIFIED ? v1::INTERVAL_RULE_CUSTOMERS : wished;
  if (method.interval_rule() != expected) {
    return absl::InternalError(absl::StrCat(
        "the server's intervals follow ", v1::IntervalRule_Name(method.interval_rule()),
        "; they should follow ", v1::IntervalRule_Name(expected)));
  }
  return absl::OkStatus();
}

}  // namespace

Window Trial::WindowOf(int replicate, int side) const {
  const absl::Time start =
      FirstWindow() + (replicate * static_cast<int>(sides.size()) + side) * window_length;
  return {start, start + window_length};
}

v1::Survey NpsSurvey(absl::string_view survey_id) {
  v1::Survey survey;
  survey.set_survey_id(std::string(survey_id));
  survey.set_kind(v1::SURVEY_KIND_NPS);
  return survey;
}

v1::Survey CsatSurvey(absl::string_view survey_id) {
  v1::Survey survey;
  survey.set_survey_id(std::string(survey_id));
  survey.set_kind(v1::SURVEY_KIND_CSAT);
  return survey;
}

v1::Survey RatingSurvey(absl::string_view survey_id, int min, int max) {
  v1::Survey survey;
  survey.set_survey_id(std::string(survey_id));
  survey.set_kind(v1::SURVEY_KIND_RATING);
  survey.mutable_scale()->set_min(min);
  survey.mutable_scale()->set_max(max);
  return survey;
}

absl::StatusOr<std::unique_ptr<HonestyLab>> HonestyLab::Open(Workspace& workspace, double scale) {
  ASSIGN_OR_RETURN(Client client, Client::Create({.endpoint = workspace.server().endpoint(),
                                                  .timeout = kCallTimeMax}));
  return std::unique_ptr<HonestyLab>(new HonestyLab(std::move(client), workspace.options(), scale));
}

int HonestyLab::Replicates(int full) const {
  return std::max(std::min(full, kReplicatesMin), static_cast<int>(std::lround(full * scale_)));
}

uint64_t HonestyLab::SeedOfSurvey(const v1::Survey& survey) const {
  return SeedOf(bench_.seed, survey.survey_id());
}

absl::Status HonestyLab::Load(const Trial& trial) {
  const uint64_t seed = SeedOfSurvey(trial.survey);
  return Load(trial.survey, trial.CountWindows(),
              [&](int window, Sink sink) { DrawWindow(trial, seed, window, sink); });
}

absl::Status HonestyLab::Load(const v1::Survey& survey, int parts,
                              absl::FunctionRef<void(int part, Sink sink)> draw) {
  RETURN_IF_ERROR(client_.CreateSurvey(survey).status());
  ++calls_;
  std::vector<std::unique_ptr<Sender>> senders;
  for (int i = 0; i < bench_.streams; ++i) {
    senders.push_back(std::make_unique<Sender>(client_, bench_.batch_size));
  }
  RETURN_IF_ERROR(ForEach(parts, bench_.streams, [&](size_t thread, int part) {
    absl::Status status;
    draw(part, [&](v1::Feedback answer) {
      answer.set_survey_id(survey.survey_id());
      // After an error the stream answers with that one.
      status.Update(senders[thread]->Add(std::move(answer)));
    });
    return status;
  }));
  for (const std::unique_ptr<Sender>& sender : senders) {
    RETURN_IF_ERROR(sender->Finish());
    answers_ += sender->accepted();
  }
  return absl::OkStatus();
}

absl::Status HonestyLab::AskAll(int count, absl::FunctionRef<absl::Status(int index)> ask) const {
  return ForEach(count, kCallsUnderWay, [&](size_t /*thread*/, int index) { return ask(index); });
}

absl::Status HonestyLab::MeasureRepeats(const std::string& survey_id, absl::Time as_of) {
  ++calls_;
  v1::MeasureRepeatsRequest request;
  request.set_survey_id(survey_id);
  *request.mutable_as_of() = ToTimestamp(as_of);
  return client_.MeasureRepeats(request).status();
}

absl::StatusOr<v1::QueryMetricResponse> HonestyLab::Query(const v1::QueryMetricRequest& request) {
  ++calls_;
  ASSIGN_OR_RETURN(v1::QueryMetricResponse response, client_.QueryMetric(request));
  RETURN_IF_ERROR(CheckRule(request.interval_rule(), response.method_info()));
  return response;
}

absl::StatusOr<v1::CompareMetricResponse> HonestyLab::Compare(
    const v1::CompareMetricRequest& request) {
  ++calls_;
  ASSIGN_OR_RETURN(v1::CompareMetricResponse response, client_.CompareMetric(request));
  RETURN_IF_ERROR(CheckRule(request.base().interval_rule(), response.method_info()));
  return response;
}

absl::StatusOr<v1::DecomposeChangeResponse> HonestyLab::Decompose(
    const v1::DecomposeChangeRequest& request) {
  ++calls_;
  ASSIGN_OR_RETURN(v1::DecomposeChangeResponse response, client_.DecomposeChange(request));
  RETURN_IF_ERROR(CheckRule(request.base().interval_rule(), response.method_info()));
  return response;
}

absl::StatusOr<v1::GetScorecardResponse> HonestyLab::Score(const v1::GetScorecardRequest& request) {
  ++calls_;
  ASSIGN_OR_RETURN(v1::GetScorecardResponse response, client_.GetScorecard(request));
  for (const v1::SurveyScore& survey : response.surveys()) {
    RETURN_IF_ERROR(CheckRule(request.interval_rule(), survey.method_info()));
  }
  return response;
}

}  // namespace emptychair::bench
