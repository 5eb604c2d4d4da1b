#include "storage/read/series_table.h"

namespace emptychair::storage {

bool DecodeSeries(absl::string_view value, store::v1::StoredSeries& series) {
  return DecodeMessage(value, series) &&
         static_cast<size_t>(series.values_size()) <= kDimensionsMax;
}

SeriesTable::SeriesTable() {
  for (Dictionary& dictionary : dictionaries_) {
    dictionary.texts.Append("");  // kNoneCode
    dictionary.texts.Append("");  // kOtherCode
  }
  Codes other;
  other.fill(kOtherCode);
  series_.Append(other);
}

std::optional<uint32_t> SeriesTable::Find(absl::Span<const absl::string_view> values) const {
  Codes codes{};
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i].empty()) {
      continue;
    }
    auto code = dictionaries_[i].codes.find(values[i]);
    if (code == dictionaries_[i].codes.end()) {
      return std::nullopt;
    }
    codes[i] = code->second;
  }
  auto number = numbers_.find(codes);
  if (number == numbers_.end()) {
    return std::nullopt;
  }
  return number->second;
}

uint32_t SeriesTable::Add(absl::Span<const absl::string_view> values) {
  Codes codes{};
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i].empty()) {
      continue;
    }
    Dictionary& dictionary = dictionaries_[i];
    auto [code, is_new] = dictionary.codes.try_emplace(
        std::string(values[i]), static_cast<ValueCode>(dictionary.texts.size()));
    if (is_new) {
      dictionary.texts.Append(std::string(values[i]));
    }
    codes[i] = code->second;
  }
  const auto number = static_cast<uint32_t>(series_.size());
  series_.Append(codes);
  numbers_.emplace(codes, number);
  return number;
}

}  // namespace emptychair::storage
