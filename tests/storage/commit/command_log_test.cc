// What the committer does with the log: indexes, commands that it cannot apply, the digest.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "storage/apply/apply.h"
#include "storage/apply/outcome_digest.h"
#include "storage/commit/committer.h"
#include "storage/commit/log/local_queue.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CommandLogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Engine::Options options;
    options.directory = "/data";
    options.env = env_.get();
    ASSERT_OK_AND_ASSIGN(engine_, Engine::Open(options));
    Load();
  }
  void Load() { ASSERT_OK_AND_ASSIGN(state_, WorkingState::Load(*engine_)); }

  absl::Status ApplyTo(WriteGroup& group, uint64_t index, const CommandPtr& command) {
    result_ = CommandResult();
    return Apply(index, *command, false, *state_, group, result_);
  }

  static CommandPtr Create(const std::string& survey_id) {
    auto command = NewCommand();
    *command->mutable_create_survey()->mutable_survey() = NpsSurvey(survey_id);
    command->set_epoch(7);
    return command;
  }

  const std::unique_ptr<rocksdb::Env> env_{rocksdb::NewMemEnv(rocksdb::Env::Default())};
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<WorkingState> state_;
  CommandResult result_;
  MergedRowAges ages_;
};

TEST_F(CommandLogTest, CountsEveryCommandAlsoOneThatChangesNothing) {
  WriteGroup group(*engine_);
  ASSERT_OK(ApplyTo(group, 1, Create("one")));
  ASSERT_OK(ApplyTo(group, 2, Create("one")));  // The same again.
  ASSERT_OK(ApplyTo(group, 3, NewCommand()));   // Refused.
  EXPECT_FALSE(result_.error.ok());
  EXPECT_EQ(state_->applied_index(), 3u);
  EXPECT_EQ(state_->counters().sequence(), 1u);
  const IdHash digest = state_->digest();
  state_->PutCounters(group);
  ASSERT_OK(group.Commit(ages_, /*sync=*/true));
  Load();
  EXPECT_EQ(state_->applied_index(), 3u);
  EXPECT_EQ(state_->digest(), digest);
}

TEST_F(CommandLogTest, StopsAtAnIndexThatDoesNotFollow) {
  WriteGroup group(*engine_);
  ASSERT_OK(ApplyTo(group, 1, Create("one")));
  for (const uint64_t index : {0u, 1u, 3u}) {
    EXPECT_THAT(ApplyTo(group, index, Create("two")),
                testing::StatusIs(absl::StatusCode::kInternal, HasSubstr("GAP")));
  }
  EXPECT_EQ(state_->applied_index(), 1u);
  EXPECT_EQ(state_->FindSurvey("two"), nullptr);
}

TEST_F(CommandLogTest, StopsAtAVersionThatItDoesNotKnow) {
  WriteGroup group(*engine_);
  for (const uint32_t version : {0u, kCommandVersion + 1}) {
    CommandPtr command = Create("one");
    command->set_version(version);
    EXPECT_THAT(ApplyTo(group, 1, command),
                testing::StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("OUTDATED")));
  }
  EXPECT_TRUE(group.empty());
  EXPECT_EQ(state_->applied_index(), 0u);
}

TEST_F(CommandLogTest, TheDigestTellsOutcomesApart) {
  CommandResult accepted;
  accepted.sequence = 5;
  accepted.outcomes.emplace_back().kind = SubmissionOutcome::Kind::kAccepted;
  CommandResult existed;
  existed.sequence = 5;
  existed.outcomes.emplace_back().kind = SubmissionOutcome::Kind::kAlreadyExisted;
  CommandResult later;
  later.sequence = 6;
  later.outcomes.emplace_back().kind = SubmissionOutcome::Kind::kAccepted;
  CommandResult failed;
  failed.sequence = 5;
  failed.error = absl::InternalError("words do not count");
  CommandResult failed_otherwise;
  failed_otherwise.sequence = 5;
  failed_otherwise.error = absl::InternalError("other words");
  const IdHash digest = DigestOf({}, 1, accepted);
  EXPECT_EQ(DigestOf({}, 1, accepted), digest);
  EXPECT_NE(DigestOf({}, 2, accepted), digest);
  EXPECT_NE(DigestOf(digest, 1, accepted), digest);
  EXPECT_NE(DigestOf({}, 1, existed), digest);
  EXPECT_NE(DigestOf({}, 1, later), digest);
  EXPECT_NE(DigestOf({}, 1, failed), digest);
  EXPECT_EQ(DigestOf({}, 1, failed), DigestOf({}, 1, failed_otherwise));
}

TEST_F(CommandLogTest, GivesEachStartAnEpochWithItsFirstChange) {
  WriteGroup group(*engine_);
  ASSERT_OK(ApplyTo(group, 1, Create("one")));
  ASSERT_OK(ApplyTo(group, 2, Create("two")));
  CommandPtr other_start = NewCommand();
  other_start->set_epoch(8);
  ASSERT_OK(ApplyTo(group, 3, other_start));  // Not a change.
  EXPECT_EQ(state_->MakeView()->epochs->last(), 7u);
  CommandPtr change = Create("three");
  change->set_epoch(8);
  ASSERT_OK(ApplyTo(group, 4, change));
  state_->PutCounters(group);
  ASSERT_OK(group.Commit(ages_, /*sync=*/true));
  Load();
  const std::shared_ptr<View> view = state_->MakeView();
  EXPECT_EQ(view->epochs->EpochOf(0), 0u);
  EXPECT_EQ(view->epochs->EpochOf(1), 7u);
  EXPECT_EQ(view->epochs->EpochOf(2), 7u);
  EXPECT_EQ(view->epochs->EpochOf(3), 8u);
  EXPECT_TRUE(view->epochs->Contains(7, 2, 3));
  EXPECT_FALSE(view->epochs->Contains(7, 3, 3));
  EXPECT_TRUE(view->epochs->Contains(8, 3, 3));
  EXPECT_FALSE(view->epochs->Contains(8, 4, 3));
  EXPECT_FALSE(view->epochs->Contains(0, 0, 3));
}

TEST(Epochs, KeepsTheNewest) {
  Epochs epochs;
  for (uint64_t i = 1; i <= Epochs::kEpochsMax + 2; ++i) {
    epochs.Begin(i, 10 * i);
  }
  EXPECT_EQ(epochs.EpochOf(29), 0u);
  EXPECT_EQ(epochs.EpochOf(30), 3u);
  EXPECT_EQ(epochs.last(), Epochs::kEpochsMax + 2u);
}

// Commits what comes before a command that cannot be applied, and nothing behind it.
TEST_F(CommandLogTest, TheCommitterStopsWithWhatItHasApplied) {
  std::vector<std::string> results;
  absl::Notification failed;
  {
    Committer::Options options;
    options.on_failure = [&](const absl::Status& status) {
      results.emplace_back(status.message().substr(0, 8));
      failed.Notify();
    };
    Committer committer(*engine_, std::move(state_),
                        std::make_unique<LocalQueue>(LocalQueue::Options{.epoch = 7}),
                        std::move(options));
    absl::Mutex mutex;
    const auto note = [&](std::string name) {
      return [&, name = std::move(name)](CommandResult result) {
        absl::MutexLock lock(&mutex);
        results.push_back(absl::StrCat(name, " ", ToText(result)));
      };
    };
    committer.Enqueue(Create("one"), false, note("one"));
    CommandPtr newer = Create("two");
    newer->set_version(kCommandVersion + 1);
    committer.Enqueue(std::move(newer), false, note("newer"));
    failed.WaitForNotification();
    committer.Enqueue(Create("three"), false, note("three"));
  }
  EXPECT_THAT(results, ::testing::UnorderedElementsAre("one ok", "OUTDATED", "newer SHUTTING_DOWN",
                                                       "three SHUTTING_DOWN"));
  Load();
  EXPECT_NE(state_->FindSurvey("one"), nullptr);
  EXPECT_EQ(state_->applied_index(), 1u);
}

TEST_F(CommandLogTest, ListsAcrossTheGroupInFlight) {
  WriteGroup stored(*engine_);
  for (const char* key : {"p1", "p3", "p5", "q"}) {
    stored.Put(Family::kSeries, key, "stored");
  }
  ASSERT_OK(stored.Commit(ages_, /*sync=*/true));
  WriteGroup in_flight(*engine_);
  in_flight.Put(Family::kSeries, "p2", "in flight");
  in_flight.Delete(Family::kSeries, "p3");
  in_flight.Put(Family::kSeries, "p5", "in flight");
  WriteGroup group(*engine_, in_flight.entries());
  group.Put(Family::kSeries, "p0", "here");
  group.Put(Family::kSeries, "p6", "here");
  group.Delete(Family::kSeries, "p2");
  const auto list = [&](absl::string_view start, size_t entries_max) {
    std::vector<std::string> keys;
    const auto entries = group.List(Family::kSeries, "p", start, entries_max);
    EXPECT_OK(entries);
    for (const WriteGroup::Entry& entry : *entries) {
      keys.push_back(entry.key + " " + entry.value);
    }
    return keys;
  };
  for (int i = 0; i < 2; ++i) {  // Before and after the group before is stored.
    EXPECT_THAT(list("", 9), ElementsAre("p0 here", "p1 stored", "p5 in flight", "p6 here"));
    EXPECT_THAT(list("", 2), ElementsAre("p0 here", "p1 stored"));
    EXPECT_THAT(list("p2", 9), ElementsAre("p5 in flight", "p6 here"));
    ASSERT_OK(in_flight.Commit(ages_, /*sync=*/true));
  }
}

}  // namespace
}  // namespace emptychair::storage
