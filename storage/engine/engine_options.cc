// How the database is opened: the options of it and of each family.
#include <memory>
#include <string>

#include "rocksdb/filter_policy.h"
#include "rocksdb/slice_transform.h"
#include "rocksdb/table.h"
#include "storage/engine/background_errors.h"
#include "storage/engine/engine.h"

namespace emptychair::storage {
namespace {

// How long a change is kept at least, while there is room for it.
constexpr uint64_t kChangeLogSeconds = 30 * 24 * 3600;

constexpr int kBloomBitsPerKey = 10;

// Records of a survey are put one behind the other, so the place of the last is a good hint.
constexpr size_t kSurveyPrefixSize = 4;

}  // namespace

rocksdb::ColumnFamilyDescriptor Engine::MetaDescriptor() const {
  return {std::string(FamilyName(Family::kMeta)), FamilyOptions(Family::kMeta)};
}

rocksdb::DBOptions Engine::DatabaseOptions() const {
  rocksdb::DBOptions options;
  options.env = database_env_.get();
  options.max_background_jobs = 2;
  // One thread writes; a concurrent memtable would only cost.
  options.allow_concurrent_memtable_write = false;
  options.track_and_verify_wals_in_manifest = true;
  // Bounds what a start has to replay, whichever column family is slow to fill.
  options.max_total_wal_size = uint64_t{256} << 20;
  options.stats_dump_period_sec = 0;
  // No error is tried again.
  options.listeners.push_back(background_errors_);
  options.max_bgerror_resume_count = 0;
  options.keep_log_file_num = 4;
  options.max_log_file_size = size_t{16} << 20;
  return options;
}

rocksdb::ColumnFamilyOptions Engine::FamilyOptions(Family family) const {
  rocksdb::ColumnFamilyOptions options;
  options.paranoid_file_checks = true;
  options.memtable_protection_bytes_per_key = 8;
  options.level_compaction_dynamic_level_bytes = true;
  options.memtable_whole_key_filtering = true;
  options.memtable_prefix_bloom_size_ratio = 0.05;
  // A fast level: higher ones take twice the time for a fiftieth of the bytes.
  options.compression = rocksdb::kZSTD;
  options.compression_opts.level = 1;

  rocksdb::BlockBasedTableOptions table;
  table.block_cache = block_cache_;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey));
  table.optimize_filters_for_memory = true;
  table.format_version = 5;
  switch (family) {
    case Family::kFeedback:
    case Family::kActivity:
      options.write_buffer_size = size_t{64} << 20;
      // Scans pay by the block, look-ups by its bytes.
      table.block_size = size_t{8} << 10;
      options.memtable_insert_with_hint_prefix_extractor.reset(
          rocksdb::NewFixedPrefixTransform(kSurveyPrefixSize));
      break;
    case Family::kFeedbackByCustomer:
    case Family::kActivityByCustomer:
      // Keys come in any order: a small table of them stays in the processor's cache. Several are
      // flushed as one, and the runs they make are merged as they grow, not each with everything.
      options.write_buffer_size = size_t{4} << 20;
      options.min_write_buffer_number_to_merge = 4;
      options.max_write_buffer_number = 12;
      options.compaction_style = rocksdb::kCompactionStyleUniversal;
      options.level_compaction_dynamic_level_bytes = false;
      options.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(0));
      table.block_size = size_t{16} << 10;
      // It is walked, never asked for one key.
      options.memtable_whole_key_filtering = false;
      table.filter_policy.reset();
      break;
    case Family::kCubeRow:
      options.merge_operator = cube_merge_operator_;
      options.write_buffer_size = size_t{16} << 20;
      // Older versions of a row are large, and to step over one checks its bytes.
      options.max_sequential_skip_in_iterations = 1;
      break;
    case Family::kActiveSet:
      options.merge_operator = set_merge_operator_;
      options.write_buffer_size = size_t{16} << 20;
      options.max_sequential_skip_in_iterations = 1;
      break;
    case Family::kChange:
      // A log: tables are never rewritten, and the oldest are dropped. What a table holds may be as
      // old as its oldest change, so they are not merged: its age counts from when it was written.
      options.compaction_style = rocksdb::kCompactionStyleFIFO;
      options.compaction_options_fifo.max_table_files_size = options_.change_log_bytes_max;
      options.compaction_options_fifo.allow_compaction = false;
      options.level_compaction_dynamic_level_bytes = false;
      options.ttl = kChangeLogSeconds;
      options.write_buffer_size = size_t{16} << 20;
      // Every key comes behind the last, and the log is walked, never asked for one key.
      options.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(0));
      options.memtable_whole_key_filtering = false;
      table.filter_policy.reset();
      break;
    default:
      options.write_buffer_size = size_t{16} << 20;
      break;
  }
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace emptychair::storage
