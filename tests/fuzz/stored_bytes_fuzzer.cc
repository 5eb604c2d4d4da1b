// What is read from disk: any bytes are a key or value that encodes to the same bytes, or refused.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "emptychair/store/v1/value.pb.h"
#include "storage/format/activities.h"
#include "storage/format/changes.h"
#include "storage/format/cube_row.h"
#include "storage/format/external_ids.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"

namespace emptychair::storage {
namespace {

void Demand(bool holds) {
  if (!holds) {
    std::abort();
  }
}

template <typename Key>
void CheckKey(absl::string_view bytes) {
  if (const auto key = Key::Decode(bytes)) {
    Demand(key->Encode() == bytes);
  }
}

void CheckKeys(absl::string_view bytes) {
  CheckKey<FeedbackKey>(bytes);
  CheckKey<FeedbackByCustomerKey>(bytes);
  CheckKey<ExternalIdKey>(bytes);
  CheckKey<SeriesKey>(bytes);
  CheckKey<CubeRowKey>(bytes);
  CheckKey<ActivityKey>(bytes);
  CheckKey<ActivityByCustomerKey>(bytes);
  CheckKey<ActivityIdKey>(bytes);
  CheckKey<CustomerSetKey>(bytes);
  if (const auto number = DecodeActivityKindKey(bytes)) {
    Demand(ActivityKindKey(*number) == bytes);
  }
  if (const auto number = DecodeSurveyKey(bytes)) {
    Demand(SurveyKey(*number) == bytes);
  }
  if (const auto hash = DecodeCustomerByIdKey(bytes)) {
    IdHash whole{};
    std::copy(hash->begin(), hash->end(), whole.begin());
    Demand(CustomerByIdKey(whole) == bytes);
  }
  if (const auto ordinal = DecodeCustomerByOrdinalKey(bytes)) {
    Demand(CustomerByOrdinalKey(*ordinal) == bytes);
  }
  if (const auto sequence = DecodeChangeKey(bytes)) {
    Demand(ChangeKey(*sequence) == bytes);
  }
}

void CheckFeedback(absl::string_view bytes) {
  const auto header = DecodeFeedbackHeader(bytes);
  store::v1::StoredFeedback body;
  if (!header.has_value() || !DecodeFeedbackBody(bytes, body)) {
    return;
  }
  if (header->is_erased) {
    Demand(EncodeTombstone(header->sequence) == bytes);
    return;
  }
  const std::string encoded = EncodeFeedback(*header, {});
  Demand(bytes.substr(0, encoded.size()) == encoded);
  Demand(DecodeFeedbackHeader(EncodeFeedback(*header, body)) == header);
}

void CheckActivity(absl::string_view bytes) {
  if (const auto mark = DecodeActivityMark(bytes)) {
    Demand(EncodeActivityMark(*mark) == bytes);
  }
  const auto header = DecodeActivityHeader(bytes);
  store::v1::StoredActivity body;
  if (!header.has_value()) {
    Demand(!DecodeActivityBody(bytes, body));
    return;
  }
  if (header->is_erased) {
    Demand(EncodeTombstone(header->sequence) == bytes);
    return;
  }
  const std::string encoded = EncodeActivity(*header, {});
  Demand(bytes.substr(0, encoded.size()) == encoded);
  if (DecodeActivityBody(bytes, body)) {
    Demand(DecodeActivityHeader(EncodeActivity(*header, body)) == header);
  }
}

void CheckSmallValues(absl::string_view bytes) {
  if (const auto version = DecodeFormat(bytes)) {
    Demand(EncodeFormat(*version) == bytes);
  }
  if (const auto entries = DecodeExternalIdEntries(bytes)) {
    Demand(EncodeExternalIdEntries(*entries) == bytes);
  }
  if (const auto ordinals = DecodeOrdinals(bytes)) {
    Demand(EncodeOrdinals(*ordinals) == bytes);
  }
  if (const auto changes = DecodeChanges(bytes)) {
    Demand(EncodeChanges(*changes) == bytes);
  }
  store::v1::StoredSurvey survey;
  if (DecodeMessage(bytes, survey)) {
    Demand(DecodeMessage(EncodeMessage(survey), survey));
  }
}

// A row can be written in several ways; whole rows in one.
void CheckCubeRow(absl::string_view bytes) {
  const std::optional<CubeCounts> counts = DecodeCubeRow(bytes);
  const std::optional<std::string> twice =
      counts.has_value() ? AddToCubeRow(bytes, *counts) : AddToCubeRow(bytes, {});
  Demand(twice.has_value() == counts.has_value());
  // Adding to what is no row must leave it one that is known to be damaged, and that is total.
  std::string sum(bytes);
  const bool is_row = AppendCubeRow(bytes, sum);
  Demand(is_row || !counts.has_value());
  if (!counts.has_value()) {
    Demand(DecodeCubeRow(RowAddedToDamage(bytes)).has_value());
    return;
  }
  CubeCounts normal = *counts;
  Normalize(normal);
  const std::string whole = EncodeCubeRow(normal);
  std::optional<CubeCounts> again = DecodeCubeRow(whole);
  Demand(again.has_value());
  Normalize(*again);
  Demand(EncodeCubeRow(*again) == whole);
  Demand(DecodeCubeRow(*twice).has_value());
}

}  // namespace
}  // namespace emptychair::storage

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  emptychair::storage::CheckKeys(bytes);
  emptychair::storage::CheckFeedback(bytes);
  emptychair::storage::CheckSmallValues(bytes);
  emptychair::storage::CheckActivity(bytes);
  emptychair::storage::CheckCubeRow(bytes);
  return 0;
}
