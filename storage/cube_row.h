// The bytes of the cube's rows. A row has the score histogram of every series of a chunk that was
// seen in one hour, day or month. A merge operand has the same form and is added.
//
//   row   = version u8 (1), cell*            ordered by series, then state
//   cell  = varint((series step << 3) | state), varint(number of bins), bin*
//   bin   = varint(bin step), varint(zigzag(count))
//
// "series step" is the difference to the cell before (to 0 for the first); "bin step" likewise
// within the cell. Counts of 0 and cells without bins are left out, so equal rows are equal bytes.
#ifndef EMPTYCHAIR_STORAGE_CUBE_ROW_H_
#define EMPTYCHAIR_STORAGE_CUBE_ROW_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "storage/keys.h"

namespace emptychair::storage {

// The bin of answers without a score; a score of the scale's minimum is in the next one.
inline constexpr uint8_t kUnscoredBin = 0;

// Whether and why a record is left out; 0 counts, others are v1.ExclusionReason. On disk.
inline constexpr uint8_t kCountedState = 0;
inline constexpr uint8_t kStateMax = 6;

// One count of a row.
struct CubeCount {
  uint16_t series = 0;  // Within the chunk: below kSeriesPerChunk.
  uint8_t state = kCountedState;
  uint8_t bin = kUnscoredBin;
  int64_t count = 0;

  // Orders counts as a row has them.
  uint32_t Position() const {
    return static_cast<uint32_t>(series) << 16 | static_cast<uint32_t>(state) << 8 | bin;
  }
  friend bool operator==(const CubeCount&, const CubeCount&) = default;
};

// Counts wrap instead of overflowing, so that adding damaged rows is defined.
inline int64_t WrappingSum(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

// The counts of a row in order, none of them 0.
using CubeCounts = std::vector<CubeCount>;

// Sorts `counts`, adds up those that stand for the same, and leaves out zeros.
void Normalize(CubeCounts& counts);

// The sum of two rows.
CubeCounts Add(const CubeCounts& a, const CubeCounts& b);

// The row with `added`, which must be normalized, added to it: what is not touched is copied as it
// is. Nothing for bytes that EncodeCubeRow could not have made.
std::optional<std::string> AddToCubeRow(absl::string_view row, const CubeCounts& added);

// `counts` must be normalized.
std::string EncodeCubeRow(const CubeCounts& counts);

// Nothing for bytes that EncodeCubeRow could not have made.
std::optional<CubeCounts> DecodeCubeRow(absl::string_view row);

// Walks a row without building anything: the inner loop of every query.
//
//   CubeRowReader reader(row);
//   while (reader.NextCell()) reader.ForEachBin([&](uint8_t bin, int64_t count) { ... });
//   if (!reader.ok()) ...  // damaged; what came before must be thrown away
class CubeRowReader {
 public:
  static constexpr uint8_t kVersion = 1;

  explicit CubeRowReader(absl::string_view row)
      : at_(reinterpret_cast<const uint8_t*>(row.data())), end_(at_ + row.size()) {
    ok_ = at_ != end_ && *at_++ == kVersion;
  }

  // Moves to the next cell. False at the end and at damage.
  bool NextCell() {
    if (!ok_ || at_ == end_) {
      return false;
    }
    const uint64_t head = ReadVarint();
    const uint64_t step = head >> 3;
    bins_left_ = ReadVarint();
    const auto state = static_cast<uint8_t>(head & 7);
    const bool ascends = first_ || step > 0 || state > state_;
    ok_ = ok_ && ascends && state <= kStateMax && step < kSeriesPerChunk &&
          series_ + step < kSeriesPerChunk && bins_left_ > 0 && bins_left_ <= 256;
    series_ += static_cast<uint32_t>(step);
    state_ = state;
    first_ = false;
    return ok_;
  }

  // Within the chunk.
  uint32_t series() const { return series_; }
  uint8_t state() const { return state_; }
  // Bins of the cell that were not visited yet.
  uint64_t bin_count() const { return bins_left_; }
  bool ok() const { return ok_; }

  // Where the next cell begins, once the bins of this one were visited.
  const char* position() const { return reinterpret_cast<const char*>(at_); }

  // Calls `visit(bin, count)` for the cell's bins. To be called once for each cell.
  template <typename Visit>
  void ForEachBin(Visit visit) {
    uint64_t bin = 0;
    for (bool first = true; bins_left_ > 0 && ok_; --bins_left_, first = false) {
      const uint64_t step = ReadVarint();
      const uint64_t zigzag = ReadVarint();
      bin += step;
      ok_ = ok_ && (first || step > 0) && step <= 255 && bin <= 255 && zigzag != 0;
      if (ok_) {
        visit(static_cast<uint8_t>(bin),
              static_cast<int64_t>(zigzag >> 1) ^ -static_cast<int64_t>(zigzag & 1));
      }
    }
  }

 private:
  uint64_t ReadVarint() {
    if (at_ != end_ && *at_ < 0x80) {
      return *at_++;
    }
    return ReadLongVarint();
  }
  uint64_t ReadLongVarint();

  const uint8_t* at_;
  const uint8_t* end_;
  uint64_t bins_left_ = 0;
  uint32_t series_ = 0;
  uint8_t state_ = 0;
  bool first_ = true;
  bool ok_ = false;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_CUBE_ROW_H_
