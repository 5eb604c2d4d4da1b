#include "storage/format/customer_set.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/seed.h"
#include "tests/storage/harness/hex.h"

namespace emptychair::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

// The plain model of a row, and of a change.
using Model = std::set<uint16_t>;
using ModelChange = std::map<uint16_t, bool>;

constexpr size_t kBitsRowSize = 2 + 8'192;
constexpr uint32_t kAll = kCustomersPerChunk;

CustomerSetRow RowOf(const std::vector<uint16_t>& members) {
  CustomerSetRow row;
  for (const uint16_t member : members) {
    row.Add(member);
  }
  return row;
}

// `size` members, every `step`th from `first` on.
CustomerSetRow Every(uint32_t step, uint32_t size, uint32_t first = 0) {
  CustomerSetRow row;
  for (uint32_t i = 0; i < size; ++i) {
    row.Add(static_cast<uint16_t>(first + i * step));
  }
  return row;
}

std::string ChangeOf(const ModelChange& change) {
  return EncodeSetChange(std::vector<SetMemberChange>(change.begin(), change.end()));
}

std::string Combined(const std::vector<std::string>& changes, int64_t undecodable_wanted = 0) {
  int64_t undecodable = 0;
  std::string combined = CombineSetChanges(
      std::vector<absl::string_view>(changes.begin(), changes.end()), &undecodable);
  EXPECT_EQ(undecodable, undecodable_wanted);
  return combined;
}

std::string ArrayBytes(const std::vector<uint32_t>& members) {
  std::string bytes = Bytes("01 01");
  for (const uint32_t member : members) {
    bytes.push_back(static_cast<char>(member));
    bytes.push_back(static_cast<char>(member >> 8));
  }
  return bytes;
}

// Rows to be damaged by what is no row or no change.
std::vector<CustomerSetRow> SomeRows() {
  return {CustomerSetRow(), RowOf({3, 300, 65'535}), Every(16, 4'095), Every(1, 4'097),
          Every(1, kAll)};
}

void ExpectNoRow(absl::string_view bytes) {
  for (const CustomerSetRow& before : SomeRows()) {
    CustomerSetRow row = before;
    EXPECT_FALSE(row.Read(bytes)) << HexOf(bytes.substr(0, 32));
    EXPECT_TRUE(row == before) << HexOf(bytes.substr(0, 32));
  }
}

void ExpectNoChange(absl::string_view bytes) {
  for (const CustomerSetRow& before : SomeRows()) {
    CustomerSetRow row = before;
    EXPECT_FALSE(row.Apply(bytes)) << HexOf(bytes.substr(0, 32));
    EXPECT_TRUE(row == before) << HexOf(bytes.substr(0, 32));
  }
  EXPECT_EQ(HexOf(Combined({std::string(bytes)}, 1)), Packed("01 03 00000000"));
}

TEST(CustomerSetRow, HasItsMembersAndNoOthers) {
  CustomerSetRow row = RowOf({300, 3, 65'535, 63, 64, 0, 3});
  EXPECT_THAT(row.Members(), ElementsAre(0, 3, 63, 64, 300, 65'535));
  EXPECT_EQ(row.size(), 6u);
  for (uint32_t member = 0; member < kAll; ++member) {
    const auto as = static_cast<uint16_t>(member);
    const std::vector<uint16_t> members = {0, 3, 63, 64, 300, 65'535};
    ASSERT_EQ(row.Has(as), std::count(members.begin(), members.end(), as) == 1) << member;
  }
  row.Remove(63);
  row.Remove(63);
  row.Remove(5);
  EXPECT_THAT(row.Members(), ElementsAre(0, 3, 64, 300, 65'535));
  EXPECT_EQ(row.words()[0], 9u);
  EXPECT_EQ(row.words()[1], 1u);
  EXPECT_EQ(row.words()[CustomerSetRow::kWords - 1], uint64_t{1} << 63);
}

TEST(CustomerSetRow, HasTheseBytes) {
  EXPECT_EQ(HexOf(CustomerSetRow().Encode()), Packed("01 01"));
  EXPECT_EQ(HexOf(RowOf({300, 3}).Encode()), Packed("01 01 0300 2c01"));
  std::string first = Bytes("01 02") + std::string(512, '\xff') + '\x01';
  first.resize(kBitsRowSize);
  EXPECT_EQ(HexOf(Every(1, 4'097).Encode()), HexOf(first));
  EXPECT_EQ(HexOf(Every(1, kAll).Encode()), HexOf(Bytes("01 02") + std::string(8'192, '\xff')));
}

TEST(CustomerSetRow, IsAnArrayUpTo4096MembersAndBitsPastThat) {
  for (const uint32_t step : {1, 3, 15}) {
    for (const uint32_t size : {1u, 2u, 4'095u, 4'096u, 4'097u, 4'098u}) {
      const CustomerSetRow row = Every(step, size, /*first=*/7);
      const std::string bytes = row.Encode();
      EXPECT_EQ(row.size(), size);
      EXPECT_EQ(HexOf(bytes.substr(0, 2)), size <= 4'096 ? "0101" : "0102");
      EXPECT_EQ(bytes.size(), size <= 4'096 ? 2 + 2 * size : kBitsRowSize);
      CustomerSetRow read;
      EXPECT_TRUE(read.Read(bytes));
      EXPECT_TRUE(read == row) << step << " " << size;
    }
  }
  // The form is that of the size by now, whichever the row had.
  CustomerSetRow row;
  ASSERT_TRUE(row.Read(Every(1, 4'097).Encode()));
  row.Remove(4'096);
  EXPECT_EQ(HexOf(row.Encode()), HexOf(Every(1, 4'096).Encode()));
  row.Add(4'096);
  EXPECT_EQ(HexOf(row.Encode()), HexOf(Every(1, 4'097).Encode()));
}

TEST(CustomerSetRow, AddsWhatItReadsToWhatItHas) {
  CustomerSetRow row = RowOf({5});
  ASSERT_TRUE(row.Read(RowOf({3, 5}).Encode()));
  EXPECT_THAT(row.Members(), ElementsAre(3, 5));
  ASSERT_TRUE(row.Read(Every(2, 5'000).Encode()));
  EXPECT_EQ(row.size(), 5'002u);
  EXPECT_TRUE(row.Has(3) && row.Has(5) && row.Has(9'998) && !row.Has(7));
  ASSERT_TRUE(row.Read(CustomerSetRow().Encode()));
  EXPECT_EQ(row.size(), 5'002u);
}

TEST(CustomerSetRow, OfAnotherLengthVersionOrFormIsRefused) {
  for (const CustomerSetRow& row : SomeRows()) {
    const std::string bytes = row.Encode();
    for (int byte = 0; byte < 256; ++byte) {
      std::string other = bytes;
      other[0] = static_cast<char>(byte);
      if (byte != 1) {
        ExpectNoRow(other);
      }
      other = bytes;
      other[1] = static_cast<char>(byte);
      if (other != bytes) {
        ExpectNoRow(other);
      }
    }
    ExpectNoRow(bytes + '\0');
    ExpectNoRow(bytes.substr(0, bytes.size() - 1));
  }
  ExpectNoRow("");
  ExpectNoRow(Bytes("01"));
  ExpectNoRow(Bytes("01 02"));
  ExpectNoRow(Every(1, 4'097).Encode().substr(0, kBitsRowSize - 2));
  ExpectNoRow(Every(1, 4'097).Encode() + std::string(2, '\0'));
  ExpectNoRow(Bytes("01 03 00000000"));
}

TEST(CustomerSetRow, OfMembersOutOfOrderIsRefused) {
  ExpectNoRow(ArrayBytes({300, 3}));
  ExpectNoRow(ArrayBytes({3, 3}));
  ExpectNoRow(ArrayBytes({3, 300, 300}));
  ExpectNoRow(ArrayBytes({3, 65'535, 0}));
  // Ascending bytes are not ascending members.
  ExpectNoRow(Bytes("01 01 0001 0100"));
}

TEST(CustomerSetRow, InTheFormOfAnotherSizeIsRefused) {
  std::vector<uint32_t> members(4'097);
  for (uint32_t i = 0; i < members.size(); ++i) {
    members[i] = 2 * i;
  }
  ExpectNoRow(ArrayBytes(members));
  members.pop_back();
  CustomerSetRow row;
  EXPECT_TRUE(row.Read(ArrayBytes(members)));
  std::string bits = Every(1, 4'097).Encode();
  EXPECT_TRUE(row.Read(bits));
  bits[2] = '\xfe';
  ExpectNoRow(bits);
  ExpectNoRow(Bytes("01 02") + std::string(8'192, '\0'));
}

// A changed byte is another set or none, and what is read is written so and in no other way.
TEST(CustomerSetRow, IsReadInNoOtherForm) {
  const CustomerSetRow wanted = RowOf({3, 255, 256, 300, 0x7fff, 0x8000, 65'535});
  const std::string bytes = wanted.Encode();
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string other = bytes;
      other[at] = static_cast<char>(byte);
      CustomerSetRow row;
      if (row.Read(other)) {
        EXPECT_EQ(HexOf(row.Encode()), HexOf(other));
      } else {
        EXPECT_TRUE(row == CustomerSetRow()) << HexOf(other);
      }
      EXPECT_EQ(row == wanted, other == bytes) << HexOf(other);
    }
  }
}

TEST(CustomerSetRow, OfRandomBytesIsReadAsItIsWrittenOrRefused) {
  std::mt19937_64 random(testing::SeedFromEnvOrRandom());
  int read = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = Bytes(random() % 8 == 0 ? "0103" : "0101");
    // Steps that are small for the most part ascend for the most part.
    uint32_t member = 0;
    for (uint64_t count = random() % 8; count > 0; --count) {
      member += random() % 16 == 0 ? random() : random() % 200;
      bytes.push_back(static_cast<char>(member));
      bytes.push_back(static_cast<char>(member >> 8));
    }
    CustomerSetRow row;
    if (row.Read(bytes)) {
      ++read;
      EXPECT_EQ(HexOf(row.Encode()), HexOf(bytes));
    }
  }
  EXPECT_GT(read, 1'000);
}

TEST(CustomerSetChange, HasTheseBytes) {
  EXPECT_EQ(HexOf(EncodeSetChange({})), Packed("01 03 00000000"));
  EXPECT_EQ(HexOf(EncodeSetChange({{3, true}, {5, false}, {300, true}, {65'535, false}})),
            Packed("01 03 02000000 0300 2c01 0500 ffff"));
}

TEST(CustomerSetChange, AddsAndRemoves) {
  CustomerSetRow row = RowOf({5, 6, 7});
  ASSERT_TRUE(row.Apply(EncodeSetChange({{3, true}, {5, false}, {6, true}, {300, false}})));
  EXPECT_THAT(row.Members(), ElementsAre(3, 6, 7));
  ASSERT_TRUE(row.Apply(EncodeSetChange({})));
  EXPECT_THAT(row.Members(), ElementsAre(3, 6, 7));
}

TEST(CustomerSetChange, OfAllAddsOrRemovesAll) {
  ModelChange all;
  for (uint32_t member = 0; member < kAll; ++member) {
    all[static_cast<uint16_t>(member)] = true;
  }
  const std::string adds = ChangeOf(all);
  EXPECT_EQ(adds.size(), 6u + 2 * kAll);
  EXPECT_EQ(HexOf(adds.substr(0, 10)), Packed("01 03 00000100 0000 0100"));
  CustomerSetRow row = RowOf({3, 300});
  ASSERT_TRUE(row.Apply(adds));
  EXPECT_EQ(row.size(), kAll);
  EXPECT_TRUE(row == Every(1, kAll));
  EXPECT_EQ(Combined({adds}), adds);
  EXPECT_EQ(Combined({ChangeOf({{3, false}}), adds, adds}), adds);

  for (auto& [member, comes] : all) {
    comes = false;
  }
  const std::string removes = ChangeOf(all);
  EXPECT_EQ(removes.size(), 6u + 2 * kAll);
  ASSERT_TRUE(row.Apply(removes));
  EXPECT_EQ(HexOf(row.Encode()), Packed("01 01"));
  EXPECT_EQ(Combined({adds, removes}), removes);
  EXPECT_EQ(Combined({removes, adds}), adds);

  // There are no more than all of them.
  std::string more = adds;
  more[2] = '\x01';
  ExpectNoChange(more + Bytes("ffff"));
  ExpectNoChange(adds + Bytes("ffff"));
}

TEST(CustomerSetChange, ThatIsDamagedIsRefused) {
  const std::string change = EncodeSetChange({{3, true}, {5, false}, {300, true}, {301, false}});
  for (int byte = 0; byte < 256; ++byte) {
    std::string other = change;
    other[0] = static_cast<char>(byte);
    if (other != change) {
      ExpectNoChange(other);
    }
    other = change;
    other[1] = static_cast<char>(byte);
    if (other != change) {
      ExpectNoChange(other);
    }
  }
  for (size_t size = 0; size < change.size(); ++size) {
    // Behind each of those that leave a whole change ends.
    if (size != 10 && size != 12) {
      ExpectNoChange(change.substr(0, size));
    }
  }
  for (const char* hex : {"01 01",                               // A row.
                          "01 03 02000000 0300",                 // Fewer than it says.
                          "01 03 01000000 03",                   //
                          "01 03 ffffffff 0300 0500",            //
                          "01 03 00000080",                      //
                          "01 03 00000000 03",                   // Half a member.
                          "01 03 01000000 0300 05",              //
                          "01 03 02000000 2c01 0300",            // Out of order.
                          "01 03 02000000 0300 0300",            //
                          "01 03 00000000 2c01 0300",            //
                          "01 03 00000000 0300 0300",            //
                          "01 03 01000000 0300 0300",            // In both.
                          "01 03 02000000 0300 2c01 0500 2c01",  //
                          "01 03 02000000 0300 2c01 0200 0300",  //
                          "01 03 01000000 ffff 0000 0100 ffff"}) {
    ExpectNoChange(Bytes(hex));
  }
  ExpectNoChange(Every(1, 4'097).Encode());
}

// A changed byte is another change or none, and what is one is written so and in no other way.
TEST(CustomerSetChange, IsReadInNoOtherForm) {
  const std::string bytes =
      EncodeSetChange({{3, true}, {5, false}, {256, true}, {300, true}, {65'535, false}});
  CustomerSetRow of_none;
  CustomerSetRow of_all = Every(1, kAll);
  ASSERT_TRUE(of_none.Apply(bytes) && of_all.Apply(bytes));
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string other = bytes;
      other[at] = static_cast<char>(byte);
      CustomerSetRow none;
      CustomerSetRow all = Every(1, kAll);
      const bool is_change = none.Apply(other);
      EXPECT_EQ(all.Apply(other), is_change) << HexOf(other);
      if (is_change) {
        EXPECT_EQ(HexOf(Combined({other})), HexOf(other));
      }
      EXPECT_EQ(none == of_none && all == of_all, other == bytes) << HexOf(other);
    }
  }
}

TEST(CombineSetChanges, LetsTheLastChangeOfAMemberStand) {
  EXPECT_EQ(HexOf(Combined({})), Packed("01 03 00000000"));
  const std::string one = EncodeSetChange({{3, true}, {5, false}});
  const std::string two = EncodeSetChange({{3, false}, {4, true}, {5, true}});
  EXPECT_EQ(HexOf(Combined({one, two})), Packed("01 03 02000000 0400 0500 0300"));
  EXPECT_EQ(HexOf(Combined({two, one})), Packed("01 03 02000000 0300 0400 0500"));
}

TEST(CombineSetChanges, PassesOverWhatIsNoChangeAndCountsIt) {
  const std::string one = EncodeSetChange({{3, true}});
  const std::string two = EncodeSetChange({{4, false}});
  int64_t undecodable = 40;
  EXPECT_EQ(HexOf(CombineSetChanges({one, "", two, "garbage", Bytes("01 01 0300")}, &undecodable)),
            Packed("01 03 01000000 0300 0400"));
  EXPECT_EQ(undecodable, 43);
}

// Draws changes of a part of the chunk, so that members come back, leave and cross the border
// between the forms.
class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  uint64_t Below(uint64_t limit) { return random_() % limit; }

  void Begin() {
    constexpr uint32_t kWidths[] = {40, 4'200, 9'000, kAll};
    width_ = kWidths[Below(std::size(kWidths))];
    first_ = static_cast<uint32_t>(Below(kAll - width_ + 1));
    mostly_comes_ = Below(2) == 0;
  }

  ModelChange Change() {
    if (Below(6) == 0) {
      mostly_comes_ = !mostly_comes_;
    }
    ModelChange change;
    const uint64_t size = Below(4) == 0 ? Below(width_) : Below(12);
    for (uint64_t i = 0; i < size; ++i) {
      const auto member = static_cast<uint16_t>(first_ + Below(width_));
      change[member] = (Below(8) == 0) != mostly_comes_;
    }
    return change;
  }

  std::string Garbage() { return absl::StrCat("\x07", Below(1'000)); }

 private:
  std::mt19937_64 random_;
  uint32_t width_ = kAll;
  uint32_t first_ = 0;
  bool mostly_comes_ = true;
};

void Apply(const ModelChange& change, Model& model) {
  for (const auto& [member, comes] : change) {
    if (comes) {
      model.insert(member);
    } else {
      model.erase(member);
    }
  }
}

TEST(CustomerSetRow, ChangesAsASetDoesHoweverChangesAreCombined) {
  const uint64_t seed = testing::SeedFromEnvOrRandom();
  Generator random(seed);
  int arrays = 0;
  int bits = 0;
  for (int round = 0; round < 120; ++round) {
    random.Begin();
    Model model;
    CustomerSetRow row;
    std::vector<std::string> changes;
    int64_t garbage = 0;
    for (uint64_t steps = random.Below(24); steps > 0; --steps) {
      if (random.Below(16) == 0) {
        changes.push_back(random.Garbage());
        ++garbage;
        ASSERT_FALSE(row.Apply(changes.back())) << seed;
      } else {
        const ModelChange change = random.Change();
        changes.push_back(ChangeOf(change));
        ASSERT_TRUE(row.Apply(changes.back())) << seed;
        Apply(change, model);
      }
      ASSERT_EQ(row.size(), model.size()) << seed;
      const std::string stored = row.Encode();
      (stored[1] == 1 ? arrays : bits) += 1;
      CustomerSetRow read;
      ASSERT_TRUE(read.Read(stored)) << seed;
      ASSERT_TRUE(read == row) << seed;
    }
    ASSERT_THAT(row.Members(), ElementsAreArray(model)) << seed;

    const std::string at_once = Combined(changes, garbage);
    CustomerSetRow combined;
    ASSERT_TRUE(combined.Apply(at_once)) << seed;
    ASSERT_TRUE(combined == row) << seed;
    // Neighbours are combined until a few are left, as compactions do.
    std::vector<std::string> grouped = changes;
    int64_t passed_over = 0;
    while (grouped.size() > 1 && random.Below(4) != 0) {
      const size_t first = random.Below(grouped.size() - 1);
      const size_t size = 2 + random.Below(grouped.size() - first - 1);
      const auto begin = grouped.begin() + static_cast<std::ptrdiff_t>(first);
      const auto end = begin + static_cast<std::ptrdiff_t>(size);
      const std::vector<absl::string_view> parts(begin, end);
      std::string part = CombineSetChanges(parts, &passed_over);
      *begin = std::move(part);
      grouped.erase(begin + 1, end);
    }
    ASSERT_EQ(HexOf(Combined(grouped, garbage - passed_over)), HexOf(at_once)) << seed;
    CustomerSetRow by_groups;
    for (const std::string& change : grouped) {
      by_groups.Apply(change);
    }
    ASSERT_TRUE(by_groups == row) << seed;
    // A row that had members before ends the same way: as one after the other.
    CustomerSetRow stepwise = Every(13, 5'000);
    CustomerSetRow jump = stepwise;
    for (const std::string& change : changes) {
      stepwise.Apply(change);
    }
    ASSERT_TRUE(jump.Apply(at_once)) << seed;
    ASSERT_TRUE(jump == stepwise) << seed;
  }
  // Both forms were met, on the way too.
  EXPECT_GT(arrays, 100);
  EXPECT_GT(bits, 20);
}

TEST(CustomerSetRow, CrossesTheBorderBetweenItsFormsByChanges) {
  CustomerSetRow row = Every(16, 4'096);
  const std::string before = row.Encode();
  ASSERT_TRUE(row.Apply(EncodeSetChange({{1, true}})));
  EXPECT_EQ(row.Encode().size(), kBitsRowSize);
  CustomerSetRow read;
  ASSERT_TRUE(read.Read(row.Encode()));
  ASSERT_TRUE(read.Apply(EncodeSetChange({{1, false}})));
  EXPECT_EQ(HexOf(read.Encode()), HexOf(before));
  ASSERT_TRUE(read.Apply(EncodeSetChange({{0, false}})));
  EXPECT_EQ(read.Encode().size(), 2u + 2 * 4'095);
  EXPECT_THAT(CustomerSetRow().Members(), IsEmpty());
}

}  // namespace
}  // namespace emptychair::storage
