// The combinations of dimension values that a survey's answers have: its series.
#ifndef EMPTYCHAIR_STORAGE_READ_SERIES_TABLE_H_
#define EMPTYCHAIR_STORAGE_READ_SERIES_TABLE_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "emptychair/store/v1/value.pb.h"
#include "storage/format/values.h"
#include "storage/read/append_only.h"

namespace emptychair::storage {

// At most so many dimensions in a survey.
inline constexpr size_t kDimensionsMax = 8;

// The stored form of a series. False for bytes that are none, also for too many values.
bool DecodeSeries(absl::string_view value, store::v1::StoredSeries& series);

// A dimension's value as a small number, per dimension.
using ValueCode = uint32_t;
inline constexpr ValueCode kNoneCode = 0;   // The answer lacks the label.
inline constexpr ValueCode kOtherCode = 1;  // The answer is in the series kOtherSeries.

// Numbers combinations densely from 1; kOtherSeries (0) always exists. The committer's thread looks
// up and adds; queries read, up to the size in the view they hold.
class SeriesTable {
 public:
  using Codes = std::array<ValueCode, kDimensionsMax>;

  SeriesTable();

  // For the committer's applying thread. `values` is aligned with the survey's dimensions; an empty
  // value stands for an absent label.
  size_t size() const { return series_.size(); }
  std::optional<uint32_t> Find(absl::Span<const absl::string_view> values) const;
  uint32_t Add(absl::Span<const absl::string_view> values);

  // For any thread, with a `series` below the size in its view.
  ValueCode CodeOf(uint32_t series, size_t dimension) const { return series_[series][dimension]; }
  // The text of a code that CodeOf answered; empty for kNoneCode and kOtherCode.
  const std::string& TextOf(size_t dimension, ValueCode code) const {
    return dictionaries_[dimension].texts[code];
  }

 private:
  struct Dictionary {
    AppendOnly<std::string> texts;
    absl::flat_hash_map<std::string, ValueCode> codes;  // The applying thread only.
  };

  AppendOnly<Codes> series_;
  std::array<Dictionary, kDimensionsMax> dictionaries_;
  absl::flat_hash_map<Codes, uint32_t> numbers_;  // The applying thread only.
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_READ_SERIES_TABLE_H_
