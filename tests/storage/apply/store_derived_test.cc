// What is computed behind the writes, as the store keeps it.
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/format/changes.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"
#include "tests/storage/check/verify_harness.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

class StoreDerivedTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    ASSERT_OK(CreateSurvey(store(), NpsSurvey("pulse", {"channel", "region"})).error);
  }

  static void Fill(const std::string& value, store::v1::StoredRepeatEffects& effects) {
    effects.add_methods(v1::METRIC_METHOD_NET_PROMOTER);
    store::v1::StoredGroupEffects& group = *effects.add_groups();
    group.set_value(value);
    group.add_windows()->add_design_effects(2);
  }

  // Effects of all answers and of the values of the first dimensions, of so many answers.
  CommandResult Put(uint64_t computed_at_sequence, int64_t answers, int dimensions,
                    uint32_t survey_number = 1) {
    auto command = NewCommand();
    store::v1::PutRepeatEffects& effects =
        *command->mutable_put_derived()->mutable_repeat_effects();
    effects.set_survey_number(survey_number);
    effects.set_computed_at_sequence(computed_at_sequence);
    effects.mutable_all()->set_answers(answers);
    Fill("", *effects.mutable_all());
    for (int i = 0; i < dimensions; ++i) {
      Fill("web", *effects.add_dimensions());
    }
    return RunCommand(store(), std::move(command));
  }

  // Null while there are none.
  std::shared_ptr<const RepeatEffects> Effects() {
    return Survey(*store().view(), "pulse").effects;
  }
};

TEST_P(StoreDerivedTest, IsSeenByQueriesAndStays) {
  EXPECT_EQ(Effects(), nullptr);
  const uint64_t sequence = store().view()->counters.sequence();
  const CommandResult put = Put(sequence, 900, 1);
  ASSERT_OK(put.error);
  EXPECT_EQ(put.sequence, sequence + 1);
  for (int start = 0; start < 2; ++start) {
    ASSERT_NE(Effects(), nullptr);
    EXPECT_EQ(Effects()->computed_at_sequence(), sequence);
    EXPECT_EQ(Effects()->all().answers(), 900);
    EXPECT_NE(Effects()->OfAll(), nullptr);
    EXPECT_NE(Effects()->Of(0, "web"), nullptr);
    EXPECT_EQ(Effects()->Of(0, "app"), nullptr);
    EXPECT_EQ(Effects()->Of(1, "web"), nullptr);
    Reopen();
  }
}

TEST_P(StoreDerivedTest, TakesTheChangeLogsNumberUnderItsOwnEntity) {
  ASSERT_OK(Put(1, 900, 0).error);
  const auto view = store().view();
  std::vector<ChangeLogEntry> changes;
  ASSERT_OK(store().changes().Read(
      *view, 1, [&](uint64_t, const ChangeLogEntry& change) -> absl::StatusOr<bool> {
        changes.push_back(change);
        return true;
      }));
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes.front(), (ChangeLogEntry{ChangeKind::kChanged, Entity::kEffects, 1, Uuid()}));
}

TEST_P(StoreDerivedTest, LeavesWhatIsNewer) {
  ASSERT_OK(Put(1, 900, 2).error);
  const uint64_t sequence = store().view()->counters.sequence();
  ASSERT_OK(Put(1, 800, 0).error);
  ASSERT_OK(Put(0, 700, 0).error);
  EXPECT_EQ(store().view()->counters.sequence(), sequence);
  EXPECT_EQ(Effects()->all().answers(), 900);
  ASSERT_OK(Put(2, 600, 1).error);
  EXPECT_EQ(Effects()->all().answers(), 600);
  // What is not measured any more goes.
  EXPECT_EQ(Effects()->Of(1, "web"), nullptr);
  EXPECT_EQ(harness_.Dump().at("derived").size(), 2u);
}

TEST_P(StoreDerivedTest, IsRefusedForASurveyThatIsNotThere) {
  EXPECT_THAT(Put(1, 900, 0, 2).error, testing::HasReason(v1::ERROR_REASON_SURVEY_NOT_FOUND));
  EXPECT_FALSE(RunCommand(store(),
                          [] {
                            auto command = NewCommand();
                            command->mutable_put_derived();
                            return command;
                          }())
                   .error.ok());
  EXPECT_THAT(harness_.Dump()["derived"], IsEmpty());
}

TEST_P(StoreDerivedTest, IsMeasuredAgainWhereItDoesNotDecode) {
  ASSERT_OK(Put(1, 900, 1).error);
  harness_.Close();
  PlainDatabase(harness_.env(), harness_.directory(), PlainDatabase::Mode::kWrite)
      .Put("derived", RepeatEffectsKey{1, 0}.Encode(), "\x07");
  ASSERT_OK(harness_.Open());
  EXPECT_EQ(Effects(), nullptr);
  EXPECT_EQ(store().Stats().undecodable_values, 1);
  ASSERT_OK(Put(1, 800, 1).error);
  EXPECT_EQ(Effects()->all().answers(), 800);
}

TEST(VerifyDerived, NamesWhatCannotBe) {
  store::v1::StoredRepeatEffects incomplete;
  incomplete.add_methods(v1::METRIC_METHOD_NET_PROMOTER);
  incomplete.add_groups()->add_windows()->set_days(1);
  const std::string empty = EncodeMessage(store::v1::StoredRepeatEffects());
  const struct {
    std::string key, value, wanted;
  } rows[] = {
      {RepeatEffectsKey{1, 0}.Encode(), "\x07", "UNDECODABLE derived: the entry under 0800000001"},
      {RepeatEffectsKey{1, 9}.Encode(), empty, "UNDECODABLE derived: the entry under 0800000001"},
      {"\x08", empty, "UNDECODABLE derived: the entry under 08:"},
      {RepeatEffectsKey{1, 0}.Encode(), EncodeMessage(incomplete),
       "UNDECODABLE derived: the entry under 0800000001"},
      {RepeatEffectsKey{9, 0}.Encode(), empty,
       "UNKNOWN_SURVEY derived: design effects of survey number 9: an entry / "}};
  for (const auto& row : rows) {
    TestStore store;
    store.Damage([&](PlainDatabase& database, const DatabaseDump&) {
      database.Put("derived", row.key, row.value);
    });
    EXPECT_THAT(VerifyNow(store.store()).differences, ElementsAre(StartsWith(row.wanted)));
  }
}

TEST_P(StoreDerivedTest, IsMeasuredAgainWhereItLacksAnEffect) {
  store::v1::StoredRepeatEffects incomplete;
  incomplete.set_computed_at_sequence(1);
  incomplete.add_methods(v1::METRIC_METHOD_NET_PROMOTER);
  incomplete.add_groups()->add_windows()->set_days(1);
  harness_.Close();
  PlainDatabase(harness_.env(), harness_.directory(), PlainDatabase::Mode::kWrite)
      .Put("derived", RepeatEffectsKey{1, 0}.Encode(), EncodeMessage(incomplete));
  ASSERT_OK(harness_.Open());
  EXPECT_EQ(Effects(), nullptr);
  ASSERT_OK(Put(1, 800, 1).error);
}

INSTANTIATE_TEST_SUITE_P(Places, StoreDerivedTest, ::testing::Values(Place::kMemory, Place::kDisk),
                         PlaceName);

}  // namespace
}  // namespace emptychair::storage
