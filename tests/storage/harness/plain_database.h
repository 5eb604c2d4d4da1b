// A store's database as RocksDB sees it, apart from the code under test.
#ifndef EMPTYCHAIR_TESTS_STORAGE_HARNESS_PLAIN_DATABASE_H_
#define EMPTYCHAIR_TESTS_STORAGE_HARNESS_PLAIN_DATABASE_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "rocksdb/db.h"
#include "rocksdb/env.h"

namespace emptychair::storage {

// Everything in a database: by column family, key and value.
using DatabaseDump = std::map<std::string, std::map<std::string, std::string>>;

// Opens `directory`/db by itself. Aborts on every error: it is a tool of tests.
class PlainDatabase {
 public:
  enum class Mode { kRead, kWrite };

  // kRead can be used while the store is open but idle, and leaves no trace. kWrite makes the
  // watermark fit what was written.
  PlainDatabase(rocksdb::Env* env, const std::string& directory, Mode mode);
  ~PlainDatabase();
  PlainDatabase(const PlainDatabase&) = delete;
  PlainDatabase& operator=(const PlainDatabase&) = delete;

  DatabaseDump Dump() const;
  void Put(const std::string& family, const std::string& key, const std::string& value);
  void Delete(const std::string& family, const std::string& key);
  // Moves everything in memory into tables, and with `compact` those into one level.
  void Flush(bool compact);

 private:
  rocksdb::Status Open(rocksdb::Env* env, const std::string& path, Mode mode);
  rocksdb::ColumnFamilyHandle* HandleOf(const std::string& family) const;

  rocksdb::Env* const env_;
  const std::string directory_;
  const Mode mode_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
};

// The files below `directory`: path and content.
std::map<std::string, std::string> ReadTree(rocksdb::Env* env, const std::string& directory);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_TESTS_STORAGE_HARNESS_PLAIN_DATABASE_H_
