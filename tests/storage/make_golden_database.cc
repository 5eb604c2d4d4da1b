// Writes a database of the current format for tests/storage/golden:
//
//   make_golden_database DIRECTORY
//
// makes DIRECTORY/format_N, a store's data directory, and DIRECTORY/format_N.txt, what it holds, in
// the place of what was there. For a format that was never released; a released one stays as it is.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rocksdb/env.h"
#include "storage/format/values.h"
#include "tests/storage/harness/golden_content.h"

namespace emptychair::storage {
namespace {

std::unique_ptr<Store> Open(const std::string& directory) {
  StoreOptions options;
  options.directory = directory;
  absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(std::move(options));
  if (!store.ok()) {
    std::cerr << store.status() << std::endl;
    std::abort();
  }
  return *std::move(store);
}

// RocksDB makes these anew, and needs none of them.
void DeleteByproducts(const std::filesystem::path& directory) {
  std::filesystem::remove(directory / "LOCK");
  for (const auto& entry : std::filesystem::directory_iterator(directory / "db")) {
    const std::string name = entry.path().filename();
    if (absl::StartsWith(name, "LOG") || absl::StartsWith(name, "OPTIONS") || name == "LOCK") {
      std::filesystem::remove(entry.path());
    }
  }
}

int Main(const std::string& parent) {
  const std::string directory = absl::StrCat(parent, "/format_", kFormatVersion);
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  FillFirstHalf(*Open(directory));
  PlainDatabase(rocksdb::Env::Default(), directory, PlainDatabase::Mode::kWrite)
      .Flush(/*compact=*/true);
  FillSecondHalf(*Open(directory));
  const DatabaseDump dump =
      PlainDatabase(rocksdb::Env::Default(), directory, PlainDatabase::Mode::kRead).Dump();
  DeleteByproducts(directory);
  std::ofstream text(directory + ".txt");
  text << GoldenText(dump);
  return text.flush() ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace emptychair::storage

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: make_golden_database DIRECTORY" << std::endl;
    return 2;
  }
  return emptychair::storage::Main(argv[1]);
}
