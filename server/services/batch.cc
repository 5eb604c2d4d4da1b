#include "server/services/batch.h"

namespace emptychair {
namespace {

constexpr size_t kFullFailuresMax = 100;

absl::Status Shortened(const absl::Status& status) {
  const v1::ErrorReason reason = ReasonOf(status);
  return reason == v1::ERROR_REASON_UNSPECIFIED ? absl::Status(status.code(), "")
                                                : Error(reason, "");
}

}  // namespace

void CountDamage(const storage::CommandResult& result, const storage::Store& store) {
  for (const storage::SubmissionOutcome& outcome : result.outcomes) {
    if (outcome.kind == storage::SubmissionOutcome::Kind::kRefused &&
        ReasonOf(outcome.error) == v1::ERROR_REASON_STORE_DAMAGED) {
      store.CountUndecodable();
    }
  }
}

void FillFailures(std::vector<BatchRefusal> failures,
                  google::protobuf::RepeatedPtrField<v1::BatchFailure>& answered) {
  std::sort(failures.begin(), failures.end(),
            [](const BatchRefusal& a, const BatchRefusal& b) { return a.index < b.index; });
  for (size_t i = 0; i < failures.size(); ++i) {
    v1::BatchFailure& failure = *answered.Add();
    failure.set_index(failures[i].index);
    *failure.mutable_status() =
        ToProto(i < kFullFailuresMax ? failures[i].status : Shortened(failures[i].status));
  }
}

}  // namespace emptychair
