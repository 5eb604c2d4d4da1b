#include "storage/format/cube_row.h"

#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/seed.h"
#include "tests/storage/harness/hex.h"

namespace emptychair::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The plain model of a row: counts by (series, disposition, bin).
using Model = std::map<std::tuple<int, int, int>, int64_t>;

CubeCounts ToCounts(const Model& model) {
  CubeCounts counts;
  for (const auto& [cell, count] : model) {
    if (count != 0) {
      const auto& [series, disposition, bin] = cell;
      counts.push_back({static_cast<uint16_t>(series), static_cast<uint8_t>(disposition),
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
    int64_t& sum = model[{c.series, c.disposition, c.bin}];
    sum = static_cast<int64_t>(static_cast<uint64_t>(sum) + static_cast<uint64_t>(c.count));
  }
}

TEST(CubeRow, HasTheseBytes) {
  const struct {
    CubeCounts counts;
    const char* hex;
  } cases[] = {
      {{}, "02"},
      {{{0, 0, 0, 1}}, "02 0000 00 00 01"},
      {{{0, 0, 0, -1}}, "02 0000 00 00 ff"},
      {{{0, 0, 1, 2}, {0, 0, 11, 300}, {0, 3, 11, -1}, {5, 0, 0, 1}},
       "02  0000 01 00 02  0020 0b 00 2c01  000c 0b 00 ff  0500 00 00 01"},
      // Four zeros are stored, five are not.
      {{{2, 0, 1, 7}, {2, 0, 6, 9}}, "02 0200 01 05 070000000009"},
      {{{2, 0, 1, 7}, {2, 0, 7, 9}}, "02 0200 01 00 07  0200 07 00 09"},
      // The widest count of a piece is the width of all.
      {{{0, 0, 0, 1}, {0, 0, 1, 128}}, "02 0020 00 01 0100 8000"},
      {{{0, 0, 0, 127}, {0, 0, 1, -128}}, "02 0000 00 01 7f80"},
      {{{0, 0, 0, 32'767}}, "02 0020 00 00 ff7f"},
      {{{0, 0, 0, 32'768}}, "02 0040 00 00 00800000"},
      {{{0, 0, 0, -2'147'483'648}}, "02 0040 00 00 00000080"},
      {{{0, 0, 0, 2'147'483'648}}, "02 0060 00 00 0000008000000000"},
      {{{1023, 6, 255, 64}}, "02 ff1b ff 00 40"},
      {{{0, 0, 0, INT64_MAX}}, "02 0060 00 00 ffffffffffffff7f"},
      {{{0, 0, 0, INT64_MIN}}, "02 0060 00 00 0000000000000080"},
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
  EXPECT_EQ(row.size(), 1u + 4 + 512);
  EXPECT_EQ(HexOf(row).substr(0, 14), Packed("02 0724 00 ff 0100"));
  const auto decoded = DecodeCubeRow(row);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(*decoded, counts);
}

TEST(CubeRow, IsTheSumOfItsPiecesWhateverTheirOrder) {
  const struct {
    const char* hex;
    CubeCounts counts;
  } cases[] = {
      {"02 0500 00 00 01  0000 00 00 02  0500 00 00 03", {{0, 0, 0, 2}, {5, 0, 0, 4}}},
      {"02 0000 03 00 01  0000 00 03 01000002", {{0, 0, 0, 1}, {0, 0, 3, 3}}},
      {"02 0004 00 00 01  0000 00 00 02", {{0, 0, 0, 2}, {0, 1, 0, 1}}},
      {"02 0000 00 00 01  0000 00 00 ff", {}},
      {"02 0000 00 03 00010000", {{0, 0, 1, 1}}},
      {"02 0060 00 00 0100000000000000", {{0, 0, 0, 1}}},
  };
  for (const auto& c : cases) {
    const auto decoded = DecodeCubeRow(Bytes(c.hex));
    ASSERT_TRUE(decoded.has_value()) << c.hex;
    EXPECT_EQ(*decoded, c.counts) << c.hex;
  }
}

TEST(CubeRow, IsRejectedWhenItsBytesMakeNoSense) {
  const struct {
    const char* hex;
    const char* why;
  } cases[] = {
      {"", "no version"},
      {"00", "version 0"},
      {"01 0000 00 00 01", "version 1"},
      {"03 0000 00 00 01", "version 3"},
      {"02 00", "half a head"},
      {"02 0000 00", "no number of bins"},
      {"02 0000 00 00", "no count"},
      {"02 0000 00 01 01", "a count short"},
      {"02 0020 00 00 01", "a byte short of two"},
      {"02 0040 00 00 010000", "a byte short of four"},
      {"02 0060 00 00 01000000000000", "a byte short of eight"},
      {"02 0080 00 00 01", "the head's last bit"},
      {"02 001c 00 00 01", "disposition 7"},
      {"02 0000 ff 01 0101", "bin 255 + 1"},
      {"02 0000 00 00 01 00", "a second head cut off"},
      {"02 0000 00 00 01 0100 00 00", "a second piece without its count"},
  };
  for (const auto& c : cases) {
    EXPECT_FALSE(DecodeCubeRow(Bytes(c.hex)).has_value()) << c.why;
    EXPECT_FALSE(AddToCubeRow(Bytes(c.hex), {}).has_value()) << c.why;
    std::string sum = "as before";
    EXPECT_FALSE(AppendCubeRow(Bytes(c.hex), sum)) << c.why;
    EXPECT_EQ(sum, "as before");
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
    EXPECT_EQ(EncodeCubeRow(Add(counts, negated)), Bytes("02"));
  }
}

// A row has no length of its own: cut between two pieces it is a row again, cut anywhere else it is
// not. RocksDB's checksums are what tells a row that lost its tail.
TEST(CubeRow, CutShortIsRejectedUnlessBetweenPieces) {
  Generator random(testing::SeedFromEnvOrRandom());
  for (int round = 0; round < 200; ++round) {
    CubeCounts counts = random.Counts(30);
    Normalize(counts);
    const std::string row = EncodeCubeRow(counts);
    std::set<size_t> ends = {1};
    CubeRowReader reader(row);
    while (reader.NextPiece()) {
      ends.insert(reader.end() - row.data());
    }
    EXPECT_EQ(*ends.rbegin(), row.size());
    for (size_t size = 0; size <= row.size(); ++size) {
      EXPECT_EQ(DecodeCubeRow(row.substr(0, size)).has_value(), ends.contains(size))
          << HexOf(row) << " at " << size;
    }
  }
}

// Whatever it holds, what reads it agrees on it.
void ExpectOneMeaning(const std::string& row) {
  const auto counts = DecodeCubeRow(row);
  std::string appended = Bytes("02");
  EXPECT_EQ(AppendCubeRow(row, appended), counts.has_value()) << HexOf(row);
  const auto summed_up = AddToCubeRow(row, {});
  ASSERT_EQ(summed_up.has_value(), counts.has_value()) << HexOf(row);
  if (counts.has_value()) {
    EXPECT_EQ(DecodeCubeRow(appended), counts) << HexOf(row);
    EXPECT_EQ(DecodeCubeRow(*summed_up), counts) << HexOf(row);
    EXPECT_EQ(DecodeCubeRow(EncodeCubeRow(*counts)), counts) << HexOf(row);
  }
}

TEST(CubeRow, DamagedIsRejectedByAllOrReadTheSameByAll) {
  Generator random(testing::SeedFromEnvOrRandom());
  for (int round = 0; round < 30'000; ++round) {
    CubeCounts counts = random.Counts(6);
    Normalize(counts);
    std::string row = EncodeCubeRow(counts);
    for (int64_t flips = random.Uniform(1, 4); flips > 0; --flips) {
      row[random.Uniform(0, static_cast<int64_t>(row.size()) - 1)] ^=
          static_cast<char>(1 << random.Uniform(0, 7));
    }
    ASSERT_NO_FATAL_FAILURE(ExpectOneMeaning(row));
  }
}

TEST(CubeRow, OfRandomBytesIsRejectedByAllOrReadTheSameByAll) {
  Generator random(testing::SeedFromEnvOrRandom());
  for (int round = 0; round < 100'000; ++round) {
    std::string row(random.Uniform(0, 24), '\0');
    for (char& byte : row) {
      byte = static_cast<char>(random.Uniform(0, 9) == 0 ? random.Uniform(0, 255)
                                                         : random.Uniform(0, 3));
    }
    ASSERT_NO_FATAL_FAILURE(ExpectOneMeaning(row));
  }
}

TEST(CubeRowReader, WalksPiecesAndBins) {
  const std::string row = Bytes("02  0000 01 02 020005  0020 0b 00 2c01  000c 0b 00 ff");
  CubeRowReader reader(row);
  std::vector<std::tuple<int, int, int, int64_t>> seen;
  while (reader.NextPiece()) {
    reader.ForEachBin([&](uint8_t bin, int64_t count) {
      seen.emplace_back(reader.series(), reader.disposition(), bin, count);
    });
  }
  EXPECT_TRUE(reader.ok());
  EXPECT_THAT(seen, ElementsAre(std::make_tuple(0, 0, 1, 2), std::make_tuple(0, 0, 2, 0),
                                std::make_tuple(0, 0, 3, 5), std::make_tuple(0, 0, 11, 300),
                                std::make_tuple(0, 3, 11, -1)));
  EXPECT_FALSE(reader.NextPiece());
}

TEST(CubeRowReader, SaysAfterwardsThatARowIsDamaged) {
  const std::string row = Bytes("02 0000 00 00 01  2800 00 00");
  CubeRowReader reader(row);
  int pieces = 0;
  while (reader.NextPiece()) {
    ++pieces;
  }
  EXPECT_EQ(pieces, 1);
  EXPECT_FALSE(reader.ok());
}

// Few series and bins, so that cells and counts meet and some sums are 0.
CubeCounts CrowdedCounts(Generator& random) {
  CubeCounts counts;
  for (int64_t left = random.Uniform(0, 40); left > 0; --left) {
    counts.push_back({static_cast<uint16_t>(random.Uniform(0, 5) == 0 ? random.Uniform(0, 1'023)
                                                                      : random.Uniform(0, 6)),
                      static_cast<uint8_t>(random.Uniform(0, 2)),
                      static_cast<uint8_t>(random.Uniform(0, 12)), random.Uniform(-2, 2)});
  }
  Normalize(counts);
  return counts;
}

TEST(AddToCubeRow, HasTheBytesOfTheSum) {
  Generator random(testing::SeedFromEnvOrRandom());
  for (int round = 0; round < 5'000; ++round) {
    const CubeCounts row = CrowdedCounts(random);
    const CubeCounts added = CrowdedCounts(random);
    const std::optional<std::string> sum = AddToCubeRow(EncodeCubeRow(row), added);
    ASSERT_TRUE(sum.has_value());
    ASSERT_EQ(*sum, EncodeCubeRow(Add(row, added))) << "round " << round;
  }
}

TEST(AddToCubeRow, SumsUpWhatWasAppended) {
  Generator random(testing::SeedFromEnvOrRandom());
  for (int round = 0; round < 2'000; ++round) {
    CubeCounts counts = CrowdedCounts(random);
    std::string row = EncodeCubeRow(counts);
    for (int64_t operands = random.Uniform(1, 5); operands > 0; --operands) {
      const CubeCounts operand = CrowdedCounts(random);
      ASSERT_TRUE(AppendCubeRow(EncodeCubeRow(operand), row));
      counts = Add(counts, operand);
    }
    const CubeCounts added = CrowdedCounts(random);
    const std::optional<std::string> sum = AddToCubeRow(row, added);
    ASSERT_TRUE(sum.has_value());
    ASSERT_EQ(DecodeCubeRow(*sum), Add(counts, added)) << "round " << round;
    // In order, and no bin twice.
    CubeRowReader piece(*sum);
    int64_t last = -1;
    while (piece.NextPiece()) {
      const int64_t first =
          (int64_t{piece.series()} << 3 | piece.disposition()) << 8 | piece.first_bin();
      ASSERT_GT(first, last) << "round " << round;
      last = first + piece.bins() - 1;
    }
  }
}

}  // namespace
}  // namespace emptychair::storage
