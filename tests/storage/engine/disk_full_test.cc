// A full disk is a state that the store goes into and comes out of by itself.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "tests/storage/harness/activity_harness.h"
#include "tests/storage/harness/small_disk_env.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {
namespace {

constexpr int64_t kReserve = 1'000;

class DiskFullTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Open(kReserve);
    ASSERT_OK(CreateSurvey(*store_, NpsSurvey("pulse")).error);
    Submit(*store_, {{.id = 1, .score = 9}, {.id = 2, .score = 3}});
  }

  void Open(int64_t reserve) {
    store_.reset();
    StoreOptions options;
    options.directory = "/store";
    options.env = &env_;
    options.disk_reserve_bytes = reserve;
    options.disk_period = absl::Milliseconds(1);
    options.on_disk_full = [this](bool is_full) {
      absl::MutexLock lock(&mutex_);
      is_full_ = is_full;
    };
    ASSERT_OK_AND_ASSIGN(store_, Store::Open(std::move(options)));
  }

  void SetFreeAndAwait(uint64_t bytes, bool is_full) {
    env_.SetFree(bytes);
    absl::MutexLock lock(&mutex_);
    const auto is_reached = [&]()
                                ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return is_full_ == is_full; };
    mutex_.Await(absl::Condition(&is_reached));
  }

  // How one answer ends.
  absl::Status TrySubmit(uint64_t id) {
    return RunCommand(*store_, SubmitCommand({{.id = id}})).error;
  }

  const std::unique_ptr<rocksdb::Env> memory_{rocksdb::NewMemEnv(rocksdb::Env::Default())};
  SmallDiskEnv env_{memory_.get(), 10 * kReserve};
  absl::Mutex mutex_;
  bool is_full_ ABSL_GUARDED_BY(mutex_) = false;
  std::unique_ptr<Store> store_;
};

TEST_F(DiskFullTest, RefusesWhatNeedsSpaceAndSaysWhenToComeBack) {
  SetFreeAndAwait(kReserve - 1, true);
  const absl::Status refused = TrySubmit(3);
  EXPECT_THAT(refused, testing::HasReason(v1::ERROR_REASON_DISK_FULL));
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_GT(RetryDelayOf(refused).value_or(absl::ZeroDuration()), absl::ZeroDuration());
  EXPECT_EQ(MetadataOf(refused).at("free_bytes"), "999");
  EXPECT_EQ(MetadataOf(refused).at("reserve_bytes"), "1000");
  EXPECT_THAT(CreateSurvey(*store_, NpsSurvey("other")).error,
              testing::HasReason(v1::ERROR_REASON_DISK_FULL));
  std::atomic<bool> stop{false};
  EXPECT_THAT(store_->Compact(&stop, [](const TaskProgress&) { return absl::OkStatus(); }),
              testing::HasReason(v1::ERROR_REASON_DISK_FULL));
  const StoreStats stats = store_->Stats();
  EXPECT_TRUE(stats.is_disk_full);
  EXPECT_EQ(stats.disk_free_bytes, kReserve - 1);
  EXPECT_EQ(stats.disk_reserve_bytes, kReserve);
}

TEST_F(DiskFullTest, ReadsAndErasesAllTheSame) {
  SetFreeAndAwait(0, true);
  const auto view = store_->view();
  EXPECT_OK(store_->records().Get(*view, *view->FindSurvey("pulse"), IdOf({.id = 1})));
  EXPECT_OK(Erase(*store_, {.id = 1}).error);
  EXPECT_THAT(store_->records().Get(*store_->view(), *view->FindSurvey("pulse"), IdOf({.id = 1})),
              testing::HasReason(v1::ERROR_REASON_FEEDBACK_NOT_FOUND));
}

TEST_F(DiskFullTest, TakesActivitiesBackButNoNewOnes) {
  ASSERT_OK(DefineKind(*store_, "visit", "UTC").error);
  EXPECT_EQ(RecordOne(*store_, {.id = "v-1"}), "accepted");
  EXPECT_THAT(Record(*store_, {{.id = "v-2"}, {.id = "v-3"}}, "may"), ::testing::Each("accepted"));
  SetFreeAndAwait(0, true);
  EXPECT_THAT(RunCommand(*store_, RecordCommand(store_->hash(), {{.id = "v-4"}})).error,
              testing::HasReason(v1::ERROR_REASON_DISK_FULL));
  EXPECT_OK(RunCommand(*store_, EraseActivityCommand(1, "v-1")).error);
  const uint32_t import_number = *store_->view()->FindKind("visit")->imports->NumberOf("may");
  EXPECT_EQ(RunCommand(*store_,
                       TakeBackCommand(1, import_number, {IdOf(Deed{.id = "v-2"}, store_->hash())}))
                .changed,
            1);
  EXPECT_OK(RunCommand(*store_, DeleteKindCommand(1)).error);
  auto purge = NewCommand();
  purge->mutable_purge_activity_kind()->set_kind_number(1);
  EXPECT_OK(RunCommand(*store_, std::move(purge)).error);
}

TEST_F(DiskFullTest, RevokesKeysButMakesAndChangesNone) {
  const auto create = [](uint64_t id, const std::string& name) {
    auto command = NewCommand();
    store::v1::StoredAccess& key = *command->mutable_create_access()->mutable_access();
    key.set_id(id);
    key.set_name(name);
    key.set_role(v1::ROLE_READER);
    key.add_secrets()->set_hash(std::string(32, 'a'));
    return command;
  };
  ASSERT_OK(RunCommand(*store_, create(7, "shop")).error);
  SetFreeAndAwait(0, true);
  std::vector<CommandPtr> refused;
  refused.push_back(create(8, "till"));
  refused.push_back(NewCommand());
  *refused.back()->mutable_update_access()->mutable_access() =
      *store_->view()->access->Find(7)->stored;
  refused.back()->mutable_update_access()->mutable_access()->set_role(v1::ROLE_ADMIN);
  refused.push_back(NewCommand());
  refused.back()->mutable_rotate_access()->set_id(7);
  refused.push_back(NewCommand());
  refused.back()->mutable_note_access()->add_uses()->set_id(7);
  for (CommandPtr& command : refused) {
    EXPECT_THAT(RunCommand(*store_, std::move(command)).error,
                testing::HasReason(v1::ERROR_REASON_DISK_FULL));
  }
  auto revoke = NewCommand();
  revoke->mutable_revoke_access()->set_id(7);
  revoke->mutable_revoke_access()->set_time_ms(kNoonMs);
  EXPECT_OK(RunCommand(*store_, std::move(revoke)).error);
  Open(kReserve);
  const auto view = store_->view();
  ASSERT_THAT(view->access->entries(), ::testing::SizeIs(1));
  EXPECT_EQ(view->access->Find(7)->stored->revoke_time_ms(), kNoonMs);
  EXPECT_EQ(view->access->Find(7)->stored->role(), v1::ROLE_READER);
}

TEST_F(DiskFullTest, GoesOnByItselfOnceThereIsRoomAgainAndAgain) {
  for (uint64_t round = 0; round < 20; ++round) {
    SetFreeAndAwait(kReserve - 1, true);
    EXPECT_THAT(TrySubmit(10 + round), testing::HasReason(v1::ERROR_REASON_DISK_FULL));
    SetFreeAndAwait(kReserve, false);
    EXPECT_OK(TrySubmit(10 + round));
  }
  EXPECT_EQ(store_->view()->counters.feedback_count(), 22u);
  EXPECT_FALSE(store_->Stats().is_disk_full);
}

TEST_F(DiskFullTest, SlicesAnewOnlyWhileThereIsRoom) {
  const auto is_sliced_anew = [this] {
    return store_->view()->FindSurvey("pulse")->definition->has_reslice();
  };
  {
    Brake brake(*store_);
    auto command = NewCommand();
    store::v1::StoredSurvey& survey = *command->mutable_update_survey()->mutable_survey();
    survey = *store_->view()->FindSurvey("pulse")->definition;
    survey.add_dimensions("channel");
    store_->Enqueue(std::move(command), false,
                    [](CommandResult result) { EXPECT_OK(result.error); });
    SetFreeAndAwait(0, true);
  }
  for (const uint64_t id : {1, 2}) {
    EXPECT_OK(Erase(*store_, {.id = id}).error);
    EXPECT_TRUE(is_sliced_anew());
  }
  Open(kReserve);
  RunCommand(*store_, NewCommand());
  EXPECT_TRUE(is_sliced_anew());
  SetFreeAndAwait(kReserve, false);
  while (is_sliced_anew()) {
    RunCommand(*store_, NewCommand());
  }
}

TEST_F(DiskFullTest, IsSeenFromTheStart) {
  SetFreeAndAwait(0, true);
  Open(kReserve);
  EXPECT_THAT(TrySubmit(3), testing::HasReason(v1::ERROR_REASON_DISK_FULL));
  SetFreeAndAwait(kReserve, false);
  EXPECT_OK(TrySubmit(3));
}

TEST_F(DiskFullTest, DoesNotHappenWithoutAReserveOrWhereNobodyKnows) {
  Open(0);
  env_.SetFree(0);
  EXPECT_OK(TrySubmit(3));
  env_.is_known = false;
  Open(kReserve);
  EXPECT_OK(TrySubmit(4));
  EXPECT_EQ(store_->Stats().disk_free_bytes, 0);
}

}  // namespace
}  // namespace emptychair::storage
