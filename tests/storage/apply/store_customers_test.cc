// Customers: each id has one number, also where two ids share the start of their hash.
#include <string>

#include "storage/format/keyed_hash.h"
#include "tests/storage/check/verify_harness.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class StoreCustomersTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    CreateSurvey(store(), NpsSurvey("pulse"));
  }

  std::string SubmitFrom(const std::string& customer_id) {
    return ToText(RunCommand(
                      store(),
                      SubmitCommand({{.id = ++last_id_, .score = 9, .customer_id = customer_id}}))
                      .outcomes)
        .front();
  }

  std::optional<uint32_t> NumberOf(const std::string& customer_id) {
    const auto number = store().records().CustomerOrdinal(*store().view(), customer_id);
    EXPECT_OK(number);
    return number.ok() ? *number : std::nullopt;
  }

  // Changes the stored entry under the hash of an id.
  void PutById(const std::string& customer_id, const std::string& value) {
    harness_.Close();
    {
      PlainDatabase database(harness_.env(), harness_.directory(), PlainDatabase::Mode::kWrite);
      store::v1::StoredIdentity identity;
      ASSERT_TRUE(DecodeMessage(database.Dump().at("meta").at(IdentityKey()), identity));
      KeyedHash::Secret secret;
      identity.hash_secret().copy(reinterpret_cast<char*>(secret.data()), secret.size());
      const IdHash hash = KeyedHash(secret)(HashPurpose::kCustomerId, customer_id);
      database.Put("customer", CustomerByIdKey(hash), value);
    }
    ASSERT_OK(harness_.Open());
  }

  uint64_t last_id_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Places, StoreCustomersTest,
                         ::testing::Values(Place::kMemory, Place::kDisk), PlaceName);

TEST_P(StoreCustomersTest, KeepTheirNumbers) {
  EXPECT_EQ(NumberOf("ann"), std::nullopt);
  for (int round = 0; round < 2; ++round) {
    for (const char* id : {"ann", "bob", "ann"}) {
      EXPECT_EQ(SubmitFrom(id), "accepted");
    }
    EXPECT_EQ(NumberOf("ann"), 1u);
    EXPECT_EQ(NumberOf("bob"), 2u);
    EXPECT_EQ(NumberOf("an"), std::nullopt);
    Reopen();
  }
  EXPECT_EQ(store().view()->counters.last_customer_ordinal(), 2u);
  EXPECT_THAT(FindFaults(harness_.Dump()), IsEmpty());
}

// Leaves a store with a fault.
class DamagedCustomersTest : public StoreCustomersTest {
 protected:
  void TearDown() override {}
};

INSTANTIATE_TEST_SUITE_P(Places, DamagedCustomersTest,
                         ::testing::Values(Place::kMemory, Place::kDisk), PlaceName);

TEST_P(DamagedCustomersTest, WhoShareAHashAreToldApartByTheirIds) {
  EXPECT_EQ(SubmitFrom("ann"), "accepted");
  PutById("bob", EncodeOrdinals({1}));
  EXPECT_EQ(NumberOf("bob"), std::nullopt);
  EXPECT_EQ(SubmitFrom("bob"), "accepted");
  Reopen();
  EXPECT_EQ(SubmitFrom("bob"), "accepted");
  EXPECT_EQ(NumberOf("ann"), 1u);
  EXPECT_EQ(NumberOf("bob"), 2u);
  EXPECT_EQ(store().view()->counters.last_customer_ordinal(), 2u);
  // The entry has both by now; of ann the check says that it is not under her hash.
  EXPECT_THAT(VerifyNow(store()).differences,
              ElementsAre("CUSTOMER customer 1: an entry by id whose key is not of its id / "
                          "the hash of the id"));
}

TEST_P(DamagedCustomersTest, WhoseEntryIsDamagedAreRefused) {
  EXPECT_EQ(SubmitFrom("ann"), "accepted");
  PutById("ann", "\x07");
  EXPECT_EQ(SubmitFrom("ann"), "STORE_DAMAGED");
  EXPECT_EQ(SubmitFrom("bob"), "accepted");
  EXPECT_FALSE(store().records().CustomerOrdinal(*store().view(), "ann").ok());
}

}  // namespace
}  // namespace emptychair::storage
