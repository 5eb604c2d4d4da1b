// When effects are measured again, and what becomes of them.
#include "server/repeats/repeats_task.h"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/repeats/repeat_curves.h"
#include "storage/format/keys.h"
#include "tests/helpers/status_matchers.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair {
namespace {

using ::emptychair::testing::IsOkAndHolds;
using storage::Answer;
using storage::kNoonMs;
using storage::StoreHarness;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kDayMs = 86'400'000;

class RepeatsTaskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(harness_.Open());
    ASSERT_OK(CreateSurvey(store(), storage::NpsSurvey("nps", {"channel"})).error);
    Restart();
  }

  void Restart() { task_ = std::make_unique<RepeatsTask>(&store(), &clock_); }

  // So many answers of as many customers, over forty days.
  void Answers(int count) {
    std::vector<Answer> answers;
    for (int i = 0; i < count; ++i) {
      Answer answer;
      answer.id = ++ids_;
      answer.time_ms = kNoonMs - (1 + i % 40) * kDayMs;
      answer.score = 9;
      answer.customer_id = absl::StrCat("c", ids_ % 500);
      answers.push_back(std::move(answer));
    }
    Submit(store(), answers);
  }

  absl::StatusOr<std::vector<std::string>> Due() { return task_->Due(stop_); }
  void MeasureDue() {
    ASSERT_OK_AND_ASSIGN(const std::vector<std::string> due, Due());
    for (const std::string& survey_id : due) {
      ASSERT_OK(task_->Measure(survey_id, stop_));
    }
  }
  const storage::SurveyView& Survey() {
    view_ = store().view();
    return *view_->FindSurvey("nps");
  }
  storage::Store& store() { return harness_.store(); }

  StoreHarness harness_{storage::Place::kMemory};
  FakeClock clock_{absl::FromUnixMillis(kNoonMs)};
  std::unique_ptr<RepeatsTask> task_;
  std::shared_ptr<const storage::View> view_;
  std::atomic<bool> stop_ = false;
  uint64_t ids_ = 0;
};

TEST_F(RepeatsTaskTest, MeasuresOnceThereIsSomethingToMeasure) {
  EXPECT_THAT(Due(), IsOkAndHolds(ElementsAre("nps")));
  MeasureDue();
  EXPECT_EQ(Survey().effects, nullptr);
  EXPECT_THAT(Due(), IsOkAndHolds(IsEmpty()));
  Answers(1'000);
  const uint64_t sequence = store().view()->counters.sequence();
  EXPECT_THAT(Due(), IsOkAndHolds(ElementsAre("nps")));
  MeasureDue();
  EXPECT_TRUE(HasRepeatEffects(Survey()));
  EXPECT_EQ(Survey().effects->computed_at_sequence(), sequence);
  EXPECT_EQ(store().view()->counters.sequence(), sequence + 1);
  EXPECT_THAT(Due(), IsOkAndHolds(IsEmpty()));
}

TEST_F(RepeatsTaskTest, MeasuresAgainOnceATwentiethIsNewOrChanged) {
  Answers(1'000);
  MeasureDue();
  Answers(49);
  EXPECT_THAT(Due(), IsOkAndHolds(IsEmpty()));
  Answer changed;
  changed.id = 1;
  changed.time_ms = kNoonMs - kDayMs;
  ASSERT_OK(Exclude(store(), changed, v1::EXCLUSION_REASON_TEST).error);
  EXPECT_THAT(Due(), IsOkAndHolds(ElementsAre("nps")));
}

TEST_F(RepeatsTaskTest, MeasuresAgainADayLaterIfAnythingHasChanged) {
  Answers(1'000);
  MeasureDue();
  clock_.Advance(absl::Hours(25));
  EXPECT_THAT(Due(), IsOkAndHolds(IsEmpty()));
  Answers(1);
  EXPECT_THAT(Due(), IsOkAndHolds(ElementsAre("nps")));
}

TEST_F(RepeatsTaskTest, GoesOnWhereItWasAfterARestart) {
  Answers(1'000);
  MeasureDue();
  Answers(30);
  Restart();
  EXPECT_THAT(Due(), IsOkAndHolds(IsEmpty()));
  Answers(20);
  EXPECT_THAT(Due(), IsOkAndHolds(ElementsAre("nps")));
  harness_.Close();
  ASSERT_OK(harness_.Open());
  EXPECT_EQ(Survey().effects->all().answers(), 1'000);
  Restart();
  EXPECT_THAT(Due(), IsOkAndHolds(ElementsAre("nps")));
}

TEST_F(RepeatsTaskTest, KnowsWhatWasMeasuredByACall) {
  Answers(1'000);
  EXPECT_THAT(Due(), IsOkAndHolds(ElementsAre("nps")));
  ASSERT_OK(MeasureAndStore(store(), "nps", clock_.Now(), stop_));
  EXPECT_THAT(Due(), IsOkAndHolds(IsEmpty()));
}

TEST_F(RepeatsTaskTest, ForgetsEffectsThatAreNotTrueAnyMore) {
  Answers(1'000);
  MeasureDue();
  ASSERT_TRUE(HasRepeatEffects(Survey()));
  // As if nothing had been there then.
  ASSERT_OK(MeasureAndStore(store(), "nps", clock_.Now() - absl::Hours(24 * 30), stop_));
  EXPECT_FALSE(HasRepeatEffects(Survey()));
}

TEST_F(RepeatsTaskTest, MeasuresAnewWhereItCannotTellWhatHasChanged) {
  Answers(1'000);
  MeasureDue();
  Answers(1);
  EXPECT_THAT(Due(), IsOkAndHolds(IsEmpty()));
  const uint64_t sequence = store().view()->counters.sequence();
  harness_.Close();
  storage::PlainDatabase(harness_.env(), harness_.directory(), storage::PlainDatabase::Mode::kWrite)
      .Put("change", storage::ChangeKey(sequence), "\x07");
  ASSERT_OK(harness_.Open());
  Restart();
  EXPECT_THAT(Due(), IsOkAndHolds(ElementsAre("nps")));
  MeasureDue();
  EXPECT_EQ(Survey().effects->all().answers(), 1'001);
  EXPECT_THAT(Due(), IsOkAndHolds(IsEmpty()));
}

TEST_F(RepeatsTaskTest, RestsLongerThanItWorks) {
  class SlowClock final : public Clock {
   public:
    absl::Time Now() const override { return now += absl::Seconds(1); }
    mutable absl::Time now = absl::FromUnixMillis(kNoonMs);
  } clock;
  RepeatsTask task(&store(), &clock);
  Answers(1'000);
  ASSERT_THAT(task.Due(stop_), IsOkAndHolds(ElementsAre("nps")));
  const absl::Time start = clock.now;
  ASSERT_OK(task.Measure("nps", stop_));
  const absl::Duration took = clock.now - start;
  Answers(1'000);
  EXPECT_THAT(task.Due(stop_), IsOkAndHolds(IsEmpty()));
  clock.now += 51 * took;
  EXPECT_THAT(task.Due(stop_), IsOkAndHolds(ElementsAre("nps")));
}

TEST_F(RepeatsTaskTest, LeavesAloneWhatHasNoScores) {
  store::v1::StoredSurvey ideas = storage::NpsSurvey("ideas");
  ideas.set_kind(v1::SURVEY_KIND_TEXT);
  ideas.clear_scale();
  ASSERT_OK(CreateSurvey(store(), ideas).error);
  Answer idea;
  idea.survey = 2;
  idea.id = 1;
  idea.comment = "more light";
  Submit(store(), {idea});
  EXPECT_THAT(Due(), IsOkAndHolds(ElementsAre("nps")));
}

}  // namespace
}  // namespace emptychair
