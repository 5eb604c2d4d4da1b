// Activities and sets of customers against a plain model of the outcomes, and a recount of what is
// stored. EMPTYCHAIR_MODEL_ROUNDS makes the test longer.
#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/time/time.h"
#include "common/base/local_day.h"
#include "tests/helpers/count.h"
#include "tests/helpers/seed.h"
#include "tests/storage/harness/activity_harness.h"
#include "tests/storage/harness/activity_model.h"

namespace emptychair::storage {
namespace {

using ::testing::IsEmpty;

constexpr int64_t kHourMs = 3'600'000;

// Where clocks change or a day is left out, the first days of 1970, and the end of a month.
const int64_t kEras[] = {0,
                         1'162'000'000'000,   // 2006-10-28: St. John's.
                         1'325'100'000'000,   // 2011-12-28: Apia.
                         1'709'100'000'000};  // 2024-02-28.
const char* const kZones[] = {"UTC", "Asia/Kolkata", "America/St_Johns", "Pacific/Apia"};
const char* const kKinds[] = {"visit", "call", "order"};
const char* const kSubscriptions[] = {"member", "guest"};

class ActivityRun {
 public:
  ActivityRun(StoreHarness& harness, uint64_t seed) : harness_(harness), random_(seed) {
    EXPECT_OK(CreateSurvey(harness_.store(), NpsSurvey("pulse")).error);
    model_.AddOther("");
    for (const char* kind : kKinds) {
      shared_[kind] = IdsThatShareTheirStart(harness_.store().hash(), kind, kNoonMs, 5);
    }
  }

  void Round() {
    const int64_t dice = Uniform(0, 99);
    if (dice < 8) {
      ASSERT_NO_FATAL_FAILURE(Reopen());
    } else if (dice < 30) {
      ASSERT_NO_FATAL_FAILURE(CheckAQuery());
      return;
    } else {
      ASSERT_NO_FATAL_FAILURE(RunSome());
    }
    EXPECT_EQ(harness_.store().view()->counters.sequence(), model_.sequence());
    ASSERT_THAT(FindFaults(harness_.Dump()), IsEmpty());
  }

  // Everything, at the end.
  void CheckAll() {
    for (const auto& [number, kind] : model_.kinds()) {
      ASSERT_NO_FATAL_FAILURE(ExpectSame(number, ActivitiesOf(harness_.store(), kind.name)));
    }
    EXPECT_EQ(harness_.store().view()->kinds->size(), model_.kinds().size());
    harness_.Close();
    EXPECT_THAT(FindFaults(harness_.Dump()), IsEmpty());
  }

 private:
  // A command, and what checks how it ended once those before it are in the model.
  struct Step {
    CommandPtr command;
    std::function<void(const CommandResult&)> check;
  };

  int64_t Uniform(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random_);
  }
  template <typename Options>
  auto OneOf(const Options& options) {
    return options[static_cast<size_t>(Uniform(0, std::ssize(options) - 1))];
  }

  // Mostly one that is there.
  uint32_t AnyKind() {
    const uint32_t number = model_.NumberOf(OneOf(kKinds));
    return number != 0 && Uniform(0, 9) != 0
               ? number
               : static_cast<uint32_t>(Uniform(1, model_.last_number() + 1));
  }

  // Sets kind number, revision and offset as who knows the kinds now would.
  void Resolve(Deed& deed) {
    deed.kind_number = model_.NumberOf(deed.kind);
    deed.zone_revision = 0;
    deed.zone_offset_seconds = 0;
    if (deed.kind_number == 0) {
      return;
    }
    const ActivityModel::Kind& kind = model_.kinds().at(deed.kind_number);
    absl::TimeZone zone;
    ASSERT_TRUE(absl::LoadTimeZone(kind.zone, &zone));
    deed.zone_revision = kind.zone_revision;
    deed.zone_offset_seconds = DayOffsetSeconds(zone, absl::FromUnixMillis(deed.time_ms));
    // As another time-zone database has it; that of an activity which came earlier stays.
    if (deed.time_ms / kHourMs % 13 == 0) {
      deed.zone_offset_seconds += static_cast<int32_t>(deed.time_ms / kHourMs % 7 - 3) * 3'600;
    }
  }

  std::optional<Amount> AnyAmount() {
    const auto units = Uniform(-2, 2);
    switch (Uniform(0, 5)) {
      case 0:
        return std::nullopt;
      case 1:
        return Euros(0, static_cast<int32_t>(Uniform(-1, 1)));
      case 2:
        return Amount{units, 0, {'U', 'S', 'D'}};
      default:
        return Euros(units, static_cast<int32_t>(units * 250'000'000));
    }
  }

  Deed NewDeed() {
    Deed deed;
    deed.kind = OneOf(kKinds);
    deed.id = absl::StrCat("a-", Uniform(0, 9'999));
    deed.customer_id = absl::StrCat("c-", Uniform(0, Uniform(0, 2) == 0 ? 11 : 3));
    // Often that of another one, and mostly of the same two days.
    deed.time_ms = OneOf(kEras) + Uniform(0, Uniform(0, 2) == 0 ? 80 : 30) * kHourMs;
    deed.time_ms += Uniform(0, 2) == 0 ? Uniform(0, kHourMs) : 0;
    if (Uniform(0, 7) == 0) {
      deed.id = OneOf(shared_.at(deed.kind));
      deed.time_ms = kNoonMs;
      deed.customer_id = absl::StrCat("c-", Uniform(0, 1));
    }
    deed.sends_time = Uniform(0, 2) != 0;
    deed.amount = AnyAmount();
    if (Uniform(0, 2) == 0) {
      deed.labels = {{"shop", absl::StrCat(Uniform(0, 2))}};
    }
    Resolve(deed);
    return deed;
  }

  // New ones, some that were sent before, and those with something changed.
  Deed NextDeed() {
    const int64_t dice = Uniform(0, 9);
    if (sent_.empty() || dice < 6) {
      sent_.push_back(NewDeed());
      return sent_.back();
    }
    Deed again = OneOf(sent_);
    switch (dice) {
      case 6:
        again.customer_id = absl::StrCat("c-", Uniform(0, 14));
        break;
      case 7:
        again.amount = AnyAmount();
        break;
      case 8:
        again.time_ms += Uniform(0, 1) * kHourMs;
        again.sends_time = Uniform(0, 1) == 0;
        break;
      default:
        break;
    }
    // Without this, as who knows the kinds of that time.
    if (Uniform(0, 3) != 0) {
      Resolve(again);
    }
    return again;
  }

  Step RecordStep() {
    std::vector<Deed> deeds(Uniform(1, Uniform(0, 9) == 0 ? 60 : 8));
    for (Deed& deed : deeds) {
      deed = NextDeed();
    }
    const std::string import_id = Uniform(0, 2) == 0 ? absl::StrCat("i-", Uniform(0, 3)) : "";
    return {RecordCommand(harness_.store().hash(), deeds, import_id),
            [this, deeds, import_id](const CommandResult& result) {
              ASSERT_EQ(result.outcomes.size(), deeds.size());
              const uint32_t kinds_before = model_.last_number();
              for (size_t i = 0; i < deeds.size(); ++i) {
                const std::string wanted = model_.Record(deeds[i], import_id);
                ASSERT_EQ(ToText(result.outcomes[i]), wanted)
                    << deeds[i].kind << " " << deeds[i].id;
              }
              EXPECT_EQ(result.created_kinds.size(), model_.last_number() - kinds_before);
            }};
  }

  Step EraseStep() {
    const Deed deed = sent_.empty() ? Deed() : OneOf(sent_);
    const std::string id = deed.id;
    const uint32_t kind = Uniform(0, 3) == 0 ? AnyKind() : deed.kind_number;
    return {EraseActivityCommand(kind, id), [this, kind, id](const CommandResult& result) {
              ASSERT_EQ(ToText(result), model_.Erase(kind, id)) << kind << " " << id;
            }};
  }

  Step TakeBackStep() {
    const uint32_t kind = AnyKind();
    const auto import = static_cast<uint32_t>(Uniform(1, model_.last_import() + 1));
    std::vector<Deed> deeds;
    for (const auto& [name, activity] : model_.activities()) {
      if ((name.first == kind && activity.import_number == import) || Uniform(0, 99) == 0) {
        deeds.push_back(activity.deed);
      }
    }
    std::vector<Uuid> ids;
    for (const Deed& deed : deeds) {
      ids.push_back(IdOf(deed, harness_.store().hash()));
    }
    return {TakeBackCommand(kind, import, ids),
            [this, kind, import, deeds](const CommandResult& result) {
              const bool is_there = model_.kinds().count(kind) != 0;
              ASSERT_EQ(ToText(result), is_there ? "ok" : "KIND_NOT_FOUND");
              ASSERT_EQ(result.changed, is_there ? model_.TakeBack(kind, import, deeds) : 0);
            }};
  }

  Step DefineStep() {
    const std::string kind = OneOf(kKinds);
    const std::string zone = OneOf(kZones);
    return {DefineKindCommand(kind, zone), [this, kind, zone](const CommandResult& result) {
              ASSERT_EQ(ToText(result), model_.Define(kind, zone)) << kind << " " << zone;
            }};
  }

  // Of kinds that often can be no subscription's: the same one, of another zone, gone.
  Step SubscribeStep() {
    const std::string kind = OneOf(kSubscriptions);
    const uint32_t start = AnyKind();
    const uint32_t end = AnyKind();
    const auto found = model_.kinds().find(start);
    const std::string zone = found == model_.kinds().end() ? "UTC" : found->second.zone;
    return {DefineSubscriptionCommand(kind, zone, start, end),
            [this, kind, zone, start, end](const CommandResult& result) {
              ASSERT_EQ(ToText(result), model_.Define(kind, zone, start, end))
                  << kind << " " << zone << " " << start << " " << end;
            }};
  }

  Step DeleteStep() {
    const uint32_t kind = Uniform(0, 2) == 0 ? model_.NumberOf(OneOf(kSubscriptions)) : AnyKind();
    return {DeleteKindCommand(kind), [this, kind](const CommandResult& result) {
              ASSERT_EQ(ToText(result), model_.Delete(kind)) << kind;
            }};
  }

  Step FeedbackStep() {
    const std::string customer = absl::StrCat("c-", Uniform(0, 14));
    const Answer answer{.id = ++answers_, .score = 9, .customer_id = customer};
    return {SubmitCommand({answer}), [this, customer](const CommandResult& result) {
              ASSERT_EQ(ToText(result.outcomes), std::vector<std::string>{"accepted"});
              model_.AddOther(customer);
            }};
  }

  Step AnyStep() {
    const int64_t dice = Uniform(0, 99);
    return dice < 4    ? Uniform(0, 1) == 0 ? DeleteStep() : TakeBackStep()
              : dice < 8 ? SubscribeStep()
           : dice < 12 ? DefineStep()
           : dice < 30 ? EraseStep()
           : dice < 40 ? FeedbackStep()
                       : RecordStep();
  }

  // Several commands at once, so that groups of any size form.
  void RunSome() {
    std::vector<Step> steps(Uniform(1, 8));
    std::vector<CommandResult> results(steps.size());
    absl::BlockingCounter left(static_cast<int>(steps.size()));
    for (Step& step : steps) {
      step = AnyStep();
    }
    for (size_t i = 0; i < steps.size(); ++i) {
      harness_.store().Enqueue(std::move(steps[i].command), true, [&, i](CommandResult result) {
        results[i] = std::move(result);
        left.DecrementCount();
      });
    }
    left.Wait();
    for (size_t i = 0; i < steps.size(); ++i) {
      ASSERT_NO_FATAL_FAILURE(steps[i].check(results[i]));
      ASSERT_EQ(results[i].sequence, model_.sequence());
    }
  }

  void Reopen() {
    harness_.Close();
    if (Uniform(0, 1) == 0) {
      PlainDatabase(harness_.env(), harness_.directory(), PlainDatabase::Mode::kWrite)
          .Flush(/*compact=*/Uniform(0, 1) == 0);
    }
    ASSERT_OK(harness_.Open());
  }

  // The activities of a customer, which lead there by their index.
  void CheckAQuery() {
    if (model_.kinds().empty() || model_.customers().empty()) {
      return;
    }
    const auto kind = std::next(model_.kinds().begin(), Uniform(0, model_.kinds().size() - 1));
    const auto customer =
        std::next(model_.customers().begin(), Uniform(0, model_.customers().size() - 1));
    ExpectSame(kind->first, ActivitiesOf(harness_.store(), kind->second.name, customer->second),
               customer->first);
  }

  // `found` are those of the kind, or of one customer in it, in the order of time.
  void ExpectSame(uint32_t kind, const std::vector<ActivityRecord>& found,
                  const std::string& customer_id = "") {
    std::map<std::string, const ActivityModel::Activity*> wanted;
    for (const auto& [name, activity] : model_.activities()) {
      if (name.first == kind && (customer_id.empty() || activity.deed.customer_id == customer_id)) {
        wanted[name.second] = &activity;
      }
    }
    ASSERT_EQ(found.size(), wanted.size());
    for (const ActivityRecord& record : found) {
      ASSERT_EQ(wanted.count(record.body.activity_id()), 1u) << record.body.activity_id();
      const auto& [deed, import_number, sequence] = *wanted.at(record.body.activity_id());
      EXPECT_EQ(record.id, IdOf(deed, harness_.store().hash()));
      EXPECT_EQ(record.header.customer_ordinal, model_.customers().at(deed.customer_id));
      EXPECT_EQ(record.header.amount, deed.amount);
      EXPECT_EQ(record.header.zone_offset_seconds, deed.zone_offset_seconds);
      EXPECT_EQ(record.header.sequence, sequence);
      EXPECT_EQ(record.body.import_number(), import_number);
      EXPECT_EQ(record.body.labels_size(), static_cast<int>(deed.labels.size()));
    }
    EXPECT_TRUE(std::is_sorted(found.begin(), found.end(), [](const auto& a, const auto& b) {
      return a.id.AsBytes() < b.id.AsBytes();
    }));
  }

  StoreHarness& harness_;
  std::mt19937_64 random_;
  ActivityModel model_;
  std::vector<Deed> sent_;
  // By kind, ids whose activities share an entry by customer at kNoonMs.
  std::map<std::string, std::vector<std::string>> shared_;
  uint64_t answers_ = 0;
};

class StoreActivityModelTest : public ::testing::TestWithParam<Place> {};

INSTANTIATE_TEST_SUITE_P(Places, StoreActivityModelTest,
                         ::testing::Values(Place::kMemory, Place::kDisk), PlaceName);

TEST_P(StoreActivityModelTest, AnswersAndHoldsWhatTheModelDoes) {
  const int rounds =
      testing::CountFromEnvOr("EMPTYCHAIR_MODEL_ROUNDS", GetParam() == Place::kMemory ? 200 : 60);
  StoreHarness harness(GetParam());
  ASSERT_OK(harness.Open());
  ActivityRun run(harness, testing::SeedFromEnvOrRandom());
  for (int round = 0; round < rounds; ++round) {
    ASSERT_NO_FATAL_FAILURE(run.Round()) << "round " << round;
    ASSERT_FALSE(::testing::Test::HasFailure()) << "round " << round;
  }
  run.CheckAll();
}

}  // namespace
}  // namespace emptychair::storage
