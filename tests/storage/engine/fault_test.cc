// The disk fails at one operation of a small workload, at each in turn: what was acknowledged is
// there, and nothing is acknowledged after the store has said that it stopped.
//
// EMPTYCHAIR_FAULT_STRIDE=1 lets every operation fail; else one in so many.
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/errors.h"
#include "tests/helpers/count.h"
#include "tests/helpers/seed.h"
#include "tests/storage/engine/fault_answers.h"
#include "tools/process/subprocess.h"

namespace emptychair::storage {
namespace {

using ::testing::IsEmpty;

constexpr int kAborted = 128 + 6;

// What a worker has said.
struct Report {
  int exit_status = 0;
  std::set<uint64_t> acknowledged;
  std::set<uint64_t> erased;
  std::string failed;
  bool stopped = false;
  bool late = false;
  int64_t operations = 0;
};

Report RunWorker(const std::string& directory, int64_t fails_at, const std::string& fault) {
  Report report;
  const absl::StatusOr<FinishedProcess> ended =
      RunToEnd({EMPTYCHAIR_FAULT_WORKER, directory, absl::StrCat(fails_at), fault});
  if (!ended.ok()) {
    ADD_FAILURE() << "the store hangs: " << ended.status();
    return report;
  }
  report.exit_status = ended->exit_status;
  for (absl::string_view line : absl::StrSplit(ended->standard_output, '\n')) {
    uint64_t number = 0;
    if (absl::ConsumePrefix(&line, "acknowledged ") && absl::SimpleAtoi(line, &number)) {
      report.acknowledged.insert(number);
    } else if (absl::ConsumePrefix(&line, "erased ") && absl::SimpleAtoi(line, &number)) {
      report.erased.insert(number);
    } else if (absl::ConsumePrefix(&line, "failed: ")) {
      report.failed = std::string(line);
    } else if (absl::ConsumePrefix(&line, "operations ") && absl::SimpleAtoi(line, &number)) {
      report.operations = static_cast<int64_t>(number);
    }
    report.stopped |= line == "stopped";
    report.late |= absl::StartsWith(line, "late ");
  }
  return report;
}

int64_t Stride() { return testing::CountFromEnvOr("EMPTYCHAIR_FAULT_STRIDE", 101); }

class FaultTest : public ::testing::TestWithParam<std::string> {
 protected:
  // The store opens without faults, and has everything that was acknowledged.
  void ExpectEverythingAcknowledged(const std::string& directory, const Report& report) {
    StoreOptions options;
    options.directory = directory;
    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Store> store, Store::Open(std::move(options)));
    const auto view = store->view();
    const SurveyView* survey = view->FindSurvey("pulse");
    for (const uint64_t id : report.acknowledged) {
      ASSERT_NE(survey, nullptr);
      const auto record = store->records().Get(*view, *survey, IdOf(FaultAnswer(id)));
      EXPECT_TRUE(record.ok() || id % 7 == 3) << "a lost answer: " << id;
    }
    for (const uint64_t id : report.erased) {
      EXPECT_THAT(store->records().Get(*view, *survey, IdOf(FaultAnswer(id))),
                  testing::HasReason(v1::ERROR_REASON_FEEDBACK_NOT_FOUND))
          << "an erased answer: " << id;
    }
    EXPECT_OK(store->Verify([](const TaskProgress&) { return absl::OkStatus(); },
                            [](const Difference& difference) {
                              ADD_FAILURE() << "a difference: " << difference.where;
                              return absl::OkStatus();
                            }));
  }
};

INSTANTIATE_TEST_SUITE_P(Kinds, FaultTest,
                         ::testing::Values("io_error", "no_space", "no_space_for_good"),
                         [](const auto& kind) { return kind.param; });

TEST_P(FaultTest, AtAnyOperationLosesNothingThatWasAcknowledged) {
  testing::TempDir dir;
  const Report whole = RunWorker(dir.Join("whole"), 0, GetParam());
  ASSERT_EQ(whole.acknowledged.size(), kFaultAnswers);
  ASSERT_GT(whole.operations, 100);
  const int64_t stride = Stride();
  const auto first =
      1 + static_cast<int64_t>(testing::SeedFromEnvOrRandom() % static_cast<uint64_t>(stride));
  std::map<std::string, int> ends;
  for (int64_t at = first; at <= whole.operations; at += stride) {
    const std::string directory = dir.Join(absl::StrCat(at));
    const Report report = RunWorker(directory, at, GetParam());
    SCOPED_TRACE(absl::StrCat("operation ", at, ": ", report.failed));
    EXPECT_THAT(report.exit_status, ::testing::AnyOf(0, kAborted));
    EXPECT_FALSE(report.late) << "an answer was acknowledged after the store stopped";
    // What failed was told, unless it harmed nothing.
    ++ends[report.exit_status != 0                       ? "aborted"
           : report.stopped                              ? "stopped"
           : report.acknowledged.size() == kFaultAnswers ? "went on"
                                                         : "did not open"];
    ASSERT_NO_FATAL_FAILURE(ExpectEverythingAcknowledged(directory, report));
  }
  for (const auto& [end, count] : ends) {
    std::cout << count << " " << end << std::endl;
  }
}

}  // namespace
}  // namespace emptychair::storage
