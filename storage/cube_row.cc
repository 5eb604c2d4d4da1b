#include "storage/cube_row.h"

#include <algorithm>

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

bool SameCell(const CubeCount& a, const CubeCount& b) {
  return a.series == b.series && a.state == b.state;
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
  std::string row(1, static_cast<char>(CubeRowReader::kVersion));
  row.reserve(1 + 4 * counts.size());
  uint32_t series = 0;
  for (auto cell = counts.begin(); cell != counts.end();) {
    auto cell_end = std::find_if_not(
        cell, counts.end(), [&](const CubeCount& count) { return SameCell(*cell, count); });
    PutVarint(row, static_cast<uint64_t>(cell->series - series) << 3 | cell->state);
    PutVarint(row, static_cast<uint64_t>(cell_end - cell));
    series = cell->series;
    for (uint8_t bin = 0; cell != cell_end; ++cell) {
      PutVarint(row, cell->bin - bin);
      PutVarint(row, ZigZag(cell->count));
      bin = cell->bin;
    }
  }
  return row;
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
