// Works on a store while the disk fails once; for fault_test.cc, which judges what is left:
//
//   fault_worker DIRECTORY N io_error|no_space|no_space_for_good
//
// makes the N-th operation on the disk fail; 0: none. A process of its own, because RocksDB built
// with assertions ends some of these in an abort. What it prints, a line each:
//
//   acknowledged ID      the answer ID was acknowledged
//   erased ID            its erasure was
//   failed: OPERATION    the operation that failed
//   stopped              the store has said that it stopped
//   late ID              an answer was acknowledged after that, which must not be
//   operations N         at the end
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/helpers/fault_file_system.h"
#include "tests/storage/engine/fault_answers.h"

namespace emptychair::storage {
namespace {

// At once, so that an abort takes nothing back.
void Print(const std::string& line) {
  const std::string text = line + "\n";
  if (::write(STDOUT_FILENO, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    std::abort();
  }
}

class Worker {
 public:
  Worker(std::string directory, int64_t fails_at, testing::Fault fault)
      : directory_(std::move(directory)) {
    if (fails_at > 0) {
      files_->FailAt(fails_at, fault);
    }
  }

  void Run() {
    if (Open()) {
      CreateSurvey(*store_, FaultSurvey());
      Work(0);
    }
    store_.reset();
    if (!is_stopped_ && Open()) {
      Work(kFaultAnswers / 2);
    }
    store_.reset();
    if (const std::string failed = files_->failed_operation(); !failed.empty()) {
      Print("failed: " + failed);
    }
    Print(absl::StrCat("operations ", files_->operations()));
  }

 private:
  bool Open() {
    StoreOptions options;
    options.directory = directory_;
    options.env = env_.get();
    options.on_failure = [this](const absl::Status&) {
      is_stopped_ = true;
      Print("stopped");
    };
    absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(std::move(options));
    if (!store.ok()) {
      Print(absl::StrCat("not opened: ", store.status().message()));
      return false;
    }
    store_ = *std::move(store);
    return true;
  }

  void Work(uint64_t first) {
    const uint64_t end = first + kFaultAnswers / 2;
    for (uint64_t id = first; id < end; ++id) {
      if (id == first + kFaultAnswers / 4) {
        std::atomic<bool> stop{false};
        store_->Compact(&stop, [](const TaskProgress&) { return absl::OkStatus(); })
            .status()
            .IgnoreError();
      }
      const bool was_stopped = is_stopped_;
      const CommandResult result = RunCommand(*store_, SubmitCommand({FaultAnswer(id)}), false);
      if (result.error.ok() && result.outcomes[0].kind == SubmissionOutcome::Kind::kAccepted) {
        Print(absl::StrCat(was_stopped ? "late " : "acknowledged ", id));
      }
      if (id % 7 == 3 && Erase(*store_, FaultAnswer(id)).error.ok()) {
        Print(absl::StrCat("erased ", id));
      }
    }
  }

  const std::string directory_;
  const std::shared_ptr<testing::FaultFileSystem> files_ =
      std::make_shared<testing::FaultFileSystem>();
  const std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(files_);
  std::atomic<bool> is_stopped_{false};
  std::unique_ptr<Store> store_;
};

int Main(const std::string& directory, const std::string& at, const std::string& fault) {
  int64_t fails_at = 0;
  if (!absl::SimpleAtoi(at, &fails_at)) {
    return 2;
  }
  Worker(directory, fails_at,
         fault == "io_error"   ? testing::Fault::kIoError
         : fault == "no_space" ? testing::Fault::kNoSpace
                               : testing::Fault::kNoSpaceForGood)
      .Run();
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace emptychair::storage

int main(int argc, char** argv) {
  return argc == 4 ? emptychair::storage::Main(argv[1], argv[2], argv[3]) : 2;
}
