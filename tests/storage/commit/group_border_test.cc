// One log of commands, applied by copies of a store that end their groups elsewhere and start anew
// in between: all must come to the same bytes. EMPTYCHAIR_BORDER_ROUNDS makes the test longer.
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/synchronization/notification.h"
#include "rocksdb/env.h"
#include "storage/apply/apply.h"
#include "storage/commit/committer.h"
#include "storage/commit/log/local_queue.h"
#include "storage/format/cube_row.h"
#include "storage/format/customer_set.h"
#include "tests/helpers/count.h"
#include "tests/helpers/seed.h"
#include "tests/storage/harness/access_source.h"
#include "tests/storage/harness/activity_harness.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {
namespace {

using Random = std::mt19937_64;

// Commands as they lie in a log, encoded, from index 1 on.
using RecordedLog = std::vector<std::string>;

// A local queue that keeps what was taken from it.
class RecordingQueue final : public CommandLog {
 public:
  RecordingQueue(const LocalQueue::Options& options, RecordedLog* record)
      : queue_(options), record_(record) {}

  absl::Status Propose(Proposal& proposal) override { return queue_.Propose(proposal); }
  void ProposeFollowUp(CommandPtr command) override { queue_.ProposeFollowUp(std::move(command)); }
  void Take(absl::FunctionRef<bool(const Backlog&)> is_time,
            absl::FunctionRef<bool(size_t next_bytes)> joins,
            std::vector<Entry>& entries) override {
    const size_t before = entries.size();
    queue_.Take(is_time, joins, entries);
    for (size_t i = before; i < entries.size(); ++i) {
      EXPECT_EQ(entries[i].index, record_->size() + 1);
      record_->push_back(entries[i].command->SerializeAsString());
    }
  }
  void Wake() override { queue_.Wake(); }
  void Release(size_t bytes) override { queue_.Release(bytes); }
  void WhenWritable(absl::AnyInvocable<void()> resume) override {
    queue_.WhenWritable(std::move(resume));
  }
  void Close() override { queue_.Close(); }
  std::vector<Entry> Abandon() override { return queue_.Abandon(); }
  size_t bytes() const override { return queue_.bytes(); }
  size_t bytes_max() const override { return queue_.bytes_max(); }

 private:
  LocalQueue queue_;
  RecordedLog* const record_;
};

// Draws commands about activities, many of which change nothing.
class ActivitySource {
 public:
  ActivitySource(Random& random, const KeyedHash& hash)
      : random_(random), hash_(hash), shared_(IdsThatShareTheirStart(hash, "visit", kNoonMs, 5)) {}

  CommandPtr Draw() {
    switch (Uniform(10)) {
      case 0:
        return Uniform(2) == 0
                   ? DefineKindCommand(KindName(), Uniform(2) == 0 ? "UTC" : "Asia/Tokyo")
                   : DefineSubscriptionCommand("member", "UTC", Kind(), Kind());
      case 1:
        return DeleteKindCommand(Kind());
      case 2:
        return EraseActivityCommand(Kind(), DrawDeed().id);
      case 3: {
        std::vector<Uuid> ids(Uniform(20));
        for (Uuid& id : ids) {
          id = IdOf(DrawDeed(), hash_);
        }
        return TakeBackCommand(Kind(), Uniform(8), ids);
      }
      case 4: {
        auto command = NewCommand();
        if (Uniform(4) == 0) {
          // Often not what the subscription waits for.
          command->mutable_build_subscription()->set_kind_number(Kind());
          command->mutable_build_subscription()->set_start_ordinal(1 + Uniform(3));
          return command;
        }
        DrawCorrection(*command->mutable_correct_customer_sets());
        return command;
      }
      default: {
        std::vector<Deed> deeds(1 + Uniform(Uniform(8) == 0 ? 40 : 4));
        for (Deed& deed : deeds) {
          deed = DrawDeed();
        }
        return RecordCommand(hash_, deeds,
                             Uniform(2) == 0 ? absl::StrCat("import-", Uniform(3)) : "");
      }
    }
  }

 private:
  uint32_t Uniform(uint32_t below) {
    return std::uniform_int_distribution<uint32_t>(0, below - 1)(random_);
  }
  uint32_t Kind() { return 1 + Uniform(5); }
  std::string KindName() { return Uniform(2) == 0 ? "visit" : "call"; }

  // One id in eight has other content than its last time.
  Deed DrawDeed() {
    const uint32_t id = Uniform(50);
    Deed deed{.kind_number = Uniform(2) == 0 ? 0 : Kind(), .zone_revision = Uniform(4) / 3};
    deed.kind = KindName();
    deed.id = id < shared_.size() ? shared_[id] : absl::StrCat("a-", id);
    deed.customer_id = absl::StrCat("customer-", id < shared_.size() ? 1 : id % 7);
    deed.time_ms += id < shared_.size() ? 0 : id % 9 * 14'400'000;
    deed.zone_offset_seconds = static_cast<int32_t>(id % 5) * 3'600;
    if (id % 3 != 0) {
      deed.amount = Euros(static_cast<int64_t>(id % 4) - 1 + (Uniform(8) == 0 ? 1 : 0));
    }
    return deed;
  }

  void DrawCorrection(store::v1::CorrectCustomerSetsCommand& correct) {
    store::v1::CustomerSetCorrection& row = *correct.add_rows();
    row.set_kind_number(Kind());
    row.set_unit(2 + Uniform(2));
    const uint32_t set = 1 + Uniform(7);
    row.set_set(set == 5 && row.unit() == 3 ? 6 : set);  // 5 is of days alone.
    row.set_bucket(row.unit() == 2 ? 19'783 + Uniform(3) : 650);
    for (uint32_t member = 1; member < 12; member += 1 + Uniform(4)) {
      row.add_members(member);
    }
    correct.add_stray_keys(
        CustomerSetKey{Kind(), CustomerSet::kActive, CubeUnit::kDay, 19'783, 0}.Encode());
  }

  Random& random_;
  const KeyedHash hash_;
  // Ids whose activities share an entry by customer.
  const std::vector<std::string> shared_;
};

// Draws commands, many of which change nothing: records sent again, refused, gone.
class CommandSource {
 public:
  CommandSource(Random& random, const KeyedHash& hash)
      : random_(random), activities_(random, hash), access_(random) {}

  // `view` is that of what came before.
  CommandPtr Draw(const View& view) {
    if (Uniform(5) < 2) {
      return activities_.Draw();
    }
    auto command = NewCommand();
    switch (Uniform(20)) {
      case 0:
        *command->mutable_create_survey()->mutable_survey() =
            NpsSurvey(absl::StrCat("s", Uniform(4)), {"channel"}, 2 + Uniform(3));
        break;
      case 1:
        command->mutable_delete_survey()->set_survey_number(Survey());
        command->mutable_delete_survey()->set_delete_time_ms(kNoonMs);
        break;
      case 2:
        command->mutable_archive_survey()->set_survey_number(Survey());
        command->mutable_archive_survey()->set_archive_time_ms(Uniform(2) * kNoonMs);
        break;
      case 3:
        break;  // Refused.
      case 4:
        DrawCorrection(*command->mutable_correct_cube());
        break;
      case 5:
        *command->mutable_erase_feedback()->mutable_target() = TargetOf(DrawAnswer());
        break;
      case 6:
        *command->mutable_exclude_feedback()->mutable_target() = TargetOf(DrawAnswer());
        command->mutable_exclude_feedback()->set_reason(v1::EXCLUSION_REASON_BOT);
        break;
      case 7:
        *command->mutable_include_feedback()->mutable_target() = TargetOf(DrawAnswer());
        break;
      case 8: {
        store::v1::AmendFeedbackCommand& amend = *command->mutable_amend_feedback();
        *amend.mutable_target() = TargetOf(DrawAnswer());
        amend.set_set_score(true);
        amend.set_score(static_cast<int32_t>(Uniform(12)));
        break;
      }
      case 9:
        DrawUpdate(view, *command->mutable_update_survey()->mutable_survey());
        break;
      case 10: {
        // Often not what the survey waits for.
        store::v1::ResliceSurveyCommand& reslice = *command->mutable_reslice_survey();
        reslice.set_survey_number(Survey());
        reslice.set_keys_max(1 + Uniform(4));
        break;
      }
      case 11: {
        store::v1::TakeBackFeedbackCommand& take_back = *command->mutable_take_back_feedback();
        take_back.set_survey_number(Survey());
        take_back.set_import_number(Uniform(8));
        for (uint32_t i = Uniform(20); i > 0; --i) {
          take_back.add_feedback_ids(std::string(IdOf(DrawAnswer()).AsBytes()));
        }
        break;
      }
      case 12:
      case 13:
        return access_.Draw(view);
      case 14:
        DrawReplay(*command->mutable_replay_ledger());
        break;
      default: {
        std::vector<Answer> answers(1 + Uniform(Uniform(8) == 0 ? 40 : 4));
        for (Answer& answer : answers) {
          answer = DrawAnswer();
        }
        return SubmitCommand(answers, Uniform(2) == 0 ? absl::StrCat("import-", Uniform(3)) : "");
      }
    }
    return command;
  }

 private:
  uint32_t Uniform(uint32_t below) {
    return std::uniform_int_distribution<uint32_t>(0, below - 1)(random_);
  }
  uint32_t Survey() { return 1 + Uniform(6); }

  // Other dimensions and room.
  void DrawUpdate(const View& view, store::v1::StoredSurvey& survey) {
    survey = NpsSurvey("",
                       Uniform(2) == 0   ? std::vector<std::string>{"channel", "plan"}
                       : Uniform(2) == 0 ? std::vector<std::string>{"plan"}
                                         : std::vector<std::string>{"channel"},
                       2 + Uniform(9));
    survey.set_survey_number(Survey());
    for (const auto& [survey_id, known] : *view.catalog) {
      if (known->number() == survey.survey_number()) {
        survey.set_sequence(known->definition->sequence());
      }
    }
  }

  // Entries of another store's ledger, some twice, some of surveys and kinds that are not there.
  void DrawReplay(store::v1::ReplayLedgerCommand& command) {
    const Uuid entry_id = Uuid::LowestAt(1 + Uniform(200));
    command.set_entry_id(std::string(entry_id.AsBytes()));
    store::v1::StoredLedgerEntry& entry = *command.mutable_entry();
    entry.set_time_ms(kNoonMs);
    entry.set_mode(Uniform(2) == 0 ? v1::ERASE_MODE_DELETE : v1::ERASE_MODE_ANONYMIZE);
    switch (Uniform(8)) {
      case 0:
        entry.set_kind(store::v1::LEDGER_KIND_SURVEY_DELETED);
        entry.set_survey_id(absl::StrCat("s", Uniform(6)));
        break;
      case 1:
        entry.set_kind(store::v1::LEDGER_KIND_CUSTOMER_ERASED);
        entry.set_customer_hash(std::string(16, static_cast<char>(Uniform(3))));
        break;
      case 2:
        entry.set_kind(store::v1::LEDGER_KIND_KEY_REVOKED);
        entry.set_access_id(1 + Uniform(6));
        break;
      case 3:
        entry.set_kind(store::v1::LEDGER_KIND_ACTIVITY_ERASED);
        entry.set_activity_kind(absl::StrCat("kind", Uniform(3)));
        entry.set_record_id(std::string(entry_id.AsBytes()));
        entry.set_id_hash(std::string(16, static_cast<char>(Uniform(3))));
        break;
      default: {
        const Answer answer = DrawAnswer();
        entry.set_kind(store::v1::LEDGER_KIND_RECORD_ERASED);
        entry.set_survey_id(absl::StrCat("s", Uniform(6)));
        entry.set_record_id(std::string(IdOf(answer).AsBytes()));
        entry.set_id_hash(std::string(16, static_cast<char>(Uniform(3))));
        break;
      }
    }
  }

  // One id in eight has other content than its last time.
  Answer DrawAnswer() {
    const uint32_t id = Uniform(60);
    Answer answer{.survey = Survey(), .id = id, .time_ms = kNoonMs + id % 7 * 3'600'000};
    answer.score = static_cast<int32_t>((id + (Uniform(8) == 0 ? 1 : 0)) % 12);  // 11: refused.
    if (id % 2 == 0) answer.external_id = absl::StrCat("order-", id);
    if (id % 3 != 0) answer.customer_id = absl::StrCat("customer-", id % 11);
    if (id % 4 != 0) {
      answer.labels = {{"channel", absl::StrCat("c", id % 5)}, {"plan", absl::StrCat("p", id % 3)}};
    }
    if (id % 6 == 0) answer.exclusion = v1::EXCLUSION_REASON_STAFF;
    return answer;
  }

  void DrawCorrection(store::v1::CorrectCubeCommand& correct) {
    store::v1::CubeRowCorrection& row = *correct.add_rows();
    row.set_survey_number(Survey());
    row.set_unit(static_cast<uint32_t>(CubeUnit::kDay));
    row.set_bucket(19'783);
    row.set_added(EncodeCubeRow({{0, kCountedDisposition, 3, Uniform(2) == 0 ? 1 : -1}}));
  }

  Random& random_;
  ActivitySource activities_;
  AccessSource access_;
};

void CopyTree(rocksdb::Env* env, const std::string& from, const std::string& to) {
  ASSERT_TRUE(env->CreateDirIfMissing(to).ok());
  ASSERT_TRUE(env->CreateDirIfMissing(to + "/db").ok());
  for (const auto& [path, content] : ReadTree(env, from)) {
    if (path.find("LOCK") == std::string::npos) {
      ASSERT_TRUE(
          rocksdb::WriteStringToFile(env, content, absl::StrReplaceAll(path, {{from, to}})).ok());
    }
  }
}

// Rows of the cube are sums of pieces, and where one is written whole is not said; so their sums
// are compared, and a row of nothing is none. The same holds for sets, whose rows are what changes
// left. Everything else is compared byte by byte.
DatabaseDump Comparable(DatabaseDump dump) {
  std::map<std::string, std::string> rows;
  for (const auto& [key, value] : dump["cell"]) {
    std::optional<CubeCounts> counts = DecodeCubeRow(value);
    EXPECT_TRUE(counts.has_value());
    if (counts.has_value() && !counts->empty()) {
      rows[key] = EncodeCubeRow(*counts);
    }
  }
  dump["cell"] = std::exchange(rows, {});
  for (const auto& [key, value] : dump["active_set"]) {
    CustomerSetRow row;
    EXPECT_TRUE(row.Read(value));
    if (row.size() != 0) {
      rows[key] = row.Encode();
    }
  }
  dump["active_set"] = std::move(rows);
  return dump;
}

class GroupBorderTest : public ::testing::Test {
 protected:
  std::unique_ptr<Engine> OpenEngine(const std::string& directory) {
    Engine::Options options;
    options.directory = directory;
    options.env = env_.get();
    absl::StatusOr<std::unique_ptr<Engine>> engine = Engine::Open(options);
    EXPECT_OK(engine);
    return *std::move(engine);
  }

  DatabaseDump Dump(const std::string& directory) {
    return Comparable(PlainDatabase(env_.get(), directory, PlainDatabase::Mode::kRead).Dump());
  }

  // Runs random commands through a committer, which makes the follow-ups, over several starts.
  RecordedLog RunLive(const std::string& directory, Random& random) {
    RecordedLog log;
    for (int start = 0; start < 3; ++start) {
      const std::unique_ptr<Engine> engine = OpenEngine(directory);
      absl::StatusOr<std::unique_ptr<WorkingState>> state = WorkingState::Load(*engine);
      EXPECT_OK(state);
      CommandSource source(random, (*state)->hash());
      LocalQueue::Options options;
      options.applied_index = (*state)->applied_index();
      options.epoch = random() | 1;
      EXPECT_EQ(options.applied_index, log.size());
      Committer::Options committer_options;
      committer_options.on_failure = [](const absl::Status& status) {
        ADD_FAILURE() << "the committer stopped: " << status;
      };
      Committer committer(*engine, *std::move(state),
                          std::make_unique<RecordingQueue>(options, &log),
                          std::move(committer_options));
      for (int i = 0; i < 60; ++i) {
        absl::Notification done;
        committer.Enqueue(source.Draw(*committer.publisher().view()), false,
                          [&](CommandResult) { done.Notify(); });
        if (random() % 2 == 0) {
          done.WaitForNotification();
        } else {
          // Comes together with the next.
          absl::Notification other;
          committer.Enqueue(source.Draw(*committer.publisher().view()), false,
                            [&](CommandResult) { other.Notify(); });
          other.WaitForNotification();
          done.WaitForNotification();
        }
      }
    }
    return log;
  }

  // Applies the log in groups of random sizes. Up to two are applied before the first is written;
  // what was not is lost at a random restart, after which the store says where to go on.
  void Replay(const std::string& directory, const RecordedLog& log, Random& random) {
    uint64_t applied = 0;
    while (applied < log.size()) {
      const std::unique_ptr<Engine> engine = OpenEngine(directory);
      absl::StatusOr<std::unique_ptr<WorkingState>> loaded = WorkingState::Load(*engine);
      ASSERT_OK(loaded);
      WorkingState& state = **loaded;
      applied = state.applied_index();
      MergedRowAges ages;
      std::unique_ptr<WriteGroup> unwritten;
      const uint64_t stop = applied + 1 + random() % (2 * log.size());
      while (applied < std::min<uint64_t>(stop, log.size())) {
        auto group = std::make_unique<WriteGroup>(
            *engine, unwritten == nullptr ? nullptr : unwritten->entries());
        if (unwritten != nullptr && random() % 2 == 0) {
          ASSERT_OK(std::exchange(unwritten, nullptr)->Commit(ages, /*sync=*/false));
        }
        for (uint64_t left = 1 + random() % 12; left > 0 && applied < log.size(); --left) {
          store::v1::Command command;
          ASSERT_TRUE(command.ParseFromString(log[applied]));
          CommandResult result;
          ASSERT_OK(Apply(applied + 1, command, random() % 2 == 0, state, *group, result));
          ++applied;
        }
        state.PutCounters(*group);
        if (unwritten != nullptr) {
          ASSERT_OK(unwritten->Commit(ages, /*sync=*/false));
        }
        unwritten = std::move(group);
      }
      if (unwritten != nullptr && (applied == log.size() || random() % 2 == 0)) {
        ASSERT_OK(unwritten->Commit(ages, /*sync=*/false));
      } else {
        applied = 0;  // Asked of the store at the next start.
      }
    }
  }

  // Every step of a purge is proposed once.
  static void ExpectNoFollowUpTwice(const RecordedLog& log) {
    std::set<std::string> purges;
    for (const std::string& bytes : log) {
      store::v1::Command command;
      ASSERT_TRUE(command.ParseFromString(bytes));
      if (command.has_purge_survey() || command.has_purge_activity_kind()) {
        ASSERT_TRUE(purges.insert(bytes).second)
            << "a follow-up was proposed twice: " << command.ShortDebugString();
      }
    }
  }

  const std::unique_ptr<rocksdb::Env> env_{rocksdb::NewMemEnv(rocksdb::Env::Default())};
};

TEST_F(GroupBorderTest, ShowInNoByteOfTheStore) {
  Random random(testing::SeedFromEnvOrRandom());
  const int rounds = testing::CountFromEnvOr("EMPTYCHAIR_BORDER_ROUNDS", 20);
  for (int round = 0; round < rounds && !HasFailure(); ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    const std::string live = absl::StrCat("/live", round);
    const std::string copy = absl::StrCat("/copy", round);
    OpenEngine(live);
    // A copy shares the identity of the store.
    CopyTree(env_.get(), live, copy);
    const RecordedLog log = RunLive(live, random);
    ASSERT_NO_FATAL_FAILURE(ExpectNoFollowUpTwice(log));
    ASSERT_NO_FATAL_FAILURE(Replay(copy, log, random));
    const DatabaseDump expected = Dump(live);
    const DatabaseDump found = Dump(copy);
    for (const auto& [family, entries] : expected) {
      EXPECT_EQ(found.at(family), entries) << family;
    }
    for (const std::string& directory : {live, copy}) {
      for (const auto& [path, content] : ReadTree(env_.get(), directory)) {
        env_->DeleteFile(path).PermitUncheckedError();
      }
    }
  }
}

}  // namespace
}  // namespace emptychair::storage
