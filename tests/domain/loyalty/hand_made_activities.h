// Activities in a database in memory, with the sets of customers that they make, written by hand:
// any customers, in any chunks, without the commands of a store.
#ifndef EMPTYCHAIR_TESTS_DOMAIN_LOYALTY_HAND_MADE_ACTIVITIES_H_
#define EMPTYCHAIR_TESTS_DOMAIN_LOYALTY_HAND_MADE_ACTIVITIES_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"
#include "rocksdb/env.h"
#include "server/loyalty/loyalty_sources.h"
#include "storage/columns/column_cache.h"
#include "storage/engine/engine.h"
#include "storage/format/keyed_hash.h"
#include "storage/format/keys.h"
#include "storage/read/customer_sets.h"
#include "storage/read/records.h"
#include "storage/read/view.h"
#include "tests/domain/loyalty/loyalty_model.h"

namespace emptychair::testing {

class HandMadeActivities {
 public:
  HandMadeActivities();

  // Declares a kind; kinds are numbered from 1.
  void AddKind(const std::string& kind, const std::string& time_zone);

  // Writes what the kind has done, all of it.
  void Write(uint32_t kind_number, const std::vector<Deed>& deeds);

  // Writes a customer with attributes.
  void WriteCustomer(uint32_t customer, const std::map<std::string, std::string>& attributes);

  // Hides a customer, whose erasure is not through.
  void Hide(uint32_t customer) { erasing_.insert(customer); }

  // Puts `bytes` in place of a row.
  void PutRow(const storage::CustomerSetKey& key, const std::string& bytes);

  // What was written by now.
  std::shared_ptr<const storage::View> view();
  const storage::CustomerSetReader& reader() const { return reader_; }
  // What it reads of answers is none.
  LoyaltySources sources() { return {reader_, records_, columns_}; }
  const storage::Engine& engine() const { return *engine_; }

 private:
  const std::unique_ptr<rocksdb::Env> env_;
  const std::unique_ptr<storage::Engine> engine_;
  const storage::CustomerSetReader reader_;
  const storage::KeyedHash hash_;
  const storage::RecordReader records_;
  storage::ColumnCache columns_;
  storage::ActivityKinds kinds_;
  absl::flat_hash_set<uint32_t> erasing_;
};

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_DOMAIN_LOYALTY_HAND_MADE_ACTIVITIES_H_
