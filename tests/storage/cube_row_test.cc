#include "storage/cube_row.h"

#include <map>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/seed.h"
#include "tests/storage/hex.h"

namespace emptychair::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The plain model of a row: counts by (series, state, bin).
using Model = std::map<std::tuple<int, int, int>, int64_t>;

CubeCounts ToCounts(const Model& model) {
  CubeCounts counts;
  for (const auto& [cell, count] : model) {
    if (count != 0) {
      const auto& [series, state, bin] = cell;
      counts.push_back({static_cast<uint16_t>(series), static_cast<uint8_t>(state),
                        static_cast<uint8_t>(bin), count});
    }
  }
  return counts;
}

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  int64_t Uniform(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random_);
  }

  CubeCount Count() {
    const int64_t spread = Uniform(0, 3);
    const int64_t count = spread == 0   ? Uniform(INT64_MIN, INT64_MAX)
                          : spread == 1 ? Uniform(-300, 300)
                                        : Uniform(-2, 2);
    return {static_cast<uint16_t>(Uniform(0, Uniform(0, 1) == 0 ? 3 : 1023)),
            static_cast<uint8_t>(Uniform(0, 6)),
            static_cast<uint8_t>(Uniform(0, Uniform(0, 3) == 0 ? 255 : 11)), count};
  }

  CubeCounts Counts(int64_t size_max) {
    CubeCounts counts(Uniform(0, size_max));
    for (CubeCount& count : counts) {
      count = Count();
    }
    return counts;
  }

 private:
  std::mt19937_64 random_;
};

void AddTo(Model& model, const CubeCounts& counts) {
  for (const CubeCount& c : counts) {
    int64_t& sum = model[{c.series, c.state, c.bin}];
    sum = static_cast<int64_t>(static_cast<uint64_t>(sum) + static_cast<uint64_t>(c.count));
  }
}

TEST(CubeRow, HasTheseBytes) {
  const struct {
    CubeCounts counts;
    const char* hex;
  } cases[] = {
      {{}, "01"},
      {{{0, 0, 0, 1}}, "01 00 01 00 02"},
      {{{0, 0, 0, -1}}, "01 00 01 00 01"},
      {{{0, 0, 1, 2}, {0, 0, 11, 300}, {0, 3, 11, -1}, {5, 0, 0, 1}},
       "01  00 02 01 04 0a d804  03 01 0b 01  28 01 00 02"},
      {{{1023, 6, 255, 64}}, "01 fe3f 01 ff01 8001"},
      {{{0, 0, 0, INT64_MAX}}, "01 00 01 00 feffffffffffffffff01"},
      {{{0, 0, 0, INT64_MIN}}, "01 00 01 00 ffffffffffffffffff01"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(HexOf(EncodeCubeRow(c.counts)), Packed(c.hex));
    const auto decoded = DecodeCubeRow(Bytes(c.hex));
    ASSERT_TRUE(decoded.has_value()) << c.hex;
    EXPECT_EQ(*decoded, c.counts) << c.hex;
  }
}

TEST(CubeRow, HasRoomForAllBinsOfACell) {
  CubeCounts counts;
  for (int bin = 0; bin < 256; ++bin) {
    counts.push_back({7, 1, static_cast<uint8_t>(bin), bin + 1});
  }
  const std::string row = EncodeCubeRow(counts);
  EXPECT_EQ(HexOf(row).substr(0, 8), Packed("01 39 8002"));
  const auto decoded = DecodeCubeRow(row);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(*decoded, counts);
}

TEST(CubeRow, RejectsWhatTheEncoderCannotMake) {
  const struct {
    const char* hex;
    const char* why;
  } cases[] = {
      {"", "no version"},
      {"00", "version 0"},
      {"02 00 01 00 02", "version 2"},
      {"01 00", "no number of bins"},
      {"01 00 00", "no bins"},
      {"01 00 01", "no bin"},
      {"01 00 01 00", "no count"},
      {"01 00 02 00 02", "a bin short"},
      {"01 00 01 00 00", "a count of 0"},
      {"01 07 01 00 02", "state 7"},
      {"01 8040 01 00 02", "series 1024"},
      {"01 f83f 01 00 02 08 01 00 02", "series 1023 + 1"},
      {"01 f8ffffffffffffffff01 01 00 02", "a step past 2^60"},
      {"01 08 01 00 02 f8ffffffffffffffff01 01 00 02", "a step that wraps around"},
      {"01 00 01 00 02 00 01 00 02", "the same cell again"},
      {"01 03 01 00 02 02 01 00 02", "a state before the last"},
      {"01 00 02 01 02 00 02", "the same bin again"},
      {"01 00 01 8002 02", "bin 256"},
      {"01 00 02 ff01 02 01 02", "bin 255 + 1"},
      {"01 00 02 01 02 ffffffffffffffffff01 02", "a bin that wraps around"},
      {"01 00 8102 00 02", "257 bins"},
      {"01 8000 01 00 02", "a cell head of two bytes for one"},
      {"01 00 8100 00 02", "a number of bins of two bytes for one"},
      {"01 00 01 8000 02", "a bin of two bytes for one"},
      {"01 00 01 00 8200", "a count of two bytes for one"},
      {"01 00 01 00 ffffffffffffffffff02", "a count of 65 bits"},
      {"01 00 01 00 ffffffffffffffffffff01", "a count of 11 bytes"},
      {"01 00 01 00 8080808080808080808000", "a count that does not end"},
      {"01 80", "a cell head cut off"},
      {"01 00 01 00 80", "a count cut off"},
      {"01 00 01 00 02 00", "a second cell's head alone"},
  };
  for (const auto& c : cases) {
    EXPECT_FALSE(DecodeCubeRow(Bytes(c.hex)).has_value()) << c.why;
  }
}

TEST(CubeRow, DecodesToTheSameCountsForAnySum) {
  Generator random(testing::SeedFromEnvOrRandom());
  for (int round = 0; round < 2'000; ++round) {
    Model model;
    CubeCounts counts = random.Counts(60);
    AddTo(model, counts);
    Normalize(counts);
    EXPECT_EQ(counts, ToCounts(model));
    const std::string row = EncodeCubeRow(counts);
    const auto decoded = DecodeCubeRow(row);
    ASSERT_TRUE(decoded.has_value()) << HexOf(row);
    EXPECT_EQ(*decoded, counts) << HexOf(row);

    CubeCounts other = random.Counts(60);
    AddTo(model, other);
    Normalize(other);
    EXPECT_EQ(Add(counts, other), ToCounts(model));
    EXPECT_EQ(Add(other, counts), ToCounts(model));
  }
}

TEST(CubeRow, MinusItselfIsEmpty) {
  Generator random(testing::SeedFromEnvOrRandom());
  for (int round = 0; round < 200; ++round) {
    CubeCounts counts = random.Counts(40);
    Normalize(counts);
    CubeCounts negated = counts;
    for (CubeCount& count : negated) {
      count.count = static_cast<int64_t>(0 - static_cast<uint64_t>(count.count));
    }
    EXPECT_THAT(Add(counts, negated), IsEmpty());
    EXPECT_EQ(EncodeCubeRow(Add(counts, negated)), Bytes("01"));
  }
}

// A row has no length of its own: cut between two cells it is a row again, cut anywhere else it is
// not. RocksDB's checksums are what tells a row that lost its tail.
TEST(CubeRow, CutShortIsRejectedOrHasItsFirstCells) {
  Generator random(testing::SeedFromEnvOrRandom());
  for (int round = 0; round < 200; ++round) {
    CubeCounts counts = random.Counts(30);
    Normalize(counts);
    const std::string row = EncodeCubeRow(counts);
    std::vector<std::string> prefixes = {Bytes("01")};
    for (size_t i = 0; i < counts.size(); ++i) {
      const bool ends_cell = i + 1 == counts.size() || counts[i + 1].series != counts[i].series ||
                             counts[i + 1].state != counts[i].state;
      if (ends_cell) {
        prefixes.push_back(EncodeCubeRow(CubeCounts(counts.begin(), counts.begin() + i + 1)));
      }
    }
    size_t found = 0;
    for (size_t size = 0; size <= row.size(); ++size) {
      const std::string cut = row.substr(0, size);
      const bool is_prefix = found < prefixes.size() && cut == prefixes[found];
      EXPECT_EQ(DecodeCubeRow(cut).has_value(), is_prefix) << HexOf(row) << " at " << size;
      found += is_prefix ? 1 : 0;
    }
    EXPECT_EQ(found, prefixes.size());
  }
}

// The reader takes exactly the encoder's bytes, so that equal rows are equal bytes whoever wrote
// them.
TEST(CubeRow, DamagedIsRejectedOrEncodesToTheSameBytes) {
  Generator random(testing::SeedFromEnvOrRandom());
  int64_t accepted = 0;
  int64_t rejected = 0;
  for (int round = 0; round < 30'000; ++round) {
    CubeCounts counts = random.Counts(6);
    Normalize(counts);
    std::string row = EncodeCubeRow(counts);
    for (int64_t flips = random.Uniform(1, 4); flips > 0; --flips) {
      row[random.Uniform(0, static_cast<int64_t>(row.size()) - 1)] ^=
          static_cast<char>(1 << random.Uniform(0, 7));
    }
    if (const auto decoded = DecodeCubeRow(row)) {
      ++accepted;
      EXPECT_EQ(HexOf(EncodeCubeRow(*decoded)), HexOf(row));
    } else {
      ++rejected;
    }
  }
  EXPECT_GT(accepted, 0);
  EXPECT_GT(rejected, 0);
}

TEST(CubeRow, OfRandomBytesIsRejectedOrEncodesToTheSameBytes) {
  Generator random(testing::SeedFromEnvOrRandom());
  for (int round = 0; round < 100'000; ++round) {
    std::string row(random.Uniform(0, 12), '\0');
    for (char& byte : row) {
      byte = static_cast<char>(random.Uniform(0, 9) == 0 ? random.Uniform(0, 255)
                                                         : random.Uniform(0, 3));
    }
    if (const auto decoded = DecodeCubeRow(row)) {
      EXPECT_EQ(HexOf(EncodeCubeRow(*decoded)), HexOf(row));
    }
  }
}

TEST(CubeRowReader, WalksCellsAndBins) {
  const std::string row = Bytes("01  00 02 01 04 0a d804  03 01 0b 01  28 01 00 02");
  CubeRowReader reader(row);
  std::vector<std::tuple<uint32_t, int, int, int64_t>> seen;
  while (reader.NextCell()) {
    reader.ForEachBin([&](uint8_t bin, int64_t count) {
      seen.emplace_back(reader.series(), reader.state(), bin, count);
    });
  }
  EXPECT_TRUE(reader.ok());
  EXPECT_THAT(seen, ElementsAre(std::make_tuple(0, 0, 1, 2), std::make_tuple(0, 0, 11, 300),
                                std::make_tuple(0, 3, 11, -1), std::make_tuple(5, 0, 0, 1)));
  EXPECT_FALSE(reader.NextCell());
}

TEST(CubeRowReader, SaysAfterwardsThatARowIsDamaged) {
  const std::string row = Bytes("01 00 01 00 02 28 01 00");
  CubeRowReader reader(row);
  int cells = 0;
  while (reader.NextCell()) {
    reader.ForEachBin([&](uint8_t, int64_t) { ++cells; });
  }
  EXPECT_EQ(cells, 1);
  EXPECT_FALSE(reader.ok());
}

TEST(AddToCubeRow, IsWhatAddingTheCountsIs) {
  std::mt19937_64 random(testing::SeedFromEnvOrRandom());
  const auto uniform = [&](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
  };
  // Few series and bins, so that cells and counts meet and some sums are 0.
  const auto counts = [&] {
    CubeCounts made;
    for (int count = uniform(0, 40); count > 0; --count) {
      made.push_back({static_cast<uint16_t>(uniform(0, 5) == 0 ? uniform(0, 1'023) : uniform(0, 6)),
                      static_cast<uint8_t>(uniform(0, 2)), static_cast<uint8_t>(uniform(0, 4)),
                      uniform(-2, 2)});
    }
    Normalize(made);
    return made;
  };
  for (int round = 0; round < 5'000; ++round) {
    const CubeCounts row = counts();
    const CubeCounts added = counts();
    const std::optional<std::string> sum = AddToCubeRow(EncodeCubeRow(row), added);
    ASSERT_TRUE(sum.has_value());
    ASSERT_EQ(*sum, EncodeCubeRow(Add(row, added))) << "round " << round;
  }
}

TEST(AddToCubeRow, RefusesARowThatDoesNotDecode) {
  const std::string row = EncodeCubeRow({{1, 0, 2, 3}, {5, 1, 0, 7}});
  for (size_t size = 0; size < row.size(); ++size) {
    EXPECT_EQ(AddToCubeRow(row.substr(0, size), {{9, 0, 0, 1}}).has_value(),
              DecodeCubeRow(row.substr(0, size)).has_value())
        << size;
  }
  EXPECT_EQ(AddToCubeRow(row + "x", {}), std::nullopt);
}

}  // namespace
}  // namespace emptychair::storage
