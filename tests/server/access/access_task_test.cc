// What is noted of callers is kept while it cannot be written.
#include "server/access/access_task.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"
#include "tests/storage/harness/small_disk_env.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Time kStart = absl::FromUnixSeconds(1'709'294'400);
constexpr int64_t kReserve = 1'000;
constexpr uint64_t kKey = 7;

class AccessTaskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    storage::StoreOptions options;
    options.directory = "/store";
    options.env = &env_;
    options.disk_reserve_bytes = kReserve;
    options.disk_period = absl::Milliseconds(1);
    options.on_disk_full = [this](bool is_full) {
      absl::MutexLock lock(&mutex_);
      is_full_ = is_full;
    };
    ASSERT_OK_AND_ASSIGN(store_, storage::Store::Open(std::move(options)));
    auto create = storage::NewCommand();
    store::v1::StoredAccess& key = *create->mutable_create_access()->mutable_access();
    key.set_id(kKey);
    key.set_name("shop");
    key.set_role(v1::ROLE_READER);
    key.add_secrets()->set_hash(std::string(32, 'a'));
    ASSERT_OK(store_->CarryOut(std::move(create)).error);
    gate_ = std::make_unique<AccessGate>(store_.get(), v1::ROLE_UNSPECIFIED, &clock_);
    task_ = std::make_unique<AccessTask>(store_.get(), gate_.get(), absl::Hours(24) * 400, &clock_,
                                         &log_);
  }

  void SetFull(bool is_full) {
    env_.SetFree(is_full ? 0 : 10 * kReserve);
    absl::MutexLock lock(&mutex_);
    const auto is_reached = [&]()
                                ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return is_full_ == is_full; };
    mutex_.Await(absl::Condition(&is_reached));
  }

  void UseKey(int64_t records) {
    EXPECT_OK(gate_->meter().AdmitRecords(*Key(), records, clock_.Now()));
  }
  std::shared_ptr<const store::v1::StoredAccess> Key() {
    return store_->view()->access->Find(kKey)->stored;
  }

  void Deny(const std::string& method, int times) {
    for (int i = 0; i < times; ++i) {
      gate_->denials().Count(Caller(), method, "KEY_REQUIRED", clock_.Now());
    }
  }

  // "METHOD COUNT", oldest first.
  std::vector<std::string> Events() {
    const std::shared_ptr<const storage::View> view = store_->view();
    std::vector<std::string> events;
    EXPECT_OK(store_->audit().ReadBack(
        *view, view->counters.audit().count() + 1,
        [&](uint64_t, const storage::AuditHash&, const store::v1::StoredAuditEvent& event) {
          events.insert(events.begin(), absl::StrCat(event.method(), " ", event.denied_count()));
          return true;
        }));
    return events;
  }

  const std::unique_ptr<rocksdb::Env> memory_{rocksdb::NewMemEnv(rocksdb::Env::Default())};
  storage::SmallDiskEnv env_{memory_.get(), 10 * kReserve};
  absl::Mutex mutex_;
  bool is_full_ ABSL_GUARDED_BY(mutex_) = false;
  FakeClock clock_{kStart};
  ServerLog log_{&clock_, [](absl::string_view) {}};
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<AccessGate> gate_;
  std::unique_ptr<AccessTask> task_;
};

TEST_F(AccessTaskTest, UsesThatCannotBeWrittenAreWrittenLater) {
  UseKey(3);
  SetFull(true);
  clock_.Advance(absl::Minutes(1));
  task_->Tend();
  EXPECT_EQ(Key()->records_of_day(), 0);
  UseKey(4);
  clock_.Advance(absl::Minutes(1));
  task_->Tend();
  EXPECT_THAT(Events(), IsEmpty());
  SetFull(false);
  clock_.Advance(absl::Minutes(1));
  task_->Tend();
  EXPECT_EQ(Key()->records_of_day(), 7);
  EXPECT_NE(Key()->last_use_day(), 0u);
  EXPECT_THAT(Events(), ElementsAre("first use 0"));
  // And once.
  clock_.Advance(absl::Minutes(1));
  task_->Tend();
  EXPECT_THAT(Events(), ElementsAre("first use 0"));
}

TEST_F(AccessTaskTest, DenialsThatCannotBeWrittenAreWrittenLater) {
  Deny("a", 2);
  SetFull(true);
  clock_.Advance(absl::Hours(1));
  task_->Tend();
  task_->Tend();
  EXPECT_THAT(Events(), IsEmpty());
  Deny("a", 3);
  Deny("b", 1);
  SetFull(false);
  task_->Tend();
  EXPECT_THAT(Events(), ElementsAre("a 2"));
  clock_.Advance(absl::Hours(1));
  task_->Tend();
  EXPECT_THAT(Events(), ElementsAre("a 2", "a 3", "b 1"));
  task_->Finish();
  EXPECT_THAT(Events(), ElementsAre("a 2", "a 3", "b 1"));
}

}  // namespace
}  // namespace emptychair
