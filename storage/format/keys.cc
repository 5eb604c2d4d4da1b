#include "storage/format/keys.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "storage/format/varint.h"

namespace emptychair::storage {
namespace {

constexpr absl::string_view kSurveyPrefix = "survey/";
constexpr absl::string_view kFormerSurveyPrefix = "former_survey/";
constexpr absl::string_view kErasurePrefix = "erasing/";
constexpr absl::string_view kImportPrefix = "import/";
constexpr absl::string_view kSeriesCopyPrefix = "series/";
constexpr absl::string_view kActivityKindPrefix = "kind/";
constexpr size_t kTimeSize = 6;
constexpr char kRepeatEffectsTag = 8;
constexpr char kByIdTag = 1;
constexpr char kByOrdinalTag = 2;
constexpr char kAccessTag = 1;
constexpr char kAccessByNameTag = 2;
constexpr uint32_t kSignBias = 0x80000000u;

// Appends big-endian integers and raw bytes.
class Writer {
 public:
  explicit Writer(size_t size) { key_.reserve(size); }

  template <typename Unsigned>
  Writer& Int(Unsigned value) {
    for (int shift = 8 * (sizeof(Unsigned) - 1); shift >= 0; shift -= 8) {
      key_.push_back(static_cast<char>(value >> shift));
    }
    return *this;
  }

  Writer& Signed(int32_t value) { return Int(static_cast<uint32_t>(value) ^ kSignBias); }

  Writer& Bytes(absl::string_view bytes) {
    key_.append(bytes.data(), bytes.size());
    return *this;
  }

  std::string Take() { return std::move(key_); }

 private:
  std::string key_;
};

// Reads what Writer wrote. The caller has checked the size.
class Reader {
 public:
  explicit Reader(absl::string_view key) : rest_(key) {}

  template <typename Unsigned>
  Unsigned Int() {
    Unsigned value = 0;
    for (size_t i = 0; i < sizeof(Unsigned); ++i) {
      value = static_cast<Unsigned>((value << 8) | static_cast<uint8_t>(rest_[i]));
    }
    rest_.remove_prefix(sizeof(Unsigned));
    return value;
  }

  int32_t Signed() { return static_cast<int32_t>(Int<uint32_t>() ^ kSignBias); }

  template <typename Array>
  Array Bytes() {
    Array array;
    std::memcpy(array.data(), rest_.data(), array.size());
    rest_.remove_prefix(array.size());
    return array;
  }

 private:
  absl::string_view rest_;
};

// A key of `meta` that ends with a number.
std::string NumberedKey(absl::string_view prefix, uint32_t number) {
  return Writer(prefix.size() + 4).Bytes(prefix).Int(number).Take();
}

std::optional<uint32_t> DecodeNumberedKey(absl::string_view prefix, absl::string_view key) {
  if (key.size() != prefix.size() + 4 || !absl::StartsWith(key, prefix)) {
    return std::nullopt;
  }
  return Reader(key.substr(prefix.size())).Int<uint32_t>();
}

template <size_t kSize>
absl::string_view AsBytes(const std::array<uint8_t, kSize>& hash) {
  return absl::string_view(reinterpret_cast<const char*>(hash.data()), hash.size());
}

}  // namespace

ShortHash Shortened(const IdHash& hash) {
  ShortHash start;
  std::memcpy(start.data(), hash.data(), start.size());
  return start;
}

std::string FormatKey() { return "format"; }
std::string IdentityKey() { return "identity"; }
std::string CountersKey() { return "counters"; }
std::string EpochsKey() { return "epochs"; }
std::string SurveyKeyPrefix() { return std::string(kSurveyPrefix); }

std::string SurveyKey(uint32_t survey_number) { return NumberedKey(kSurveyPrefix, survey_number); }

std::optional<uint32_t> DecodeSurveyKey(absl::string_view key) {
  return DecodeNumberedKey(kSurveyPrefix, key);
}

std::string FormerSurveyKeyPrefix() { return std::string(kFormerSurveyPrefix); }

std::string FormerSurveyKey(uint32_t survey_number) {
  return NumberedKey(kFormerSurveyPrefix, survey_number);
}

std::optional<uint32_t> DecodeFormerSurveyKey(absl::string_view key) {
  return DecodeNumberedKey(kFormerSurveyPrefix, key);
}

std::string ImportKeyPrefix() { return std::string(kImportPrefix); }

std::string ImportKey(uint32_t import_number) { return NumberedKey(kImportPrefix, import_number); }

std::optional<uint32_t> DecodeImportKey(absl::string_view key) {
  return DecodeNumberedKey(kImportPrefix, key);
}

std::string SeriesCopyKeyPrefix() { return std::string(kSeriesCopyPrefix); }

std::string SeriesCopyKeyPrefix(uint32_t survey_number) {
  return NumberedKey(kSeriesCopyPrefix, survey_number);
}

std::string SeriesCopyKey(const SeriesKey& key) {
  return std::string(kSeriesCopyPrefix) + key.Encode();
}

std::optional<SeriesKey> DecodeSeriesCopyKey(absl::string_view key) {
  return absl::ConsumePrefix(&key, kSeriesCopyPrefix) ? SeriesKey::Decode(key) : std::nullopt;
}

std::string SurveyDataPrefix(uint32_t survey_number) { return Writer(4).Int(survey_number).Take(); }

std::string FeedbackKey::Encode() const {
  return Writer(20).Int(survey_number).Bytes(feedback_id.AsBytes()).Take();
}

std::optional<FeedbackKey> FeedbackKey::Decode(absl::string_view key) {
  if (key.size() != 20) {
    return std::nullopt;
  }
  Reader reader(key);
  FeedbackKey decoded;
  decoded.survey_number = reader.Int<uint32_t>();
  decoded.feedback_id.bytes = reader.Bytes<std::array<uint8_t, 16>>();
  return decoded;
}

IdStart StartOf(const Uuid& feedback_id) {
  IdStart start;
  std::copy_n(feedback_id.bytes.begin(), start.size(), start.begin());
  return start;
}

std::string FeedbackKeyPrefix(uint32_t survey_number, const IdStart& id_start) {
  return Writer(12).Int(survey_number).Bytes(AsBytes(id_start)).Take();
}

std::string CustomerFeedbackPrefix(uint32_t customer_ordinal) {
  return Writer(4).Int(customer_ordinal).Take();
}

std::string CustomerTimePrefix(uint32_t customer_ordinal, int64_t unix_ms) {
  const Uuid lowest = Uuid::LowestAt(unix_ms);
  return Writer(10).Int(customer_ordinal).Bytes(lowest.AsBytes().substr(0, kTimeSize)).Take();
}

std::string CustomerIdPrefix(uint32_t customer_ordinal, const IdStart& id_start) {
  return Writer(12).Int(customer_ordinal).Bytes(AsBytes(id_start)).Take();
}

std::string FeedbackByCustomerKey::Encode() const {
  std::string key = CustomerIdPrefix(customer_ordinal, id_start);
  AppendVarint(key, survey_number);
  return key;
}

std::optional<FeedbackByCustomerKey> FeedbackByCustomerKey::Decode(absl::string_view key) {
  constexpr size_t kPrefixSize = 12;
  if (key.size() < kPrefixSize) {
    return std::nullopt;
  }
  Reader reader(key);
  FeedbackByCustomerKey decoded;
  decoded.customer_ordinal = reader.Int<uint32_t>();
  decoded.id_start = reader.Bytes<IdStart>();
  key.remove_prefix(kPrefixSize);
  if (!ConsumeVarint(key, decoded.survey_number) || !key.empty()) {
    return std::nullopt;
  }
  return decoded;
}

std::string ExternalIdKey::Encode() const {
  return Writer(12).Int(survey_number).Bytes(AsBytes(external_id_hash)).Take();
}

std::optional<ExternalIdKey> ExternalIdKey::Decode(absl::string_view key) {
  if (key.size() != 12) {
    return std::nullopt;
  }
  Reader reader(key);
  ExternalIdKey decoded;
  decoded.survey_number = reader.Int<uint32_t>();
  decoded.external_id_hash = reader.Bytes<ShortHash>();
  return decoded;
}

std::string SeriesKey::Encode() const { return Writer(8).Int(survey_number).Int(series).Take(); }

std::optional<SeriesKey> SeriesKey::Decode(absl::string_view key) {
  if (key.size() != 8) {
    return std::nullopt;
  }
  Reader reader(key);
  SeriesKey decoded;
  decoded.survey_number = reader.Int<uint32_t>();
  decoded.series = reader.Int<uint32_t>();
  return decoded;
}

std::string CubeRowKey::Encode() const {
  return Writer(11)
      .Int(survey_number)
      .Int(static_cast<uint8_t>(unit))
      .Signed(bucket)
      .Int(chunk)
      .Take();
}

std::optional<CubeRowKey> CubeRowKey::Decode(absl::string_view key) {
  if (key.size() != 11) {
    return std::nullopt;
  }
  Reader reader(key);
  CubeRowKey decoded;
  decoded.survey_number = reader.Int<uint32_t>();
  const uint8_t unit = reader.Int<uint8_t>();
  if (unit < static_cast<uint8_t>(CubeUnit::kHour) ||
      unit > static_cast<uint8_t>(CubeUnit::kMonth)) {
    return std::nullopt;
  }
  decoded.unit = static_cast<CubeUnit>(unit);
  decoded.bucket = reader.Signed();
  decoded.chunk = reader.Int<uint16_t>();
  return decoded;
}

std::string ErasureKeyPrefix() { return std::string(kErasurePrefix); }

std::string ErasureKey(uint32_t customer_ordinal) {
  return NumberedKey(kErasurePrefix, customer_ordinal);
}

std::optional<uint32_t> DecodeErasureKey(absl::string_view key) {
  return DecodeNumberedKey(kErasurePrefix, key);
}

std::string ActivityKindKeyPrefix() { return std::string(kActivityKindPrefix); }

std::string ActivityKindKey(uint32_t kind_number) {
  return NumberedKey(kActivityKindPrefix, kind_number);
}

std::optional<uint32_t> DecodeActivityKindKey(absl::string_view key) {
  return DecodeNumberedKey(kActivityKindPrefix, key);
}

std::string KindDataPrefix(uint32_t kind_number) { return Writer(4).Int(kind_number).Take(); }

std::string ActivityKey::Encode() const {
  return Writer(20).Int(kind_number).Bytes(id.AsBytes()).Take();
}

std::optional<ActivityKey> ActivityKey::Decode(absl::string_view key) {
  if (key.size() != 20) {
    return std::nullopt;
  }
  Reader reader(key);
  ActivityKey decoded;
  decoded.kind_number = reader.Int<uint32_t>();
  decoded.id.bytes = reader.Bytes<std::array<uint8_t, 16>>();
  return decoded;
}

std::string ActivityKeyPrefix(uint32_t kind_number, const IdStart& id_start) {
  return Writer(12).Int(kind_number).Bytes(AsBytes(id_start)).Take();
}

std::string CustomerActivitiesPrefix(uint32_t customer_ordinal) {
  return Writer(4).Int(customer_ordinal).Take();
}

std::string CustomerActivitiesPrefix(uint32_t customer_ordinal, uint32_t kind_number) {
  std::string prefix = CustomerActivitiesPrefix(customer_ordinal);
  AppendVarint(prefix, kind_number);
  return prefix;
}

std::string CustomerActivitiesFrom(uint32_t customer_ordinal, uint32_t kind_number,
                                   int64_t unix_ms) {
  const Uuid lowest = Uuid::LowestAt(unix_ms);
  std::string from = CustomerActivitiesPrefix(customer_ordinal, kind_number);
  from.append(lowest.AsBytes().data(), kTimeSize);
  return from;
}

int64_t ActivityByCustomerKey::unix_ms() const {
  Uuid lowest;
  std::copy(id_start.begin(), id_start.end(), lowest.bytes.begin());
  return lowest.UnixMs();
}

std::string ActivityByCustomerKey::Encode() const {
  std::string key = CustomerActivitiesPrefix(customer_ordinal, kind_number);
  key.append(AsBytes(id_start).data(), id_start.size());
  return key;
}

std::optional<ActivityByCustomerKey> ActivityByCustomerKey::Decode(absl::string_view key) {
  constexpr size_t kOrdinalSize = 4;
  if (key.size() < kOrdinalSize) {
    return std::nullopt;
  }
  ActivityByCustomerKey decoded;
  decoded.customer_ordinal = Reader(key).Int<uint32_t>();
  key.remove_prefix(kOrdinalSize);
  if (!ConsumeVarint(key, decoded.kind_number) || key.size() != decoded.id_start.size()) {
    return std::nullopt;
  }
  decoded.id_start = Reader(key).Bytes<IdStart>();
  return decoded;
}

std::string ActivityIdKey::Encode() const {
  return Writer(12).Int(kind_number).Bytes(AsBytes(activity_id_hash)).Take();
}

std::optional<ActivityIdKey> ActivityIdKey::Decode(absl::string_view key) {
  if (key.size() != 12) {
    return std::nullopt;
  }
  Reader reader(key);
  ActivityIdKey decoded;
  decoded.kind_number = reader.Int<uint32_t>();
  decoded.activity_id_hash = reader.Bytes<ShortHash>();
  return decoded;
}

std::string CustomerSetKey::Encode() const {
  return Writer(12)
      .Int(kind_number)
      .Int(static_cast<uint8_t>(set))
      .Int(static_cast<uint8_t>(unit))
      .Signed(bucket)
      .Int(chunk)
      .Take();
}

std::optional<CustomerSetKey> CustomerSetKey::Decode(absl::string_view key) {
  if (key.size() != 12) {
    return std::nullopt;
  }
  Reader reader(key);
  CustomerSetKey decoded;
  decoded.kind_number = reader.Int<uint32_t>();
  decoded.set = static_cast<CustomerSet>(reader.Int<uint8_t>());
  decoded.unit = static_cast<CubeUnit>(reader.Int<uint8_t>());
  const bool is_month = decoded.unit == CubeUnit::kMonth;
  if (decoded.set < CustomerSet::kActive || decoded.set > CustomerSet::kLeft ||
      (decoded.unit != CubeUnit::kDay && !is_month) ||
      (is_month && decoded.set == CustomerSet::kTwice)) {
    return std::nullopt;
  }
  decoded.bucket = reader.Signed();
  decoded.chunk = reader.Int<uint16_t>();
  return decoded;
}

std::string CustomerByIdKey(const IdHash& customer_id_hash) {
  return Writer(9)
      .Int(static_cast<uint8_t>(kByIdTag))
      .Bytes(AsBytes(Shortened(customer_id_hash)))
      .Take();
}

std::optional<ShortHash> DecodeCustomerByIdKey(absl::string_view key) {
  if (key.size() != 9 || key[0] != kByIdTag) {
    return std::nullopt;
  }
  return Reader(key.substr(1)).Bytes<ShortHash>();
}

std::string CustomerByOrdinalKey(uint32_t customer_ordinal) {
  return Writer(5).Int(static_cast<uint8_t>(kByOrdinalTag)).Int(customer_ordinal).Take();
}

std::optional<uint32_t> DecodeCustomerByOrdinalKey(absl::string_view key) {
  if (key.size() != 5 || key[0] != kByOrdinalTag) {
    return std::nullopt;
  }
  return Reader(key.substr(1)).Int<uint32_t>();
}

std::string RepeatEffectsKeyPrefix() { return std::string(1, kRepeatEffectsTag); }

std::string RepeatEffectsKeyPrefix(uint32_t survey_number) {
  return Writer(5).Int(static_cast<uint8_t>(kRepeatEffectsTag)).Int(survey_number).Take();
}

std::string RepeatEffectsKey::Encode() const {
  return Writer(6).Bytes(RepeatEffectsKeyPrefix(survey_number)).Int(dimension).Take();
}

std::optional<RepeatEffectsKey> RepeatEffectsKey::Decode(absl::string_view key) {
  if (key.size() != 6 || key[0] != kRepeatEffectsTag) {
    return std::nullopt;
  }
  Reader reader(key.substr(1));
  RepeatEffectsKey decoded;
  decoded.survey_number = reader.Int<uint32_t>();
  decoded.dimension = reader.Int<uint8_t>();
  return decoded;
}

std::string AccessKeyPrefix() { return std::string(1, kAccessTag); }

std::string AccessKey(uint64_t id) {
  return Writer(9).Int(static_cast<uint8_t>(kAccessTag)).Int(id).Take();
}

std::optional<uint64_t> DecodeAccessKey(absl::string_view key) {
  if (key.size() != 9 || key[0] != kAccessTag) {
    return std::nullopt;
  }
  return Reader(key.substr(1)).Int<uint64_t>();
}

std::string AccessByNameKeyPrefix() { return std::string(1, kAccessByNameTag); }

std::string AccessByNameKey(const IdHash& certificate_hash) {
  return Writer(17)
      .Int(static_cast<uint8_t>(kAccessByNameTag))
      .Bytes(AsBytes(certificate_hash))
      .Take();
}

std::optional<IdHash> DecodeAccessByNameKey(absl::string_view key) {
  if (key.size() != 17 || key[0] != kAccessByNameTag) {
    return std::nullopt;
  }
  return Reader(key.substr(1)).Bytes<IdHash>();
}

std::string AuditKey(uint64_t number) { return Writer(8).Int(number).Take(); }

std::optional<uint64_t> DecodeAuditKey(absl::string_view key) {
  if (key.size() != 8) {
    return std::nullopt;
  }
  return Reader(key).Int<uint64_t>();
}

std::string LedgerKey(const Uuid& entry_id) { return std::string(entry_id.AsBytes()); }

std::optional<Uuid> DecodeLedgerKey(absl::string_view key) { return Uuid::FromBytes(key); }

std::string ChangeKey(uint64_t first_sequence) { return Writer(8).Int(first_sequence).Take(); }

std::optional<uint64_t> DecodeChangeKey(absl::string_view key) {
  if (key.size() != 8) {
    return std::nullopt;
  }
  return Reader(key).Int<uint64_t>();
}

}  // namespace emptychair::storage
