#include "tests/service/harness/stored_text.h"

#include <fstream>
#include <iterator>
#include <memory>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "rocksdb/options.h"
#include "rocksdb/sst_file_reader.h"

namespace emptychair::testing {

StoredText ReadStored(const std::string& path, bool is_table) {
  StoredText text;
  std::ifstream file(path, std::ios::binary);
  text.bytes.assign(std::istreambuf_iterator<char>(file), {});
  if (!is_table) {
    return text;
  }
  rocksdb::SstFileReader reader{rocksdb::Options()};
  EXPECT_TRUE(reader.Open(path).ok()) << path;
  text.family = reader.GetTableProperties()->column_family_name;
  if (text.family == "cell" || text.family == "active_set") {
    return text;
  }
  const std::unique_ptr<rocksdb::Iterator> it(reader.NewIterator(rocksdb::ReadOptions()));
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    absl::StrAppend(&text.bytes, it->key().ToString(), it->value().ToString());
  }
  EXPECT_TRUE(it->status().ok()) << path << ": " << it->status().ToString();
  return text;
}

}  // namespace emptychair::testing
