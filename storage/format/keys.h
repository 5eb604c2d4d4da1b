// The one place that knows the bytes of keys. docs/storage_format.md has the same as a
// specification, with test vectors.
//
// Integers are big-endian so that keys sort by value; signed ones are biased by 2^31. Keys hold no
// text: ids stand in them as keyed hashes, because keys outlive the deletion of their data.
// Decoders accept exactly what the builders make and answer nothing for any other bytes.
#ifndef EMPTYCHAIR_STORAGE_FORMAT_KEYS_H_
#define EMPTYCHAIR_STORAGE_FORMAT_KEYS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "common/base/uuid.h"

namespace emptychair::storage {

// A keyed hash of an id; see KeyedHash.
using IdHash = std::array<uint8_t, 16>;

// The start of one, in keys whose entries lead to the text to compare with: two ids may share it.
using ShortHash = std::array<uint8_t, 8>;
ShortHash Shortened(const IdHash& hash);

// The resolution of a row of the cube. On disk: DO NOT CHANGE.
enum class CubeUnit : uint8_t {
  kHour = 1,   // Hours of UTC since 1970.
  kDay = 2,    // Local days since 1970-01-01.
  kMonth = 3,  // Local months since 1970-01.
};
inline constexpr std::array<CubeUnit, 3> kCubeUnits = {CubeUnit::kHour, CubeUnit::kDay,
                                                       CubeUnit::kMonth};

// Series are stored in rows of so many. On disk: DO NOT CHANGE.
inline constexpr uint32_t kSeriesPerChunk = 1024;

// Column family `meta`.
std::string FormatKey();
std::string IdentityKey();
std::string CountersKey();
std::string EpochsKey();
// What is kept of a deleted survey.
std::string FormerSurveyKey(uint32_t survey_number);
// Prefix of every FormerSurveyKey.
std::string FormerSurveyKeyPrefix();
std::optional<uint32_t> DecodeFormerSurveyKey(absl::string_view key);
// An import.
std::string ImportKey(uint32_t import_number);
// Prefix of every ImportKey.
std::string ImportKeyPrefix();
std::optional<uint32_t> DecodeImportKey(absl::string_view key);
// The second copy of a series; see SeriesKey.
struct SeriesKey;
std::string SeriesCopyKey(const SeriesKey& key);
// Prefixes of such keys, of all surveys and of one.
std::string SeriesCopyKeyPrefix();
std::string SeriesCopyKeyPrefix(uint32_t survey_number);
std::optional<SeriesKey> DecodeSeriesCopyKey(absl::string_view key);
std::string SurveyKey(uint32_t survey_number);
// Prefix of every SurveyKey.
std::string SurveyKeyPrefix();
std::optional<uint32_t> DecodeSurveyKey(absl::string_view key);

// Prefix of every key of a survey in `feedback`, `feedback_by_external_id`, `series` and
// `cell`.
std::string SurveyDataPrefix(uint32_t survey_number);

// Column family `feedback`: survey, then the id, whose time comes first.
struct FeedbackKey {
  uint32_t survey_number = 0;
  Uuid feedback_id;

  std::string Encode() const;
  static std::optional<FeedbackKey> Decode(absl::string_view key);
  friend bool operator==(const FeedbackKey&, const FeedbackKey&) = default;
};

// The start of a feedback_id: its time and 16 bits more.
using IdStart = std::array<uint8_t, 8>;
IdStart StartOf(const Uuid& feedback_id);

// Prefix of the keys in `feedback` of the survey's records whose ids start so.
std::string FeedbackKeyPrefix(uint32_t survey_number, const IdStart& id_start);

// Column family `feedback_by_customer`: leads to those records of the survey whose ids start so and
// that are the customer's, which is almost always one.
struct FeedbackByCustomerKey {
  uint32_t customer_ordinal = 0;
  IdStart id_start{};
  uint32_t survey_number = 0;  // A varint.

  std::string Encode() const;
  static std::optional<FeedbackByCustomerKey> Decode(absl::string_view key);
  friend bool operator==(const FeedbackByCustomerKey&, const FeedbackByCustomerKey&) = default;
};

// Prefix of such keys of a customer.
std::string CustomerFeedbackPrefix(uint32_t customer_ordinal);
// Prefixes of such keys: of a customer from a time on, for the ends of ranges, and of all surveys.
std::string CustomerTimePrefix(uint32_t customer_ordinal, int64_t unix_ms);
std::string CustomerIdPrefix(uint32_t customer_ordinal, const IdStart& id_start);

// Column family `feedback_by_external_id`.
struct ExternalIdKey {
  uint32_t survey_number = 0;
  ShortHash external_id_hash{};

  std::string Encode() const;
  static std::optional<ExternalIdKey> Decode(absl::string_view key);
  friend bool operator==(const ExternalIdKey&, const ExternalIdKey&) = default;
};

// Column family `series`.
struct SeriesKey {
  uint32_t survey_number = 0;
  uint32_t series = 0;

  std::string Encode() const;
  static std::optional<SeriesKey> Decode(absl::string_view key);
  friend bool operator==(const SeriesKey&, const SeriesKey&) = default;
};

// Column family `cell`: a row of the cube.
struct CubeRowKey {
  uint32_t survey_number = 0;
  CubeUnit unit = CubeUnit::kHour;
  int32_t bucket = 0;  // Of `unit`.
  uint16_t chunk = 0;  // Series number / kSeriesPerChunk.

  std::string Encode() const;
  static std::optional<CubeRowKey> Decode(absl::string_view key);
  friend bool operator==(const CubeRowKey&, const CubeRowKey&) = default;

  template <typename H>
  friend H AbslHashValue(H h, const CubeRowKey& key) {
    return H::combine(std::move(h), key.survey_number, key.unit, key.bucket, key.chunk);
  }
};

// A customer whose erasure is not through, in `meta`.
std::string ErasureKey(uint32_t customer_ordinal);
// Prefix of every ErasureKey.
std::string ErasureKeyPrefix();
std::optional<uint32_t> DecodeErasureKey(absl::string_view key);

// An activity kind, in `meta`.
std::string ActivityKindKey(uint32_t kind_number);
// Prefix of every ActivityKindKey.
std::string ActivityKindKeyPrefix();
std::optional<uint32_t> DecodeActivityKindKey(absl::string_view key);

// Prefix of every key of a kind in `activity`, `activity_by_id` and `active_set`.
std::string KindDataPrefix(uint32_t kind_number);

// Column family `activity`: kind, then the activity's own id, whose time comes first.
struct ActivityKey {
  uint32_t kind_number = 0;
  Uuid id;

  std::string Encode() const;
  static std::optional<ActivityKey> Decode(absl::string_view key);
  friend bool operator==(const ActivityKey&, const ActivityKey&) = default;
};

// Prefix of the keys in `activity` of the kind's activities whose ids start so.
std::string ActivityKeyPrefix(uint32_t kind_number, const IdStart& id_start);

// Column family `activity_by_customer`: leads to those activities of the kind whose ids start so
// and that are the customer's, which is almost always one.
struct ActivityByCustomerKey {
  uint32_t customer_ordinal = 0;
  uint32_t kind_number = 0;  // A varint.
  IdStart id_start{};

  int64_t unix_ms() const;
  std::string Encode() const;
  static std::optional<ActivityByCustomerKey> Decode(absl::string_view key);
  friend bool operator==(const ActivityByCustomerKey&, const ActivityByCustomerKey&) = default;
};

// Prefixes of such keys: of a customer, and of a customer and kind.
std::string CustomerActivitiesPrefix(uint32_t customer_ordinal);
std::string CustomerActivitiesPrefix(uint32_t customer_ordinal, uint32_t kind_number);
// Where the activities of a customer and kind from a time on begin.
std::string CustomerActivitiesFrom(uint32_t customer_ordinal, uint32_t kind_number,
                                   int64_t unix_ms);

// Column family `activity_by_id`.
struct ActivityIdKey {
  uint32_t kind_number = 0;
  ShortHash activity_id_hash{};

  std::string Encode() const;
  static std::optional<ActivityIdKey> Decode(absl::string_view key);
  friend bool operator==(const ActivityIdKey&, const ActivityIdKey&) = default;
};

// Which customers a set has, of those who did something of a kind. On disk: DO NOT CHANGE.
enum class CustomerSet : uint8_t {
  kActive = 1,             // Something in the bucket.
  kActivePositive = 2,     // The same with a positive amount.
  kFirstEver = 3,          // The first of all in the bucket.
  kFirstEverPositive = 4,  // The first with a positive amount in the bucket.
  kTwice = 5,              // At least two in the bucket. Days alone.
  // Of a subscription alone, which has none of the others:
  kEntered = 6,  // Subscribed at the end of the bucket, not at its start.
  kLeft = 7,     // Subscribed at the start of the bucket, not at its end.
};
// Those of a plain kind.
inline constexpr std::array<CustomerSet, 5> kCustomerSets = {
    CustomerSet::kActive, CustomerSet::kActivePositive, CustomerSet::kFirstEver,
    CustomerSet::kFirstEverPositive, CustomerSet::kTwice};
inline constexpr std::array<CustomerSet, 2> kSubscriptionSets = {CustomerSet::kEntered,
                                                                 CustomerSet::kLeft};
inline bool IsOfSubscription(CustomerSet set) { return set >= CustomerSet::kEntered; }

// Customers are stored in rows of so many. On disk: DO NOT CHANGE.
inline constexpr uint32_t kCustomersPerChunk = 1u << 16;

// Column family `active_set`: a row of a set of customers.
struct CustomerSetKey {
  uint32_t kind_number = 0;
  CustomerSet set = CustomerSet::kActive;
  CubeUnit unit = CubeUnit::kDay;  // kDay or kMonth.
  int32_t bucket = 0;              // Of `unit`.
  uint16_t chunk = 0;              // Customer ordinal / kCustomersPerChunk.

  std::string Encode() const;
  static std::optional<CustomerSetKey> Decode(absl::string_view key);
  friend bool operator==(const CustomerSetKey&, const CustomerSetKey&) = default;

  template <typename H>
  friend H AbslHashValue(H h, const CustomerSetKey& key) {
    return H::combine(std::move(h), key.kind_number, key.set, key.unit, key.bucket, key.chunk);
  }
};

// Column family `customer`: by id, and by ordinal.
std::string CustomerByIdKey(const IdHash& customer_id_hash);
std::optional<ShortHash> DecodeCustomerByIdKey(absl::string_view key);
std::string CustomerByOrdinalKey(uint32_t customer_ordinal);
std::optional<uint32_t> DecodeCustomerByOrdinalKey(absl::string_view key);

// Column family `derived`: how much a survey's customers repeat themselves, over all answers or by
// one of its dimensions.
struct RepeatEffectsKey {
  uint32_t survey_number = 0;
  uint8_t dimension = 0;  // 0: all answers; else 1 more than the place of the dimension.

  std::string Encode() const;
  static std::optional<RepeatEffectsKey> Decode(absl::string_view key);
  friend bool operator==(const RepeatEffectsKey&, const RepeatEffectsKey&) = default;
};

// Prefixes of such keys, of all surveys and of one.
std::string RepeatEffectsKeyPrefix();
std::string RepeatEffectsKeyPrefix(uint32_t survey_number);

// Column family `access`: a key or certificate, and the certificate by the hash of its name.
std::string AccessKey(uint64_t id);
// Prefix of every AccessKey.
std::string AccessKeyPrefix();
std::optional<uint64_t> DecodeAccessKey(absl::string_view key);
std::string AccessByNameKey(const IdHash& certificate_hash);
// Prefix of every AccessByNameKey.
std::string AccessByNameKeyPrefix();
std::optional<IdHash> DecodeAccessByNameKey(absl::string_view key);

// Column family `audit`: the number of the event.
std::string AuditKey(uint64_t number);
std::optional<uint64_t> DecodeAuditKey(absl::string_view key);

// Column family `ledger`: the entry's own id.
std::string LedgerKey(const Uuid& entry_id);
std::optional<Uuid> DecodeLedgerKey(absl::string_view key);

// Column family `change`: the number of the first change in the entry.
std::string ChangeKey(uint64_t first_sequence);
std::optional<uint64_t> DecodeChangeKey(absl::string_view key);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_FORMAT_KEYS_H_
