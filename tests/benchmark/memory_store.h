// A store in memory to measure with.
#ifndef EMPTYCHAIR_TESTS_BENCHMARK_MEMORY_STORE_H_
#define EMPTYCHAIR_TESTS_BENCHMARK_MEMORY_STORE_H_

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "emptychair/store/v1/command.pb.h"
#include "rocksdb/env.h"
#include "server/feedback/feedback.h"
#include "storage/state/command.h"
#include "storage/store.h"
#include "tools/chairbench/records/answers.h"

namespace emptychair {

// 2024-03-01 12:00 UTC.
inline constexpr int64_t kNoonMs = 1'709'294'400'000;

inline void CheckOk(const absl::Status& status) {
  if (!status.ok()) {
    std::abort();
  }
}

// A store in memory with the load generator's survey as number 1.
class MemoryStore {
 public:
  // With further dimensions beside the survey's own.
  explicit MemoryStore(const std::vector<std::string>& more_dimensions = {})
      : env_(rocksdb::NewMemEnv(rocksdb::Env::Default())) {
    storage::StoreOptions options;
    options.directory = "/store";
    options.env = env_.get();
    auto store = storage::Store::Open(std::move(options));
    CheckOk(store.status());
    store_ = *std::move(store);
    auto command = storage::NewCommand();
    const v1::Survey survey = bench::BenchSurvey();
    store::v1::StoredSurvey& stored = *command->mutable_create_survey()->mutable_survey();
    stored.set_survey_id(survey.survey_id());
    stored.set_kind(survey.kind());
    stored.mutable_scale()->set_max(10);
    *stored.mutable_dimensions() = survey.dimensions();
    stored.mutable_dimensions()->Add(more_dimensions.begin(), more_dimensions.end());
    stored.set_time_zone("UTC");
    stored.set_max_series(10'000);
    Run(std::move(command), false);
  }

  storage::Store& store() { return *store_; }

  storage::CommandResult Run(storage::CommandPtr command, bool want_records) {
    absl::Notification done;
    storage::CommandResult result;
    store_->Enqueue(std::move(command), want_records, [&](storage::CommandResult answered) {
      result = std::move(answered);
      done.Notify();
    });
    done.WaitForNotification();
    CheckOk(result.error);
    return result;
  }

  void Prepare(const v1::Feedback& feedback, store::v1::Submission& submission) {
    CheckOk(PrepareSubmission(feedback, absl::FromUnixMillis(kNoonMs), *store_->view(),
                              store_->hash(), submission));
  }

 private:
  const std::unique_ptr<rocksdb::Env> env_;
  std::unique_ptr<storage::Store> store_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TESTS_BENCHMARK_MEMORY_STORE_H_
