#include "client/writer/spool.h"

#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/writer/spool_format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/seed.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/temp_dir.h"

namespace emptychair {
namespace {

using ::emptychair::testing::IsOkAndHolds;
using ::emptychair::testing::SeedFromEnvOrRandom;
using ::emptychair::testing::StatusIs;
using ::emptychair::testing::TempDir;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The record of the vector in tests/vectors/clients.json, and its file.
constexpr absl::string_view kRecord =
    "0a036e7073122430313864356633662d346237622d373030302d383030302d3030303030303030303030312809";
constexpr absl::string_view kFile =
    "454353504f4f4c312d0000008673274a"
    "0a036e7073122430313864356633662d346237622d373030302d383030302d3030303030303030303030312809";

class SpoolTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Spool>> Open(int64_t file_bytes = Spool::kFileBytes) {
    return Spool::Open({.directory = folder_.Join("spool")}, WriterClock::System(), file_bytes);
  }

  std::string PathOf(absl::string_view name) const {
    return folder_.Join(absl::StrCat("spool/", name));
  }
  std::string ReadFile(absl::string_view name) const {
    std::ifstream file(PathOf(name), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
  void WriteFile(absl::string_view name, absl::string_view bytes) const {
    std::filesystem::create_directory(folder_.Join("spool"));
    std::ofstream(PathOf(name), std::ios::binary) << bytes;
  }
  // Without "lock".
  std::vector<std::string> Files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.Join("spool"))) {
      if (entry.path().filename() != "lock") {
        names.push_back(entry.path().filename().string());
      }
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  // All that is to be read, as "number: record".
  static std::vector<std::string> ReadAll(Spool& spool, int records_max = 1'000,
                                          size_t bytes_max = size_t{1} << 20) {
    std::vector<std::string> records;
    for (size_t before = 1; before != records.size();) {
      before = records.size();
      Spool::Lost lost;
      EXPECT_OK(spool.Read(
          records_max, bytes_max,
          [&](uint64_t number, absl::string_view serialized) {
            records.push_back(absl::StrCat(number, ": ", serialized));
          },
          lost));
      if (records.empty()) {
        break;
      }
    }
    return records;
  }

  TempDir folder_;
};

TEST_F(SpoolTest, WritesTheFileOfTheVector) {
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Spool> spool, Open());
  EXPECT_THAT(spool->Append(absl::HexStringToBytes(kRecord)), IsOkAndHolds(0));
  EXPECT_EQ(absl::BytesToHexString(ReadFile("0000000000000000.spool")), kFile);
  spool->Answered(0);
  ASSERT_OK(spool->Commit());
  EXPECT_EQ(absl::BytesToHexString(ReadFile("acked")), "0100000000000000f7df88a9");
}

TEST_F(SpoolTest, ReadsWhatAnEarlierProcessHasLeft) {
  {
    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Spool> spool, Open());
    for (int i = 0; i < 5; ++i) {
      ASSERT_THAT(spool->Append(absl::StrCat("r", i)), IsOkAndHolds(i));
    }
    spool->Answered(0);
    spool->Answered(1);
    ASSERT_OK(spool->Commit());
  }
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Spool> spool, Open());
  EXPECT_EQ(spool->found_records(), 3);
  EXPECT_EQ(spool->found_bytes(), 6);
  EXPECT_EQ(spool->torn_records(), 0);
  EXPECT_THAT(ReadAll(*spool), ElementsAre("2: r2", "3: r3", "4: r4"));
  EXPECT_THAT(spool->Append("r5"), IsOkAndHolds(5));
  EXPECT_THAT(ReadAll(*spool), ElementsAre("5: r5"));
}

TEST_F(SpoolTest, ReadsNoMoreAtOnceThanItMayAndSkipsWhatSomeoneHas) {
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Spool> spool, Open(/*file_bytes=*/60));
  ASSERT_OK(spool->Append("in memory"));
  spool->SkipToEnd();
  for (int i = 1; i < 12; ++i) {
    ASSERT_OK(spool->Append(absl::StrCat("record ", i)));
  }
  const auto read = [&](int records_max, size_t bytes_max) {
    std::vector<uint64_t> numbers;
    Spool::Lost lost;
    EXPECT_OK(spool->Read(
        records_max, bytes_max,
        [&](uint64_t number, absl::string_view) { numbers.push_back(number); }, lost));
    return numbers;
  };
  EXPECT_THAT(read(1, 1'000), ElementsAre(1));
  EXPECT_THAT(read(1'000, 1), ElementsAre(2));            // One at least.
  EXPECT_THAT(read(1'000, 1'000), ElementsAre(3, 4, 5));  // To the end of a file.
  EXPECT_THAT(read(1'000, 33), ElementsAre(6, 7));
  EXPECT_THAT(ReadAll(*spool),
              ElementsAre("8: record 8", "9: record 9", "10: record 10", "11: record 11"));
}

TEST_F(SpoolTest, DeletesAFileWhenAllInItIsAnswered) {
  {
    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Spool> spool, Open(/*file_bytes=*/40));
    for (int i = 0; i < 6; ++i) {
      ASSERT_OK(spool->Append(absl::StrCat("record ", i)));
    }
    EXPECT_THAT(Files(), ElementsAre("0000000000000000.spool", "0000000000000002.spool",
                                     "0000000000000004.spool"));
    // What is answered early waits for what is not.
    for (uint64_t number : {3, 5, 2, 1}) {
      spool->Answered(number);
      ASSERT_OK(spool->Commit());
    }
    EXPECT_THAT(Files(), ElementsAre("0000000000000000.spool", "0000000000000002.spool",
                                     "0000000000000004.spool", "acked"));
    EXPECT_EQ(DecodeAcked(ReadFile("acked")), 0u);
    spool->Answered(0);
    ASSERT_OK(spool->Commit());
    EXPECT_EQ(DecodeAcked(ReadFile("acked")), 4u);
    EXPECT_THAT(Files(), ElementsAre("0000000000000004.spool", "acked"));
    spool->Answered(4);
    ASSERT_OK(spool->Commit());
  }
  EXPECT_THAT(Files(), ElementsAre("acked"));
  // Numbers go on.
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Spool> spool, Open());
  EXPECT_THAT(spool->Append("next"), IsOkAndHolds(6));
}

TEST_F(SpoolTest, HasTheRecordsThatEndBeforeACutAtAnyByte) {
  std::string whole;
  std::vector<size_t> ends;
  {
    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Spool> spool, Open(/*file_bytes=*/80));
    ASSERT_OK(spool->Append(std::string(60, 'a')));  // A file of its own, which stays whole.
    for (const char* record : {"b", "cc", "a record of some length", "d"}) {
      ASSERT_OK(spool->Append(record));
      whole = ReadFile("0000000000000001.spool");
      ends.push_back(whole.size());
    }
  }
  for (size_t cut = 0; cut <= whole.size(); ++cut) {
    SCOPED_TRACE(cut);
    WriteFile("0000000000000001.spool", whole.substr(0, cut));
    size_t kept = 0;
    while (kept < ends.size() && ends[kept] <= cut) {
      ++kept;
    }
    const bool is_clean =
        cut == 0 || cut == kSpoolMagic.size() || (kept > 0 && ends[kept - 1] == cut);
    ASSERT_OK_AND_ASSIGN(std::unique_ptr<Spool> spool, Open());
    EXPECT_EQ(spool->found_records(), static_cast<int64_t>(kept + 1));
    EXPECT_EQ(spool->torn_records(), is_clean || cut < kSpoolMagic.size() ? 0 : 1);
    // The next record gets the number behind, and is there after another start.
    EXPECT_THAT(spool->Append("after the cut"), IsOkAndHolds(kept + 1));
    spool.reset();
    ASSERT_OK_AND_ASSIGN(spool, Open());
    EXPECT_EQ(ReadAll(*spool).back(), absl::StrCat(kept + 1, ": after the cut"));
    std::remove(PathOf(SpoolFileName(kept + 1)).c_str());
  }
}

TEST_F(SpoolTest, CutsOffWhatAStopLeavesAtTheEnd) {
  std::string whole;
  {
    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Spool> spool, Open());
    ASSERT_OK(spool->Append("first"));
    ASSERT_OK(spool->Append("last"));
    whole = ReadFile("0000000000000000.spool");
  }
  std::string wrong_end = whole;
  wrong_end.back() ^= 1;
  for (const std::string& bytes : {wrong_end, whole.substr(0, 21) + std::string(100, '\0'),
                                   whole.substr(0, 21) + std::string(3, '\0')}) {
    WriteFile("0000000000000000.spool", bytes);
    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Spool> spool, Open());
    EXPECT_EQ(spool->torn_records(), 1);
    EXPECT_THAT(ReadAll(*spool), ElementsAre("0: first"));
    EXPECT_EQ(ReadFile("0000000000000000.spool"), whole.substr(0, 21));
  }
}

TEST_F(SpoolTest, SetsADamagedFileAsideAndSaysSo) {
  {
    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Spool> spool, Open(/*file_bytes=*/50));
    for (int i = 0; i < 6; ++i) {
      ASSERT_OK(spool->Append(absl::StrCat("record ", i)));
    }
  }
  ASSERT_THAT(Files(), ElementsAre("0000000000000000.spool", "0000000000000002.spool",
                                   "0000000000000004.spool"));
  std::string bytes = ReadFile("0000000000000002.spool");
  bytes.back() ^= 1;  // The last record, but not of the last file.
  WriteFile("0000000000000002.spool", bytes);
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("0000000000000002.spool")));
  EXPECT_EQ(ReadFile("0000000000000002.spool.bad"), bytes);
  bytes = ReadFile("0000000000000004.spool");
  bytes[16] ^= 1;  // The first record of the last file.
  WriteFile("0000000000000004.spool", bytes);
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kDataLoss));
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Spool> spool, Open());
  EXPECT_THAT(ReadAll(*spool), ElementsAre("0: record 0", "1: record 1"));
}

TEST_F(SpoolTest, AnswersPastWhatWasSetAside) {
  {
    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Spool> spool, Open(/*file_bytes=*/50));
    for (int i = 0; i < 6; ++i) {
      ASSERT_OK(spool->Append(absl::StrCat("record ", i)));
    }
  }
  std::string bytes = ReadFile("0000000000000002.spool");
  bytes[16] ^= 1;
  WriteFile("0000000000000002.spool", bytes);
  ASSERT_THAT(Open(), StatusIs(absl::StatusCode::kDataLoss));
  {
    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Spool> spool, Open());
    EXPECT_EQ(spool->found_records(), 4);
    for (uint64_t number : {0, 1, 4, 5}) {
      spool->Answered(number);
    }
    ASSERT_OK(spool->Commit());
    EXPECT_EQ(DecodeAcked(ReadFile("acked")), 6u);
  }
  EXPECT_THAT(Files(), ElementsAre("0000000000000002.spool.bad", "acked"));
}

TEST_F(SpoolTest, SetsAFileAsideThatTurnsOutToBeDamaged) {
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Spool> spool, Open());
  for (int i = 0; i < 4; ++i) {
    ASSERT_OK(spool->Append(absl::StrCat("record ", i)));
  }
  std::string bytes = ReadFile("0000000000000000.spool");
  bytes[8 + 16 + 8] ^= 1;  // The second record.
  WriteFile("0000000000000000.spool", bytes);
  std::vector<uint64_t> numbers;
  const auto tell = [&](uint64_t number, absl::string_view) { numbers.push_back(number); };
  Spool::Lost lost;
  ASSERT_OK(spool->Read(1'000, 1'000, tell, lost));
  EXPECT_THAT(numbers, ElementsAre(0));
  EXPECT_THAT(spool->Read(1'000, 1'000, tell, lost), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_EQ(lost.records, 3);
  EXPECT_EQ(lost.bytes, 3 * 8);
  EXPECT_THAT(Files(), ElementsAre("0000000000000000.spool.bad"));
  // The spool goes on.
  ASSERT_THAT(spool->Append("record 4"), IsOkAndHolds(4));
  EXPECT_THAT(ReadAll(*spool), ElementsAre("4: record 4"));
  spool->Answered(0);
  spool->Answered(4);
  ASSERT_OK(spool->Commit());
  EXPECT_EQ(DecodeAcked(ReadFile("acked")), 5u);
}

TEST_F(SpoolTest, SendsAllAgainWhenNobodyKnowsWhatIsAnswered) {
  {
    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Spool> spool, Open(/*file_bytes=*/30));
    for (int i = 0; i < 3; ++i) {
      ASSERT_OK(spool->Append(absl::StrCat("record ", i)));
    }
    spool->Answered(0);
    spool->Answered(1);
    ASSERT_OK(spool->Commit());
  }
  WriteFile("acked", "");
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Spool> spool, Open());
  EXPECT_THAT(ReadAll(*spool), ElementsAre("2: record 2"));
  spool->Answered(2);
  ASSERT_OK(spool->Commit());
  EXPECT_EQ(DecodeAcked(ReadFile("acked")), 3u);
}

TEST_F(SpoolTest, IsForOneAtATime) {
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<Spool> spool, Open());
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("lock")));
  spool.reset();
  EXPECT_OK(Open());
}

TEST_F(SpoolTest, IsForItsOwnerAlone) {
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Spool> spool, Open());
  ASSERT_OK(spool->Append("record"));
  struct stat facts;
  ASSERT_EQ(stat(folder_.Join("spool").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0700u);
  ASSERT_EQ(stat(PathOf("0000000000000000.spool").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
}

TEST_F(SpoolTest, SaysWhichFolderItCannotHave) {
  EXPECT_THAT(Spool::Open({.directory = folder_.Join("no/such")}, WriterClock::System()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no/such")));
}

// Any order of answers, of starts and of reads: what is not answered is read, in its order.
TEST_F(SpoolTest, RandomHistoriesLoseAndRepeatNothing) {
  std::mt19937_64 random(SeedFromEnvOrRandom());
  std::vector<bool> is_answered;
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<Spool> spool, Open(/*file_bytes=*/200));
  std::vector<uint64_t> held;
  for (int step = 0; step < 2'000; ++step) {
    const int draw = static_cast<int>(random() % 20);
    if (draw < 10) {
      ASSERT_THAT(spool->Append(absl::StrCat("record ", is_answered.size())),
                  IsOkAndHolds(is_answered.size()));
      is_answered.push_back(false);
    } else if (draw < 14) {
      Spool::Lost lost;
      ASSERT_OK(spool->Read(
          1 + static_cast<int>(random() % 20), 1 + random() % 300,
          [&](uint64_t number, absl::string_view serialized) {
            EXPECT_EQ(serialized, absl::StrCat("record ", number));
            EXPECT_TRUE(held.empty() || number > held.back());
            held.push_back(number);
          },
          lost));
    } else if (draw < 19) {
      for (size_t i = random() % 5; i-- > 0 && !held.empty();) {
        const size_t which = random() % std::min<size_t>(held.size(), 10);
        spool->Answered(held[which]);
        is_answered[held[which]] = true;
        held.erase(held.begin() + static_cast<ptrdiff_t>(which));
      }
      ASSERT_OK(spool->Commit());
    } else if (random() % 5 == 0) {
      spool.reset();
      ASSERT_OK_AND_ASSIGN(spool, Open(/*file_bytes=*/200));
      held.clear();
      // Only what is behind the first that is not answered is known again.
      const auto first = static_cast<size_t>(
          std::find(is_answered.begin(), is_answered.end(), false) - is_answered.begin());
      std::fill(is_answered.begin() + static_cast<ptrdiff_t>(first), is_answered.end(), false);
      EXPECT_EQ(spool->found_records(), static_cast<int64_t>(is_answered.size() - first));
    }
  }
  size_t unread =
      static_cast<size_t>(std::count(is_answered.begin(), is_answered.end(), false)) - held.size();
  EXPECT_EQ(ReadAll(*spool, 7, 100).size(), unread);
}

}  // namespace
}  // namespace emptychair
