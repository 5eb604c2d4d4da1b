// No damage to the files of a store lets it start with less than was acknowledged: each start has
// everything, or is refused and leaves the directory as it was. Linked to a store with deliberate
// faults, the same test must find starts that hide a loss.
//
// EMPTYCHAIR_DAMAGE_STRIDE=1 makes every single damage; else one in so many is made.
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/base/errors.h"
#include "storage/engine/opening_guard.h"
#include "tests/helpers/count.h"
#include "tests/helpers/seed.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {
namespace {

using ::testing::IsEmpty;

using Tree = std::map<std::string, std::string>;

constexpr char kDirectory[] = "/store";
constexpr uint64_t kAnswers = 12;

size_t Stride(int ordinary) {
  return static_cast<size_t>(testing::CountFromEnvOr("EMPTYCHAIR_DAMAGE_STRIDE", ordinary));
}

Answer AnswerOf(uint64_t id) {
  return {.id = id,
          .score = static_cast<int32_t>(id % 11),
          .external_id = absl::StrCat("order-", id),
          .customer_id = absl::StrCat("customer-", id % 5),
          .labels = {{"region", absl::StrCat(id % 3)}}};
}

// Files in memory, RocksDB's journal of events left out.
Tree FilesOf(rocksdb::Env* env) {
  Tree files = ReadTree(env, kDirectory);
  for (auto it = files.begin(); it != files.end();) {
    const bool is_journal =
        absl::StrContains(it->first, "/db/LOG") || absl::EndsWith(it->first, "/LOCK");
    it = is_journal ? files.erase(it) : std::next(it);
  }
  return files;
}

std::unique_ptr<rocksdb::Env> MakeEnv(const Tree& files) {
  std::unique_ptr<rocksdb::Env> env(rocksdb::NewMemEnv(rocksdb::Env::Default()));
  env->CreateDirIfMissing(kDirectory).PermitUncheckedError();
  env->CreateDirIfMissing(absl::StrCat(kDirectory, "/db")).PermitUncheckedError();
  for (const auto& [path, content] : files) {
    EXPECT_TRUE(rocksdb::WriteStringToFile(env.get(), content, path).ok()) << path;
  }
  return env;
}

absl::StatusOr<std::unique_ptr<Store>> OpenIn(rocksdb::Env* env) {
  StoreOptions options;
  options.directory = kDirectory;
  options.env = env;
  options.block_cache_bytes = size_t{1} << 20;
  return Store::Open(std::move(options));
}

// Files in memory, where the making of tables can be held up.
class TableBrakeEnv final : public rocksdb::EnvWrapper {
 public:
  explicit TableBrakeEnv(rocksdb::Env* env) : EnvWrapper(env) {}

  // Whoever makes a table from now on waits until LetGo.
  void Hold() {
    absl::MutexLock lock(&mutex_);
    holds_ = true;
  }
  void LetGo() {
    absl::MutexLock lock(&mutex_);
    holds_ = false;
  }
  void WaitForTable() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&waits_));
  }

  rocksdb::Status NewWritableFile(const std::string& path,
                                  std::unique_ptr<rocksdb::WritableFile>* file,
                                  const rocksdb::EnvOptions& options) override {
    if (absl::EndsWith(path, ".sst")) {
      absl::MutexLock lock(&mutex_);
      waits_ = holds_;
      const auto may_go = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !holds_; };
      mutex_.Await(absl::Condition(&may_go));
    }
    return EnvWrapper::NewWritableFile(path, file, options);
  }

 private:
  absl::Mutex mutex_;
  bool holds_ ABSL_GUARDED_BY(mutex_) = false;
  bool waits_ ABSL_GUARDED_BY(mutex_) = false;
};

// How a store comes to its files.
enum class History { kInTheLog, kReopened, kCompacted, kInTwoLogs };

std::string HistoryName(const ::testing::TestParamInfo<History>& history) {
  switch (history.param) {
    case History::kInTheLog:
      return "InTheLog";
    case History::kReopened:
      return "Reopened";
    case History::kCompacted:
      return "Compacted";
    case History::kInTwoLogs:
      return "InTwoLogs";
  }
  return "";
}

absl::Status IgnoreProgress(const TaskProgress& /*progress*/) { return absl::OkStatus(); }

void SubmitRange(Store& store, uint64_t first, uint64_t end) {
  for (uint64_t id = first; id < end; ++id) {
    EXPECT_EQ(ToText(SubmitOne(store, AnswerOf(id))), "accepted");
  }
}

// The files as they are while a log is being written to tables and answers go on into the next.
Tree MakeTwoLogs(Store& store, TableBrakeEnv& env) {
  env.Hold();
  std::atomic<bool> stop{false};
  std::thread compaction([&] { EXPECT_OK(store.Compact(&stop, IgnoreProgress)); });
  env.WaitForTable();
  SubmitRange(store, kAnswers / 2, kAnswers);
  Tree files = FilesOf(&env);
  env.LetGo();
  compaction.join();
  return files;
}

// The files of a store with kAnswers answers.
Tree MakeStore(History history) {
  const std::unique_ptr<rocksdb::Env> memory(rocksdb::NewMemEnv(rocksdb::Env::Default()));
  TableBrakeEnv env(memory.get());
  std::unique_ptr<Store> store = *OpenIn(&env);
  EXPECT_OK(CreateSurvey(*store, NpsSurvey("pulse", {"region"})).error);
  SubmitRange(*store, 0, kAnswers / 2);
  if (history == History::kInTwoLogs) {
    return MakeTwoLogs(*store, env);
  }
  if (history == History::kCompacted) {
    std::atomic<bool> stop{false};
    EXPECT_OK(store->Compact(&stop, IgnoreProgress));
  }
  if (history != History::kInTheLog) {
    store.reset();
    store = *OpenIn(&env);
  }
  SubmitRange(*store, kAnswers / 2, kAnswers);
  store.reset();
  if (history == History::kReopened) {
    // Nothing in the log: a start has written it to tables, and nothing came after.
    store = *OpenIn(&env);
    store.reset();
  }
  return FilesOf(&env);
}

// What of the acknowledged answers an open store does not have; empty: nothing.
std::string Loss(Store& store) {
  const auto view = store.view();
  const SurveyView* survey = view->FindSurvey("pulse");
  if (survey == nullptr) {
    return "no survey";
  }
  for (uint64_t id = 0; id < kAnswers; ++id) {
    const Answer answer = AnswerOf(id);
    const auto record = store.records().GetByExternalId(*view, *survey, answer.external_id);
    // A record that cannot be read says so: that is no silent loss.
    if (record.ok() ? record->customer_id != answer.customer_id
                    : ReasonOf(record.status()) != v1::ERROR_REASON_STORE_DAMAGED) {
      return absl::StrCat("answer ", id, ": ", record.status().ToString());
    }
  }
  std::string differences;
  const auto summary = store.Verify(IgnoreProgress, [&](const Difference& difference) {
    absl::StrAppend(&differences, difference.where, " ");
    return absl::OkStatus();
  });
  return summary.ok() ? differences : "";
}

class DamageTest : public ::testing::TestWithParam<History> {
 protected:
  // Opens the store with one file as `content`, or without it.
  void TryOpen(const std::string& path, const std::string* content, const std::string& what) {
    Tree files = whole_;
    files.erase(path);
    if (content != nullptr) {
      files[path] = *content;
    }
    const std::unique_ptr<rocksdb::Env> env = MakeEnv(files);
    absl::StatusOr<std::unique_ptr<Store>> store = OpenIn(env.get());
    ++starts_;
    if (store.ok()) {
      const std::string loss = Loss(**store);
      if (!loss.empty()) {
        hidden_.push_back(absl::StrCat(path, " ", what, ": ", loss));
      }
      return;
    }
    ++refused_;
    EXPECT_THAT(store, testing::HasReason(v1::ERROR_REASON_STORE_DAMAGED)) << path << " " << what;
    if (FilesOf(env.get()) != files) {
      hidden_.push_back(absl::StrCat(path, " ", what, ": refused, but changed"));
    }
  }

  void FlipBits(const std::string& path, size_t stride) {
    const std::string whole = whole_.at(path);
    for (size_t bit = seed_ % stride; bit < 8 * whole.size(); bit += stride) {
      std::string damaged = whole;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
      TryOpen(path, &damaged, absl::StrCat("with bit ", bit, " flipped"));
    }
  }

  void Cut(const std::string& path, size_t stride) {
    const std::string whole = whole_.at(path);
    for (size_t size = seed_ % stride; size < whole.size(); size += stride) {
      const std::string damaged = whole.substr(0, size);
      TryOpen(path, &damaged, absl::StrCat("cut to ", size));
    }
  }

  // The paths of files whose name starts or ends with `part`.
  std::vector<std::string> Find(const std::string& part) const {
    std::vector<std::string> paths;
    for (const auto& [path, content] : whole_) {
      const std::string name = path.substr(path.rfind('/') + 1);
      if (absl::StartsWith(name, part) || absl::EndsWith(name, part)) {
        paths.push_back(path);
      }
    }
    return paths;
  }

  void TearDown() override {
    for (const std::string& start : hidden_) {
      ADD_FAILURE() << "a start that hides a loss: " << start;
    }
    std::cout << starts_ << " starts, " << refused_ << " refused, " << hidden_.size()
              << " that hide a loss" << std::endl;
  }

  const uint64_t seed_ = testing::SeedFromEnvOrRandom();
  const Tree whole_ = MakeStore(GetParam());
  int starts_ = 0;
  int refused_ = 0;
  std::vector<std::string> hidden_;
};

INSTANTIATE_TEST_SUITE_P(Histories, DamageTest,
                         ::testing::Values(History::kInTheLog, History::kReopened,
                                           History::kCompacted, History::kInTwoLogs),
                         HistoryName);

TEST_P(DamageTest, OfTheListOfFilesIsNeverHidden) {
  for (const std::string& path : Find("MANIFEST")) {
    FlipBits(path, Stride(101));
    Cut(path, Stride(29));
  }
  FlipBits(Find("CURRENT").at(0), Stride(3));
  Cut(Find("CURRENT").at(0), 1);
  EXPECT_GT(refused_, starts_ / 2);
}

TEST_P(DamageTest, OfTheLogIsNeverHidden) {
  for (const std::string& path : Find(".log")) {
    FlipBits(path, Stride(307));
    Cut(path, Stride(61));
  }
}

TEST_P(DamageTest, OfTheWatermarkHarmsNothing) {
  FlipBits(WatermarkPath(kDirectory), Stride(1993));
  EXPECT_EQ(refused_, 0);
  Cut(WatermarkPath(kDirectory), Stride(197));
}

TEST_P(DamageTest, ByDeletingAFileIsNeverHidden) {
  for (const auto& [path, content] : whole_) {
    TryOpen(path, nullptr, "deleted");
  }
  EXPECT_GE(refused_, 3);
}

}  // namespace
}  // namespace emptychair::storage
