#include "tests/helpers/temp_dir.h"

#include <filesystem>
#include <fstream>
#include <string>

#include "gtest/gtest.h"

namespace emptychair::testing {
namespace {

TEST(TempDir, IsNewAndEmptyAndGoneAfterwards) {
  std::string path;
  {
    TempDir dir;
    TempDir other;
    path = dir.path();
    EXPECT_NE(path, other.path());
    EXPECT_TRUE(std::filesystem::is_empty(path));
    std::filesystem::create_directory(dir.Join("folder"));
    std::ofstream(dir.Join("folder/file")) << "content";
    EXPECT_TRUE(std::filesystem::exists(dir.Join("folder/file")));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace emptychair::testing
