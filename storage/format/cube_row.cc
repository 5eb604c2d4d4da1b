#include "storage/format/cube_row.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace emptychair::storage {
namespace {

// Zeros between two bins that are stored rather than begin another piece, whose head would be as
// long.
constexpr int kZerosMax = 4;

constexpr size_t kPieceSizeUsual = 8;

template <typename Int>
bool Fits(int64_t count) {
  return count >= std::numeric_limits<Int>::min() && count <= std::numeric_limits<Int>::max();
}

uint16_t LogWidth(int64_t count) {
  return Fits<int8_t>(count) ? 0 : Fits<int16_t>(count) ? 1 : Fits<int32_t>(count) ? 2 : 3;
}

// Orders cells, which are a series and a disposition, as a row has them.
uint32_t CellOf(const CubeCount& count) { return count.Position() >> 8; }
uint32_t CellOf(const CubeRowReader& piece) {
  return static_cast<uint32_t>(piece.series()) << 8 | piece.disposition();
}

using Counts = absl::Span<const CubeCount>;

// The first counts, all of one cell.
Counts FirstCell(Counts counts) {
  size_t size = 1;
  while (size < counts.size() && CellOf(counts[size]) == CellOf(counts[0])) {
    ++size;
  }
  return counts.first(size);
}

// Adds the counts of a piece to the end of `counts`.
void Append(const CubeRowReader& piece, CubeCounts& counts) {
  piece.ForEachBin([&](uint8_t bin, int64_t count) {
    if (count != 0) {
      counts.push_back({piece.series(), piece.disposition(), bin, count});
    }
  });
}

// Builds a row cell by cell, in their order.
class RowWriter {
 public:
  explicit RowWriter(size_t size) : row_(1, static_cast<char>(CubeRowReader::kVersion)) {
    row_.reserve(size);
  }

  // The counts of one cell.
  void Cell(Counts counts) {
    while (!counts.empty()) {
      size_t size = 1;
      while (size < counts.size() && counts[size].bin - counts[size - 1].bin <= kZerosMax + 1) {
        ++size;
      }
      Piece(counts.first(size));
      counts.remove_prefix(size);
    }
  }

  // All cells of `counts`.
  void Cells(Counts counts) {
    while (!counts.empty()) {
      const Counts cell = FirstCell(counts);
      Cell(cell);
      counts.remove_prefix(cell.size());
    }
  }

  // Pieces that are encoded already.
  void Copy(const char* begin, const char* end) { row_.append(begin, end); }

  std::string Take() { return std::move(row_); }

 private:
  void Piece(Counts counts) {
    uint16_t log_width = 0;
    for (const CubeCount& count : counts) {
      log_width = std::max(log_width, LogWidth(count.count));
    }
    const CubeCount& first = counts.front();
    const size_t bins = counts.back().bin - first.bin + 1;
    AppendLittleEndian(
        row_, static_cast<uint16_t>(first.series | first.disposition << 10 | log_width << 13));
    row_.push_back(static_cast<char>(first.bin));
    row_.push_back(static_cast<char>(bins - 1));
    const size_t begin = row_.size();
    row_.resize(begin + (bins << log_width));
    for (const CubeCount& count : counts) {
      char* at = &row_[begin + (static_cast<size_t>(count.bin - first.bin) << log_width)];
      switch (log_width) {
        case 0:
          StoreLittleEndian(at, static_cast<int8_t>(count.count));
          break;
        case 1:
          StoreLittleEndian(at, static_cast<int16_t>(count.count));
          break;
        case 2:
          StoreLittleEndian(at, static_cast<int32_t>(count.count));
          break;
        default:
          StoreLittleEndian(at, count.count);
      }
    }
  }

  std::string row_;
};

// What a row is made of: the pieces of when it was last written whole, and those appended since.
struct RowParts {
  absl::string_view whole;
  CubeCounts appended;  // As they come.
};

std::optional<RowParts> Split(absl::string_view row) {
  RowParts parts{.whole = row};
  CubeRowReader piece(row);
  uint32_t last = 0;
  bool is_whole = true;
  while (piece.NextPiece()) {
    const uint32_t first = CellOf(piece) << 8 | piece.first_bin();
    if (is_whole && last > first) {
      is_whole = false;
      parts.whole = row.substr(0, piece.begin() - row.data());
    }
    if (!is_whole) {
      Append(piece, parts.appended);
    }
    last = first + piece.bins();
  }
  return piece.ok() ? std::make_optional(std::move(parts)) : std::nullopt;
}

// `added` must be normalized, `whole` in order.
std::string AddToWhole(absl::string_view whole, Counts added) {
  RowWriter writer(whole.size() + kPieceSizeUsual * added.size());
  CubeRowReader piece(whole);
  const char* copied = whole.data() + 1;
  CubeCounts cell;
  for (bool more = piece.NextPiece(); more && !added.empty();) {
    const uint32_t position = CellOf(piece);
    if (position < CellOf(added.front())) {
      more = piece.NextPiece();
      continue;
    }
    writer.Copy(copied, piece.begin());
    copied = piece.begin();
    const Counts next = FirstCell(added);
    added.remove_prefix(next.size());
    if (CellOf(next.front()) < position) {
      writer.Cell(next);
      continue;
    }
    cell.clear();
    for (; more && CellOf(piece) == position; more = piece.NextPiece()) {
      Append(piece, cell);
      copied = piece.end();
    }
    writer.Cell(Add(cell, next));
  }
  writer.Copy(copied, whole.data() + whole.size());
  writer.Cells(added);
  return writer.Take();
}

bool IsCubeRow(absl::string_view row) {
  CubeRowReader piece(row);
  while (piece.NextPiece()) {
  }
  return piece.ok();
}

}  // namespace

void Normalize(CubeCounts& counts) {
  std::sort(counts.begin(), counts.end(),
            [](const CubeCount& a, const CubeCount& b) { return a.Position() < b.Position(); });
  size_t kept = 0;
  for (size_t i = 0; i < counts.size();) {
    CubeCount sum = counts[i];
    for (++i; i < counts.size() && counts[i].Position() == sum.Position(); ++i) {
      sum.count = WrappingSum(sum.count, counts[i].count);
    }
    if (sum.count != 0) {
      counts[kept++] = sum;
    }
  }
  counts.resize(kept);
}

CubeCounts Add(Counts a, Counts b) {
  CubeCounts sum;
  sum.reserve(a.size() + b.size());
  auto i = a.begin();
  auto j = b.begin();
  while (i != a.end() || j != b.end()) {
    if (j == b.end() || (i != a.end() && i->Position() < j->Position())) {
      sum.push_back(*i++);
    } else if (i == a.end() || j->Position() < i->Position()) {
      sum.push_back(*j++);
    } else {
      CubeCount both = *i++;
      both.count = WrappingSum(both.count, (j++)->count);
      if (both.count != 0) {
        sum.push_back(both);
      }
    }
  }
  return sum;
}

std::string EncodeCubeRow(Counts counts) {
  RowWriter writer(1 + kPieceSizeUsual * counts.size());
  writer.Cells(counts);
  return writer.Take();
}

std::optional<CubeCounts> DecodeCubeRow(absl::string_view row) {
  CubeCounts counts;
  CubeRowReader piece(row);
  while (piece.NextPiece()) {
    Append(piece, counts);
  }
  if (!piece.ok()) {
    return std::nullopt;
  }
  const auto ascends = [](const CubeCount& a, const CubeCount& b) {
    return a.Position() >= b.Position();
  };
  if (std::adjacent_find(counts.begin(), counts.end(), ascends) != counts.end()) {
    Normalize(counts);
  }
  return counts;
}

std::optional<std::string> AddToCubeRow(absl::string_view row, CubeCounts added) {
  const std::optional<RowParts> parts = Split(row);
  if (!parts.has_value()) {
    return std::nullopt;
  }
  if (!parts->appended.empty()) {
    added.insert(added.end(), parts->appended.begin(), parts->appended.end());
    Normalize(added);
  }
  return AddToWhole(parts->whole, added);
}

bool AppendCubeRow(absl::string_view row, std::string& sum) {
  if (!IsCubeRow(row)) {
    return false;
  }
  sum.append(row.data() + (sum.empty() ? 0 : 1), row.size() - (sum.empty() ? 0 : 1));
  return true;
}

void MarkDamaged(std::string& row) { row[0] = static_cast<char>(CubeRowReader::kDamaged); }

std::string RowAddedToDamage(absl::string_view damaged) {
  if (!damaged.empty() && damaged[0] == CubeRowReader::kDamaged) {
    std::string row(damaged);
    row[0] = static_cast<char>(CubeRowReader::kVersion);
    if (IsCubeRow(row)) {
      return row;
    }
  }
  return EncodeCubeRow({});
}

}  // namespace emptychair::storage
