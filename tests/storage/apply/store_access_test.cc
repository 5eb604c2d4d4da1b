// Keys and certificates of callers, as commands change them and the store keeps them.
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/key_id.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "storage/format/changes.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"
#include "storage/read/access_table.h"
#include "tests/storage/check/verify_harness.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {
namespace {

using google::protobuf::util::MessageDifferencer;
using store::v1::StoredAccess;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::SizeIs;

constexpr int64_t kDayMs = 86'400'000;
constexpr char kSan[] = "uri:spiffe://example.org/shop";

std::string SecretHash(char byte) { return std::string(32, byte); }

// A submitter of survey 1 with a text.
StoredAccess AKey(uint64_t id, const std::string& name) {
  StoredAccess key;
  key.set_id(id);
  key.set_name(name);
  key.add_secrets()->set_hash(SecretHash('a'));
  key.set_role(v1::ROLE_SUBMITTER);
  key.add_survey_numbers(1);
  key.set_create_time_ms(kNoonMs);
  return key;
}

// The same with a certificate in the text's place.
StoredAccess ACertificate(uint64_t id, const std::string& name, const std::string& san = kSan) {
  StoredAccess key = AKey(id, name);
  key.clear_secrets();
  key.set_certificate_san(san);
  return key;
}

CommandResult Create(Store& store, const StoredAccess& key) {
  auto command = NewCommand();
  *command->mutable_create_access()->mutable_access() = key;
  return RunCommand(store, std::move(command));
}

CommandResult Update(Store& store, const StoredAccess& wanted) {
  auto command = NewCommand();
  *command->mutable_update_access()->mutable_access() = wanted;
  return RunCommand(store, std::move(command));
}

CommandResult Rotate(Store& store, uint64_t id, char byte, int64_t time_ms,
                     int64_t former_not_after_ms) {
  auto command = NewCommand();
  store::v1::RotateAccessCommand& rotate = *command->mutable_rotate_access();
  rotate.set_id(id);
  rotate.set_secret_hash(SecretHash(byte));
  rotate.set_time_ms(time_ms);
  rotate.set_former_not_after_ms(former_not_after_ms);
  return RunCommand(store, std::move(command));
}

CommandResult Revoke(Store& store, uint64_t id, int64_t time_ms = kNoonMs) {
  auto command = NewCommand();
  command->mutable_revoke_access()->set_id(id);
  command->mutable_revoke_access()->set_time_ms(time_ms);
  return RunCommand(store, std::move(command));
}

CommandResult Note(Store& store, uint64_t id, uint32_t day, int64_t records) {
  auto command = NewCommand();
  store::v1::AccessUse& use = *command->mutable_note_access()->add_uses();
  use.set_id(id);
  use.set_day(day);
  use.set_records_of_day(records);
  return RunCommand(store, std::move(command));
}

// As calls see it; null when there is none.
const StoredAccess* Find(const Store& store, uint64_t id) {
  const AccessEntry* entry = store.view()->access->Find(id);
  return entry == nullptr ? nullptr : entry->stored.get();
}

// All that is stored of keys, by key of the database.
std::map<std::string, std::string> Stored(const StoreHarness& harness) {
  return harness.Dump()["access"];
}

class StoreAccessTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    ASSERT_OK(CreateSurvey(store(), NpsSurvey("pulse")).error);
    ASSERT_OK(CreateSurvey(store(), NpsSurvey("other")).error);
  }

  uint64_t Sequence() { return store().view()->counters.sequence(); }

  // `run` is refused for the reason, and nothing at all changed.
  absl::Status Refused(const std::function<CommandResult()>& run, v1::ErrorReason reason) {
    const DatabaseDump before = harness_.Dump();
    const CommandResult result = run();
    EXPECT_THAT(result.error, testing::HasReason(reason));
    EXPECT_EQ(harness_.Dump(), before);
    return result.error;
  }
  void ExpectRefused(const std::function<CommandResult()>& run, v1::ErrorReason reason) {
    Refused(run, reason).IgnoreError();
  }
};

INSTANTIATE_TEST_SUITE_P(Places, StoreAccessTest, ::testing::Values(Place::kMemory, Place::kDisk),
                         PlaceName);

TEST_P(StoreAccessTest, AKeyIsThereWhenThatIsAnsweredAndAfterARestart) {
  StoredAccess key = AKey(7, "shop");
  key.mutable_limits()->set_records_per_day(1'000);
  key.set_creator_id(3);
  const uint64_t before = Sequence();
  const CommandResult made = Create(store(), key);
  ASSERT_OK(made.error);
  EXPECT_EQ(made.sequence, before + 1);
  key.set_sequence(made.sequence);
  EXPECT_TRUE(MessageDifferencer::Equals(*made.access, key));
  for (int start = 0; start < 2; ++start) {
    ASSERT_NE(Find(store(), 7), nullptr);
    EXPECT_TRUE(MessageDifferencer::Equals(*Find(store(), 7), key));
    EXPECT_THAT(*store().view()->access->Find(7)->surveys, ElementsAre(1));
    EXPECT_EQ(Find(store(), 8), nullptr);
    Reopen();
  }
  EXPECT_THAT(Stored(harness_), ElementsAre(::testing::Pair(AccessKey(7), EncodeMessage(key))));
}

TEST_P(StoreAccessTest, ACertificateIsFoundByItsNameWhileItIsInForce) {
  ASSERT_OK(Create(store(), ACertificate(7, "shop")).error);
  const std::string by_name = AccessByNameKey(store().hash()(HashPurpose::kCertificate, kSan));
  for (int start = 0; start < 2; ++start) {
    const AccessEntry* found = store().view()->access->FindCertificate(kSan);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->stored->id(), 7u);
    EXPECT_EQ(Stored(harness_).at(by_name), EncodeAccessId(7));
    Reopen();
  }
  ASSERT_OK(Revoke(store(), 7).error);
  for (int start = 0; start < 2; ++start) {
    EXPECT_EQ(store().view()->access->FindCertificate(kSan), nullptr);
    EXPECT_THAT(Stored(harness_), SizeIs(1));
    Reopen();
  }
}

TEST_P(StoreAccessTest, TakesTheChangeLogsNumbersUnderItsOwnEntity) {
  const uint64_t before = Sequence();
  ASSERT_OK(Create(store(), AKey(0x0123456789abcdef, "shop")).error);
  StoredAccess wanted = *Find(store(), 0x0123456789abcdef);
  wanted.set_role(v1::ROLE_READER);
  ASSERT_OK(Update(store(), wanted).error);
  ASSERT_OK(Rotate(store(), wanted.id(), 'b', kNoonMs, kNoonMs + kDayMs).error);
  ASSERT_OK(Revoke(store(), wanted.id()).error);
  // A use takes none.
  ASSERT_OK(Note(store(), wanted.id(), 20'000, 5).error);
  std::vector<ChangeLogEntry> changes;
  ASSERT_OK(store().changes().Read(
      *store().view(), before, [&](uint64_t, const ChangeLogEntry& change) -> absl::StatusOr<bool> {
        changes.push_back(change);
        return true;
      }));
  const Uuid id = *Uuid::Parse("00000000-0000-0000-0123-456789abcdef");
  EXPECT_THAT(changes, ElementsAre(ChangeLogEntry{ChangeKind::kCreated, Entity::kAccess, 0, id},
                                   ChangeLogEntry{ChangeKind::kChanged, Entity::kAccess, 0, id},
                                   ChangeLogEntry{ChangeKind::kChanged, Entity::kAccess, 0, id},
                                   ChangeLogEntry{ChangeKind::kDeleted, Entity::kAccess, 0, id}));
  EXPECT_EQ(Find(store(), wanted.id())->sequence(), before + 4);
}

TEST_P(StoreAccessTest, NamesIdsAndCertificatesBelongToOne) {
  ASSERT_OK(Create(store(), AKey(7, "shop")).error);
  ASSERT_OK(Create(store(), ACertificate(8, "till")).error);
  const absl::Status name =
      Refused([this] { return Create(store(), AKey(9, "till")); }, v1::ERROR_REASON_KEY_EXISTS);
  EXPECT_THAT(name, testing::HasField("key.name"));
  EXPECT_EQ(MetadataOf(name).at("key_id"), KeyIdText(8));
  const absl::Status san = Refused([this] { return Create(store(), ACertificate(9, "new")); },
                                   v1::ERROR_REASON_KEY_EXISTS);
  EXPECT_THAT(san, testing::HasField("key.certificate_san"));
  EXPECT_EQ(MetadataOf(san).at("key_id"), KeyIdText(8));
  ExpectRefused([this] { return Create(store(), AKey(7, "new")); }, v1::ERROR_REASON_KEY_EXISTS);
  StoredAccess renamed = *Find(store(), 7);
  renamed.set_name("till");
  EXPECT_THAT(Refused([&] { return Update(store(), renamed); }, v1::ERROR_REASON_KEY_EXISTS),
              testing::HasField("key.name"));
  // Of one that is revoked both are free again, but not its id.
  ASSERT_OK(Revoke(store(), 8).error);
  ASSERT_OK(Update(store(), renamed).error);
  ASSERT_OK(Create(store(), ACertificate(9, "new")).error);
  ExpectRefused([this] { return Create(store(), AKey(8, "newer")); }, v1::ERROR_REASON_KEY_EXISTS);
  EXPECT_EQ(store().view()->access->FindCertificate(kSan)->stored->id(), 9u);
  EXPECT_EQ(Find(store(), 8)->name(), "till");
}

TEST_P(StoreAccessTest, AnUpdateChangesWhatItMayAndNothingElse) {
  ASSERT_OK(Create(store(), AKey(7, "shop")).error);
  StoredAccess wanted = *Find(store(), 7);
  // Nothing is changed by saying it again, whatever state it was made from.
  wanted.set_sequence(1);
  const uint64_t before = Sequence();
  const CommandResult same = Update(store(), wanted);
  ASSERT_OK(same.error);
  EXPECT_EQ(same.access->sequence(), before);
  EXPECT_EQ(Sequence(), before);

  wanted.set_name("dashboard");
  wanted.set_role(v1::ROLE_READER);
  wanted.clear_survey_numbers();
  wanted.set_all_surveys(true);
  wanted.set_expire_time_ms(kNoonMs + kDayMs);
  wanted.mutable_limits()->set_calls_per_second(5);
  ExpectRefused([&] { return Update(store(), wanted); }, v1::ERROR_REASON_ETAG_MISMATCH);
  wanted.set_sequence(before);
  StoredAccess expected = wanted;
  expected.set_sequence(before + 1);
  // These an update has no say in.
  wanted.mutable_secrets(0)->set_hash(SecretHash('z'));
  wanted.set_certificate_san(kSan);
  wanted.set_create_time_ms(1);
  wanted.set_revoke_time_ms(1);
  wanted.set_creator_id(1);
  wanted.set_last_use_day(1);
  ASSERT_OK(Update(store(), wanted).error);
  for (int start = 0; start < 2; ++start) {
    EXPECT_TRUE(MessageDifferencer::Equals(*Find(store(), 7), expected))
        << Find(store(), 7)->DebugString();
    EXPECT_EQ(store().view()->access->FindCertificate(kSan), nullptr);
    Reopen();
  }
}

TEST_P(StoreAccessTest, ASurveyThatIsNotThereIsGivenToNobody) {
  StoredAccess key = AKey(7, "shop");
  key.add_survey_numbers(3);
  ExpectRefused([&] { return Create(store(), key); }, v1::ERROR_REASON_SURVEY_NOT_FOUND);
  ASSERT_OK(Create(store(), AKey(7, "shop")).error);
  StoredAccess wanted = *Find(store(), 7);
  wanted.add_survey_numbers(3);
  ExpectRefused([&] { return Update(store(), wanted); }, v1::ERROR_REASON_SURVEY_NOT_FOUND);
}

TEST_P(StoreAccessTest, OfOneThatIsNotThereNothingIsChanged) {
  ExpectRefused([this] { return Update(store(), AKey(9, "x")); }, v1::ERROR_REASON_KEY_NOT_FOUND);
  ExpectRefused([this] { return Rotate(store(), 9, 'b', kNoonMs, kNoonMs + 1); },
                v1::ERROR_REASON_KEY_NOT_FOUND);
  const absl::Status status =
      Refused([this] { return Revoke(store(), 9); }, v1::ERROR_REASON_KEY_NOT_FOUND);
  EXPECT_EQ(MetadataOf(status).at("key_id"), KeyIdText(9));
}

TEST_P(StoreAccessTest, TwoTextsWorkAtMost) {
  ASSERT_OK(Create(store(), AKey(7, "shop")).error);
  ASSERT_OK(Rotate(store(), 7, 'b', kNoonMs, kNoonMs + kDayMs).error);
  const auto texts = [this] {
    std::vector<std::pair<char, int64_t>> of_key;
    for (const store::v1::StoredKeySecret& secret : Find(store(), 7)->secrets()) {
      EXPECT_EQ(secret.hash(), SecretHash(secret.hash()[0]));
      of_key.emplace_back(secret.hash()[0], secret.not_after_ms());
    }
    return of_key;
  };
  using ::testing::Pair;
  EXPECT_THAT(texts(), ElementsAre(Pair('b', 0), Pair('a', kNoonMs + kDayMs)));
  // Until the former has ended, to the millisecond.
  EXPECT_THAT(Refused([this] { return Rotate(store(), 7, 'c', kNoonMs + kDayMs - 1, kNoonMs * 2); },
                      v1::ERROR_REASON_FIELD_INVALID),
              testing::HasField("key_id"));
  ASSERT_OK(Rotate(store(), 7, 'c', kNoonMs + kDayMs, kNoonMs + 2 * kDayMs).error);
  Reopen();
  EXPECT_THAT(texts(), ElementsAre(Pair('c', 0), Pair('b', kNoonMs + 2 * kDayMs)));
  // No time at all for the former.
  ASSERT_OK(Rotate(store(), 7, 'd', kNoonMs + 3 * kDayMs, kNoonMs + 3 * kDayMs).error);
  EXPECT_THAT(texts(), ElementsAre(Pair('d', 0)));
}

TEST_P(StoreAccessTest, ACertificateHasNoTextToRotate) {
  ASSERT_OK(Create(store(), ACertificate(7, "shop")).error);
  EXPECT_THAT(Refused([this] { return Rotate(store(), 7, 'b', kNoonMs, kNoonMs + 1); },
                      v1::ERROR_REASON_FIELD_INVALID),
              testing::HasField("key_id"));
}

TEST_P(StoreAccessTest, ARevokedOneStaysAsItIs) {
  ASSERT_OK(Create(store(), AKey(7, "shop")).error);
  ASSERT_OK(Revoke(store(), 7, kNoonMs + 5).error);
  const DatabaseDump revoked = harness_.Dump();
  const CommandResult again = Revoke(store(), 7, kNoonMs + 99);
  ASSERT_OK(again.error);
  EXPECT_EQ(again.access->revoke_time_ms(), kNoonMs + 5);
  EXPECT_EQ(harness_.Dump(), revoked);
  StoredAccess wanted = *Find(store(), 7);
  wanted.set_name("again");
  wanted.clear_revoke_time_ms();
  ExpectRefused([&] { return Update(store(), wanted); }, v1::ERROR_REASON_FIELD_INVALID);
  ExpectRefused([this] { return Rotate(store(), 7, 'b', kNoonMs + 6, kNoonMs + 7); },
                v1::ERROR_REASON_FIELD_INVALID);
  Reopen();
  EXPECT_EQ(Find(store(), 7)->revoke_time_ms(), kNoonMs + 5);
}

TEST_P(StoreAccessTest, ANotedDayNeverGoesBack) {
  ASSERT_OK(Create(store(), AKey(7, "shop")).error);
  const uint64_t sequence = Sequence();
  const auto noted = [this] {
    return std::make_pair(Find(store(), 7)->last_use_day(), Find(store(), 7)->records_of_day());
  };
  ASSERT_OK(Note(store(), 7, 20'000, 5).error);
  EXPECT_EQ(noted(), std::make_pair(20'000u, int64_t{5}));
  ASSERT_OK(Note(store(), 7, 20'000, 9).error);
  EXPECT_EQ(noted(), std::make_pair(20'000u, int64_t{9}));
  ASSERT_OK(Note(store(), 7, 19'999, 100).error);
  EXPECT_EQ(noted(), std::make_pair(20'000u, int64_t{9}));
  // The next day begins anew.
  ASSERT_OK(Note(store(), 7, 20'001, 2).error);
  // One that is not there is passed over.
  ASSERT_OK(Note(store(), 8, 20'001, 2).error);
  for (int start = 0; start < 2; ++start) {
    EXPECT_EQ(noted(), std::make_pair(20'001u, int64_t{2}));
    // It changes no etag.
    EXPECT_EQ(Sequence(), sequence);
    EXPECT_EQ(Find(store(), 7)->sequence(), sequence);
    EXPECT_THAT(Stored(harness_), SizeIs(1));
    Reopen();
  }
}

// Calls hold the table while it changes.
TEST_P(StoreAccessTest, ATableThatIsHeldStaysAsItIs) {
  ASSERT_OK(Create(store(), AKey(7, "shop")).error);
  const std::shared_ptr<const AccessTable> held = store().view()->access;
  SubmitOne(store(), {.id = 1, .score = 9});
  EXPECT_EQ(store().view()->access, held);
  ASSERT_OK(Revoke(store(), 7).error);
  ASSERT_OK(Create(store(), AKey(8, "till")).error);
  EXPECT_NE(store().view()->access, held);
  EXPECT_THAT(held->entries(), SizeIs(1));
  EXPECT_EQ(held->Find(7)->stored->revoke_time_ms(), 0);
}

TEST_P(StoreAccessTest, WhoeverListensIsToldOfEachChangeOfKeysAndOfNoOther) {
  std::vector<size_t> sizes;
  store().ListenToAccess([&] { sizes.push_back(store().view()->access->entries().size()); });
  ASSERT_OK(Create(store(), AKey(7, "shop")).error);
  SubmitOne(store(), {.id = 1, .score = 9});
  ASSERT_OK(Create(store(), AKey(8, "till")).error);
  store().ListenToAccess(nullptr);
  ASSERT_OK(Revoke(store(), 8).error);
  EXPECT_THAT(sizes, ElementsAre(1, 2));
}

// Keys are beside the facts: nothing that queries read is touched.
TEST_P(StoreAccessTest, LeavesAllElseAsItIs) {
  Submit(store(), {{.id = 1, .score = 9, .external_id = "a", .customer_id = "ann"},
                   {.id = 2, .score = 3, .customer_id = "bob"}});
  DatabaseDump before = harness_.Dump();
  const store::v1::StoredCounters counters = store().view()->counters;
  ASSERT_OK(Create(store(), AKey(7, "shop")).error);
  ASSERT_OK(Create(store(), ACertificate(8, "till")).error);
  ASSERT_OK(Note(store(), 7, 20'000, 5).error);
  ASSERT_OK(Rotate(store(), 7, 'b', kNoonMs, kNoonMs + 1).error);
  ASSERT_OK(Revoke(store(), 8).error);
  EXPECT_EQ(store().view()->counters.feedback_count(), counters.feedback_count());
  EXPECT_EQ(store().view()->counters.sequence(), counters.sequence() + 4);
  DatabaseDump after = harness_.Dump();
  for (DatabaseDump* dump : {&before, &after}) {
    for (const char* family : {"access", "change", "ledger"}) {
      dump->erase(family);
    }
    dump->at("meta").erase(CountersKey());
    dump->at("meta").erase(EpochsKey());
  }
  EXPECT_EQ(after, before);
  EXPECT_EQ(CountInCube(store(), *store().view(), "pulse", 0, kNoonMs * 2), 2);
  EXPECT_THAT(VerifyNow(store()).differences, IsEmpty());
}

// A store in memory with entries that were put there without commands.
class ManyKeysTest : public ::testing::Test {
 protected:
  ManyKeysTest() { EXPECT_OK(CreateSurvey(store_.store(), NpsSurvey("pulse")).error); }

  // Entries of the ids from `first` on; `change` is applied to each.
  void Put(uint64_t first, uint64_t count,
           const std::function<void(uint64_t id, StoredAccess& key)>& change) {
    store_.Damage([&](PlainDatabase& database, const DatabaseDump&) {
      for (uint64_t id = first; id < first + count; ++id) {
        StoredAccess key = AKey(id, absl::StrCat("key ", id));
        change(id, key);
        key.set_sequence(1);
        database.Put("access", AccessKey(id), EncodeMessage(key));
      }
    });
  }

  Store& store() { return store_.store(); }
  size_t size() { return store().view()->access->entries().size(); }

  DamageableStore store_;
};

TEST_F(ManyKeysTest, TenThousandAreTheMost) {
  Put(1, kAccessEntriesMax - 1, [](uint64_t, StoredAccess&) {});
  ASSERT_OK(Create(store(), AKey(20'000, "the last")).error);
  EXPECT_EQ(size(), kAccessEntriesMax);
  const DatabaseDump before = store_.Dump();
  const absl::Status refused = Create(store(), AKey(20'001, "one more")).error;
  EXPECT_THAT(refused, testing::HasReason(v1::ERROR_REASON_LIMIT_REACHED));
  EXPECT_EQ(MetadataOf(refused),
            (std::map<std::string, std::string>{{"limit", "10000"}, {"what", "keys"}}));
  EXPECT_EQ(store_.Dump(), before);
  // What there is can be changed and revoked all the same.
  StoredAccess renamed = *Find(store(), 20'000);
  renamed.set_name("renamed");
  EXPECT_OK(Update(store(), renamed).error);
  // One that is revoked makes room.
  EXPECT_OK(Revoke(store(), 5).error);
  EXPECT_OK(Create(store(), AKey(20'001, "one more")).error);
  EXPECT_EQ(Find(store(), 5), nullptr);
  EXPECT_EQ(size(), kAccessEntriesMax);
  EXPECT_THAT(VerifyNow(store()).differences, IsEmpty());
}

TEST_F(ManyKeysTest, TheFirstRevokedIsForgottenFirstWhereThereIsNoRoom) {
  // Revoked lately, those of higher ids earlier.
  Put(1, kAccessEntriesMax, [](uint64_t id, StoredAccess& key) {
    if (id <= 3) {
      key.set_revoke_time_ms(kNoonMs - static_cast<int64_t>(id));
    }
  });
  for (const uint64_t forgotten : {3, 2, 1}) {
    ASSERT_NE(Find(store(), forgotten), nullptr);
    ASSERT_OK(Create(store(), AKey(20'000 + forgotten, absl::StrCat("new ", forgotten))).error);
    EXPECT_EQ(Find(store(), forgotten), nullptr);
    EXPECT_EQ(size(), kAccessEntriesMax);
  }
  EXPECT_THAT(Create(store(), AKey(20'000, "new")).error,
              testing::HasReason(v1::ERROR_REASON_LIMIT_REACHED));
}

TEST_F(ManyKeysTest, WhatWasRevokedMoreThan400DaysAgoGoesWhenAKeyIsMade) {
  Put(1, 4, [](uint64_t id, StoredAccess& key) {
    if (id <= 3) {
      // To the millisecond: 2 and 3 are 400 days ago, 1 is not quite.
      key.set_revoke_time_ms(kNoonMs - 400 * kDayMs + 2 - static_cast<int64_t>(id));
    }
  });
  // Nothing else drops them.
  ASSERT_OK(Revoke(store(), 4).error);
  EXPECT_EQ(size(), 4u);
  ASSERT_OK(Create(store(), AKey(5, "new")).error);
  EXPECT_EQ(Find(store(), 2), nullptr);
  EXPECT_EQ(Find(store(), 3), nullptr);
  EXPECT_NE(Find(store(), 1), nullptr);
  EXPECT_NE(Find(store(), 4), nullptr);
  EXPECT_THAT(store_.Dump().at("access"), SizeIs(3));
  // Their ids are free again, as a new one may happen to be the same.
  EXPECT_OK(Create(store(), AKey(2, "key 2")).error);
}

}  // namespace
}  // namespace emptychair::storage
