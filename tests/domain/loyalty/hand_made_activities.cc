#include "tests/domain/loyalty/hand_made_activities.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "absl/time/civil_time.h"
#include "common/base/local_day.h"
#include "common/base/uuid.h"
#include "common/base/zone_rules.h"
#include "gtest/gtest.h"
#include "storage/format/activities.h"
#include "storage/format/customer_set.h"
#include "storage/format/values.h"
#include "storage/read/erasing_customers.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair::testing {
namespace {

using storage::CubeUnit;
using storage::CustomerSet;
using storage::CustomerSetKey;
using storage::Family;

std::unique_ptr<storage::Engine> OpenEngine(rocksdb::Env* env) {
  storage::Engine::Options options;
  options.directory = "/store";
  options.env = env;
  auto engine = storage::Engine::Open(options);
  EXPECT_OK(engine);
  return *std::move(engine);
}

// Sets by their keys; all of a kind's.
class Sets {
 public:
  explicit Sets(uint32_t kind_number) : kind_number_(kind_number) {}

  void Add(CustomerSet set, CubeUnit unit, int32_t bucket, uint32_t customer) {
    const CustomerSetKey key{kind_number_, set, unit, bucket,
                             static_cast<uint16_t>(customer / storage::kCustomersPerChunk)};
    rows_[key.Encode()].Add(static_cast<uint16_t>(customer % storage::kCustomersPerChunk));
  }
  void Add(CustomerSet set, absl::CivilDay day, uint32_t customer) {
    Add(set, CubeUnit::kDay, static_cast<int32_t>(day - absl::CivilDay(1970, 1, 1)), customer);
    Add(set, CubeUnit::kMonth,
        static_cast<int32_t>(absl::CivilMonth(day) - absl::CivilMonth(1970, 1)), customer);
  }
  const std::map<std::string, storage::CustomerSetRow>& rows() const { return rows_; }

 private:
  const uint32_t kind_number_;
  std::map<std::string, storage::CustomerSetRow> rows_;
};

}  // namespace

HandMadeActivities::HandMadeActivities()
    : env_(rocksdb::NewMemEnv(rocksdb::Env::Default())),
      engine_(OpenEngine(env_.get())),
      reader_(*engine_),
      hash_(storage::KeyedHash::Secret{}),
      records_(*engine_, hash_),
      columns_(*engine_, {.bytes_max = 0}) {}

void HandMadeActivities::AddKind(const std::string& kind, const std::string& time_zone) {
  auto definition = std::make_shared<store::v1::StoredActivityKind>();
  definition->set_kind_number(static_cast<uint32_t>(kinds_.size() + 1));
  definition->set_kind(kind);
  definition->set_time_zone(time_zone);
  auto view = std::make_shared<storage::ActivityKindView>();
  view->definition = std::move(definition);
  kinds_[kind] = std::move(view);
}

void HandMadeActivities::Write(uint32_t kind_number, const std::vector<Deed>& deeds) {
  absl::TimeZone zone;
  for (const auto& [name, kind] : kinds_) {
    if (kind->number() == kind_number) {
      zone = *LoadZone(kind->definition->time_zone());
    }
  }
  Sets sets(kind_number);
  std::map<std::pair<uint32_t, absl::CivilDay>, int> done;
  std::map<uint32_t, std::pair<absl::CivilDay, absl::CivilDay>> first_ever;  // And positive.
  uint64_t ids = 0;
  for (const Deed& deed : deeds) {
    const absl::Time time = absl::FromUnixMillis(deed.unix_ms);
    storage::ActivityHeader header;
    header.customer_ordinal = deed.customer;
    header.zone_offset_seconds = DayOffsetSeconds(zone, time);
    header.sequence = ++ids;
    if (deed.units.has_value()) {
      header.amount = storage::Amount{.units = *deed.units};
      std::copy_n(deed.currency.begin(), header.amount->currency.size(),
                  header.amount->currency.begin());
    }
    store::v1::StoredActivity body;
    body.set_activity_id(std::to_string(ids));
    std::array<uint8_t, 10> entropy{};
    for (size_t i = 0; i < sizeof(ids); ++i) {
      entropy[9 - i] = static_cast<uint8_t>(ids >> (8 * i));
    }
    const auto value = storage::EncodeActivity(header, body);
    const auto key =
        storage::ActivityKey{kind_number, Uuid::MakeV7(deed.unix_ms, entropy)}.Encode();
    EXPECT_TRUE(engine_->db()->Put({}, engine_->handle(Family::kActivity), key, value).ok());

    const absl::CivilDay day(
        absl::ToCivilSecond(time + absl::Seconds(header.zone_offset_seconds), absl::UTCTimeZone()));
    sets.Add(CustomerSet::kActive, day, deed.customer);
    if (++done[{deed.customer, day}] == 2) {
      sets.Add(CustomerSet::kTwice, CubeUnit::kDay,
               static_cast<int32_t>(day - absl::CivilDay(1970, 1, 1)), deed.customer);
    }
    auto& [first, first_positive] =
        first_ever.try_emplace(deed.customer, absl::CivilDay::max(), absl::CivilDay::max())
            .first->second;
    first = std::min(first, day);
    if (header.is_positive()) {
      sets.Add(CustomerSet::kActivePositive, day, deed.customer);
      first_positive = std::min(first_positive, day);
    }
  }
  for (const auto& [customer, firsts] : first_ever) {
    sets.Add(CustomerSet::kFirstEver, firsts.first, customer);
    if (firsts.second != absl::CivilDay::max()) {
      sets.Add(CustomerSet::kFirstEverPositive, firsts.second, customer);
    }
  }
  for (const auto& [key, row] : sets.rows()) {
    EXPECT_TRUE(
        engine_->db()->Put({}, engine_->handle(Family::kActiveSet), key, row.Encode()).ok());
  }
}

void HandMadeActivities::WriteCustomer(uint32_t customer,
                                       const std::map<std::string, std::string>& attributes) {
  store::v1::StoredCustomer stored;
  stored.set_customer_id("c" + std::to_string(customer));
  for (const auto& [key, value] : attributes) {
    store::v1::StoredLabel& attribute = *stored.add_attributes();
    attribute.set_key(key);
    attribute.set_value(value);
  }
  EXPECT_TRUE(engine_->db()
                  ->Put({}, engine_->handle(Family::kCustomer),
                        storage::CustomerByOrdinalKey(customer), storage::EncodeMessage(stored))
                  .ok());
}

void HandMadeActivities::PutRow(const CustomerSetKey& key, const std::string& bytes) {
  EXPECT_TRUE(
      engine_->db()->Put({}, engine_->handle(Family::kActiveSet), key.Encode(), bytes).ok());
}

std::shared_ptr<const storage::View> HandMadeActivities::view() {
  auto view = std::make_shared<storage::View>();
  view->kinds = std::make_shared<const storage::ActivityKinds>(kinds_);
  view->erasing = std::make_shared<const storage::ErasingCustomers>(erasing_, erasing_);
  view->snapshot = std::make_shared<const storage::Snapshot>(engine_->db());
  return view;
}

}  // namespace emptychair::testing
