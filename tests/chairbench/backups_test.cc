#include "tools/chairbench/operations/backups.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/chairbench/operations/restore.h"

namespace emptychair::bench {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kBefore[] =
    "{\"format\":1,\"backupId\":\"a\"}\n"
    "{\"name\":\"000010.sst\",\"size\":\"7\",\"sha256\":\"aa\"}\n"
    "{\"name\":\"CURRENT\",\"size\":\"16\",\"sha256\":\"bb\"}\n"
    "{\"sha256\":\"11\"}\n";

TEST(NewFiles, AreThoseWithAnotherNameOrOtherBytes) {
  EXPECT_THAT(NewFiles(kBefore,
                       "{\"format\":1,\"backupId\":\"b\"}\n"
                       "{\"name\":\"000010.sst\",\"size\":\"7\",\"sha256\":\"aa\"}\n"
                       "{\"name\":\"000011.sst\",\"size\":\"7\",\"sha256\":\"aa\"}\n"
                       "{\"name\":\"CURRENT\",\"size\":\"16\",\"sha256\":\"cc\"}\n"
                       "{\"sha256\":\"22\"}\n"),
              ElementsAre("000011.sst", "CURRENT"));
  EXPECT_THAT(NewFiles(kBefore, kBefore), IsEmpty());
  EXPECT_THAT(NewFiles("", kBefore), ElementsAre("000010.sst", "CURRENT"));
}

TEST(NumberIn, IsThatOfTheWholeName) {
  const std::string report =
      "restored                 20240131T120000Z-1a2b3c4d\n"
      "records                  12\n"
      "entries_held_before      3\n"
      "differences              0\n";
  EXPECT_EQ(NumberIn(report, "records"), 12);
  EXPECT_EQ(NumberIn(report, "differences"), 0);
  for (const char* other : {"restored", "entries", "held_before", ""}) {
    EXPECT_EQ(NumberIn(report, other), std::nullopt) << other;
  }
}

}  // namespace
}  // namespace emptychair::bench
