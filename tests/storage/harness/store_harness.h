// A store for tests: in memory or on disk, with short ways to change and to look at it.
#ifndef EMPTYCHAIR_TESTS_STORAGE_HARNESS_STORE_HARNESS_H_
#define EMPTYCHAIR_TESTS_STORAGE_HARNESS_STORE_HARNESS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "emptychair/store/v1/command.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rocksdb/env.h"
#include "storage/state/command.h"
#include "storage/store.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/temp_dir.h"
#include "tests/storage/harness/plain_database.h"
#include "tests/storage/harness/recount.h"

namespace emptychair::storage {

// 2024-03-01 12:00 UTC.
inline constexpr int64_t kNoonMs = 1'709'294'400'000;

// An answer as a test writes it.
struct Answer {
  uint32_t survey = 1;
  // Tells the ids of answers of one time apart.
  uint64_t id = 0;
  int64_t time_ms = kNoonMs;
  // False: the caller sent an external id alone, and the server made up the id.
  bool sends_id = true;
  bool sends_time = false;  // With an external id alone.
  std::optional<int32_t> score;
  std::string external_id;
  std::string customer_id;
  std::string comment;
  std::vector<std::pair<std::string, std::string>> labels;
  int32_t zone_offset_seconds = 0;
  v1::ExclusionReason exclusion = v1::EXCLUSION_REASON_UNSPECIFIED;
};

Uuid IdOf(const Answer& answer);
store::v1::Submission ToSubmission(const Answer& answer);

CommandPtr SubmitCommand(const std::vector<Answer>& answers, const std::string& import_id = "");

// An NPS survey with the given dimensions.
store::v1::StoredSurvey NpsSurvey(const std::string& survey_id,
                                  const std::vector<std::string>& dimensions = {},
                                  uint32_t max_series = 10'000);

// How a command was answered, waiting for it.
CommandResult RunCommand(Store& store, CommandPtr command, bool want_records = true);
CommandResult CreateSurvey(Store& store, const store::v1::StoredSurvey& survey);
store::v1::RecordTarget TargetOf(const Answer& answer, const std::string& etag = "");
CommandResult Exclude(Store& store, const Answer& answer, v1::ExclusionReason reason,
                      const std::string& note = "", const std::string& etag = "");
CommandResult Include(Store& store, const Answer& answer, const std::string& etag = "");
CommandResult Erase(Store& store, const Answer& answer);
// The outcomes, one for each of `answers`.
std::vector<SubmissionOutcome> Submit(Store& store, const std::vector<Answer>& answers);
SubmissionOutcome SubmitOne(Store& store, const Answer& answer);

// Holds up the committer's writing thread until it is let go.
class Brake {
 public:
  explicit Brake(Store& store) {
    // A refused command: nothing is stored.
    store.Enqueue(NewCommand(), false, [this](CommandResult) {
      holds_.Notify();
      let_go_.WaitForNotification();
      ended_.Notify();
    });
    holds_.WaitForNotification();
  }
  ~Brake() {
    LetGo();
    ended_.WaitForNotification();
  }
  void LetGo() {
    if (!let_go_.HasBeenNotified()) {
      let_go_.Notify();
    }
  }

 private:
  absl::Notification holds_;
  absl::Notification let_go_;
  absl::Notification ended_;
};

// How commands were answered that the store took as one group.
std::vector<CommandResult> RunInOneGroup(Store& store, std::vector<CommandPtr> commands);

// "ok", or the reason of the error.
std::string ToText(const CommandResult& result);

// Answers that the cube of `view` counts in [start_ms, end_ms) of UTC days, whatever their series.
int64_t CountInCube(const Store& store, const View& view, const std::string& survey_id,
                    int64_t start_ms, int64_t end_ms);

// "accepted", "existed", or the reason of the refusal.
std::string ToText(const SubmissionOutcome& outcome);
std::vector<std::string> ToText(const std::vector<SubmissionOutcome>& outcomes);

enum class Place { kMemory, kDisk };

// A store that can be closed and opened again.
class StoreHarness {
 public:
  explicit StoreHarness(Place place);

  absl::Status Open(StoreOptions options = {});
  void Close() { store_.reset(); }
  Store& store() { return *store_; }
  bool is_open() const { return store_ != nullptr; }

  rocksdb::Env* env() const {
    return memory_env_ == nullptr ? rocksdb::Env::Default() : memory_env_.get();
  }
  const std::string& directory() const { return directory_; }
  std::string DatabasePath() const { return directory_ + "/db"; }

  // Everything that is stored but the count and digest of commands, to which those that change
  // nothing add, too. The store may be open, but not at work.
  DatabaseDump Dump() const;

 private:
  const std::unique_ptr<rocksdb::Env> memory_env_;
  testing::TempDir temp_dir_;
  const std::string directory_;
  std::unique_ptr<Store> store_;
};

// An open store in every place, recounted at the end of each test.
class StoreTest : public ::testing::TestWithParam<Place> {
 protected:
  StoreTest() : harness_(GetParam()) {}
  void SetUp() override { ASSERT_OK(harness_.Open()); }
  void TearDown() override;

  Store& store() { return harness_.store(); }
  void Reopen() {
    harness_.Close();
    ASSERT_OK(harness_.Open());
  }
  const SurveyView& Survey(const View& view, const std::string& survey_id) {
    const SurveyView* survey = view.FindSurvey(survey_id);
    EXPECT_NE(survey, nullptr) << survey_id;
    return *survey;
  }

  StoreHarness harness_;
};

std::string PlaceName(const ::testing::TestParamInfo<Place>& place);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_TESTS_STORAGE_HARNESS_STORE_HARNESS_H_
