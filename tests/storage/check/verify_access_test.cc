// Verify names each kind of damage to keys and certificates.
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/key_id.h"
#include "storage/check/verify.h"
#include "storage/columns/column_cache.h"
#include "storage/engine/engine.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"
#include "storage/state/working_state.h"
#include "tests/storage/check/verify_harness.h"

namespace emptychair::storage {
namespace {

using store::v1::StoredAccess;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kSan[] = "dns:shop.example.org";

std::string NameHashKey(const KeyedHash& hash, const std::string& san) {
  return AccessByNameKey(hash(HashPurpose::kCertificate, san));
}

// Key 7, certificate 8, and 9, a certificate of the same name that was revoked.
void Fill(Store& store) {
  StoredAccess key;
  key.set_id(7);
  key.set_name("shop");
  key.set_role(v1::ROLE_READER);
  key.add_secrets()->set_hash(std::string(32, 'a'));
  StoredAccess certificate;
  certificate.set_name("till");
  certificate.set_role(v1::ROLE_READER);
  certificate.set_certificate_san(kSan);
  const auto create = [&](uint64_t id, StoredAccess& access) {
    access.set_id(id);
    auto command = NewCommand();
    *command->mutable_create_access()->mutable_access() = access;
    EXPECT_OK(RunCommand(store, std::move(command)).error);
  };
  create(7, key);
  create(9, certificate);
  auto revoke = NewCommand();
  revoke->mutable_revoke_access()->set_id(9);
  revoke->mutable_revoke_access()->set_time_ms(kNoonMs);
  EXPECT_OK(RunCommand(store, std::move(revoke)).error);
  create(8, certificate);
}

using Damage = std::function<void(rocksdb::DB&, rocksdb::ColumnFamilyHandle*, const KeyedHash&)>;

// What Verify finds when the family is damaged while the keys are in memory as they were.
std::vector<std::string> FoundWhileOpen(const Damage& damage) {
  const std::unique_ptr<rocksdb::Env> env(rocksdb::NewMemEnv(rocksdb::Env::Default()));
  StoreOptions options;
  options.directory = "/store";
  options.env = env.get();
  absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(std::move(options));
  EXPECT_OK(store);
  Fill(**store);
  store->reset();

  Engine::Options engine_options;
  engine_options.directory = "/store";
  engine_options.env = env.get();
  const absl::StatusOr<std::unique_ptr<Engine>> engine = Engine::Open(engine_options);
  EXPECT_OK(engine);
  const absl::StatusOr<std::unique_ptr<WorkingState>> state = WorkingState::Load(**engine);
  EXPECT_OK(state);
  const KeyedHash hash = (*state)->hash();
  damage(*(*engine)->db(), (*engine)->handle(Family::kAccess), hash);
  const std::shared_ptr<View> view = (*state)->MakeView();
  view->snapshot = std::make_shared<const Snapshot>((*engine)->db());
  ColumnCache columns(**engine, {});
  columns.Publish(view, ColumnChanges());
  std::vector<std::string> found;
  EXPECT_OK(Verify(
      **engine, hash, columns, *view, [](const TaskProgress&) { return absl::OkStatus(); },
      [&](const Difference& difference) {
        found.push_back(absl::StrCat(KindName(difference.kind), " ", difference.where, ": ",
                                     difference.stored, " / ", difference.expected));
        return absl::OkStatus();
      }));
  return found;
}

void Put(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family, const std::string& key,
         const std::string& value) {
  EXPECT_TRUE(db.Put(rocksdb::WriteOptions(), family, key, value).ok());
}

void Delete(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family, const std::string& key) {
  EXPECT_TRUE(db.Delete(rocksdb::WriteOptions(), family, key).ok());
}

StoredAccess Read(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family, uint64_t id) {
  std::string value;
  StoredAccess stored;
  EXPECT_TRUE(db.Get(rocksdb::ReadOptions(), family, AccessKey(id), &value).ok());
  EXPECT_TRUE(DecodeMessage(value, stored));
  return stored;
}

TEST(VerifyAccess, FindsNothingInASoundStore) {
  EXPECT_THAT(FoundWhileOpen([](auto&, auto*, auto&) {}), IsEmpty());
}

TEST(VerifyAccess, NamesWhatIsNotAsItIsInForce) {
  const std::string shop = absl::StrCat("the key ", KeyIdText(7));
  const std::string till = absl::StrCat("the key ", KeyIdText(8));
  const struct {
    const char* name;
    Damage damage;
    ::testing::Matcher<std::vector<std::string>> wanted;
  } rows[] = {
      {"an entry is gone", [](auto& db, auto* family, auto&) { Delete(db, family, AccessKey(7)); },
       ElementsAre(absl::StrCat("ACCESS_ENTRY ", shop, ":  / an entry"))},
      {"an entry may do more",
       [](auto& db, auto* family, auto&) {
         StoredAccess key = Read(db, family, 7);
         key.set_role(v1::ROLE_ADMIN);
         Put(db, family, AccessKey(7), EncodeMessage(key));
       },
       ElementsAre(absl::StrCat("ACCESS_ENTRY ", shop, ": an entry / what is in force"))},
      {"one that was revoked is in force again",
       [](auto& db, auto* family, auto&) {
         StoredAccess key = Read(db, family, 9);
         key.clear_revoke_time_ms();
         Put(db, family, AccessKey(9), EncodeMessage(key));
       },
       ElementsAre(
           absl::StrCat("ACCESS_ENTRY the key ", KeyIdText(9), ": an entry / what is in force"))},
      {"an entry is under another's id",
       [](auto& db, auto* family, auto&) {
         Put(db, family, AccessKey(5), EncodeMessage(Read(db, family, 7)));
       },
       ElementsAre(absl::StrCat("ACCESS_ENTRY the key ", KeyIdText(5), ": an entry / "))},
      {"an entry does not decode",
       [](auto& db, auto* family, auto&) { Put(db, family, AccessKey(7), "\x01\xff"); },
       ElementsAre("UNDECODABLE access: the entry under 010000000000000007: bytes that do not "
                   "decode / ",
                   absl::StrCat("ACCESS_ENTRY ", shop, ":  / an entry"))},
      {"a key of the family does not decode",
       [](auto& db, auto* family, auto&) { Put(db, family, "\x03", ""); },
       ElementsAre("UNDECODABLE access: the entry under 03: bytes that do not decode / ")},
      {"a certificate is not found by its name",
       [](auto& db, auto* family, auto& hash) { Delete(db, family, NameHashKey(hash, kSan)); },
       ElementsAre(
           absl::StrCat("ACCESS_INDEX the certificate of ", till, " by its name:  / an entry"))},
      {"a certificate's name leads to another",
       [](auto& db, auto* family, auto& hash) {
         Put(db, family, NameHashKey(hash, kSan), EncodeAccessId(9));
       },
       ElementsAre(
           absl::StrCat("ACCESS_INDEX a name of a certificate: the key ", KeyIdText(9), " / "),
           absl::StrCat("ACCESS_INDEX the certificate of ", till, " by its name:  / an entry"))},
      {"a name is there without a certificate",
       [](auto& db, auto* family, auto& hash) {
         Put(db, family, NameHashKey(hash, "dns:gone.example.org"), EncodeAccessId(7));
       },
       ElementsAre(absl::StrCat("ACCESS_INDEX a name of a certificate: ", shop, " / "))},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_THAT(FoundWhileOpen(row.damage), row.wanted);
  }
}

// The names are in the entries as well: a store that lost an index row still knows its
// certificates.
TEST(VerifyAccess, FindsAMissingNameAfterARestart) {
  DamageableStore store;
  Fill(store.store());
  const std::string by_name = NameHashKey(store.store().hash(), kSan);
  store.Damage(
      [&](PlainDatabase& database, const DatabaseDump&) { database.Delete("access", by_name); });
  EXPECT_THAT(VerifyNow(store.store()).differences,
              ElementsAre(absl::StrCat("ACCESS_INDEX the certificate of the key ", KeyIdText(8),
                                       " by its name:  / an entry")));
  ASSERT_NE(store.store().view()->access->FindCertificate(kSan), nullptr);
}

// Who may call is not guessed at: a server that cannot read a key does not start.
TEST(VerifyAccess, AStoreWithAKeyThatDoesNotDecodeIsNotOpened) {
  StoreHarness harness(Place::kMemory);
  ASSERT_OK(harness.Open());
  Fill(harness.store());
  harness.Close();
  const std::string good = harness.Dump().at("access").at(AccessKey(7));
  const auto put = [&](const std::string& value) {
    PlainDatabase(harness.env(), harness.directory(), PlainDatabase::Mode::kWrite)
        .Put("access", AccessKey(7), value);
  };
  StoredAccess other;
  other.set_id(8);
  for (const std::string& value : {std::string(), std::string("\x01\xff"), std::string("\x02"),
                                   EncodeMessage(other), EncodeMessage(StoredAccess())}) {
    put(value);
    const absl::Status refused = harness.Open();
    EXPECT_THAT(refused, testing::HasReason(v1::ERROR_REASON_STORE_DAMAGED));
    EXPECT_THAT(std::string(refused.message()), HasSubstr("a stored key"));
  }
  put(good);
  EXPECT_OK(harness.Open());
}

}  // namespace
}  // namespace emptychair::storage
