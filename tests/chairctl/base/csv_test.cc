#include "tools/chairctl/base/csv.h"

#include "gtest/gtest.h"

namespace emptychair {
namespace {

TEST(CsvLine, QuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(CsvLine({"a b", "c,d", "e\"f", "g\nh", ""}), "a b,\"c,d\",\"e\"\"f\",\"g\nh\",\n");
}

}  // namespace
}  // namespace emptychair
