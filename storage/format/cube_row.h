// The bytes of the cube's rows. A row has the score histogram of every series of a chunk that was
// seen in one hour, day or month. A merge operand has the same form and is added.
//
//   row    = version u8 (2; 0: see MarkDamaged), piece*
//   piece  = head u16, first bin u8, bins - 1 u8, count*
//   head   = series (10 bits) | disposition << 10 (3 bits) | log2 of a count's bytes << 13 (2 bits)
//
// Integers are little-endian, counts signed. A piece has the counts of consecutive bins of one
// series and disposition; a row is the sum of its pieces. So rows are added by appending the pieces
// of one to those of the other, and a row that is written whole has them summed up: ordered, no bin
// twice, gaps of more than kZerosMax left out.
#ifndef EMPTYCHAIR_STORAGE_FORMAT_CUBE_ROW_H_
#define EMPTYCHAIR_STORAGE_FORMAT_CUBE_ROW_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "storage/format/keys.h"
#include "storage/format/little_endian.h"

namespace emptychair::storage {

// The bin of answers without a score; a score of the scale's minimum is in the next one.
inline constexpr uint8_t kUnscoredBin = 0;

// The bin of `score` on a scale that starts at `scale_min`.
inline uint8_t BinOf(std::optional<int32_t> score, int32_t scale_min) {
  return score.has_value() ? static_cast<uint8_t>(*score - scale_min + 1) : kUnscoredBin;
}

// Disposition of a record: 0 counts, others are the v1.ExclusionReason. On disk.
inline constexpr uint8_t kCountedDisposition = 0;
inline constexpr uint8_t kDispositionMax = 6;

// One count of a row.
struct CubeCount {
  uint16_t series = 0;  // Within the chunk: below kSeriesPerChunk.
  uint8_t disposition = kCountedDisposition;
  uint8_t bin = kUnscoredBin;
  int64_t count = 0;

  // Orders counts as a row has them.
  uint32_t Position() const {
    return static_cast<uint32_t>(series) << 16 | static_cast<uint32_t>(disposition) << 8 | bin;
  }
  friend bool operator==(const CubeCount&, const CubeCount&) = default;
};

// Counts wrap instead of overflowing, so that arithmetic with damaged rows is defined.
inline int64_t WrappingSum(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

inline int64_t WrappingProduct(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}

// The counts of a row in order, none of them 0.
using CubeCounts = std::vector<CubeCount>;

// Sorts `counts`, adds up those that stand for the same, and leaves out zeros.
void Normalize(CubeCounts& counts);

// The sum of two rows.
CubeCounts Add(absl::Span<const CubeCount> a, absl::Span<const CubeCount> b);

// `counts` must be normalized. Equal counts give equal bytes.
std::string EncodeCubeRow(absl::Span<const CubeCount> counts);

// Normalized. Nothing for bytes that are no row.
std::optional<CubeCounts> DecodeCubeRow(absl::string_view row);

// The row with `added` added to it, summed up: EncodeCubeRow of the sum if the row was written
// whole, but for what was appended since. What is not touched is copied as it is. Nothing for bytes
// that are no row.
std::optional<std::string> AddToCubeRow(absl::string_view row, CubeCounts added);

// Makes `sum` the sum of itself and `row`, without summing up; an empty string is an empty row.
// False for bytes that are no row; `sum` is then as it was.
bool AppendCubeRow(absl::string_view row, std::string& sum);

// Turns a row into bytes that are no row but keep its counts. A merge with something that is no row
// ends so: what is added to damage is not lost when the damage is mended.
void MarkDamaged(std::string& row);

// The row of what was added to bytes that are no row; an empty one for bytes not made by
// MarkDamaged.
std::string RowAddedToDamage(absl::string_view damaged);

// Walks a row without building anything: the inner loop of every query.
//
//   CubeRowReader reader(row);
//   while (reader.NextPiece()) reader.ForEachBin([&](uint8_t bin, int64_t count) { ... });
//   if (!reader.ok()) ...  // no row; what came before must be thrown away
class CubeRowReader {
 public:
  static constexpr uint8_t kVersion = 2;
  static constexpr uint8_t kDamaged = 0;  // In the place of the version: see MarkDamaged.

  explicit CubeRowReader(absl::string_view row)
      : end_(row.data() + row.size()), next_(end_), ok_(!row.empty() && row[0] == kVersion) {
    if (ok_) {
      next_ = row.data() + 1;
    }
  }

  // Moves to the next piece. False at the end and at damage.
  bool NextPiece() {
    if (next_ == end_) {
      return false;
    }
    if (end_ - next_ >= kHeadSize) {
      head_ = LoadLittleEndian<uint16_t>(next_);
      counts_ = next_ + kHeadSize;
      first_bin_ = static_cast<uint8_t>(next_[2]);
      bins_ = static_cast<uint32_t>(static_cast<uint8_t>(next_[3])) + 1;
      const ptrdiff_t size = static_cast<ptrdiff_t>(bins_) << log_width();
      if (head_ < kHeadEnd && disposition() <= kDispositionMax && first_bin_ + bins_ <= 256 &&
          end_ - counts_ >= size) {
        next_ = counts_ + size;
        return true;
      }
    }
    ok_ = false;
    next_ = end_;
    return false;
  }

  // Within the chunk.
  uint16_t series() const { return head_ & (kSeriesPerChunk - 1); }
  uint8_t disposition() const { return static_cast<uint8_t>(head_ >> 10 & 7); }
  uint32_t first_bin() const { return first_bin_; }
  uint32_t bins() const { return bins_; }
  bool ok() const { return ok_; }

  // The piece's own bytes.
  const char* begin() const { return counts_ - kHeadSize; }
  const char* end() const { return next_; }

  // Calls `visit(bin, count)` for each bin of the piece, also for counts of 0.
  template <typename Visit>
  void ForEachBin(Visit visit) const {
    switch (log_width()) {
      case 0:
        return ForEach<int8_t>(visit);
      case 1:
        return ForEach<int16_t>(visit);
      case 2:
        return ForEach<int32_t>(visit);
      default:
        return ForEach<int64_t>(visit);
    }
  }

 private:
  static constexpr ptrdiff_t kHeadSize = 4;
  static constexpr uint16_t kHeadEnd = 1 << 15;
  static_assert(kSeriesPerChunk == 1 << 10);

  int log_width() const { return head_ >> 13 & 3; }

  template <typename Int, typename Visit>
  void ForEach(Visit visit) const {
    for (uint32_t i = 0; i < bins_; ++i) {
      visit(static_cast<uint8_t>(first_bin_ + i),
            int64_t{LoadLittleEndian<Int>(counts_ + i * sizeof(Int))});
    }
  }

  const char* end_;
  const char* next_;
  bool ok_;
  uint16_t head_ = 0;
  uint8_t first_bin_ = 0;
  uint32_t bins_ = 0;
  const char* counts_ = nullptr;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_FORMAT_CUBE_ROW_H_
