#include "storage/cube_row.h"

#include <algorithm>
#include <utility>

namespace emptychair::storage {
namespace {

void PutVarint(std::string& out, uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

uint64_t ZigZag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}

// Orders cells as a row has them.
uint32_t CellPosition(uint32_t series, uint8_t state) { return series << 8 | state; }

CubeCounts::const_iterator EndOfCell(CubeCounts::const_iterator cell,
                                     CubeCounts::const_iterator end) {
  return std::find_if_not(cell, end, [&](const CubeCount& count) {
    return count.series == cell->series && count.state == cell->state;
  });
}

// Builds a row cell by cell, in their order.
class RowWriter {
 public:
  explicit RowWriter(size_t size) : row_(1, static_cast<char>(kVersion)) { row_.reserve(size); }

  // The counts of one cell.
  void Cell(CubeCounts::const_iterator cell, CubeCounts::const_iterator end) {
    Head(cell->series, cell->state, static_cast<uint64_t>(end - cell));
    for (uint8_t bin = 0; cell != end; ++cell) {
      PutVarint(row_, cell->bin - bin);
      PutVarint(row_, ZigZag(cell->count));
      bin = cell->bin;
    }
  }

  // A cell whose bins are encoded already.
  void Copy(uint32_t series, uint8_t state, uint64_t bin_count, absl::string_view bins) {
    Head(series, state, bin_count);
    row_.append(bins.data(), bins.size());
  }

  std::string Take() { return std::move(row_); }

 private:
  static constexpr uint8_t kVersion = CubeRowReader::kVersion;

  void Head(uint32_t series, uint8_t state, uint64_t bin_count) {
    PutVarint(row_, static_cast<uint64_t>(series - series_) << 3 | state);
    PutVarint(row_, bin_count);
    series_ = series;
  }

  std::string row_;
  uint32_t series_ = 0;
};

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

CubeCounts Add(const CubeCounts& a, const CubeCounts& b) {
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

std::string EncodeCubeRow(const CubeCounts& counts) {
  RowWriter writer(1 + 4 * counts.size());
  for (auto cell = counts.begin(); cell != counts.end();) {
    const auto cell_end = EndOfCell(cell, counts.end());
    writer.Cell(cell, cell_end);
    cell = cell_end;
  }
  return writer.Take();
}

std::optional<std::string> AddToCubeRow(absl::string_view row, const CubeCounts& added) {
  RowWriter writer(row.size() + 4 * added.size());
  CubeRowReader reader(row);
  auto next = added.begin();
  CubeCounts cell;
  while (reader.NextCell()) {
    const uint32_t position = CellPosition(reader.series(), reader.state());
    while (next != added.end() && CellPosition(next->series, next->state) < position) {
      const auto end = EndOfCell(next, added.end());
      writer.Cell(next, end);
      next = end;
    }
    if (next == added.end() || CellPosition(next->series, next->state) > position) {
      const char* bins = reader.position();
      const uint64_t bin_count = reader.bin_count();
      reader.ForEachBin([](uint8_t, int64_t) {});
      writer.Copy(reader.series(), reader.state(), bin_count,
                  absl::string_view(bins, reader.position() - bins));
      continue;
    }
    cell.clear();
    reader.ForEachBin([&](uint8_t bin, int64_t count) {
      cell.push_back({static_cast<uint16_t>(reader.series()), reader.state(), bin, count});
    });
    const auto end = EndOfCell(next, added.end());
    const CubeCounts sum = Add(cell, CubeCounts(next, end));
    if (!sum.empty()) {
      writer.Cell(sum.begin(), sum.end());
    }
    next = end;
  }
  if (!reader.ok()) {
    return std::nullopt;
  }
  while (next != added.end()) {
    const auto end = EndOfCell(next, added.end());
    writer.Cell(next, end);
    next = end;
  }
  return writer.Take();
}

std::optional<CubeCounts> DecodeCubeRow(absl::string_view row) {
  CubeCounts counts;
  CubeRowReader reader(row);
  while (reader.NextCell()) {
    reader.ForEachBin([&](uint8_t bin, int64_t count) {
      counts.push_back({static_cast<uint16_t>(reader.series()), reader.state(), bin, count});
    });
  }
  if (!reader.ok()) {
    return std::nullopt;
  }
  return counts;
}

uint64_t CubeRowReader::ReadLongVarint() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && at_ != end_; shift += 7) {
    const uint8_t byte = *at_++;
    // The last byte has no room for more than one bit, and no value ends in an empty byte.
    if ((shift == 63 && byte > 1) || (byte == 0 && shift > 0)) {
      break;
    }
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) {
      return value;
    }
  }
  ok_ = false;
  return 0;
}

}  // namespace emptychair::storage
