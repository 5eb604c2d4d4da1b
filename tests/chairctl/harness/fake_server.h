// A service in the test's process that keeps what it is sent and answers what it is told.
#ifndef EMPTYCHAIR_TESTS_CHAIRCTL_HARNESS_FAKE_SERVER_H_
#define EMPTYCHAIR_TESTS_CHAIRCTL_HARNESS_FAKE_SERVER_H_

#include <grpcpp/grpcpp.h>

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "emptychair/v1/admin_service.grpc.pb.h"
#include "emptychair/v1/feedback_service.grpc.pb.h"
#include "emptychair/v1/metrics_service.grpc.pb.h"
#include "emptychair/v1/survey_service.grpc.pb.h"

namespace emptychair {

// Surveys and feedback are kept by id. A score outside 0..10 is SCORE_OUT_OF_RANGE, other content
// under an id that is stored CONTENT_DIFFERS. Thread-safe.
class FakeServer {
 public:
  FakeServer();
  ~FakeServer();

  // "127.0.0.1:PORT".
  const std::string& endpoint() const { return endpoint_; }

  void AddSurvey(v1::Survey survey) ABSL_LOCKS_EXCLUDED(mutex_);
  // What the next batches of BatchSubmitFeedback and StreamFeedback end with, one each, before they
  // succeed again.
  void FailNextBatches(const std::vector<absl::Status>& statuses) ABSL_LOCKS_EXCLUDED(mutex_);
  // What the next calls of WatchFeedback send, and with what each ends.
  struct WatchPlan {
    std::vector<v1::WatchFeedbackResponse> messages;
    absl::Status end;
  };
  void PlanWatches(const std::vector<WatchPlan>& plans) ABSL_LOCKS_EXCLUDED(mutex_);
  // With what ChangeManyFeedback and TakeBackImport end, after two steps.
  void EndChangesWith(absl::Status status) ABSL_LOCKS_EXCLUDED(mutex_);
  // What every call of QueryMetric answers.
  void SetMetric(v1::QueryMetricResponse response) ABSL_LOCKS_EXCLUDED(mutex_);
  // What every call of CompareMetric answers.
  void SetComparison(v1::CompareMetricResponse response) ABSL_LOCKS_EXCLUDED(mutex_);
  // What every call of DecomposeChange answers.
  void SetDecomposition(v1::DecomposeChangeResponse response) ABSL_LOCKS_EXCLUDED(mutex_);
  // What every call of CompareWords answers.
  void SetWords(v1::CompareWordsResponse response) ABSL_LOCKS_EXCLUDED(mutex_);
  // What every call of GetScorecard answers.
  void SetScorecard(v1::GetScorecardResponse response) ABSL_LOCKS_EXCLUDED(mutex_);
  // What every call of ExplainMetric answers.
  void SetExplanation(v1::ExplainMetricResponse response) ABSL_LOCKS_EXCLUDED(mutex_);
  void SetStatus(v1::GetStatusResponse response) ABSL_LOCKS_EXCLUDED(mutex_);

  // What VerifyStore streams.
  void SetVerdict(std::vector<v1::VerifyStoreResponse> messages) ABSL_LOCKS_EXCLUDED(mutex_);
  // With what VerifyStore, RebuildCube and CompactStore end.
  void FailMaintenance(absl::Status status) ABSL_LOCKS_EXCLUDED(mutex_);
  // RebuildCube and CompactStore go on until GetStatus was called so often.
  void EndMaintenanceAfterStatusCalls(int count) ABSL_LOCKS_EXCLUDED(mutex_);
  // The time that the last of these three was given.
  absl::Duration last_timeout() const ABSL_LOCKS_EXCLUDED(mutex_);

  std::vector<v1::Feedback> feedback() const ABSL_LOCKS_EXCLUDED(mutex_);
  std::vector<int> batch_sizes() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Requests of WatchFeedback and of all that changes records, as text, in order.
  std::vector<std::string> requests() const ABSL_LOCKS_EXCLUDED(mutex_);
  // The import ids of the batches of streams.
  std::vector<std::string> import_ids() const ABSL_LOCKS_EXCLUDED(mutex_);
  v1::QueryMetricRequest last_query() const ABSL_LOCKS_EXCLUDED(mutex_);
  v1::CompareMetricRequest last_comparison() const ABSL_LOCKS_EXCLUDED(mutex_);
  v1::DecomposeChangeRequest last_decomposition() const ABSL_LOCKS_EXCLUDED(mutex_);
  v1::CompareWordsRequest last_words() const ABSL_LOCKS_EXCLUDED(mutex_);
  v1::GetScorecardRequest last_scorecard() const ABSL_LOCKS_EXCLUDED(mutex_);
  v1::ExplainMetricRequest last_explanation() const ABSL_LOCKS_EXCLUDED(mutex_);
  int calls(const std::string& method) const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  class Surveys;
  class Feedbacks;
  class Metrics;
  class Admin;

  // What became of one record.
  struct Outcome {
    absl::Status status;
    bool already_existed = false;
    v1::Feedback stored;
  };

  Outcome Store(const v1::Feedback& feedback) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Stores the records of a batch, and counts what became of them in `response`.
  template <typename Request, typename Response>
  absl::Status StoreBatch(const Request& request, Response& response)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CheckSurvey(const std::string& id) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NoteDeadline(const grpc::ServerContext& context) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AwaitStatusCalls() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  std::map<std::string, v1::Survey> surveys_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::Feedback> feedback_ ABSL_GUARDED_BY(mutex_);
  std::deque<absl::Status> failures_ ABSL_GUARDED_BY(mutex_);
  std::vector<int> batch_sizes_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> import_ids_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, int> calls_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> requests_ ABSL_GUARDED_BY(mutex_);
  std::deque<WatchPlan> watches_ ABSL_GUARDED_BY(mutex_);
  absl::Status end_of_changes_ ABSL_GUARDED_BY(mutex_);
  v1::QueryMetricRequest last_query_ ABSL_GUARDED_BY(mutex_);
  v1::QueryMetricResponse metric_ ABSL_GUARDED_BY(mutex_);
  v1::CompareMetricRequest last_comparison_ ABSL_GUARDED_BY(mutex_);
  v1::CompareMetricResponse comparison_ ABSL_GUARDED_BY(mutex_);
  v1::DecomposeChangeRequest last_decomposition_ ABSL_GUARDED_BY(mutex_);
  v1::DecomposeChangeResponse decomposition_ ABSL_GUARDED_BY(mutex_);
  v1::CompareWordsRequest last_words_ ABSL_GUARDED_BY(mutex_);
  v1::CompareWordsResponse words_ ABSL_GUARDED_BY(mutex_);
  v1::GetScorecardRequest last_scorecard_ ABSL_GUARDED_BY(mutex_);
  v1::GetScorecardResponse scorecard_ ABSL_GUARDED_BY(mutex_);
  v1::ExplainMetricRequest last_explanation_ ABSL_GUARDED_BY(mutex_);
  v1::ExplainMetricResponse explanation_ ABSL_GUARDED_BY(mutex_);
  v1::GetStatusResponse status_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::VerifyStoreResponse> verdict_ ABSL_GUARDED_BY(mutex_);
  absl::Status maintenance_status_ ABSL_GUARDED_BY(mutex_);
  int status_calls_awaited_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Duration last_timeout_ ABSL_GUARDED_BY(mutex_);

  std::unique_ptr<Surveys> survey_service_;
  std::unique_ptr<Feedbacks> feedback_service_;
  std::unique_ptr<Metrics> metrics_service_;
  std::unique_ptr<Admin> admin_service_;
  std::unique_ptr<grpc::Server> server_;
  std::string endpoint_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TESTS_CHAIRCTL_HARNESS_FAKE_SERVER_H_
